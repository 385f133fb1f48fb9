//! `filemap gc`: frees what crashed processes left behind.

use std::fmt;

use filemap::NamedMapping;
use serde::Serialize;

use super::Context;
use super::ls::{Age, age};
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
    let count = context.registry.collect()?;
    // What is still there belongs to another user, who alone can free it.
    let left = self::dead(context)?;
    dead.retain(|one| !left.iter().any(|other| is_same(&one.mapping, &other.mapping)));
    context.output.print(&Report::of(&dead, count, Freed::Yes))
}

/// A dead name, with the bytes that its entry takes.
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

/// A name may have been taken and left behind again meanwhile.
fn is_same(one: &NamedMapping, other: &NamedMapping) -> bool {
    (one.name(), one.created()) == (other.name(), other.created())
}

/// Whether anything was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freed {
    Yes,
    No,
}

#[derive(Debug, Serialize)]
struct Report {
    /// Entries, with those that are too damaged to be listed.
    count: u64,
    /// In memory or on disk, of those that are listed.
    bytes: u64,
    /// Whether nothing was freed, because nothing was to be.
    dry_run: bool,
    names: Vec<NameReport>,
}

#[derive(Debug, Serialize)]
struct NameReport {
    name: String,
    bytes: u64,
    creator: u32,
    age_seconds: u64,
}

impl Report {
    fn of(dead: &[Dead], count: u64, freed: Freed) -> Self {
        let names = dead.iter().map(|one| NameReport {
            name: one.mapping.name().to_string(),
            bytes: one.bytes,
            creator: one.mapping.creator(),
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
                    one.creator.to_string(),
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
