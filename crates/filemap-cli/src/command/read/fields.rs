//! The values of fields: as a table, as JSON nested as the struct is, or as CSV.

use std::io::Write;

use filemap_layout::{Glob, Leaf, Section, Snapshot};
use serde::Serializer;
use serde::ser::SerializeMap as _;

use super::super::Context;
use crate::args::Read;
use crate::failure::{Failure, Result};
use crate::meaning::{Meant, PATIENCE};
use crate::output::Printable;
use crate::reader::{length_of, start_of};
use crate::target::{Purpose, Target};
use crate::value::Order;

pub(super) fn run(context: &Context<'_>, read: &Read) -> Result<()> {
    if read.part.length.is_some() || read.rows.columns.is_some() {
        return Err(Failure::usage(
            "--length and --columns are about bytes, and fields have a layout",
        ));
    }
    if read.rows.order == Order::Big {
        return Err(Failure::usage(
            "--order is about numbers alone: before fields, `big` as a word is their byte order",
        ));
    }
    let target = Target::find(&read.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Reading)?;
    let start = start_of(&file, read.part.offset, &target)?;
    let len = length_of(&file)?;
    let meant =
        Meant::of(&read.meaning, read.rows.words(), &context.registry, len.saturating_sub(start))?;
    let snapshot = meant.look(&file, start, len, PATIENCE)?;
    let glob = read.fields.as_deref().map(Glob::new);
    // All of them are found before anything is printed.
    let whole = glob.is_none() && context.output.is_json();
    let leaves = if whole { Vec::new() } else { chosen(&snapshot, glob.as_ref())? };
    if leaves.is_empty() && !whole {
        return Err(no_path(glob.as_ref()));
    }
    let json = |error: serde_json::Error| match error.io_error_kind() {
        Some(kind) => Failure::from_output(&kind.into()),
        None => Failure::broken(format!("could not write JSON: {error}")),
    };
    context.output.stream(|out| {
        if read.csv {
            return csv(out, &leaves, &snapshot);
        }
        if !context.output.is_json() {
            return table(out, &leaves, &snapshot);
        }
        if whole {
            serde_json::to_writer(&mut *out, &snapshot.tree()?).map_err(json)?;
        } else {
            let mut serializer = serde_json::Serializer::new(&mut *out);
            let mut map = serializer.serialize_map(None).map_err(json)?;
            for leaf in &leaves {
                map.serialize_entry(&leaf.path, &leaf.value(snapshot.bytes())).map_err(json)?;
            }
            map.end().map_err(json)?;
        }
        writeln!(out).map_err(|error| Failure::from_output(&error))
    })?;
    tell(context, &meant, &snapshot);
    Ok(())
}

/// Returns the fields that a pattern fits. Each of its patterns fits one, or one that a section without
/// rows would have.
pub(in crate::command) fn chosen<'l>(
    snapshot: &Snapshot<'l>,
    glob: Option<&Glob>,
) -> Result<Vec<Leaf<'l>>> {
    let leaves = snapshot.leaves()?;
    let chosen: Vec<_> =
        leaves.filter(|leaf| glob.is_none_or(|glob| glob.fits(&leaf.path))).collect();
    let mut empty = Vec::new();
    for section in snapshot.layout().sections() {
        if section.rows(snapshot.bytes())?.count() == 0 {
            empty.push(section);
        }
    }
    refuse_unfit(glob, |one| fits(one, &chosen, &empty))?;
    Ok(chosen)
}

/// Returns whether a pattern fits one of these fields, or one of rows of `sections`.
pub(in crate::command) fn fits(one: &Glob, fields: &[Leaf<'_>], sections: &[&Section]) -> bool {
    fields.iter().any(|leaf| one.fits(&leaf.path))
        || sections
            .iter()
            .any(|section| section.fields.leaves().any(|leaf| section.fits(one, &leaf.path)))
}

/// Refuses the first pattern that fits nothing.
pub(in crate::command) fn refuse_unfit(
    glob: Option<&Glob>,
    fits: impl Fn(&Glob) -> bool,
) -> Result<()> {
    match glob.and_then(|glob| glob.patterns().find(|one| !fits(one))) {
        Some(unfit) => Err(no_path(Some(&unfit))),
        None => Ok(()),
    }
}

/// Returns the answer that no field has such a path.
pub(in crate::command) fn no_path(glob: Option<&Glob>) -> Failure {
    let pattern = glob.map(Glob::to_string).unwrap_or_default();
    let keys = if pattern.contains("[\"") {
        "; rows are chosen by their numbers, and all of them by `[*]`, not by their keys"
    } else {
        ""
    };
    Failure::no(format!("could not show fields: no path is like `{}`{keys}", Printable(&pattern)))
}

/// Says on standard error what is known about the copy, which is no field.
fn tell(context: &Context<'_>, meant: &Meant, snapshot: &Snapshot<'_>) {
    if !snapshot.is_whole() {
        context.output.note("the copy is torn: somebody was writing whenever it was tried");
    } else if let Some(told) = meant.told() {
        context.output.note(&told);
    }
}

fn value(leaf: &Leaf<'_>, snapshot: &Snapshot<'_>) -> String {
    leaf.value(snapshot.bytes()).map(|value| value.to_string()).unwrap_or_default()
}

fn table(out: &mut impl Write, leaves: &[Leaf<'_>], snapshot: &Snapshot<'_>) -> Result<()> {
    let closed = |error: std::io::Error| Failure::from_output(&error);
    let longest = leaves.iter().map(|leaf| leaf.path.chars().count()).max().unwrap_or(0).max(5);
    writeln!(out, "{:longest$}  VALUE", "FIELD").map_err(closed)?;
    for leaf in leaves {
        let value = value(leaf, snapshot);
        let unit = leaf.unit.map(|unit| format!(" {}", Printable(unit))).unwrap_or_default();
        let line = format!("{:longest$}  {}{unit}", leaf.path, Printable(&value));
        writeln!(out, "{}", line.trim_end()).map_err(closed)?;
    }
    Ok(())
}

fn csv(out: &mut impl Write, leaves: &[Leaf<'_>], snapshot: &Snapshot<'_>) -> Result<()> {
    let refused = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from_output(&error),
        other => Failure::broken(format!("could not write CSV: {other:?}")),
    };
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(leaves.iter().map(|leaf| &leaf.path)).map_err(refused)?;
    writer.write_record(leaves.iter().map(|leaf| value(leaf, snapshot))).map_err(refused)?;
    writer.flush().map_err(|error| Failure::from_output(&error))
}
