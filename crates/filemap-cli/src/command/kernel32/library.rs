//! The library `libfilemap.so`: how it is found and recognised.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use filemap::ErrorKind;

use super::LIBRARY;
use crate::failure::{Failure, Result, Why};

/// A function by which the library is recognised: hardly another one on Linux has it.
const SIGN: &[u8] = b"CreateFileMappingW";

/// Folders that every loader searches.
const USUAL: [&str; 6] =
    ["/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64", "/lib", "/lib64"];

/// The path of the library, checked to be it.
#[derive(Debug)]
pub(in crate::command) struct Library(PathBuf);

impl Library {
    /// Finds it: at `given`, or else beside this command, in `../lib`, or where the loader searches.
    pub(in crate::command) fn find(given: Option<&Path>) -> Result<Self> {
        if let Some(path) = given {
            return Self::checked(path);
        }
        let found = candidates().into_iter().find(|path| path.is_file());
        match found {
            Some(path) => Self::checked(&path),
            None => Err(Failure::broken_as(
                ErrorKind::NotFound,
                format!(
                    "could not find {LIBRARY}: it is neither beside this command, nor in `../lib`, \
                     nor where the system looks for libraries; say where with --library, or build \
                     it with `cargo build --release --package filemap-abi`"
                ),
            )),
        }
    }

    /// Returns its path, with all links resolved.
    pub(in crate::command) fn path(&self) -> &Path {
        &self.0
    }

    /// Checks that a file is the library: another one would make the runtime fail less clearly.
    fn checked(path: &Path) -> Result<Self> {
        let shown = path.display();
        let refused = |error: std::io::Error| {
            let message = format!(
                "could not read the library `{shown}`: {}; --library takes the path of libfilemap.so",
                Why(&error)
            );
            match error.kind() {
                std::io::ErrorKind::NotFound => Failure::broken_as(ErrorKind::NotFound, message),
                _ => Failure::broken(message),
            }
        };
        let path = fs::canonicalize(path).map_err(refused)?;
        // Reading a pipe would block.
        let content = if path.is_file() { fs::read(&path).map_err(refused)? } else { Vec::new() };
        let has_sign = content.windows(SIGN.len()).any(|bytes| bytes == SIGN);
        if content.starts_with(b"\x7fELF") && has_sign {
            return Ok(Self(path));
        }
        Err(Failure::broken_as(
            ErrorKind::WrongObject,
            format!("could not use `{shown}`: it is no shared library with kernel32's functions"),
        ))
    }
}

/// Returns the paths where it may be, the likeliest first.
fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    // Links resolved: the library is beside the command itself, not beside a link to it.
    let program = env::current_exe().and_then(fs::canonicalize);
    if let Some(folder) = program.as_ref().ok().and_then(|program| program.parent()) {
        folders.push(folder.to_owned());
        folders.extend(["lib", "lib64"].map(|lib| folder.join("..").join(lib)));
    }
    let places = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    folders.extend(env::split_paths(&places).filter(|place| !place.as_os_str().is_empty()));
    let mut candidates: Vec<PathBuf> =
        folders.into_iter().map(|folder| folder.join(LIBRARY)).collect();
    candidates.extend(cached());
    candidates.extend(USUAL.map(|folder| Path::new(folder).join(LIBRARY)));
    candidates
}

/// Returns the paths in the loader's cache
/// (<https://man7.org/linux/man-pages/man8/ldconfig.8.html>).
fn cached() -> Vec<PathBuf> {
    // `/sbin` is often not on the path of ordinary users.
    ["ldconfig", "/sbin/ldconfig"]
        .into_iter()
        .find_map(|program| {
            let mut command = Command::new(program);
            command.arg("-p").stdin(Stdio::null()).stderr(Stdio::null());
            command.output().ok().filter(|output| output.status.success())
        })
        .map(|output| paths(&String::from_utf8_lossy(&output.stdout)))
        .unwrap_or_default()
}

/// Reads lines such as `<tab>libfilemap.so (libc6,x86-64) => /usr/lib/libfilemap.so`.
fn paths(listing: &str) -> Vec<PathBuf> {
    listing
        .lines()
        .filter(|line| line.split_whitespace().next() == Some(LIBRARY))
        .filter_map(|line| line.split_once(" => "))
        .map(|(_, path)| PathBuf::from(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_of_the_loader_is_understood() {
        let listing = "2 libs found in cache\n\tlibfilemap.so (libc6,x86-64) => /opt/a/libfilemap.so\n\
                       \tlibfilemap.so.1 (libc6,x86-64) => /opt/b/libfilemap.so.1\n";

        assert_eq!(paths(listing), [Path::new("/opt/a/libfilemap.so")]);
    }
}
