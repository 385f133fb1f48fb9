//! Values written into fields.

use std::fmt;
use std::sync::atomic::{Ordering, fence};

use filemap::{MappedFile, PositionedIo as _};
use filemap_layout::{Counter, Path, Versions};
use serde::Serialize;

use super::super::Context;
use crate::args::{Assignment, TargetArguments, Write};
use crate::failure::{Failure, Result};
use crate::meaning::{Meant, PATIENCE};
use crate::offset::Offset;
use crate::output::Printable;
use crate::reader::{length_of, start_of};
use crate::target::{Purpose, Target};

pub(super) fn run(
    context: &Context<'_>,
    write: &Write,
    target: &TargetArguments,
    assignments: &[Assignment],
) -> Result<()> {
    if assignments.is_empty() {
        return Err(Failure::usage("expected values of fields, such as rpm=8500"));
    }
    if write.text.is_some() || write.hex.is_some() {
        return Err(Failure::usage("--text and --hex are bytes, and fields have values"));
    }
    let target = Target::find(target, &context.registry)?;
    // To change bytes that are there: fields make no file longer.
    let file = target.open(&context.registry, Purpose::Changing)?;
    let start = start_of(&file, write.offset.unwrap_or(Offset::FromStart(0)), &target)?;
    let len = length_of(&file)?;
    let words = write.fields.as_deref();
    let meant = Meant::of(&write.meaning, words, &context.registry, len.saturating_sub(start))?;
    if write.bump && meant.versions.is_none() {
        return Err(Failure::usage("--bump needs a version counter: --seq or --tick says which"));
    }
    let _owned = meant.own(PATIENCE)?;
    let changes = checked(&meant, assignments, &file, start, len)?;
    let counters = if write.bump { meant.versions.as_ref() } else { None };
    refuse_counters(counters, assignments, &changes)?;
    let whole = counters.map(|versions| begin(versions, &file, start)).transpose()?;
    for (offset, bytes) in &changes {
        file.write_all_at(bytes, start + offset)?;
    }
    if let (Some(versions), Some(whole)) = (counters, whole) {
        end(versions, whole, &file, start)?;
    }
    let fields = assignments.iter().map(|one| one.path.clone()).collect();
    context.output.print(&Report { target: target.to_string(), fields })
}

/// Returns the bytes of all values with their offsets, before any is written.
fn checked(
    meant: &Meant,
    assignments: &[Assignment],
    file: &MappedFile,
    start: u64,
    len: u64,
) -> Result<Vec<(u64, Vec<u8>)>> {
    let layout = &meant.layout;
    let snapshot = layout.look_at(file, start, len.saturating_sub(start), None)?;
    let mut memory = snapshot.bytes().to_vec();
    let mut changes = Vec::new();
    for Assignment { path, value } in assignments {
        let leaf = layout.find(&path.parse::<Path>()?, Some(&memory))?;
        let outside =
            || Failure::broken(format!("could not write `{path}`: the memory ends before it"));
        let present = leaf.bytes(&memory).ok_or_else(outside)?;
        let bytes = leaf
            .kind
            .parse(value, present)
            .map_err(|error| Failure::broken(format!("{error} (`{path}`)")))?;
        let place = usize::try_from(leaf.offset).map_err(|_| outside())?;
        // Bits beside each other are of one number, so the next one sees this one's.
        let offset = leaf.offset;
        memory[place..place + bytes.len()].copy_from_slice(&bytes);
        changes.push((offset, bytes));
    }
    Ok(changes)
}

/// Refuses values for counters that are changed anyway.
fn refuse_counters(
    versions: Option<&Versions>,
    assignments: &[Assignment],
    changes: &[(u64, Vec<u8>)],
) -> Result<()> {
    let counters = versions.map(Versions::counters).unwrap_or_default();
    for (Assignment { path, .. }, (offset, bytes)) in assignments.iter().zip(changes) {
        if counters.iter().any(|counter| counter.is_in(*offset, bytes.len() as u64)) {
            return Err(Failure::usage(format!(
                "`{path}` counts versions, and --bump changes it: one of them is right"
            )));
        }
    }
    Ok(())
}

fn count(counter: &Counter, file: &MappedFile, start: u64) -> Result<u64> {
    let mut bytes = vec![0; counter.number.size()];
    file.read_exact_at(&mut bytes, start + counter.offset)?;
    Ok(counter.of(&bytes))
}

fn put(counter: &Counter, value: u64, file: &MappedFile, start: u64) -> Result<()> {
    Ok(file.write_all_at(&counter.bytes(value), start + counter.offset)?)
}

/// Tells readers that somebody writes, and returns the number that tells that the new version is whole.
///
/// A program that was ended in the middle of a version may have left any number.
fn begin(versions: &Versions, file: &MappedFile, start: u64) -> Result<u64> {
    let whole = match versions {
        Versions::Pair { begin, .. } => {
            let next = count(begin, file, start)?.wrapping_add(1);
            put(begin, next, file, start)?;
            next
        }
        Versions::Odd(one) => {
            let odd = count(one, file, start)?.wrapping_add(1) | 1;
            put(one, odd, file, start)?;
            odd.wrapping_add(1)
        }
        Versions::Busy(one) => {
            put(one, 1, file, start)?;
            0
        }
        Versions::Tick(one) => count(one, file, start)?.wrapping_add(1),
    };
    fence(Ordering::Release);
    Ok(whole)
}

/// Tells readers that the new version is whole.
fn end(versions: &Versions, whole: u64, file: &MappedFile, start: u64) -> Result<()> {
    fence(Ordering::Release);
    match versions {
        Versions::Pair { end: one, .. }
        | Versions::Odd(one)
        | Versions::Tick(one)
        | Versions::Busy(one) => put(one, whole, file, start),
    }
}

#[derive(Debug, Serialize)]
struct Report {
    target: String,
    fields: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, fields } = self;
        let fields = fields.join(", ");
        write!(f, "wrote {} of {target}", Printable(&fields))
    }
}
