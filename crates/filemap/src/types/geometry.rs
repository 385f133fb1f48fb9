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

use std::fmt::Display;
use std::ops::{Bound, Range, RangeBounds};

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
    /// Widens `len` bytes at `offset` to pages of `unit` bytes, a power of two.
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

/// Returns true if a process can have `len` bytes at `address`: the upper half of all addresses
/// belongs to the system.
pub(crate) fn is_addressable(address: usize, len: usize) -> bool {
    address.checked_add(len).is_some_and(|end| isize::try_from(end).is_ok())
}

/// Rounds `size` up to a multiple of `unit`, a power of two.
pub(crate) fn round_up(size: u64, unit: usize) -> Option<u64> {
    debug_assert!(unit.is_power_of_two());
    let mask = (unit as u64).wrapping_sub(1);
    Some(size.checked_add(mask)? & !mask)
}

/// Returns true if a range ends before it begins.
pub(crate) fn is_inverted(range: &impl RangeBounds<u64>) -> bool {
    let (start, end) = bounds(range, u128::MAX);
    end < start
}

/// Converts a range of offsets into offset and length; an open end is `size`.
///
/// `None` if the range is inverted or ends past `size`.
pub(crate) fn within(range: &impl RangeBounds<u64>, size: u64) -> Option<(u64, u64)> {
    let (start, end) = bounds(range, size.into());
    let len = end.checked_sub(start).filter(|_| end <= size.into())?;
    Some((u64::try_from(start).ok()?, u64::try_from(len).ok()?))
}

/// [`within`] for lengths in memory.
pub(crate) fn within_memory(range: &impl RangeBounds<usize>, len: usize) -> Option<(usize, usize)> {
    let wide = |bound: Bound<&usize>| bound.map(|at| *at as u64);
    let range = (wide(range.start_bound()), wide(range.end_bound()));
    let (start, count) = within(&range, len as u64)?;
    Some((usize::try_from(start).ok()?, usize::try_from(count).ok()?))
}

/// A length of a file as one in memory, or the longest there is.
pub(crate) fn in_memory(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// A range as the text of an error shows it.
pub(crate) fn shown<T: Display>(range: &impl RangeBounds<T>) -> String {
    let start = match range.start_bound() {
        Bound::Included(start) => start.to_string(),
        // No syntax has it.
        Bound::Excluded(before) => format!("{before} + 1"),
        Bound::Unbounded => String::new(),
    };
    match range.end_bound() {
        Bound::Included(last) => format!("{start}..={last}"),
        Bound::Excluded(end) => format!("{start}..{end}"),
        Bound::Unbounded => format!("{start}.."),
    }
}

/// Returns the part of a range that lies below `size`; it is empty where there is none.
pub(crate) fn clamped(range: &impl RangeBounds<u64>, size: u64) -> Range<u64> {
    let (start, end) = bounds(range, size.into());
    let below = |at: u128| u64::try_from(at).unwrap_or(size).min(size);
    below(start)..below(end).max(below(start))
}

/// The start of a range, and the offset after its end, which may be 2^64.
fn bounds(range: &impl RangeBounds<u64>, size: u128) -> (u128, u128) {
    let after = |at: u64| u128::from(at).saturating_add(1);
    let start = match range.start_bound() {
        Bound::Included(start) => u128::from(*start),
        Bound::Excluded(before) => after(*before),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => after(*last),
        Bound::Excluded(end) => u128::from(*end),
        Bound::Unbounded => size,
    };
    (start, end)
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
    fn a_range_is_shown_as_it_is_written() {
        assert_eq!(shown::<u64>(&(0..1_048_576)), "0..1048576");
        assert_eq!(shown::<u64>(&(3..=9)), "3..=9");
        assert_eq!(shown::<u64>(&(..7)), "..7");
        assert_eq!(shown::<u64>(&(..)), "..");
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
