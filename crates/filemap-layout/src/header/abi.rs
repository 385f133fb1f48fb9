//! For which compiler the offsets of a header are.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The compiler whose sizes and offsets a header gets: that of the program that shares the memory.
///
/// `long` has 4 bytes on Windows and 8 on Linux, `wchar_t` 2 and 4, a pointer 4 in a program of 32
/// bits: one header, several layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Abi {
    /// Programs of 64 bits for Windows.
    #[default]
    WindowsX64,
    /// Programs of 32 bits for Windows.
    WindowsX86,
    /// Programs of 64 bits for Linux.
    LinuxX64,
}

impl Abi {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WindowsX64, Self::WindowsX86, Self::LinuxX64];

    /// Returns its name, such as `windows-x64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WindowsX64 => "windows-x64",
            Self::WindowsX86 => "windows-x86",
            Self::LinuxX64 => "linux-x64",
        }
    }

    /// Returns what clang has to know: the target, and what headers of its system define.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::WindowsX64 => &[
                "--target=x86_64-pc-windows-msvc",
                "-fms-compatibility-version=19.30",
                // What windows.h defines itself; the rest of these names clang knows.
                "-D_AMD64_",
                "-DWIN32",
            ],
            Self::WindowsX86 => &[
                "--target=i686-pc-windows-msvc",
                "-fms-compatibility-version=19.30",
                "-D_X86_",
                "-DWIN32",
            ],
            // Headers that are made for Windows are readable for Linux as well.
            Self::LinuxX64 => &["--target=x86_64-linux-gnu", "-fms-extensions"],
        }
    }
}

impl fmt::Display for Abi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Abi {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|abi| abi.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(format!("could not use the compiler `{name}`: {names} are known"))
        })
    }
}
