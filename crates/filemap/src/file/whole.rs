//! The map of a whole file, which is replaced by longer ones as the file grows.

use crate::model::{AppendList, View};
use crate::sys::sync::{AtomicU64, Ordering};
use crate::types::{ErrorKind, Result};

/// The length of the first map in bytes; each further one is twice as long.
const FIRST: u64 = 1 << 20;

/// The level of the map that is long enough for every file. The first one is 0.
const LAST: u32 = 43;

/// Maps of the whole file, of which the longest is used.
///
/// They reach past the end of the file where the system maps that, so a file that grows seldom
/// needs another one. Those that became too short stay until the file is closed, because somebody
/// may be copying through them; all together are no longer than the last one.
#[derive(Debug)]
pub(super) struct Whole {
    maps: AppendList<View>,
    /// A bit for each level that somebody has begun to map. Nobody waits for that one, who need not
    /// be there in a forked child. Where there is no address space for a level, it is begun for good.
    begun: AtomicU64,
}

impl Whole {
    pub(super) fn new() -> Self {
        Self { maps: AppendList::new(), begun: AtomicU64::new(0) }
    }

    /// The longest map, if there is one.
    #[inline(always)]
    pub(super) fn view(&self) -> Option<&View> {
        self.maps.get()
    }

    /// Has `map` map a file of `len` bytes as far as its level reaches, unless that was begun
    /// before; returns whether there is a new map. Why there is none, whoever maps a part of it is told.
    pub(super) fn map(&self, len: u64, map: impl FnOnce(u64) -> Result<View>) -> bool {
        let level = (0..LAST).find(|level| FIRST << level >= len).unwrap_or(LAST);
        if self.begun.fetch_or(1 << level, Ordering::Relaxed) & 1 << level != 0 {
            return false;
        }
        match map(FIRST << level) {
            Ok(view) => {
                view.cut_reach(0);
                // Another thread may have mapped a longer one meanwhile.
                self.maps.push(view, |present, new| present.len() >= new.len());
                true
            }
            Err(error) => {
                if error.kind() != ErrorKind::OutOfMemory {
                    self.begun.fetch_and(!(1 << level), Ordering::Relaxed);
                }
                false
            }
        }
    }
}
