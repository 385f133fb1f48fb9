use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::file::sliding::{Piece, Sliding};
use crate::model::{FileMapping, Latest, Lent, View};
use crate::types::{Access, ErrorKind, Result};

/// The length of the first map of a whole file, in bytes; each further one is twice as long.
const FIRST: u64 = 1 << 20;

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
/// Nobody takes a lock on the way to a byte that is mapped.
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
    /// The longest map.
    latest: Latest<View>,
    /// A bit for each level that was mapped.
    mapped: AtomicU64,
    /// The first level for which the address space had no room.
    impossible: AtomicUsize,
}

/// What may be done about bytes that no window has at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// They must be mapped.
    Map,
    /// The visitor may be given no view, and then gets at them by input or output.
    MapOrPass,
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

/// What a range is mapped from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) mapping: &'a FileMapping,
    pub(super) access: Access,
    /// Bytes that the file is known to have.
    pub(super) known_len: u64,
}

impl Windows {
    pub(super) fn new(shape: Shape) -> Self {
        let whole = Whole {
            latest: Latest::new(),
            mapped: AtomicU64::new(0),
            impossible: AtomicUsize::new(LEVELS),
        };
        Self { whole, sliding: OnceLock::new(), shape }
    }

    /// The map of the whole file, as it was when it was mapped last, if it is there.
    ///
    /// At once it is touched only as far as somebody has let it be since: nowhere when it is new.
    #[inline(always)]
    pub(super) fn whole(&self) -> Option<&View> {
        self.whole.latest.get()
    }

    /// The same if it reaches as far as `end`.
    fn reaching(&self, end: u64) -> Option<&View> {
        self.whole().filter(|view| end <= view.len() as u64)
    }

    /// The window that the byte at `offset` belongs to, if there is one, and where the byte is in
    /// it. It may be too short for that, which an access finds by itself.
    #[inline(always)]
    pub(super) fn lend(&self, offset: u64) -> Option<(Lent<'_, Piece>, usize)> {
        self.sliding.get()?.lend(offset)
    }

    /// Goes through the bytes from `offset` on, part by part, mapping what is not mapped, until
    /// `visit` has seen enough. It gets no view only if `missing` allows that.
    ///
    /// The caller has seen that the file has these bytes.
    pub(super) fn each(
        &self,
        source: Source<'_>,
        missing: Missing,
        offset: u64,
        len: usize,
        mut visit: impl FnMut(Option<&View>, Part) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        let end = offset.saturating_add(len as u64);
        if let Some(view) = self.whole_reaching(source, end)?
            && let Ok(at) = usize::try_from(offset)
        {
            return visit(Some(view), Part { at, done: 0, len }).map(drop);
        }
        let sliding = self.sliding.get_or_init(|| Sliding::new(self.shape));
        sliding.each(source, missing, offset, len, visit)
    }

    /// Unmaps what is mapped and not in use at this moment; false if that is not all of it, as
    /// where the whole file is mapped.
    pub(super) fn let_go(&self) -> bool {
        let slid = self.sliding.get().is_none_or(Sliding::let_go);
        slid && self.whole.latest.get().is_none()
    }

    /// The map of the whole file up to `end` at least; `None` if windows must do.
    fn whole_reaching(&self, source: Source<'_>, end: u64) -> Result<Option<&View>> {
        if self.shape.forced {
            return Ok(None);
        }
        if let Some(view) = self.reaching(end) {
            return Ok(Some(view));
        }
        let Source { mapping, access, known_len } = source;
        // Memory and mappings of a fixed size are mapped to their end, files past it.
        let fixed = (!mapping.follows_file()).then(|| mapping.size());
        // All of the file at once: a page that was touched through a shorter map would have to be
        // found again through the next one.
        let reach = end.max(known_len);
        let level = (0..LEVELS).find(|level| FIRST << level >= reach).unwrap_or(LEVELS - 1);
        if level >= self.whole.impossible.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // Where maps end with the file, one of an earlier moment may be too short by now, and
        // stays: windows do for the rest until the file needs the next level.
        if self.whole.mapped.load(Ordering::Acquire) & (1 << level) != 0 {
            return Ok(self.reaching(end));
        }
        let Ok(len) = usize::try_from(fixed.unwrap_or(FIRST << level)) else { return Ok(None) };
        match mapping.map_window(access, 0, len) {
            Ok(view) => {
                view.set_reach(0, 0);
                // Another thread may have mapped as much meanwhile.
                self.whole.latest.put(view, |present, new| present.len() >= new.len());
                self.whole.mapped.fetch_or(1 << level, Ordering::Release);
                Ok(self.reaching(end))
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
