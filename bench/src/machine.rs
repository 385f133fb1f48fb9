//! The machine that figures were made on, as the system itself describes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// A machine, and the day of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) threads: usize,
    pub(crate) memory: String,
    pub(crate) disk: String,
    pub(crate) system: String,
    pub(crate) compiler: String,
    pub(crate) date: String,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let cpu = |name| field("/proc/cpuinfo", name);
        let kibibytes = field("/proc/meminfo", "MemTotal").replace(" kB", "");
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            processor: format!(
                "{}, family {}, model {}",
                cpu("model name").replace("(R)", ""),
                cpu("cpu family"),
                cpu("model\t")
            ),
            threads: std::thread::available_parallelism().map_or(0, usize::from),
            memory: format!("{} GiB", kibibytes.parse::<u64>().unwrap_or(0) >> 20),
            disk: file_system(&std::env::temp_dir()),
            system: format!("Linux {}, {}", release.trim(), std::env::consts::ARCH),
            compiler: output("rustc", "--version"),
            date: output("date", "--iso-8601"),
        }
    }

    /// Returns the file name of this processor's results.
    pub(crate) fn vendor() -> String {
        match field("/proc/cpuinfo", "vendor_id").as_str() {
            "AuthenticAMD" => "amd".to_owned(),
            "GenuineIntel" => "intel".to_owned(),
            _ => std::env::consts::ARCH.to_owned(),
        }
    }
}

/// Returns the type of the file system that holds `path`, as the table of mounts has it.
fn file_system(path: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    let here = mounts.filter(|(place, _)| path.starts_with(place));
    here.max_by_key(|(place, _)| place.len()).map_or_else(unknown, |(_, kind)| kind)
}

/// Returns the value of the first field whose name begins so.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

fn output(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(
        |_| unknown(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn unknown() -> String {
    "unknown".to_owned()
}
