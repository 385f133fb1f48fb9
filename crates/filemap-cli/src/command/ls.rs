//! `filemap ls`: the names there are.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime};

use anstyle::Style;
use filemap::{Backing, ErrorKind, Holder, Holders, NamedMapping};
use serde::Serialize;

use super::Context;
use crate::args::Ls;
use crate::failure::Result;
use crate::output::{self, Printable};
use crate::size::Readable;

pub(super) fn run(context: &Context<'_>, ls: &Ls) -> Result<()> {
    let entries = told(context, &context.registry.list()?)?;
    if ls.long && !context.output.is_json() {
        return context.output.print(&Who(entries));
    }
    context.output.print(&List { entries, colour: context.output.has_colour() })
}

/// What is known about names, with who holds them.
///
/// # Errors
///
/// What the library says, unless it is that the system does not show its processes.
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
    Ok(mappings
        .iter()
        .zip(holders)
        .map(|(mapping, holders)| Entry::new(mapping, holders))
        .collect())
}

/// A name as it is printed, by `ls` and `info` alike.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) name: String,
    /// In bytes; not known if the mapping is as long as its file, and that is out of reach.
    pub(super) size: Option<u64>,
    pub(super) protection: String,
    /// As three octal digits; not known if somebody changed it to what no name is made with.
    pub(super) mode: Option<String>,
    pub(super) attributes: String,
    pub(super) backing: BackingReport,
    pub(super) creator: u32,
    /// In UTC, as of RFC 3339.
    pub(super) created: String,
    pub(super) age_seconds: u64,
    pub(super) live: bool,
    pub(super) entry: String,
    /// Not known if the system does not show its processes.
    pub(super) holders: Option<Vec<HolderReport>>,
    /// Whether nobody was left out.
    pub(super) holders_complete: bool,
    /// How many processes cannot be looked into.
    #[serde(rename = "processes_unseen")]
    pub(super) unseen: Option<usize>,
}

impl Entry {
    fn new(mapping: &NamedMapping, holders: Option<Holders>) -> Self {
        Self {
            name: mapping.name().to_string(),
            size: mapping.size().or_else(|| len_of_file(mapping.backing())),
            protection: mapping.protection().to_string(),
            mode: mapping.permissions().map(|permissions| permissions.to_string()),
            attributes: mapping.attributes().to_string(),
            backing: BackingReport::from(mapping.backing()),
            creator: mapping.creator(),
            created: humantime::format_rfc3339_seconds(mapping.created()).to_string(),
            age_seconds: age(mapping),
            live: mapping.is_live(),
            entry: mapping.entry().to_string_lossy().into_owned(),
            holders_complete: holders.as_ref().is_some_and(Holders::is_complete),
            unseen: holders.as_ref().map(Holders::unseen),
            holders: holders.map(|list| list.iter().map(HolderReport::from).collect()),
        }
    }

    pub(super) fn state(&self) -> &'static str {
        if self.live { "live" } else { "dead" }
    }

    /// How many processes hold the name, if any of them can be seen, or that it is dead.
    fn holding(&self) -> String {
        let count = self
            .holders
            .as_ref()
            .map(|holders| holders.iter().filter(|holder| holder.keeps_name).count());
        match count {
            _ if !self.live => self.state().to_owned(),
            Some(0) => "?".to_owned(),
            Some(count) => count.to_string(),
            None => "?".to_owned(),
        }
    }
}

/// How long a name has been there, in seconds.
pub(super) fn age(mapping: &NamedMapping) -> u64 {
    // A clock that was set back makes the newest entry the youngest, not an error.
    SystemTime::now().duration_since(mapping.created()).unwrap_or(Duration::ZERO).as_secs()
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
            process: holder.process(),
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

/// The sentence about processes that cannot be looked into, if there are any.
pub(super) fn unseen(count: Option<usize>) -> Option<String> {
    match count {
        None | Some(0) => None,
        Some(1) => Some("1 process cannot be looked into".to_owned()),
        Some(count) => Some(format!("{count} processes cannot be looked into")),
    }
}

fn len_of_file(backing: &Backing) -> Option<u64> {
    match backing {
        Backing::File { path, .. } => fs::metadata(path).ok().map(|metadata| metadata.len()),
        _ => None,
    }
}

/// What is behind a mapping.
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

/// How long something has been there, in its largest unit: `45s`, `12m`, `3h`, `5d`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age(pub(super) u64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
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
            return Ok(());
        }
        let mut table = output::table(&["NAME", "SIZE", "PROTECTION", "BACKING", "HOLDERS", "AGE"]);
        for entry in &self.entries {
            table.add_row([
                Printable(&entry.name).to_string(),
                entry.size.map_or_else(|| "?".to_owned(), |size| Readable(size).to_string()),
                entry.protection.clone(),
                entry.backing.to_string(),
                entry.holding(),
                Age(entry.age_seconds).to_string(),
            ]);
        }
        let Some(lines) = output::lines_that_fit(&mut table, &[1, 4, 5]) else {
            return self.write_narrow(f);
        };
        if !self.colour {
            return f.write_str(&lines);
        }
        let (bold, faint) = (Style::new().bold(), Style::new().dimmed());
        for (index, line) in lines.lines().enumerate() {
            match index.checked_sub(1).map(|index| self.entries[index].live) {
                None => write!(f, "{bold}{line}{bold:#}")?,
                Some(true) => write!(f, "\n{line}")?,
                Some(false) => write!(f, "\n{faint}{line}{faint:#}")?,
            }
        }
        Ok(())
    }
}

impl List {
    /// A name on a line of its own, and the rest below it.
    fn write_narrow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            let holders = match (entry.live, entry.holding().as_str()) {
                (false, _) => "dead".to_owned(),
                (true, "1") => "1 holder".to_owned(),
                (true, count) => format!("{count} holders"),
            };
            let size = entry.size.map_or_else(|| "?".to_owned(), |size| Readable(size).to_string());
            write!(f, "{between}{}\n  {size}, {}", Printable(&entry.name), entry.protection)?;
            write!(f, ", {}, {holders}, {}", entry.backing, Age(entry.age_seconds))?;
        }
        Ok(())
    }
}

/// The same, with a row for each holder.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Who(Vec<Entry>);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut table = output::table(&["NAME", "STATE", "PROCESS", "COMMAND", "HANDLES", "VIEWS"]);
        for entry in &self.0 {
            let name = Printable(&entry.name).to_string();
            let holders = entry.holders.as_deref().unwrap_or_default();
            if holders.is_empty() {
                let nobody = if entry.live { "?" } else { "-" };
                table.add_row([&name, entry.state(), nobody, nobody, nobody, nobody]);
            }
            for holder in holders {
                table.add_row([
                    name.clone(),
                    entry.state().to_owned(),
                    holder.process.to_string(),
                    Printable(&holder.command).to_string(),
                    holder.handles.to_string(),
                    holder.views.to_string(),
                ]);
            }
        }
        match output::lines_that_fit(&mut table, &[2, 4, 5]) {
            Some(lines) => f.write_str(&lines)?,
            None => self.write_narrow(f)?,
        }
        // One look was taken for all of them.
        match unseen(self.0.iter().find_map(|entry| entry.unseen)) {
            Some(sentence) => write!(f, "\n({sentence})"),
            None => Ok(()),
        }
    }
}

impl Who {
    /// A name on a line of its own, and its holders below it.
    fn write_narrow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.0.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            write!(f, "{between}{} ({})", Printable(&entry.name), entry.state())?;
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
        let told = |seconds| Age(seconds).to_string();
        assert_eq!(told(0), "0s");
        assert_eq!(told(59), "59s");
        assert_eq!(told(60), "1m");
        assert_eq!(told(3599), "59m");
        assert_eq!(told(3600), "1h");
        assert_eq!(told(86400 * 5), "5d");
    }
}
