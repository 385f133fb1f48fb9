//! The fast methods of a view, for files, which keep them to the bytes that they know to be there.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::model::View;
use crate::sys::Seen;
use crate::types::geometry;

impl View {
    /// Returns how many bytes from the start the fast methods may read and write, before a look at
    /// how many there are.
    #[inline]
    pub(crate) fn reach_seen(&self) -> [Seen; 2] {
        self.region.limits_seen()
    }

    /// Notes how many bytes from the start the fast methods may read, and how many they may write,
    /// by a look that was made after `seen`; false if that is not noted any more. The other methods
    /// reach all of the view.
    #[inline]
    pub(crate) fn note_reach(&self, seen: [Seen; 2], readable: u64, writable: u64) -> bool {
        let [readable, writable] = [readable, writable].map(geometry::in_memory);
        self.region.note_limits(seen, readable, writable)
    }

    /// Keeps the fast methods to the first `bytes`, whatever was seen before.
    pub(crate) fn cut_reach(&self, bytes: u64) {
        self.region.cut_limits(geometry::in_memory(bytes));
    }

    /// Copies bytes out as [`read_at`](crate::PositionedIo::read_at) does, if they are within the reach, and
    /// their pages need not be asked. After `false`, `buf` is unspecified.
    #[inline(always)]
    pub(crate) fn read_fast(&self, at: usize, buf: &mut [u8]) -> bool {
        self.region.read_fast(at, buf).is_ok()
    }

    /// Copies bytes in as [`write_all_at`](crate::PositionedIo::write_all_at) does, if they are within the reach and their
    /// pages need not be asked. After `false` some may have been written.
    #[inline(always)]
    pub(crate) fn write_fast(&self, at: usize, bytes: &[u8]) -> bool {
        self.region.write_fast(at, bytes).is_ok()
    }

    /// Copies a value out as [`read`](Self::read) does, if it is within the reach, its page need not
    /// be asked, and one that is copied in one piece is aligned.
    #[inline(always)]
    pub(crate) fn load_fast<T: FromBytes>(&self, at: usize) -> Option<T> {
        self.region.load_fast(at).ok()
    }

    /// Copies a value in as [`write`](Self::write) does, if it is within the reach, its page need
    /// not be asked, and one that is copied in one piece is aligned.
    #[inline(always)]
    pub(crate) fn store_fast<T>(&self, at: usize, value: &T) -> bool
    where
        T: IntoBytes + Immutable + ?Sized,
    {
        self.region.store_fast(at, value.as_bytes()).is_ok()
    }
}
