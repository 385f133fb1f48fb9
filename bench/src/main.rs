//! `filemap-bench`: what the library costs, as a ratio to the calls that it stands on.
//!
//! `harness` measures, each group says what is compared, `report` tells it to people. Only the
//! public interface of `filemap` is used.

mod harness;
mod figures;
mod machine;
mod report;
mod place;
mod second;
mod shm;
mod small;
mod copies;
mod cells;
mod losses;
mod names;
mod peers;
mod crowd;
mod contention;
mod deaths;
mod windows;
mod interface;
mod programs;
mod each_call;
mod objects;
#[path = "../../xtask/src/conformance/managed/page.rs"]
mod page;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::{Parser, ValueEnum};

use crate::harness::{Effort, Table};
use crate::second::Role;

/// Every group fails in the way that its contestants fail.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Compares filemap with the calls it stands on, and prints ratios.
///
/// A ratio of 1.00 means as fast as the base, 2.00 twice as slow. The row "the base against
/// itself" is the noise: what differs less than that differs by nothing.
#[derive(Debug, Parser)]
#[command(name = "filemap-bench", disable_help_subcommand = true)]
struct Args {
    /// Fewer rounds and smaller files: to see that it runs, not to quote.
    #[arg(long)]
    quick: bool,

    /// Runs one group alone; may be given several times.
    #[arg(long, value_name = "GROUP")]
    only: Vec<Group>,

    /// Writes the tables to docs/performance.md; not with --quick or --only.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    write: bool,

    /// Takes the class in this page of text for the one on Mono, instead of the project's own.
    #[arg(long, value_name = "FILE")]
    class: Option<PathBuf>,

    /// What this process is for, if it is not the first.
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// 64 bytes at random offsets of 1 GiB.
    Small,
    /// Copies, fills, values and atomics beside the C library's; lost pages; a first bulk read.
    Copies,
    /// Creating and opening under a name, alone, among many and at once; killed holders.
    Names,
    /// Reading from front to back through windows.
    Windows,
    /// The C interface beside the library's own calls, and beside `mmap`.
    Interface,
    /// A view for each access, as it was done for years: in C, and by a class on Mono.
    EachCall,
    /// Objects beside postcard's own way, and beside a formatter on Mono.
    Objects,
}

/// The page that `--write` writes, from the root of the workspace.
const PAGE: &str = "docs/performance.md";

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&format!("filemap-bench: {error}"));
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<()> {
    if let Some(role) = &args.role {
        return second::run(role);
    }
    let effort = if args.quick { Effort::QUICK } else { Effort::FULL };
    let mut tables: Vec<Table> = Vec::new();
    for group in Group::value_variants() {
        if !args.only.is_empty() && !args.only.contains(group) {
            continue;
        }
        let measured = match group {
            Group::Small => small::measure(effort)?,
            Group::Copies => copies::measure(effort)?,
            Group::Names => names::measure(effort)?,
            Group::Windows => windows::measure(effort)?,
            Group::Interface => interface::measure(effort)?,
            Group::EachCall => each_call::measure(effort, args.class.as_deref())?,
            Group::Objects => objects::measure(effort)?,
        };
        for table in measured {
            report::say(&report::for_terminal(&table));
            tables.push(table);
        }
    }
    if args.write {
        write_page(&tables)?;
    }
    Ok(())
}

fn write_page(tables: &[Table]) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(PAGE);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, report::page(tables))?;
    report::say(&format!("wrote {PAGE}"));
    Ok(())
}
