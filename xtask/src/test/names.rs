//! The directory in which the tests keep their names, so that they meet nobody else's.

use crate::process;
use crate::stop::{Done, failed};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a process that a test has killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// A fresh directory for names, removed with everything in it when dropped.
pub(super) struct Names(TempDir);

impl Names {
    /// Makes the directory, in memory where the system has a place for that.
    pub(super) fn new() -> Done<Self> {
        Ok(Self(process::directory_in_memory()?))
    }

    pub(super) fn directory(&self) -> &Path {
        self.0.path()
    }

    /// Fails if a process still holds a name: some test has lost a child.
    ///
    /// Entries without a holder are what a killed process leaves, and no names any more.
    pub(super) fn check(&self) -> Done {
        let start = Instant::now();
        loop {
            let mut held = entries_below(self.directory())?;
            held.retain(|entry| is_held(entry));
            if held.is_empty() {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return failed(format!("a process still holds {held:?}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns every regular file below `folder`. To open a pipe could block.
fn entries_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut entries, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                entries.push(entry.path());
            }
        }
    }
    Ok(entries)
}

/// Returns whether somebody has a lock on the entry, which every holder of a name has.
///
/// Asks the system's table of locks, so that the look is in nobody's way. A file of another file
/// system may have the same number; the whole table is rarely longer than the tests' own part.
fn is_held(entry: &Path) -> bool {
    let Ok(entry) = fs::metadata(entry) else { return false };
    // 1: OFDLCK ADVISORY  READ -1 00:1a:4711 0 EOF
    let inode = format!(":{} ", entry.ino());
    fs::read_to_string("/proc/locks").is_ok_and(|locks| locks.contains(&inode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn an_entry_is_held_as_long_as_somebody_has_its_lock() {
        let names = Names::new().unwrap();
        fs::create_dir(names.directory().join("root")).unwrap();
        let entry = names.directory().join("root").join("scores");
        let holder = File::create(&entry).unwrap();

        holder.lock_shared().unwrap();

        assert_eq!(entries_below(names.directory()).unwrap(), [&*entry]);
        assert!(is_held(&entry));
        drop(holder);
        assert!(!is_held(&entry));
    }
}
