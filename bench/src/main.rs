//! `filemap-bench`: what the library costs, beside the calls that it stands on.
//!
//! `harness` measures, `groups` say what is compared, `results` keep what came out, and `page` makes
//! `docs/performance.md` of all that is kept. Only the public interface of `filemap` is used.

mod harness;
mod group;
mod scene;
mod shm;
mod bare_fault;
mod second;
mod groups;
#[cfg(filemap_base)]
mod base;
#[cfg(not(filemap_base))]
mod base {
    pub(crate) use crate::groups::{play, rows};
}
mod against;
mod machine;
mod results;
mod wording;
mod picture;
mod page;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use filemap as library;

use crate::group::Group;
use crate::harness::{Effort, measure};
use crate::results::{Outcome, Results, Verdict};
use crate::scene::Scene;
use crate::second::Role;

/// Every group fails in the way that its sides fail.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// The word for the library of this tree among the arguments of a second process.
const LIBRARY: &str = "own";

/// Compares filemap with the calls it stands on, and prints ratios.
///
/// A ratio of 1.00 means as fast as the base, 2.00 twice as slow. What was measured is kept in
/// bench/results, a file for each vendor of processors; docs/performance.md and its picture are
/// made anew of all that is kept.
#[derive(Debug, Parser)]
#[command(
    name = "filemap-bench",
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 if all was done; 1 if --check found a missed bar, or --against a row \
                  that became slower; 2 if something could not be measured, or was not understood."
)]
struct Args {
    /// Fewer rounds and smaller files, all groups in two minutes: to see that it runs, not to
    /// quote. Keeps nothing.
    #[arg(long)]
    quick: bool,

    /// Measures one group alone, and keeps what is known of the others; may be given several times.
    #[arg(long, value_name = "GROUP")]
    only: Vec<Group>,

    /// Fails if a bar is missed.
    #[arg(long)]
    check: bool,

    /// Measures nothing: makes the page and the picture of what is kept, for --check too.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    page: bool,

    /// Makes the page and the picture below this folder, and not in the sources.
    #[arg(long, value_name = "FOLDER", requires = "page")]
    into: Option<PathBuf>,

    /// Compares the library of this tree with that of another revision, alternating in one run, and
    /// fails if a row is slower than the base is against itself. Keeps nothing.
    #[arg(long, value_name = "REV", conflicts_with_all = ["page", "check"])]
    against: Option<String>,

    /// What this process is for, if it is not the first.
    #[command(subcommand)]
    role: Option<Role>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            report::complain(&format!("filemap-bench: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Does what was asked for, and returns whether all was well.
fn run(args: &Args) -> Result<bool> {
    if let Some(role) = &args.role {
        let own = role.library() == LIBRARY;
        if own {
            groups::play(role)?;
        } else {
            base::play(role)?;
        }
        return Ok(true);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let effort = if args.quick { Effort::QUICK } else { Effort::FULL };
    let groups = Group::all().filter(|group| args.only.is_empty() || args.only.contains(group));
    let groups: Vec<Group> = groups.collect();
    if args.against.is_some() {
        return against::run(&groups, effort);
    }
    let mut outcomes = Vec::new();
    if args.page {
        outcomes.extend(Results::all(&root)?.into_iter().flat_map(|results| results.outcomes));
        page::write(&root, args.into.as_deref().unwrap_or(&root))?;
    }
    for group in groups.into_iter().filter(|_| !args.page) {
        let measured = measure_group(group, effort)?;
        if !args.quick {
            // After each group: the next one may fail.
            Results::keep(&root, group, measured.clone())?;
            page::write(&root, &root)?;
        }
        outcomes.extend(measured);
    }
    let count = |verdict| outcomes.iter().filter(|outcome| outcome.verdict() == verdict).count();
    let (missed, nothing) = (count(Verdict::Missed), count(Verdict::NoResult));
    let all = outcomes.len();
    report::say(&format!("{missed} of {all} bars are missed; {nothing} rows are no result."));
    Ok(!args.check || missed == 0)
}

/// Measures the rows of a group, and prints each.
fn measure_group(group: Group, effort: Effort) -> Result<Vec<Outcome>> {
    report::say(&format!("{}: {}", group.name(), group.about()));
    let scene = Scene::new()?;
    let mut outcomes = Vec::new();
    for row in groups::rows(group, &scene, effort)? {
        let measured = measure(&row, effort)?;
        let outcome = Outcome::new(group, &row, &measured);
        let (bar, reached) = (wording::bar(row.bar), wording::outcome(&outcome));
        report::say(&format!("  {}, beside {}, {bar}: {reached}", row.name, row.beside));
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
