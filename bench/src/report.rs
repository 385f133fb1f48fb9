//! The tables, for the terminal and for the page.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's output")]

use std::fmt::Write as _;
use std::time::Duration;

use crate::figures::{Figure, Figures};
use crate::harness::{PRECISION, Ratios, Row, SMALL_RATIO, Table, Target};
use crate::machine;

pub(crate) fn say(text: &str) {
    println!("{text}");
}

pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// A table in columns of equal width.
pub(crate) fn for_terminal(table: &Table) -> String {
    match table {
        Table::Ratios(ratios) => ratios_for_terminal(ratios),
        Table::Figures(figures) => figures_for_terminal(figures),
    }
}

fn ratios_for_terminal(table: &Ratios) -> String {
    let mut text = format!("{}\n{}\n", table.title, heading(table));
    let width = table.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let time = time(row.time);
        let [low, middle, high] = [row.low, row.ratio, row.high].map(ratio);
        let (name, target) = (&row.name, target(row));
        let line = format!("  {name:width$}  {middle:>7}  ({low} to {high})  {time:>10}  {target}");
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
    for (name, reason) in limits(table) {
        let _infallible = writeln!(text, "  {name}: {reason}");
    }
    text
}

/// Why targets are missed that cannot be reached.
fn limits(table: &Ratios) -> impl Iterator<Item = (&str, &str)> {
    let missed = table.rows.iter().filter(|row| row.reached() == Some(false));
    missed.filter_map(|row| Some((row.name.as_str(), row.limit?)))
}

/// The page with all tables, and how they were made.
pub(crate) fn page(tables: &[Table]) -> String {
    let mut text = PREFACE.to_owned();
    text.push_str("\n## This run\n\n| | |\n|---|---|\n");
    for (word, fact) in machine::facts() {
        let _infallible = writeln!(text, "| {word} | {fact} |");
    }
    for table in tables {
        match table {
            Table::Ratios(ratios) => ratios_for_page(&mut text, ratios),
            Table::Figures(figures) => figures_for_page(&mut text, figures),
        }
    }
    text
}

fn ratios_for_page(text: &mut String, table: &Ratios) {
    let _infallible = write!(
        text,
        "\n## {}\n\n{}\n\n| contestant | ratio | middle half | time |{}\n|---|---|---|---|{}\n",
        table.title,
        heading(table),
        if aims(table) { " target |" } else { "" },
        if aims(table) { "---|" } else { "" },
    );
    for row in &table.rows {
        let _infallible = writeln!(
            text,
            "| {} | {} | {} to {} | {} |{}",
            row.name,
            ratio(row.ratio),
            ratio(row.low),
            ratio(row.high),
            time(row.time),
            if aims(table) { format!(" {} |", target(row)) } else { String::new() }
        );
    }
    for (name, reason) in limits(table) {
        let _infallible = write!(text, "\n{name}: {reason}\n");
    }
}

fn figures_for_terminal(table: &Figures) -> String {
    let mut text = format!("{}\n{} {} rounds.\n", table.title, table.about, table.rounds);
    let width = table.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let [low, middle, high, most] = row.values().map(|value| row.unit.text(value));
        let (name, goal) = (row.name, goal(row));
        let line =
            format!("  {name:width$}  {middle:>10}  ({low} to {high}, at most {most})  {goal}");
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn figures_for_page(text: &mut String, table: &Figures) {
    let _infallible = write!(
        text,
        "\n## {}\n\n{} {} rounds.\n\n| what | median | middle half | most | target |\n|---|---|---|---|---|\n",
        table.title, table.about, table.rounds
    );
    for row in &table.rows {
        let [low, middle, high, most] = row.values().map(|value| row.unit.text(value));
        let (name, goal) = (row.name, goal(row));
        let _infallible =
            writeln!(text, "| {name} | {middle} | {low} to {high} | {most} | {goal} |");
    }
}

/// What a figure should be at most, in every round, and whether it is.
fn goal(row: &Figure) -> String {
    let Some(most) = row.target else { return String::new() };
    let verdict = if row.reached() == Some(true) { "met" } else { "missed" };
    format!("≤ {}, {verdict}", row.unit.text(most))
}

fn heading(table: &Ratios) -> String {
    let Ratios { operation, base, rounds, .. } = table;
    format!("One operation is {operation}. The base is {base}; {rounds} rounds.")
}

/// Whether some contestant of a table has a target.
fn aims(table: &Ratios) -> bool {
    table.rows.iter().any(|row| row.target.is_some())
}

/// What a row should reach, and whether it does.
fn target(row: &Row) -> String {
    let most = match row.target {
        None => return String::new(),
        Some(Target::Ratio(most)) => ratio(most),
        Some(Target::Time(most)) => time(most * PRECISION),
    };
    let verdict = if row.reached() == Some(true) { "met" } else { "missed" };
    format!("≤ {most}, {verdict}")
}

/// A ratio, with more digits where two would leave nothing of it.
fn ratio(ratio: f64) -> String {
    if ratio < SMALL_RATIO { format!("{ratio:.4}") } else { format!("{ratio:.2}") }
}

fn time(time: Duration) -> String {
    let nanoseconds = time.as_secs_f64() * 1e9 / f64::from(PRECISION);
    if nanoseconds < 1000.0 {
        format!("{nanoseconds:.1} ns")
    } else {
        format!("{:.2} µs", nanoseconds / 1000.0)
    }
}

const PREFACE: &str = "\
# Performance

What filemap costs, as a ratio to the calls that it stands on: 1.00 is as fast as the base, 2.00
takes twice as long. This page is written by `cargo xtask bench --write`; nothing in it is written
by hand.

## How it is measured

- Each contestant runs right beside its base, and which of the two goes first is drawn by lot; so
  is the order of the contestants, anew in each round. A fixed order would favour whoever comes
  after the one that warmed the caches.
- Each measurement draws new random offsets, before the clock starts.
- The ratio is the median over all rounds of time to time of the base beside it; the middle half
  of the ratios tells how far they spread. The time is the contestant's own median.
- *The base against itself* is measured like a contestant. What differs from 1.00 by no more than
  that row does, or than its spread, differs by nothing.
- Where nothing is there to compare with, the table has the figures themselves, and the greatest of
  them besides the median.
- The first round warms up and is not counted, and a run of small accesses begins with as many that
  are not timed, so that its page tables are in the cache whoever ran before. All pages are in memory and mapped beforehand
  unless the table says otherwise.
";
