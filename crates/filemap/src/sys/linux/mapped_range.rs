//! A range of addresses that is mapped, until it is dropped.

#![expect(unsafe_code, reason = "mapping and unmapping ranges of addresses")]

use std::mem::ManuallyDrop;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::last_errno;
use crate::sys::platform::fork::{self, PerProcess};
use crate::sys::platform::page_size;

/// What `mmap` is asked for, besides the address.
#[derive(Debug, Clone, Copy)]
pub(super) struct MapArguments<'fd> {
    /// Bytes.
    pub(super) len: usize,
    pub(super) protection: ProtFlags,
    pub(super) sharing: MapFlags,
    pub(super) file: BorrowedFd<'fd>,
    /// Where the range begins in the file, in bytes.
    pub(super) offset: u64,
}

/// Returns the kernel's flags for what pages allow.
pub(super) fn protection(read: bool, write: bool, execute: bool) -> ProtFlags {
    let mut protection = ProtFlags::empty();
    protection.set(ProtFlags::READ, read);
    protection.set(ProtFlags::WRITE, write);
    protection.set(ProtFlags::EXEC, execute);
    protection
}

/// Pages of this process.
///
/// Invariant: `len` bytes from `start` on are mapped, by this value alone, which alone unmaps them.
#[derive(Debug)]
pub(crate) struct MappedRange {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a range of addresses belongs to the process, not to a thread.
unsafe impl Send for MappedRange {}
// SAFETY: as above; a shared reference gives addresses alone.
unsafe impl Sync for MappedRange {}

impl MappedRange {
    /// Maps a file where the kernel finds room: at `hint`, if that is free, and not 0.
    pub(super) fn of_file(arguments: MapArguments<'_>, hint: usize) -> Result<Self, Errno> {
        let MapArguments { len, protection, sharing, file, offset } = arguments;
        let hint = ptr::without_provenance_mut(hint);
        // SAFETY: without `MAP_FIXED` the kernel picks a free range, so nothing is replaced.
        let start = unsafe { mm::mmap(hint, len, protection, sharing, file, offset) }?;
        Ok(Self { start: NonNull::new(start.cast()).ok_or(Errno::NOMEM)?, len })
    }

    /// Maps zeroed memory, which takes space where it is written, and which a forked child shares or
    /// has a copy of.
    pub(super) fn of_zeros(len: usize, sharing: MapFlags) -> Result<Self, Errno> {
        Self::of_memory(len, ProtFlags::READ | ProtFlags::WRITE, sharing | MapFlags::NORESERVE)
    }

    /// Maps memory with the kernel's own flags.
    pub(super) fn of_memory(
        len: usize,
        protection: ProtFlags,
        flags: MapFlags,
    ) -> Result<Self, Errno> {
        // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
        let start = unsafe { mm::mmap_anonymous(ptr::null_mut(), len, protection, flags) }?;
        Ok(Self { start: NonNull::new(start.cast()).ok_or(Errno::NOMEM)?, len })
    }

    /// Makes the range longer or shorter, where it is or elsewhere.
    pub(super) fn resize(&mut self, len: usize) -> Result<(), Errno> {
        let flags = mm::MremapFlags::MAYMOVE;
        // SAFETY: the pages are ours alone, and no reference to them exists; after a failure the range
        // is as it was.
        let start = unsafe { mm::mremap(self.start.as_ptr().cast(), self.len, len, flags) }?;
        (self.start, self.len) = (NonNull::new(start.cast()).ok_or(Errno::NOMEM)?, len);
        Ok(())
    }

    /// Maps a file in place of `len` bytes from `skip` on, and unmaps the rest.
    ///
    /// ```text
    ///  self     |--------|=================|-------|
    ///               skip    arguments.len     unmapped
    /// ```
    pub(super) fn replaced(self, arguments: MapArguments<'_>, skip: usize) -> Result<Self, Errno> {
        let MapArguments { len, protection, sharing, file, offset } = arguments;
        let end = skip.checked_add(len).filter(|end| *end <= self.len).ok_or(Errno::INVAL)?;
        // A kernel that fails here may have unmapped the pages before, and another thread may have
        // mapped its own there since. So after a failure the range stays as it is.
        let whole = ManuallyDrop::new(self);
        // SAFETY: `skip` is at most the length of the range.
        let start = unsafe { whole.start.add(skip) };
        let sharing = sharing | MapFlags::FIXED;
        // SAFETY: replaces pages of the range, which is ours and of whose bytes nobody knows.
        unsafe { mm::mmap(start.as_ptr().cast(), len, protection, sharing, file, offset) }?;
        for Range { start, end } in [0..skip, end..whole.len] {
            if start < end {
                // SAFETY: `start` is below the length of the range.
                let rest = unsafe { whole.start.add(start) };
                // SAFETY: these pages of the range are ours, and nobody knows of them.
                let _ignored = unsafe { release(rest, end - start) };
            }
        }
        Ok(Self { start, len })
    }

    /// Returns the address of the first byte.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Returns how many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns address and length of the part of a range of offsets that is mapped.
    pub(super) fn part(&self, range: &Range<usize>) -> (NonNull<u8>, usize) {
        let end = range.end.min(self.len);
        let start = range.start.min(end);
        // SAFETY: `start` is at most the length of the range.
        (unsafe { self.start.add(start) }, end - start)
    }

    /// Returns how many pages of a range of offsets are in memory.
    pub(super) fn in_memory(&self, range: &Range<usize>) -> Result<u64, Errno> {
        let (start, len) = self.part(range);
        let mut pages = vec![0_u8; len.div_ceil(page_size())];
        // SAFETY: nothing of the pages is read, and there is a byte for each of them.
        match unsafe { libc::mincore(start.as_ptr().cast(), len, pages.as_mut_ptr().cast()) } {
            // The other bits are reserved.
            0 => Ok(pages.iter().map(|page| u64::from(page & 1)).sum()),
            _ => Err(last_errno()),
        }
    }

    /// Leaves the pages mapped for ever.
    pub(super) fn leave(&mut self) {
        self.len = 0;
    }

    /// Unmaps the range, if it is not yet.
    ///
    /// # Errors
    ///
    /// The kernel may have to split a mapping, and refuse when the process has too many. The range
    /// then stays mapped until another one is unmapped, which tries again.
    pub(super) fn unmap(&mut self) -> Result<(), Errno> {
        match std::mem::take(&mut self.len) {
            0 => Ok(()),
            // SAFETY: by the type's invariant these pages are ours alone, and no reference to them
            // exists; from now on there are none.
            len => unsafe { release(self.start, len) },
        }
    }
}

/// Ranges that nobody uses and that the kernel has refused to unmap: where they begin, and how many
/// bytes they have.
static LEFT: PerProcess<Mutex<Vec<(usize, usize)>>> =
    PerProcess::new([const { Mutex::new(Vec::new()) }; _]);

/// Whether there ever was one.
static ANY_LEFT: AtomicBool = AtomicBool::new(false);

/// Unmaps pages, or has it tried again whenever others are unmapped.
///
/// # Safety
///
/// The pages are mapped, and nobody else's; there is no reference to them, nor will there be.
unsafe fn release(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller vouches for the pages.
    let released = unsafe { mm::munmap(start.as_ptr().cast(), len) };
    let is_refused = released == Err(Errno::NOMEM);
    if is_refused {
        fork::count();
        ANY_LEFT.store(true, Ordering::Relaxed);
    } else if !ANY_LEFT.load(Ordering::Relaxed) {
        return released;
    }
    let Some(Ok(mut left)) = LEFT.get().map(Mutex::lock) else { return released };
    if is_refused {
        left.push((start.as_ptr().expose_provenance(), len));
    } else {
        left.retain(|(start, len)| {
            let start = ptr::with_exposed_provenance_mut(*start);
            // SAFETY: the pages are still mapped, and were given up by whoever had them alone.
            unsafe { mm::munmap(start, *len) }.is_err()
        });
    }
    released
}

impl Drop for MappedRange {
    fn drop(&mut self) {
        let _ignored = self.unmap();
    }
}
