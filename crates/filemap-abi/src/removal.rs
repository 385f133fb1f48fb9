//! Files that are removed when their last handle is closed.

use std::fs::{self, File};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use crate::fork_lock::ForkLock;

/// A file that is removed when this is dropped, or when the process exits.
#[derive(Debug)]
pub(crate) struct Removal {
    /// The file, wherever it is by then.
    file: File,
    /// The process that has opened it: a forked child leaves it to that one.
    process: u32,
}

/// Files that are to be removed at exit, if they are not before.
static LEFT: ForkLock<Vec<Weak<Removal>>> = ForkLock::new(Vec::new());

impl Removal {
    /// Has a file removed at the end.
    pub(crate) fn of(file: &File) -> io::Result<Arc<Self>> {
        static INSTALLED: AtomicBool = AtomicBool::new(false);
        let removal = Arc::new(Self { file: file.try_clone()?, process: process::id() });
        if !INSTALLED.swap(true, Ordering::Relaxed) {
            // Where registering fails, a file that is open at exit stays.
            // SAFETY: the function takes nothing, does not unwind, and lives as long as the
            // program, or is run when its library is unloaded.
            let _ignored = unsafe { libc::atexit(remove_all) };
        }
        let mut left = LEFT.write();
        left.retain(|removal| removal.strong_count() > 0);
        left.push(Arc::downgrade(&removal));
        Ok(removal)
    }

    fn remove(&self) {
        if self.process != process::id() {
            return;
        }
        let Ok(file) = self.file.metadata() else { return };
        // Where it is now: it may have been moved.
        let Ok(path) = fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd())) else {
            return;
        };
        // Another file may have its name.
        if let Ok(there) = fs::symlink_metadata(&path)
            && (there.dev(), there.ino()) == (file.dev(), file.ino())
        {
            let _ignored =
                if there.is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) };
        }
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        self.remove();
    }
}

extern "C" fn remove_all() {
    // The handles are still open: nothing is dropped here.
    let left = ManuallyDrop::new(LEFT.read().iter().filter_map(Weak::upgrade).collect::<Vec<_>>());
    for removal in &*left {
        removal.remove();
    }
}
