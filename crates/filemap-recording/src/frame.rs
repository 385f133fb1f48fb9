//! The frames of a recording, one after another.

use std::ops::Range;
use std::time::Duration;

use crate::channel::Channel;
use crate::content::Content;
use crate::record::{Bytes, MessageRecord, kind};

/// The bytes of a mapping at a point in time.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The channel, with the name of the mapping.
    pub channel: &'a Channel,
    /// The place of the channel in [`Recording::channels`](crate::Recording::channels).
    pub place: usize,
    /// When the recorder looked, since 1970.
    pub time: Duration,
    /// The number of that look. Where one is missing, nothing had changed.
    pub look: u32,
    /// All bytes of the mapping.
    pub bytes: &'a [u8],
}

/// The frames of a recording; [`Recording::frames`](crate::Recording::frames) returns them.
#[derive(Debug)]
pub struct Frames<'r> {
    content: &'r Content,
    /// The chunk after the one that is unpacked.
    next: usize,
    unpacked: Vec<u8>,
    at: usize,
    /// The time until which frames have been told.
    after: Option<u64>,
}

/// Where a message is in a chunk that is unpacked.
#[derive(Debug, Clone)]
struct Place {
    channel: usize,
    time: u64,
    look: u32,
    bytes: Range<usize>,
}

impl<'r> Frames<'r> {
    pub(crate) fn new(content: &'r Content) -> Self {
        Self { content, next: 0, unpacked: Vec::new(), at: 0, after: None }
    }

    /// Unpacks what comes first, so that the first frame takes no longer than others.
    pub(crate) fn prepare(&mut self) {
        if self.unpacked.is_empty() {
            self.load(self.next);
        }
    }

    /// Returns the next frame, or `None` after the last one.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        let place = loop {
            match self.next_place() {
                Some(place) if self.after.is_some_and(|told| place.time <= told) => {}
                Some(place) => break place,
                None => self.load(self.next)?,
            }
        };
        Some(self.frame(&place))
    }

    /// Calls `each` with the last frame of each name until `time`, since 1970, and goes on after it: with
    /// these, everything is as it was then.
    pub fn skip_to(&mut self, time: Duration, mut each: impl FnMut(Frame<'_>)) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let chunks = &self.content.chunks;
        let first_after = chunks.iter().position(|chunk| chunk.end > time).unwrap_or(chunks.len());
        let mut missing: Vec<_> =
            self.content.channels.iter().map(|channel| !channel.is_torn()).collect();
        for index in (0..chunks.len().min(first_after + 1)).rev() {
            if !missing.contains(&true) {
                break;
            }
            if self.load(index).is_none() {
                continue;
            }
            let mut last = vec![None; missing.len()];
            while let Some(place) = self.next_place() {
                if place.time <= time {
                    let channel = place.channel;
                    last[channel] = Some(place);
                }
            }
            for place in last.into_iter().flatten() {
                if std::mem::take(&mut missing[place.channel]) {
                    each(self.frame(&place));
                }
            }
        }
        (self.next, self.after) = (first_after, Some(time));
        self.unpacked.clear();
    }

    fn frame(&self, place: &Place) -> Frame<'_> {
        Frame {
            channel: &self.content.channels[place.channel],
            place: place.channel,
            time: Duration::from_nanos(place.time),
            look: place.look,
            bytes: &self.unpacked[place.bytes.clone()],
        }
    }

    /// Unpacks a chunk, or an empty one in place of one that is damaged, and is at its start. There may be
    /// none with this number.
    fn load(&mut self, index: usize) -> Option<()> {
        let chunk = self.content.chunks.get(index)?;
        self.unpacked = self.content.unpack(chunk).unwrap_or_default();
        (self.next, self.at) = (index + 1, 0);
        Some(())
    }

    /// Returns where the next message of the chunk is that is unpacked.
    fn next_place(&mut self) -> Option<Place> {
        loop {
            let mut rest = Bytes(self.unpacked.get(self.at..)?);
            let (kind, content) = rest.record()?;
            let end = self.unpacked.len() - rest.0.len();
            self.at = end;
            if kind != kind::MESSAGE {
                continue;
            }
            let Some(message) = MessageRecord::parse(content) else { continue };
            let Some(channel) = self.content.places.get(&message.channel) else { continue };
            let bytes = end - message.bytes.len()..end;
            let (time, look) = (message.time, message.sequence);
            return Some(Place { channel: *channel, time, look, bytes });
        }
    }
}
