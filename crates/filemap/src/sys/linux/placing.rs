//! Where pages are mapped: anywhere, at an address, or at a multiple of something.

#![expect(unsafe_code, reason = "mapping and unmapping ranges of addresses")]

use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::from_errno;
use crate::sys::platform::page_size;
use crate::types::{Access, Error, ErrorKind, Operation, Result};

/// What `mmap` is told of a view's pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    protection: ProtFlags,
    sharing: MapFlags,
}

impl How {
    /// Pages that allow what the view may do.
    pub(super) fn open(access: Access) -> Self {
        let mut protection = ProtFlags::empty();
        protection.set(ProtFlags::READ, access.can_read());
        protection.set(ProtFlags::WRITE, access.can_write());
        protection.set(ProtFlags::EXEC, access.can_execute());
        Self { protection, ..Self::closed(access) }
    }

    /// Pages that allow nothing yet.
    pub(super) fn closed(access: Access) -> Self {
        let sharing = if access.is_private() { MapFlags::PRIVATE } else { MapFlags::SHARED };
        Self { protection: ProtFlags::empty(), sharing }
    }
}

/// What is to be mapped, wherever that will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch<'fd> {
    /// Bytes.
    pub(super) len: usize,
    pub(super) how: How,
    pub(super) descriptor: BorrowedFd<'fd>,
    /// Where it begins in what the descriptor stands for, in bytes.
    pub(super) offset: u64,
}

pub(super) fn map_anywhere(stretch: Stretch<'_>) -> Result<NonNull<u8>> {
    let Stretch { len, how: How { protection, sharing }, descriptor, offset } = stretch;
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let mapped = unsafe { mm::mmap(ptr::null_mut(), len, protection, sharing, descriptor, offset) };
    address_of(mapped)
}

/// Tells whether such a view is refused at every address.
fn refused_anywhere(stretch: Stretch<'_>) -> bool {
    match map_anywhere(stretch) {
        Ok(pages) => {
            // If it cannot be given back, it stays reserved: an error is on its way as it is.
            // SAFETY: the range was mapped a moment ago and is known to nobody.
            let _ignored = unsafe { mm::munmap(pages.as_ptr().cast(), stretch.len) };
            false
        }
        Err(error) => error.kind() == ErrorKind::AccessDenied,
    }
}

/// Maps at `base` and nowhere else.
///
/// `MAP_FIXED_NOREPLACE` refuses a range that is taken; kernels before 4.17 take it for a hint
/// and may map elsewhere ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)).
pub(super) fn map_at(base: usize, stretch: Stretch<'_>) -> Result<NonNull<u8>> {
    let Stretch { len, how: How { protection, sharing }, descriptor, offset } = stretch;
    let sharing = sharing | MapFlags::FIXED_NOREPLACE;
    let hint = ptr::without_provenance_mut(base);
    let taken = || Error::new(ErrorKind::AddressTaken, Operation::MapView);
    // SAFETY: the flag keeps the kernel from replacing what is mapped already.
    let mapped = unsafe { mm::mmap(hint, len, protection, sharing, descriptor, offset) };
    match mapped {
        Err(Errno::EXIST) => Err(taken()),
        // What no address would change: a seal, or a file system that forbids execution.
        Err(Errno::PERM) if refused_anywhere(stretch) => address_of(mapped),
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

/// Where a range ends that was free when it was last looked at: below the last aligned view that was
/// mapped, or where one was that is unmapped. 0 if there was none.
///
/// A guess, and only that: what is there is not replaced.
static FREE_BELOW: AtomicUsize = AtomicUsize::new(0);

/// Notes that a range is free again.
pub(super) fn given_back(base: usize, len: usize) {
    FREE_BELOW.store(base.saturating_add(len), Ordering::Relaxed);
}

/// Where addresses may be: `above` bytes above a multiple of `unit`, both of them whole pages, and
/// `unit` a power of two that is larger than a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alignment {
    unit: usize,
    above: usize,
}

impl Alignment {
    /// The multiples of `unit`.
    pub(super) fn to(unit: usize) -> Self {
        Self { unit, above: 0 }
    }

    /// The addresses that lie among multiples of `unit` as an offset in a file does.
    pub(super) fn as_in_file(unit: usize, offset: u64) -> Self {
        // The remainder is below `unit`.
        Self { unit, above: usize::try_from(offset % unit as u64).unwrap_or(0) }
    }

    /// The last such address that is not above `address`.
    fn below(self, address: usize) -> Option<usize> {
        let Self { unit, above } = self;
        address.checked_sub(above).map(|address| address - address % unit + above)
    }
}

/// Maps at an address that lies as `alignment` says, if one is found soon, and else anywhere.
pub(super) fn map_aligned_if_easy(
    alignment: Alignment,
    stretch: Stretch<'_>,
) -> Result<NonNull<u8>> {
    match find_aligned(Tries { guesses: 3, looks: 8 }, alignment, stretch) {
        Ok(Some(pages)) => Ok(pages),
        // A reservation is longer than the view, and there may be room for that alone. What else is
        // wrong is said here as well.
        Ok(None) | Err(_) => map_anywhere(stretch),
    }
}

/// Maps at an address that lies as `alignment` says.
pub(super) fn map_aligned(alignment: Alignment, stretch: Stretch<'_>) -> Result<NonNull<u8>> {
    // Others may be faster each time.
    let tries = Tries { guesses: 12, looks: 64 };
    find_aligned(tries, alignment, stretch)?
        .ok_or_else(|| Error::new(ErrorKind::OutOfMemory, Operation::MapView))
}

/// How hard an address is looked for.
#[derive(Debug, Clone, Copy)]
struct Tries {
    /// How often a place is guessed, before one is looked for.
    guesses: u32,
    /// How often one is looked for.
    looks: u32,
}

/// Maps at an address that lies as `alignment` says, if one is found.
///
/// The first try is where the last such view was, or below it, or else where the kernel puts a page,
/// which is where it would go as well: mostly that is all. If that is taken, and further down as well:
///
/// ```text
///  free       |-----------|--------------------------|-----------|
///                         ^ aligned            len   ^
/// ```
///
/// A reservation finds a range that is large enough and is given back before its aligned part
/// is mapped. Another thread may be faster, and then it begins again: mapping *over* the
/// reservation would save that, but a refusal would leave a hole in which another thread's
/// pages may be by the time the rest is given back.
fn find_aligned(
    tries: Tries,
    alignment: Alignment,
    stretch: Stretch<'_>,
) -> Result<Option<NonNull<u8>>> {
    if let Some(pages) = guessed(tries.guesses, alignment, stretch)? {
        return Ok(Some(pages));
    }
    let Some(room) = stretch.len.checked_add(alignment.unit) else { return Ok(None) };
    for _ in 0..tries.looks {
        let end = free_range(room)? + alignment.unit;
        let aligned = alignment.below(end).unwrap_or(end);
        if let Some(pages) = map_and_note(aligned, stretch)? {
            return Ok(Some(pages));
        }
    }
    Ok(None)
}

/// Maps where it is likely that a range is free, if one of so many guesses is right.
fn guessed(steps: u32, alignment: Alignment, stretch: Stretch<'_>) -> Result<Option<NonNull<u8>>> {
    // Each step is twice as long as the one before: threads that come here at once are soon out of
    // each other's way, and many views in a row are soon behind.
    let mut below = match FREE_BELOW.load(Ordering::Relaxed) {
        // Where the kernel puts a page is where it would go on.
        0 => free_range(page_size())? + page_size(),
        below => below,
    };
    let mut step = stretch.len;
    for _ in 0..steps {
        let base = below.checked_sub(step).and_then(|base| alignment.below(base));
        let Some(base) = base.filter(|base| *base != 0) else { break };
        if let Some(pages) = map_and_note(base, stretch)? {
            return Ok(Some(pages));
        }
        (below, step) = (base, step.saturating_mul(2));
    }
    Ok(None)
}

/// Maps at `base` if that is free, and notes that below it there may be room for the next one.
fn map_and_note(base: usize, stretch: Stretch<'_>) -> Result<Option<NonNull<u8>>> {
    match map_at(base, stretch) {
        Ok(pages) => {
            FREE_BELOW.store(base, Ordering::Relaxed);
            Ok(Some(pages))
        }
        Err(error) if error.kind() == ErrorKind::AddressTaken => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a range of so many bytes was free a moment ago, which is found by reserving it.
fn free_range(len: usize) -> Result<usize> {
    let nothing = ProtFlags::empty();
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let reserved = unsafe { mm::mmap_anonymous(ptr::null_mut(), len, nothing, MapFlags::PRIVATE) };
    let reserved = address_of(reserved)?;
    // SAFETY: the range was mapped a moment ago and is known to nobody.
    unsafe { mm::munmap(reserved.as_ptr().cast(), len) }
        .map_err(|errno| from_errno(errno, Operation::MapView))?;
    Ok(reserved.addr().get())
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
