//! Opening the object behind an entry: its memory, or its file.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::sys::platform::error::{from_errno, from_io};
use crate::sys::platform::file::Identity;
use crate::sys::platform::registry::entry::Entry;
use crate::sys::platform::registry::proc_fd::{self, Place, Sought};
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::trailer::{Trailer, damaged};
use crate::sys::platform::registry::user;
use crate::sys::platform::{Section, file, page_size};
use crate::sys::{Content, Opened, Wanted};
use crate::types::{Error, ErrorKind, Name, ObjectKind, Operation, Result, Rights, plain};

/// The file of an entry, besides the description that has the lock.
#[derive(Debug)]
pub(super) struct EntryFile {
    /// A second description of the same mode, without a lock, if there is one.
    pub(super) second: Option<OwnedFd>,
    pub(super) stat: Stat,
    pub(super) is_writable: bool,
}

/// A live entry: the description that has a shared lock on it, its file, what its trailer says, and
/// the object that was opened before the lock was taken.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) lock: OwnedFd,
    pub(super) file: EntryFile,
    pub(super) trailer: Trailer,
    /// None for memory in the entry.
    pub(super) object: Option<(Section, Rights)>,
}

/// Reads the trailer of the entry of a name.
pub(super) fn trailer_of(
    name: &Name,
    entry: BorrowedFd<'_>,
    stat: &Stat,
    operation: Operation,
) -> Result<Trailer> {
    let trailer = Trailer::read(entry, stat, operation)?
        .ok_or_else(|| damaged("it does not end as an entry does", operation))?;
    if trailer.base != name.base() {
        return Err(damaged("it belongs to another name", operation));
    }
    Ok(trailer)
}

/// Refuses an object of another kind than the opener wants.
pub(super) fn check_kind(content: &Content, wanted: Wanted, operation: Operation) -> Result<()> {
    let (found, wanted) = match (content.object(), wanted) {
        (found, Wanted::Waitable(kind)) => (found, kind),
        (found, Wanted::Exactly(_) | Wanted::Most) => (found, ObjectKind::Mapping),
    };
    if found == wanted {
        return Ok(());
    }
    Err(Error::new(ErrorKind::WrongObject, operation)
        .because(format!("the name is that of {}", found.with_article())))
}

/// Makes a handle of a live entry.
pub(super) fn enter(
    root: Arc<Root>,
    file_name: &str,
    name: &Name,
    Live { lock, file, trailer, object }: Live,
    wanted: Wanted,
    operation: Operation,
) -> Result<Opened> {
    // From here on, a failure gives the hold up as a close does.
    let entry = Entry::new(root, file_name, Inode::of(&file.stat), lock);
    let lock = entry.lock().ok_or_else(|| Error::new(ErrorKind::Other, operation))?;
    let (section, rights) =
        object.map_or_else(|| reach(&trailer, lock, file, wanted, operation), Ok)?;
    Ok(trailer.opened(section, rights, Some((entry, name.clone()))))
}

/// Opens the object that a trailer describes, and returns the rights of the handle.
pub(super) fn reach(
    trailer: &Trailer,
    lock: BorrowedFd<'_>,
    EntryFile { second, stat, is_writable }: EntryFile,
    wanted: Wanted,
    operation: Operation,
) -> Result<(Section, Rights)> {
    let Trailer { size, protection, attributes, backing, .. } = *trailer;
    let mut rights = match wanted {
        Wanted::Exactly(rights) => rights,
        Wanted::Most | Wanted::Waitable(_) => protection.rights(),
    };
    let (write, may_note) =
        (protection.is_writable() && rights.contains(Rights::WRITE), is_writable);
    let modes: &'static [bool] = match (write, wanted) {
        (false, _) => &[false],
        (true, Wanted::Exactly(_) | Wanted::Waitable(_)) => &[true],
        (true, Wanted::Most) => &[true, false],
    };
    let known = trailer.place;
    let backing = |path| Backing { path, identity: backing, known, owner: stat.st_uid };
    let (section, is_writable) = match &trailer.content {
        Content::Memory | Content::Waitable(_) => {
            let write = is_writable && protection.is_writable();
            // A handle that may not write gets a descriptor that cannot.
            let second = second.filter(|_| write == is_writable);
            (in_entry(lock, second, trailer, access(write))?, is_writable)
        }
        Content::File(path) => {
            let of_file = move |file| Section::of_file(file, size);
            let found = backing(Some(path.clone())).reach_in_time(modes, operation, of_file)?;
            (found.object, found.is_writable)
        }
        Content::Held => {
            let held = move |memory| Section::held(memory, size.unwrap_or(0), attributes);
            let found = backing(None).reach_in_time(modes, operation, held)?;
            if found.place != trailer.place && may_note {
                Trailer::note(lock, file::length(&stat), found.place, operation);
            }
            (found.object, found.is_writable)
        }
    };
    if wanted == Wanted::Most && !is_writable {
        rights.set(Rights::WRITE, false);
    }
    Ok((section, rights))
}

/// Takes the memory in an entry, through `second` or through a new description without a lock.
///
/// A description with the name's lock will not do: mapped pages keep the description that they were
/// mapped through, and a view must not keep a name
/// ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)).
pub(super) fn in_entry(
    lock: BorrowedFd<'_>,
    second: Option<OwnedFd>,
    trailer: &Trailer,
    flags: OFlags,
) -> Result<Section> {
    let operation = Operation::OpenMapping;
    let descriptor = match second.map_or_else(|| file::reopen(lock, flags), Ok) {
        Ok(descriptor) => descriptor,
        // The descriptor came from another user, or there is no `/proc`. Views then keep the name,
        // which is better than no views.
        Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) => {
            lock.try_clone_to_owned().map_err(from_io(operation))?
        }
        Err(errno) => return Err(from_errno(errno, operation)),
    };
    Section::of_memory(descriptor, trailer.size.unwrap_or(0), page_size(), trailer.attributes)
}

/// The mode in which to open a file.
pub(super) fn access(write: bool) -> OFlags {
    if write { OFlags::RDWR } else { OFlags::RDONLY }
}

/// How long the file system of a file is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The file, or the memory file, that a trailer names.
#[derive(Debug, Clone)]
struct Backing {
    /// None for a memory file.
    path: Option<PathBuf>,
    identity: Identity,
    /// Where memory was found last.
    known: Place,
    /// The user who created the entry.
    owner: u32,
}

/// What was found behind an entry.
struct Found<T> {
    object: T,
    /// Where it was found, if it is memory.
    place: Place,
    is_writable: bool,
}

impl Backing {
    /// Opens the file and makes a section of it, unless its file system does not answer, or it is
    /// looked for too long: which may be another user's choice, or that of a network.
    ///
    /// A system call cannot be given up, so another thread makes it, and is left alone with it: it ends
    /// with the call, or with the process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`].
    fn reach_in_time(
        self,
        modes: &'static [bool],
        operation: Operation,
        section: impl Fn(OwnedFd) -> Result<Section> + Copy + Send + 'static,
    ) -> Result<Found<Section>> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let reach = move |this: &Self| {
            let Found { object, place, is_writable } = this.open(modes, operation)?;
            Ok(Found { object: section(object)?, place, is_writable })
        };
        if let Some(found) = self.open_known(modes) {
            let Found { object, place, is_writable } = found;
            return Ok(Found { object: section(object)?, place, is_writable });
        }
        let this = self.clone();
        // If nobody waits any more, the file is closed again.
        let look = move || drop(sender.send(reach(&this)));
        let Ok(helper) = thread::Builder::new().name("filemap-open".to_owned()).spawn(look) else {
            // Better without a limit than not at all.
            return reach(&self);
        };
        match receiver.recv_timeout(PATIENCE) {
            Ok(found) => {
                let _ended = helper.join();
                found
            }
            Err(_) => Err(self.about(Error::new(ErrorKind::TimedOut, operation)).because(
                match self.path {
                    Some(_) => "its file system does not answer",
                    None => "its memory was not found in time among what processes have open",
                },
            )),
        }
    }

    /// Opens memory where it was found last, which needs no thread: nobody can make it wait.
    fn open_known(&self, modes: &[bool]) -> Option<Found<OwnedFd>> {
        if self.path.is_some() {
            return None;
        }
        modes.iter().find_map(|write| {
            let trusts = |owner| self.is_trusted(owner);
            let object = proc_fd::open_memory(self.sought(*write, &trusts), self.known)?;
            Some(Found { object, place: self.known, is_writable: *write })
        })
    }

    /// What is looked for among what processes have open.
    fn sought<'a>(&self, write: bool, trusts: &'a dyn Fn(u32) -> bool) -> Sought<'a> {
        let (identity, is_memory) = (self.identity, self.path.is_none());
        Sought { identity, is_memory, flags: access(write), trusts }
    }

    /// Adds the file to an error about it.
    fn about(&self, error: Error) -> Error {
        match &self.path {
            Some(path) => error.about(format!("the file {} behind the name", plain(path))),
            None => error,
        }
    }

    /// Opens the file by its path, or through a process that has it open.
    ///
    /// `modes` are whether to write, in order of preference. Returns the one that was possible, and
    /// where memory was found.
    fn open(&self, modes: &[bool], operation: Operation) -> Result<Found<OwnedFd>> {
        for write in modes {
            match self.path.as_ref().map(|path| self.open_at(path, access(*write))) {
                Some(Ok(Some(object))) => {
                    return Ok(Found { object, place: self.known, is_writable: *write });
                }
                Some(Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)))
                    if modes.len() == 1 =>
                {
                    return Err(self.about(from_errno(errno, operation)));
                }
                _ => {}
            }
            // If the file was renamed, replaced or removed, its holders still have it open.
            let trusts = |owner| self.is_trusted(owner);
            let found = proc_fd::open(self.sought(*write, &trusts), self.known);
            if let Some((object, place)) = found {
                return Ok(Found { object, place, is_writable: *write });
            }
        }
        Err(self.about(Error::new(ErrorKind::BackingGone, operation)).because(match self.path {
            Some(_) => {
                "it is no longer at its path, or not its namer's to share, \
                 and no process that holds it can be looked into"
            }
            None => "its memory is reached through a process that holds it, and none was found",
        }))
    }

    /// Opens the file at the path; `None` if another file is there.
    ///
    /// Looks at the file before opening it: another user may have chosen the path, and opening a
    /// device or a pipe may have effects.
    fn open_at(&self, path: &Path, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
        let place = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let stat = rustix::fs::fstat(&place)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile
            || file::identity(place.as_fd())? != self.identity.as_place()
            || !self.is_trusted(stat.st_uid)
        {
            return Ok(None);
        }
        let opened = match file::reopen(&place, flags) {
            // Without `/proc` the path is opened again, and compared again below.
            Err(Errno::NOENT) => {
                let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
                rustix::fs::open(path, flags, Mode::empty())?
            }
            opened => opened?,
        };
        Ok((file::identity(opened.as_fd())? == self.identity).then_some(opened))
    }

    /// Returns true if the entry's creator may lead this process to a file.
    ///
    /// A process with more rights must not open a file for a creator who could not have opened it:
    /// the file must be the creator's own, unless the creator is this user.
    fn is_trusted(&self, owner: u32) -> bool {
        self.owner == rustix::process::geteuid().as_raw()
            // In a container one number stands for all users that have none there.
            || (self.owner == owner && !user::is_anybody(self.owner))
    }
}
