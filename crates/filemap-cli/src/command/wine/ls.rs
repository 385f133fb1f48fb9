//! `filemap wine ls`: the names that programs for Windows have.

use std::fmt;
use std::path::PathBuf;

use filemap::Name;
use serde::Serialize;

use super::field::Line;
use super::prefix::Prefix;
use super::work::Work;
use super::{helper, refusals};
use crate::args::{At, WineLs};
use crate::command::Context;
use crate::failure::{Failure, Result};
use crate::output::{self, Printable};
use crate::size::Readable;

pub(super) fn run(context: &Context<'_>, ls: &WineLs) -> Result<()> {
    let prefix = Prefix::find(&ls.at)?;
    let mut sections = sections(&prefix, &ls.at)?;
    for section in &mut sections {
        let name = Name::parse(&section.name).ok();
        section.is_native = name.is_some_and(|name| context.registry.inspect(name).is_ok());
    }
    context.output.print(&List { prefix: prefix.folder, sections })
}

/// Asks the helper for the names in a prefix, without those of Wine itself.
pub(super) fn sections(prefix: &Prefix, at: &At) -> Result<Vec<Section>> {
    let work = Work::begin()?;
    let helper = helper::find(at.helper.helper.as_deref(), &work)?;
    let output = prefix.command().arg(helper).arg("list").output();
    let output = output.map_err(|error| prefix.unstarted(crate::failure::Why(&error)))?;
    let (mut sections, mut is_whole) = (Vec::new(), false);
    for line in String::from_utf8_lossy(&output.stdout).lines().map(Line::read) {
        refusals::check(&line, "")?;
        match line.word() {
            "section" => sections.push(Section {
                name: line.text(1).to_owned(),
                size: Some(line.number(2)),
                kind: Some(line.text(3).to_owned()),
                is_native: false,
            }),
            "unseen" => sections.push(Section {
                name: line.text(1).to_owned(),
                size: None,
                kind: None,
                is_native: false,
            }),
            "end" => is_whole = true,
            _ => {}
        }
    }
    if !is_whole {
        return Err(Failure::broken(
            "could not ask for the names: the helper did not run to its end inside Wine",
        ));
    }
    sections.retain(|section| !section.is_wines());
    sections.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(sections)
}

/// A name that a program for Windows has.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) size: Option<u64>,
    /// `memory`, or `file`.
    pub(super) kind: Option<String>,
    /// Whether native programs can open it.
    is_native: bool,
}

impl Section {
    /// Returns whether it is Wine's own.
    fn is_wines(&self) -> bool {
        let base = self.name.split_once('\\').map_or(&*self.name, |(_, base)| base);
        base.starts_with("__wine")
    }
}

#[derive(Debug, Serialize)]
struct List {
    prefix: PathBuf,
    sections: Vec<Section>,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sections.is_empty() {
            return f.write_str("no names");
        }
        let mut table = output::table(&["NAME", "SIZE", "KIND", "NATIVE"]);
        for Section { name, size, kind, is_native } in &self.sections {
            let size = size.map_or_else(|| "?".to_owned(), |size| Readable(size).to_string());
            let native = if *is_native { "yes" } else { "no" };
            let kind = kind.as_deref().unwrap_or("?");
            table.add_row([&Printable(name).to_string(), &size, kind, native]);
        }
        f.write_str(&output::lines(&mut table, &[1]))
    }
}
