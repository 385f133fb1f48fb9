//! `filemap-bench`: what the library costs, as a ratio to the calls that it stands on.
//!
//! `harness` measures, each group says what is compared, `results` keeps what came out, and `page`
//! makes `docs/performance.md` of all that is kept. Only the public interface of `filemap` is used.

mod harness;
mod figures;
mod machine;
mod results;
mod wording;
mod report;
mod check;
mod scale;
mod picture;
mod page;
mod place;
mod second;
mod shm;
mod small;
mod bare;
mod ways;
mod copies;
mod bulk;
mod cells;
mod losses;
// It knows the length of an instruction.
#[cfg(target_arch = "x86_64")]
mod bare_fault;
mod names;
mod peers;
mod crowd;
mod contention;
mod deaths;
mod windows;
mod processes;
mod large;
mod growth;
mod flush;
mod interface;
mod command;
mod programs;
mod each_call;
mod objects;
#[path = "../../xtask/src/conformance/managed/page.rs"]
mod class_page;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::check::Check;
use crate::harness::Effort;
use crate::results::Results;
use crate::second::Role;

/// Every group fails in the way that its contestants fail.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Compares filemap with the calls it stands on, and prints ratios.
///
/// A ratio of 1.00 means as fast as the base, 2.00 twice as slow. The base against itself is the
/// noise: what differs less than that differs by nothing.
///
/// What was measured is kept in bench/results, a file for each group; docs/performance.md and the
/// pictures in docs/performance are made anew of all that is kept.
#[derive(Debug, Parser)]
#[command(
    name = "filemap-bench",
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 if all was done; 1 if --check found a bar that is missed without a \
                  known reason; 2 if something could not be measured, or was not understood."
)]
struct Args {
    /// Fewer rounds and smaller files, all groups in two minutes: to see that it runs, not to
    /// quote. Keeps nothing.
    #[arg(long)]
    quick: bool,

    /// Runs one group alone, and keeps what is known of the others; may be given several times.
    #[arg(long, value_name = "GROUP")]
    only: Vec<Group>,

    /// Fails if something is above its bar. What cannot be met for a known reason is listed apart,
    /// as far as the reason explains it.
    #[arg(long)]
    check: bool,

    /// Measures nothing: makes the page and the pictures of what is kept, for --check too.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    page: bool,

    /// Makes the page and the pictures below this folder, and not in the sources.
    #[arg(long, value_name = "FOLDER", requires = "page")]
    into: Option<PathBuf>,

    /// Takes the class in this page of text for the one on Mono, instead of the project's own.
    #[arg(long, value_name = "FILE")]
    class: Option<PathBuf>,

    /// What this process is for, if it is not the first.
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// 8 to 4096 bytes at random offsets, by one thread and by two; other ways to them.
    Small,
    /// Copies, fills, values and atomics beside the C library's; lost pages; a first bulk read.
    Copies,
    /// Copies of 1 MiB and more, beside the C library's and beside system calls.
    Bulk,
    /// Creating and opening under a name, alone, among many and at once; killed holders.
    Names,
    /// A file through windows for a quarter of it: from front to back, and at random.
    Windows,
    /// Two processes that add to one number, and send each other messages.
    Processes,
    /// Large pages beside ordinary ones.
    Large,
    /// Appending in pieces of 4 KiB, and in small ones into room that was reserved.
    Growth,
    /// Flushing one page, some and all, durably and not.
    Flush,
    /// A view for each access, as it was done for years: in C, and by a class on Mono.
    EachCall,
    /// Objects beside postcard's own way, and beside a formatter on Mono.
    Objects,
    /// The C interface beside the library's own calls, and beside `mmap`.
    Interface,
    /// Starting the command.
    Command,
}

impl Group {
    /// All groups, in the order of the page.
    fn all() -> impl Iterator<Item = Self> {
        Self::value_variants().iter().copied()
    }

    /// The word for it on the command line, and in names of files.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it measures, in a sentence.
    fn about(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.map(|help| help.trim_end_matches('.').to_owned() + ".").unwrap_or_default()
    }

    fn measure(self, effort: Effort, class: Option<&Path>) -> Result<Vec<harness::Table>> {
        match self {
            Self::Small => small::measure(effort),
            Self::Copies => copies::measure(effort),
            Self::Bulk => bulk::measure(effort),
            Self::Names => names::measure(effort),
            Self::Windows => windows::measure(effort),
            Self::Processes => processes::measure(effort),
            Self::Large => large::measure(effort),
            Self::Growth => growth::measure(effort),
            Self::Flush => flush::measure(effort),
            Self::EachCall => each_call::measure(effort, class),
            Self::Objects => objects::measure(effort),
            Self::Interface => interface::measure(effort),
            Self::Command => command::measure(effort),
        }
    }
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

/// Does what was asked for, and tells whether `--check`, if it was, found nothing.
fn run(args: &Args) -> Result<bool> {
    if let Some(role) = &args.role {
        second::run(role)?;
        return Ok(true);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut check = Check::default();
    if args.page {
        for (group, results) in page::all(&root)? {
            check.add(group, &results);
        }
        page::write(&root, args.into.as_deref().unwrap_or(&root))?;
    } else {
        // What one group cannot do without is no reason to know nothing of the others.
        let mut failed = Vec::new();
        for group in Group::all().filter(|one| args.only.is_empty() || args.only.contains(one)) {
            match measure(group, args, &root) {
                Ok(results) => check.add(group, &results),
                Err(error) => {
                    report::complain(&format!("filemap-bench: {}: {error}", group.name()));
                    failed.push(group.name());
                }
            }
        }
        if !failed.is_empty() {
            return Err(format!("not measured: {}", failed.join(", ")).into());
        }
    }
    if args.check {
        report::say(&check.report());
    }
    Ok(!args.check || check.passed())
}

/// Measures a group, prints it and, if it is not rough, keeps it.
fn measure(group: Group, args: &Args, root: &Path) -> Result<Results> {
    let quick = args.quick;
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let facts = machine::facts();
    let results = Results::new(facts, group.measure(effort, args.class.as_deref())?);
    for table in &results.tables {
        report::say(&report::for_terminal(table, quick));
    }
    if !quick {
        results.write(root, group)?;
        // After each group: the next one may fail, and the page is to be what the results say.
        page::write(root, root)?;
    }
    Ok(results)
}
