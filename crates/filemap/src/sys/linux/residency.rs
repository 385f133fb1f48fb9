//! How much of a file, or of memory, is in memory.

#![expect(unsafe_code, reason = "a call that rustix does not have")]

use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::fs::{Access as Permission, AtFlags, CWD};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use crate::sys::SectionContract as _;
use crate::sys::platform::error::{during, last_errno};
use crate::sys::platform::mapped_range::{MapArguments, MappedRange};
use crate::sys::platform::{Extents, Section, page_size};
use crate::types::{Error, ErrorKind, Operation, Residency, Result};

/// Counts what is in memory and what is in holes, without bringing anything in.
pub(crate) fn residency(section: &Section, offset: u64, len: u64) -> Result<Residency> {
    let mut found = Residency { len, in_memory: 0, unwritten: Some(0), in_holes: len };
    if len == 0 {
        return Ok(found);
    }
    let mut extents = Extents::of(section, offset, len);
    while let Some(extent) = extents.next()? {
        found.in_holes = found.in_holes.saturating_sub(extent.end - extent.start);
    }
    let file = section.descriptor();
    let pages = match cached(file, offset, len) {
        // The call is refused before Linux 6.5, and in some sandboxes.
        Err(Errno::NOSYS) => present(file, offset, len),
        Err(Errno::PERM) if may_know(file) => present(file, offset, len),
        counted => counted,
    };
    let pages = pages.map_err(|errno| match errno {
        Errno::PERM => Error::new(ErrorKind::AccessDenied, Operation::LookAt)
            .because("only a user who may write a file can ask which of its pages are in memory"),
        errno => during(Operation::LookAt)(errno),
    })?;
    (found.in_memory, found.unwritten) = pages;
    /// `TMPFS_MAGIC` of statfs(2), of memory files as well.
    const TMPFS: u64 = 0x0102_1994;
    if rustix::fs::fstatfs(file).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(TMPFS)) {
        // Pages that were taken and not written to look like holes.
        found.in_holes = found.in_holes.min(len.saturating_sub(found.in_memory));
    }
    Ok(found)
}

/// Bytes that are in memory, and those of them that the disk does not have yet.
type Counted = (u64, Option<u64>);

/// `struct cachestat_range` of the kernel's `mman.h`.
#[repr(C)]
struct CacheStatRange {
    offset: u64,
    len: u64,
}

/// `struct cachestat` of the kernel's `mman.h`: numbers of pages.
#[repr(C)]
#[derive(Default)]
struct CacheStat {
    cached: u64,
    dirty: u64,
    in_writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Asks the page cache, by `cachestat`
/// (<https://docs.kernel.org/admin-guide/mm/index.html>, `mm/filemap.c` of Linux 6.5).
fn cached(file: BorrowedFd<'_>, offset: u64, len: u64) -> Result<Counted, Errno> {
    /// The number of `cachestat` on every processor that filemap runs on; the C library for
    /// static programs does not have it.
    const CACHESTAT: libc::c_long = 451;
    let range = CacheStatRange { offset, len };
    let mut counts = CacheStat::default();
    let (file, no_flags) = (file.as_raw_fd(), 0_u32);
    // SAFETY: the descriptor is open while it is borrowed, and both structures are the kernel's.
    let result =
        unsafe { libc::syscall(CACHESTAT, file, &raw const range, &raw mut counts, no_flags) };
    if result != 0 {
        return Err(last_errno());
    }
    let bytes = |pages: u64| pages.saturating_mul(page_size() as u64);
    let unwritten = counts.dirty.saturating_add(counts.in_writeback);
    Ok((bytes(counts.cached), Some(bytes(unwritten))))
}

/// Returns whether `mincore` answers for this user: for all others it reports all pages
/// ([mincore(2)](https://man7.org/linux/man-pages/man2/mincore.2.html), since Linux 5.2).
fn may_know(file: BorrowedFd<'_>) -> bool {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::accessat(CWD, path, Permission::WRITE_OK, AtFlags::EACCESS).is_ok()
}

/// Counts pages one by one, by `mincore`, which does not know what the disk has.
fn present(file: BorrowedFd<'_>, offset: u64, len: u64) -> Result<Counted, Errno> {
    /// How much is mapped at a time.
    const STEP: u64 = 1 << 28;
    if !may_know(file) {
        return Err(Errno::PERM);
    }
    let page = page_size() as u64;
    let end = offset.saturating_add(len);
    let mut at = offset - offset % page;
    let mut count = 0_u64;
    while at < end {
        let step = (end - at).min(STEP);
        // An emulator of user programs answers for readable pages alone.
        let (protection, sharing) = (ProtFlags::READ, MapFlags::SHARED);
        let len = usize::try_from(step).map_err(|_| Errno::OVERFLOW)?;
        let range =
            MappedRange::of_file(MapArguments { len, protection, sharing, file, offset: at }, 0)?;
        count += range.in_memory(&(0..len))?;
        at += step;
    }
    Ok((count.saturating_mul(page), None))
}
