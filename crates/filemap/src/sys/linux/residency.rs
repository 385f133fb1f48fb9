//! How much of a file, or of memory, is in memory.

#![expect(unsafe_code, reason = "two calls that rustix does not have, over a map of their own")]

use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::NonNull;

use rustix::fs::{Access as Permission, AtFlags, CWD};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::sys::SectionContract as _;
use crate::sys::platform::error::during;
use crate::sys::platform::{Extents, Section, page_size};
use crate::types::{Error, ErrorKind, Operation, Residency, Result};

/// Counts what is in memory and what is in holes, without bringing anything in.
pub(crate) fn residency(section: &Section, offset: u64, len: u64) -> Result<Residency> {
    let mut found = Residency { len, in_memory: 0, unwritten: Some(0), in_holes: len };
    if len == 0 {
        return Ok(found);
    }
    let mut extents = Extents::of(section, offset, len);
    while let Some(part) = extents.next()? {
        found.in_holes = found.in_holes.saturating_sub(part.end - part.start);
    }
    let file = section.descriptor();
    let pages = match cached(file, offset, len) {
        // Not before Linux 6.5, and not in every sandbox: both of these say no to the call itself.
        Err(Errno::NOSYS) => present(file, offset, len),
        Err(Errno::PERM) if may_know(file) => present(file, offset, len),
        told => told,
    };
    let pages = pages.map_err(|errno| match errno {
        Errno::PERM => Error::new(ErrorKind::AccessDenied, Operation::LookAt)
            .because("only who may write a file is told which of its pages are in memory"),
        errno => during(Operation::LookAt)(errno),
    })?;
    found.in_memory = pages.in_memory;
    found.unwritten = pages.unwritten;
    Ok(found)
}

/// What was counted, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pages {
    in_memory: u64,
    unwritten: Option<u64>,
}

/// `struct cachestat_range` of the kernel's `mman.h`.
#[repr(C)]
struct Asked {
    offset: u64,
    len: u64,
}

/// `struct cachestat` of the kernel's `mman.h`: numbers of pages.
#[repr(C)]
#[derive(Default)]
struct Told {
    cached: u64,
    dirty: u64,
    in_writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Asks the page cache, by `cachestat`
/// (<https://docs.kernel.org/admin-guide/mm/index.html>, `mm/filemap.c` of Linux 6.5).
fn cached(file: BorrowedFd<'_>, offset: u64, len: u64) -> Result<Pages, Errno> {
    /// The number of `cachestat` on every processor that filemap runs on; the C library for
    /// static programs does not have it.
    const CACHESTAT: libc::c_long = 451;
    let asked = Asked { offset, len };
    let mut told = Told::default();
    let (file, no_flags) = (file.as_raw_fd(), 0_u32);
    // SAFETY: the descriptor is open while it is borrowed, and both structures are the kernel's.
    let result =
        unsafe { libc::syscall(CACHESTAT, file, &raw const asked, &raw mut told, no_flags) };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    let bytes = |pages: u64| pages.saturating_mul(page_size() as u64);
    Ok(Pages {
        in_memory: bytes(told.cached),
        unwritten: Some(bytes(told.dirty.saturating_add(told.in_writeback))),
    })
}

/// Tells whether `mincore` would tell the truth: to everybody else it says that all is in memory
/// ([mincore(2)](https://man7.org/linux/man-pages/man2/mincore.2.html), since Linux 5.2).
fn may_know(file: BorrowedFd<'_>) -> bool {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::accessat(CWD, path, Permission::WRITE_OK, AtFlags::EACCESS).is_ok()
}

/// Asks about the pages one by one, by `mincore`, which does not tell what the disk has.
fn present(file: BorrowedFd<'_>, offset: u64, len: u64) -> Result<Pages, Errno> {
    /// How much is mapped at a time.
    const PIECE: u64 = 1 << 28;
    if !may_know(file) {
        return Err(Errno::PERM);
    }
    let page = page_size() as u64;
    let end = offset.saturating_add(len);
    let mut at = offset - offset % page;
    let mut count = 0_u64;
    while at < end {
        let piece = (end - at).min(PIECE);
        let range = Untouched::map(file, at, usize::try_from(piece).map_err(|_| Errno::OVERFLOW)?)?;
        count += range.present()?;
        at += piece;
    }
    Ok(Pages { in_memory: count.saturating_mul(page), unwritten: None })
}

/// Mapped pages that are never touched.
///
/// `start` and `len` are those of a map that nobody else knows of.
struct Untouched {
    start: NonNull<std::ffi::c_void>,
    len: usize,
}

impl Untouched {
    fn map(file: BorrowedFd<'_>, offset: u64, len: usize) -> Result<Self, Errno> {
        let anywhere = std::ptr::null_mut();
        // An emulator of user programs answers for readable pages alone.
        let (readable, shared) = (ProtFlags::READ, MapFlags::SHARED);
        // SAFETY: the system chooses where, so nothing that is in use is replaced.
        let start = unsafe { mmap(anywhere, len, readable, shared, file, offset) }?;
        Ok(Self { start: NonNull::new(start).ok_or(Errno::NOMEM)?, len })
    }

    /// How many of the pages are in memory.
    fn present(&self) -> Result<u64, Errno> {
        let mut pages = vec![0_u8; self.len.div_ceil(page_size())];
        // SAFETY: the range is mapped, as the type says, and there is a byte for each page of it.
        let result =
            unsafe { libc::mincore(self.start.as_ptr(), self.len, pages.as_mut_ptr().cast()) };
        if result != 0 {
            let error = std::io::Error::last_os_error();
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
        }
        // The other bits are reserved.
        Ok(pages.iter().map(|page| u64::from(page & 1)).sum())
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        // SAFETY: the range is mapped and known to nobody else, as the type says.
        let _ignored = unsafe { munmap(self.start.as_ptr(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Protection;
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::AsFd as _;

    #[test]
    fn pages_asked_one_by_one_are_as_many_as_the_page_cache_tells() -> std::io::Result<()> {
        let mut file = tempfile::tempfile()?;
        file.set_len(10 << 20)?;
        file.write_all(&[1; 300_000])?;

        let one_by_one = present(file.as_fd(), 5000, 200_000).map_err(std::io::Error::from)?;
        let by_cache = match cached(file.as_fd(), 5000, 200_000) {
            Ok(told) => told.in_memory,
            // An older kernel; then the bytes that were just written are what is there.
            Err(_) => 204_800,
        };

        assert_eq!(one_by_one.in_memory, by_cache);
        assert_eq!(one_by_one.unwritten, None);
        Ok(())
    }

    #[test]
    fn a_read_only_descriptor_of_ones_own_file_is_enough() -> std::io::Result<()> {
        let made = tempfile::NamedTempFile::new()?;
        made.as_file().set_len(8192)?;
        let file = File::open(made.path())?;

        let section = Section::over(&file, Protection::ReadOnly, crate::types::Attributes::empty());
        let found = section
            .and_then(|section| residency(&section, 0, 8192))
            .map_err(std::io::Error::other)?;

        assert_eq!((found.len, found.in_holes), (8192, 8192));
        Ok(())
    }
}
