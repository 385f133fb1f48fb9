//! The packages for Python and for .NET, which their own `tools.py` build and check: `cargo xtask test`,
//! `test --dotnet`, `soak`, `package --wheel` and `package --nuget`.

use crate::process;
use crate::stop::Done;
use std::process::Command;

/// Runs a verb of a binding's tools with the newest Python that there is; those print what they skip, and why.
pub(crate) fn run(binding: &str, verb: &str) -> Done {
    run_with(binding, verb, &[])
}

/// Runs a verb of a binding's tools, with these variables.
pub(crate) fn run_with(binding: &str, verb: &str, variables: &[(&str, &str)]) -> Done {
    process::needs(&[("python3", "python3 python3-venv")])?;
    // Builds below the workspace's target directory, wherever that is.
    let target = process::target()?;
    let mut python = Command::new("python3");
    python.args([&format!("bindings/{binding}/tools.py"), verb]).env("CARGO_TARGET_DIR", target);
    python.envs(variables.iter().copied());
    process::run(&mut python)
}
