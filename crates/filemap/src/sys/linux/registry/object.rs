//! The object behind an entry: how it is published, and how it is found again.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::{FileType, Mode, OFlags, Stat, StatVfsMountFlags};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno, from_io};
use crate::sys::platform::file::Identity;
use crate::sys::platform::registry::entry::Entry;
use crate::sys::platform::registry::holders;
use crate::sys::platform::registry::lock;
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::step::{self, Step};
use crate::sys::platform::registry::trailer::Trailer;
use crate::sys::platform::section::{committable, memory_len};
use crate::sys::platform::{Section, file, page_size};
use crate::sys::{Content, SectionContract as _, Space, Wanted};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Permissions, Protection, Result, Rights,
    geometry, plain,
};

/// An object that is to get a name.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    /// Bytes; 0 over a file means the file's length.
    pub(crate) size: u64,
    /// The file, if it is not to be memory.
    pub(crate) file: Option<Section>,
    /// The object is as long as its file, always.
    pub(crate) follows_file: bool,
    pub(crate) space: Space,
    /// Who else may open it.
    pub(crate) permissions: Permissions,
}

/// An object that has a name, with everything that its trailer tells.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) section: Section,
    pub(crate) entry: Entry,
    pub(crate) name: Name,
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    pub(crate) rights: Rights,
    pub(crate) content: Content,
}

/// What opening an entry told about it, besides the descriptor that carries the lock.
#[derive(Debug)]
pub(super) struct Opened {
    /// A description of its own, of the same mode and without a lock, if there is one.
    pub(super) again: Option<OwnedFd>,
    pub(super) stat: Stat,
    /// Whether it was opened for writing.
    pub(super) writable: bool,
}

/// Makes a complete, locked entry and gives it its name; `None` if the name is taken.
///
/// The draft stays whole if that fails, so that it can be tried again.
pub(super) fn publish(
    root: &Arc<Root>,
    file_name: &str,
    name: &Name,
    draft: &mut Draft,
) -> Result<Option<Found>> {
    let operation = Operation::CreateMapping;
    let Draft { protection, attributes, space, permissions, .. } = *draft;
    if draft.file.is_none()
        && (attributes.contains(Attributes::LARGE_PAGES)
            || (protection.is_executable() && forbids_code(root)))
    {
        draft.file = Some(Section::memory(draft.size, protection, attributes, space)?);
    }
    let (content, size, backing) = describe(draft)?;
    let mode = Mode::from_raw_mode(permissions.mode());
    let unnamed = root
        .create_unnamed(mode)
        .map_err(during(operation))
        .map_err(|error| error.or_about(|| format!("an entry in {}", plain(root.path()))))?;
    step::reached(Step::MadeUnnamed);
    let descriptor = unnamed.descriptor.as_fd();
    let stat = rustix::fs::fstat(descriptor).map_err(during(operation))?;
    // The process's file mode mask takes bits away from what a file is made with.
    if Mode::from_raw_mode(stat.st_mode) != mode {
        rustix::fs::fchmod(descriptor, mode).map_err(during(operation))?;
    }
    let trailer = Trailer {
        base: name.base().to_owned(),
        size,
        protection,
        attributes,
        content,
        backing,
        creator: std::process::id(),
        created: SystemTime::now(),
    };
    let bytes = trailer
        .encode(stat.st_ino, page_size())
        .ok_or_else(|| Error::new(ErrorKind::NameTooLong, operation))?;
    // The trailer's place settles the length of the whole file.
    let data_len =
        if trailer.content == Content::Memory { memory_len(size, attributes)? } else { 0 };
    let end = data_len.saturating_add(bytes.len() as u64);
    if i64::try_from(end).is_err() {
        return Err(Error::new(ErrorKind::SizeTooLarge, operation));
    }
    file::allowed(end, operation)?;
    if space == Space::AtOnce && data_len > 0 {
        file::reserve(descriptor, size, operation)?;
    }
    file::write_at(descriptor, data_len, &bytes, operation).map_err(|error| {
        match error.kind() {
            // The file system's own limit; the process's was looked at before.
            ErrorKind::FileTooLarge => {
                Error::new(ErrorKind::SizeTooLarge, operation).caused_by(error)
            }
            _ => error.nowhere(),
        }
    })?;
    step::reached(Step::WroteTrailer);
    if !lock::hold(descriptor).map_err(during(operation))? {
        // Where files without names are unknown, a sweep may take this one for a leftover.
        return Ok(None);
    }
    step::reached(Step::HeldUnnamed);
    // The last that can fail for a reason of the caller's: a file becomes longer only if its
    // mapping gets the name.
    if let Some(section) = draft.file.as_ref().filter(|section| section.is_file())
        && size > 0
    {
        section.grow(size, protection, space)?;
    }
    match unnamed.link(file_name) {
        Ok(()) => step::reached(Step::Linked),
        Err(Errno::EXIST | Errno::NOENT) => {
            step::reached(Step::LinkTaken);
            return Ok(None);
        }
        Err(errno) => return Err(from_errno(errno, operation)),
    }
    let inode = Inode::of(&stat);
    let mut entry = Entry::new(Arc::clone(root), file_name, inode, unnamed.into_descriptor());
    if !protection.is_writable() {
        // The handle may not write, so neither may the descriptor that it can be passed as.
        entry = entry.duplicate(protection.rights(), false)?;
    }
    let section = match (draft.file.take(), entry.lock()) {
        (Some(section), _) => section.with_size(size),
        (None, Some(lock)) => {
            let flags = if protection.is_writable() { OFlags::RDWR } else { OFlags::RDONLY };
            let again = root.open_again(file_name, flags, inode).ok().flatten();
            in_entry(lock, again, size, attributes, flags)?
        }
        (None, None) => return Ok(None),
    };
    let (name, rights, content) = (name.clone(), protection.rights(), trailer.content);
    Ok(Some(Found { section, entry, name, protection, attributes, rights, content }))
}

/// What the trailer of a drafted object is to tell: kind, size, and which file it is.
fn describe(draft: &Draft) -> Result<(Content, u64, Identity)> {
    let operation = Operation::CreateMapping;
    let Some(section) = &draft.file else {
        let size = geometry::round_up(draft.size, page_size())
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, operation))?;
        if draft.attributes.contains(Attributes::COMMIT) {
            committable(size)?;
        }
        return Ok((Content::Memory, size, Identity::default()));
    };
    let identity = section.identity(operation)?;
    if !section.is_file() {
        return Ok((Content::Held, section.size(), identity));
    }
    let size = if draft.follows_file { 0 } else { section.sized(draft.size, draft.protection)? };
    Ok((Content::File(path_of(section)), size, identity))
}

/// The memory of an entry, through a description without the entry's lock: `again`, or one
/// that is made for it.
fn in_entry(
    lock: BorrowedFd<'_>,
    again: Option<OwnedFd>,
    size: u64,
    attributes: Attributes,
    flags: OFlags,
) -> Result<Section> {
    let descriptor = match again.map_or_else(|| file::reopen(lock, flags), Ok) {
        Ok(descriptor) => descriptor,
        // A descriptor from another user, or no `/proc`: views then keep the name as well, which
        // is better than no views.
        Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) => {
            lock.try_clone_to_owned().map_err(from_io(Operation::OpenMapping))?
        }
        Err(errno) => return Err(from_errno(errno, Operation::OpenMapping)),
    };
    Ok(Section::in_entry(descriptor, size, attributes))
}

/// Turns a live, locked descriptor of an entry into a handle on its object.
pub(super) fn enter(
    root: Arc<Root>,
    file_name: &str,
    lock: OwnedFd,
    opened: Opened,
    name: &Name,
    wanted: Wanted,
    operation: Operation,
) -> Result<Found> {
    let trailer = read_trailer(lock.as_fd(), &opened.stat, operation)?
        .ok_or_else(|| damaged("it does not end as an entry does", operation))?;
    if trailer.base != name.base() {
        return Err(damaged("it belongs to another name", operation));
    }
    // From here on the name is let go of properly if its object cannot be reached.
    let entry = Entry::new(root, file_name, Inode::of(&opened.stat), lock);
    let lock = entry.lock().ok_or_else(|| Error::new(ErrorKind::Other, operation))?;
    let (section, rights) = reach(&trailer, lock, opened, wanted, operation)?;
    let Trailer { protection, attributes, content, .. } = trailer;
    Ok(Found { section, entry, name: name.clone(), protection, attributes, rights, content })
}

/// Opens the object that an entry describes; tells also the rights that were to be had.
pub(super) fn reach(
    trailer: &Trailer,
    lock: BorrowedFd<'_>,
    opened: Opened,
    wanted: Wanted,
    operation: Operation,
) -> Result<(Section, Rights)> {
    let Opened { again, stat: entry, writable } = opened;
    let Trailer { size, protection, attributes, backing, .. } = *trailer;
    let mut rights = match wanted {
        Wanted::Exactly(rights) => rights,
        Wanted::Most => protection.rights(),
    };
    let (section, writable) = match &trailer.content {
        Content::Memory => {
            let write = writable && protection.is_writable();
            let flags = if write { OFlags::RDWR } else { OFlags::RDONLY };
            // A handle that may not write gets a descriptor that cannot.
            let again = again.filter(|_| write == writable);
            (in_entry(lock, again, size, attributes, flags)?, writable)
        }
        Content::File(path) => {
            let write = protection.is_writable() && rights.contains(Rights::WRITE);
            let modes: &[bool] = match (write, wanted) {
                (false, _) => &[false],
                (true, Wanted::Exactly(_)) => &[true],
                (true, Wanted::Most) => &[true, false],
            };
            let named = Backing { path, identity: backing, owner: entry.st_uid };
            let (file, writable) = named.open(modes, operation)?;
            (Section::of_file(file, size)?, writable)
        }
        Content::Held => {
            let writable = protection.is_writable() && rights.contains(Rights::WRITE);
            let flags = if writable { OFlags::RDWR } else { OFlags::RDONLY };
            let trusted = |stat: &Stat| is_trusted(entry.st_uid, stat);
            let memory = holders::open(backing, flags, trusted).ok_or_else(|| {
                Error::new(ErrorKind::BackingGone, operation).because(
                    "its memory is reached through a process that holds it, and none was found",
                )
            })?;
            (Section::held(memory, size, attributes)?, writable)
        }
    };
    if wanted == Wanted::Most && !writable {
        rights -= Rights::WRITE;
    }
    Ok((section, rights))
}

/// The file that an entry names, as it is to be found again.
struct Backing<'trailer> {
    path: &'trailer Path,
    identity: Identity,
    /// Who made the entry.
    owner: u32,
}

impl Backing<'_> {
    /// Opens the very file that was named: by its path, or through somebody who holds it.
    ///
    /// `modes` says whether to write, in the order of preference; what was possible is told.
    fn open(&self, modes: &[bool], operation: Operation) -> Result<(OwnedFd, bool)> {
        let about = || format!("the file {} behind the name", plain(self.path));
        for write in modes {
            let flags = if *write { OFlags::RDWR } else { OFlags::RDONLY };
            match self.at_path(flags) {
                Ok(Some(opened)) => return Ok((opened, *write)),
                Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) if modes.len() == 1 => {
                    return Err(from_errno(errno, operation).about(about()));
                }
                _ => {}
            }
            // Renamed, replaced or removed since: the holders still have it.
            let trusted = |stat: &Stat| is_trusted(self.owner, stat);
            if let Some(opened) = holders::open(self.identity, flags, trusted) {
                return Ok((opened, *write));
            }
        }
        Err(Error::new(ErrorKind::BackingGone, operation).about(about()).because(
            "it is no longer at its path, or not its namer's to share, \
             and no process that holds it can be looked into",
        ))
    }

    /// Opens the file at the path, if it is the one.
    ///
    /// Looks before it opens: the path is what somebody else wrote, and opening a device or a
    /// pipe may do something.
    fn at_path(&self, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
        let place = rustix::fs::open(self.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let stat = rustix::fs::fstat(&place)?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if !regular
            || file::identity(place.as_fd())? != self.identity.as_place()
            || !is_trusted(self.owner, &stat)
        {
            return Ok(None);
        }
        let opened = match file::reopen(&place, flags) {
            // Without `/proc`: the path again, and another look.
            Err(Errno::NOENT) => {
                let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
                rustix::fs::open(self.path, flags, Mode::empty())?
            }
            opened => opened?,
        };
        Ok((file::identity(opened.as_fd())? == self.identity).then_some(opened))
    }
}

/// Tells whether the maker of an entry may lead this process to a file.
///
/// A process with more rights than the maker must not be led to a file that the maker could not
/// have opened: the file must be the maker's own, unless the maker is this user.
fn is_trusted(maker: u32, file: &Stat) -> bool {
    maker == rustix::process::geteuid().as_raw() || maker == file.st_uid
}

/// Reads what an entry tells about its object; `None` if it is no entry.
pub(super) fn read_trailer(
    descriptor: BorrowedFd<'_>,
    stat: &Stat,
    operation: Operation,
) -> Result<Option<Trailer>> {
    let page = page_size();
    let file_len = file::length(stat);
    let Some(start) = file_len.checked_sub(page as u64) else { return Ok(None) };
    let mut bytes = vec![0; page];
    if file::read_at(descriptor, start, &mut bytes, operation)? < page {
        return Ok(None);
    }
    let Some(len) = Trailer::len_of(&bytes, stat.st_ino) else { return Ok(None) };
    if len > page {
        let Some(start) = file_len.checked_sub(len as u64) else { return Ok(None) };
        bytes = vec![0; len];
        if file::read_at(descriptor, start, &mut bytes, operation)? < len {
            return Ok(None);
        }
    }
    Trailer::decode(&bytes, file_len, page).map(Some).map_err(|why| damaged(why, operation))
}

pub(super) fn damaged(why: &'static str, operation: Operation) -> Error {
    Error::new(ErrorKind::DamagedEntry, operation)
        .because(format!("its entry in the registry is damaged: {why}"))
}

/// Tells whether pages of the root's file system may not be executed, as in most containers.
fn forbids_code(root: &Root) -> bool {
    rustix::fs::fstatvfs(root.descriptor())
        .is_ok_and(|state| state.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

/// The path at which a file is now; empty where `/proc` does not tell.
fn path_of(section: &Section) -> PathBuf {
    let link = format!("/proc/self/fd/{}", section.descriptor().as_raw_fd());
    std::fs::read_link(link).unwrap_or_default()
}
