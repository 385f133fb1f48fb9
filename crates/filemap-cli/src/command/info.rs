//! `filemap info`: everything known about a name or a file.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use filemap::{Backing, ErrorKind, MappedFile, ObjectKind, Scope};
use serde::Serialize;

use super::Context;
use super::ls::{self, Age, Entry};
use super::residency::ResidencyReport;
use crate::args::{Info, TargetArguments};
use crate::failure::{Failure, Result, Why};
use crate::output::{self, Printable};
use crate::size::in_full;
use crate::sys;
use crate::target::{self, Target};

pub(super) fn run(context: &Context<'_>, info: &Info) -> Result<()> {
    let found = match Target::find(&info.target, &context.registry) {
        Err(Failure::No(no)) => return withdrawn(context, &info.target, Failure::No(no)),
        found => found?,
    };
    match found {
        Target::Name(name) => {
            // The holders are listed before this process becomes one of them.
            let entry = ls::told(context, std::slice::from_ref(&*name))?.remove(0);
            let opened = (name.kind() == ObjectKind::Mapping)
                .then(|| context.registry.open(name.name()).ok())
                .flatten();
            let residency = match opened {
                Some(mapping) => ResidencyReport::of(&mapping, context.output)?,
                // It is no mapping, the name is dead, or its file cannot be reached any more.
                None => ResidencyReport::default(),
            };
            context.output.print(&NameReport { entry, residency })
        }
        #[cfg(feature = "sight")]
        Target::File(path) if filemap_recording::Recording::is_one(&path) => {
            super::recording::print(context, &path)
        }
        Target::File(path) => context.output.print(&FileReport::about(context, &path)?),
    }
}

/// Prints the mappings that lost the name, if there are any, and else returns the failure.
fn withdrawn(context: &Context<'_>, target: &TargetArguments, failure: Failure) -> Result<()> {
    let word = target.target.as_ref().and_then(|word| word.to_str()).unwrap_or_default();
    let Ok(word) = target::name(word);
    let mut mappings = context.registry.withdrawn().unwrap_or_default();
    mappings.retain(|mapping| {
        let name = mapping.name();
        word == name.to_string() || (word == name.base() && name.scope() == Scope::Local)
    });
    if mappings.is_empty() {
        return Err(failure);
    }
    for entry in ls::told(context, &mappings)? {
        context.output.print(&NameReport { entry, residency: ResidencyReport::default() })?;
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct NameReport {
    #[serde(flatten)]
    entry: Entry,
    #[serde(flatten)]
    residency: ResidencyReport,
}

impl fmt::Display for NameReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, residency } = self;
        let mut table = output::table(&[]);
        table.add_row(["name", &Printable(&entry.name).to_string()]).add_row(["kind", &entry.kind]);
        if entry.is_mapping() {
            let size = entry.size.map_or_else(|| "not known".to_owned(), in_full);
            table.add_row(["size", &size]);
        }
        if let (Some(protection), Some(attributes)) = (&entry.protection, &entry.attributes) {
            table.add_row(["protection", protection]).add_row(["attributes", attributes]);
        }
        table.add_row(["mode", entry.mode.as_deref().unwrap_or("not known")]);
        if let Some(backing) = &entry.backing {
            table.add_row(["backing", &backing.to_string()]);
        }
        if let Some(lifetime) = &entry.lifetime {
            table.add_row(["lifetime", &format!("as long as its {lifetime}")]);
        }
        let unknown = || "not known".to_owned();
        let creator = entry.creator.map(|creator| format!("process {creator}"));
        let age = Age(entry.age_seconds);
        let created = entry.created.as_ref().map(|created| format!("{created}, {age} ago"));
        table
            .add_row(["creator", &creator.unwrap_or_else(unknown)])
            .add_row(["created", &created.unwrap_or_else(unknown)])
            .add_row(["state", &entry.full_state()]);
        if !entry.is_mapping() {
            table.add_row(["waiters", &entry.waiters()]);
        }
        table.add_row(["entry", &Printable(&entry.entry).to_string()]);
        for (index, line) in holders(entry).iter().enumerate() {
            table.add_row([if index == 0 { "holders" } else { "" }, line]);
        }
        residency.add_to(&mut table);
        write!(f, "{}{}", output::lines(&mut table, &[]), residency.bar)
    }
}

/// Returns a line for each holder, and one for the processes that cannot be inspected.
fn holders(entry: &Entry) -> Vec<String> {
    let Some(holders) = &entry.holders else {
        return vec!["not known: the system does not show its processes".to_owned()];
    };
    let mut lines: Vec<_> = holders.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        lines.push(if entry.live { "none in sight" } else { "none" }.to_owned());
    }
    lines.extend(ls::unseen(entry.unseen));
    lines
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    size: u64,
    size_on_disk: u64,
    /// Bytes on the disk that hold no data: past the file's end, or in its holes. Unknown if this
    /// user may not read the file.
    set_aside: Option<u64>,
    /// The live names that the file is mapped under.
    names: Vec<String>,
    #[serde(flatten)]
    residency: ResidencyReport,
}

impl FileReport {
    fn about(context: &Context<'_>, path: &Path) -> Result<Self> {
        let shown = Printable(&path.to_string_lossy()).to_string();
        let refused = |error: io::Error| {
            let message = format!("could not inspect `{shown}`: {}", Why(&error));
            match error.kind() {
                io::ErrorKind::NotFound => Failure::no_as(ErrorKind::NotFound, message),
                io::ErrorKind::PermissionDenied => {
                    Failure::broken_as(ErrorKind::AccessDenied, message)
                }
                _ => Failure::broken(message),
            }
        };
        let metadata = fs::metadata(path).map_err(refused)?;
        if !metadata.is_file() {
            return Err(Failure::broken_as(
                ErrorKind::WrongObject,
                format!("could not inspect `{shown}`: it is not a regular file"),
            ));
        }
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let listed = match context.registry.list() {
            // Where a registry has no place, there are no names.
            Err(error) if error.kind() == ErrorKind::PathNotFound => Vec::new(),
            listed => listed?,
        };
        let names = listed.into_iter().filter(|entry| {
            entry.is_live()
                && matches!(entry.backing(), Backing::File { path, .. } if *path == real)
        });
        let mut names: Vec<_> = names.map(|entry| entry.name().to_string()).collect();
        names.sort();
        let options = MappedFile::options().registry(&context.registry);
        let size_on_disk = sys::size_on_disk(path).map_err(refused)?;
        let (set_aside, residency) = match options.read_only().must_exist().open(path) {
            Ok(file) => (
                Some(size_on_disk.saturating_sub(data(&file)?)),
                ResidencyReport::of(file.mapping(), context.output)?,
            ),
            // A file that may not be read still has sizes and names.
            Err(error) if error.kind() == ErrorKind::AccessDenied => {
                (None, ResidencyReport::default())
            }
            Err(error) => return Err(error.into()),
        };
        let file = path.to_string_lossy().into_owned();
        Ok(Self { file, size: metadata.len(), size_on_disk, set_aside, names, residency })
    }
}

/// Returns how many bytes are in the blocks that hold data: no hole, and nothing past the end.
fn data(file: &MappedFile) -> Result<u64> {
    let block = filemap::page_size() as u64;
    let mut bytes = 0;
    for extent in file.mapping().extents(..)? {
        let extent = extent?;
        // The last block is on the disk as a whole, though the file may end within it.
        bytes += (extent.end - extent.start).next_multiple_of(block);
    }
    Ok(bytes)
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = output::table(&[]);
        table
            .add_row(["file", &Printable(&self.file).to_string()])
            .add_row(["size", &in_full(self.size)])
            .add_row(["on disk", &in_full(self.size_on_disk)]);
        if let Some(bytes) = self.set_aside.filter(|bytes| *bytes > 0) {
            table.add_row(["set aside", &format!("{}, past its end or in holes", in_full(bytes))]);
        }
        if self.names.is_empty() {
            table.add_row(["names", "none"]);
        }
        for (index, name) in self.names.iter().enumerate() {
            table.add_row([if index == 0 { "names" } else { "" }, &Printable(name).to_string()]);
        }
        self.residency.add_to(&mut table);
        write!(f, "{}{}", output::lines(&mut table, &[]), self.residency.bar)
    }
}
