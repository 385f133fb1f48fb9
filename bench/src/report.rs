//! What is printed while it is measured.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's output")]

use std::fmt::Write as _;

use crate::results::{Figures, Ratios, Table};
use crate::wording;

pub(crate) fn say(text: &str) {
    println!("{text}");
}

pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// A table in columns of equal width, which says if it is rough.
pub(crate) fn for_terminal(table: &Table, rough: bool) -> String {
    let heading = wording::heading(table);
    let rough = if rough { " Rough figures, not to be quoted." } else { "" };
    let mut text = format!("{}\n{heading}{rough}\n", table.title());
    match table {
        Table::Ratios(ratios) => ratios_for_terminal(&mut text, ratios),
        Table::Figures(figures) => figures_for_terminal(&mut text, figures),
    }
    for note in wording::limits(table) {
        let _infallible = writeln!(text, "  {note}");
    }
    text
}

fn ratios_for_terminal(text: &mut String, table: &Ratios) {
    let width = table.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let ratio = wording::ratio(row.ratio.median);
        let middle = format!("({})", wording::middle_half(row.ratio));
        let noise = row.noise.map(|noise| format!("base {}", wording::noise(noise)));
        let line = format!(
            "  {:width$}  {ratio:>7}  {middle:<20}  {:>10}  {:<26}  {}",
            row.name,
            wording::time(row.nanoseconds),
            noise.unwrap_or_default(),
            wording::target(row)
        );
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
}

fn figures_for_terminal(text: &mut String, table: &Figures) {
    let width = table.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let values = [row.middle.low, row.middle.median, row.middle.high, row.most];
        let [low, middle, high, most] = values.map(|value| row.unit.text(value));
        let (name, goal) = (&row.name, wording::goal(row));
        let line =
            format!("  {name:width$}  {middle:>10}  ({low} to {high}, at most {most})  {goal}");
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
}
