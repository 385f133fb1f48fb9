//! `cargo xtask bench`: the measurements of `docs/performance.md`.

use crate::report;
use std::env;
use std::path::Path;
use std::process::Command;

/// Builds the benchmark, the library for C and the command for release, and runs the first with
/// `arguments`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> bool {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cargo = |words: &[&str]| {
        let outcome = Command::new(&cargo).args(words).current_dir(root).status();
        outcome.map(|status| status.success())
    };
    let build =
        ["build", "--quiet", "--release", "--package", "filemap-abi", "--package", "filemap-cli"];
    let measure = ["run", "--release", "--package", "filemap-bench", "--"];
    let built = cargo(&build);
    match built.and_then(|built| Ok(built && cargo(&[&measure[..], arguments].concat())?)) {
        Ok(well) => well,
        Err(err) => {
            report::complain(&format!("xtask: could not start cargo: {err}"));
            false
        }
    }
}
