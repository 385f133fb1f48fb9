//! `filemap create`: creates a mapping, a mutex, an event or a semaphore under a name, and holds it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use filemap::{Backing, ErrorKind, Event, FileMapping, Mutex, Semaphore};

use super::Context;
use super::hold::Waiting;
use crate::args::Create;
use crate::failure::{Failure, Result, Why};
use crate::object::Object;
use crate::sys;

pub(super) fn run(context: &Context<'_>, create: &Create) -> Result<ExitCode> {
    // First, so that a Ctrl-C is handled as soon as there is something to clean up.
    let waiting = Waiting::begin()?;
    // The parser of the arguments forgets what an option requires that others exclude.
    if !create.event && (create.manual || create.set) {
        return Err(Failure::usage("--manual and --set are for --event"));
    }
    if create.semaphore.is_none() && create.count.is_some() {
        return Err(Failure::usage("--count is for --semaphore"));
    }
    match make_object(context, create)? {
        Some(object) => waiting.hold(context, object, &create.command),
        None => waiting.hold(context, make(context, create)?, &create.command),
    }
}

/// Creates what is no mapping, if that is asked for.
fn make_object(context: &Context<'_>, create: &Create) -> Result<Option<Object>> {
    macro_rules! made {
        ($kind:ident, $options:expr) => {{
            let options =
                $options.name(&create.name).registry(&context.registry).permissions(create.mode);
            let made = if create.new { options.create_new() } else { options.create() };
            Object::$kind(made?)
        }};
    }
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Some(if create.mutex {
        made!(Mutex, Mutex::options())
    } else if create.event {
        let mut options = Event::options();
        if create.manual {
            options = options.manual_reset();
        }
        if create.set {
            options = options.set();
        }
        made!(Event, options)
    } else if let Some(maximum) = create.semaphore {
        let count = create.count.map_or(0, number);
        made!(Semaphore, Semaphore::options(number(maximum)).count(count))
    } else {
        return Ok(None);
    }))
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
        .lifetime(create.lifetime)
        .permissions(create.mode);
    if create.sparse {
        options = options.sparse();
    }
    if let Some(backing) = &backing {
        options = options.file(&backing.file);
    }
    if let Some(path) = &create.file {
        options = options.path(path);
    }
    let made = if create.new { options.create_new() } else { options.create() };
    if let (Some(backing), Ok(mapping)) = (&backing, &made)
        && (!mapping.existed() || backing.is_behind(mapping))
    {
        backing.keep();
    }
    Ok(made?)
}

/// The file to map. If it was created for this, it is removed again unless it gets mapped.
struct BackingFile<'p> {
    file: File,
    made: std::cell::Cell<Option<&'p Path>>,
}

impl<'p> BackingFile<'p> {
    fn open(path: &'p Path, create: &Create) -> Result<Self> {
        let writable = create.protection.is_writable();
        let refused = |error: io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::NotFound if path.is_symlink() => "; a link to it does",
                // Only what it takes to make one is missing.
                io::ErrorKind::NotFound if create.size.is_none() => "; --size makes one",
                _ => "",
            };
            let message = format!("could not open `{}`: {}{hint}", path.display(), Why(&error));
            match error.kind() {
                io::ErrorKind::NotFound => Failure::no_as(ErrorKind::NotFound, message),
                io::ErrorKind::PermissionDenied => {
                    Failure::broken_as(ErrorKind::AccessDenied, message)
                }
                _ => Failure::broken(message),
            }
        };
        // Opening a pipe would block until its other end is opened.
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
                match sys::create_file(path, create.mode) {
                    Ok(file) => Ok(Self { file, made: Some(path).into() }),
                    // Somebody else has made it meanwhile, or a link that leads nowhere is there.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        let file = options.open(path).map_err(refused)?;
                        Ok(Self { file, made: None.into() })
                    }
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

    /// Returns true if an existing mapping is over this file: somebody else has opened it as soon as it
    /// was there, and was faster with the name.
    fn is_behind(&self, mapping: &FileMapping) -> bool {
        let real = self.made.get().and_then(|path| path.canonicalize().ok());
        matches!(mapping.backing(), Backing::File { path, .. } if Some(&path) == real.as_ref())
    }
}

impl Drop for BackingFile<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.made.get() {
            // The creation has failed, and that is the error to report.
            drop(fs::remove_file(path));
        }
    }
}
