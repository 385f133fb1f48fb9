//! The player: writes the frames of a recording into mappings when they are due.

use std::time::{Duration, Instant};

use filemap::{Name, Registry};

use crate::error::{Error, Result};
use crate::frame::Frames;
use crate::recording::Recording;
use crate::schedule;
use crate::stop::Stop;
use crate::target::Target;

/// How a recording is replayed.
#[derive(Debug, Clone)]
pub struct PlayerOptions {
    speed: f64,
    repeats: bool,
    from: Duration,
    forces: bool,
    name: Option<Name>,
    registry: Registry,
}

impl Default for PlayerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl PlayerOptions {
    /// Returns the defaults: all names, from the beginning to the end, as fast as it was recorded, and
    /// none that is live.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::system();
        Self {
            speed: 1.0,
            repeats: false,
            from: Duration::ZERO,
            forces: false,
            name: None,
            registry,
        }
    }

    /// Replays so many times as fast as it was recorded, from 0.001 to 10,000.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed.clamp(0.001, 10_000.0);
        self
    }

    /// Begins again at the end.
    #[must_use]
    pub fn repeat(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// Begins this far into the recording.
    #[must_use]
    pub fn from(mut self, from: Duration) -> Self {
        self.from = from;
        self
    }

    /// Writes into names that are live, if they are large enough.
    #[must_use]
    pub fn force(mut self) -> Self {
        self.forces = true;
        self
    }

    /// Replays this name alone.
    #[must_use]
    pub fn only(mut self, name: Name) -> Self {
        self.name = Some(name);
        self
    }

    /// Uses the names of this registry.
    #[must_use]
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Creates the names, with what their bytes were at the point in time where the replay begins.
    ///
    /// # Errors
    ///
    /// [`Error::Mapping`] if a name is live, or cannot be created; [`Error::Content`] if the recording has
    /// no frame, or none of the name.
    pub fn start(self, recording: &Recording) -> Result<Player<'_>> {
        let begin = recording.start().saturating_add(self.from);
        if begin > recording.end() {
            let length = recording.end() - recording.start();
            let why = format!("it ends after {:.1} s", length.as_secs_f64());
            return Err(Error::content(recording.path(), why));
        }
        let mut targets = Vec::<Target>::new();
        let mut of_channels = Vec::new();
        // Programs whose topics are no names have written others that are.
        let mut no_name = None;
        for channel in recording.channels() {
            let wanted = !channel.is_torn() && channel.frames() > 0;
            let name = wanted
                .then(|| Name::parse(channel.name()))
                .and_then(|name| name.map_err(|error| no_name.get_or_insert(error)).ok());
            let name = name.filter(|name| self.name.as_ref().is_none_or(|only| only == name));
            let Some(name) = name else {
                of_channels.push(None);
                continue;
            };
            let known = targets.iter().position(|target| *target.name() == name);
            let place = match known {
                Some(place) => place,
                None => {
                    let layout = recording.layout(channel);
                    let versions = layout.and_then(|layout| layout.versions().cloned());
                    let target = Target::new(name, channel, versions, &self.registry, self.forces)?;
                    targets.push(target);
                    targets.len() - 1
                }
            };
            of_channels.push(Some(place));
        }
        if targets.is_empty() {
            if let (None, Some(error)) = (&self.name, no_name) {
                return Err(error.into());
            }
            let why = match &self.name {
                Some(name) => format!("it has no frames of `{name}`"),
                None => "it has no frames".to_owned(),
            };
            return Err(Error::content(recording.path(), why));
        }
        let frames = recording.frames();
        let mut player = Player {
            options: self,
            recording,
            frames,
            begin,
            targets,
            of_channels,
            played: Played::default(),
        };
        player.rewind()?;
        Ok(player)
    }
}

/// A replay: it holds the names as long as it exists.
///
/// ```
/// use std::time::Duration;
/// use filemap::{Access, FileMapping};
/// use filemap_recording::{PlayerOptions, RecorderOptions, Recording, Stop, Subject};
///
/// let name = format!("Local\\replayed-{}", std::process::id());
/// let made = FileMapping::options().name(&name).size(16).create_new()?;
/// made.map(Access::Write)?.write(0, &7_u32)?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.mcap");
/// let recorder = RecorderOptions::new().start(vec![Subject::new(name.parse()?)], &path)?;
/// recorder.run(&Stop::new(), Some(Duration::from_millis(50)), |_| {})?;
/// drop(made);
///
/// let recording = Recording::open(&path)?;
/// let mut player = PlayerOptions::new().start(&recording)?;
/// player.run(&Stop::new())?;
/// let view = FileMapping::open(&name)?.map(Access::Read)?;
/// assert_eq!(view.read::<u32>(0)?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Player<'r> {
    options: PlayerOptions,
    recording: &'r Recording,
    frames: Frames<'r>,
    /// Where the replay begins, since 1970.
    begin: Duration,
    targets: Vec<Target>,
    /// The target of each channel of the recording, if it is replayed.
    of_channels: Vec<Option<usize>>,
    played: Played,
}

/// What was replayed so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Played {
    /// Frames that were written.
    pub frames: u64,
    /// How often the end was reached.
    pub rounds: u64,
}

impl Player<'_> {
    /// Returns the names that it holds, and the size of each.
    pub fn names(&self) -> impl Iterator<Item = (&Name, u64)> {
        self.targets.iter().map(|target| (target.name(), target.size()))
    }

    /// Replays until the end, or until a stop is requested.
    ///
    /// Each frame is written at its own time, and never later because one before it was late.
    ///
    /// # Errors
    ///
    /// [`Error::Mapping`] if a mapping cannot be written.
    pub fn run(&mut self, stop: &Stop) -> Result<Played> {
        /// The shortest time of a round: a recording of a single moment is no reason to hurry.
        const SHORTEST: Duration = Duration::from_millis(10);
        let mut origin = Instant::now();
        loop {
            while let Some(frame) = self.frames.next_frame() {
                let Some(target) = self.of_channels[frame.place] else { continue };
                let due = due(origin, frame.time.saturating_sub(self.begin), self.options.speed);
                if schedule::meet(due, stop) {
                    return Ok(self.played);
                }
                self.targets[target].show(frame.bytes, &self.options.registry)?;
                self.played.frames += 1;
            }
            let length = (self.recording.end() - self.begin).max(SHORTEST);
            let end = due(origin, length, self.options.speed);
            if stop.wait_until(end) {
                return Ok(self.played);
            }
            self.played.rounds += 1;
            if !self.options.repeats {
                return Ok(self.played);
            }
            origin = end;
            self.rewind()?;
        }
    }

    /// Writes the next frame now, and returns false after the last one.
    ///
    /// # Errors
    ///
    /// [`Error::Mapping`] if a mapping cannot be written.
    pub fn step(&mut self) -> Result<bool> {
        loop {
            while let Some(frame) = self.frames.next_frame() {
                let Some(target) = self.of_channels[frame.place] else { continue };
                self.targets[target].show(frame.bytes, &self.options.registry)?;
                self.played.frames += 1;
                return Ok(true);
            }
            self.played.rounds += 1;
            if !self.options.repeats {
                return Ok(false);
            }
            self.rewind()?;
        }
    }

    /// Goes to where the replay begins, and writes what was there then.
    fn rewind(&mut self) -> Result<()> {
        for target in &mut self.targets {
            target.begin_round();
        }
        let mut frames = self.recording.frames();
        if !self.options.from.is_zero() {
            let mut then = Vec::new();
            frames.skip_to(self.begin, |frame| {
                if let Some(target) = self.of_channels[frame.place] {
                    then.push((frame.time, target, frame.bytes.to_vec()));
                }
            });
            // Of two sizes of a name, the later one.
            then.sort_by_key(|(time, ..)| *time);
            for (_, target, bytes) in then {
                self.targets[target].show(&bytes, &self.options.registry)?;
            }
        }
        frames.prepare();
        self.frames = frames;
        Ok(())
    }
}

/// Returns when something is due that came `after` the beginning of a recording.
fn due(origin: Instant, after: Duration, speed: f64) -> Instant {
    /// As good as never.
    const FAR: Duration = Duration::from_secs(1 << 31);
    let after = Duration::try_from_secs_f64(after.as_secs_f64() / speed).unwrap_or(FAR).min(FAR);
    origin.checked_add(after).unwrap_or(origin)
}
