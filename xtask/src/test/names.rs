//! The directory in which the tests keep their names, so that they meet nobody else's.

use super::steps::{Outcome, failed};
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
pub(super) struct Names {
    directory: TempDir,
}

impl Names {
    /// Makes the directory, in memory where the system has a place for that.
    pub(super) fn new() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        builder.prefix("filemap-test-");
        let directory =
            if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() }?;
        Ok(Self { directory })
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Fails if a process still holds a name: some test has lost a child.
    ///
    /// Entries without a holder are what a killed process leaves. They are no names any more,
    /// and are only counted.
    pub(super) fn check(&self) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let entries = match entries_below(self.directory()) {
                Ok(entries) => entries,
                Err(err) => return failed(&format!("could not look for them: {err}")),
            };
            let held: Vec<String> = entries
                .iter()
                .filter(|path| is_held(path))
                .map(|path| path.display().to_string())
                .collect();
            if held.is_empty() {
                return Ok(match entries.len() {
                    0 => "none".to_owned(),
                    dead => format!("no live one; {dead} of killed processes, removed"),
                });
            }
            if Instant::now() >= deadline {
                return failed(&format!("a process still holds {}", held.join(", ")));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns every regular file below `folder`. Others are not entries of the registry, and to
/// open a pipe could block.
fn entries_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            entries.extend(entries_below(&entry.path())?);
        } else if kind.is_file() {
            entries.push(entry.path());
        }
    }
    Ok(entries)
}

/// Returns whether somebody has a lock on the entry, which every holder of a name has.
///
/// Asks the system's table of locks, so that the look is in nobody's way.
fn is_held(path: &Path) -> bool {
    let Ok(entry) = fs::metadata(path) else { return false };
    let Ok(locks) = fs::read_to_string("/proc/locks") else { return false };
    // 1: OFDLCK ADVISORY  READ -1 00:1a:4711 0 EOF
    locks.lines().filter_map(|line| line.split_whitespace().nth(5)).any(|place| {
        let numbers: Vec<_> = place.split(':').collect();
        let [major, minor, inode] = numbers[..] else { return false };
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        let (Some(major), Some(minor)) = (number(major), number(minor)) else { return false };
        // The device's number as `stat` tells it, of which both halves are in two pieces.
        let device = (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12;
        inode.parse() == Ok(entry.ino()) && device == entry.dev()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn an_entry_is_held_as_long_as_somebody_has_its_lock() -> io::Result<()> {
        let names = Names::new()?;
        let entry = names.directory().join("root").join("scores");
        fs::create_dir(names.directory().join("root"))?;
        let holder = File::create(&entry)?;

        holder.lock_shared()?;

        assert_eq!(entries_below(names.directory())?.first(), Some(&entry));
        assert!(is_held(&entry));
        drop(holder);
        assert!(!is_held(&entry));
        Ok(())
    }

    #[test]
    fn the_directory_goes_away_with_what_is_in_it() -> io::Result<()> {
        let names = Names::new()?;
        let directory = names.directory().to_owned();
        fs::write(directory.join("dead"), "x")?;

        drop(names);

        assert!(!directory.exists());
        Ok(())
    }
}
