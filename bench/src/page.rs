//! `docs/performance.md` and its pictures, made of the results that are there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::check::Check;
use crate::results::{Figures, Ratios, Results, Table};
use crate::{Group, Result, picture, wording};

/// The page, from the root of the workspace.
const PAGE: &str = "docs/performance.md";

/// Its pictures.
const PICTURES: &str = "docs/performance";

/// Writes the page and the pictures of what is kept below `root` into the folder `into`.
pub(crate) fn write(root: &Path, into: &Path) -> Result<()> {
    let groups = all(root)?;
    // Pictures of groups that are no more are not to stay.
    let pictures = into.join(PICTURES);
    if pictures.exists() {
        fs::remove_dir_all(&pictures)?;
    }
    fs::create_dir_all(&pictures)?;
    for (group, results) in &groups {
        let path = pictures.join(group.name()).with_extension("svg");
        fs::write(path, picture::draw(&group.name(), &results.tables))?;
    }
    fs::write(into.join(PAGE), page(&groups))?;
    Ok(())
}

/// All results that are kept, in the order of the groups.
pub(crate) fn all(root: &Path) -> Result<Vec<(Group, Results)>> {
    let mut all = Vec::new();
    for group in Group::all() {
        if let Some(results) = Results::read(root, group)? {
            all.push((group, results));
        }
    }
    Ok(all)
}

fn page(groups: &[(Group, Results)]) -> String {
    let common = common(groups);
    let mut text = PREFACE.to_owned();
    summary(&mut text, groups);
    if !groups.is_empty() {
        text.push_str("\n## Where\n\nUnless a group says otherwise:\n\n| | |\n|---|---|\n");
    }
    for (word, fact) in &common {
        let _infallible = writeln!(text, "| {word} | {fact} |");
    }
    for (group, results) in groups {
        let (name, about) = (group.name(), group.about());
        let _infallible = write!(text, "\n## {name}\n\n{about}\n");
        let own: Vec<String> = results
            .facts
            .iter()
            .filter(|fact| !common.contains(fact))
            .map(|(word, fact)| format!("{word}: {fact}"))
            .collect();
        if !own.is_empty() {
            let _infallible = write!(text, "\nHere {}.\n", own.join("; "));
        }
        let _infallible = write!(text, "\n![Ratios of the group {name}](performance/{name}.svg)\n");
        for table in &results.tables {
            let _infallible =
                write!(text, "\n### {}\n\n{}\n\n", table.title(), wording::heading(table));
            match table {
                Table::Ratios(ratios) => ratios_for_page(&mut text, ratios),
                Table::Figures(figures) => figures_for_page(&mut text, figures),
            }
            let notes = wording::limits(table);
            if !notes.is_empty() {
                text.push_str("\nMissed, because:\n\n");
            }
            for note in notes {
                let _infallible = writeln!(text, "- {note}");
            }
        }
    }
    text
}

fn summary(text: &mut String, groups: &[(Group, Results)]) {
    text.push_str("\n## Summary\n\n");
    if groups.is_empty() {
        text.push_str("Nothing was measured yet.\n");
        return;
    }
    text.push_str(
        "| group | what | bars met | missed | missed for a reason |\n|---|---|---|---|---|\n",
    );
    for (group, results) in groups {
        let mut check = Check::default();
        check.add(*group, results);
        let [met, missed, limited] = check.counts();
        let (name, about) = (group.name(), group.about());
        let _infallible =
            writeln!(text, "| [{name}](#{name}) | {about} | {met} | {missed} | {limited} |");
    }
}

/// The facts that are true of more than half of the groups.
fn common(groups: &[(Group, Results)]) -> Vec<&(String, String)> {
    let facts = || groups.iter().flat_map(|(_, results)| &results.facts);
    let mut counts: BTreeMap<&(String, String), usize> = BTreeMap::new();
    for fact in facts() {
        *counts.entry(fact).or_default() += 1;
    }
    let mut common: Vec<&(String, String)> = Vec::new();
    for fact in facts() {
        if counts.get(fact).is_some_and(|count| 2 * count > groups.len()) && !common.contains(&fact)
        {
            common.push(fact);
        }
    }
    common
}

fn ratios_for_page(text: &mut String, table: &Ratios) {
    let noisy = table.rows.iter().any(|row| row.noise.is_some());
    let aims = table.rows.iter().any(|row| row.target.is_some());
    let mut columns = vec!["contestant", "ratio", "middle half"];
    columns.extend(noisy.then_some("the base against itself"));
    columns.push("time");
    columns.extend(aims.then_some("target"));
    line(text, columns.iter().map(|column| (*column).to_owned()));
    let _infallible = writeln!(text, "|{}", "---|".repeat(columns.len()));
    for row in &table.rows {
        let ratio = wording::ratio_and_speed(row.ratio.median);
        let mut cells = vec![row.name.clone(), ratio, wording::middle_half(row.ratio)];
        cells.extend(noisy.then(|| row.noise.map(wording::noise).unwrap_or_default()));
        cells.push(wording::time(row.nanoseconds));
        cells.extend(aims.then(|| wording::target(row)));
        line(text, cells);
    }
}

fn figures_for_page(text: &mut String, table: &Figures) {
    text.push_str("| what | median | middle half | most | target |\n|---|---|---|---|---|\n");
    for row in &table.rows {
        let values = [row.middle.low, row.middle.median, row.middle.high, row.most];
        let [low, middle, high, most] = values.map(|value| row.unit.text(value));
        let half = format!("{low} to {high}");
        line(text, [row.name.clone(), middle, half, most, wording::goal(row)]);
    }
}

fn line(text: &mut String, cells: impl IntoIterator<Item = String>) {
    text.push('|');
    for cell in cells {
        let _infallible = write!(text, " {cell} |");
    }
    text.push('\n');
}

const PREFACE: &str = "\
# Performance

What filemap costs, as a ratio to the calls that it stands on: 1.00 is as fast as the base, 2.00
takes twice as long. This page and its pictures are made by `cargo xtask bench` of what it measured,
which is in `bench/results`; nothing here is written by hand. `cargo xtask bench --help` says how to
measure one group anew, to look quickly, and to let a missed bar fail.

## How it is measured

- Each contestant runs right beside its base, and which of the two goes first is drawn by lot; so
  is the order of the contestants, anew in each round. A fixed order would favour whoever comes
  after the one that warmed the caches.
- Each measurement draws new random offsets, before the clock starts.
- The ratio is the median over all rounds of time to time of the base beside it; the middle half
  of the ratios tells how far they spread. The time is the contestant's own median.
- *The base against itself* is measured like a contestant: as a row where all share one base, in a
  column where each has its own. What differs from 1.00 by no more than that does, or than its
  spread, differs by nothing.
- Where nothing is there to compare with, the table has the figures themselves, and the greatest of
  them besides the median.
- The first round warms up and is not counted, and a run of small accesses begins with as many that
  are not timed, so that its page tables are in the cache whoever ran before. All pages are in
  memory and mapped beforehand unless the table says otherwise.
- A target is a bar that was set beforehand. Where it is missed and cannot be met, a note under the
  table says why, and how much that explains: what takes longer is missed without a reason.

Times differ from run to run; the number of instructions does not. `cargo xtask instructions` counts
those of the paths that call no system, and fails if one has become dearer than
`bench/instructions.toml` allows.
";
