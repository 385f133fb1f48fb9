//! The folder of one `filemap wine`, which programs in a prefix and in a container can see, and what it
//! has put elsewhere. A file beside it is locked while the command runs: one that is not locked belongs
//! to a command that was killed, and the next one removes both.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result, Why};
use crate::sys;

/// The end of the name of the file that is locked.
const LOCK: &str = "lock";

/// The file in the folder that lists what was put into `/dev/shm`.
const SHARED: &str = "shared";

/// The folder, which goes away with everything in it.
#[derive(Debug)]
pub(super) struct Work {
    folder: PathBuf,
    lock: PathBuf,
    _locked: File,
    /// Files that were put elsewhere, by their device and inode.
    shared: Vec<(PathBuf, (u64, u64))>,
}

/// Where the folders of all such commands of this user are.
fn place() -> PathBuf {
    let told = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = told("XDG_CACHE_HOME").or_else(|| Some(told("HOME")?.join(".cache")));
    // Containers of Steam have the home of the user, and not always the folder for temporary files.
    cache.unwrap_or_else(env::temp_dir).join("filemap/wine")
}

impl Work {
    /// Makes the folder, and removes those of commands that were killed.
    pub(super) fn begin() -> Result<Self> {
        sweep();
        let place = place();
        Self::make(&place).map_err(|error| {
            let why = Why(&error);
            Failure::broken(format!("could not create a folder in `{}`: {why}", place.display()))
        })
    }

    fn make(place: &Path) -> io::Result<Self> {
        fs::create_dir_all(place)?;
        loop {
            let name = format!("{:x}-{:x}", std::process::id(), sys::unique());
            let (folder, lock) = (place.join(&name), place.join(format!("{name}.{LOCK}")));
            let file = File::create_new(&lock)?;
            // Another command may have taken it for one of the killed before it was locked.
            if file.try_lock().is_ok() && lock.exists() {
                sys::create_private_folder(&folder)?;
                return Ok(Self { folder, lock, _locked: file, shared: Vec::new() });
            }
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file and returns its path.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, content).map_err(|error| {
            Failure::broken(format!("could not write `{}`: {}", path.display(), Why(&error)))
        })?;
        Ok(path)
    }

    /// Creates a file that other programs find until the end, and that a killed command leaves to the
    /// next one.
    pub(super) fn share(&mut self, path: &Path, len: u64) -> io::Result<File> {
        let file = sys::create_file(path, filemap::Permissions::PRIVATE)?;
        let identity = sys::identity(path)?;
        self.shared.push((path.to_owned(), identity));
        let mut list = File::options().append(true).create(true).open(self.path(SHARED))?;
        let (device, inode) = identity;
        writeln!(list, "{device} {inode} {}", path.display())?;
        file.set_len(len)?;
        Ok(file)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        for (path, identity) in &self.shared {
            remove_shared(path, *identity);
        }
        remove(&self.folder, &self.lock);
    }
}

/// Removes what killed commands left behind.
pub(in crate::command) fn sweep() {
    let Ok(files) = fs::read_dir(place()) else { return };
    for lock in files.filter_map(|file| Some(file.ok()?.path())) {
        if lock.extension().is_none_or(|end| end != LOCK) {
            continue;
        }
        let Ok(file) = File::open(&lock) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        let folder = lock.with_extension("");
        let list = fs::read_to_string(folder.join(SHARED)).unwrap_or_default();
        for line in list.lines() {
            let mut words = line.splitn(3, ' ');
            let mut number = || words.next()?.parse().ok();
            if let (Some(device), Some(inode), Some(path)) = (number(), number(), words.next()) {
                remove_shared(Path::new(path), (device, inode));
            }
        }
        remove(&folder, &lock);
    }
}

/// Removes a file that is still the one that was shared.
fn remove_shared(path: &Path, identity: (u64, u64)) {
    if sys::identity(path).is_ok_and(|found| found == identity) {
        // Whoever removed it first has done the same.
        drop(fs::remove_file(path));
    }
}

/// Removes a folder, its file, and the folders around them that nobody else uses.
fn remove(folder: &Path, lock: &Path) {
    // What cannot be removed now is left to the next command.
    drop(fs::remove_dir_all(folder));
    drop(fs::remove_file(lock));
    for around in folder.ancestors().skip(1).take(2) {
        drop(fs::remove_dir(around));
    }
}
