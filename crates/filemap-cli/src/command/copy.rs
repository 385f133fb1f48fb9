//! `filemap copy`: bytes between files, names, and standard input and output.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Backing, ErrorKind, MappedFile, PositionedIo};
use serde::Serialize;

use super::Context;
use crate::args::Copy;
use crate::failure::{Failure, Result, Why};
use crate::interruption::Interruption;
use crate::offset::Offset;
use crate::output::{self, Printable};
use crate::progress::Progress;
use crate::reader::{Reader, start_of};
use crate::size::{Counted, Readable};
use crate::sys;
use crate::target::{Purpose, Target};
use crate::written::{Making, Written};

/// The most bytes that are copied between two checks for Ctrl-C.
const PIECE: usize = 1 << 20;
/// The longest time between two checks for Ctrl-C while standard input is read.
const CHECK: Duration = Duration::from_millis(100);

pub(super) fn run(context: &Context<'_>, copy: &Copy) -> Result<()> {
    let task = |interruption| Task { context, copy, interruption };
    match (copy.source == "-", copy.destination == "-") {
        (true, true) => {
            Err(Failure::broken("could not copy: one of the two must be a name or a file"))
        }
        (true, false) => task(Interruption::listen()?).of_input(),
        (false, true) => {
            output::refuse_terminal()?;
            // A write to a pipe may block, where a flag would not be checked; no message follows.
            sys::end_when_interrupted().map_err(|error| {
                Failure::broken(format!("could not wait for Ctrl-C: {}", Why(&error)))
            })?;
            task(Interruption::default()).to_output()
        }
        (false, false) => task(Interruption::listen()?).between(),
    }
}

struct Task<'c> {
    context: &'c Context<'c>,
    copy: &'c Copy,
    interruption: Interruption,
}

/// The bytes that are copied so far.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    bytes: u64,
    /// How many of them are in holes.
    holes: u64,
}

/// Where bytes go, and what was there.
struct Place {
    target: Target,
    file: Written,
    /// The offset of the first byte.
    start: u64,
    /// The length before.
    before: u64,
}

impl Task<'_> {
    /// Copies from a file or a name to another one.
    fn between(&self) -> Result<()> {
        let Copy { source, destination, from, to, length } = self.copy;
        let source = Target::of_word(source, &self.context.registry)?;
        let source_file = source.open(&self.context.registry, Purpose::Reading)?;
        let from_start = start_of(&source_file, from.unwrap_or(Offset::FromStart(0)), &source)?;
        let mut reader = Reader::new(&source_file, from_start, *length)?;
        let total = reader.rest();

        let destination = self.destination(destination)?;
        let existing = existing_len(&destination);
        check_apart(&source, &destination, reader.range(), *to, existing)?;
        let place = self.open(destination, existing, total)?;
        let begun = Instant::now();
        let progress = Progress::new(self.context.output, total);
        let mut done = Done::default();
        let copied = self.each_piece(&mut reader, &place, &mut done, &progress);
        drop(progress);
        let copied = copied.and_then(|()| self.settle(&place, done.bytes));
        if let Err(failure) = copied {
            return Err(self.ended_early(failure, place, Some(from_start), done.bytes));
        }
        let to = place.start;
        let destination = place.target.to_string();
        place.file.finish()?;
        let Done { bytes, holes } = done;
        let source = source.to_string();
        self.done(Copied::new(source, destination, from_start, to, bytes, holes, begun.elapsed()))
    }

    /// Copies piece by piece, and leaves holes out.
    fn each_piece(
        &self,
        reader: &mut Reader<'_>,
        place: &Place,
        done: &mut Done,
        progress: &Progress,
    ) -> Result<()> {
        let mut buf = vec![0; PIECE];
        while let Some(next) = reader.peek()? {
            if self.interruption.is_there() {
                return Err(self.interrupted());
            }
            let at = place.start.saturating_add(done.bytes);
            if next.hole {
                // What is new is a hole already; bytes that were there must become zero.
                erase(&place.file, at, next.len.min(place.before.saturating_sub(at)))?;
                reader.skip(next.len);
                (done.bytes, done.holes) = (done.bytes + next.len, done.holes + next.len);
                progress.advance(next.len);
                continue;
            }
            let count = reader.read(&mut buf[..piece_of(next.len)])?;
            place.file.write_all_at(&buf[..count], at)?;
            done.bytes += count as u64;
            progress.advance(count as u64);
        }
        Ok(())
    }

    /// Copies from standard input, which has no holes and no known length.
    fn of_input(&self) -> Result<()> {
        let Copy { destination, from, length, .. } = self.copy;
        if from.is_some() {
            return Err(Failure::broken("could not skip bytes of standard input"));
        }
        let destination = self.destination(destination)?;
        let existing = existing_len(&destination);
        let place = self.open(destination, existing, None)?;
        let begun = Instant::now();
        let progress = Progress::new(self.context.output, *length);
        let mut done = Done::default();
        let copied = self.each_piece_of_input(&place, &mut done, &progress);
        drop(progress);
        let copied = copied.and_then(|()| self.settle(&place, done.bytes));
        if let Err(failure) = copied {
            return Err(self.ended_early(failure, place, None, done.bytes));
        }
        let to = place.start;
        let destination = place.target.to_string();
        place.file.finish()?;
        let source = "standard input".to_owned();
        self.done(Copied::new(source, destination, 0, to, done.bytes, 0, begun.elapsed()))
    }

    fn each_piece_of_input(
        &self,
        place: &Place,
        done: &mut Done,
        progress: &Progress,
    ) -> Result<()> {
        let pieces = input_in_pieces(self.copy.length.unwrap_or(u64::MAX))?;
        loop {
            // Input may be slow or never arrive, and Ctrl-C must be handled meanwhile.
            let piece = pieces.recv_timeout(CHECK);
            if self.interruption.is_there() {
                return Err(self.interrupted());
            }
            let piece = match piece {
                Ok(piece) => piece.map_err(|error| {
                    Failure::broken(format!("could not read the input: {}", Why(&error)))
                })?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            place.file.write_all_at(&piece, place.start.saturating_add(done.bytes))?;
            done.bytes += piece.len() as u64;
            progress.advance(piece.len() as u64);
        }
    }

    /// Opens the destination, which changes nothing of it yet.
    fn open(&self, target: Target, existing: u64, total: Option<u64>) -> Result<Place> {
        let start = match self.copy.to {
            Some(to) => to.within(existing, &target)?,
            None => 0,
        };
        if let Some(total) = total {
            self.check_room(&target, start, total)?;
        }
        let file = Written::open(&target, &self.context.registry, Making::Beside)?;
        let before = file.len()?;
        Ok(Place { target, file, start, before })
    }

    /// Gives the destination its length: a hole may be the last that was copied, and a whole copy is
    /// as long as its source.
    fn settle(&self, place: &Place, done: u64) -> Result<()> {
        let end = place.start.saturating_add(done);
        let Place { target, file, .. } = place;
        if target.can_grow() {
            let len = file.len()?;
            if len < end || (self.is_whole() && len > end) {
                file.set_len(end)?;
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        let Copy { from, to, length, .. } = self.copy;
        from.is_none() && to.is_none() && length.is_none()
    }

    fn interrupted(&self) -> Failure {
        self.interruption.failure("could not copy everything")
    }

    /// Completes the failure of a copy that ended early: nothing may look whole that is not.
    ///
    /// `from` is where it began in a source that can be read again.
    fn ended_early(&self, failure: Failure, place: Place, from: Option<u64>, done: u64) -> Failure {
        let Place { target, file, start, .. } = place;
        let failure = if self.interruption.is_there() {
            self.interruption
                .failure(format!("could not copy everything: stopped after {}", Counted(done)))
        } else {
            failure
        };
        let shown = |word: &OsStr| Printable(&word.to_string_lossy()).to_string();
        let word = shown(&self.copy.destination);
        let go_on = |from: u64, destination: &str| {
            // The rest of the requested length, so that the continued copy writes no more.
            let rest = self.copy.length.map(|length| length.saturating_sub(done));
            let rest = rest.map_or_else(String::new, |rest| format!(" --length {rest}"));
            let (source, from) = (shown(&self.copy.source), from + done);
            let to = start.saturating_add(done);
            format!("`filemap copy {source} {destination} --from {from} --to {to}{rest}`")
        };
        let goes_on = from.filter(|_| self.interruption.is_there());
        if file.is_new() {
            let part = file.part().map(|part| shown(part.as_os_str()));
            return match (goes_on, part) {
                (Some(from), Some(part)) if done > 0 => {
                    // A hole may be the last that was copied.
                    drop(file.set_len(start.saturating_add(done)));
                    file.keep_part();
                    let continues = go_on(from, &part);
                    failure.leaving(&format!(
                        "they are in `{part}`: {continues} continues, and `mv {part} {word}` ends it"
                    ))
                }
                _ => failure.leaving(&format!("{target} was not made")),
            };
        }
        match goes_on {
            Some(from) => {
                if self.is_whole() && target.can_grow() {
                    // What is behind them would stay behind a copy that is continued.
                    drop(file.set_len(start.saturating_add(done)));
                }
                failure.leaving(&format!("{} continues", go_on(from, &word)))
            }
            None if done > 0 => failure.leaving(&format!(
                "{target} is not complete: {} of it {} copied",
                Counted(done),
                if done == 1 { "is" } else { "are" },
            )),
            None => failure,
        }
    }

    /// Copies to standard output, which then carries nothing else.
    fn to_output(&self) -> Result<()> {
        let Copy { source, from, to, length, .. } = self.copy;
        if to.is_some() {
            return Err(Failure::broken("could not skip bytes of standard output"));
        }
        let source = Target::of_word(source, &self.context.registry)?;
        let file = source.open(&self.context.registry, Purpose::Reading)?;
        let start = start_of(&file, from.unwrap_or(Offset::FromStart(0)), &source)?;
        let mut reader = Reader::new(&file, start, *length)?;
        let progress = Progress::new(self.context.output, reader.rest());
        let mut buf = vec![0; PIECE];
        self.context.output.stream(|out| {
            loop {
                match reader.read(&mut buf)? {
                    0 => return Ok(()),
                    count => {
                        let closed = |error: io::Error| Failure::from_output(&error);
                        out.write_all(&buf[..count]).map_err(closed)?;
                        progress.advance(count as u64);
                    }
                }
            }
        })
    }

    /// Finds the destination: a live name, or a file that may not exist yet.
    fn destination(&self, word: &OsStr) -> Result<Target> {
        match Target::of_word(word, &self.context.registry) {
            Err(failure) if failure.is_not_found() => Ok(Target::File(PathBuf::from(word))),
            found => found,
        }
    }

    /// Refuses a copy that does not fit, before anything is written.
    fn check_room(&self, destination: &Target, place: u64, total: u64) -> Result<()> {
        let Target::Name(entry) = destination else { return Ok(()) };
        let Some(size) = entry.size() else { return Ok(()) };
        if place.checked_add(total).is_some_and(|end| end <= size) {
            return Ok(());
        }
        let room = size.saturating_sub(place);
        Err(Failure::broken_as(
            ErrorKind::InvalidRange,
            format!(
                "could not copy {} to offset {place} of {destination}: it cannot grow, \
                 and has room for {room}; --length {room} copies what fits",
                Counted(total)
            ),
        ))
    }

    fn done(&self, copied: Copied) -> Result<()> {
        self.context.output.print(&copied)
    }
}

/// Reads up to `most` bytes of standard input in a thread of its own.
fn input_in_pieces(most: u64) -> Result<Receiver<io::Result<Vec<u8>>>> {
    // Two pieces: one is written while the next one is read.
    let (sender, pieces) = mpsc::sync_channel(2);
    let read = move || {
        let mut input = io::stdin().lock().take(most);
        loop {
            let mut piece = vec![0; PIECE];
            let read = match input.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(piece)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            if sender.send(read).is_err() || failed {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("input".to_owned()).spawn(read);
    thread
        .map_err(|error| Failure::broken(format!("could not start a thread: {}", Why(&error))))?;
    Ok(pieces)
}

fn piece_of(len: u64) -> usize {
    usize::try_from(len).unwrap_or(PIECE).min(PIECE)
}

/// Returns the present length of a target, or 0 if it does not exist yet.
fn existing_len(target: &Target) -> u64 {
    match target {
        Target::Name(entry) => entry.size().or_else(|| len_of(path_of(target)?)).unwrap_or(0),
        Target::File(path) => len_of(path).unwrap_or(0),
    }
}

fn len_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.len())
}

fn path_of(target: &Target) -> Option<&Path> {
    match target {
        Target::File(path) => Some(path),
        Target::Name(entry) => match entry.backing() {
            Backing::File { path, .. } => Some(path),
            _ => None,
        },
    }
}

/// Sets a range to zero, and leaves its holes alone.
fn erase(file: &MappedFile, offset: u64, len: u64) -> Result<()> {
    let mut reader = Reader::new(file, offset, Some(len))?;
    while let Some(next) = reader.peek()? {
        if !next.hole {
            file.fill(reader.offset(), next.len, 0)?;
        }
        reader.skip(next.len);
    }
    Ok(())
}

/// Refuses overlapping ranges of one file: bytes would be overwritten before they are read.
fn check_apart(
    source: &Target,
    destination: &Target,
    part: Range<u64>,
    to: Option<Offset>,
    existing: u64,
) -> Result<()> {
    let is_same = match (source, destination) {
        (Target::Name(one), Target::Name(other)) if one.name() == other.name() => true,
        _ => match (path_of(source), path_of(destination)) {
            // To open a pipe would wait for its other end.
            (Some(one), Some(other)) if one.is_file() && other.is_file() => {
                same_file::is_same_file(one, other).unwrap_or(false)
            }
            _ => false,
        },
    };
    let place = to.map_or(Ok(0), |to| to.within(existing, destination))?;
    let end = place.saturating_add(part.end - part.start);
    if is_same && place < part.end && part.start < end {
        return Err(Failure::broken_as(
            ErrorKind::InvalidArgument,
            format!("could not copy {source} over itself: choose parts that do not overlap"),
        ));
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Copied {
    source: String,
    destination: String,
    from: u64,
    to: u64,
    length: u64,
    /// How many of these bytes were in holes.
    holes: u64,
    seconds: f64,
}

impl Copied {
    fn new(
        source: String,
        destination: String,
        from: u64,
        to: u64,
        length: u64,
        holes: u64,
        time: Duration,
    ) -> Self {
        Self { source, destination, from, to, length, holes, seconds: time.as_secs_f64() }
    }
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, length, holes, seconds, .. } = self;
        write!(f, "copied {} from {source} to {destination}", Counted(*length))?;
        if *holes > 0 {
            write!(f, ", {holes} of them in holes")?;
        }
        // A shorter time is too short for a meaningful rate.
        if *seconds >= 0.1 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a rate is positive, and only its first digits are shown"
            )]
            let rate = ((length - holes) as f64 / seconds) as u64;
            write!(f, ", in {seconds:.1} s ({}/s)", Readable(rate))?;
        }
        Ok(())
    }
}
