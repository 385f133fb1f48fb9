//! `filemap ls`: lists the existing names.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anstyle::Style;
use comfy_table::Table;
use filemap::{Backing, ErrorKind, Holder, Holders, NamedMapping, ObjectKind};
use serde::Serialize;

use super::Context;
use super::state::StateReport;
use crate::args::Ls;
use crate::failure::Result;
use crate::output::{self, Printable};
use crate::size::Readable;

/// The longest text in a table, whose lines are all as long as the longest.
const LONGEST: usize = 500;

/// How long file systems are waited for in all: not each of them answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is printed of a registry without names.
const NONE: &str = "no names";

pub(super) fn run(context: &Context<'_>, ls: &Ls) -> Result<()> {
    let mut mappings = context.registry.list()?;
    // Those that lost their names to another program, which their holders are not told.
    mappings.extend(context.registry.withdrawn().unwrap_or_default());
    mappings.sort_by(|one, other| one.name().cmp(other.name()));
    let entries = told(context, &mappings)?;
    if ls.long && !context.output.is_json() {
        return context.output.print(&Who(entries));
    }
    context.output.print(&List { entries, colour: context.output.has_colour() })
}

/// Returns everything known about names, including their holders.
///
/// # Errors
///
/// Those of the library, but for `NotSupported` if the system does not show its processes.
pub(super) fn told(context: &Context<'_>, mappings: &[NamedMapping]) -> Result<Vec<Entry>> {
    let holders = if mappings.is_empty() {
        Vec::new()
    } else {
        match context.registry.holders(mappings) {
            Ok(holders) => holders.into_iter().map(Some).collect(),
            Err(error) if error.kind() == ErrorKind::NotSupported => {
                mappings.iter().map(|_| None).collect()
            }
            Err(error) => return Err(error.into()),
        }
    };
    let sizes = sizes(mappings);
    let mappings = mappings.iter().zip(sizes).zip(holders);
    Ok(mappings.map(|((mapping, size), holders)| Entry::new(mapping, size, holders)).collect())
}

/// Returns the size of each mapping, in the same order; that of its file if it is as long as that,
/// and unknown if the file cannot be reached.
fn sizes(mappings: &[NamedMapping]) -> Vec<Option<u64>> {
    let mut sizes: Vec<_> = mappings.iter().map(NamedMapping::size).collect();
    let files =
        mappings.iter().enumerate().filter_map(|(index, mapping)| match mapping.backing() {
            Backing::File { path, .. } if mapping.size().is_none() => Some((index, path.clone())),
            _ => None,
        });
    let files: Vec<(usize, PathBuf)> = files.collect();
    let (sender, receiver) = mpsc::channel();
    let look = move || {
        for (index, path) in files {
            let len = fs::metadata(path).ok().map(|metadata| metadata.len());
            // Nobody waits any longer.
            if sender.send((index, len)).is_err() {
                return;
            }
        }
    };
    let until = Instant::now() + PATIENCE;
    let left = || until.saturating_duration_since(Instant::now());
    if thread::Builder::new().spawn(look).is_ok() {
        while let Ok((index, len)) = receiver.recv_timeout(left()) {
            sizes[index] = len;
        }
    }
    sizes
}

/// A name, as `ls` and `info` print it.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: String,
    /// What is no mapping was; null of a mapping, and if it is not known.
    #[serde(rename = "state")]
    pub(super) object: Option<StateReport>,
    /// In bytes; unknown if the mapping follows its file, and that cannot be reached. Null, as the
    /// protection, the attributes and the backing, of what is no mapping.
    pub(super) size: Option<u64>,
    pub(super) protection: Option<String>,
    /// As three octal digits; unknown if it was changed to a mode that no name is created with.
    pub(super) mode: Option<String>,
    pub(super) attributes: Option<String>,
    pub(super) backing: Option<BackingReport>,
    /// How long the memory lives if its holders are killed; null for a file.
    pub(super) lifetime: Option<String>,
    /// Unknown, with the two below, if it was a program without this library.
    pub(super) creator: Option<u32>,
    /// In UTC, as of RFC 3339.
    pub(super) created: Option<String>,
    pub(super) age_seconds: Option<u64>,
    pub(super) live: bool,
    /// Whether the mapping has lost its name.
    pub(super) withdrawn: bool,
    pub(super) entry: String,
    /// Unknown if the system does not show its processes.
    pub(super) holders: Option<Vec<HolderReport>>,
    /// Whether all processes could be inspected.
    pub(super) holders_complete: bool,
    /// How many processes could not be inspected.
    #[serde(rename = "processes_unseen")]
    pub(super) unseen: Option<usize>,
}

impl Entry {
    fn new(mapping: &NamedMapping, size: Option<u64>, holders: Option<Holders>) -> Self {
        let is_mapping = mapping.kind() == ObjectKind::Mapping;
        Self {
            name: mapping.name().to_string(),
            kind: mapping.kind().to_string(),
            object: StateReport::of(mapping),
            size,
            protection: is_mapping.then(|| mapping.protection().to_string()),
            mode: mapping.permissions().map(|permissions| permissions.to_string()),
            attributes: is_mapping.then(|| mapping.attributes().to_string()),
            backing: is_mapping.then(|| BackingReport::from(mapping.backing())),
            lifetime: mapping.lifetime().map(|lifetime| lifetime.to_string()),
            creator: creator(mapping),
            created: creator(mapping)
                .map(|_| humantime::format_rfc3339_seconds(mapping.created()).to_string()),
            age_seconds: age(mapping),
            live: mapping.is_live(),
            withdrawn: mapping.is_withdrawn(),
            entry: mapping.entry().to_string_lossy().into_owned(),
            holders_complete: holders.as_ref().is_some_and(Holders::is_complete),
            unseen: holders.as_ref().map(Holders::unseen),
            holders: holders.map(|list| list.iter().map(HolderReport::from).collect()),
        }
    }

    pub(super) fn is_mapping(&self) -> bool {
        self.backing.is_some()
    }

    fn readable_size(&self) -> String {
        self.size.map_or_else(|| "?".to_owned(), |size| Readable(size).to_string())
    }

    /// Returns what it was if it is no mapping, in words.
    pub(super) fn object_state(&self) -> String {
        self.object.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string)
    }

    /// Returns whether it is live, and what else there is to say.
    pub(super) fn full_state(&self) -> String {
        if self.is_mapping() {
            return self.state().to_owned();
        }
        format!("{}, {}", self.state(), self.object_state())
    }

    /// Returns how many threads waited for it.
    pub(super) fn waiters(&self) -> String {
        let waiters = self.object.as_ref().and_then(StateReport::waiters);
        waiters.map_or_else(|| "?".to_owned(), |waiters| waiters.to_string())
    }

    pub(super) fn state(&self) -> &'static str {
        match (self.withdrawn, self.live) {
            (true, _) => "withdrawn",
            (false, true) => "live",
            (false, false) => "dead",
        }
    }

    /// Returns the number of processes that hold the name, `?` if none can be seen, `dead`, or
    /// `withdrawn`.
    fn holding(&self) -> String {
        let count = self
            .holders
            .as_ref()
            .map(|holders| holders.iter().filter(|holder| holder.keeps_name).count());
        match count {
            _ if self.withdrawn || !self.live => self.state().to_owned(),
            Some(0) => "?".to_owned(),
            Some(count) => count.to_string(),
            None => "?".to_owned(),
        }
    }
}

/// Returns the process that created a name, if that is known, and with it when it was.
pub(super) fn creator(mapping: &NamedMapping) -> Option<u32> {
    Some(mapping.creator()).filter(|creator| *creator != 0)
}

/// Returns the age of a name in seconds, if its creation is known.
pub(super) fn age(mapping: &NamedMapping) -> Option<u64> {
    // The creation is in the future if the clock was set back: that counts as new.
    let age = || SystemTime::now().duration_since(mapping.created()).unwrap_or(Duration::ZERO);
    creator(mapping).map(|_| age().as_secs())
}

/// A process that holds a name, or has views of it.
#[derive(Debug, Serialize)]
pub(super) struct HolderReport {
    pub(super) process: u32,
    pub(super) command: String,
    handles: usize,
    pub(super) views: usize,
    #[serde(skip)]
    keeps_name: bool,
}

impl From<&Holder> for HolderReport {
    fn from(holder: &Holder) -> Self {
        Self {
            process: holder.pid(),
            command: holder.command().to_owned(),
            handles: holder.handles(),
            views: holder.views(),
            keeps_name: holder.keeps_name(),
        }
    }
}

impl fmt::Display for HolderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let Self { process, command, handles, views, .. } = self;
        write!(f, "process {process} ({}): ", Printable(command))?;
        write!(f, "{handles} handle{}, {views} view{}", plural(*handles), plural(*views))
    }
}

/// Returns the sentence about processes that could not be inspected, if there are any.
pub(super) fn unseen(count: Option<usize>) -> Option<String> {
    match count {
        None | Some(0) => None,
        Some(1) => Some("1 process cannot be looked into".to_owned()),
        Some(count) => Some(format!("{count} processes cannot be looked into")),
    }
}

/// Returns whether a table of the entries would be too wide for anybody.
fn are_wide(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        let path = match &entry.backing {
            Some(BackingReport::File { path }) => path.len(),
            _ => 0,
        };
        entry.name.len().max(path) > LONGEST
    })
}

/// What backs a mapping.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum BackingReport {
    Memory,
    File { path: String },
    Other,
}

impl From<&Backing> for BackingReport {
    fn from(backing: &Backing) -> Self {
        match backing {
            Backing::Memory => Self::Memory,
            Backing::File { path, .. } => Self::File { path: path.to_string_lossy().into_owned() },
            _ => Self::Other,
        }
    }
}

impl fmt::Display for BackingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File { path } => write!(f, "{}", Printable(path)),
            Self::Other => f.write_str("other"),
        }
    }
}

/// An age, shown in its largest unit: `45s`, `12m`, `3h`, `5d`, and `?` if it is not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age(pub(super) Option<u64>);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(seconds) = self.0 else { return f.write_str("?") };
        match seconds {
            seconds @ 0..60 => write!(f, "{seconds}s"),
            seconds @ 60..3600 => write!(f, "{}m", seconds / 60),
            seconds @ 3600..86400 => write!(f, "{}h", seconds / 3600),
            seconds => write!(f, "{}d", seconds / 86400),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct List {
    entries: Vec<Entry>,
    #[serde(skip)]
    colour: bool,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str(NONE);
        }
        if are_wide(&self.entries) {
            return self.write_narrow(f);
        }
        let (mappings, objects): (Vec<_>, Vec<_>) =
            self.entries.iter().partition(|entry| entry.is_mapping());
        let tables = [(mappings_table(&mappings), mappings), (objects_table(&objects), objects)];
        let Some([first, second]) = tables
            .into_iter()
            .map(|(lines, entries)| lines.map(|lines| self.coloured(&lines, &entries)))
            .collect::<Option<Vec<_>>>()
            .and_then(|tables| <[_; 2]>::try_from(tables).ok())
        else {
            return self.write_narrow(f);
        };
        let between = if first.is_empty() || second.is_empty() { "" } else { "\n\n" };
        write!(f, "{first}{between}{second}")
    }
}

/// Returns the lines of a table of mappings, or `None` if the terminal is too narrow for them.
fn mappings_table(entries: &[&Entry]) -> Option<String> {
    let mut table = output::table(&["NAME", "SIZE", "PROTECTION", "BACKING", "HOLDERS", "AGE"]);
    for entry in entries {
        table.add_row([
            Printable(&entry.name).to_string(),
            entry.readable_size(),
            entry.protection.clone().unwrap_or_default(),
            entry.backing.as_ref().map(ToString::to_string).unwrap_or_default(),
            entry.holding(),
            Age(entry.age_seconds).to_string(),
        ]);
    }
    rows(entries, &mut table, &[1, 4, 5])
}

/// Returns the lines of a table of what is no mapping, or `None` if the terminal is too narrow for
/// them.
fn objects_table(entries: &[&Entry]) -> Option<String> {
    let mut table = output::table(&["NAME", "KIND", "STATE", "WAITERS", "HOLDERS", "AGE"]);
    for entry in entries {
        table.add_row([
            Printable(&entry.name).to_string(),
            entry.kind.clone(),
            entry.object_state(),
            entry.waiters(),
            entry.holding(),
            Age(entry.age_seconds).to_string(),
        ]);
    }
    rows(entries, &mut table, &[3, 4, 5])
}

/// Returns the lines of a table; none without entries.
fn rows(entries: &[&Entry], table: &mut Table, numbers: &[usize]) -> Option<String> {
    if entries.is_empty() {
        return Some(String::new());
    }
    output::lines_that_fit(table, numbers)
}

impl List {
    /// Colours the lines of a table with these entries, if that is wanted.
    fn coloured(&self, lines: &str, entries: &[&Entry]) -> String {
        if !self.colour {
            return lines.to_owned();
        }
        let (bold, faint) = (Style::new().bold(), Style::new().dimmed());
        let lines = lines.lines().enumerate().map(|(index, line)| {
            match index.checked_sub(1).map(|index| entries[index].live) {
                None => format!("{bold}{line}{bold:#}"),
                Some(true) => line.to_owned(),
                Some(false) => format!("{faint}{line}{faint:#}"),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Writes each name on a line of its own, and the rest below it, for narrow terminals.
    fn write_narrow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            let holders = match (entry.live && !entry.withdrawn, entry.holding().as_str()) {
                (false, state) => state.to_owned(),
                (true, "1") => "1 holder".to_owned(),
                (true, count) => format!("{count} holders"),
            };
            let name = Printable(&entry.name);
            match (&entry.protection, &entry.backing) {
                (Some(protection), Some(backing)) => {
                    let size = entry.readable_size();
                    write!(f, "{between}{name}\n  {size}, {protection}, {backing}")?;
                }
                _ => {
                    write!(f, "{between}{name}\n  {}, {}", entry.kind, entry.object_state())?;
                    write!(f, ", {} waiting", entry.waiters())?;
                }
            }
            write!(f, ", {holders}, {}", Age(entry.age_seconds))?;
        }
        Ok(())
    }
}

/// The list of names with a row for each holder.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Who(Vec<Entry>);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(NONE);
        }
        match self.table() {
            Some(lines) => f.write_str(&lines)?,
            None => self.write_narrow(f)?,
        }
        // All entries have the same number: the processes were inspected once.
        match unseen(self.0.iter().find_map(|entry| entry.unseen)) {
            Some(sentence) => write!(f, "\n({sentence})"),
            None => Ok(()),
        }
    }
}

impl Who {
    /// Returns the lines of a table, or `None` if they would be too wide.
    fn table(&self) -> Option<String> {
        if are_wide(&self.0) {
            return None;
        }
        let mut table =
            output::table(&["NAME", "KIND", "STATE", "PROCESS", "COMMAND", "HANDLES", "VIEWS"]);
        for entry in &self.0 {
            let name = Printable(&entry.name).to_string();
            let holders = entry.holders.as_deref().unwrap_or_default();
            if holders.is_empty() {
                let nobody = if entry.live { "?" } else { "-" };
                table.add_row([&name, &entry.kind, entry.state(), nobody, nobody, nobody, nobody]);
            }
            for holder in holders {
                table.add_row([
                    name.clone(),
                    entry.kind.clone(),
                    entry.state().to_owned(),
                    holder.process.to_string(),
                    Printable(&holder.command).to_string(),
                    holder.handles.to_string(),
                    holder.views.to_string(),
                ]);
            }
        }
        output::lines_that_fit(&mut table, &[3, 5, 6])
    }

    /// Writes each name on a line of its own, and its holders below it, for narrow terminals.
    fn write_narrow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.0.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            write!(f, "{between}{} ({}, {})", Printable(&entry.name), entry.kind, entry.state())?;
            for holder in entry.holders.iter().flatten() {
                write!(f, "\n  {holder}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let told = |seconds| Age(Some(seconds)).to_string();
        assert_eq!(Age(None).to_string(), "?");
        assert_eq!(told(0), "0s");
        assert_eq!(told(59), "59s");
        assert_eq!(told(60), "1m");
        assert_eq!(told(3599), "59m");
        assert_eq!(told(3600), "1h");
        assert_eq!(told(86400 * 5), "5d");
    }
}
