//! What was measured, as it is kept in `bench/results`: one file for each group.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::figures::{self, Unit};
use crate::harness::{PRECISION, Target};
use crate::wording::ratio_as_shown;
use crate::{Group, harness};

/// Where results are, from the root of the workspace.
const FOLDER: &str = "bench/results";

/// What a run of one group came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Where and when, each a word and what it stands for.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) tables: Vec<Table>,
}

/// What a part of a group found out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Table {
    /// Something beside what it is compared with.
    Ratios(Ratios),
    /// What has nothing beside it.
    Figures(Figures),
}

/// What came out, for all contestants of a table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ratios {
    /// What is compared, and on what.
    pub(crate) title: String,
    /// What one operation is.
    pub(crate) operation: String,
    pub(crate) base: String,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
}

/// A contestant's result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// The median time of one operation.
    pub(crate) nanoseconds: f64,
    /// The ratios to the base.
    pub(crate) ratio: Spread,
    /// Those of the base to itself, where each contestant has a base of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) noise: Option<Spread>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Bar>,
    /// Why the target cannot be reached, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<Limit>,
}

/// Why a target is missed, and up to where that explains it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Limit {
    pub(crate) reason: String,
    pub(crate) most: Bar,
}

/// The median, and the quarters below and above.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// What a contestant should reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bar {
    /// At most this many times the base's time.
    Ratio(f64),
    /// At most this long.
    Nanoseconds(f64),
}

/// Figures that are compared with nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) title: String,
    /// What was done, in sentences.
    pub(crate) about: String,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Figure>,
}

/// One of them, over all rounds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) middle: Spread,
    pub(crate) most: f64,
    /// What no round should exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<f64>,
}

/// How a row came off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict<'a> {
    /// It has no target.
    Free,
    Met,
    Missed,
    /// Missed for a reason that is known.
    Limited(&'a Limit),
}

impl<'a> Verdict<'a> {
    /// By whether the target was reached, and by the reason if it was not and that explains it.
    fn new(reached: Option<bool>, limit: Option<&'a Limit>) -> Self {
        match (reached, limit) {
            (None, _) => Self::Free,
            (Some(true), _) => Self::Met,
            (Some(false), None) => Self::Missed,
            (Some(false), Some(limit)) => Self::Limited(limit),
        }
    }

    /// The word in a table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Free => "",
            Self::Met => "met",
            Self::Missed | Self::Limited(_) => "missed",
        }
    }
}

impl Row {
    pub(crate) fn verdict(&self) -> Verdict<'_> {
        let limit = self.limit.as_ref().filter(|limit| self.is_within(limit.most));
        Verdict::new(self.target.map(|target| self.is_within(target)), limit)
    }

    fn is_within(&self, bar: Bar) -> bool {
        match bar {
            // As it is printed.
            Bar::Ratio(most) => ratio_as_shown(self.ratio.median) <= most + 1e-9,
            Bar::Nanoseconds(most) => self.nanoseconds <= most,
        }
    }
}

impl Figure {
    pub(crate) fn verdict(&self) -> Verdict<'_> {
        Verdict::new(self.target.map(|most| self.most <= most), None)
    }
}

impl Table {
    pub(crate) fn title(&self) -> &str {
        match self {
            Self::Ratios(table) => &table.title,
            Self::Figures(table) => &table.title,
        }
    }

    /// Each row's name, and how it came off.
    pub(crate) fn verdicts(&self) -> Vec<(&str, Verdict<'_>)> {
        match self {
            Self::Ratios(table) => {
                table.rows.iter().map(|row| (row.name.as_str(), row.verdict())).collect()
            }
            Self::Figures(table) => {
                table.rows.iter().map(|row| (row.name.as_str(), row.verdict())).collect()
            }
        }
    }
}

impl Results {
    pub(crate) fn new(facts: Vec<(&str, String)>, measured: Vec<harness::Table>) -> Self {
        let facts = facts.into_iter().map(|(word, fact)| (word.to_owned(), fact)).collect();
        Self { facts, tables: measured.into_iter().map(Table::from).collect() }
    }

    /// What was kept of a group, if it was ever measured.
    pub(crate) fn read(root: &Path, group: Group) -> Result<Option<Self>> {
        let path = Self::path(root, group);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let read = serde_json::from_str(&text);
        Ok(Some(read.map_err(|error| format!("{}: {error}", path.display()))?))
    }

    pub(crate) fn write(&self, root: &Path, group: Group) -> Result<()> {
        let path = Self::path(root, group);
        fs::create_dir_all(root.join(FOLDER))?;
        fs::write(path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(())
    }

    fn path(root: &Path, group: Group) -> PathBuf {
        root.join(FOLDER).join(group.name()).with_extension("json")
    }
}

impl Spread {
    pub(crate) fn new(low: f64, median: f64, high: f64) -> Self {
        let [low, median, high] = [low, median, high].map(rounded);
        Self { median, low, high }
    }
}

impl Row {
    /// Of times as the harness has them.
    pub(crate) fn new(name: String, time: std::time::Duration, ratio: Spread) -> Self {
        let nanoseconds = rounded(time.as_secs_f64() * 1e9 / f64::from(PRECISION));
        Self { name, nanoseconds, ratio, noise: None, target: None, limit: None }
    }
}

impl From<Target> for Bar {
    fn from(target: Target) -> Self {
        match target {
            Target::Ratio(most) => Self::Ratio(most),
            Target::Time(most) => Self::Nanoseconds(rounded(most.as_secs_f64() * 1e9)),
        }
    }
}

impl From<harness::Table> for Table {
    fn from(table: harness::Table) -> Self {
        match table {
            harness::Table::Ratios(ratios) => Self::Ratios(ratios),
            harness::Table::Figures(figures) => Self::Figures(figures.into()),
        }
    }
}

impl From<figures::Figures> for Figures {
    fn from(table: figures::Figures) -> Self {
        let figures::Figures { title, about, rounds, rows } = table;
        let rows = rows.into_iter().map(|row| {
            let [low, median, high, most] = row.values();
            let middle = Spread::new(low, median, high);
            let figures::Figure { name, unit, target, .. } = row;
            Figure { name: name.to_owned(), unit, middle, most: rounded(most), target }
        });
        Self { title, about: about.to_owned(), rounds, rows: rows.collect() }
    }
}

/// Five digits, which is more than any of them is worth: files of results can then be compared.
fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::{Bar, Limit, Row, Spread, Verdict};

    #[test]
    fn a_reason_explains_no_more_than_it_says() {
        let row = |median| Row {
            name: "a contestant".to_owned(),
            nanoseconds: 1.0,
            ratio: Spread::new(median, median, median),
            noise: None,
            target: Some(Bar::Ratio(1.02)),
            limit: Some(Limit { reason: "it is so".to_owned(), most: Bar::Ratio(1.4) }),
        };

        assert_eq!(row(1.02).verdict(), Verdict::Met);
        assert!(matches!(row(1.4).verdict(), Verdict::Limited(_)));
        assert_eq!(row(1.41).verdict(), Verdict::Missed);
    }
}
