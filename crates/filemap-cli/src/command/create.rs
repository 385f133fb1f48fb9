//! `filemap create`: makes a mapping under a name.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use filemap::{ErrorKind, FileMapping};

use super::Context;
use super::hold::Waiting;
use crate::args::Create;
use crate::failure::{Failure, Result};

pub(super) fn run(context: &Context<'_>, create: &Create) -> Result<ExitCode> {
    // First of all: a Ctrl-C must find somebody to clean up as soon as there is something to.
    let waiting = Waiting::begin()?;
    let mapping = make(context, create)?;
    waiting.hold(context, mapping, &create.command)
}

fn make(context: &Context<'_>, create: &Create) -> Result<FileMapping> {
    let backing = match &create.file {
        Some(path) => Some(BackingFile::open(path, create)?),
        None => None,
    };
    let mut options = FileMapping::options()
        .name(&create.name)
        .registry(&context.registry)
        .size(create.size.unwrap_or(0))
        .protection(create.protection)
        .attributes(create.attributes)
        .permissions(create.mode);
    if let Some(backing) = &backing {
        options = options.file(&backing.file);
    }
    let made = if create.new { options.create_new() } else { options.create() };
    if let Some(backing) = &backing
        && made.as_ref().is_ok_and(|mapping| !mapping.existed())
    {
        backing.keep();
    }
    Ok(made?)
}

/// The file to map. One that was made for it goes away again, unless it is mapped in the end.
struct BackingFile<'p> {
    file: File,
    made: std::cell::Cell<Option<&'p Path>>,
}

impl<'p> BackingFile<'p> {
    fn open(path: &'p Path, create: &Create) -> Result<Self> {
        let writable = create.protection.is_writable();
        let refused = |error: io::Error| {
            let message = format!("could not open `{}`: {error}", path.display());
            match error.kind() {
                io::ErrorKind::NotFound => Failure::no_as(ErrorKind::NotFound, message),
                io::ErrorKind::PermissionDenied => {
                    Failure::broken_as(ErrorKind::AccessDenied, message)
                }
                _ => Failure::broken(message),
            }
        };
        // Opening a pipe would wait for somebody at its other end.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let message = format!("could not map `{}`: it is not a regular file", path.display());
            return Err(Failure::broken_as(ErrorKind::WrongObject, message));
        }
        let mut options = File::options();
        options.read(true).write(writable);
        match options.open(path) {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && writable && create.size.is_some() =>
            {
                match options.create_new(true).open(path) {
                    Ok(file) => Ok(Self { file, made: Some(path).into() }),
                    Err(error) => Err(refused(error)),
                }
            }
            Ok(file) => Ok(Self { file, made: None.into() }),
            Err(error) => Err(refused(error)),
        }
    }

    fn keep(&self) {
        self.made.set(None);
    }
}

impl Drop for BackingFile<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.made.get() {
            // The failure that brought us here is the one to report.
            drop(fs::remove_file(path));
        }
    }
}
