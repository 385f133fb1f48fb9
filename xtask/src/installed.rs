//! What is installed on the machine.

use std::env;

/// Returns whether a program of this name is in one of the folders of `PATH`.
pub(crate) fn is_on_the_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}
