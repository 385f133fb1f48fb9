//! Creating the entry of a new mapping, complete and locked before others can see it.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::file::Identity;
use crate::sys::platform::registry::entry::Entry;
use crate::sys::platform::registry::object::{access, in_entry};
use crate::sys::platform::registry::proc_fd::Place;
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::trailer::Trailer;
use crate::sys::platform::registry::{lock, mode};
use crate::sys::platform::step::{self, Step};
use crate::sys::platform::{Section, commit_limit, file, memory_file, page_size, waitable};
use crate::sys::size;
use crate::sys::{Content, Draft, Opened, SectionContract as _, Space};
use crate::types::{Attributes, Error, ErrorKind, Lifetime, Name, Operation, Result, plain};

const OPERATION: Operation = Operation::CreateMapping;

/// What an entry is made of.
#[derive(Debug)]
pub(super) struct Plan<'draft> {
    pub(super) draft: &'draft mut Draft,
    /// The object that its memory is to be.
    pub(super) waitable: Option<&'draft mut waitable::Draft>,
}

/// Creates an entry and links it to its name; `None` if the name is taken.
///
/// After a failure the draft can be tried again.
pub(super) fn publish(
    root: &Arc<Root>,
    file_name: &str,
    name: &Name,
    Plan { draft, waitable }: &mut Plan<'_>,
) -> Result<Option<Opened>> {
    let Draft { protection, attributes, space, lifetime, permissions, .. } = **draft;
    let separate = lifetime == Lifetime::Holders
        || attributes.contains(Attributes::LARGE_PAGES)
        || (protection.is_executable() && forbids_code(root));
    if draft.object.is_none() && separate {
        draft.object = Some(Section::memory(draft.size.bytes(), protection, attributes, space)?);
    }
    let (mut content, size, backing) = describe(draft)?;
    if let Some(waitable) = waitable {
        content = Content::Waitable(waitable.new.initial.kind());
    }
    let mode_bits = mode::of(permissions, &content);
    let place = match &draft.object {
        Some(section) if content == Content::Held => Place::of(section.descriptor()),
        _ => Place::default(),
    };
    if lifetime == Lifetime::Holders && content == Content::Held && !place.shows(backing) {
        return Err(Error::new(ErrorKind::NotSupported, OPERATION).because(
            "others reach memory of its holders alone through /proc, which does not show them that \
             of this process",
        ));
    }
    let unnamed = root.create_unnamed(mode_bits).map_err(|errno| {
        from_errno(errno, OPERATION).about(format!("an entry in {}", plain(root.path())))
    })?;
    step::reached(Step::MadeUnnamed);
    let descriptor = unnamed.descriptor.as_fd();
    let stat = rustix::fs::fstat(descriptor).map_err(during(OPERATION))?;
    // The process's file mode mask has taken bits away.
    if Mode::from_raw_mode(stat.st_mode) != mode_bits {
        rustix::fs::fchmod(descriptor, mode_bits).map_err(during(OPERATION))?;
    }
    let (base, creator) = (name.base().to_owned(), std::process::id());
    let created = SystemTime::now();
    let generation = u64::from(draft.generations);
    let trailer = Trailer {
        base,
        size,
        protection,
        attributes,
        content,
        backing,
        place,
        generation,
        creator,
        created,
    };
    write(descriptor, stat.st_ino, &trailer, space).map_err(|error| match error.kind() {
        ErrorKind::DiskFull => {
            error.because(format!("there is no space left in {}", plain(root.path())))
        }
        _ => error,
    })?;
    step::reached(Step::WroteTrailer);
    let is_held = lock::hold(descriptor, lock::ENTRY).or_else(|errno| match errno {
        Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP => unfit(root, "has no locks"),
        errno => Err(from_errno(errno, OPERATION)),
    })?;
    if !is_held {
        // A file with a temporary name may be swept before it is locked.
        return Ok(None);
    }
    step::reached(Step::HeldUnnamed);
    // The last step that can fail for want of something: a file becomes longer only if its mapping
    // gets the name.
    if let (Some(section), Some(size)) = (&draft.object, size)
        && section.is_file()
    {
        section.grow(size, protection, space)?;
    }
    if let Some(waitable) = waitable {
        waitable.write(descriptor)?;
    }
    match unnamed.link(root, file_name) {
        Ok(()) => step::reached(Step::Linked),
        Err(Errno::EXIST | Errno::NOENT) => {
            step::reached(Step::LinkTaken);
            return Ok(None);
        }
        Err(Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP) => {
            return unfit(root, "does not link files to names");
        }
        Err(errno) => return Err(from_errno(errno, OPERATION)),
    }
    let (inode, write) = (Inode::of(&stat), protection.is_writable());
    let mut entry = Entry::new(Arc::clone(root), file_name, inode, unnamed.descriptor);
    // A description for views is needed of memory in the entry alone.
    let is_separate = draft.object.is_some() && root.is_known_to_share_locks();
    let second = if is_separate && root.leads_to(file_name, inode) {
        None
    } else {
        match look_again(root, file_name, inode, access(write))? {
            // The root was removed or renamed.
            None => return Ok(None),
            second => second,
        }
    };
    if let (Some(waitable), Some(second)) = (waitable, &second) {
        waitable.show(second.as_fd()).map_err(during(OPERATION))?;
    }
    if !write {
        // The handle may be passed on as its descriptor, which must not be able to write either.
        entry = entry.duplicate(protection.rights(), false)?;
    }
    let section = match (draft.object.take(), entry.lock()) {
        (Some(section), _) => section.with_size(size),
        (None, Some(lock)) => in_entry(lock, second, &trailer, access(write))?,
        (None, None) => return Ok(None),
    };
    Ok(Some(trailer.opened(section, protection.rights(), Some((entry, name.clone())))))
}

/// Opens a new entry by the path that others take; `None` if that leads elsewhere by now.
///
/// # Errors
///
/// [`ErrorKind::NotSupported`] if others would not find the entry, or not see its lock.
fn look_again(
    root: &Root,
    file_name: &str,
    inode: Inode,
    flags: OFlags,
) -> Result<Option<OwnedFd>> {
    match root.open_again(file_name, flags, inode) {
        Ok(Some(second)) if root.shares_locks(second.as_fd()) => Ok(Some(second)),
        _ if root.is_stale() => Ok(None),
        Ok(found) => {
            // Nobody else can have a handle, and the entry would not be known as this one.
            let _ignored = root.unlink(file_name);
            unfit(
                root,
                match found {
                    Some(_) => "does not show the locks of one process to another",
                    None => "gives a file another number under its name",
                },
            )
        }
        Err(errno) => Err(from_errno(errno, OPERATION)),
    }
}

/// The error where a root's file system lacks what names need.
fn unfit<T>(root: &Root, why: &str) -> Result<T> {
    Err(Error::new(ErrorKind::NotSupported, OPERATION)
        .about(format!("an entry in {}", plain(root.path())))
        .because(format!("its file system {why}")))
}

/// Writes a trailer where it belongs, which sets the length of the whole file.
fn write(descriptor: BorrowedFd<'_>, inode: u64, trailer: &Trailer, space: Space) -> Result<()> {
    let too_large = || Error::new(ErrorKind::SizeTooLarge, OPERATION);
    let bytes = trailer
        .encode(inode, page_size())
        .ok_or_else(|| Error::new(ErrorKind::NameTooLong, OPERATION))?;
    let memory = trailer.size.filter(|_| trailer.content.is_in_entry());
    let data_len = memory.map_or(Ok(0), |size| memory_file::pages_len(size, trailer.attributes))?;
    let end = data_len.saturating_add(bytes.len() as u64);
    if i64::try_from(end).is_err() {
        return Err(too_large());
    }
    file::allowed(end, OPERATION)?;
    if let (Some(size), Space::AtOnce) = (memory, space) {
        memory_file::take(descriptor, size)?;
    }
    file::write_at(descriptor, data_len, &bytes, OPERATION).map_err(|error| match error.kind() {
        // The file system's limit; the process's limit was checked above.
        ErrorKind::FileTooLarge => too_large().caused_by(error),
        _ => error.nowhere(),
    })
}

/// Returns what the trailer is to say about a draft: content, size, and which file it is.
fn describe(draft: &Draft) -> Result<(Content, Option<u64>, Identity)> {
    let Some(section) = &draft.object else {
        let size = size::of_memory(draft.size.bytes(), page_size(), draft.attributes)?;
        if draft.attributes.contains(Attributes::COMMIT) {
            commit_limit::check(size, draft.space)?;
        }
        return Ok((Content::Memory, Some(size), Identity::default()));
    };
    if !section.is_file() {
        let (identity, _) =
            memory_file::identity(section.descriptor()).map_err(during(OPERATION))?;
        return Ok((Content::Held, section.size(), identity));
    }
    let size = section.sized(draft.size, draft.protection)?;
    // A file that no path leads to is reached as memory is: through those who have it open.
    if section.is_unlinked()? {
        let (identity, _) =
            memory_file::identity(section.descriptor()).map_err(during(OPERATION))?;
        return Ok((Content::Held, size, identity));
    }
    let identity = section.identity(OPERATION)?;
    // Without `/proc` the path is the caller's word, or is not known.
    let link = format!("/proc/self/fd/{}", section.descriptor().as_raw_fd());
    let path = std::fs::read_link(link).ok().or_else(|| draft.path.clone()).unwrap_or_default();
    Ok((Content::File(path), size, identity))
}

/// Returns true if pages of the root's file system may not be executed, as in most containers.
fn forbids_code(root: &Root) -> bool {
    rustix::fs::fstatvfs(root.descriptor())
        .is_ok_and(|state| state.f_flag.contains(StatVfsMountFlags::NOEXEC))
}
