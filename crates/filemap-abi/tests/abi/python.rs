//! Python's `ctypes`, which reads `errno` as managed runtimes do.

use std::process::{Command, Stdio};

use crate::library;
use crate::support::{Outcome, Place, folder};

#[test]
fn ctypes_reads_the_codes_from_errno() -> Outcome {
    let mut python = Command::new("python3");
    python.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !python.status().is_ok_and(|status| status.success()) {
        println!("skipped: python3 cannot be started");
        return Ok(());
    }
    let place = Place::new()?;
    let mut command = Command::new("python3");
    command
        .arg(folder("tests/abi/programs/codes.py"))
        .arg(library::folder()?.join("libfilemap.so"));

    place.run(command)
}
