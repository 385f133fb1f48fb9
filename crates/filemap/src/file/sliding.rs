use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use crate::file::windows::{Missing, Part, Shape, Source};
use crate::model::{Keeper, Lending, Lent, View, granularity};
use crate::types::{Error, ErrorKind, Loss, Operation, Result};

/// Bytes in a piece, unless windows are shorter: enough that mapping one costs little beside the
/// faults of all its pages, and little enough that many parts of a file can be mapped at once.
const PIECE: usize = 2 << 20;

/// Pieces become longer, if windows are, rather than more than this.
const MANY: usize = 1 << 10;

/// The most pieces that are kept, and the longest.
const MOST: usize = 1 << 16;
const LONGEST: usize = 1 << 30;

/// So many misses in a row cost about what a piece does that is mapped in another's place.
const PATIENCE: u8 = 32;

/// A row of pieces of a file that are mapped, together as long as the windows asked for.
///
/// Each piece of the file has one place in the row, which it shares with others. What happens
/// at a miss depends on what is likely to come:
///
/// - An empty place is filled.
/// - Who comes from the end of the piece before goes through the file from front to back: the
///   piece is mapped in place of the other. Its pages are left to come in one by one, as to
///   bring them in at once gains a sixth on tmpfs, and takes three times as long where the system
///   maps many pages at a fault.
/// - Anybody else is as likely to want the other piece next. One small access costs ten
///   times as much through a new map as by ordinary input or output, which works on the same
///   pages; so it is passed on to that. Only a piece that nobody has used for as long as a map
///   is worth gives way.
///
/// A hit takes no lock and counts nothing: see [`Lending`]. Misses decide one at a time, and who
/// would have to wait for that goes by input or output as well.
#[derive(Debug)]
pub(super) struct Sliding {
    /// Bytes in a piece, a power of two.
    piece: usize,
    shift: u32,
    count: u32,
    /// What is left of an index by a division by `count`, if that is a power of two; or 0.
    mask: u32,
    pieces: Lending<Piece>,
    /// For each place, how many misses in a row found its piece unused.
    misses: Mutex<Box<[u8]>>,
}

/// A part of the file that is mapped.
#[derive(Debug)]
pub(super) struct Piece {
    index: u64,
    pub(super) view: View,
    /// Whether it was used since the last miss at its place.
    used: AtomicBool,
}

/// What a miss led to.
enum Met {
    /// The piece is in its place.
    Placed,
    /// It is not to be had now.
    Passed,
}

impl Sliding {
    pub(super) fn new(shape: Shape) -> Self {
        // Half the address space is more than anybody can use.
        let window = shape.window.clamp(1, usize::MAX / 4).next_multiple_of(granularity());
        let longest = (window / 2 + 1).next_power_of_two().min(LONGEST);
        let places = |piece: usize| (window / piece).saturating_mul(shape.count.max(1));
        // Where address space is so scarce that the file does not fit, the rest of the program is
        // not to be left with less than a window.
        let mut piece = if shape.forced { longest.min(PIECE) } else { longest };
        while places(piece) > MANY && piece < longest {
            piece *= 2;
        }
        let places = places(piece).clamp(1, MOST);
        let count = u32::try_from(places).unwrap_or(1);
        Self {
            piece,
            shift: piece.trailing_zeros(),
            count,
            mask: if count.is_power_of_two() { count - 1 } else { 0 },
            pieces: Lending::new(places),
            misses: Mutex::new(vec![0; places].into_boxed_slice()),
        }
    }

    /// The piece that the byte at `offset` belongs to, if it is in its place, and where the byte is
    /// in it. It may be too short for that, which an access finds by itself.
    #[inline(always)]
    pub(super) fn lend(&self, offset: u64) -> Option<(Lent<'_, Piece>, usize)> {
        let index = offset >> self.shift;
        let piece = self.pieces.lend(self.place(index))?;
        if piece.index != index {
            return None;
        }
        if !piece.used.load(Ordering::Relaxed) {
            piece.used.store(true, Ordering::Relaxed);
        }
        Some((piece, self.within(offset)))
    }

    /// The same if the piece has all of these bytes.
    fn lend_all(&self, offset: u64, len: usize) -> Option<Lent<'_, Piece>> {
        let (piece, at) = self.lend(offset)?;
        at.checked_add(len).is_some_and(|end| end <= piece.view.len()).then_some(piece)
    }

    /// See [`Windows::each`](super::windows::Windows::each).
    pub(super) fn each(
        &self,
        source: Source<'_>,
        missing: Missing,
        offset: u64,
        len: usize,
        mut visit: impl FnMut(Option<&View>, Part) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut done = 0;
        while done < len {
            let from = offset.saturating_add(done as u64);
            let at = self.within(from);
            let part = Part { at, done, len: (len - done).min(self.piece - at) };
            let flow = match self.lend_all(from, part.len) {
                Some(piece) => visit(Some(&piece.view), part)?,
                None => self.miss(source, missing, from, part, &mut visit)?,
            };
            if flow.is_break() {
                break;
            }
            done += part.len;
        }
        Ok(())
    }

    /// Unmaps all that nobody uses at this moment; false if that is not everything.
    pub(super) fn let_go(&self) -> bool {
        self.pieces.keeper().clear(0..self.pieces.len())
    }

    /// Lets `visit` use bytes that no piece in its place has.
    #[inline(never)]
    fn miss(
        &self,
        source: Source<'_>,
        missing: Missing,
        from: u64,
        part: Part,
        visit: &mut impl FnMut(Option<&View>, Part) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        if let Met::Placed = self.meet(source, missing, from, part)?
            && let Some(piece) = self.lend_all(from, part.len)
        {
            return visit(Some(&piece.view), part);
        }
        // It was replaced at once, or this thread has a piece on loan already.
        if missing == Missing::MapOrPass {
            return visit(None, part);
        }
        // The last resort: these bytes, for this once.
        let view = source.mapping.map_window(source.access, from, part.len)?;
        visit(Some(&view), Part { at: 0, ..part })
    }

    /// Decides about a miss, and maps the piece if that is what is decided.
    fn meet(&self, source: Source<'_>, missing: Missing, from: u64, part: Part) -> Result<Met> {
        let index = from >> self.shift;
        let (place, end) = (self.place(index), part.at + part.len);
        let mut misses = match self.misses.try_lock() {
            Ok(misses) => misses,
            Err(TryLockError::WouldBlock) if missing == Missing::MapOrPass => {
                return Ok(Met::Passed);
            }
            Err(_) => self.misses.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let mut keeper = self.pieces.keeper();
        let in_sequence = part.at < part.len
            && index.checked_sub(1).is_some_and(|before| {
                keeper.get(self.place(before)).is_some_and(|piece| piece.index == before)
            });
        let mut occupied = None;
        if let Some(piece) = keeper.get(place) {
            if piece.index == index && end <= piece.view.len() {
                return Ok(Met::Placed);
            }
            let count = &mut misses[place];
            if missing == Missing::MapOrPass && piece.index != index && !in_sequence {
                *count = if piece.used.swap(false, Ordering::Relaxed) { 0 } else { *count + 1 };
                if *count < PATIENCE {
                    return Ok(Met::Passed);
                }
            }
            *count = 0;
            occupied = Some(place);
        }
        // As long as somebody copies through what was taken away, nothing comes in its place.
        if !keeper.clear(occupied) {
            return Ok(Met::Passed);
        }
        let Some(view) = self.map(source, &mut keeper, index, end)? else {
            return Ok(Met::Passed);
        };
        if end > view.len() {
            // Where maps end with the file, it has become shorter since it was looked at.
            let at = view.len().max(part.at);
            let offset = self.offset_of(index).saturating_add(at as u64);
            return Err(Error::new(ErrorKind::Lost, Operation::MapView)
                .lost(Loss { offset, done: at - part.at }));
        }
        // The place is empty, so nothing comes back.
        let used = AtomicBool::new(true);
        keeper.put(place, Piece { index, view, used });
        Ok(Met::Placed)
    }

    /// Maps a piece, or as much of it as there is room for, but up to `end` at least; `None` if
    /// there is no room for that.
    fn map(
        &self,
        source: Source<'_>,
        keeper: &mut Keeper<'_, Piece>,
        index: u64,
        end: usize,
    ) -> Result<Option<View>> {
        let Source { mapping, access, .. } = source;
        let offset = self.offset_of(index);
        let rest =
            if mapping.follows_file() { u64::MAX } else { mapping.size().saturating_sub(offset) };
        let mut len = usize::try_from(rest).unwrap_or(usize::MAX).min(self.piece);
        let mut kept = true;
        loop {
            match mapping.map_window(access, offset, len) {
                Ok(view) => return Ok(Some(view)),
                // The other pieces may be what takes the room.
                Err(error) if error.kind() == ErrorKind::OutOfMemory && kept => {
                    keeper.clear(0..self.pieces.len());
                    kept = false;
                }
                Err(error) if error.kind() == ErrorKind::OutOfMemory && len > end => {
                    len = (len / 2).max(end);
                }
                Err(error) if error.kind() == ErrorKind::OutOfMemory => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Where the piece with this index is kept, if it is.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "any number will do that is always the same"
    )]
    fn place(&self, index: u64) -> usize {
        // Of 32 bits, as a division of 64 takes several times as long.
        let index = index as u32;
        (if self.mask > 0 { index & self.mask } else { index % self.count }) as usize
    }

    /// Where in its piece a byte of the file is.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "pieces are shorter than memory")]
    fn within(&self, offset: u64) -> usize {
        offset as usize & (self.piece - 1)
    }

    fn offset_of(&self, index: u64) -> u64 {
        index << self.shift
    }
}
