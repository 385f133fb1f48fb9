//! The library that C programs link to, built for the tests.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// Returns the folder with `libfilemap.so` and `libfilemap.a`, built with the profile of this program.
///
/// Cargo builds no C library for tests, so this runs cargo, in the target directory of this program,
/// where most dependencies are built already.
pub(crate) fn folder() -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?;
    // `target/debug/deps/abi-0123`.
    let beside = program.ancestors().nth(2).ok_or("cargo's directories have one above")?;
    let profile = beside.file_name().ok_or("cargo's directories have names")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO")));
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--offline", "--package", "filemap-abi", "--manifest-path"]);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../filemap-abi/Cargo.toml"));
    command.arg("--profile").arg(if profile == "debug" { "dev".as_ref() } else { profile });
    let above = beside.parent().ok_or("cargo's directories have one above")?;
    command.arg("--target-dir").arg(above).env_remove("CARGO_BUILD_TARGET");
    let built = command.output()?;
    if built.status.success() {
        return Ok(beside.to_owned());
    }
    let complaint = String::from_utf8_lossy(&built.stderr);
    Err(format!("the library cannot be built: {complaint}").into())
}
