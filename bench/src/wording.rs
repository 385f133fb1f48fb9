//! How figures are written for people.

use crate::harness::Bar;
use crate::results::{Outcome, Verdict, ratio};

/// Returns a time in the unit that suits it.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds.abs() {
        ..100.0 => format!("{nanoseconds:.1} ns"),
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.1} ms", nanoseconds / 1e6),
    }
}

/// Returns what has to be reached.
pub(crate) fn bar(bar: Bar) -> String {
    match bar {
        Bar::Ratio(most) => format!("≤ {}", ratio(most)),
        Bar::More(most) => format!("≤ {} more", time(most)),
    }
}

/// Returns what was reached, and how that compares with the bar.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let spread = outcome.ratio;
    let reached = match outcome.bar {
        Bar::Ratio(_) => {
            let half = format!("{} to {}", ratio(spread.low), ratio(spread.high));
            format!("{} ({half})", ratio(spread.median))
        }
        Bar::More(_) if outcome.more < 0.0 => format!("{} less", time(-outcome.more)),
        Bar::More(_) => format!("{} more", time(outcome.more)),
    };
    match outcome.verdict() {
        Verdict::Met => format!("{reached}, {}: met", time(outcome.time)),
        Verdict::Missed => format!("{reached}, {}: **missed**", time(outcome.time)),
        Verdict::NoResult => format!("no result: two bases differ by {}", ratio(outcome.control)),
    }
}
