//! A mapped range: `mmap`, and what can be done with it until `munmap`.

#![expect(unsafe_code, reason = "mapping, unmapping, and copies between checked addresses")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, MsyncFlags, ProtFlags};

use crate::sys::platform::error::from_errno;
use crate::sys::platform::{fault, file, page_size};
use crate::sys::{RegionContract, Request};
use crate::types::geometry::Placement;
use crate::types::{Access, Advice, Error, ErrorKind, Flush, Operation, Result};

/// Bytes of a section, mapped into this process until it is dropped.
///
/// ```text
///  pages                start                      start + len      pages + mapped
///    |--------delta-------|============range============|----------------|
/// ```
///
/// Invariant: `pages` is the address of `mapped` bytes that this value alone mapped and alone
/// unmaps; the range `start .. start + len` lies inside them; `access` is what they are
/// mapped for. No Rust reference to any of these bytes is ever made.
pub(crate) struct Region {
    pages: NonNull<u8>,
    mapped: usize,
    start: NonNull<u8>,
    len: usize,
    access: Access,
    /// The file, to flush through, and the offset in it of the first byte of the range.
    file: Option<Arc<OwnedFd>>,
    offset: u64,
}

// SAFETY: a region is an address range owned by the process, not by a thread; every method
// takes `&self` and copies bytes that other processes may change anyway.
unsafe impl Send for Region {}
// SAFETY: as above; copies by several threads at once are as allowed as copies by several
// processes at once, and mix old and new bytes at worst.
unsafe impl Sync for Region {}

impl Region {
    /// Maps the requested range of the section behind `descriptor`.
    pub(super) fn map(
        descriptor: BorrowedFd<'_>,
        file: Option<Arc<OwnedFd>>,
        unit: usize,
        request: Request,
    ) -> Result<Self> {
        let Request { offset, len, access, address, alignment } = request;
        let refused = |kind| Error::new(kind, Operation::MapView);
        if len == 0 {
            return Err(refused(ErrorKind::InvalidArgument).because("a view has at least a byte"));
        }
        let placed =
            Placement::of(offset, len, unit).ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        let mapped = placed
            .len
            .checked_next_multiple_of(unit)
            .filter(|mapped| isize::try_from(*mapped).is_ok())
            .ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        let pages = match address {
            Some(address) => {
                let base = address
                    .checked_sub(placed.delta)
                    .filter(|base| base.is_multiple_of(unit) && *base != 0)
                    .ok_or_else(|| {
                        refused(ErrorKind::Misaligned).because(
                            "the address and the offset differ by no whole number of pages",
                        )
                    })?;
                map_at(base, mapped, access, descriptor, placed.base)?
            }
            None if alignment > unit => {
                map_aligned(alignment, mapped, access, descriptor, placed.base)?
            }
            None => map_anywhere(mapped, access, descriptor, placed.base)?,
        };
        // SAFETY: `delta` is below `placed.len`, which is at most `mapped`, the length of the
        // mapping that `pages` begins.
        let start = unsafe { pages.add(placed.delta) };
        Ok(Self { pages, mapped, start, len, access, file, offset })
    }

    /// The address of `len` bytes at `offset`, if the range has them.
    #[inline]
    fn at(&self, offset: usize, len: usize, operation: Operation) -> Result<NonNull<u8>> {
        match offset.checked_add(len) {
            // SAFETY: `offset <= end <= self.len`, so the sum stays inside the region.
            Some(end) if end <= self.len => Ok(unsafe { self.start.add(offset) }),
            _ => Err(self.outside(offset, len, operation)),
        }
    }

    #[cold]
    fn outside(&self, offset: usize, len: usize, operation: Operation) -> Error {
        Error::new(ErrorKind::InvalidRange, operation)
            .about("the view")
            .because(format!("it has {} bytes, and {len} at {offset} are not in it", self.len))
    }

    /// Whole pages around `len` bytes at `offset`: their address and length.
    fn pages_around(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<(NonNull<u8>, usize)> {
        let first = self.at(offset, len, operation)?;
        let lead = first.addr().get() % page_size();
        // SAFETY: the region begins at a page, so the page of an address inside it begins
        // inside it.
        let page = unsafe { first.sub(lead) };
        Ok((page, lead + len))
    }

    /// Unmaps; called once, by `drop` or by `unmap`.
    fn release(&mut self) -> Result<(), Errno> {
        // SAFETY: by the type's invariant these pages are ours alone, and no reference to them
        // exists; `self` is not used again.
        unsafe { mm::munmap(self.pages.as_ptr().cast(), self.mapped) }
    }
}

impl RegionContract for Region {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    #[inline]
    fn copy_out(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        if !self.access.can_read() {
            return Err(denied(Operation::Read));
        }
        let from = self.at(offset, buf.len(), Operation::Read)?;
        // SAFETY: `at` proved the source to be inside the region, which is mapped readable, as
        // just checked, and stays mapped while `self` is borrowed; `buf` is exclusively ours.
        unsafe { fault::copy_out(buf.as_mut_ptr(), from.as_ptr(), buf.len()) };
        Ok(())
    }

    #[inline]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        if !self.access.can_write() {
            return Err(denied(Operation::Write));
        }
        let to = self.at(offset, bytes.len(), Operation::Write)?;
        // SAFETY: as in `copy_out`; the region is mapped writable, as just checked.
        unsafe { fault::copy_in(to.as_ptr(), bytes.as_ptr(), bytes.len()) };
        Ok(())
    }

    fn fill(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        if !self.access.can_write() {
            return Err(denied(Operation::Fill));
        }
        let to = self.at(offset, len, Operation::Fill)?;
        // SAFETY: as in `copy_in`.
        unsafe { fault::fill(to.as_ptr(), byte, len) };
        Ok(())
    }

    fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Flush)?;
        let Some(file) = &self.file else { return Ok(()) };
        if self.access.is_private() || len == 0 {
            return Ok(());
        }
        if flush < Flush::Durable {
            return file::flush(file.as_fd(), self.offset + offset as u64, len as u64, flush);
        }
        // On Linux this commits the file's size and waits for the device's cache as `fsync`
        // does, and only for the range
        // ([msync(2)](https://man7.org/linux/man-pages/man2/msync.2.html)).
        // SAFETY: `pages_around` gives pages of this region, and the call changes no byte.
        unsafe { mm::msync(pages.as_ptr().cast(), len, MsyncFlags::SYNC) }
            .map_err(|errno| from_errno(errno, Operation::Flush))
    }

    fn advise(&self, offset: usize, len: usize, advice: Advice) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Advise)?;
        let advice = match advice {
            Advice::Normal => mm::Advice::Normal,
            Advice::Random => mm::Advice::Random,
            Advice::Sequential => mm::Advice::Sequential,
            Advice::WillNeed => mm::Advice::WillNeed,
            // `DontNeed` would throw a copy-on-write view's own pages away.
            Advice::NotSoon => mm::Advice::LinuxCold,
            Advice::LargePages => mm::Advice::LinuxHugepage,
        };
        // SAFETY: `pages_around` gives pages of this region, and none of these five words
        // changes a byte.
        match unsafe { mm::madvise(pages.as_ptr().cast(), len, advice) } {
            // A kernel without the feature ignores the advice, as advice may be.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(from_errno(errno, Operation::Advise)),
        }
    }

    fn prefetch(&self, offset: usize, len: usize) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Advise)?;
        // Populating waits for the pages and maps them; reading ahead, on kernels before 5.14,
        // only begins to read.
        // SAFETY: `pages_around` gives pages of this region, and reading them changes no byte.
        let populated =
            unsafe { mm::madvise(pages.as_ptr().cast(), len, mm::Advice::LinuxPopulateRead) };
        match populated {
            Ok(()) => Ok(()),
            Err(Errno::INVAL) => self.advise(offset, len, Advice::WillNeed),
            Err(Errno::FAULT) => Err(Error::new(ErrorKind::Lost, Operation::Advise)
                .about("the view")
                .because("the file is shorter than the view, or its disk failed")),
            Err(errno) => Err(from_errno(errno, Operation::Advise)),
        }
    }

    fn lock(&self, offset: usize, len: usize) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::LockMemory)?;
        // SAFETY: `pages_around` gives pages of this region, and locking changes no byte.
        unsafe { mm::mlock(pages.as_ptr().cast(), len) }.map_err(|errno| match errno {
            // Both mean the limit: which one depends on whether any could be locked at all.
            Errno::NOMEM | Errno::PERM | Errno::AGAIN => {
                Error::new(ErrorKind::LockLimit, Operation::LockMemory)
                    .about("the view")
                    .caused_by(std::io::Error::from(errno))
            }
            errno => from_errno(errno, Operation::LockMemory),
        })
    }

    fn unlock(&self, offset: usize, len: usize) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::LockMemory)?;
        // SAFETY: as in `lock`.
        unsafe { mm::munlock(pages.as_ptr().cast(), len) }
            .map_err(|errno| from_errno(errno, Operation::LockMemory))
    }

    fn unmap(self) -> Result<()> {
        let mut region = ManuallyDrop::new(self);
        let file = region.file.take();
        let released = region.release();
        drop(file);
        released.map_err(|errno| from_errno(errno, Operation::UnmapView))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let released = self.release();
        debug_assert!(released.is_ok(), "pages that are ours can be unmapped: {released:?}");
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("start", &self.start)
            .field("len", &self.len)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

#[cold]
fn denied(operation: Operation) -> Error {
    Error::new(ErrorKind::AccessDenied, operation).about("the view")
}

/// What `mmap` is told for each access.
fn flags(access: Access) -> (ProtFlags, MapFlags) {
    let mut protection = ProtFlags::empty();
    protection.set(ProtFlags::READ, access.can_read());
    protection.set(ProtFlags::WRITE, access.can_write());
    protection.set(ProtFlags::EXEC, access.can_execute());
    (protection, if access.is_private() { MapFlags::PRIVATE } else { MapFlags::SHARED })
}

fn map_anywhere(
    len: usize,
    access: Access,
    descriptor: BorrowedFd<'_>,
    offset: u64,
) -> Result<NonNull<u8>> {
    let (protection, sharing) = flags(access);
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let mapped = unsafe { mm::mmap(ptr::null_mut(), len, protection, sharing, descriptor, offset) };
    address_of(mapped)
}

/// Maps at `base` and nowhere else.
///
/// `MAP_FIXED_NOREPLACE` refuses a range that is taken; kernels before 4.17 take it for a hint
/// and may map elsewhere ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)).
fn map_at(
    base: usize,
    len: usize,
    access: Access,
    descriptor: BorrowedFd<'_>,
    offset: u64,
) -> Result<NonNull<u8>> {
    let (protection, sharing) = flags(access);
    let sharing = sharing | MapFlags::FIXED_NOREPLACE;
    let hint = ptr::without_provenance_mut(base);
    let taken = || Error::new(ErrorKind::AddressTaken, Operation::MapView);
    // SAFETY: the flag keeps the kernel from replacing what is mapped already.
    let mapped = unsafe { mm::mmap(hint, len, protection, sharing, descriptor, offset) };
    match mapped {
        Err(Errno::EXIST) => Err(taken()),
        // Below the lowest address that may be mapped, or above the highest.
        Err(Errno::PERM | Errno::NOMEM) => {
            Err(taken().because("the address cannot be mapped by this process"))
        }
        mapped => {
            let pages = address_of(mapped)?;
            if pages.addr().get() == base {
                return Ok(pages);
            }
            // SAFETY: the range was mapped a moment ago and is known to nobody.
            unsafe { mm::munmap(pages.as_ptr().cast(), len) }
                .map_err(|errno| from_errno(errno, Operation::MapView))?;
            Err(taken())
        }
    }
}

/// Maps at an address that is a multiple of `alignment`, a power of two above a page.
///
/// ```text
///  reserved   |-----------|--------------------------|-----------|
///                 given   ^ aligned            len   ^   given
///                  back                                  back
/// ```
fn map_aligned(
    alignment: usize,
    len: usize,
    access: Access,
    descriptor: BorrowedFd<'_>,
    offset: u64,
) -> Result<NonNull<u8>> {
    let (protection, sharing) = flags(access);
    let room = len
        .checked_add(alignment)
        .ok_or_else(|| Error::new(ErrorKind::OutOfMemory, Operation::MapView))?;
    let nothing = ProtFlags::empty();
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let reserved = unsafe { mm::mmap_anonymous(ptr::null_mut(), room, nothing, MapFlags::PRIVATE) };
    let reserved = address_of(reserved)?;
    let lead = reserved.as_ptr().align_offset(alignment);
    // SAFETY: `lead` is below `alignment`, and `room` is `alignment` more than `len`.
    let aligned = unsafe { reserved.add(lead) };
    let sharing = sharing | MapFlags::FIXED;
    // SAFETY: what is replaced is a part of the reservation just made, known to nobody.
    let mapped =
        unsafe { mm::mmap(aligned.as_ptr().cast(), len, protection, sharing, descriptor, offset) };
    let give_back = |from: NonNull<u8>, count: usize| {
        if count > 0 {
            // SAFETY: the range is a part of the reservation that is not handed out.
            let released = unsafe { mm::munmap(from.as_ptr().cast(), count) };
            debug_assert!(released.is_ok(), "a reservation can be given back: {released:?}");
        }
    };
    if mapped.is_err() {
        give_back(reserved, room);
        return address_of(mapped);
    }
    give_back(reserved, lead);
    let mapped_end = lead + len.next_multiple_of(page_size());
    if mapped_end < room {
        // SAFETY: `mapped_end` was just seen to be inside the reservation.
        let after = unsafe { reserved.add(mapped_end) };
        give_back(after, room - mapped_end);
    }
    address_of(mapped)
}

fn address_of(mapped: Result<*mut std::ffi::c_void, Errno>) -> Result<NonNull<u8>> {
    let refused = |errno: Errno| match errno {
        Errno::NODEV => Error::new(ErrorKind::WrongObject, Operation::MapView)
            .because("its file system cannot map files"),
        Errno::PERM => Error::new(ErrorKind::AccessDenied, Operation::MapView)
            .because("its file system or a security policy forbids such a view"),
        Errno::OVERFLOW | Errno::INVAL => Error::new(ErrorKind::OutOfMemory, Operation::MapView),
        errno => from_errno(errno, Operation::MapView),
    };
    let address = mapped.map_err(refused)?;
    NonNull::new(address.cast()).ok_or_else(|| Error::new(ErrorKind::Other, Operation::MapView))
}
