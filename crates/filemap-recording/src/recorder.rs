//! The recorder: looks at names at a steady rate, and writes what has changed.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use filemap::{ErrorKind, Mutex, Registry};

use crate::error::{Error, Result};
use crate::output::Output;
use crate::schedule::Schedule;
use crate::source::{Look, Seen, Source};
use crate::stop::Stop;
use crate::subject::Subject;
use crate::writer::Writer;

/// How long a mutex is waited for at most, so that a request to end is seen.
const PATIENCE: Duration = Duration::from_millis(100);

/// How a recording is made.
#[derive(Debug, Clone)]
pub struct RecorderOptions {
    rate: f64,
    waits: bool,
    replaces: bool,
    registry: Registry,
    lock: Option<Arc<Mutex>>,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl RecorderOptions {
    /// Returns the defaults: 60 looks a second at names that exist, into a file that does not.
    #[must_use]
    pub fn new() -> Self {
        Self { rate: 60.0, waits: false, replaces: false, registry: Registry::system(), lock: None }
    }

    /// Looks so many times a second, from 0.001 to 10,000.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate.clamp(0.001, 10_000.0);
        self
    }

    /// Waits for names that do not exist, and for those that have ended to come back.
    #[must_use]
    pub fn wait(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Replaces the file if it exists.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Uses the names of this registry.
    #[must_use]
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Owns a mutex during each look. A look is lost if another thread owns it for as long as there is
    /// between two looks.
    #[must_use]
    pub fn lock(mut self, mutex: Mutex) -> Self {
        self.lock = Some(Arc::new(mutex));
        self
    }

    /// Opens the names and creates the file.
    ///
    /// # Errors
    ///
    /// [`Error::Mapping`] about the first name that cannot be opened; [`Error::Content`] about one that is
    /// too large, or smaller than its layout; [`Error::File`] about the file: also if another recorder
    /// writes it, or if it has the bytes of a name. A file that was there is as it was then, unless it
    /// can be written no more.
    pub fn start(self, subjects: Vec<Subject>, path: impl AsRef<Path>) -> Result<Recorder> {
        let path = path.as_ref();
        let mut mappings = Vec::new();
        for subject in &subjects {
            if let Some(mapping) = self.unless_awaited(self.registry.open(&subject.name))? {
                subject.check(mapping.size())?;
                mappings.push(mapping);
            }
        }
        let output = Output::create(path, self.replaces, &mappings, &self.registry)?;
        let mut writer = Writer::new(output.file()?, path, self.rate)?;
        let mut sources: Vec<_> = subjects.into_iter().map(Source::new).collect();
        for source in &mut sources {
            match source.open(&self.registry, &mut writer) {
                Err(Error::Mapping(error)) if error.kind() == ErrorKind::NotFound && self.waits => {
                }
                opened => opened?,
            }
        }
        // Who reads what a kill leaves learns at least what was recorded.
        writer.flush()?;
        output.keep();
        Ok(Recorder { options: self, sources, writer, totals: Totals::default() })
    }

    /// Returns what was opened; nothing if it is not there and is waited for.
    fn unless_awaited<T>(&self, opened: filemap::Result<T>) -> Result<Option<T>> {
        match opened {
            Err(error) if error.kind() == ErrorKind::NotFound && self.waits => Ok(None),
            opened => Ok(Some(opened?)),
        }
    }
}

/// A recording that is made.
///
/// ```
/// use std::time::Duration;
/// use filemap::{Access, FileMapping};
/// use filemap_recording::{RecorderOptions, Recording, Stop, Subject};
///
/// let name = format!("Local\\recorded-{}", std::process::id());
/// let made = FileMapping::options().name(&name).size(16).create_new()?;
/// made.map(Access::Write)?.write(0, &7_u32)?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.mcap");
///
/// let recorder = RecorderOptions::new().start(vec![Subject::new(name.parse()?)], &path)?;
/// let totals = recorder.run(&Stop::new(), Some(Duration::from_millis(100)), |_| {})?;
/// assert_eq!(totals.frames, 1);
///
/// let recording = Recording::open(&path)?;
/// let mut frames = recording.frames();
/// let frame = frames.next_frame().ok_or("no frame")?;
/// assert_eq!(frame.channel.name(), name);
/// assert_eq!(frame.bytes[..4], [7, 0, 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder {
    options: RecorderOptions,
    sources: Vec<Source>,
    writer: Writer,
    totals: Totals,
}

/// What has been recorded so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// How long it takes already.
    pub time: Duration,
    /// Looks at all names.
    pub looks: u64,
    /// Looks that were left out, because the one before took too long or the machine was busy.
    pub lost: u64,
    /// Frames that were stored: changes of a name's bytes.
    pub frames: u64,
    /// Frames that somebody was writing while they were read, however often that was tried. They are
    /// stored apart.
    pub torn: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Names that are there at this moment.
    pub present: usize,
}

impl Recorder {
    /// Records until a stop is requested, the time is over, or all names have ended, and ends the file in
    /// order. `progress` is called after each look.
    ///
    /// # Errors
    ///
    /// [`Error::Mapping`] if a mapping cannot be read; what was recorded is in the file, which is ended in
    /// order. [`Error::File`] if the file cannot be written: it says what was kept.
    pub fn run(
        mut self,
        stop: &Stop,
        limit: Option<Duration>,
        progress: impl FnMut(&Totals),
    ) -> Result<Totals> {
        match self.look(stop, limit, progress) {
            // The file takes no more.
            Err(error @ Error::File { .. }) => Err(error),
            looked => {
                let Totals { looks, lost, .. } = self.totals;
                self.totals.bytes = self.writer.finish(looks, lost)?;
                looked.map(|()| self.totals)
            }
        }
    }

    fn look(
        &mut self,
        stop: &Stop,
        limit: Option<Duration>,
        mut progress: impl FnMut(&Totals),
    ) -> Result<()> {
        let Self { options, sources, writer, totals } = self;
        let begun = Instant::now();
        let end = limit.and_then(|limit| begun.checked_add(limit));
        let mut schedule = Schedule::new(begun, options.rate);
        loop {
            let due = schedule.due();
            let is_over = stop.wait_until(end.map_or(due, |end| due.min(end)));
            let now = Instant::now();
            totals.time = now - begun;
            if is_over || end.is_some_and(|end| now >= end) {
                return Ok(());
            }
            totals.lost += schedule.advance(now);
            let patience = schedule.interval().min(PATIENCE);
            let owned = match &options.lock {
                None => None,
                Some(mutex) => match mutex.lock_for(patience)? {
                    Some(owned) => Some(owned),
                    None => {
                        totals.lost += 1;
                        continue;
                    }
                },
            };
            let look = Look { number: totals.looks + totals.lost, now, waits: options.waits };
            for source in &mut *sources {
                match source.look(&options.registry, writer, look)? {
                    Seen::Nothing => {}
                    Seen::Frame => totals.frames += 1,
                    Seen::Torn => totals.torn += 1,
                }
            }
            drop(owned);
            totals.looks += 1;
            writer.flush_before(now + schedule.interval())?;
            totals.bytes = writer.len();
            totals.present = sources.iter().filter(|source| source.is_present()).count();
            progress(totals);
            if !options.waits && sources.iter().all(Source::has_ended) {
                return Ok(());
            }
        }
    }
}
