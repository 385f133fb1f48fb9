//! `cargo xtask instructions`: what the pure paths of the library cost, counted and not timed.
//!
//! Times on a machine that others use differ by more than what a change costs; the number of
//! instructions is the same in each run. `bench/counted` has the cases, Valgrind counts, and what
//! was counted before is in `bench/instructions.toml`.

mod baseline;
mod callgrind;

use crate::report;
use baseline::{Baseline, Verdict};
use callgrind::Missing;
use std::env::consts::ARCH;
use std::path::Path;

/// Counts, and compares with the baseline or, if it is to be renewed, writes it; tells whether
/// nothing has become dearer. `None` if the arguments are not understood.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Option<bool> {
    let renew = match arguments {
        [] => false,
        ["--renew"] => true,
        _ => return None,
    };
    let counts = match callgrind::count(root) {
        Ok(counts) => counts,
        Err(Missing::Tool(missing)) => {
            report::say(&format!("instructions: skipped: {missing}"));
            return Some(true);
        }
        Err(Missing::Figures(what)) => {
            report::complain(&format!("instructions: FAILED: {what}"));
            return Some(false);
        }
    };
    let done = if renew {
        Baseline::renew(root, ARCH, &counts).map(|()| {
            report::say(&format!("instructions: {} written for {ARCH}", baseline::PATH));
            true
        })
    } else {
        Baseline::read(root).map(|baseline| compare(&baseline, &counts))
    };
    Some(done.unwrap_or_else(|err| {
        report::complain(&format!("instructions: FAILED: {err}"));
        false
    }))
}

/// What one operation of a case was counted at.
struct Count {
    case: String,
    instructions: f64,
}

fn compare(baseline: &Baseline, counts: &[Count]) -> bool {
    let Some(known) = baseline.of(ARCH) else {
        report::say(&format!(
            "instructions: skipped: {} has none for {ARCH}; `cargo xtask instructions --renew` \
             adds them",
            baseline::PATH
        ));
        return true;
    };
    let (mut above, mut below) = (0, 0);
    let width = counts.iter().map(|count| count.case.len()).max().unwrap_or(0);
    for Count { case, instructions } in counts {
        let before = known.get(case).copied();
        let verdict = baseline.verdict(before, *instructions);
        above += usize::from(matches!(verdict, Verdict::Above | Verdict::Unknown));
        below += usize::from(verdict == Verdict::Below);
        let before = before.map_or_else(|| "-".to_owned(), |before| format!("{before:.1}"));
        let word = verdict.word();
        let line = format!("  {case:width$}  {instructions:8.1}  was {before:>8}  {word}");
        report::say(line.trim_end());
    }
    let gone: Vec<&str> = known
        .keys()
        .map(String::as_str)
        .filter(|case| counts.iter().all(|count| count.case != *case))
        .collect();
    if below > 0 {
        report::say(&format!(
            "instructions: {below} below the baseline; `cargo xtask instructions --renew` keeps it so"
        ));
    }
    if !gone.is_empty() {
        report::complain(&format!("instructions: not counted any more: {}", gone.join(", ")));
    }
    let well = above == 0 && gone.is_empty();
    report::say(&if well {
        format!("instructions: passed, {} paths", counts.len())
    } else {
        format!(
            "instructions: FAILED: {above} above what {} allows, made with {}; if that is what the \
             change is worth, `cargo xtask instructions --renew` and say why",
            baseline::PATH,
            baseline.compiler()
        )
    });
    well
}
