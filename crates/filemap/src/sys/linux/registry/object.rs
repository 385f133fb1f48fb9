//! The object behind an entry: how it is published, and how it is found again.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags, Stat, StatVfsMountFlags};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::registry::entry::{Entry, Lock, try_lock};
use crate::sys::platform::registry::holders;
use crate::sys::platform::registry::root::Root;
use crate::sys::platform::registry::trailer::Trailer;
use crate::sys::platform::section::committable;
use crate::sys::platform::{Section, file, page_size};
use crate::sys::{Content, SectionContract as _, Wanted};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Protection, Result, Rights, geometry,
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
}

/// An object that has a name, with everything that its trailer tells.
#[derive(Debug)]
pub(crate) struct Found {
    /// Dropped before the entry: closing comes before looking whether anybody is left.
    pub(crate) section: Section,
    pub(crate) entry: Entry,
    pub(crate) name: Name,
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    pub(crate) rights: Rights,
    pub(crate) content: Content,
}

/// Makes a complete, locked entry and gives it its name; `None` if the name is taken.
pub(super) fn publish(
    root: &Arc<Root>,
    file_name: &str,
    name: &Name,
    draft: &mut Draft,
) -> Result<Option<Found>> {
    let operation = Operation::CreateMapping;
    let Draft { protection, attributes, size, .. } = *draft;
    if let Some(section) = draft.file.take() {
        // Growing the file waits until the name was seen to be free: opening an existing
        // object must not change anything.
        draft.file = Some(if draft.follows_file || section.size() > 0 {
            section
        } else {
            section.settled(size, protection)?
        });
    } else if attributes.contains(Attributes::LARGE_PAGES)
        || (protection.is_executable() && forbids_code(root))
    {
        draft.file = Some(Section::memory(size, protection, attributes)?);
    }
    let (content, object_size, backing) = match &draft.file {
        Some(section) => {
            let stat = section.identity(operation)?;
            let content =
                if section.is_file() { Content::File(path_of(section)) } else { Content::Held };
            (content, section.size(), (stat.st_dev, stat.st_ino))
        }
        None => {
            let size = geometry::round_up(size, page_size())
                .filter(|size| i64::try_from(*size).is_ok())
                .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, operation))?;
            if attributes.contains(Attributes::COMMIT) {
                committable(size)?;
            }
            (Content::Memory, size, (0, 0))
        }
    };
    let unnamed = root
        .create_unnamed(Mode::RUSR | Mode::WUSR)
        .map_err(during(operation))
        .map_err(|error| error.or_about(|| format!("an entry in {}", root.path().display())))?;
    let descriptor = unnamed.descriptor.as_fd();
    let inode = rustix::fs::fstat(descriptor).map_err(during(operation))?.st_ino;
    let trailer = Trailer {
        base: name.base().to_owned(),
        size: object_size,
        protection,
        attributes,
        content,
        backing,
        creator: std::process::id(),
        created: SystemTime::now(),
    };
    let bytes = trailer
        .encode(inode, page_size())
        .ok_or_else(|| Error::new(ErrorKind::NameTooLong, operation))?;
    // The trailer's place settles the length of the whole file.
    let data_len = if trailer.content == Content::Memory { object_size } else { 0 };
    file::allowed(data_len.saturating_add(bytes.len() as u64), operation)?;
    file::write_at(descriptor, data_len, &bytes, operation)?;
    if !try_lock(descriptor, Lock::Shared, operation)? {
        return Err(Error::new(ErrorKind::Other, operation)
            .because("a file that nobody else knows is locked"));
    }
    match unnamed.link(file_name) {
        Ok(()) => {}
        Err(Errno::EXIST | Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(from_errno(errno, operation)),
    }
    let descriptor = unnamed.into_descriptor();
    let (section, lock) = match draft.file.take() {
        Some(section) => (section, Some(descriptor)),
        None if protection.is_writable() => (Section::in_entry(descriptor, object_size), None),
        None => {
            // The creator's handle may read, so its descriptor may: a new description with a
            // lock of its own, taken while the first still holds.
            let first = Section::in_entry(descriptor, object_size);
            let section = first.duplicate(Rights::READ)?;
            let locked = try_lock(section.descriptor(), Lock::Shared, operation)?;
            drop(first);
            if !locked {
                return Ok(None);
            }
            (section, None)
        }
    };
    let entry = Entry::new(Arc::clone(root), file_name, lock).with(&section);
    Ok(Some(Found {
        section,
        entry,
        name: name.clone(),
        protection,
        attributes,
        rights: protection.rights(),
        content: trailer.content,
    }))
}

/// Turns a live, locked descriptor of an entry into a handle on its object.
pub(super) fn enter(
    root: Arc<Root>,
    file_name: &str,
    descriptor: OwnedFd,
    stat: &Stat,
    name: &Name,
    wanted: Wanted,
    operation: Operation,
) -> Result<Found> {
    let trailer = read_trailer(descriptor.as_fd(), stat, operation)?
        .ok_or_else(|| damaged("it does not end as an entry does", operation))?;
    if trailer.base != name.base() {
        return Err(damaged("it belongs to another name", operation));
    }
    // If the object cannot be reached, the descriptor and its lock are let go of without a
    // look whether they were the last: whoever looks next does that.
    let Reached { section, lock, rights } = reach(&trailer, descriptor, wanted, operation)?;
    let entry = Entry::new(root, file_name, lock).with(&section);
    let Trailer { protection, attributes, content, .. } = trailer;
    Ok(Found { section, entry, name: name.clone(), protection, attributes, rights, content })
}

/// An object that was reached through its entry.
pub(super) struct Reached {
    pub(super) section: Section,
    /// The entry's descriptor, if the section is not in the entry.
    pub(super) lock: Option<OwnedFd>,
    pub(super) rights: Rights,
}

/// Opens the object that an entry describes.
pub(super) fn reach(
    trailer: &Trailer,
    descriptor: OwnedFd,
    wanted: Wanted,
    operation: Operation,
) -> Result<Reached> {
    let Trailer { size, protection, backing, .. } = *trailer;
    let mut rights = match wanted {
        Wanted::Exactly(rights) => rights,
        Wanted::Most => protection.rights(),
    };
    let (section, lock, writable) = match &trailer.content {
        Content::Memory => {
            let writable = file::mode(descriptor.as_fd(), operation)?.write;
            (Section::in_entry(descriptor, size), None, writable)
        }
        Content::File(path) => {
            let (file, writable) =
                open_backing(path, backing, protection, rights, wanted, operation)?;
            (Section::of_file(file, size), Some(descriptor), writable)
        }
        Content::Held => {
            let writable = protection.is_writable() && rights.contains(Rights::WRITE);
            let flags = if writable { OFlags::RDWR } else { OFlags::RDONLY };
            let memory = holders::open(backing, flags).ok_or_else(|| {
                Error::new(ErrorKind::BackingGone, operation).because(
                    "its memory is reached through a process that holds it, and none was found",
                )
            })?;
            (Section::held(memory, size)?, Some(descriptor), writable)
        }
    };
    if wanted == Wanted::Most && !writable {
        rights -= Rights::WRITE;
    }
    Ok(Reached { section, lock, rights })
}

/// Opens the very file that was named: by its path, or through somebody who holds it.
///
/// Tells also whether the file could be opened for writing.
fn open_backing(
    path: &Path,
    identity: (u64, u64),
    protection: Protection,
    rights: Rights,
    wanted: Wanted,
    operation: Operation,
) -> Result<(OwnedFd, bool)> {
    let is_it = |opened: &OwnedFd| {
        rustix::fs::fstat(opened).is_ok_and(|stat| (stat.st_dev, stat.st_ino) == identity)
    };
    let at_path = |flags: OFlags| {
        rustix::fs::open(path, flags | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())
    };
    let about = || format!("the file {} behind the name", path.display());
    let write = protection.is_writable() && rights.contains(Rights::WRITE);
    let modes: &[(OFlags, bool)] = match (write, wanted) {
        (false, _) => &[(OFlags::RDONLY, false)],
        (true, Wanted::Exactly(_)) => &[(OFlags::RDWR, true)],
        (true, Wanted::Most) => &[(OFlags::RDWR, true), (OFlags::RDONLY, false)],
    };
    for (flags, writable) in modes {
        match at_path(*flags) {
            Ok(opened) if is_it(&opened) => return Ok((opened, *writable)),
            Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) if modes.len() == 1 => {
                return Err(from_errno(errno, operation).about(about()));
            }
            _ => {}
        }
        // Renamed, replaced or removed since: the holders still have it.
        if let Some(opened) = holders::open(identity, *flags) {
            return Ok((opened, *writable));
        }
    }
    Err(Error::new(ErrorKind::BackingGone, operation)
        .about(about())
        .because("it is no longer at its path, and no process that holds it can be looked into"))
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
