//! `filemap wine attach`: the names of a game that runs already.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::{Duration, Instant};

use filemap::{ErrorKind, FileMapping, Name, Protection};
use serde::Serialize;

use super::field::{Line, line};
use super::prefix::{self, Prefix};
use super::profile::{self, whole};
use super::run::text;
use super::work::Work;
use super::{helper, ls, refusals};
use crate::args::{At, WineAttach};
use crate::attended::{self, Event};
use crate::command::Context;
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::size::Readable;
use crate::sys::{self, Interrupt, Processes};

/// How often is looked at what has ended.
pub(super) const INTERVAL: Duration = Duration::from_millis(50);

/// How long a native program that was started inside Wine may take to hand its section on.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(context: &Context<'_>, attach: &WineAttach) -> Result<ExitCode> {
    let (_sender, events) = attended::listen()?;
    let prefix = Prefix::find(&attach.at)?;
    let wanted = Wanted::of(&prefix, attach)?;
    let mut session = Session::begin(&prefix, &attach.at, &wanted.names)?;
    let mut attached = Vec::new();
    for handed in session.receive(&wanted)? {
        let one = Attached::new(context, handed)?;
        context.output.print(&one.report())?;
        attached.push(one);
    }
    // To look through all processes takes a while, which nobody waits for.
    for one in &mut attached {
        one.processes = Processes::new(viewers(context, &one.name));
    }
    while !attached.is_empty() {
        match events.recv_timeout(INTERVAL) {
            Ok(Event::Interrupted(Interrupt::Keyboard)) => {
                return Ok(ExitCode::from(sys::INTERRUPTED));
            }
            Ok(Event::Interrupted(Interrupt::Request(_))) => return Ok(ExitCode::SUCCESS),
            _ => {}
        }
        session.look();
        let (ended, live): (Vec<_>, Vec<_>) = attached
            .into_iter()
            .partition(|one: &Attached| session.has_ended(&one.name, &one.processes));
        attached = live;
        for one in ended {
            one.mapping.end_generation()?;
            context.output.print(&Ended { name: one.name })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The names that are meant, as the helper knows them.
pub(super) struct Wanted {
    pub(super) names: Vec<String>,
    /// Those that may be missing.
    optional: BTreeSet<String>,
    /// What to say if all are.
    none: String,
}

impl Wanted {
    /// The one name that is meant.
    pub(super) fn one(name: String) -> Self {
        Self { names: vec![name], optional: BTreeSet::new(), none: String::new() }
    }

    fn of(prefix: &Prefix, attach: &WineAttach) -> Result<Self> {
        let parse = |word: &String| Ok(Name::parse(word)?.to_string());
        let named: BTreeSet<String> = attach.names.iter().map(parse).collect::<Result<_>>()?;
        let mut optional = BTreeSet::new();
        let mut none = Vec::new();
        for word in &attach.game {
            let maps = profile::find(word)?.profile.maps;
            optional.extend(maps.iter().map(|map| whole(&map.name)));
            none.push(format!("of the profile `{}`", Printable(word)));
        }
        if let Some(pattern) = &attach.all {
            let sections = ls::sections(prefix, &attach.at)?;
            let found = sections.into_iter().map(|section| section.name);
            optional.extend(found.filter(|name| is_like(name, pattern)));
            none.push(format!("like `{}`", Printable(pattern)));
        }
        optional.retain(|name| !named.contains(name));
        let names = named.iter().chain(&optional).cloned().collect();
        let wanted = Self { names, optional, none: none.join(" or ") };
        if wanted.names.is_empty() { Err(wanted.missing()) } else { Ok(wanted) }
    }

    /// The error if none of them is there.
    fn missing(&self) -> Failure {
        Failure::no_as(
            ErrorKind::NotFound,
            format!("could not find a name {}: `filemap wine ls` lists those there are", self.none),
        )
    }
}

/// Returns whether a name is like a pattern, in which `*` is any text and `?` any sign; one without a
/// scope is about the name behind it.
fn is_like(name: &str, pattern: &str) -> bool {
    let base = name.split_once('\\').map_or(name, |(_, base)| base);
    let name: Vec<char> = if pattern.contains('\\') { name } else { base }.chars().collect();
    // After which signs of the name the pattern so far may end: however many `*` it has, it takes no
    // longer than its length times the name's.
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    for sign in pattern.chars() {
        if sign == '*' {
            let first = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends[first..].fill(true);
            continue;
        }
        for at in (0..name.len()).rev() {
            ends[at + 1] = ends[at] && (sign == '?' || sign == name[at]);
        }
        ends[0] = false;
    }
    ends[name.len()]
}

/// A section that came.
pub(super) struct Handed {
    name: String,
    pub(super) size: u64,
    is_writable: bool,
    pub(super) file: File,
}

/// The helper, which runs as long as it is looked for names.
pub(super) struct Session {
    child: Child,
    lines: Receiver<Line>,
    files: Receiver<(u32, File)>,
    gone: Vec<String>,
    has_helper: bool,
    /// Removed when the helper needs it no more.
    _work: Work,
}

impl Session {
    pub(super) fn begin(prefix: &Prefix, at: &At, names: &[String]) -> Result<Self> {
        let work = Work::begin()?;
        let helper = helper::find(at.helper.helper.as_deref(), &work)?;
        let socket = work.path("socket");
        let receiver = sys::Receiver::at(&socket).map_err(|error| {
            let shown = socket.display();
            Failure::broken(format!("could not make the socket `{shown}`: {}", Why(&error)))
        })?;
        let program = std::env::current_exe().map_err(|error| {
            Failure::broken(format!("could not find this command itself: {}", Why(&error)))
        })?;
        let mut task = line("receiver", &[&text(&program)?, &text(&socket)?]);
        task.extend(names.iter().map(|name| line("name", &[name])));
        let task = work.write("task", task)?;
        let mut command = prefix.command();
        command.arg(helper).arg("hand-over").arg(task).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| prefix.unstarted(Why(&error)))?;
        let (line, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            attended::spawn("helper", move || read(output, &line))?;
        }
        let (file, files) = mpsc::channel();
        attended::spawn("files", move || {
            while let Ok(handed) = receiver.receive() {
                if file.send(handed).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { child, lines, files, gone: Vec::new(), has_helper: true, _work: work })
    }

    /// Waits until all names have come, or fails with why one does not.
    pub(super) fn receive(&mut self, wanted: &Wanted) -> Result<Vec<Handed>> {
        let (mut announced, mut missing) = (Vec::new(), 0);
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                return Err(Failure::broken(
                    "could not attach: the helper did not run to its end inside Wine",
                ));
            };
            if line.word() == "missing" && wanted.optional.contains(line.text(1)) {
                missing += 1;
                continue;
            }
            refusals::check(&line, "")?;
            match line.word() {
                "handed" => announced.push(line),
                "all" => break,
                _ => {}
            }
        }
        if missing == wanted.names.len() {
            return Err(wanted.missing());
        }
        if announced.len() + missing != wanted.names.len() {
            return Err(Failure::broken("could not attach: not all names were handed over"));
        }
        // They come in any order.
        let mut arrived = BTreeMap::new();
        announced.iter().map(|line| self.receive_one(line, &mut arrived)).collect()
    }

    /// Waits until the section of a line is among those that have arrived.
    fn receive_one(&self, line: &Line, arrived: &mut BTreeMap<u32, File>) -> Result<Handed> {
        let (name, number, size) = (line.text(1).to_owned(), line.number::<u32>(2), line.number(3));
        let start = Instant::now();
        let shown = Printable(&name).to_string();
        let file = loop {
            if let Some(file) = arrived.remove(&number) {
                break file;
            }
            let (found, file) = self
                .files
                .recv_timeout(PATIENCE.saturating_sub(start.elapsed()))
                .map_err(|_| {
                Failure::broken(format!(
                    "could not attach to `{shown}`: Wine started this command and it did not \
                         answer; a container may not have this command, or not its libraries"
                ))
            })?;
            arrived.insert(found, file);
        };
        let state = file.metadata().ok().filter(std::fs::Metadata::is_file);
        let len = state.map(|state| state.len());
        if len.is_none_or(|len| len < size) {
            return Err(Failure::broken(format!(
                "could not attach to `{shown}`: Wine handed over something that is not its memory; \
                 the right to ask for the size of the section is missing"
            )));
        }
        Ok(Handed { name, size, is_writable: line.text(4) == "write", file })
    }

    /// Takes what the helper has said meanwhile.
    pub(super) fn look(&mut self) {
        loop {
            match self.lines.try_recv() {
                Ok(line) if line.word() == "gone" => self.gone.push(line.text(1).to_owned()),
                Ok(_) => {}
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.has_helper = false;
                    return;
                }
            }
        }
    }

    /// Returns whether a name has ended, which these processes had.
    pub(super) fn has_ended(&self, name: &str, processes: &Processes) -> bool {
        // Without a helper, as after a kill, the processes are all that is left to look at.
        self.gone.iter().any(|gone| gone == name)
            || processes.have_ended()
            || (!self.has_helper && processes.are_unknown())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It ends by itself as well, when nobody reads what it says.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read(output: ChildStdout, lines: &mpsc::Sender<Line>) {
    for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
        if lines.send(Line::read(&line)).is_err() {
            return;
        }
    }
}

/// A name that native programs have as well.
struct Attached {
    name: String,
    mapping: FileMapping,
    /// Those that had it mapped.
    processes: Processes,
}

impl Attached {
    fn new(context: &Context<'_>, handed: Handed) -> Result<Self> {
        let Handed { name, size, is_writable, file } = handed;
        let protection = if is_writable { Protection::ReadWrite } else { Protection::ReadOnly };
        let options = FileMapping::options().registry(&context.registry).generations();
        let options = options.name(&*name).protection(protection).file(&file).size(size);
        let mapping = options.create_new().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::from(error).leaving(
                "a native program has it, or it is attached already: end that, or use a set of \
                 names of its own with --registry DIR",
            ),
            _ => error.into(),
        })?;
        Ok(Self { name, mapping, processes: Processes::new([]) })
    }

    fn report(&self) -> Sharing {
        Sharing {
            name: self.name.clone(),
            size: self.mapping.size(),
            protection: self.mapping.protection().to_string(),
        }
    }
}

/// Returns the processes under Wine that have the bytes of a name mapped. Native ones may have opened
/// it already, and keep a view without a handle.
fn viewers(context: &Context<'_>, name: &str) -> Vec<u32> {
    let Ok(listed) = context.registry.inspect(name) else { return Vec::new() };
    let Ok(holders) = context.registry.holders([&listed]) else { return Vec::new() };
    let all = holders.iter().flat_map(|holders| holders.iter());
    let viewers = all.filter(|one| one.views() > 0).map(|one| one.pid());
    viewers.filter(|process| prefix::is_under_wine(*process)).collect()
}

/// What is printed of a name that was attached to.
#[derive(Debug, Serialize)]
struct Sharing {
    name: String,
    size: u64,
    protection: String,
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, size, protection } = self;
        let (name, size) = (Printable(name), Readable(*size));
        write!(f, "sharing `{name}`: {size}, {protection}; it ends with the game, Ctrl-C lets go")
    }
}

/// What is printed of a name that has ended.
#[derive(Debug, Serialize)]
struct Ended {
    name: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has ended with the game", Printable(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_pattern_is_about_the_name_and_with_a_scope_about_both() {
        for (name, pattern, is) in [
            ("Local\\acpmf_physics", "acpmf_*", true),
            ("Local\\acpmf_physics", "*", true),
            ("Local\\a", "Global\\*", false),
            ("Global\\a", "Global\\*", true),
            ("Local\\ab", "a?", true),
            ("Local\\abc", "a?", false),
            ("Local\\a*c", "a*c", true),
            ("Local\\A", "a", false),
            ("Local\\a", "", false),
            ("Local\\ab", "*?b*", true),
            (&format!("Local\\{}", "a".repeat(200)), &format!("{}b", "*a".repeat(50)), false),
        ] {
            assert_eq!(is_like(name, pattern), is, "{name} {pattern}");
        }
    }
}
