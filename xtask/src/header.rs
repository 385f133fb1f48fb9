//! `cargo xtask header`: makes `filemap.h` of the sources of the C interface.
//!
//! The test that compares the two also writes it, so that there is one way to make it.

use crate::report;
use std::env;
use std::path::Path;
use std::process::Command;

/// Tells whether the header could be made.
pub(crate) fn run(root: &Path) -> bool {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "test",
        "--quiet",
        "--package",
        "filemap-abi",
        "--test",
        "abi",
        "--",
        "the_header",
    ]);
    command.current_dir(root).env("FILEMAP_WRITE_HEADER", "1");
    match command.status() {
        Ok(status) => status.success(),
        Err(err) => {
            report::complain(&format!("xtask header: could not start cargo: {err}"));
            false
        }
    }
}
