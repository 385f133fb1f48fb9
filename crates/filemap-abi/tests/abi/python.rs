//! Python's `ctypes`, which reads `errno` as managed runtimes do.

use std::process::{Command, Stdio};

use crate::library;
use crate::support::{Outcome, Place, folder};

#[test]
fn ctypes_reads_the_codes_from_errno() -> Outcome {
    if !has_python() {
        println!("skipped: python3 cannot be started");
        return Ok(());
    }
    run("codes.py")
}

#[test]
fn ctypes_passes_handles_as_ints_and_as_descriptors() -> Outcome {
    if !has_python() {
        println!("skipped: python3 cannot be started");
        return Ok(());
    }
    run("numbers.py")
}

#[test]
fn lost_pages_read_as_zeros_in_python() -> Outcome {
    if !has_python() {
        println!("skipped: python3 cannot be started");
        return Ok(());
    }
    run("zeros.py")
}

fn has_python() -> bool {
    let mut python = Command::new("python3");
    python.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// Runs a program of `programs/` over the library.
fn run(program: &str) -> Outcome {
    let place = Place::new()?;
    let mut command = Command::new("python3");
    command
        .arg(folder("tests/abi/programs").join(program))
        .arg(library::folder()?.join("libfilemap.so"));

    place.run(command)
}
