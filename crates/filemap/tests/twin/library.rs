//! How a test comes by the shared library of this folder.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the shared library is that cargo makes of the crate `filemap-twin`; it is built first if
/// `build` says so.
///
/// Cargo builds no such library for the tests of another crate by itself. It is asked to do so
/// as it has built this program, beside it, where most of what it takes is there already.
///
/// Nothing where programs are linked statically, as they are with musl: they load no libraries,
/// and the compiler makes none.
pub(crate) fn library(build: bool) -> Option<PathBuf> {
    let program = env::current_exe().expect("the test binary has a path");
    // `target/debug/deps/faults-0123`, or with the platform's name after `target`, which begins
    // with that of the processor.
    let beside = program.ancestors().nth(2).expect("cargo's directories have one above");
    if build {
        let name =
            |path: &Path| path.file_name().expect("cargo's directories have names").to_owned();
        let profile = name(beside);
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO")));
        let mut command = Command::new(cargo);
        command
            .args(["build", "--quiet", "--offline", "--package", "filemap-twin", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/twin/Cargo.toml"))
            .arg("--profile")
            .arg(if profile == "debug" { OsString::from("dev") } else { profile })
            .arg("--target-dir");
        let above = beside.parent().expect("cargo's directories have one above");
        let platform = name(above);
        if platform.to_string_lossy().starts_with(&format!("{}-", env::consts::ARCH)) {
            command.arg(above.with_file_name("")).arg("--target").arg(platform);
        } else {
            command.arg(above).env_remove("CARGO_BUILD_TARGET");
        }
        let built = command.output().expect("cargo can be started");
        let complaint = String::from_utf8_lossy(&built.stderr);
        if cfg!(target_feature = "crt-static") {
            assert!(!built.status.success(), "there is a library after all");
            assert!(complaint.contains("does not support these crate types"), "{complaint}");
            return None;
        }
        assert!(built.status.success(), "the twin cannot be built: {complaint}");
    }
    Some(beside.join("libfilemap_twin.so"))
}
