//! The files that this process has mapped as programs.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Weak};

use filemap::LengthLock;

use crate::fork_lock::ForkLock;

/// A file's device and inode.
type Identity = (u64, u64);

/// The files, as long as their lengths are kept.
static PROGRAMS: ForkLock<Vec<(Identity, Weak<LengthLock>)>> = ForkLock::new(Vec::new());

/// Records that a file is mapped as a program, as long as its length is kept.
pub(crate) fn mapped(file: &File, kept: &Arc<LengthLock>) {
    if let Ok(file) = file.metadata() {
        let mut programs = PROGRAMS.write();
        programs.retain(|(_, kept)| kept.strong_count() > 0);
        programs.push(((file.dev(), file.ino()), Arc::downgrade(kept)));
    }
}

/// Returns whether this process has a file mapped as a program.
pub(crate) fn is_mapped(path: &Path) -> bool {
    let programs = PROGRAMS.read();
    let mut mapped = programs.iter().filter(|(_, kept)| kept.strong_count() > 0).peekable();
    if mapped.peek().is_none() {
        return false;
    }
    fs::metadata(path)
        .is_ok_and(|file| mapped.any(|(identity, _)| *identity == (file.dev(), file.ino())))
}
