//! Memory files: how one is made, and what its mode and its seals say of it.
//!
//! The mode says what the kernel has no attribute for: whether pages may be executed, whether they must
//! be committed, and whether they are an object to wait for. So another process needs only the descriptor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, MemfdFlags, Mode, SealFlags, Stat, StatxFlags};
use rustix::io::Errno;

use crate::sys::features;
use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::page_size;
use crate::types::{Attributes, Error, ErrorKind, Operation, Result, geometry};

/// The bit of the mode of a file whose pages may be executed.
const EXECUTABLE: Mode = Mode::XUSR;

/// The bit of the mode of a file whose pages must be committed. The kernel gives it no meaning.
const RESERVED: Mode = Mode::SVTX;

/// The mode of a file that is an object to wait for, which no other has. It lets the group read it,
/// and nobody reaches the file but through a process that has it.
const WAITABLE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP);

/// The last bytes of memory that a program was laid out in.
pub(super) const IMAGE_MAGIC: [u8; 8] = *b"fmimage\n";

/// Creates an empty memory file.
pub(super) fn create(executable: bool, attributes: Attributes) -> Result<OwnedFd> {
    let operation = Operation::CreateMapping;
    let large = attributes.contains(Attributes::LARGE_PAGES);
    let mut flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    flags.set(MemfdFlags::HUGETLB, large);
    // Kernels before 6.3 know neither flag; there the mode alone decides.
    let explicit = if executable { MemfdFlags::EXEC } else { MemfdFlags::NOEXEC_SEAL };
    let descriptor = match rustix::fs::memfd_create("filemap", flags | explicit) {
        Err(Errno::INVAL) => rustix::fs::memfd_create("filemap", flags),
        other => other,
    };
    let descriptor = descriptor.map_err(|errno| match errno {
        Errno::NODEV | Errno::NOENT if large => {
            Error::new(ErrorKind::NotSupported, operation).because("this kernel has no large pages")
        }
        Errno::PERM if large => Error::new(ErrorKind::PrivilegeNotHeld, operation)
            .because("this process may not use large pages"),
        errno => from_errno(errno, operation),
    })?;
    let mut mode = Mode::RUSR | Mode::WUSR;
    mode.set(EXECUTABLE, executable);
    mode.set(RESERVED, attributes.contains(Attributes::RESERVE));
    rustix::fs::fchmod(&descriptor, mode).map_err(during(operation))?;
    Ok(descriptor)
}

/// Creates an empty memory file that an object to wait for is to be in.
pub(super) fn for_waitable() -> Result<OwnedFd> {
    let descriptor = create(false, Attributes::COMMIT)?;
    rustix::fs::fchmod(&descriptor, WAITABLE).map_err(during(Operation::CreateMapping))?;
    Ok(descriptor)
}

/// Returns whether a file is memory with an object to wait for.
pub(super) fn is_waitable(descriptor: BorrowedFd<'_>, stat: &Stat) -> bool {
    // Memory files of other programs have all bits.
    Mode::from_raw_mode(stat.st_mode) == WAITABLE && is_memory(descriptor, stat)
}

/// Takes memory for all pages of an empty file.
pub(super) fn take(descriptor: BorrowedFd<'_>, size: u64) -> Result<()> {
    let operation = Operation::CreateMapping;
    match take_range(descriptor, 0, size, operation) {
        // Sandboxes forbid the call. What is written is there.
        Err(error) if error.kind() == ErrorKind::NotSupported => {
            file::append_zeros(descriptor, size).map_err(during(operation))
        }
        taken => taken,
    }
}

/// Takes memory for a range of pages, some of which may have theirs.
///
/// # Errors
///
/// Those of [`file::preallocate`]. What was taken before stays with the file.
pub(super) fn take_range(
    descriptor: BorrowedFd<'_>,
    offset: u64,
    len: u64,
    operation: Operation,
) -> Result<()> {
    /// Bytes that are taken at a time, in about a millisecond: a signal that arrives ends the call,
    /// and has all of it begun again.
    const STEP: u64 = 4 << 20;
    let mut done = 0;
    while done < len {
        let step = STEP.min(len - done);
        file::preallocate(descriptor, offset + done, step, operation)?;
        done += step;
    }
    Ok(())
}

/// Sets the length of a file that was just created.
pub(super) fn set_len(descriptor: BorrowedFd<'_>, len: u64) -> Result<()> {
    let operation = Operation::CreateMapping;
    file::allowed(len, operation)?;
    rustix::fs::ftruncate(descriptor, len).map_err(during(operation))
}

/// Fixes the length, so that nobody can take pages from under a view; with `contents`, the bytes
/// as well.
pub(super) fn seal(descriptor: BorrowedFd<'_>, contents: bool) -> Result<()> {
    let mut seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    seals.set(SealFlags::WRITE, contents);
    rustix::fs::fcntl_add_seals(descriptor, seals).map_err(during(Operation::CreateMapping))
}

/// Returns whether nobody can make a memory file shorter. It has no limit of its own either, so it
/// loses no page.
#[cfg(guard_assembly)]
pub(super) fn is_whole_for_ever(descriptor: BorrowedFd<'_>) -> bool {
    rustix::fs::fcntl_get_seals(descriptor).is_ok_and(|seals| seals.contains(SealFlags::SHRINK))
}

/// Returns whether a file is memory. Files of tmpfs have seals as well, and a name.
pub(super) fn is_memory(descriptor: BorrowedFd<'_>, stat: &Stat) -> bool {
    stat.st_nlink == 0 && rustix::fs::fcntl_get_seals(descriptor).is_ok()
}

/// Which memory it is, and who owns it: by one call, as memory is in no layers and has no generation.
///
/// It takes a descriptor that only names a place as well. No file system is asked that could keep this
/// process waiting.
pub(super) fn identity(descriptor: impl AsFd) -> Result<(Identity, u32), Errno> {
    let wanted = StatxFlags::INO | StatxFlags::UID | StatxFlags::BTIME;
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    match rustix::fs::statx(&descriptor, c"", flags, wanted) {
        Ok(state) => {
            let device = rustix::fs::makedev(state.stx_dev_major, state.stx_dev_minor);
            let (inode, born) = (state.stx_ino, file::born(&state));
            Ok((Identity { device, inode, born, generation: 0 }, state.stx_uid))
        }
        // Some sandboxes know no `statx`.
        Err(Errno::NOSYS | Errno::PERM) => {
            let stat = rustix::fs::fstat(descriptor)?;
            let (device, inode) = (stat.st_dev, stat.st_ino);
            Ok((Identity { device, inode, born: 0, generation: 0 }, stat.st_uid))
        }
        Err(errno) => Err(errno),
    }
}

/// Returns whether pages of a memory file may be executed.
pub(super) fn is_executable(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).contains(EXECUTABLE)
}

/// Returns whether pages of a memory file must be committed.
pub(super) fn is_reserved(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).contains(RESERVED)
}

/// Returns whether a program was laid out in a memory file of `len` bytes.
pub(super) fn is_image(descriptor: BorrowedFd<'_>, len: u64, operation: Operation) -> Result<bool> {
    let sealed = rustix::fs::fcntl_get_seals(descriptor)
        .is_ok_and(|seals| seals.contains(SealFlags::WRITE | SealFlags::SHRINK));
    let mut last = [0; IMAGE_MAGIC.len()];
    match len.checked_sub(last.len() as u64) {
        Some(at) if sealed => {
            let read = file::read_at(descriptor, at, &mut last, operation)?;
            Ok(read == last.len() && last == IMAGE_MAGIC)
        }
        _ => Ok(false),
    }
}

/// Returns how many bytes a page of a memory file has.
pub(super) fn unit(descriptor: BorrowedFd<'_>) -> Result<usize> {
    /// `HUGETLBFS_MAGIC` of statfs(2).
    const HUGETLBFS: u64 = 0x9584_58f6;
    let operation = Operation::CreateMapping;
    let stat = rustix::fs::fstat(descriptor).map_err(during(operation))?;
    // On hugetlbfs the block size is that of its pages. Other file systems may have large blocks.
    let block = usize::try_from(stat.st_blksize).unwrap_or(0);
    if !block.is_power_of_two() || block <= page_size() {
        return Ok(page_size());
    }
    let system = rustix::fs::fstatfs(descriptor).map_err(during(operation))?;
    let is_huge = u64::try_from(system.f_type) == Ok(HUGETLBFS);
    Ok(if is_huge { block } else { page_size() })
}

/// Returns how many bytes hold memory of `size` bytes: whole pages and, if they are reserved, a byte
/// for each of them.
pub(super) fn pages_len(size: u64, attributes: Attributes) -> Result<u64> {
    let operation = Operation::CreateMapping;
    features::check(attributes, operation)?;
    let is_reserved = attributes.contains(Attributes::RESERVE);
    geometry::round_up(size, page_size())
        .and_then(|whole| whole.checked_add(if is_reserved { commitment_len(whole) } else { 0 }))
        .filter(|len| i64::try_from(*len).is_ok())
        .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, operation))
}

/// Returns how long a memory file of `size` bytes is, which tells the size to whoever has nothing
/// but the descriptor.
///
/// If its pages are reserved, as many bytes follow the whole pages as the last of the memory has.
pub(super) fn len(size: u64, attributes: Attributes) -> Result<u64> {
    let whole = pages_len(size, attributes)?;
    let is_reserved = attributes.contains(Attributes::RESERVE);
    Ok(if is_reserved { whole + size % page_size() as u64 } else { size })
}

/// Returns how many bytes say which pages of `size` bytes are committed: whole pages.
fn commitment_len(size: u64) -> u64 {
    size.div_ceil(page_size() as u64).next_multiple_of(page_size() as u64)
}

/// Returns how many bytes the memory has whose file is `len` bytes long, if its pages are reserved.
pub(super) fn size_within(len: u64) -> Option<u64> {
    let page = page_size() as u64;
    let rest = len % page;
    // A page of bytes stands for `page` others, and so one of each `page + 1` holds them.
    let pages = len / page;
    let size = (pages - pages.div_ceil(page + 1)) * page;
    let exact = if rest == 0 { size } else { size.checked_sub(page)? + rest };
    (size > 0 && size + commitment_len(size) + rest == len).then_some(exact)
}
