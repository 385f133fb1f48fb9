//! The records of an MCAP file, taken from bytes that may say anything.
//!
//! <https://mcap.dev/spec> has them. What is not whole is `None`, and nothing is taken at its word
//! about how long it is.

use std::collections::BTreeMap;

/// What a file begins with, and ends with if it was ended in order.
pub(crate) const MAGIC: &[u8; 8] = b"\x89MCAP0\r\n";

/// The kind of a record and its length.
pub(crate) const HEAD: usize = 9;

/// The kinds of records that mean something here.
pub(crate) mod kind {
    pub(crate) const FOOTER: u8 = 0x02;
    pub(crate) const SCHEMA: u8 = 0x03;
    pub(crate) const CHANNEL: u8 = 0x04;
    pub(crate) const MESSAGE: u8 = 0x05;
    pub(crate) const CHUNK: u8 = 0x06;
    pub(crate) const ATTACHMENT: u8 = 0x09;
    pub(crate) const METADATA: u8 = 0x0c;
    pub(crate) const DATA_END: u8 = 0x0f;
}

/// Bytes that are taken from the front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.u32()?).ok()?;
        str::from_utf8(self.take(len)?).ok()
    }

    fn map(&mut self) -> Option<BTreeMap<String, String>> {
        let len = usize::try_from(self.u32()?).ok()?;
        let mut entries = Bytes(self.take(len)?);
        let mut map = BTreeMap::new();
        while !entries.0.is_empty() {
            map.insert(entries.text()?.to_owned(), entries.text()?.to_owned());
        }
        Some(map)
    }

    /// Takes the next record: its kind and its content.
    pub(crate) fn record(&mut self) -> Option<(u8, Bytes<'a>)> {
        let kind = self.u8()?;
        let len = usize::try_from(self.u64()?).ok()?;
        Some((kind, Bytes(self.take(len)?)))
    }
}

/// What the messages of a channel are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaRecord {
    pub(crate) id: u16,
    pub(crate) name: String,
    pub(crate) encoding: String,
    pub(crate) text: Vec<u8>,
}

impl SchemaRecord {
    pub(crate) fn parse(mut bytes: Bytes<'_>) -> Option<Self> {
        let id = bytes.u16()?;
        let (name, encoding) = (bytes.text()?.to_owned(), bytes.text()?.to_owned());
        let len = usize::try_from(bytes.u32()?).ok()?;
        Some(Self { id, name, encoding, text: bytes.take(len)?.to_vec() })
    }
}

/// A stream of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelRecord {
    pub(crate) id: u16,
    pub(crate) schema: u16,
    pub(crate) topic: String,
    pub(crate) encoding: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl ChannelRecord {
    pub(crate) fn parse(mut bytes: Bytes<'_>) -> Option<Self> {
        Some(Self {
            id: bytes.u16()?,
            schema: bytes.u16()?,
            topic: bytes.text()?.to_owned(),
            encoding: bytes.text()?.to_owned(),
            metadata: bytes.map()?,
        })
    }
}

/// A message: here, the bytes of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageRecord<'a> {
    pub(crate) channel: u16,
    pub(crate) sequence: u32,
    pub(crate) time: u64,
    pub(crate) bytes: &'a [u8],
}

impl<'a> MessageRecord<'a> {
    pub(crate) fn parse(mut bytes: Bytes<'a>) -> Option<Self> {
        let (channel, sequence, time) = (bytes.u16()?, bytes.u32()?, bytes.u64()?);
        bytes.u64()?;
        Some(Self { channel, sequence, time, bytes: bytes.0 })
    }
}

/// A file within the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachmentRecord {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl AttachmentRecord {
    pub(crate) fn parse(mut bytes: Bytes<'_>) -> Option<Self> {
        bytes.u64()?;
        bytes.u64()?;
        let name = bytes.text()?.to_owned();
        bytes.text()?;
        let len = usize::try_from(bytes.u64()?).ok()?;
        Some(Self { name, content: bytes.take(len)?.to_vec() })
    }
}

/// Facts with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetadataRecord {
    pub(crate) name: String,
    pub(crate) facts: BTreeMap<String, String>,
}

impl MetadataRecord {
    pub(crate) fn parse(mut bytes: Bytes<'_>) -> Option<Self> {
        Some(Self { name: bytes.text()?.to_owned(), facts: bytes.map()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_the_end_is_no_record() {
        let mut long = vec![kind::MESSAGE];
        long.extend(u64::MAX.to_le_bytes());
        assert!(Bytes(&long).record().is_none());
        assert_eq!(Bytes(&[0xff; 4]).text(), None);
        assert_eq!(MessageRecord::parse(Bytes(&[0; 21])), None);
    }

    #[test]
    fn a_message_is_taken_apart() {
        let mut bytes = vec![kind::MESSAGE, 24, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0];
        bytes.extend(3_u64.to_le_bytes());
        bytes.extend(4_u64.to_le_bytes());
        bytes.extend(b"ab");
        let (kind, content) = Bytes(&bytes).record().unwrap();
        let expected = MessageRecord { channel: 1, sequence: 2, time: 3, bytes: b"ab" };
        assert_eq!((kind, MessageRecord::parse(content)), (kind::MESSAGE, Some(expected)));
    }
}
