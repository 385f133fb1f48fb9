//! At which address a view is mapped: any, a given one, or one that is aligned.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::MapFlags;

use crate::sys::platform::error::from_errno;
use crate::sys::platform::mapped_range::{MapArguments, MappedRange};
use crate::sys::platform::{large_pages, page_size};
use crate::types::{Error, ErrorKind, Operation, Result};

/// Maps at `address` and nowhere else.
pub(super) fn map_at(address: usize, arguments: MapArguments<'_>) -> Result<MappedRange> {
    let taken = || Error::new(ErrorKind::AddressTaken, Operation::MapView);
    // `MAP_FIXED_NOREPLACE` refuses a range that is taken; kernels before 4.17 take it for a hint
    // and may map elsewhere ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)).
    let sharing = arguments.sharing | MapFlags::FIXED_NOREPLACE;
    match MappedRange::of_file(MapArguments { sharing, ..arguments }, address) {
        Ok(range) if range.start().addr().get() == address => Ok(range),
        Ok(_) | Err(Errno::EXIST) => Err(taken()),
        // What no address would change: a seal, or a file system that forbids execution.
        Err(Errno::PERM)
            if matches!(MappedRange::of_file(arguments, 0), Err(Errno::PERM | Errno::ACCESS)) =>
        {
            Err(refused(Errno::PERM))
        }
        // Below the lowest address that may be mapped, or above the highest.
        Err(Errno::PERM | Errno::NOMEM) => {
            Err(taken().because("the address cannot be mapped by this process"))
        }
        Err(errno) => Err(refused(errno)),
    }
}

/// Maps where the kernel finds room, at an address that lies among multiples of `alignment` as the
/// offset does in the file.
///
/// A range that is longer than a large page lies so among multiples of that, where there is room:
/// the kernel then maps large pages as such. `vacated` is where such a view of the same section was
/// unmapped last, or 0: that address is aligned, and probably free. `unit` is how many bytes a page
/// of the file has.
pub(super) fn map_aligned(
    alignment: usize,
    unit: usize,
    arguments: MapArguments<'_>,
    vacated: &AtomicUsize,
) -> Result<MappedRange> {
    if unit > page_size() {
        // The kernel aligns a file of large pages by itself, and to more than is ever asked for.
        return MappedRange::of_file(arguments, 0).map_err(refused);
    }
    let large = large_pages::size_for(arguments.len).unwrap_or(0);
    if large > alignment
        && let Ok(range) = map_congruent(large, arguments, vacated)
    {
        return Ok(range);
    }
    map_congruent(alignment, arguments, vacated).map_err(refused)
}

/// Maps at an address that is congruent to the offset, modulo `unit`.
fn map_congruent(
    unit: usize,
    arguments: MapArguments<'_>,
    vacated: &AtomicUsize,
) -> Result<MappedRange, Errno> {
    let MapArguments { len, offset, .. } = arguments;
    if unit <= page_size() {
        return MappedRange::of_file(arguments, 0);
    }
    let missing = |start: usize| {
        // The remainder is below `unit`.
        usize::try_from(offset.wrapping_sub(start as u64) % unit as u64).unwrap_or(0)
    };
    let last = vacated.swap(0, Ordering::Relaxed);
    if last != 0 && missing(last) == 0 {
        let range = MappedRange::of_file(arguments, last)?;
        if missing(range.start().addr().get()) == 0 {
            return Ok(range);
        }
    }
    // Long enough to have such an address in it, with all that the kernel could refuse. Of the file
    // as well, but from further ahead, so that it does not end past the largest offset.
    let (len, offset) =
        (len.checked_add(unit).ok_or(Errno::NOMEM)?, offset.saturating_sub(unit as u64));
    let longer = MappedRange::of_file(MapArguments { len, offset, ..arguments }, 0)?;
    let skip = missing(longer.start().addr().get());
    longer.replaced(arguments, skip)
}

/// Why a view is refused, whatever the address.
fn refused(errno: Errno) -> Error {
    let refused = |kind| Error::new(kind, Operation::MapView);
    match errno {
        Errno::NODEV => refused(ErrorKind::WrongObject).because("its file system cannot map files"),
        Errno::PERM => refused(ErrorKind::AccessDenied)
            .because("its file system or a security policy forbids such a view"),
        Errno::OVERFLOW | Errno::INVAL => refused(ErrorKind::OutOfMemory),
        errno => from_errno(errno, Operation::MapView),
    }
}
