//! `--check`: which bars were missed.

use std::fmt::Write as _;

use crate::results::{Results, Verdict};
use crate::{Group, wording};

/// How the bars of some groups came off.
#[derive(Debug, Default)]
pub(crate) struct Check {
    met: usize,
    missed: Vec<String>,
    limited: Vec<String>,
}

impl Check {
    /// Counts one group's in.
    pub(crate) fn add(&mut self, group: Group, results: &Results) {
        for table in &results.tables {
            for (name, verdict) in table.verdicts() {
                let place = || format!("{}: {}: {name}", group.name(), table.title());
                match verdict {
                    Verdict::Free => {}
                    Verdict::Met => self.met += 1,
                    Verdict::Missed => self.missed.push(place()),
                    Verdict::Limited(limit) => {
                        self.limited.push(format!("{}: {}", place(), wording::limit(limit)));
                    }
                }
            }
        }
    }

    /// Bars met, missed, and missed for a reason.
    pub(crate) fn counts(&self) -> [usize; 3] {
        [self.met, self.missed.len(), self.limited.len()]
    }

    pub(crate) fn passed(&self) -> bool {
        self.missed.is_empty()
    }

    /// Everything that was missed, one in a line.
    pub(crate) fn report(&self) -> String {
        let [met, missed, limited] = self.counts();
        let mut text = String::new();
        for (heading, list) in
            [("missed, for a reason that is known:", &self.limited), ("MISSED:", &self.missed)]
        {
            if list.is_empty() {
                continue;
            }
            let _infallible = writeln!(text, "{heading}");
            for one in list {
                let _infallible = writeln!(text, "  {one}");
            }
        }
        let verdict = if self.passed() { "passed" } else { "FAILED" };
        let _infallible = write!(
            text,
            "check: {verdict}, {} met, {missed} missed, {limited} missed for a reason",
            wording::bars(met)
        );
        text
    }
}
