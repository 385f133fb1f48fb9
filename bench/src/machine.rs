//! Where and with what the figures were made, as the system itself tells.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

/// The versions that were built in.
const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));

/// What is measured, and what it is measured against.
const CRATES: [&str; 8] = [
    "filemap",
    "memmap2",
    "mmap-io",
    "vmap",
    "rustix",
    "shared_memory",
    "iceoryx2-bb-posix",
    "postcard",
];

/// Facts about a run, each a word and what it stands for.
pub(crate) fn facts() -> Vec<(&'static str, String)> {
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let system = first_line("/proc/sys/kernel/osrelease");
    vec![
        ("date", date.split('T').next().unwrap_or(&date).to_owned()),
        ("processor", format!("{}, {cores} of its threads", field("/proc/cpuinfo", "model name"))),
        ("memory", field("/proc/meminfo", "MemTotal")),
        ("large pages", first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled")),
        ("system", format!("Linux {system}, {}", std::env::consts::ARCH)),
        ("load before", load()),
        ("compiler", compiler()),
        ("crates", CRATES.map(version).join(", ")),
    ]
}

/// What a file system is called, as the table of mounts has it.
pub(crate) fn file_system(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut best = (0, "an unknown file system");
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        if let (Some(place), Some(kind)) = (words.next(), words.next())
            && path.starts_with(place)
            && place.len() >= best.0
        {
            best = (place.len(), kind);
        }
    }
    best.1.to_owned()
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}

/// The load of the last minute, of five and of fifteen.
fn load() -> String {
    let line = first_line("/proc/loadavg");
    line.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
    value.unwrap_or("unknown").to_owned()
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn version(name: &str) -> String {
    let heading = format!("name = \"{name}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != heading).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = "));
    format!("{name} {}", version.unwrap_or("unknown").trim_matches('"'))
}
