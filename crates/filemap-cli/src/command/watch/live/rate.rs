//! The rate of change in bytes per second, with its recent history.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time that one count covers.
const SLOT: Duration = Duration::from_millis(500);
/// How many counts are kept.
const SLOTS: usize = 16;

/// Bars of a row of them, the lowest first.
pub(in crate::command::watch) const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Counts of changed bytes, oldest first.
#[derive(Debug)]
pub(super) struct Rate {
    counts: VecDeque<u64>,
    /// When the last count began.
    began: Instant,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self { counts: VecDeque::from([0]), began: now }
    }

    /// Counts bytes that have changed.
    pub(super) fn add(&mut self, count: usize, now: Instant) {
        while now.saturating_duration_since(self.began) >= SLOT {
            self.counts.push_back(0);
            self.began += SLOT;
            if self.counts.len() > SLOTS {
                self.counts.pop_front();
            }
            // After a long pause no count is recent, and the loop would run long.
            if now.saturating_duration_since(self.began) > SLOT * 100 {
                *self = Self::new(now);
            }
        }
        if let Some(last) = self.counts.back_mut() {
            *last += count as u64;
        }
    }

    /// Returns the bytes that changed in the last whole second.
    pub(super) fn per_second(&self) -> u64 {
        // The last count is not complete yet.
        self.counts.iter().rev().skip(1).take(2).sum()
    }

    /// Returns the counts as a row of bars of constant width.
    pub(super) fn bars(&self) -> String {
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1);
        let bar = |count: &u64| {
            let height = usize::try_from(count * 7 / most).unwrap_or(7);
            BARS[if *count == 0 { 0 } else { height.max(1) }]
        };
        let missing = SLOTS - self.counts.len().min(SLOTS);
        std::iter::repeat_n(BARS[0], missing).chain(self.counts.iter().map(bar)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_over_the_last_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut rate = Rate::new(start);
        rate.add(3, at(100));
        rate.add(4, at(600));
        rate.add(100, at(1100));

        assert_eq!(rate.per_second(), 7);
        rate.add(0, at(1600));
        assert_eq!(rate.per_second(), 104);
        rate.add(0, at(60_000));
        assert_eq!(rate.per_second(), 0);
        assert_eq!(rate.bars().chars().count(), SLOTS);
    }

    #[test]
    fn the_most_changes_have_the_highest_bar() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        rate.add(1, start);
        rate.add(1000, start + SLOT);

        assert!(rate.bars().ends_with("▁▂█"), "{}", rate.bars());
    }
}
