//! `cargo xtask recordings`: what recordings promise about time, processor time and other readers.

use crate::process::{self, cargo};
use crate::stop::{Done, Stop, skipped};
use std::env::consts::EXE_SUFFIX;
use std::path::Path;
use std::process::Command;

/// The packages for Python that read recordings.
const READERS: [&str; 2] = ["mcap==1.6.0", "mcap-ros1-support==0.7.3"];

/// Runs the figures for so many seconds each, and lets another reader read a recording.
pub(crate) fn run(arguments: &[&str]) -> Done {
    let seconds = match arguments {
        [] => "60",
        ["--seconds", seconds] if seconds.parse::<u32>().is_ok() => seconds,
        _ => return Err(Stop::Misused),
    };
    if seconds != "0" {
        let figures = ["bench", "--package", "filemap-recording", "--bench", "figures", "--"];
        process::run(cargo(figures).arg(seconds))?;
    }
    read_by_others()
}

/// Lets the packages for Python read what the command has recorded.
fn read_by_others() -> Done {
    process::needs(&[("python3", "python3 python3-venv")])?;
    process::run(&mut cargo([
        "build",
        "--quiet",
        "--package",
        "filemap-cli",
        "--features",
        "sight",
    ]))?;
    let place = process::target()?.join("recordings");
    let python = place.join("bin").join("python");
    let here = Path::new("crates/filemap-recording/tests/reader/read.py");
    let can_read = || {
        let mut command = Command::new(&python);
        process::output(command.args(["-c", "import mcap.reader, mcap_ros1.decoder"])).is_ok()
    };
    if !can_read() {
        process::run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet"]).args(READERS);
        if process::run(&mut install).is_err() || !can_read() {
            return skipped(
                "`mcap` and `mcap-ros1-support` for Python cannot be fetched from here",
            );
        }
    }
    let command = process::built()?.join(format!("filemap{EXE_SUFFIX}"));
    process::run(Command::new(&python).arg(here).arg(command.canonicalize()?))
}
