//! The ways to the bytes of a file: the map of all of it, a window, or ordinary input and output.
//!
//! Each operation has a fast path, through the map of the whole file, and a slow one for everything
//! else: what is not mapped, not known to be there, or lost. Nobody waits for anybody on either.

use std::ops::Range;
use std::sync::Arc;

use crate::file::MappedFile;
use crate::file::windows::Missing;
use crate::model::{AtomicCell, AtomicValue, View};
use crate::sys::sync::{Ordering, fence};
use crate::types::geometry::in_memory;
use crate::types::{Error, ErrorKind, Loss, Operation, Result};

/// How bytes that lie together are reached.
pub(super) enum Way<'a> {
    Whole(&'a View),
    Window(Arc<View>),
    /// By ordinary input and output, perhaps because the system maps nothing.
    File(Option<Error>),
}

impl<'a> Way<'a> {
    /// The map that has the byte at an offset of the file, and where in it the byte is.
    pub(super) fn view(&self, offset: u64) -> Option<(&View, usize)> {
        let view = match self {
            Self::Whole(view) => view,
            Self::Window(view) => &**view,
            Self::File(_) => return None,
        };
        Some((view, in_memory(offset - view.offset())))
    }

    /// The number at an offset of the file, which keeps its window.
    pub(super) fn cell<T: AtomicValue>(self, offset: u64) -> Result<AtomicCell<'a, T>> {
        match self {
            Self::Whole(view) => view.atomic(in_memory(offset)),
            Self::Window(view) => {
                let at = in_memory(offset - view.offset());
                AtomicCell::kept(view, at)
            }
            Self::File(why) => Err(why.unwrap_or_else(unmapped)),
        }
    }
}

impl MappedFile {
    /// The map of the whole file, if there is one, and where in it a byte is.
    #[inline(always)]
    pub(super) fn whole_at(&self, offset: u64) -> Option<(&View, usize)> {
        Some((self.whole.view()?, usize::try_from(offset).ok()?))
    }

    /// Goes through bytes that the file is known to have, part by part, each reached in one way.
    pub(super) fn each(
        &self,
        offset: u64,
        len: usize,
        mut visit: impl FnMut(&Way<'_>, u64, Range<usize>) -> Result<()>,
    ) -> Result<()> {
        // Of the whole of it: what is left of a longer access is not copied in one piece.
        let missing = self.missing(offset, len);
        let mut done = 0;
        while done < len {
            let from = offset + done as u64;
            let (way, count) = self.way_where(from, len - done, missing)?;
            visit(&way, from, done..done + count).map_err(|error| error.lost_after(done))?;
            done += count;
        }
        Ok(())
    }

    /// Lets `act` use a map of a value of `len` bytes.
    pub(super) fn in_map<R>(
        &self,
        offset: u64,
        len: usize,
        act: impl FnOnce(&View, usize) -> Result<R>,
    ) -> Result<R> {
        let (way, _) = self.way(offset, len)?;
        let (view, at) = way.view(offset).ok_or_else(unmapped)?;
        act(view, at)
    }

    /// The way to bytes that the file is known to have, and how many of them it leads to.
    pub(super) fn way(&self, offset: u64, len: usize) -> Result<(Way<'_>, usize)> {
        self.way_where(offset, len, self.missing(offset, len))
    }

    /// What becomes of an access that no map serves.
    fn missing(&self, offset: u64, len: usize) -> Missing {
        // Output on the same pages may take the place of a map, but not for a value that is copied
        // in one piece.
        match is_one_access(offset, len) {
            false if self.mapping.follows_file() && self.mapping.input_sees_maps() => {
                Missing::MapOrPass
            }
            _ => Missing::Map,
        }
    }

    /// [`way`](Self::way) to a part of an access, of which `missing` is to become where no map serves it.
    fn way_where(&self, offset: u64, len: usize, missing: Missing) -> Result<(Way<'_>, usize)> {
        self.mapping.check_generation(Operation::MapView)?;
        if let Some(view) = self.whole_to(offset.saturating_add(len as u64))? {
            return Ok((Way::Whole(view), len));
        }
        let count = len.min(self.windows.rest(offset));
        let window = self.windows.get(offset, count, missing, |at, len| self.map(at, len as u64));
        if let Some(window) = window {
            return Ok((Way::Window(window), count));
        }
        if missing == Missing::MapOrPass {
            return Ok((Way::File(None), count));
        }
        // The last resort: these bytes, for this once.
        let view = match self.map(offset, count as u64) {
            // Some file systems map nothing, and a process has only so many maps.
            Err(error) if self.mapping.follows_file() => {
                return Ok((Way::File(Some(error)), count));
            }
            view => view?,
        };
        if view.len() < count {
            let lost = Loss { offset: offset + view.len() as u64, done: view.len() };
            return Err(Error::new(ErrorKind::Lost, Operation::MapView).lost(lost));
        }
        Ok((Way::Window(Arc::new(view)), count))
    }

    /// The map of the whole file, if it reaches as far as `end`, or can be made to.
    fn whole_to(&self, end: u64) -> Result<Option<&View>> {
        let reaching = || self.whole.view().filter(|view| end <= view.len() as u64);
        if !self.maps_whole || reaching().is_some() {
            return Ok(reaching());
        }
        // All of the file: a page that was touched through a shorter map would have to be found
        // again through the next one.
        if self.whole.map(end.max(self.known_len()), |len| self.map(0, len)) {
            // Whoever cuts the file finds this map, or the file is cut already.
            fence(Ordering::SeqCst);
            self.len()?;
        }
        Ok(reaching())
    }

    /// Maps `len` bytes, or as many as there are of what does not grow.
    pub(super) fn map(&self, offset: u64, len: u64) -> Result<View> {
        let len = match self.mapping.follows_file() {
            // A map of large pages would make the file longer, and takes all that it might need.
            true if self.mapping.page_of_maps().is_some() => {
                len.min(self.mapping.file_len()?.saturating_sub(offset))
            }
            true => len,
            false => len.min(self.mapping.size().saturating_sub(offset)),
        };
        let view = self.mapping.map_window(self.access, offset, in_memory(len))?;
        Ok(view.called(self.subject().into()))
    }
}

/// What a value that needs a map gets without one.
fn unmapped() -> Error {
    Error::new(ErrorKind::OutOfMemory, Operation::MapView)
}

/// Returns whether a value is copied in one piece: as long as a scalar, and aligned.
pub(super) fn is_one_access(offset: u64, len: usize) -> bool {
    matches!(len, 1 | 2 | 4 | 8) && offset.is_multiple_of(len as u64)
}
