//! `filemap gc`: frees what crashed processes left behind.

use std::fmt;

use filemap::NamedMapping;
use serde::Serialize;

use super::Context;
use super::ls::{Age, age, creator};
use crate::args::Gc;
use crate::failure::Result;
use crate::output::{self, Printable};
use crate::size::Readable;
use crate::sys;

pub(super) fn run(context: &Context<'_>, gc: &Gc) -> Result<()> {
    let mut dead = dead(context)?;
    if gc.dry_run {
        return context.output.print(&Report::of(&dead, dead.len() as u64, Freed::No));
    }
    super::wine::sweep();
    let count = context.registry.remove_dead()?;
    // The remaining ones belong to other users, and only those can free them.
    let left = self::dead(context)?;
    dead.retain(|one| !left.iter().any(|other| is_same(&one.mapping, &other.mapping)));
    context.output.print(&Report::of(&dead, count, Freed::Yes))
}

/// A dead name, with the size of its entry.
#[derive(Debug)]
struct Dead {
    mapping: NamedMapping,
    bytes: u64,
}

fn dead(context: &Context<'_>) -> Result<Vec<Dead>> {
    let dead = context.registry.list()?.into_iter().filter(|mapping| !mapping.is_live());
    Ok(dead
        .map(|mapping| {
            let bytes = sys::size_on_disk(mapping.entry()).unwrap_or(0);
            Dead { mapping, bytes }
        })
        .collect())
}

/// Returns whether two entries are the same: a name may have been created and lost again meanwhile.
fn is_same(one: &NamedMapping, other: &NamedMapping) -> bool {
    (one.name(), one.created()) == (other.name(), other.created())
}

/// Whether the names were freed or only listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freed {
    Yes,
    No,
}

#[derive(Debug, Serialize)]
struct Report {
    /// All dead entries, including those that are too damaged to be listed.
    count: u64,
    /// The memory or disk space of the listed ones.
    bytes: u64,
    /// Whether they were only listed.
    dry_run: bool,
    names: Vec<NameReport>,
}

#[derive(Debug, Serialize)]
struct NameReport {
    name: String,
    bytes: u64,
    creator: Option<u32>,
    age_seconds: Option<u64>,
}

impl Report {
    fn of(dead: &[Dead], count: u64, freed: Freed) -> Self {
        let names = dead.iter().map(|one| NameReport {
            name: one.mapping.name().to_string(),
            bytes: one.bytes,
            creator: creator(&one.mapping),
            age_seconds: age(&one.mapping),
        });
        Self {
            count,
            bytes: dead.iter().map(|one| one.bytes).sum(),
            dry_run: freed == Freed::No,
            names: names.collect(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return f.write_str("nothing to free");
        }
        if !self.names.is_empty() {
            let mut table = output::table(&["NAME", "BYTES", "CREATOR", "AGE"]);
            for one in &self.names {
                table.add_row([
                    Printable(&one.name).to_string(),
                    Readable(one.bytes).to_string(),
                    one.creator.map_or_else(|| "?".to_owned(), |creator| creator.to_string()),
                    Age(one.age_seconds).to_string(),
                ]);
            }
            writeln!(f, "{}", output::lines(&mut table, &[1, 2, 3]))?;
        }
        let what = if self.dry_run { "would free" } else { "freed" };
        let names = if self.count == 1 { "name" } else { "names" };
        write!(f, "{what} {} {names}, {}", self.count, Readable(self.bytes))
    }
}
