//! A channel of a recording: the frames of a name, as long as its size is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::{ChannelRecord, SchemaRecord};

/// What the metadata of channels and of the file have, by their keys.
pub(crate) mod key {
    /// The name of the mapping.
    pub(crate) const NAME: &str = "filemap.name";
    /// Its size in bytes.
    pub(crate) const SIZE: &str = "filemap.size";
    /// Whether its frames are those that stayed torn.
    pub(crate) const TORN: &str = "filemap.torn";
    /// The name of the attachment with the layout.
    pub(crate) const LAYOUT: &str = "filemap.layout";
    /// Metadata that the recording begins with, and that it ends with.
    pub(crate) const BEGIN: &str = "filemap.begin";
    pub(crate) const END: &str = "filemap.end";
    /// Looks a second.
    pub(crate) const RATE: &str = "rate";
    /// Nanoseconds since 1970.
    pub(crate) const TIME: &str = "time";
    pub(crate) const LOOKS: &str = "looks";
    pub(crate) const LOST: &str = "lost";
}

/// The frames of a name, as long as its size is the same; those that stayed torn are another channel.
#[derive(Debug, Clone)]
pub struct Channel {
    /// The name of the mapping.
    name: String,
    topic: String,
    encoding: String,
    schema: Option<SchemaRecord>,
    metadata: BTreeMap<String, String>,
    pub(crate) frames: u64,
    pub(crate) times: Option<(u64, u64)>,
    pub(crate) longest: usize,
}

impl Channel {
    pub(crate) fn new(record: ChannelRecord, schema: Option<SchemaRecord>) -> Self {
        let ChannelRecord { topic, encoding, metadata, .. } = record;
        let name = metadata.get(key::NAME).cloned().unwrap_or_else(|| name_of(&topic));
        Self { name, topic, encoding, schema, metadata, frames: 0, times: None, longest: 0 }
    }

    /// Returns the name of the mapping: as it was recorded, or the topic of a file that is of another
    /// program, where `Local/` and `Global/` stand for `Local\` and `Global\`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the topic under which other programs show the channel.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Returns the size of the mapping: that of its frames.
    #[must_use]
    pub fn size(&self) -> u64 {
        let said = self.metadata.get(key::SIZE).and_then(|size| size.parse().ok());
        said.unwrap_or(self.longest as u64)
    }

    /// Returns whether its frames are those that somebody wrote while they were read, however often.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.metadata.contains_key(key::TORN)
    }

    /// Returns what its messages are: the encoding, the name of the schema and its text.
    #[must_use]
    pub fn schema(&self) -> (&str, &str, &[u8]) {
        let schema = self.schema.as_ref();
        schema.map_or((&self.encoding, "", &[]), |schema| {
            (&self.encoding, &schema.name, &schema.text)
        })
    }

    /// Returns a fact of the channel that a program has written.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Returns how many frames it has: changes, since what did not change is not stored.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Returns the times of its first and its last frame, since 1970.
    #[must_use]
    pub fn times(&self) -> Option<(Duration, Duration)> {
        self.times.map(|(first, last)| (Duration::from_nanos(first), Duration::from_nanos(last)))
    }

    /// Counts a frame.
    pub(crate) fn count(&mut self, time: u64, len: usize) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
        self.frames += 1;
        self.longest = self.longest.max(len);
    }
}

/// Returns the name that a topic stands for: topics have `/` in place of `\`.
fn name_of(topic: &str) -> String {
    match topic.split_once('/') {
        Some((scope @ ("Local" | "Global"), name)) => format!("{scope}\\{name}"),
        _ => topic.to_owned(),
    }
}
