//! `filemap info`: all that is known about a name or a file.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use filemap::{Backing, ErrorKind, MappedFile};
use serde::Serialize;

use super::Context;
use super::ls::{self, Age, Entry};
use super::whereabouts::Whereabouts;
use crate::args::Info;
use crate::failure::{Failure, Result};
use crate::output::{self, Printable};
use crate::size::{Grouped, Readable};
use crate::sys;
use crate::target::Target;

pub(super) fn run(context: &Context<'_>, info: &Info) -> Result<()> {
    match Target::find(&info.target, &context.registry)? {
        Target::Name(name) => {
            // Who holds it is looked at before this process holds it, too.
            let entry = ls::told(context, std::slice::from_ref(&*name))?.remove(0);
            let whereabouts = match context.registry.open(&name.name().to_string()) {
                Ok(mapping) => Whereabouts::of(&mapping, context.output)?,
                // It is dead, or is a file that nobody can reach any more.
                Err(_) => Whereabouts::default(),
            };
            context.output.print(&NameReport { entry, whereabouts })
        }
        Target::File(path) => context.output.print(&FileReport::about(context, &path)?),
    }
}

#[derive(Debug, Serialize)]
struct NameReport {
    #[serde(flatten)]
    entry: Entry,
    #[serde(flatten)]
    whereabouts: Whereabouts,
}

impl fmt::Display for NameReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, whereabouts } = self;
        let mut table = output::table(&[]);
        table
            .add_row(["name", &Printable(&entry.name).to_string()])
            .add_row(["size", &entry.size.map_or_else(|| "not known".to_owned(), size)])
            .add_row(["protection", &entry.protection])
            .add_row(["attributes", &entry.attributes])
            .add_row(["mode", entry.mode.as_deref().unwrap_or("not known")])
            .add_row(["backing", &entry.backing.to_string()])
            .add_row(["creator", &format!("process {}", entry.creator)])
            .add_row(["created", &format!("{}, {} ago", entry.created, Age(entry.age_seconds))])
            .add_row(["state", entry.state()])
            .add_row(["entry", &Printable(&entry.entry).to_string()]);
        for (index, line) in holders(entry).iter().enumerate() {
            table.add_row([if index == 0 { "holders" } else { "" }, line]);
        }
        whereabouts.add_to(&mut table);
        write!(f, "{}{}", output::lines(&mut table, &[]), whereabouts.picture)
    }
}

/// A line for each holder, and one for those that cannot be seen.
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
    /// The live names that the file is mapped under.
    names: Vec<String>,
    #[serde(flatten)]
    whereabouts: Whereabouts,
}

impl FileReport {
    fn about(context: &Context<'_>, path: &Path) -> Result<Self> {
        let shown = Printable(&path.to_string_lossy()).to_string();
        let refused = |error: io::Error| {
            let message = format!("could not look at `{shown}`: {error}");
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
                format!("could not look at `{shown}`: it is not a regular file"),
            ));
        }
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let names = context.registry.list()?.into_iter().filter(|entry| {
            entry.is_live()
                && matches!(entry.backing(), Backing::File { path, .. } if *path == real)
        });
        let mut names: Vec<_> = names.map(|entry| entry.name().to_string()).collect();
        names.sort();
        let options = MappedFile::options().registry(&context.registry);
        let whereabouts = match options.read_only().must_exist().open(path) {
            Ok(file) => Whereabouts::of(file.mapping(), context.output)?,
            // What may not be read can still be told of.
            Err(error) if error.kind() == ErrorKind::AccessDenied => Whereabouts::default(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            file: path.to_string_lossy().into_owned(),
            size: metadata.len(),
            size_on_disk: sys::size_on_disk(path).map_err(refused)?,
            names,
            whereabouts,
        })
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = output::table(&[]);
        table
            .add_row(["file", &Printable(&self.file).to_string()])
            .add_row(["size", &size(self.size)])
            .add_row(["on disk", &size(self.size_on_disk)]);
        if self.names.is_empty() {
            table.add_row(["names", "none"]);
        }
        for (index, name) in self.names.iter().enumerate() {
            table.add_row([if index == 0 { "names" } else { "" }, &Printable(name).to_string()]);
        }
        self.whereabouts.add_to(&mut table);
        write!(f, "{}{}", output::lines(&mut table, &[]), self.whereabouts.picture)
    }
}

pub(super) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} bytes")
    } else {
        format!("{} ({} bytes)", Readable(bytes), Grouped(bytes))
    }
}
