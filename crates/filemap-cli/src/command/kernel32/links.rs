//! Links: the names under which runtimes search for kernel32.

use std::io;
use std::path::Path;

use super::LIBRARY;
use crate::sys;

/// The spellings of programs. Names of files are case-sensitive.
const SPELLINGS: [&str; 7] = [
    "kernel32.dll",
    "kernel32",
    "Kernel32.dll",
    "Kernel32",
    "KERNEL32.dll",
    "KERNEL32.DLL",
    "KERNEL32",
];

/// Returns every name. None ends with `.dll`: .NET takes such files for managed ones.
pub(super) fn names() -> Vec<String> {
    SPELLINGS
        .iter()
        .flat_map(|spelling| [format!("{spelling}.so"), format!("lib{spelling}.so")])
        .collect()
}

/// Creates all names in `folder`, and the library's own, as links to `library`.
pub(super) fn lay(folder: &Path, library: &Path) -> io::Result<()> {
    let names = names();
    for name in names.iter().map(String::as_str).chain([LIBRARY]) {
        sys::link(library, &folder.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_one_that_dotnet_takes_for_a_managed_library() {
        assert!(names().iter().all(|name| !name.to_ascii_lowercase().ends_with(".dll")));
    }
}
