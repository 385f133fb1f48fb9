//! A chunk: messages that were compressed together, with a checksum.

use std::io::Read as _;

use crate::record::Bytes;

/// The most bytes that a chunk may unpack to. A frame is 256 MiB at most, and in a chunk of its own then.
pub(crate) const MOST: u64 = (1 << 28) + (1 << 24);

/// Where a chunk is, and what it says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// The time of its last message.
    pub(crate) end: u64,
    unpacked: u64,
    checksum: u32,
    compression: String,
    /// Where its bytes are in the file, and how many.
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// How many bytes stand before those of a chunk at most, if what it is compressed by has a name of a
/// reasonable length.
pub(crate) const BEFORE: u64 = 40 + 32;

impl Chunk {
    /// Takes what stands before the bytes of a chunk, whose record has its content at `offset` and ends
    /// at `end`.
    pub(crate) fn parse(bytes: &[u8], offset: u64, end: u64) -> Option<Self> {
        let mut rest = Bytes(bytes);
        let (_start, last) = (rest.u64()?, rest.u64()?);
        let (unpacked, checksum) = (rest.u64()?, rest.u32()?);
        let compression = rest.text()?.to_owned();
        let len = rest.u64()?;
        let offset = offset + (bytes.len() - rest.0.len()) as u64;
        let fits = offset.checked_add(len).is_some_and(|stop| stop <= end);
        fits.then_some(Self { end: last, unpacked, checksum, compression, offset, len })
    }

    /// Returns how many bytes are to be read for it.
    ///
    /// # Errors
    ///
    /// If they are more than those of any chunk that is unpacked.
    pub(crate) fn packed(&self) -> Result<usize, String> {
        // What cannot be made shorter is a little longer when it is compressed.
        let most = MOST + MOST / 128;
        match usize::try_from(self.len) {
            Ok(len) if self.len <= most => Ok(len),
            _ => Err(format!("it is packed in {} bytes, and {most} are the most", self.len)),
        }
    }

    /// Unpacks its bytes.
    ///
    /// # Errors
    ///
    /// Why it is not what it says.
    pub(crate) fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        if self.unpacked > MOST {
            return Err(format!("it has {} bytes, and {MOST} are the most", self.unpacked));
        }
        match self.compression.as_str() {
            "" => bytes.extend_from_slice(packed),
            "zstd" => {
                // As long as it is, and not as it says.
                zstd::stream::read::Decoder::with_buffer(packed)
                    .and_then(|unpacker| unpacker.take(self.unpacked + 1).read_to_end(&mut bytes))
                    .map_err(|error| format!("it cannot be unpacked: {error}"))?;
            }
            other => return Err(format!("it is compressed by `{other}`, and not by `zstd`")),
        }
        if bytes.len() as u64 != self.unpacked {
            return Err("its length is another one than it says".to_owned());
        }
        // Zero stands for none.
        if self.checksum != 0 && self.checksum != crc32fast::hash(&bytes) {
            return Err("its checksum is wrong".to_owned());
        }
        Ok(bytes)
    }
}
