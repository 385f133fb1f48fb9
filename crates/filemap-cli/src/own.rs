//! Where a user's own files for this command are.

use std::env;
use std::path::PathBuf;

use crate::failure::{Failure, Result};

/// Returns the folder of a user's own files of a kind, such as `profiles`. It need not exist.
///
/// # Errors
///
/// If neither `XDG_CONFIG_HOME` nor `HOME` says where.
pub(crate) fn folder(kind: &str) -> Result<PathBuf> {
    let told = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let place = told("XDG_CONFIG_HOME").or_else(|| Some(told("HOME")?.join(".config")));
    match place {
        Some(place) => Ok(place.join("filemap").join(kind)),
        None => Err(Failure::broken(format!(
            "could not find the folder of {kind}: neither XDG_CONFIG_HOME nor HOME has a path"
        ))),
    }
}
