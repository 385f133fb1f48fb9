//! The tables, for the terminal and for the page.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's output")]

use std::fmt::Write as _;
use std::time::Duration;

use crate::harness::{PRECISION, Row, Table, Target};
use crate::machine;

pub(crate) fn say(text: &str) {
    println!("{text}");
}

pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// A table in columns of equal width.
pub(crate) fn for_terminal(table: &Table) -> String {
    let mut text = format!("{}\n{}\n", table.title, heading(table));
    let width = table.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let time = time(row.time);
        let line = format!(
            "  {:width$}  {:>7.2}  ({:.2} to {:.2})  {time:>10}  {}",
            row.name,
            row.ratio,
            row.low,
            row.high,
            target(row)
        );
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The page with all tables, and how they were made.
pub(crate) fn page(tables: &[Table]) -> String {
    let mut text = PREFACE.to_owned();
    text.push_str("\n## This run\n\n| | |\n|---|---|\n");
    for (word, fact) in machine::facts() {
        let _infallible = writeln!(text, "| {word} | {fact} |");
    }
    for table in tables {
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
                "| {} | {:.2} | {:.2} to {:.2} | {} |{}",
                row.name,
                row.ratio,
                row.low,
                row.high,
                time(row.time),
                if aims(table) { format!(" {} |", target(row)) } else { String::new() }
            );
        }
    }
    text
}

fn heading(table: &Table) -> String {
    let Table { operation, base, rounds, .. } = table;
    format!("One operation is {operation}. The base is {base}; {rounds} rounds.")
}

/// Whether some contestant of a table has a target.
fn aims(table: &Table) -> bool {
    table.rows.iter().any(|row| row.target.is_some())
}

/// What a row should reach, and whether it does.
fn target(row: &Row) -> String {
    let most = match row.target {
        None => return String::new(),
        Some(Target::Ratio(most)) => format!("{most:.2}"),
        Some(Target::Time(most)) => time(most * PRECISION),
    };
    let verdict = if row.reached() == Some(true) { "met" } else { "missed" };
    format!("≤ {most}, {verdict}")
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
- The first round warms up and is not counted, and a run of small accesses begins with as many that
  are not timed, so that its page tables are in the cache whoever ran before. All pages are in memory and mapped beforehand
  unless the table says otherwise.
";
