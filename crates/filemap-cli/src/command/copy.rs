//! `filemap copy`: bytes between files, names, and standard input and output.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Backing, ErrorKind, MappedFile};
use serde::Serialize;

use super::Context;
use crate::args::Copy;
use crate::failure::{Failure, Result};
use crate::offset::Offset;
use crate::output::Printable;
use crate::progress::Progress;
use crate::reader::Reader;
use crate::size::Readable;
use crate::sys;
use crate::target::{Purpose, Target};

/// How much is copied between two looks at Ctrl-C.
const PIECE: usize = 1 << 20;
/// How long Ctrl-C waits to be heard, at most.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) fn run(context: &Context<'_>, copy: &Copy) -> Result<()> {
    let task = |interrupted| Task { context, copy, interrupted };
    match (copy.source == "-", copy.destination == "-") {
        (true, true) => {
            Err(Failure::broken("could not copy: one of the two must be a name or a file"))
        }
        (true, false) => task(listen()?).of_input(),
        (false, true) => {
            // Whoever reads the output may not take it, and nothing is to be told.
            sys::end_when_interrupted().map_err(|error| deaf(&error))?;
            task(Arc::default()).to_output()
        }
        (false, false) => task(listen()?).between(),
    }
}

fn listen() -> Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    sys::listen(move |_| flag.store(true, Ordering::Relaxed)).map_err(|error| deaf(&error))?;
    Ok(interrupted)
}

fn deaf(error: &io::Error) -> Failure {
    Failure::broken(format!("could not wait for Ctrl-C: {error}"))
}

struct Task<'c> {
    context: &'c Context<'c>,
    copy: &'c Copy,
    interrupted: Arc<AtomicBool>,
}

impl Task<'_> {
    /// From a file or a name to another one.
    fn between(&self) -> Result<()> {
        let Copy { source, destination, from, to, length } = self.copy;
        let source = Target::of_word(source, &self.context.registry)?;
        let source_file = source.open(&self.context.registry, Purpose::Reading)?;
        let source_len = source_file.len()?;
        let from_start = from.unwrap_or(Offset::FromStart(0)).inside(source_len, &source)?;
        let mut reader = Reader::new(&source_file, from_start, *length)?;
        let total = reader.rest();

        let destination = self.destination(destination)?;
        let existing = existing_len(&destination);
        check_apart(&source, &destination, from_start..from_start + total, *to, existing)?;
        let place = match to {
            Some(to) => to.within(existing, &destination)?,
            None => 0,
        };
        self.check_room(&destination, place, total)?;
        let file = destination.open(&self.context.registry, Purpose::Writing)?;
        let before = file.len()?;
        let whole = from.is_none() && to.is_none() && length.is_none();
        let end = place.saturating_add(total);
        // At once: whoever goes on after Ctrl-C finds the file as long as it is to be.
        if destination.can_grow() && (before < end || (whole && before > end)) {
            file.set_len(end)?;
        }

        let begun = Instant::now();
        let progress = Progress::new(self.context.output, Some(total));
        let mut buf = vec![0; PIECE];
        let mut holes = 0;
        while let Some(next) = reader.peek()? {
            let done = reader.offset() - from_start;
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(self.stopped(done, from_start + done, place + done));
            }
            if next.hole {
                // A new file has the hole already; what was there before is to be zero.
                erase(&file, place + done, next.len.min(before.saturating_sub(place + done)))?;
                reader.skip(next.len);
                holes += next.len;
                progress.advance(next.len);
                continue;
            }
            let count = reader.read(&mut buf[..piece_of(next.len)])?;
            file.write_at(place + done, &buf[..count])?;
            progress.advance(count as u64);
        }
        drop(progress);
        file.close()?;
        let (length, to) = (reader.offset() - from_start, place);
        let (source, destination) = (source.to_string(), destination.to_string());
        self.done(Copied::new(source, destination, from_start, to, length, holes, begun.elapsed()))
    }

    /// From standard input, which has no holes and no known length.
    fn of_input(&self) -> Result<()> {
        let Copy { destination, from, to, length, .. } = self.copy;
        if from.is_some() {
            return Err(Failure::broken("could not begin elsewhere in standard input"));
        }
        let destination = self.destination(destination)?;
        let existing = existing_len(&destination);
        let place = match to {
            Some(to) => to.within(existing, &destination)?,
            None => 0,
        };
        let file = destination.open(&self.context.registry, Purpose::Writing)?;
        let begun = Instant::now();
        let progress = Progress::new(self.context.output, *length);
        let pieces = input_in_pieces(length.unwrap_or(u64::MAX))?;
        let mut done = 0;
        loop {
            // Input may be slow, or never come: Ctrl-C is heard all the same.
            let piece = pieces.recv_timeout(PATIENCE);
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(self.stopped(done, done, place + done));
            }
            let piece = match piece {
                Ok(piece) => piece.map_err(|error| {
                    Failure::broken(format!("could not read the input: {error}"))
                })?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            file.write_at(place.saturating_add(done), &piece).map_err(|error| {
                Failure::broken_as(
                    error.kind(),
                    format!("{error}; {done} bytes of the input were written before"),
                )
            })?;
            done += piece.len() as u64;
            progress.advance(piece.len() as u64);
        }
        drop(progress);
        if destination.can_grow() && to.is_none() && length.is_none() && file.len()? > done {
            file.set_len(done)?;
        }
        file.close()?;
        let source = "standard input".to_owned();
        let destination = destination.to_string();
        self.done(Copied::new(source, destination, 0, place, done, 0, begun.elapsed()))
    }

    /// To standard output, which then is nobody else's.
    fn to_output(&self) -> Result<()> {
        let Copy { source, from, to, length, .. } = self.copy;
        if to.is_some() {
            return Err(Failure::broken("could not begin elsewhere in standard output"));
        }
        let source = Target::of_word(source, &self.context.registry)?;
        let file = source.open(&self.context.registry, Purpose::Reading)?;
        let start = from.unwrap_or(Offset::FromStart(0)).inside(file.len()?, &source)?;
        let mut reader = Reader::new(&file, start, *length)?;
        let progress = Progress::new(self.context.output, Some(reader.rest()));
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

    /// A live name, or a file, which may be to be made.
    fn destination(&self, word: &OsStr) -> Result<Target> {
        match Target::of_word(word, &self.context.registry) {
            Err(failure) if failure.is_not_found() => Ok(Target::File(PathBuf::from(word))),
            found => found,
        }
    }

    /// Refuses what does not fit, before anything is written.
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
                "could not copy {total} bytes to offset {place} of {destination}: it cannot grow, \
                 and has room for {room}; --length {room} copies what fits"
            ),
        ))
    }

    fn stopped(&self, done: u64, from: u64, to: u64) -> Failure {
        let shown = |word: &OsStr| Printable(&word.to_string_lossy()).to_string();
        let (source, destination) = (shown(&self.copy.source), shown(&self.copy.destination));
        let how = if source == "-" || destination == "-" {
            String::new()
        } else {
            // What is left of a part, so that no more is written than was asked for.
            let rest = self.copy.length.map(|length| length.saturating_sub(done));
            let rest = rest.map_or_else(String::new, |rest| format!(" --length {rest}"));
            format!("; `filemap copy {source} {destination} --from {from} --to {to}{rest}` goes on")
        };
        Failure::broken(format!("could not copy all: stopped after {done} bytes{how}"))
    }

    fn done(&self, copied: Copied) -> Result<()> {
        self.context.output.print(&copied)
    }
}

/// Reads standard input in a thread of its own, as far as `most` bytes.
fn input_in_pieces(most: u64) -> Result<Receiver<io::Result<Vec<u8>>>> {
    // Two: one is written while the other one is read.
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
    thread.map_err(|error| Failure::broken(format!("could not start a thread: {error}")))?;
    Ok(pieces)
}

fn piece_of(len: u64) -> usize {
    usize::try_from(len).unwrap_or(PIECE).min(PIECE)
}

/// The length of what is there now; nothing, if it is to be made.
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

/// Sets bytes to zero that are not so already.
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

/// Refuses to copy bytes over themselves: what is read last would be what was written first.
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
            (Some(one), Some(other)) => same_file::is_same_file(one, other).unwrap_or(false),
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
    /// How many of these were holes.
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
        write!(f, "copied {length} bytes from {source} to {destination}")?;
        if *holes > 0 {
            write!(f, ", {holes} of them in holes")?;
        }
        // Anything quicker says more about the clock than about the copy.
        if *seconds >= 0.1 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a rate is told by its first digits, and is positive"
            )]
            let rate = ((length - holes) as f64 / seconds) as u64;
            write!(f, ", in {seconds:.1} s ({}/s)", Readable(rate))?;
        }
        Ok(())
    }
}
