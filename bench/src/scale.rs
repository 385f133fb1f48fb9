//! A logarithmic axis: where a value is on it, and which values are marked.

/// How far apart marks are at least, so that their labels do not touch.
const APART: f64 = 46.0;

/// What is marked in each power of ten, the closest first.
const STEPS: [&[f64]; 5] = [
    &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    &[1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];

/// The axis.
#[derive(Debug)]
pub(crate) struct Scale {
    /// The logarithms at its ends.
    low: f64,
    high: f64,
    /// The places of its ends.
    from: f64,
    to: f64,
}

impl Scale {
    /// An axis on which all these values are, with some room; none if there is no such value.
    pub(crate) fn around(
        values: impl Iterator<Item = f64>,
        (from, to): (f64, f64),
    ) -> Option<Self> {
        let logarithms: Vec<f64> =
            values.filter(|value| value.is_finite() && *value > 0.0).map(f64::log10).collect();
        let low = logarithms.iter().copied().reduce(f64::min)?;
        let high = logarithms.iter().copied().reduce(f64::max)?;
        // What hardly differs is not to look as if it did: from a half to twice is the least.
        let room = (0.04 * (high - low)).max(0.01).max((0.6 - (high - low)) / 2.0);
        Some(Self { low: low - room, high: high + room, from, to })
    }

    /// Where a value is; what is off the axis is at its end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - self.low) / (self.high - self.low);
        self.from + (self.to - self.from) * part.clamp(0.0, 1.0)
    }

    /// The values that are marked, as close as their labels may be.
    pub(crate) fn marks(&self) -> Vec<f64> {
        let steps = STEPS.into_iter().map(|steps| self.marked(steps, 1));
        // Powers of ten alone, and then every second one of them, and so on.
        let powers = (2..12).map(|every| self.marked(&[1.0], every));
        let fits = |marks: &Vec<f64>| {
            marks.windows(2).all(|pair| self.place(pair[1]) - self.place(pair[0]) >= APART)
        };
        steps.chain(powers).find(fits).unwrap_or_default()
    }

    fn marked(&self, steps: &[f64], every: i32) -> Vec<f64> {
        let powers = (-12..12).filter(|power| power % every == 0);
        let values = powers.flat_map(|power| {
            // Of a text, so that no mark is 0.30000000000000004.
            steps.iter().filter_map(move |step| format!("{step}e{power}").parse().ok())
        });
        values.filter(|value: &f64| (self.low..=self.high).contains(&value.log10())).collect()
    }
}
