//! `filemap-counted COUNT`: each case, `COUNT` times, under a tool that counts instructions.
//!
//! `cargo xtask instructions` runs it twice, the second time with twice the count: what has become
//! more in a case's function is what its operations cost, and start-up is no part of it.

mod cases;

use std::process::ExitCode;

use crate::cases::{CASES, Scene};

/// The cases fail in the ways of the library.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("filemap-counted: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let count = std::env::args().nth(1).ok_or("how often is missing")?.parse()?;
    let scene = Scene::new()?;
    for case in CASES {
        case(&scene, count)?;
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "this program's output")]
fn complain(text: &str) {
    eprintln!("{text}");
}
