//! Measuring: pairs of base and contestant, in random order, with fresh seeds.
//!
//! A machine is never quiet, and a fixed order favours whoever comes after the one that warmed
//! the caches. So each contestant runs right beside its base, who goes first is drawn by lot,
//! and what counts is the ratio of the two, not the time.

use std::time::Duration;

use crate::Result;
use crate::figures::Figures;
use crate::results::{Limit, Ratios, Row, Spread};

/// How much work a run does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// How often each contestant is measured beside its base.
    pub(crate) rounds: usize,
    /// The length of the files, in bytes.
    pub(crate) len: u64,
    /// Small accesses in one measurement.
    pub(crate) accesses: usize,
    /// Names created or opened in one measurement.
    pub(crate) names: usize,
}

impl Effort {
    /// What may be quoted.
    pub(crate) const FULL: Self = Self { rounds: 41, len: 1 << 30, accesses: 100_000, names: 500 };
    /// What shows that everything runs.
    pub(crate) const QUICK: Self = Self { rounds: 5, len: 1 << 27, accesses: 20_000, names: 50 };
}

/// One way to do the work.
pub(crate) struct Contestant<'a> {
    name: String,
    run: Work<'a>,
    target: Option<Target>,
    limit: Option<(&'static str, Target)>,
}

/// Does the work once with this seed, and tells how long one operation took.
pub(crate) type Work<'a> = Box<dyn FnMut(u64) -> Result<Duration> + 'a>;

/// What a contestant should reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// At most this many times the base's time.
    Ratio(f64),
    /// At most this long.
    Time(Duration),
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(
        name: impl Into<String>,
        run: impl FnMut(u64) -> Result<Duration> + 'a,
    ) -> Self {
        Self { name: name.into(), run: Box::new(run), target: None, limit: None }
    }

    /// Sets what it should reach.
    pub(crate) fn within(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Says why it cannot reach that, in a sentence or two, which stand under the table where it
    /// does not, and up to where the reason explains it: what takes longer is missed for another.
    pub(crate) fn limited(self, reason: &'static str, most: Target) -> Self {
        Self { limit: Some((reason, most)), ..self }
    }

    fn row(self, times: &[(Duration, Duration)]) -> Row {
        let target = self.target.map(Into::into);
        let limit =
            self.limit.map(|(reason, most)| Limit { reason: reason.to_owned(), most: most.into() });
        Row { target, limit, ..row(self.name, times) }
    }
}

/// What a group found out.
#[derive(Debug)]
pub(crate) enum Table {
    /// Something beside what it is compared with.
    Ratios(Ratios),
    /// What has nothing beside it.
    Figures(Figures),
}

/// What the row is called that shows the noise.
pub(crate) const NOISE: &str = "the base against itself";

/// Measures every contestant beside the base, `rounds` times; the base beside itself as well.
pub(crate) fn compare<'a>(
    title: impl Into<String>,
    operation: &'static str,
    rounds: usize,
    mut base: Contestant<'a>,
    mut contestants: Vec<Contestant<'a>>,
) -> Result<Table> {
    // The first of them is the base itself.
    let times = measure(rounds, contestants.len() + 1, |index, side, seed| {
        match index.checked_sub(1).filter(|_| side == Side::Own) {
            None => (base.run)(seed),
            Some(index) => (contestants[index].run)(seed),
        }
    })?;
    let mut times = times.iter();
    let noise = times.next().map(|times| row(NOISE.to_owned(), times));
    let own = contestants.into_iter().zip(times).map(|(contestant, times)| contestant.row(times));
    let (title, operation, base) = (title.into(), operation.to_owned(), base.name);
    let rows = noise.into_iter().chain(own).collect();
    Ok(Table::Ratios(Ratios { title, operation, base, rounds, rows }))
}

/// A contestant with a base of its own.
pub(crate) struct Pair<'a> {
    pub(crate) base: Work<'a>,
    pub(crate) own: Contestant<'a>,
}

/// Measures every contestant beside its own base, and each of these beside itself.
pub(crate) fn compare_pairs(
    title: impl Into<String>,
    operation: &'static str,
    rounds: usize,
    base: &str,
    mut pairs: Vec<Pair<'_>>,
) -> Result<Table> {
    let count = pairs.len();
    let times = measure(rounds, 2 * count, |index, side, seed| {
        let pair = &mut pairs[index % count];
        if index < count && side == Side::Own { (pair.own.run)(seed) } else { (pair.base)(seed) }
    })?;
    let (own, noise) = times.split_at(count);
    let pairs = pairs.into_iter().zip(own.iter().zip(noise));
    let rows = pairs.map(|(pair, (own, noise))| {
        let noise = Some(spread(noise));
        Row { noise, ..pair.own.row(own) }
    });
    let (title, operation, base) = (title.into(), operation.to_owned(), base.to_owned());
    Ok(Table::Ratios(Ratios { title, operation, base, rounds, rows: rows.collect() }))
}

/// Which of two that run beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Base,
    Own,
}

/// Times of a contestant, each with that of the base beside it.
type Times = Vec<(Duration, Duration)>;

/// Runs `count` contestants in a new order in each round, each beside its base.
fn measure(
    rounds: usize,
    count: usize,
    mut run: impl FnMut(usize, Side, u64) -> Result<Duration>,
) -> Result<Vec<Times>> {
    let mut times = vec![Vec::with_capacity(rounds); count];
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..count).collect();
        fastrand::shuffle(&mut order);
        for index in order {
            let mut run = |side| run(index, side, fastrand::u64(..));
            let (own, base) = if fastrand::bool() {
                let base = run(Side::Base)?;
                (run(Side::Own)?, base)
            } else {
                (run(Side::Own)?, run(Side::Base)?)
            };
            // The first round warms everything up.
            if round > 0 {
                times[index].push((own, base));
            }
        }
    }
    Ok(times)
}

fn row(name: String, times: &[(Duration, Duration)]) -> Row {
    let mut own: Vec<Duration> = times.iter().map(|(own, _)| *own).collect();
    own.sort();
    Row::new(name, own[(own.len() - 1) / 2], spread(times))
}

fn spread(times: &[(Duration, Duration)]) -> Spread {
    let mut ratios: Vec<f64> =
        times.iter().map(|(own, base)| own.as_secs_f64() / base.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    let quarter = |number: usize| ratios[(ratios.len() - 1) * number / 4];
    Spread::new(quarter(1), quarter(2), quarter(3))
}

/// Divides the time of `count` operations among them, to a tenth of a nanosecond and finer.
pub(crate) fn each(time: Duration, count: usize) -> Duration {
    // Durations hold whole nanoseconds, too coarse for an access: keep picoseconds in their
    // place, which the results undo.
    time.saturating_mul(PRECISION) / u32::try_from(count).unwrap_or(u32::MAX)
}

/// How many times longer than true the durations of [`each`] are, which the results undo.
pub(crate) const PRECISION: u32 = 1000;
