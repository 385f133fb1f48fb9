//! Measuring: pairs of base and contestant, in random order, with fresh seeds.
//!
//! A machine is never quiet, and a fixed order favours whoever comes after the one that warmed
//! the caches. So each contestant runs right beside its base, who goes first is drawn by lot,
//! and what counts is the ratio of the two, not the time.

use std::time::Duration;

use crate::Result;

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
    pub(crate) const FULL: Self = Self { rounds: 41, len: 1 << 30, accesses: 100_000, names: 300 };
    /// What shows that everything runs.
    pub(crate) const QUICK: Self = Self { rounds: 9, len: 1 << 28, accesses: 50_000, names: 100 };
}

/// One way to do the work.
pub(crate) struct Contestant<'a> {
    name: String,
    run: Work<'a>,
}

/// Does the work once with this seed, and tells how long one operation took.
pub(crate) type Work<'a> = Box<dyn FnMut(u64) -> Result<Duration> + 'a>;

impl<'a> Contestant<'a> {
    pub(crate) fn new(
        name: impl Into<String>,
        run: impl FnMut(u64) -> Result<Duration> + 'a,
    ) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// What came out, for all contestants that share a base.
#[derive(Debug)]
pub(crate) struct Table {
    /// What is compared, and on what.
    pub(crate) title: String,
    /// What one operation is.
    pub(crate) operation: &'static str,
    pub(crate) base: String,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
}

/// A contestant's result.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// The median time of one operation.
    pub(crate) time: Duration,
    /// The ratios to the base: the median, and the quarters below and above.
    pub(crate) ratio: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
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
    let mut pairs = vec![Vec::with_capacity(rounds); contestants.len() + 1];
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        fastrand::shuffle(&mut order);
        for index in order {
            let base_first = fastrand::bool();
            let before = if base_first { Some((base.run)(fastrand::u64(..))?) } else { None };
            let seed = fastrand::u64(..);
            let own = match index.checked_sub(1) {
                None => (base.run)(seed)?,
                Some(index) => (contestants[index].run)(seed)?,
            };
            let beside = match before {
                Some(before) => before,
                None => (base.run)(fastrand::u64(..))?,
            };
            // The first round warms everything up.
            if round > 0 {
                pairs[index].push((own, beside));
            }
        }
    }
    let names = [NOISE.to_owned()].into_iter().chain(contestants.into_iter().map(|one| one.name));
    let rows = names.zip(pairs).map(|(name, pairs)| row(name, &pairs)).collect();
    Ok(Table { title: title.into(), operation, base: base.name, rounds, rows })
}

fn row(name: String, pairs: &[(Duration, Duration)]) -> Row {
    let mut times: Vec<Duration> = pairs.iter().map(|(own, _)| *own).collect();
    times.sort();
    let mut ratios: Vec<f64> =
        pairs.iter().map(|(own, base)| own.as_secs_f64() / base.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    let quarter = |number: usize| ratios[(ratios.len() - 1) * number / 4];
    let time = times[(times.len() - 1) / 2];
    Row { name, time, ratio: quarter(2), low: quarter(1), high: quarter(3) }
}

/// Divides the time of `count` operations among them, to a tenth of a nanosecond and finer.
pub(crate) fn each(time: Duration, count: usize) -> Duration {
    // Durations hold whole nanoseconds, too coarse for an access: keep picoseconds in their
    // place, which the report undoes.
    time.saturating_mul(PRECISION) / u32::try_from(count).unwrap_or(u32::MAX)
}

/// How many times longer than true the durations of [`each`] are.
pub(crate) const PRECISION: u32 = 1000;
