//! `filemap wine run`: starts a game whose names exist before it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use filemap::{ErrorKind, FileMapping, Name};
use serde::Serialize;

use super::field::{Line, line};
use super::profile::{self, whole};
use super::work::Work;
use super::{helper, launch};
use crate::args::{Map, WineRun};
use crate::attended;
use crate::command::Context;
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::size::Readable;
use crate::sys;

/// Where names without this library's rules are.
const SHARED_MEMORY: &str = "/dev/shm";

pub(super) fn run(context: &Context<'_>, run: &WineRun) -> Result<ExitCode> {
    let (sender, events) = attended::listen()?;
    let Some(at) = launch::game(&run.command) else {
        return Err(Failure::usage(
            "no game is in the command: expected `wine game.exe`, or %command% in the launch \
             options of Steam, with a word that ends in .exe",
        ));
    };
    let maps = maps(run)?;
    if maps.is_empty() {
        return Err(Failure::usage("expected a name: --map NAME=SIZE, or --game PROFILE"));
    }
    let mut work = Work::begin()?;
    let helper = helper::find(run.helper.helper.as_deref(), &work)?;
    let mut names = Vec::new();
    for map in &maps {
        names.push(Named::create(context, &mut work, map, run.posix)?);
    }
    let report = work.write("report", "")?;
    let mut task = line("report", &[&text(&report)?]);
    for name in &names {
        let fields = [&*name.name.to_string(), &text(&name.path)?, &name.whole().to_string()];
        task += &line("map", &fields);
    }
    let task = work.write("task", task)?;
    context.output.print_aside(&Sharing::of(&names))?;
    let mut command = Command::new(&run.command[0]);
    command.args(&run.command[1..at]).arg(helper).arg("run").arg(task).args(&run.command[at..]);
    context.lead_to_names(&mut command);
    let ended = attended::run(&mut command, sender, &events)?;
    told(&fs::read_to_string(&report).unwrap_or_default(), &run.command[at].to_string_lossy())?;
    for name in names {
        name.mapping.close()?;
    }
    Ok(sys::exit_code(ended))
}

/// Returns the names of all profiles, and those that were given, each of which takes the place of one
/// before it.
fn maps(run: &WineRun) -> Result<Vec<Map>> {
    let mut maps: Vec<Map> = Vec::new();
    let mut add = |map: Map| match maps.iter_mut().find(|one| whole(&one.name) == whole(&map.name))
    {
        Some(one) => *one = map,
        None => maps.push(map),
    };
    for word in &run.game {
        for map in profile::find(word)?.profile.maps {
            add(Map { name: map.name, size: map.size });
        }
    }
    run.map.iter().cloned().for_each(add);
    Ok(maps)
}

/// A path as a text, which the helper reads.
pub(super) fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let shown = path.to_string_lossy();
        Failure::broken(format!("could not use `{}`: it is not UTF-8", Printable(&shown)))
    })
}

/// A name that was made for the game.
pub(super) struct Named {
    pub(super) name: Name,
    pub(super) mapping: FileMapping,
    /// The file with its memory, which Wine opens.
    pub(super) path: PathBuf,
}

impl Named {
    pub(super) fn create(
        context: &Context<'_>,
        work: &mut Work,
        map: &Map,
        posix: bool,
    ) -> Result<Self> {
        let Map { name: word, size } = map;
        let name = Name::parse(word)?;
        let whole = size.checked_next_multiple_of(PAGE).unwrap_or(*size);
        let options = FileMapping::options().registry(&context.registry);
        // A page that the game never writes takes no memory.
        let options = options.name(name.clone()).size(*size).sparse();
        let (mapping, shared) = if posix {
            let path = shared_path(&name)?;
            let file = work.share(&path, whole).map_err(|error| {
                let shown = path.display();
                let remedy = "; it may be another program's: remove it, or leave out --posix";
                Failure::broken(format!("could not create `{shown}`: {}{remedy}", Why(&error)))
            })?;
            (options.file(&file).create_new(), Some(path))
        } else {
            (options.create_new(), None)
        };
        let mapping = mapping.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::from(error).leaving(
                "another game, or a native program, has it: end that one, or give this game a set \
                 of names of its own with --registry DIR",
            ),
            _ => error.into(),
        })?;
        let path = match shared {
            Some(path) => path,
            None => context.registry.inspect(name.clone())?.entry().to_owned(),
        };
        Ok(Self { name, mapping, path })
    }

    /// The size in whole pages, as Windows has it.
    fn whole(&self) -> u64 {
        let size = self.mapping.size();
        size.checked_next_multiple_of(PAGE).unwrap_or(size)
    }
}

/// The size of Windows' pages.
pub(super) const PAGE: u64 = 4096;

/// The path of a name for programs without this library.
pub(super) fn shared_path(name: &Name) -> Result<PathBuf> {
    let base = name.base();
    if base.contains(['/', '\0']) || base.starts_with('.') || base.len() > 255 {
        return Err(Failure::broken_as(
            ErrorKind::InvalidName,
            format!(
                "could not put `{}` into {SHARED_MEMORY}: no file can have that name; leave out \
                 --posix",
                Printable(&name.to_string())
            ),
        ));
    }
    Ok(Path::new(SHARED_MEMORY).join(base))
}

/// Fails with what the helper says that it could not do.
fn told(report: &str, game: &str) -> Result<()> {
    let mut has_started = false;
    for line in report.lines().map(Line::read) {
        match line.word() {
            "started" => has_started = true,
            "ended" => return Ok(()),
            _ => super::refusals::check(&line, game)?,
        }
    }
    let broken = |why: &str| Err(Failure::broken(format!("could not {why}")));
    match (has_started, report.is_empty()) {
        (true, _) => broken(
            "stay with the game: the helper inside Wine was killed; the names have ended, and the \
             game may run on without them",
        ),
        (false, true) => broken(
            "start the helper inside Wine: the command did not run it; does it work without \
             `filemap wine run`?",
        ),
        (false, false) => broken("start the game: the helper inside Wine was killed"),
    }
}

/// What is printed before the game starts.
#[derive(Debug, Serialize)]
struct Sharing {
    names: Vec<Shared>,
}

#[derive(Debug, Serialize)]
struct Shared {
    name: String,
    size: u64,
    path: PathBuf,
}

impl Sharing {
    fn of(names: &[Named]) -> Self {
        let shared = |named: &Named| Shared {
            name: named.name.to_string(),
            size: named.mapping.size(),
            path: named.path.clone(),
        };
        Self { names: names.iter().map(shared).collect() }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sharing ")?;
        for (at, Shared { name, size, .. }) in self.names.iter().enumerate() {
            let between = if at > 0 { ", " } else { "" };
            write!(f, "{between}`{}` ({})", Printable(name), Readable(*size))?;
        }
        Ok(())
    }
}
