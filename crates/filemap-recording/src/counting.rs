//! The numbers by which a replayed program says that it writes: they go on where a replay begins again.

use std::ops::Range;

use filemap_layout::{Counter, Versions};

/// A number to be written: where, and its bytes.
pub(crate) type Written = Option<(Range<usize>, Vec<u8>)>;

/// The numbers of a mapping, from frame to frame.
#[derive(Debug)]
pub(crate) struct Counting {
    versions: Versions,
    /// What is added to a number of the recording.
    ahead: u64,
    /// The number that was written last.
    last: Option<u64>,
    /// Whether the next frame is the first of a round.
    is_first: bool,
    has_changed: bool,
}

impl Counting {
    /// Begins with the numbers of the recording.
    pub(crate) fn new(versions: Versions) -> Self {
        Self { versions, ahead: 0, last: None, is_first: true, has_changed: false }
    }

    /// Goes on after the number in these bytes, which somebody may have seen.
    pub(crate) fn on_from(versions: Versions, bytes: &[u8]) -> Self {
        let last = versions.counters().first().map(|counter| counter.value(bytes));
        Self { last, ..Self::new(versions) }
    }

    /// Is told that the recording begins, perhaps again.
    pub(crate) fn begin_round(&mut self) {
        self.is_first = true;
    }

    /// Returns whether the last frame was of another version than the one before it.
    pub(crate) fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Returns the numbers to be written before and after a frame.
    pub(crate) fn next(&mut self, frame: &[u8]) -> [Written; 2] {
        let number = |counter: &Counter, value: u64| {
            let bytes = counter.bytes(value);
            let start = usize::try_from(counter.offset).ok()?;
            Some((start..start.checked_add(bytes.len())?, bytes))
        };
        let (counter, step) = match &self.versions {
            Versions::Busy(one) => {
                self.has_changed = true;
                return [number(one, 1), number(one, 0)];
            }
            Versions::Pair { end, .. } => (end, 1),
            Versions::Tick(one) => (one, 1),
            // It is even as long as nobody writes.
            Versions::Odd(one) => (one, 2),
        };
        let recorded = counter.value(frame);
        if std::mem::take(&mut self.is_first)
            && let Some(last) = self.last
        {
            self.ahead = last.wrapping_add(step).wrapping_sub(recorded);
            if step == 2 {
                // Whoever was ended while it wrote has left an odd number.
                self.ahead = self.ahead.wrapping_add(self.ahead % 2);
            }
        }
        let value = recorded.wrapping_add(self.ahead);
        self.has_changed = self.last != Some(value);
        self.last = Some(value);
        match &self.versions {
            Versions::Pair { begin, end } => [number(begin, value), number(end, value)],
            Versions::Odd(one) => [number(one, value.wrapping_sub(1)), number(one, value)],
            Versions::Tick(one) | Versions::Busy(one) => [None, number(one, value)],
        }
    }
}

#[cfg(test)]
mod tests {
    use filemap_layout::Layout;

    use super::*;

    fn values(counting: &mut Counting, recorded: u32) -> [Option<u32>; 2] {
        let frame = [recorded.to_le_bytes(), recorded.to_le_bytes()].concat();
        counting.next(&frame).map(|number| {
            let (_, bytes) = number?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        })
    }

    #[test]
    fn numbers_go_on_when_a_replay_begins_again() {
        let layout = Layout::from_words("begin:u32 end:u32").unwrap();
        let fields = layout.root();

        let mut pair = Counting::new(Versions::pair(fields, "begin", "end").unwrap());
        assert_eq!(values(&mut pair, 7), [Some(7), Some(7)]);
        assert_eq!(values(&mut pair, 9), [Some(9), Some(9)]);
        pair.begin_round();
        assert_eq!(values(&mut pair, 7), [Some(10), Some(10)]);
        assert_eq!(values(&mut pair, 9), [Some(12), Some(12)]);
        assert!(pair.has_changed());
        assert_eq!(values(&mut pair, 9), [Some(12), Some(12)]);
        assert!(!pair.has_changed());

        let mut odd = Counting::new(Versions::odd(fields, "begin").unwrap());
        assert_eq!(values(&mut odd, 8), [Some(7), Some(8)]);
        odd.begin_round();
        assert_eq!(values(&mut odd, 2), [Some(9), Some(10)]);

        let mut tick = Counting::new(Versions::tick(fields, "begin").unwrap());
        assert_eq!(values(&mut tick, 8), [None, Some(8)]);

        let mut busy = Counting::new(Versions::busy(fields, "end").unwrap());
        assert_eq!(values(&mut busy, 8), [Some(1), Some(0)]);
    }

    #[test]
    fn numbers_that_somebody_has_seen_are_not_seen_again() {
        let layout = Layout::from_words("n:u32").unwrap();
        let seen = 5_u32.to_le_bytes();

        let tick = Versions::tick(layout.root(), "n").unwrap();
        assert_eq!(values(&mut Counting::on_from(tick, &seen), 3), [None, Some(6)]);
        // Its program was ended while it wrote.
        let odd = Versions::odd(layout.root(), "n").unwrap();
        assert_eq!(values(&mut Counting::on_from(odd, &seen), 2), [Some(7), Some(8)]);
    }
}
