use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;

use crate::model::{FileMapping, View, granularity};
use crate::types::{Access, Error, ErrorKind, Loss, Operation, Result};

/// The length of the first map of a whole file, in bytes; each further one is twice as long.
const FIRST: u64 = 1 << 20;

/// The most windows that are kept.
const MOST: usize = 1 << 16;

/// Enough maps for a file of any length.
const LEVELS: usize = 44;

/// Where the bytes of a file are mapped in this process.
///
/// While the address space has room, one map holds the whole file, and more than that where the
/// system maps past the end of a file: so a file which grows seldom needs another. Maps that became
/// too short stay where they are until the file is closed, because somebody may be copying through
/// them; all together are no longer than the last one. Without room, or by choice, windows
/// slide over the file, and a few of them are kept.
///
/// Nobody takes a lock on the way to a byte.
#[derive(Debug)]
pub(super) struct Windows {
    whole: Whole,
    sliding: OnceLock<Sliding>,
    shape: Shape,
}

/// How windows are to be cut if the whole file is not mapped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Bytes in a window, a multiple of the granularity.
    pub(super) window: usize,
    /// How many windows are kept.
    pub(super) count: usize,
    /// Whether windows are used although the whole file could be mapped.
    pub(super) forced: bool,
}

#[derive(Debug)]
struct Whole {
    levels: [OnceLock<View>; LEVELS],
    /// The level that reaches furthest of those that are mapped.
    furthest: AtomicUsize,
    /// The first level for which the address space had no room.
    impossible: AtomicUsize,
}

#[derive(Debug)]
struct Sliding {
    window: usize,
    slots: Box<[ArcSwapOption<Window>]>,
}

#[derive(Debug)]
struct Window {
    index: u64,
    view: View,
}

/// A window that somebody keeps who goes through the file from front to back, and so need not
/// look for it at each step.
#[derive(Debug, Clone)]
pub(super) struct Held {
    window: Arc<Window>,
    start: u64,
}

impl Held {
    /// The view that has these bytes, and where in it they begin, if this window has them.
    #[inline(always)]
    pub(super) fn at_hand(&self, offset: u64, len: usize) -> Option<(&View, usize)> {
        let at = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        (at.checked_add(len)? <= self.window.view.len()).then_some((&self.window.view, at))
    }
}

/// A part of a range that lies in one window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Where the part begins in the view, in bytes.
    pub(super) at: usize,
    /// Where the part begins in the range, in bytes.
    pub(super) done: usize,
    /// How many bytes it has.
    pub(super) len: usize,
}

impl Windows {
    pub(super) fn new(shape: Shape) -> Self {
        let whole = Whole {
            levels: [const { OnceLock::new() }; LEVELS],
            furthest: AtomicUsize::new(0),
            impossible: AtomicUsize::new(LEVELS),
        };
        Self { whole, sliding: OnceLock::new(), shape }
    }

    /// The map of the whole file, if it is there and reaches as far as `end`.
    #[inline(always)]
    pub(super) fn reaching(&self, end: u64) -> Option<&View> {
        let furthest = self.whole.furthest.load(Ordering::Acquire);
        let view = self.whole.levels.get(furthest)?.get()?;
        (end <= view.len() as u64).then_some(view)
    }

    /// Goes through the bytes from `offset` on, part by part, mapping what is not mapped, until
    /// `visit` has seen enough.
    ///
    /// The caller has seen that the file has these bytes, and `known_len` altogether.
    pub(super) fn each(
        &self,
        mapping: &FileMapping,
        access: Access,
        known_len: u64,
        offset: u64,
        len: usize,
        mut visit: impl FnMut(&View, Part) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        let end = offset.saturating_add(len as u64);
        if let Some(view) = self.whole_reaching(mapping, access, end, known_len)?
            && let Ok(at) = usize::try_from(offset)
        {
            return visit(view, Part { at, done: 0, len }).map(drop);
        }
        let sliding = self.sliding.get_or_init(|| Sliding::new(self.shape));
        sliding.each(mapping, access, offset, len, visit)
    }

    /// Unmaps what is mapped, as soon as nobody copies through it; false if that cannot be, because
    /// the whole file is mapped.
    pub(super) fn let_go(&self) -> bool {
        if let Some(sliding) = self.sliding.get() {
            sliding.slots.iter().for_each(|slot| slot.store(None));
        }
        self.whole.levels.iter().all(|level| level.get().is_none())
    }

    /// The window that was used last for the byte at `offset`, to be held; none if the whole
    /// file is mapped, or the window was replaced since.
    pub(super) fn hold(&self, offset: u64) -> Option<Held> {
        let sliding = self.sliding.get()?;
        let index = offset / sliding.window as u64;
        let window = sliding.slot(index).load_full().filter(|window| window.index == index)?;
        Some(Held { start: sliding.offset_of(index), window })
    }

    /// The map of the whole file up to `end` at least; `None` if windows must do.
    fn whole_reaching(
        &self,
        mapping: &FileMapping,
        access: Access,
        end: u64,
        known_len: u64,
    ) -> Result<Option<&View>> {
        if self.shape.forced {
            return Ok(None);
        }
        if let Some(view) = self.reaching(end) {
            return Ok(Some(view));
        }
        // Memory and mappings of a fixed size are mapped to their end, files past it.
        let fixed = (!mapping.follows_file()).then(|| mapping.size());
        // All of the file at once: a page that was touched through a shorter map would have to be
        // found again through the next one.
        let reach = end.max(known_len);
        let level = (0..LEVELS).find(|level| FIRST << level >= reach).unwrap_or(LEVELS - 1);
        if level >= self.whole.impossible.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if self.whole.levels[level].get().is_some_and(|view| end > view.len() as u64) {
            return Ok(None);
        }
        let Ok(len) = usize::try_from(fixed.unwrap_or(FIRST << level)) else { return Ok(None) };
        match mapping.map_window(access, 0, len) {
            Ok(view) => {
                let view = self.whole.levels[level].get_or_init(|| view);
                self.whole.furthest.fetch_max(level, Ordering::AcqRel);
                // Where maps end with the file, one of an earlier moment may be too short by now,
                // and stays: windows do for the rest until the file needs the next level.
                Ok((end <= view.len() as u64).then_some(view))
            }
            // The address space is full, or too small for this file.
            Err(error) if error.kind() == ErrorKind::OutOfMemory => {
                self.whole.impossible.fetch_min(level, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl Sliding {
    fn new(shape: Shape) -> Self {
        // Half the address space, and a number of windows that a table can have, are more than
        // anybody can use.
        let most = usize::MAX / 4;
        let window = shape.window.clamp(1, most).next_multiple_of(granularity());
        let slots = (0..shape.count.clamp(1, MOST)).map(|_| ArcSwapOption::empty()).collect();
        Self { window, slots }
    }

    fn each(
        &self,
        mapping: &FileMapping,
        access: Access,
        offset: u64,
        len: usize,
        mut visit: impl FnMut(&View, Part) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut done = 0;
        while done < len {
            let from = offset.saturating_add(done as u64);
            let index = from / self.window as u64;
            // The remainder is below the window's length, which is a `usize`.
            let at = usize::try_from(from % self.window as u64).unwrap_or(0);
            let part = Part { at, done, len: (len - done).min(self.window - at) };
            if self.with(mapping, access, index, part, &mut visit)?.is_break() {
                break;
            }
            done += part.len;
        }
        Ok(())
    }

    /// Lets `visit` use the window with this index, mapping it in another's place if need be.
    ///
    /// A window that is replaced is unmapped when the last of those who are copying through
    /// it is done.
    fn with(
        &self,
        mapping: &FileMapping,
        access: Access,
        index: u64,
        part: Part,
        visit: &mut impl FnMut(&View, Part) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let slot = self.slot(index);
        let end = part.at + part.len;
        if let Some(window) = &*slot.load()
            && window.index == index
            && end <= window.view.len()
        {
            return visit(&window.view, part);
        }
        match self.map(mapping, access, index, end) {
            // Where maps end with the file, it has become shorter since it was looked at.
            Ok(window) if end > window.view.len() => {
                let at = window.view.len().max(part.at);
                let offset = self.offset_of(index).saturating_add(at as u64);
                Err(Error::new(ErrorKind::Lost, Operation::MapView)
                    .lost(Loss { offset, done: at - part.at }))
            }
            Ok(window) => {
                let window = Arc::new(window);
                slot.store(Some(Arc::clone(&window)));
                visit(&window.view, part)
            }
            // The last resort: these bytes, for this once.
            Err(error) if error.kind() == ErrorKind::OutOfMemory => {
                let offset = self.offset_of(index).saturating_add(part.at as u64);
                let view = mapping.map_window(access, offset, part.len)?;
                visit(&view, Part { at: 0, ..part })
            }
            Err(error) => Err(error),
        }
    }

    /// Where the window with this index is kept, if it is.
    fn slot(&self, index: u64) -> &ArcSwapOption<Window> {
        let slot = usize::try_from(index % self.slots.len() as u64).unwrap_or(0);
        &self.slots[slot]
    }

    fn offset_of(&self, index: u64) -> u64 {
        index.saturating_mul(self.window as u64)
    }

    /// Maps a window, or as much of it as there is room for, but up to `end` at least.
    fn map(&self, mapping: &FileMapping, access: Access, index: u64, end: usize) -> Result<Window> {
        let offset = self.offset_of(index);
        let rest =
            if mapping.follows_file() { u64::MAX } else { mapping.size().saturating_sub(offset) };
        let mut len = usize::try_from(rest).unwrap_or(usize::MAX).min(self.window);
        let mut kept = true;
        loop {
            match mapping.map_window(access, offset, len) {
                Ok(view) => return Ok(Window { index, view }),
                // The other windows may be what takes the room.
                Err(error) if error.kind() == ErrorKind::OutOfMemory && kept => {
                    self.slots.iter().for_each(|slot| slot.store(None));
                    kept = false;
                }
                Err(error) if error.kind() == ErrorKind::OutOfMemory && len > end => {
                    len = (len / 2).max(end);
                }
                Err(error) => return Err(error),
            }
        }
    }
}
