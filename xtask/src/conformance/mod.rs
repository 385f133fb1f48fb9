//! `cargo xtask conformance`: the same C programs over Wine's `kernel32` and over the library.
//!
//! Each prints a line for a case. Two lines that differ are a fault, unless
//! `conformance/differences.toml` explains them by a row of `docs/semantics.md`.

mod programs;
mod cases;
mod differences;
mod managed;

pub(crate) use differences::matches;
pub(crate) use managed::run as run_managed;

use crate::report;
use crate::stop::{Done, about, failed};
use cases::Cases;
use differences::{Differences, Side};
use programs::{Build, Programs, SOURCES, Width};
use std::collections::BTreeMap;
use std::fs;

/// What the comparison of an area came to.
#[derive(Default)]
struct Tally {
    cases: usize,
    equal: usize,
    /// Of those equal, how many are known to be otherwise on Windows.
    unlike_windows: usize,
    explained: BTreeMap<Side, usize>,
    /// Of those explained, how many the library has no words for.
    unsupported: usize,
    different: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.equal += other.equal;
        self.unlike_windows += other.unlike_windows;
        for (side, count) in &other.explained {
            *self.explained.entry(*side).or_default() += count;
        }
        self.unsupported += other.unsupported;
        self.different += other.different;
    }

    fn say(&self, area: &str) {
        let explained = self.explained.values().sum();
        let counts = [self.cases, self.equal, explained, self.unsupported, self.different];
        report::say(&row(area, counts.map(|count| count.to_string())));
    }
}

fn row(first: &str, rest: [String; 5]) -> String {
    let [cases, equal, explained, unsupported, different] = rest;
    format!("{first:<12} {cases:>6} {equal:>6} {explained:>10} {unsupported:>12} {different:>10}")
}

/// Compares all areas, or one; fails unless all differences are explained.
pub(crate) fn run(only: Option<&str>) -> Done {
    let mut areas = areas()?;
    areas.push(SOURCES_AREA.to_owned());
    areas.retain(|area| only.is_none_or(|only| only == area));
    if areas.is_empty() {
        return failed("there is no such area");
    }
    let list = fs::read_to_string(LIST).map_err(about(LIST))?;
    let page = fs::read_to_string(PAGE).map_err(about(PAGE))?;
    let differences = Differences::parse(&list, &page).map_err(about(LIST))?;
    let programs = Programs::new()?;
    let mut total = Tally::default();
    let head = ["cases", "equal", "explained", "unsupported", "different"];
    report::say(&row("area", head.map(str::to_owned)));
    for area in &areas {
        let wine = Cases::parse(&printed(&programs, area, Build::Wine)?)?;
        let here = Cases::parse(&printed(&programs, area, Build::Here)?)?;
        let tally = judge(&wine, &here, &differences);
        tally.say(area);
        total.add(&tally);
    }
    total.say("all");
    for (side, words) in Side::ALL {
        report::say(&format!("explained: {} {words}", total.explained.get(&side).unwrap_or(&0)));
    }
    let unlike = total.unlike_windows;
    report::say(&format!("equal, and known to be otherwise on Windows: {unlike}"));
    // An explanation without a difference would hide the next one. One area does not tell.
    let unused: Vec<_> = differences.unused().filter(|_| only.is_none()).collect();
    if total.different == 0 && unused.is_empty() {
        return Ok(());
    }
    failed(format!("{} differences; {LIST} explains nothing by {unused:?}", total.different))
}

const LIST: &str = "conformance/differences.toml";
const PAGE: &str = "docs/semantics.md";

/// The area of the sources that were written for Windows, and compile here as they are.
const SOURCES_AREA: &str = "sources";

/// Returns what the programs of an area print.
fn printed(programs: &Programs, area: &str, build: Build) -> Done<String> {
    if area != SOURCES_AREA {
        return programs.run(area, build);
    }
    let mut all = String::new();
    for folder in fs::read_dir(SOURCES)? {
        let folder = folder?.file_name();
        let folder = folder.to_string_lossy();
        for width in [Width::Narrow, Width::Wide] {
            // One width is enough for those that name their functions with a letter.
            if width == Width::Narrow || folder == "tchar" {
                all += &programs.run_sources(&folder, width, build)?;
            }
        }
    }
    Ok(all)
}

/// Returns the areas: each C program in the folder is one.
fn areas() -> Done<Vec<String>> {
    let mut areas = Vec::new();
    for entry in fs::read_dir("conformance")? {
        let name = entry?.file_name();
        areas.extend(name.to_str().and_then(|name| name.strip_suffix(".c")).map(str::to_owned));
    }
    areas.sort();
    Ok(areas)
}

/// Compares two sides case by case, and prints what nobody explains.
fn judge(wine: &Cases, here: &Cases, differences: &Differences) -> Tally {
    let mut tally = Tally::default();
    for (name, answers) in wine.beside(here) {
        tally.cases += 1;
        let (theirs, ours) = answers;
        if theirs == ours {
            tally.equal += 1;
            tally.unlike_windows += usize::from(differences.is_unlike_windows(name, ours));
        } else if let Some(side) = differences.explain(name, theirs, ours) {
            *tally.explained.entry(side).or_default() += 1;
            tally.unsupported += usize::from(ours.starts_with("unsupported"));
        } else {
            tally.different += 1;
            report::say(&format!("{name}\n  Wine  {theirs}\n  here  {ours}"));
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_names_a_row_of_the_page() {
        let list = fs::read_to_string(crate::root().join(LIST)).unwrap();
        let page = fs::read_to_string(crate::root().join(PAGE)).unwrap();

        let read = Differences::parse(&list, &page);

        assert!(read.as_ref().is_ok_and(|list| list.unused().count() > 0), "{read:?}");
    }

    #[test]
    fn a_difference_that_nobody_explains_is_counted() {
        let wine = Cases::parse("a/x:\tf\tok\t0\t1 2\na/y:\tf\tok\t-\t\n").unwrap();
        let here = Cases::parse("a/x:\tf\tok\t0\t1 3\na/z:\tf\tok\t-\t\n").unwrap();

        let tally = judge(&wine, &here, &Differences::default());

        assert_eq!((tally.cases, tally.equal, tally.different), (3, 0, 3));
    }
}
