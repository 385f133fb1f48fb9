//! Why mapped bytes were gone, as far as it can be known afterwards.

use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirEntryExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::sys::platform::file;
use crate::types::{Error, ErrorKind, Loss, Operation};

/// What a fault left to find out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault<'region> {
    pub(super) operation: Operation,
    pub(super) loss: Loss,
    /// An address in the lost page.
    pub(super) address: usize,
    /// The file that is mapped; memory has none at hand.
    pub(super) file: Option<BorrowedFd<'region>>,
}

impl Fault<'_> {
    /// Looks into the causes and makes the error that tells the likeliest.
    ///
    /// Everything is looked at after the fact, so another process may have changed it since;
    /// that the bytes were gone at the moment of the access is certain.
    #[cold]
    pub(super) fn explain(self) -> Error {
        let (kind, why) = match self.file {
            Some(file) => self.cause(file),
            None => match file_at(self.address) {
                Some(file) => self.cause(file.as_fd()),
                // Memory without a name is sealed against cuts; that with a name may have lost
                // its file, cut before it was removed.
                None => (
                    ErrorKind::Lost,
                    "the system did not supply its page, and no file is there to tell why".into(),
                ),
            },
        };
        Error::new(kind, self.operation).lost(self.loss).because(why)
    }

    fn cause(&self, file: BorrowedFd<'_>) -> (ErrorKind, String) {
        let offset = self.loss.offset;
        match rustix::fs::fstat(file).map(|stat| file::length(&stat)) {
            Ok(len) if len <= offset => {
                return (ErrorKind::Lost, format!("the file now ends at {len}"));
            }
            Ok(_) => {}
            Err(errno) => return (ErrorKind::Device, format!("the file does not answer, {errno}")),
        }
        // Inside the file a page is lost if the disk cannot give it, or if there is no room for
        // the first store into a hole.
        match rustix::io::pread(file, &mut [0], offset) {
            Ok(1) => {}
            Ok(_) => {
                return (ErrorKind::Lost, "the file was shorter for a moment".to_owned());
            }
            Err(Errno::NOSPC) => return (ErrorKind::DiskFull, "there is no space left".to_owned()),
            Err(errno) => return (ErrorKind::Device, format!("it cannot be read, {errno}")),
        }
        match rustix::fs::fstatvfs(file) {
            // The system's own memory file system has no limit, and tells of no blocks at all.
            Ok(state) if state.f_blocks != 0 && state.f_bavail == 0 => {
                (ErrorKind::DiskFull, "there is no space left on its file system".to_owned())
            }
            _ => (ErrorKind::Lost, "the system could not supply its page".to_owned()),
        }
    }
}

/// Opens the file that is mapped at an address, by the path that the kernel tells.
///
/// A view of memory keeps no descriptor, because that would keep the memory's name. A file that
/// was created without a name and linked later keeps the path of no name in the process that
/// created it, but its directory is right: there it is found by its inode.
fn file_at(address: usize) -> Option<OwnedFd> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let (path, inode) = maps.lines().find_map(|line| {
        // start-end perms offset dev inode path, with any number of spaces before the path
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        if !range.contains(&address) {
            return None;
        }
        let inode: u64 = fields.nth(3)?.parse().ok()?;
        Some((PathBuf::from(fields.next()?.trim_start()), inode))
    })?;
    let open = |path: &Path| {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
        (rustix::fs::fstat(&file).ok()?.st_ino == inode).then_some(file)
    };
    open(&path).or_else(|| {
        let mut neighbours = fs::read_dir(path.parent()?).ok()?.flatten();
        open(&neighbours.find(|neighbour| neighbour.ino() == inode)?.path())
    })
}
