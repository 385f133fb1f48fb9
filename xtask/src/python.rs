//! The package for Python, which its own `tools.py` builds and checks: `cargo xtask test` and
//! `cargo xtask package --wheel`.

use crate::process;
use crate::stop::Done;
use std::process::Command;

/// Runs a verb of the tools with the newest Python that there is; those print what they skip, and why.
pub(crate) fn run(verb: &str) -> Done {
    process::needs(&[("python3", "python3 python3-venv")])?;
    // Builds below the workspace's target directory, wherever that is.
    let target = process::target()?;
    let mut python = Command::new("python3");
    process::run(python.args(["bindings/python/tools.py", verb]).env("CARGO_TARGET_DIR", target))
}
