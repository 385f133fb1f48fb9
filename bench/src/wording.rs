//! How figures are written for people.

use std::fmt::Write as _;

use crate::results::{Bar, Figure, Figures, Limit, Ratios, Row, Spread, Table, Verdict};

/// A ratio: two digits after the point, or as many as show two that say something.
pub(crate) fn ratio(value: f64) -> String {
    if value >= 100.0 {
        return format!("{value:.0}");
    }
    let mut digits = 2;
    // Nothing that is measured takes a millionth of its base's time.
    while digits < 7 && value < 10_f64.powi(1 - digits) {
        digits += 1;
    }
    format!("{value:.0$}", usize::try_from(digits).unwrap_or(2))
}

/// A ratio as it is written, for comparing with what is written beside it.
pub(crate) fn ratio_as_shown(value: f64) -> f64 {
    ratio(value).parse().unwrap_or(value)
}

/// A ratio, and how many times faster that is if it is not easily read.
pub(crate) fn ratio_and_speed(value: f64) -> String {
    let text = ratio(value);
    if value >= 0.1 || value <= 0.0 {
        return text;
    }
    // Two digits, as the ratio has.
    let times: f64 = format!("{:.1e}", value.recip()).parse().unwrap_or(f64::INFINITY);
    format!("{text} ({times:.0} times faster)")
}

/// The quarter below and the one above.
pub(crate) fn middle_half(spread: Spread) -> String {
    format!("{} to {}", ratio(spread.low), ratio(spread.high))
}

/// A median with its middle half.
pub(crate) fn noise(spread: Spread) -> String {
    format!("{} ({})", ratio(spread.median), middle_half(spread))
}

pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.1} ns"),
        ..1e6 => format!("{:.2} µs", nanoseconds / 1e3),
        ..1e9 => format!("{:.2} ms", nanoseconds / 1e6),
        _ => format!("{:.2} s", nanoseconds / 1e9),
    }
}

fn bar(bar: Bar) -> String {
    match bar {
        Bar::Ratio(most) => ratio(most),
        Bar::Nanoseconds(most) => time(most),
    }
}

/// What a row should reach, and whether it does.
pub(crate) fn target(row: &Row) -> String {
    let Some(target) = row.target else { return String::new() };
    format!("≤ {}, {}", bar(target), row.verdict().word())
}

/// What a figure should be at most, in every round, and whether it is.
pub(crate) fn goal(row: &Figure) -> String {
    let Some(most) = row.target else { return String::new() };
    format!("≤ {}, {}", row.unit.text(most), row.verdict().word())
}

/// What stands between a table's title and its rows.
pub(crate) fn heading(table: &Table) -> String {
    match table {
        Table::Ratios(Ratios { operation, base, rounds, .. }) => {
            format!("One operation is {operation}. The base is {base}; {rounds} rounds.")
        }
        Table::Figures(Figures { about, rounds, .. }) => format!("{about} {rounds} rounds."),
    }
}

/// Why targets are missed that cannot be reached, each with the rows that it is true of.
pub(crate) fn limits(table: &Table) -> Vec<String> {
    let mut notes: Vec<(&Limit, String)> = Vec::new();
    for (name, verdict) in table.verdicts() {
        let Verdict::Limited(known) = verdict else { continue };
        if let Some((_, names)) = notes.iter_mut().find(|(other, _)| *other == known) {
            let _infallible = write!(names, "; {name}");
        } else {
            notes.push((known, name.to_owned()));
        }
    }
    notes.into_iter().map(|(known, names)| format!("{names}: {}", limit(known))).collect()
}

/// Why a target is missed, and what more than that would be.
pub(crate) fn limit(limit: &Limit) -> String {
    let Limit { reason, most } = limit;
    let reason = reason.trim_end_matches('.');
    format!("{reason}. That explains up to {}.", bar(*most))
}

/// How many bars.
pub(crate) fn bars(count: usize) -> String {
    if count == 1 { "1 bar".to_owned() } else { format!("{count} bars") }
}
