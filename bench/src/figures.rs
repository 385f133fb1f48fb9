//! Figures that have no base: how long something takes, how often it happens, how much is left.

use serde::{Deserialize, Serialize};

/// What came out, round by round, of things that are compared with nothing.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) title: String,
    /// What was done, in sentences.
    pub(crate) about: &'static str,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Figure>,
}

/// One of them: a figure for each round.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    /// In rising order.
    values: Vec<f64>,
    /// What no round should exceed.
    pub(crate) target: Option<f64>,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Seconds,
    Times,
    Bytes,
}

impl Figure {
    pub(crate) fn new(name: &'static str, unit: Unit, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { name, unit, values, target: None }
    }

    /// Sets what no round should exceed.
    pub(crate) fn within(self, target: f64) -> Self {
        Self { target: Some(target), ..self }
    }

    /// The quarter below, the median, the quarter above, and the greatest.
    pub(crate) fn values(&self) -> [f64; 4] {
        let last = self.values.len().saturating_sub(1);
        [1, 2, 3, 4].map(|number| self.values.get(last * number / 4).copied().unwrap_or(f64::NAN))
    }
}

impl Unit {
    /// A figure as people read it.
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Self::Seconds if value < 1e-3 => format!("{:.1} µs", value * 1e6),
            Self::Seconds => format!("{:.2} ms", value * 1e3),
            Self::Times => format!("{value:.0}"),
            Self::Bytes => format!("{:.1} MiB", value / f64::from(1 << 20)),
        }
    }
}
