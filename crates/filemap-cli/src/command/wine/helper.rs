//! The program for Windows that this command starts inside Wine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use filemap::ErrorKind;

use super::work::Work;
use crate::failure::{Failure, Result, Why};

/// Its file name.
const NAME: &str = "filemap-wine.exe";

/// By which it is told from other programs: what it asks Wine for.
const SIGN: &[u8] = b"wine_get_dos_file_name";

/// The helper of a command that was packaged with one.
#[cfg(filemap_helper)]
const EMBEDDED: Option<&[u8]> = Some(include_bytes!(env!("FILEMAP_WINE_HELPER")));
#[cfg(not(filemap_helper))]
const EMBEDDED: Option<&[u8]> = None;

/// Returns the path of the helper: the one that was given, or the one in this command, unpacked, or
/// the one beside it.
pub(super) fn find(given: Option<&Path>, work: &Work) -> Result<PathBuf> {
    if let Some(path) = given {
        return checked(path);
    }
    if let Some(bytes) = EMBEDDED {
        return work.write(NAME, bytes);
    }
    // Links resolved: it is beside the command itself, not beside a link to it.
    let program = env::current_exe().and_then(fs::canonicalize).unwrap_or_default();
    let beside = program.with_file_name(NAME);
    // A build for tests is in the folder beside.
    let built = program.ancestors().nth(2).map(|target| target.join("release").join(NAME));
    match [Some(beside), built].into_iter().flatten().find(|path| path.is_file()) {
        Some(path) => checked(&path),
        None => Err(Failure::broken_as(
            ErrorKind::NotFound,
            format!(
                "could not find {NAME}, which runs inside Wine: packages of this command have it; \
                 for a build of your own make it with `cargo xtask helper`, or say where it is \
                 with --helper"
            ),
        )),
    }
}

/// Returns the whole path of a helper that is one.
fn checked(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    let broken = |error| {
        Failure::broken(format!(
            "could not read the helper `{shown}`: {}; --helper takes the path of {NAME}",
            Why(&error)
        ))
    };
    let content = fs::read(path).map_err(broken)?;
    if content.starts_with(b"MZ") && content.windows(SIGN.len()).any(|bytes| bytes == SIGN) {
        return fs::canonicalize(path).map_err(broken);
    }
    Err(Failure::broken_as(
        ErrorKind::WrongObject,
        format!("could not use `{shown}`: it is no helper; --helper takes the path of {NAME}"),
    ))
}
