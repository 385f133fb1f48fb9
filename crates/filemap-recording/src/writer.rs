//! The file of a recording while it is written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use filemap::Name;
use mcap::records::{MessageHeader, Metadata};
use mcap::{Attachment, Compression, McapError, WriteOptions};

use crate::channel::key;
use crate::error::{Error, Result};
use crate::subject::Schema;

/// The most bytes of a chunk, unless a single frame has more.
const CHUNK: usize = 4 << 20;

/// How many bytes of frames are compressed at once. One frame at a time would take thrice the processor
/// time: between two looks the caches are somebody else's.
const BATCH: usize = 512 << 10;

/// How long a frame is not in the file at most, if looks come when they are due. What is promised is a
/// little more.
const PATIENCE: Duration = Duration::from_millis(1800);

/// The file of a recording while it is written.
pub(crate) struct Writer {
    path: PathBuf,
    /// The same file, to ask for its length.
    file: File,
    mcap: mcap::Writer<BufWriter<File>>,
    clock: Clock,
    /// Frames that are not compressed yet, and their bytes, one after another.
    batch: Vec<(MessageHeader, usize)>,
    bytes: Vec<u8>,
    /// The bytes of the chunk that is open, and when its first frame came.
    pending: usize,
    since: Option<Instant>,
    /// The frames that were written, and those that are in the file.
    frames: u64,
    kept: u64,
    kept_until: Option<Duration>,
    len: u64,
}

/// The time since 1970, which goes on steadily whatever is done to the clock of the system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    begun: Instant,
    since_epoch: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { begun: Instant::now(), since_epoch }
    }

    fn nanos(&self, time: Instant) -> u64 {
        let time = self.since_epoch + time.saturating_duration_since(self.begun);
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Writer {
    /// Begins a file, which is empty.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub(crate) fn new(file: File, path: &Path, rate: f64) -> Result<Self> {
        let refused = |error| Error::file("write", path, error);
        let clock = Clock::start();
        let mcap = WriteOptions::new()
            .profile("ros1")
            .library(concat!("filemap ", env!("CARGO_PKG_VERSION")))
            .compression(Some(Compression::Zstd))
            .compression_level(1)
            .compression_threads(0)
            // Chunks are in memory until they are whole: a kill leaves none that is half written.
            .disable_seeking(true)
            .chunk_size(Some(2 * CHUNK as u64))
            .create(BufWriter::with_capacity(1 << 16, file.try_clone().map_err(refused)?));
        let mut writer = Self {
            path: path.to_owned(),
            mcap: mcap.map_err(|error| Error::file("write", path, reason(error)))?,
            file,
            clock,
            batch: Vec::new(),
            bytes: Vec::new(),
            pending: 0,
            since: None,
            frames: 0,
            kept: 0,
            kept_until: None,
            len: 0,
        };
        writer.tell(key::BEGIN, &[(key::RATE, rate.to_string())], clock.begun)?;
        Ok(writer)
    }

    /// Writes facts, with the time.
    fn tell(&mut self, name: &str, facts: &[(&str, String)], now: Instant) -> Result<()> {
        let facts = facts.iter().map(|(key, fact)| ((*key).to_owned(), fact.clone()));
        let time = (key::TIME.to_owned(), self.clock.nanos(now).to_string());
        let metadata = Metadata { name: name.to_owned(), metadata: facts.chain([time]).collect() };
        let written = self.mcap.write_metadata(&metadata);
        written.map_err(|error| self.failure(error))
    }

    /// Attaches a file.
    pub(crate) fn attach(&mut self, name: &str, media_type: &str, content: &[u8]) -> Result<()> {
        let time = self.clock.nanos(Instant::now());
        let attachment = Attachment {
            log_time: time,
            create_time: time,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            data: content.into(),
        };
        let written = self.mcap.attach(&attachment);
        written.map_err(|error| self.failure(error))
    }

    /// Adds a channel for frames of a name, or for its torn ones, and returns its number.
    pub(crate) fn add_channel(
        &mut self,
        name: &Name,
        schema: &Schema,
        facts: &[(&str, String)],
        is_torn: bool,
    ) -> Result<u16> {
        let facts = facts.iter().map(|(key, fact)| ((*key).to_owned(), fact.clone()));
        let mut facts: BTreeMap<_, _> = facts.collect();
        let mut topic = name.to_string().replace('\\', "/");
        if is_torn {
            topic.push_str("/torn");
            facts.insert(key::TORN.to_owned(), "yes".to_owned());
        }
        facts.insert(key::NAME.to_owned(), name.to_string());
        let mcap = &mut self.mcap;
        let added = mcap
            .add_schema(&schema.name, "ros1msg", schema.text.as_bytes())
            .and_then(|schema| mcap.add_channel(schema, &topic, "ros1", &facts));
        added.map_err(|error| self.failure(error))
    }

    /// Writes a frame.
    pub(crate) fn write(
        &mut self,
        channel: u16,
        look: u64,
        now: Instant,
        bytes: &[u8],
    ) -> Result<()> {
        if self.pending > 0 && self.pending + bytes.len() > CHUNK {
            self.flush()?;
        }
        let time = self.clock.nanos(now);
        #[expect(clippy::cast_possible_truncation, reason = "a number that goes round")]
        let sequence = look as u32;
        let header =
            MessageHeader { channel_id: channel, sequence, log_time: time, publish_time: time };
        self.batch.push((header, bytes.len()));
        self.bytes.extend_from_slice(bytes);
        self.pending += bytes.len();
        self.frames += 1;
        self.since.get_or_insert(now);
        if self.bytes.len() >= BATCH { self.compress() } else { Ok(()) }
    }

    /// Compresses the frames that are not yet.
    fn compress(&mut self) -> Result<()> {
        let mut rest = self.bytes.as_slice();
        let mut written = Ok(());
        for (header, len) in self.batch.drain(..) {
            let (bytes, after) = rest.split_at(len);
            rest = after;
            written = written.and_then(|()| self.mcap.write_to_known_channel(&header, bytes));
        }
        self.bytes.clear();
        written.map_err(|error| self.failure(error))
    }

    /// Brings what is pending to the file, if it would be too old at `next`.
    pub(crate) fn flush_before(&mut self, next: Instant) -> Result<()> {
        match self.since {
            Some(since) if next.saturating_duration_since(since) > PATIENCE => self.flush(),
            _ => Ok(()),
        }
    }

    /// Brings what is pending to the file.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.compress()?;
        let flushed = self.mcap.flush();
        flushed.map_err(|error| self.failure(error))?;
        self.keep();
        Ok(())
    }

    fn keep(&mut self) {
        (self.pending, self.since, self.kept) = (0, None, self.frames);
        self.kept_until = Some(self.clock.begun.elapsed());
        self.len = self.file.metadata().map_or(self.len, |metadata| metadata.len());
    }

    /// Returns how many bytes are in the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Ends the file in order.
    pub(crate) fn finish(mut self, looks: u64, lost: u64) -> Result<u64> {
        self.flush()?;
        let facts = [(key::LOOKS, looks.to_string()), (key::LOST, lost.to_string())];
        self.tell(key::END, &facts, Instant::now())?;
        let finished = self.mcap.finish();
        finished.map_err(|error| self.failure(error))?;
        let Self { mcap, path, file, .. } = self;
        let refused = |error| Error::file("write", &path, error);
        mcap.into_inner().flush().map_err(refused)?;
        Ok(file.metadata().map_err(refused)?.len())
    }

    fn failure(&self, error: McapError) -> Error {
        let attempt = format!("could not write `{}`", self.path.display());
        let kept = match (self.kept, self.kept_until) {
            (0, _) | (_, None) => "nothing is kept".to_owned(),
            (frames, Some(time)) => {
                format!("{frames} frames of the first {:.1} s are kept", time.as_secs_f64())
            }
        };
        Error::File { attempt, source: reason(error), kept: Some(kept) }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Returns what the system says.
fn reason(error: McapError) -> io::Error {
    match error {
        McapError::Io(error) => error,
        other => io::Error::other(other),
    }
}
