//! `filemap ls`: the names there are.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime};

use filemap::{Backing, NamedMapping};
use serde::Serialize;

use super::Context;
use crate::failure::Result;
use crate::output::{self, Printable};
use crate::size::Readable;

pub(super) fn run(context: &Context<'_>) -> Result<()> {
    let entries = context.registry.list()?;
    context.output.print(&List(entries.iter().map(Entry::from).collect()))
}

/// A name as it is printed, by `ls` and `info` alike.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) name: String,
    /// In bytes; not known if the mapping is as long as its file, and that is out of reach.
    pub(super) size: Option<u64>,
    pub(super) protection: String,
    pub(super) attributes: String,
    pub(super) backing: BackingReport,
    pub(super) creator: u32,
    /// In UTC, as of RFC 3339.
    pub(super) created: String,
    pub(super) age_seconds: u64,
    pub(super) live: bool,
    pub(super) entry: String,
}

impl From<&NamedMapping> for Entry {
    fn from(mapping: &NamedMapping) -> Self {
        Self {
            name: mapping.name().to_string(),
            size: mapping.size().or_else(|| len_of_file(mapping.backing())),
            protection: mapping.protection().to_string(),
            attributes: mapping.attributes().to_string(),
            backing: BackingReport::from(mapping.backing()),
            creator: mapping.creator(),
            created: humantime::format_rfc3339_seconds(mapping.created()).to_string(),
            // A clock that was set back makes the newest entry the youngest, not an error.
            age_seconds: SystemTime::now()
                .duration_since(mapping.created())
                .unwrap_or(Duration::ZERO)
                .as_secs(),
            live: mapping.is_live(),
            entry: mapping.entry().to_string_lossy().into_owned(),
        }
    }
}

fn len_of_file(backing: &Backing) -> Option<u64> {
    match backing {
        Backing::File { path, .. } => fs::metadata(path).ok().map(|metadata| metadata.len()),
        _ => None,
    }
}

impl Entry {
    pub(super) fn state(&self) -> &'static str {
        if self.live { "live" } else { "dead" }
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
struct List(Vec<Entry>);

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut table =
            output::table(&["NAME", "SIZE", "PROTECTION", "BACKING", "CREATOR", "AGE", "STATE"]);
        for entry in &self.0 {
            table.add_row([
                Printable(&entry.name).to_string(),
                entry.size.map_or_else(|| "?".to_owned(), |size| Readable(size).to_string()),
                entry.protection.clone(),
                entry.backing.to_string(),
                entry.creator.to_string(),
                Age(entry.age_seconds).to_string(),
                entry.state().to_owned(),
            ]);
        }
        f.write_str(&output::lines(&mut table, &[1, 4, 5]))
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
