//! What was measured, as it is kept in `bench/results`: one file for each vendor of processors.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::group::Group;
use crate::harness::{Bar, Measured, Row, Spread};
use crate::machine::Machine;

/// How much a second base may differ from the base.
const ALIKE: RangeInclusive<f64> = 0.95..=1.05;

/// The results of one machine.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The result of a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) group: Group,
    pub(crate) name: String,
    pub(crate) beside: String,
    pub(crate) bar: Bar,
    /// The ratios to the base.
    pub(crate) ratio: Spread,
    /// The median of the nanoseconds above the base.
    pub(crate) more: f64,
    /// The median of the nanoseconds.
    pub(crate) time: f64,
    /// The median ratio of a second base to the base.
    pub(crate) control: f64,
}

/// How a row came off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Two bases of one kind differ, so that the row shows the machine and not the contestant.
    NoResult,
}

impl Outcome {
    pub(crate) fn new(group: Group, row: &Row<'_>, measured: &Measured) -> Self {
        let Spread { low, median, high } = measured.contestant.ratio();
        Self {
            group,
            name: row.name.clone(),
            beside: row.beside.to_owned(),
            bar: row.bar,
            ratio: Spread { low: rounded(low), median: rounded(median), high: rounded(high) },
            more: rounded(measured.contestant.more().median),
            time: rounded(measured.contestant.own().median),
            control: rounded(measured.control.ratio().median),
        }
    }

    /// Returns whether the other one is of the same row, perhaps on another machine.
    pub(crate) fn is_of_row(&self, other: &Self) -> bool {
        (self.group, &self.name, &self.beside) == (other.group, &other.name, &other.beside)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        // As it is shown, so that nobody reads of 1.05 that misses 1.05.
        let shown = |value: f64| ratio(value).parse().unwrap_or(value);
        let reached = match self.bar {
            Bar::Ratio(most) => shown(self.ratio.median) <= most,
            Bar::More(most) => self.more <= most,
        };
        match reached {
            _ if !ALIKE.contains(&shown(self.control)) => Verdict::NoResult,
            true => Verdict::Met,
            false => Verdict::Missed,
        }
    }
}

/// Returns a ratio with two digits after the point, or with two that say something.
pub(crate) fn ratio(value: f64) -> String {
    if value < 0.1 { format!("{value:.3}") } else { format!("{value:.2}") }
}

/// Returns the number with four digits, which is all that a measurement tells.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

impl Results {
    /// Reads all results that are kept, by the name of the file.
    pub(crate) fn all(root: &Path) -> Result<Vec<Self>> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder(root))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        paths.sort();
        paths.iter().map(|path| Ok(serde_json::from_str(&fs::read_to_string(path)?)?)).collect()
    }

    /// Puts the results of a group in the place of older ones, and keeps those of other groups.
    pub(crate) fn keep(root: &Path, group: Group, outcomes: Vec<Outcome>) -> Result<()> {
        let path = folder(root).join(Machine::vendor()).with_extension("json");
        let old = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str::<Self>(&text)?.outcomes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut all: Vec<Outcome> = old.into_iter().filter(|old| old.group != group).collect();
        all.extend(outcomes);
        all.sort_by_key(|outcome| Group::all().position(|group| group == outcome.group));
        // A line for each row, so that a new run is a readable change.
        let lines = all.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        let machine = serde_json::to_string(&Machine::this())?;
        let lines = lines.join(",\n");
        fs::create_dir_all(folder(root))?;
        Ok(fs::write(path, format!("{{\"machine\":{machine},\"outcomes\":[\n{lines}\n]}}\n"))?)
    }
}

fn folder(root: &Path) -> PathBuf {
    root.join("bench/results")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(bar: Bar, median: f64, more: f64, control: f64) -> Outcome {
        Outcome {
            group: Group::Small,
            name: String::new(),
            beside: String::new(),
            bar,
            ratio: Spread { low: median, median, high: median },
            more,
            time: 1.0,
            control,
        }
    }

    #[test]
    fn a_bar_is_met_or_missed() {
        let verdict = |bar, median, more| outcome(bar, median, more, 1.0).verdict();

        assert_eq!(verdict(Bar::Ratio(1.05), 1.05, 9.0), Verdict::Met);
        assert_eq!(verdict(Bar::Ratio(1.05), 1.06, 9.0), Verdict::Missed);
        assert_eq!(verdict(Bar::Ratio(0.02), 0.0204, 9.0), Verdict::Met);
        assert_eq!(verdict(Bar::Ratio(0.02), 0.021, 9.0), Verdict::Missed);
        assert_eq!(verdict(Bar::More(60.0), 3.0, 60.0), Verdict::Met);
        assert_eq!(verdict(Bar::More(60.0), 1.0, 61.0), Verdict::Missed);
    }

    #[test]
    fn where_two_bases_differ_there_is_no_result() {
        for control in [0.94, 1.06] {
            let outcome = outcome(Bar::Ratio(1.05), 1.0, 0.0, control);

            assert_eq!(outcome.verdict(), Verdict::NoResult);
        }
    }
}
