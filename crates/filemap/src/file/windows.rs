//! The windows that a file is reached through where it is not mapped as a whole.

use crate::model::{AppendList, View, granularity};
use crate::sys::sync::{Arc, ArcSwapOption, AtomicUsize, Mutex, Ordering};
use crate::types::Result;

/// Bytes in a window unless shorter ones are asked for: enough that mapping one costs little beside
/// the faults of its pages, and little enough that many parts of a file can be mapped.
const SHORT: usize = 2 << 20;

/// Windows become longer, as far as was asked for, rather than more than this.
const MANY: usize = 1 << 10;

/// The longest window, and the most of them.
const LONGEST: usize = 1 << 30;
const MOST: usize = 1 << 16;

/// Of so many misses one has its window mapped, which costs less than a tenth of the others together:
/// most of it to unmap the window before, whose pages were touched.
const MISSES: usize = 1 << 10;

/// How a file is cut into windows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Bytes in a window.
    pub(super) window: usize,
    /// How many of them are kept.
    pub(super) count: usize,
    /// Whether windows are used although the whole file could be mapped.
    pub(super) forced: bool,
}

/// What may become of bytes that no window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Their window is mapped.
    Map,
    /// It is mapped if it is likely to be used again; ordinary input and output do as well.
    MapOrPass,
}

/// Windows that are mapped at the moment. Each part of the file has one place, which it shares with
/// others.
///
/// A hit takes no lock. What becomes of a miss depends on what is likely to come:
///
/// - An empty place is filled.
/// - Who comes from the end of the window before goes through the file from front to back: the
///   window is mapped in place of the other.
/// - Anybody else is as likely to want the other window next. A small access costs ten times as
///   much through a new map as by ordinary input or output, so it goes that way; but now and then
///   the window is mapped all the same, so that those which are used often are mapped in the end.
#[derive(Debug)]
pub(super) struct Windows {
    /// A window has two to the power of this many bytes.
    shift: u32,
    /// How many there are at most.
    count: usize,
    /// A place for each of them, made by the first miss.
    places: AppendList<Box<[ArcSwapOption<View>]>>,
    misses: AtomicUsize,
    /// Held by the one who makes or fills a place, and never waited for: in a forked child nobody
    /// may be there who gives it back.
    filling: Mutex<()>,
}

impl Windows {
    pub(super) fn new(shape: Shape) -> Self {
        // Half the address space is more than anybody can use.
        let asked = shape.window.clamp(1, usize::MAX / 4).next_multiple_of(granularity());
        let longest = (1 << asked.ilog2()).min(LONGEST);
        let count = |window: usize| (asked / window).saturating_mul(shape.count.max(1));
        let mut window = if shape.forced { longest.min(SHORT) } else { longest };
        while count(window) > MANY && window < longest {
            window *= 2;
        }
        let (shift, count) = (window.trailing_zeros(), count(window).min(MOST));
        let (places, misses) = (AppendList::new(), AtomicUsize::new(0));
        Self { shift, count, places, misses, filling: Mutex::new(()) }
    }

    /// Calls `act` with the window of a byte, if it is in its place, and the byte's offset in it.
    ///
    /// It may be too short for what is wanted, which an access finds by itself.
    #[inline]
    pub(super) fn with<R>(&self, offset: u64, act: impl FnOnce(&View, usize) -> R) -> Option<R> {
        let (start, at) = self.split(offset);
        let place = self.place(start)?.load();
        place.as_deref().filter(|view| view.offset() == start).map(|view| act(view, at))
    }

    /// The window that has `len` bytes at `offset`, which lie in one; `map` maps a new one, if that
    /// is what the miss leads to, from an offset on and as long as it may be.
    pub(super) fn get(
        &self,
        offset: u64,
        len: usize,
        missing: Missing,
        map: impl FnOnce(u64, usize) -> Result<View>,
    ) -> Option<Arc<View>> {
        if let Some(view) = self.present(offset, len) {
            return Some(view);
        }
        let Ok(_alone) = self.filling.try_lock() else { return None };
        self.places.get_or_push(|| (0..self.count).map(|_| ArcSwapOption::empty()).collect());
        let (start, at) = self.split(offset);
        let place = self.place(start)?;
        let another = place.load().as_ref().is_some_and(|view| view.offset() != start);
        let passes = another && missing == Missing::MapOrPass;
        if passes && !(at < len && self.has_before(start)) && !self.is_due() {
            return None;
        }
        // As long as somebody copies through what is in the place, nothing else comes there.
        if let Some(Err(used)) = place.swap(None).map(Arc::try_unwrap) {
            place.store(Some(used));
            return None;
        }
        match map(start, 1 << self.shift) {
            Ok(view) => place.store(Some(Arc::new(view))),
            // Why, whoever maps these bytes alone is told.
            Err(_) => return None,
        }
        self.present(offset, len)
    }

    /// How many bytes the window of a byte has from that byte on.
    pub(super) fn rest(&self, offset: u64) -> usize {
        (1 << self.shift) - self.split(offset).1
    }

    /// Gives all windows up; those in use are unmapped when that ends.
    pub(super) fn clear(&self) {
        for place in self.places.get().into_iter().flatten() {
            place.store(None);
        }
    }

    /// The window of these bytes, if it is in its place and long enough.
    fn present(&self, offset: u64, len: usize) -> Option<Arc<View>> {
        let (start, at) = self.split(offset);
        let view = self.place(start)?.load_full()?;
        (view.offset() == start && at + len <= view.len()).then_some(view)
    }

    /// Returns whether the window before one is in its place.
    fn has_before(&self, start: u64) -> bool {
        start.checked_sub(1).is_some_and(|before| self.with(before, |_, _| ()).is_some())
    }

    /// Counts a miss, and returns whether it is one that has its window mapped.
    fn is_due(&self) -> bool {
        self.misses.fetch_add(1, Ordering::Relaxed) % MISSES == MISSES - 1
    }

    /// The place of the window that begins at `start`.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it is less than the number of places")]
    fn place(&self, start: u64) -> Option<&ArcSwapOption<View>> {
        let places = self.places.get()?;
        places.get(((start >> self.shift) % places.len() as u64) as usize)
    }

    /// Where the window of a byte begins, and where in it the byte is.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "windows are shorter than memory")]
    fn split(&self, offset: u64) -> (u64, usize) {
        let start = offset >> self.shift << self.shift;
        (start, (offset - start) as usize)
    }
}
