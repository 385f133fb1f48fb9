//! The paired measurement: contestant and base, alternating, in random order, with fresh seeds.
//!
//! A machine is never quiet, and a fixed order favours whoever comes after the one that warmed
//! the caches. So contestant, base and a second base take turns, their order is drawn by lot each
//! time, each runs as often as the others, and what counts is the ratio of the two, not the time.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Result;

/// How much work a run does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// How often all sides of a row are prepared anew.
    pub(crate) rounds: usize,
    /// How often each side runs in a round.
    pub(crate) turns: usize,
    /// The length of the files, in bytes.
    pub(crate) len: u64,
    /// Small accesses in one measurement.
    pub(crate) accesses: usize,
    /// Names created or opened in one measurement.
    pub(crate) names: usize,
}

impl Effort {
    /// What may be quoted.
    pub(crate) const FULL: Self =
        Self { rounds: 9, turns: 7, len: 1 << 30, accesses: 50_000, names: 200 };
    /// What shows that everything runs.
    pub(crate) const QUICK: Self =
        Self { rounds: 3, turns: 5, len: 1 << 27, accesses: 10_000, names: 50 };
}

/// Prepares one side of a measurement: opens, maps and touches what it will work on.
pub(crate) type Side<'a> = Box<dyn Fn() -> Result<Work<'a>> + 'a>;

/// Works once with a seed, and returns the nanoseconds of one operation.
pub(crate) type Work<'a> = Box<dyn FnMut(u64) -> Result<f64> + 'a>;

/// One comparison: a row of the table.
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    pub(crate) beside: &'static str,
    pub(crate) bar: Bar,
    pub(crate) contestant: Side<'a>,
    pub(crate) base: Side<'a>,
}

/// What a contestant has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bar {
    /// At most this many times the time of the base.
    Ratio(f64),
    /// At most this many nanoseconds more than the base.
    More(f64),
}

/// A median, with the quarters below and above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Returns the spread of `values`, of which there is at least one.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let quarter = |number: usize| values[(values.len() - 1) * number / 4];
        Self { low: quarter(1), median: quarter(2), high: quarter(3) }
    }
}

/// The times of one side, each with that of the base beside it, in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<(f64, f64)>);

impl Times {
    /// Returns the ratios to the base.
    pub(crate) fn ratio(&self) -> Spread {
        Spread::of(self.0.iter().map(|(own, base)| own / base))
    }

    /// Returns the ratios of two sides of one kind, each of which may be the base of the other.
    pub(crate) fn noise(&self) -> Spread {
        Spread::of(self.0.iter().flat_map(|(one, other)| [one / other, other / one]))
    }

    /// Returns the nanoseconds above the base.
    pub(crate) fn more(&self) -> Spread {
        Spread::of(self.0.iter().map(|(own, base)| own - base))
    }

    /// Returns the nanoseconds of this side alone.
    pub(crate) fn own(&self) -> Spread {
        Spread::of(self.0.iter().map(|(own, _)| *own))
    }
}

/// What the measurement of a row gave.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) contestant: Times,
    /// The base against a second one of its own kind.
    pub(crate) control: Times,
}

/// Measures a row.
///
/// Each round prepares the contestant and two bases anew and in random order: where a map lies
/// and who touched the file first makes a difference, which is then nobody's for long. The second
/// base is the control: where it is not as fast as the first, the row says nothing.
pub(crate) fn measure(row: &Row<'_>, effort: Effort) -> Result<Measured> {
    let mut measured = Measured::default();
    for round in 0..=effort.rounds {
        let sides = [&row.base, &row.contestant, &row.base];
        let mut works: [Option<Work<'_>>; 3] = [None, None, None];
        for index in shuffled() {
            works[index] = Some(sides[index]()?);
        }
        for _ in 0..effort.turns {
            let mut times = [0.0; 3];
            for index in shuffled() {
                let work = works[index].as_mut().ok_or("a side was not prepared")?;
                times[index] = work(fastrand::u64(..))?;
            }
            let [base, contestant, control] = times;
            // The first round warms up, and is not counted.
            if round > 0 {
                measured.contestant.0.push((contestant, base));
                measured.control.0.push((control, base));
            }
        }
    }
    Ok(measured)
}

/// Returns the numbers of the three sides in an order drawn by lot.
fn shuffled() -> [usize; 3] {
    let mut order = [0, 1, 2];
    fastrand::shuffle(&mut order);
    order
}

/// Returns the nanoseconds of each of `count` operations that took `time` together.
pub(crate) fn each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Runs `operation` so often, and returns the nanoseconds of one.
pub(crate) fn timed(count: usize, mut operation: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..count {
        operation()?;
    }
    Ok(each(start.elapsed(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_median_and_the_quarters() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0].into_iter());

        assert_eq!(spread, Spread { low: 2.0, median: 3.0, high: 4.0 });
    }

    #[test]
    fn each_round_prepares_and_runs_a_contestant_and_two_bases() -> Result<()> {
        let prepared = std::cell::RefCell::new([0, 0]);
        let side = |which: usize, nanoseconds: f64| -> Side<'_> {
            let prepared = &prepared;
            Box::new(move || {
                prepared.borrow_mut()[which] += 1;
                Ok(Box::new(move |_| Ok(nanoseconds)))
            })
        };
        let (name, bar) = (String::new(), Bar::Ratio(1.0));
        let (contestant, base) = (side(0, 30.0), side(1, 10.0));
        let row = Row { name, beside: "", bar, contestant, base };

        let measured = measure(&row, Effort::QUICK)?;

        assert_eq!(*prepared.borrow(), [4, 8]);
        assert_eq!(measured.contestant.0, [(30.0, 10.0); 15]);
        assert_eq!(measured.control.0, [(10.0, 10.0); 15]);
        assert_eq!(measured.contestant.more().median, 20.0);
        Ok(())
    }
}
