//! The groups by name, as the command line and the page have them.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A group of rows that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Group {
    /// 8 to 4096 bytes at random offsets, beside slices of memmap2.
    Small,
    /// Copies of 1 MiB and more, beside `memcpy` and system calls.
    Bulk,
    /// A file through windows for a quarter of it, beside one map.
    Windows,
    /// Creating and opening under a name, alone and among a thousand, beside bare system calls.
    Names,
    /// Two processes that add to one number, and send each other messages.
    Messages,
    /// Mutexes, events and waits, beside those of the C library and the kernel.
    Waits,
    /// Snapshots of a value that another process may be replacing, beside `memcpy`.
    Shared,
    /// Appends, beside `pwrite`.
    Growth,
    /// Flushes, beside `msync` and `fdatasync`.
    Flush,
    /// Objects, beside `rmp_serde` without a checksum.
    Objects,
    /// Objects, beside those of C#.
    Managed,
    /// Searching and comparing, beside plain memory.
    Search,
    /// The access to a page that the file has lost.
    Faults,
    /// Views by the C interface, beside `mmap`.
    Interface,
}

impl Group {
    /// Returns all groups, in the order of the page.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::value_variants().iter().copied()
    }

    /// Returns the word for it on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Returns what it measures, in a sentence.
    pub(crate) fn about(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.map(|help| help.trim_end_matches('.').to_owned() + ".").unwrap_or_default()
    }
}
