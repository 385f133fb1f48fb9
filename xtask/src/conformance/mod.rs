//! `cargo xtask conformance`: the same C programs over Wine's `kernel32` and over the library.
//!
//! Each prints a line for a case. Two lines that differ are a fault, unless
//! `conformance/differences.toml` explains them by a row of `docs/semantics.md`. What is missing
//! to run the programs is told, and is no failure.

mod programs;
mod cases;
mod differences;
mod managed;

pub(crate) use managed::run as run_managed;

use crate::report;
use cases::Cases;
use differences::{Differences, Side};
use programs::{Build, Programs};
use std::fs;
use std::io;
use std::path::Path;

/// How many differences of an area are printed.
const SHOWN: usize = 40;

/// What the comparison of an area came to.
#[derive(Default)]
struct Tally {
    cases: usize,
    equal: usize,
    /// Of those equal, how many are known to be otherwise on Windows.
    unlike_windows: usize,
    /// Explained, by [`Side`].
    explained: [usize; Side::ALL.len()],
    /// Of those explained, how many the library has no words for.
    unsupported: usize,
    different: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.equal += other.equal;
        self.unlike_windows += other.unlike_windows;
        for (sum, part) in self.explained.iter_mut().zip(other.explained) {
            *sum += part;
        }
        self.unsupported += other.unsupported;
        self.different += other.different;
    }

    fn row(&self, area: &str) -> String {
        let Self { cases, equal, explained, unsupported, different, .. } = self;
        let explained: usize = explained.iter().sum();
        format!(
            "{area:<12} {cases:>6} {equal:>6} {explained:>10} {unsupported:>12} {different:>10}"
        )
    }
}

/// Compares all areas, or one, and tells whether all differences are explained.
pub(crate) fn run(root: &Path, area: Option<&str>) -> bool {
    compare(root, area).unwrap_or_else(|err| {
        report::complain(&format!("xtask conformance: {err}"));
        false
    })
}

fn compare(root: &Path, only: Option<&str>) -> io::Result<bool> {
    let folder = root.join("conformance");
    let all = areas(&folder)?;
    let areas: Vec<&str> =
        all.iter().map(String::as_str).filter(|area| only.is_none_or(|o| o == *area)).collect();
    if areas.is_empty() {
        return Err(io::Error::other(format!(
            "there is no area `{}`; there are {}",
            only.unwrap_or_default(),
            all.join(", ")
        )));
    }
    let list = fs::read_to_string(folder.join("differences.toml"))?;
    let page = fs::read_to_string(root.join("docs/semantics.md"))?;
    let differences = Differences::parse(&list, &page).map_err(io::Error::other)?;
    if let Some(missing) = programs::missing() {
        report::say(&format!("conformance: skipped: {missing}"));
        return Ok(true);
    }

    let programs = Programs::new(root)?;
    let mut rows = Vec::new();
    let mut total = Tally::default();
    let mut used = vec![false; differences.len()];
    for area in &areas {
        let wine = Cases::parse(&programs.run(area, Build::Wine)?).map_err(io::Error::other)?;
        let here = Cases::parse(&programs.run(area, Build::Here)?).map_err(io::Error::other)?;
        let tally = judge(&wine, &here, &differences, &mut used);
        rows.push(tally.row(area));
        total.add(&tally);
    }

    let head = ["area", "cases", "equal", "explained", "unsupported", "different"];
    let [area, cases, equal, explained, unsupported, different] = head;
    report::say(&format!(
        "{area:<12} {cases:>6} {equal:>6} {explained:>10} {unsupported:>12} {different:>10}"
    ));
    for row in &rows {
        report::say(row);
    }
    if rows.len() > 1 {
        report::say(&total.row("all"));
    }
    let sides: Vec<String> = Side::ALL
        .iter()
        .zip(total.explained)
        .filter(|(_, count)| *count > 0)
        .map(|(side, count)| format!("{count} {}", side.words()))
        .collect();
    if !sides.is_empty() {
        report::say(&format!("explained: {}", sides.join("; ")));
    }
    if total.unlike_windows > 0 {
        report::say(&format!(
            "equal, and known to be otherwise on Windows: {}",
            total.unlike_windows
        ));
    }
    // An explanation without a difference would hide the next one. One area does not tell.
    let idle: Vec<_> = differences.unused(&used).filter(|_| only.is_none()).collect();
    for row in &idle {
        report::say(&format!("conformance/differences.toml: explains nothing: {row}"));
    }
    let well = total.different == 0 && idle.is_empty();
    report::say(if well { "conformance: passed" } else { "conformance: FAILED" });
    Ok(well)
}

/// The areas: each C program in the folder is one.
fn areas(folder: &Path) -> io::Result<Vec<String>> {
    let mut areas = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        areas.extend(name.to_str().and_then(|name| name.strip_suffix(".c")).map(str::to_owned));
    }
    areas.sort();
    Ok(areas)
}

/// Compares two sides case by case, and prints what nobody explains.
fn judge(wine: &Cases, here: &Cases, differences: &Differences, used: &mut [bool]) -> Tally {
    let mut tally = Tally::default();
    let mut shown = 0;
    for (name, answers) in wine.beside(here) {
        tally.cases += 1;
        let (Some(theirs), Some(ours)) = answers else {
            tally.different += 1;
            let side = if answers.0.is_some() { "the library" } else { "Wine" };
            report::say(&format!("{name}: no answer from {side}"));
            continue;
        };
        if theirs == ours {
            tally.equal += 1;
            let unlike = differences.is_unlike_windows(name, ours, used);
            tally.unlike_windows += usize::from(unlike);
        } else if let Some(side) = differences.explain(name, theirs, ours, used) {
            tally.explained[side as usize] += 1;
            tally.unsupported += usize::from(ours.starts_with("unsupported"));
        } else {
            tally.different += 1;
            shown += 1;
            if shown <= SHOWN {
                report::say(&format!("{name}\n  Wine  {theirs}\n  here  {ours}"));
            }
        }
    }
    if shown > SHOWN {
        report::say(&format!("... and {} more differences", shown - SHOWN));
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_names_a_row_of_the_page() {
        let root = crate::root();
        let list = fs::read_to_string(root.join("conformance/differences.toml")).unwrap();
        let page = fs::read_to_string(root.join("docs/semantics.md")).unwrap();

        let read = Differences::parse(&list, &page).map(|list| list.len());

        assert!(read.as_ref().is_ok_and(|count| *count > 0), "{read:?}");
    }

    #[test]
    fn a_difference_that_nobody_explains_is_counted() {
        let wine = Cases::parse("a/x:\tf\tok\t0\t1 2\na/y:\tf\tok\t-\t\n").unwrap();
        let here = Cases::parse("a/x:\tf\tok\t0\t1 3\na/y:\tf\tok\t-\t\n").unwrap();
        let none = Differences::parse("", "").unwrap();

        let tally = judge(&wine, &here, &none, &mut []);

        assert_eq!((tally.cases, tally.equal, tally.different), (2, 1, 1));
    }
}
