//! What a recording consists of: chunks in a file, and the channels in them.

use std::collections::HashMap;

use filemap::{MappedFile, PositionedIo as _};

use crate::channel::Channel;
use crate::chunk::Chunk;

/// Chunks in a file, and the channels in them.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) file: MappedFile,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) channels: Vec<Channel>,
    /// The places of channels in that list, by their number in the file.
    pub(crate) places: HashMap<u16, usize>,
}

impl Content {
    /// Unpacks a chunk.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, or is not what it says.
    pub(crate) fn unpack(&self, chunk: &Chunk) -> Result<Vec<u8>, String> {
        let mut packed = vec![0; chunk.packed()?];
        let read = self.file.read_exact_at(&mut packed, chunk.offset);
        read.map_err(|error| error.to_string())?;
        chunk.unpack(&packed)
    }
}
