//! Replays a recording under its names, while a command runs if there is one.

use std::fmt;
use std::io::{self, BufRead as _};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use filemap::{ErrorKind, Name};
use filemap_recording::{Error, Player, PlayerOptions, Stop};
use serde::Serialize;

use super::super::Context;
use crate::args::Replay;
use crate::attended::{self, Event};
use crate::failure::{Failure, Result};
use crate::output::Printable;
use crate::recorded;
use crate::size::Readable;
use crate::sys::{self, Interrupt};

pub(in crate::command) fn run(context: &Context<'_>, replay: &Replay) -> Result<ExitCode> {
    let recording = recorded::open(&replay.file, context.output)?;
    // From here on, where there is something to clean up. Before, a Ctrl-C just ends this process.
    let (sender, events) = attended::listen()?;
    let mut player = options(context, replay)?.start(&recording).map_err(|error| match error {
        Error::Mapping(error) if error.kind() == ErrorKind::AlreadyExists => {
            Failure::from(error).leaving("--force writes into it")
        }
        error => error.into(),
    })?;
    let report = Report {
        names: player.names().map(|(name, size)| Held { name: name.to_string(), size }).collect(),
        seconds: (recording.end() - recording.start()).as_secs_f64(),
        ends: replay.command.is_empty(),
    };
    let steps = replay.step.then(read_lines).transpose()?;
    if replay.command.is_empty() {
        context.output.print(&report)?;
    } else {
        context.output.print_aside(&report)?;
    }
    let stop = Stop::new();
    thread::scope(|scope| {
        let (theirs, done) = (stop.clone(), sender.clone());
        let playing = scope.spawn(move || {
            let played = match steps {
                Some(steps) => step(&mut player, &theirs, &steps),
                None => player.run(&theirs).map(drop),
            };
            drop(done.send(Event::Done));
            // The names are there until all is over.
            (played, player)
        });
        let ended = attend(context, replay, sender, &events);
        stop.request();
        let (played, player) =
            playing.join().map_err(|_| Failure::broken("could not replay: a thread has failed"))?;
        drop(player);
        played?;
        ended
    })
}

fn options(context: &Context<'_>, replay: &Replay) -> Result<PlayerOptions> {
    let mut options = PlayerOptions::new().registry(&context.registry).speed(replay.speed);
    if let Some(from) = replay.from {
        options = options.from(from.into());
    }
    if let Some(name) = &replay.name {
        options = options.only(Name::parse(name)?);
    }
    if replay.again {
        options = options.repeat();
    }
    if replay.force {
        options = options.force();
    }
    Ok(options)
}

/// Waits for the end of the command, of the replay, or for an interrupt, and returns the exit code.
fn attend(
    context: &Context<'_>,
    replay: &Replay,
    sender: Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitCode> {
    let Some((program, arguments)) = replay.command.split_first() else {
        return Ok(match events.recv() {
            Ok(Event::Interrupted(Interrupt::Keyboard)) => ExitCode::from(sys::INTERRUPTED),
            _ => ExitCode::SUCCESS,
        });
    };
    let mut command = Command::new(program);
    command.args(arguments);
    context.lead_to_names(&mut command);
    if replay.step {
        // Its lines are steps.
        command.stdin(Stdio::null());
    }
    Ok(sys::exit_code(attended::run(&mut command, sender, events)?))
}

/// Tells each line of standard input from now on, on a thread that ends with it or with this process.
fn read_lines() -> Result<Receiver<()>> {
    // Lines that come faster than frames are written wait where they come from.
    let (sender, lines) = mpsc::sync_channel(1);
    attended::spawn("input", move || {
        let mut input = io::stdin().lock();
        while input.skip_until(b'\n').is_ok_and(|len| len > 0) && sender.send(()).is_ok() {}
    })?;
    Ok(lines)
}

/// Writes a frame at each line, until there is no more of either.
fn step(
    player: &mut Player<'_>,
    stop: &Stop,
    lines: &Receiver<()>,
) -> filemap_recording::Result<()> {
    /// The time between two looks whether all is over.
    const PAUSE: Duration = Duration::from_millis(50);
    while !stop.is_requested() {
        match lines.recv_timeout(PAUSE) {
            Ok(()) if player.step()? => {}
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Report {
    names: Vec<Held>,
    seconds: f64,
    /// Whether it says how it ends.
    #[serde(skip)]
    ends: bool,
}

#[derive(Debug, Serialize)]
struct Held {
    name: String,
    size: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("replaying ")?;
        for (index, Held { name, size }) in self.names.iter().enumerate() {
            let between = if index > 0 { ", " } else { "" };
            write!(f, "{between}`{}` ({})", Printable(name), Readable(*size))?;
        }
        write!(f, ", {:.1} s", self.seconds)?;
        if self.ends { f.write_str("; Ctrl-C lets go") } else { Ok(()) }
    }
}
