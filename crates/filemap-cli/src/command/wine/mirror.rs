//! `filemap wine mirror`: a copy of a name of a game that runs already.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Name, PositionedIo as _, Protection, View};
use serde::Serialize;

use super::attach::{INTERVAL, Session, Wanted};
use super::prefix::Prefix;
use super::run::Named;
use super::work::Work;
use crate::args::{Map, WineMirror};
use crate::attended::{self, Event};
use crate::command::Context;
use crate::failure::{Failure, Result};
use crate::output::Printable;
use crate::size::Readable;
use crate::sys::{self, Interrupt, Processes};

pub(super) fn run(context: &Context<'_>, mirror: &WineMirror) -> Result<ExitCode> {
    let (_sender, events) = attended::listen()?;
    let prefix = Prefix::find(&mirror.at)?;
    let name = Name::parse(&mirror.name)?.to_string();
    let wanted = Wanted::one(name.clone());
    let mut session = Session::begin(&prefix, &mirror.at, &wanted.names)?;
    let handed = session.receive(&wanted)?.pop().ok_or_else(|| {
        Failure::broken(format!("could not mirror `{}`: it did not come", Printable(&name)))
    })?;
    let source = FileMapping::options().protection(Protection::ReadOnly).file(&handed.file);
    let source = source.size(handed.size).create()?.map(Access::Read)?;
    let mut work = Work::begin()?;
    let native = mirror.native.clone().unwrap_or_else(|| name.clone());
    let map = Map { name: native, size: handed.size };
    let named = Named::create(context, &mut work, &map, mirror.posix)?;
    let copy = named.mapping.map(Access::Write)?;
    let mut buffer = vec![0; usize::try_from(handed.size).unwrap_or(usize::MAX)];
    let mut all = || copy_all(&source, &copy, &mut buffer);
    all()?;
    context.output.print(&Mirroring {
        name: name.clone(),
        native: named.name.to_string(),
        path: named.path.clone(),
        size: handed.size,
        posix: mirror.posix,
    })?;
    let period = Duration::from(mirror.every);
    let unknown = Processes::new([]);
    let mut next = Instant::now() + period;
    loop {
        let now = Instant::now();
        // The end is looked for more often than once in a long period.
        match events.recv_timeout(next.saturating_duration_since(now).min(INTERVAL)) {
            Ok(Event::Interrupted(Interrupt::Keyboard)) => {
                return Ok(ExitCode::from(sys::INTERRUPTED));
            }
            Ok(Event::Interrupted(Interrupt::Request(_))) => return Ok(ExitCode::SUCCESS),
            _ => {}
        }
        session.look();
        if session.has_ended(&name, &unknown) {
            // What the game wrote last, for those who have the copy open.
            all()?;
            named.mapping.close()?;
            return Ok(ExitCode::SUCCESS);
        }
        if Instant::now() >= next {
            all()?;
            // A copy that came too late is not made up for.
            next = Instant::now() + period;
        }
    }
}

fn copy_all(source: &View, copy: &View, buffer: &mut [u8]) -> Result<()> {
    source.read_exact_at(buffer, 0)?;
    copy.write_all_at(buffer, 0)?;
    Ok(())
}

/// What is printed of the copy.
#[derive(Debug, Serialize)]
struct Mirroring {
    name: String,
    native: String,
    path: PathBuf,
    size: u64,
    #[serde(skip)]
    posix: bool,
}

impl fmt::Display for Mirroring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, native, path, size, posix } = self;
        write!(f, "copying `{}` to `{}`", Printable(name), Printable(native))?;
        if *posix {
            write!(f, ", which is `{}`", Printable(&path.display().to_string()))?;
        }
        write!(f, ": {}; it ends with the game, Ctrl-C lets go", Readable(*size))
    }
}
