//! The bytes in sight, and when each of them changed.

use std::time::{Duration, Instant};

/// How long ago a byte changed, in the steps that the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::command::watch) enum Freshness {
    New,
    Recent,
    Fading,
}

impl Freshness {
    /// Returns the step of a change of this age, or `None` once it has faded.
    pub(in crate::command::watch) fn of(age: Duration) -> Option<Self> {
        match age.as_millis() {
            0..400 => Some(Self::New),
            400..1000 => Some(Self::Recent),
            1000..2500 => Some(Self::Fading),
            _ => None,
        }
    }
}

/// A range of bytes as it was read last.
#[derive(Debug, Default)]
pub(super) struct Window {
    offset: u64,
    bytes: Vec<u8>,
    /// When each byte was last seen to differ from the read before.
    changed: Vec<Option<Instant>>,
}

impl Window {
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Replaces the bytes by what was just read, and returns how many have changed.
    ///
    /// The range may have moved: bytes that were in sight before keep their times.
    pub(super) fn see(&mut self, offset: u64, bytes: Vec<u8>, now: Instant) -> usize {
        let mut count = 0;
        let mut changed = Vec::with_capacity(bytes.len());
        for (index, byte) in bytes.iter().enumerate() {
            let before = (offset + index as u64)
                .checked_sub(self.offset)
                .and_then(|at| usize::try_from(at).ok())
                .and_then(|at| Some((*self.bytes.get(at)?, self.changed[at])));
            changed.push(match before {
                Some((before, _)) if before != *byte => {
                    count += 1;
                    Some(now)
                }
                Some((_, time)) => time,
                None => None,
            });
        }
        *self = Self { offset, bytes, changed };
        count
    }

    /// Returns the step of the newest change among these bytes.
    pub(super) fn freshness(
        &self,
        range: std::ops::Range<usize>,
        now: Instant,
    ) -> Option<Freshness> {
        let newest = self.changed.get(range)?.iter().flatten().max()?;
        Freshness::of(now.saturating_duration_since(*newest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_fresh_and_fades() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut window = Window::default();
        assert_eq!(window.see(0, vec![1, 2, 3], start), 0);

        assert_eq!(window.see(0, vec![1, 9, 3], start), 1);

        assert_eq!(window.freshness(0..1, start), None);
        assert_eq!(window.freshness(1..2, after(399)), Some(Freshness::New));
        assert_eq!(window.freshness(0..3, after(400)), Some(Freshness::Recent));
        assert_eq!(window.freshness(1..2, after(1000)), Some(Freshness::Fading));
        assert_eq!(window.freshness(1..2, after(2500)), None);
    }

    #[test]
    fn what_comes_into_sight_has_not_changed_and_what_stays_keeps_its_time() {
        let now = Instant::now();
        let mut window = Window::default();
        window.see(16, vec![1, 2, 3, 4], now);
        window.see(16, vec![1, 2, 3, 5], now);

        assert_eq!(window.see(18, vec![3, 5, 7, 8], now), 0);

        assert_eq!(window.freshness(1..2, now), Some(Freshness::New));
        assert_eq!(window.freshness(2..4, now), None);
        assert_eq!(window.see(14, vec![0, 0, 0, 0, 3, 5], now), 0);
        assert_eq!(window.freshness(5..6, now), Some(Freshness::New));
    }

    #[test]
    fn bytes_that_were_not_there_before_have_not_changed() {
        let now = Instant::now();
        let mut window = Window::default();
        window.see(0, vec![1], now);

        assert_eq!(window.see(0, vec![1, 2, 3], now), 0);
        assert_eq!(window.see(0, vec![], now), 0);
        assert_eq!(window.freshness(0..1, now), None);
    }
}
