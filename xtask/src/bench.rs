//! `cargo xtask bench`: the measurements of `docs/performance.md`.

use crate::report;
use std::env;
use std::path::Path;
use std::process::Command;

/// Builds the benchmark for release and runs it with `arguments`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> bool {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let outcome = Command::new(cargo)
        .args(["run", "--release", "--package", "filemap-bench", "--"])
        .args(arguments)
        .current_dir(root)
        .status();
    match outcome {
        Ok(status) => status.success(),
        Err(err) => {
            report::complain(&format!("xtask: could not start cargo: {err}"));
            false
        }
    }
}
