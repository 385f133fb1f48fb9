//! Arithmetic of pages and of the allocation granularity.
//!
//! ```text
//!              base                    offset             offset + len
//! mapping  ----|-----------------------|==================|--------------
//!              |<------- delta ------->|<------ len ----->|
//!              |<-------------- mapped length ----------->|
//! ```
//!
//! A caller asks for `len` bytes from `offset`; the system maps whole pages from `base`, the
//! multiple of its unit at or below `offset`.

#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::ops::{Bound, RangeBounds};

/// The unit of view offsets and addresses on Windows, on every platform: 64 KiB.
pub(crate) const GRANULARITY: usize = 65536;

/// A range of a mapping, widened downwards to a multiple of the unit of mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Where the mapped pages begin, in bytes from the start of the mapping.
    pub(crate) base: u64,
    /// How many bytes of the first pages come before the range.
    pub(crate) delta: usize,
    /// How many bytes are mapped: `delta` and the range.
    pub(crate) len: usize,
}

impl Placement {
    /// Places `len` bytes from `offset` on pages of `unit` bytes, a power of two.
    ///
    /// `None` if the range ends past the largest file offset or the address space.
    pub(crate) fn of(offset: u64, len: usize, unit: usize) -> Option<Self> {
        debug_assert!(unit.is_power_of_two());
        let mask = (unit as u64).wrapping_sub(1);
        let delta = usize::try_from(offset & mask).ok()?;
        let end = offset.checked_add(u64::try_from(len).ok()?)?;
        let mapped = delta.checked_add(len)?;
        // Pointers into one object may be at most `isize::MAX` apart, file offsets are signed.
        (i64::try_from(end).is_ok() && isize::try_from(mapped).is_ok()).then_some(Self {
            base: offset & !mask,
            delta,
            len: mapped,
        })
    }
}

/// Tells whether a process can have `len` bytes at `address`: the upper half of all addresses is
/// the system's.
pub(crate) fn is_addressable(address: usize, len: usize) -> bool {
    address.checked_add(len).is_some_and(|end| isize::try_from(end).is_ok())
}

/// Rounds `size` up to a multiple of `unit`, a power of two.
pub(crate) fn round_up(size: u64, unit: usize) -> Option<u64> {
    debug_assert!(unit.is_power_of_two());
    let mask = (unit as u64).wrapping_sub(1);
    Some(size.checked_add(mask)? & !mask)
}

/// Tells whether a range ends before it begins, whatever the size.
pub(crate) fn is_inverted(range: &impl RangeBounds<u64>) -> bool {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1) < start,
        Bound::Excluded(end) => *end < start,
        Bound::Unbounded => false,
    }
}

/// Turns any range of offsets into offset and length, bounded by `size`.
///
/// `None` if the range is inverted or ends past `size`.
pub(crate) fn within(range: &impl RangeBounds<u64>, size: u64) -> Option<(u64, u64)> {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.checked_add(1)?,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.checked_add(1)?,
        Bound::Excluded(end) => *end,
        Bound::Unbounded => size,
    };
    (end <= size).then_some(())?;
    Some((start, end.checked_sub(start)?))
}

/// [`within`] for lengths in memory.
pub(crate) fn within_memory(range: &impl RangeBounds<usize>, len: usize) -> Option<(usize, usize)> {
    let wide = |bound: Bound<&usize>| match bound {
        Bound::Included(at) => Bound::Included(*at as u64),
        Bound::Excluded(at) => Bound::Excluded(*at as u64),
        Bound::Unbounded => Bound::Unbounded,
    };
    let range = (wide(range.start_bound()), wide(range.end_bound()));
    let (start, count) = within(&range, len as u64)?;
    Some((usize::try_from(start).ok()?, usize::try_from(count).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aligned_offset_has_no_delta() {
        let placed = Placement::of(0x3_0000, 10, 4096).unwrap();
        assert_eq!(placed, Placement { base: 0x3_0000, delta: 0, len: 10 });
    }

    #[test]
    fn an_unaligned_offset_begins_at_the_unit_below() {
        let placed = Placement::of(0x1_0000_1234, 10, 65536).unwrap();
        assert_eq!(placed, Placement { base: 0x1_0000_0000, delta: 0x1234, len: 0x1234 + 10 });
    }

    #[test]
    fn ranges_past_the_largest_offset_have_no_place() {
        assert_eq!(Placement::of(u64::MAX, 2, 4096), None);
        assert_eq!(Placement::of(i64::MAX as u64, 1, 4096), None);
        assert_eq!(Placement::of(4095, usize::MAX, 4096), None);
        assert_eq!(Placement::of(4095, isize::MAX as usize, 4096), None);
        assert!(Placement::of(i64::MAX as u64 - 1, 1, 4096).is_some());
    }

    #[test]
    fn sizes_round_up_to_whole_pages() {
        assert_eq!(round_up(0, 4096), Some(0));
        assert_eq!(round_up(1, 4096), Some(4096));
        assert_eq!(round_up(4096, 4096), Some(4096));
        assert_eq!(round_up(u64::MAX, 4096), None);
    }

    #[test]
    fn a_range_is_taken_only_inside_the_size() {
        assert_eq!(within(&(..), 10), Some((0, 10)));
        assert_eq!(within(&(3..), 10), Some((3, 7)));
        assert_eq!(within(&(3..=9), 10), Some((3, 7)));
        assert_eq!(within(&(3..11), 10), None);
        assert_eq!(within(&(0..=u64::MAX), 10), None);
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "that such a range is refused is the claim"
        )]
        let inverted = 7..3;
        assert_eq!(within(&inverted, 10), None);
        assert_eq!(within_memory(&(4..4), 10), Some((4, 0)));
    }
}
