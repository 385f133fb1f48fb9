//! A recording: a file that is read, whether it was ended in order or not.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use filemap::{MappedFile, PositionedIo as _};
use filemap_layout::Layout;

use crate::channel::{Channel, key};
use crate::chunk::{self, Chunk};
use crate::content::Content;
use crate::error::{Error, Result};
use crate::frame::Frames;
use crate::record::{
    AttachmentRecord, Bytes, ChannelRecord, HEAD, MAGIC, MessageRecord, MetadataRecord,
    SchemaRecord, kind,
};

/// The most bytes of an attachment or of metadata that are read.
const LONGEST_TEXT: u64 = 1 << 24;

/// The most bytes that all channels, attachments and metadata may have.
const MOST_TEXT: usize = 1 << 26;

/// A recording that was opened for reading.
///
/// A file that was not ended in order, because its recorder was killed or its disk was full, is read as
/// far as it goes: whole chunks. One that is damaged is left out, and [`damage`](Self::damage) says so.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    content: Content,
    attachments: Vec<AttachmentRecord>,
    begin: BTreeMap<String, String>,
    end: Option<BTreeMap<String, String>>,
    is_complete: bool,
    damage: Vec<String>,
    /// Channels that the end of the file repeats, for those whose own chunk is damaged.
    repeated: HashMap<u16, ChannelRecord>,
    /// How many more bytes of text are read.
    room: usize,
}

impl Recording {
    /// Opens a file and looks through all of it.
    ///
    /// # Errors
    ///
    /// [`Error::Mapping`] if the file cannot be opened; [`Error::Content`] if it is no MCAP file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = MappedFile::options().read_only().must_exist().open(path)?;
        let mut recording = Self {
            path: path.to_owned(),
            content: Content {
                file,
                chunks: Vec::new(),
                channels: Vec::new(),
                places: HashMap::new(),
            },
            attachments: Vec::new(),
            begin: BTreeMap::new(),
            end: None,
            is_complete: false,
            damage: Vec::new(),
            repeated: HashMap::new(),
            room: MOST_TEXT,
        };
        let mut schemas = HashMap::new();
        recording.find_chunks(&mut schemas)?;
        let chunks = recording.content.chunks.clone();
        for chunk in &chunks {
            let surveyed = recording
                .content
                .unpack(chunk)
                .and_then(|bytes| recording.survey(&bytes, &mut schemas));
            if let Err(why) = surveyed {
                recording.damage.push(format!("the chunk at offset {}: {why}", chunk.offset));
            }
        }
        Ok(recording)
    }

    /// Returns whether a file begins as a recording does.
    #[must_use]
    pub fn is_one(path: impl AsRef<Path>) -> bool {
        use std::io::Read as _;
        let path = path.as_ref();
        // Opening a pipe would block until its other end is opened.
        if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return false;
        }
        let mut first = [0; MAGIC.len()];
        let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first));
        read.is_ok() && first == *MAGIC
    }

    /// Returns the path by which it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the length of the file in bytes.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn len(&self) -> Result<u64> {
        Ok(self.content.file.len()?)
    }

    /// Returns whether it has no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content.channels.iter().all(|channel| channel.frames == 0)
    }

    /// Returns its channels, in the order in which they appear.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.content.channels
    }

    /// Returns the layout of a channel's bytes, if one is attached that can be read.
    #[must_use]
    pub fn layout(&self, channel: &Channel) -> Option<Layout> {
        let file = channel.metadata(key::LAYOUT)?;
        let found = self.attachments.iter().find(|attachment| attachment.name == file)?;
        let layout = Layout::from_toml(str::from_utf8(&found.content).ok()?).ok()?;
        Some(layout).filter(|layout| layout.size() <= channel.size())
    }

    /// Returns how many times a second the recorder looked, if a recorder of this crate wrote it.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.begin.get(key::RATE)?.parse().ok()
    }

    /// Returns whether it was ended in order. If not, its last two seconds may be missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns how often the recorder looked, and how many looks it lost, because it was late. They are
    /// known if the recording was ended in order.
    #[must_use]
    pub fn looks(&self) -> Option<(u64, u64)> {
        let end = self.end.as_ref()?;
        Some((end.get(key::LOOKS)?.parse().ok()?, end.get(key::LOST)?.parse().ok()?))
    }

    /// Returns what is damaged, and left out.
    #[must_use]
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// Returns when it was begun, since 1970.
    #[must_use]
    pub fn start(&self) -> Duration {
        let first = self
            .content
            .channels
            .iter()
            .filter_map(|channel| channel.times)
            .map(|times| times.0)
            .min();
        let said = time_of(&self.begin);
        Duration::from_nanos(said.into_iter().chain(first).min().unwrap_or(0))
    }

    /// Returns when it was ended, since 1970; the time of the last frame if it was not ended in order.
    #[must_use]
    pub fn end(&self) -> Duration {
        let last = self
            .content
            .channels
            .iter()
            .filter_map(|channel| channel.times)
            .map(|times| times.1)
            .max();
        let said = self.end.as_ref().and_then(time_of);
        Duration::from_nanos(said.into_iter().chain(last).max().unwrap_or(0)).max(self.start())
    }

    /// Returns its frames, in the order in which they are stored.
    #[must_use]
    pub fn frames(&self) -> Frames<'_> {
        Frames::new(&self.content)
    }

    /// Finds the chunks of the file, and what stands beside them.
    fn find_chunks(&mut self, schemas: &mut Schemas) -> Result<()> {
        let len = self.content.file.len()?;
        let magic = self.read(0, MAGIC.len() as u64)?;
        if magic != *MAGIC {
            return Err(Error::content(&self.path, "it is no MCAP file"));
        }
        let mut at = MAGIC.len() as u64;
        while let Some((kind, offset, end)) = self.record_at(at, len)? {
            match kind {
                kind::CHUNK => {
                    let before = self.read(offset, chunk::BEFORE.min(end - offset))?;
                    match Chunk::parse(&before, offset, end) {
                        Some(chunk) => self.content.chunks.push(chunk),
                        None => {
                            self.damage
                                .push(format!("the chunk at offset {offset}: it has no end"));
                        }
                    }
                }
                kind::ATTACHMENT | kind::METADATA if end - offset <= LONGEST_TEXT => {
                    let content = self.read(offset, end - offset)?;
                    self.note(kind, &content);
                }
                kind::MESSAGE => {
                    return Err(Error::content(&self.path, "its messages are in no chunks"));
                }
                // What follows repeats what there was, for who reads the end first.
                kind::DATA_END => {
                    let last =
                        self.read(len.saturating_sub(MAGIC.len() as u64), MAGIC.len() as u64)?;
                    self.is_complete = last == *MAGIC;
                    return self.find_end(end, len, schemas);
                }
                _ => {}
            }
            at = end;
        }
        Ok(())
    }

    /// Reads which channels the end repeats, and looks whether anything stands after it, such as another
    /// recording: that is left out.
    fn find_end(&mut self, from: u64, len: u64, schemas: &mut Schemas) -> Result<()> {
        let mut at = from;
        while let Some((kind, offset, end)) = self.record_at(at, len)? {
            at = end;
            if matches!(kind, kind::SCHEMA | kind::CHANNEL) && end - offset <= self.room as u64 {
                let content = self.read(offset, end - offset)?;
                self.room -= content.len();
                if kind == kind::SCHEMA {
                    let schema = SchemaRecord::parse(Bytes(&content));
                    schemas.extend(schema.map(|schema| (schema.id, schema)));
                } else {
                    let channel = ChannelRecord::parse(Bytes(&content));
                    self.repeated.extend(channel.map(|channel| (channel.id, channel)));
                }
            }
            if kind == kind::FOOTER {
                let end = at + MAGIC.len() as u64;
                if end < len {
                    self.damage.push(format!("{} bytes after its end, at offset {end}", len - end));
                }
                break;
            }
        }
        Ok(())
    }

    /// Returns the kind of the record at this offset, and where its content begins and ends, if it is
    /// whole.
    fn record_at(&self, at: u64, len: u64) -> Result<Option<(u8, u64, u64)>> {
        let offset = at + HEAD as u64;
        if offset > len {
            return Ok(None);
        }
        let head = self.read(at, HEAD as u64)?;
        let mut head = Bytes(&head);
        let (Some(kind), Some(content)) = (head.u8(), head.u64()) else { return Ok(None) };
        let end = offset.checked_add(content).filter(|end| *end <= len && kind != 0);
        Ok(end.map(|end| (kind, offset, end)))
    }

    fn read(&self, offset: u64, count: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        let read = self.content.file.read_at(&mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Takes an attachment or metadata to the record, if there is room.
    fn note(&mut self, kind: u8, content: &[u8]) {
        let Some(room) = self.room.checked_sub(content.len()) else {
            self.damage.push("there is more text than is read".to_owned());
            return;
        };
        self.room = room;
        if kind == kind::ATTACHMENT {
            self.attachments.extend(AttachmentRecord::parse(Bytes(content)));
        } else if let Some(metadata) = MetadataRecord::parse(Bytes(content)) {
            match metadata.name.as_str() {
                key::BEGIN => self.begin = metadata.facts,
                key::END => self.end = Some(metadata.facts),
                _ => {}
            }
        }
    }

    /// Learns from the bytes of a chunk which channels there are, and counts their frames.
    fn survey(&mut self, bytes: &[u8], schemas: &mut Schemas) -> Result<(), String> {
        let mut rest = Bytes(bytes);
        while !rest.0.is_empty() {
            let (kind, content) = rest.record().ok_or("a record in it has no end")?;
            let broken = || format!("a record in it, of the kind {kind}, is broken");
            if matches!(kind, kind::SCHEMA | kind::CHANNEL) {
                let room = self.room.checked_sub(content.0.len());
                self.room = room.ok_or("there is more text than is read")?;
            }
            match kind {
                kind::SCHEMA => {
                    let schema = SchemaRecord::parse(content).ok_or_else(broken)?;
                    schemas.insert(schema.id, schema);
                }
                kind::CHANNEL => {
                    let record = ChannelRecord::parse(content).ok_or_else(broken)?;
                    self.add_channel(record, schemas);
                }
                kind::MESSAGE => {
                    let message = MessageRecord::parse(content).ok_or_else(broken)?;
                    if let Some(record) = self.repeated.remove(&message.channel) {
                        self.add_channel(record, schemas);
                    }
                    let place = self.content.places.get(&message.channel);
                    let place = *place.ok_or("a message in it is of no channel")?;
                    self.content.channels[place].count(message.time, message.bytes.len());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds a channel, unless it is there.
    fn add_channel(&mut self, record: ChannelRecord, schemas: &Schemas) {
        if !self.content.places.contains_key(&record.id) {
            self.content.places.insert(record.id, self.content.channels.len());
            let schema = schemas.get(&record.schema).cloned();
            self.content.channels.push(Channel::new(record, schema));
        }
    }
}

/// What messages are, by the numbers of schemas in the file.
type Schemas = HashMap<u16, SchemaRecord>;

/// Returns the time that facts of the file tell.
fn time_of(facts: &BTreeMap<String, String>) -> Option<u64> {
    facts.get(key::TIME)?.parse().ok()
}
