//! The header of an object, which tells a whole object from all else.
//!
//! ```text
//! byte   0       4         5       6       7      8        16            20           24
//!        | magic | version | codec | state | zero | length | payload CRC | header CRC | payload
//! ```
//!
//! Numbers are little-endian and the checksums are CRC-32C. The first 24 bytes keep this layout
//! in all versions, so that a later version is told from damage. The header's checksum covers
//! the 20 bytes before it.
//!
//! The state is one byte, because one byte cannot be written by half. It says "being written"
//! before any other byte changes and "complete" after all others are in place; whatever stops a
//! writer in between leaves an object that says so. The checksums are for what the state cannot
//! show: damage, and a reader that meets a writer.

use std::fmt;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::file::MappedFile;
use crate::model::PositionedIo as _;
use crate::types::{Error, ErrorKind, Operation, Result};

/// The first byte is no text and no UTF-8, so that no text file looks like an object.
pub(super) const MAGIC: [u8; 4] = *b"\x9AFMO";
const VERSION: u8 = 1;

/// Which codec made the bytes of an object, by its number; its name is for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    pub(super) number: u8,
    pub(super) name: Option<&'static str>,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "{name} (codec {})", self.number),
            None => write!(f, "codec {}", self.number),
        }
    }
}

pub(super) const BEING_WRITTEN: u8 = 0x57;
pub(super) const COMPLETE: u8 = 0xC6;

pub(super) const HEADER: usize = size_of::<Header>();
pub(super) const STATE_AT: u64 = 6;
pub(super) const LENGTH_AT: usize = 8;

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct Header {
    magic: [u8; 4],
    version: u8,
    codec: u8,
    state: u8,
    zero: u8,
    pub(super) length: U64,
    pub(super) payload_checksum: U32,
    header_checksum: U32,
}

impl Header {
    /// Returns the header of a complete object.
    pub(super) fn new(format: Format, length: u64, payload_checksum: u32) -> Self {
        let mut header = Self {
            magic: MAGIC,
            version: VERSION,
            codec: format.number,
            state: COMPLETE,
            zero: 0,
            length: length.into(),
            payload_checksum: payload_checksum.into(),
            header_checksum: U32::ZERO,
        };
        header.header_checksum = header.checksum().into();
        header
    }

    /// Returns the header of the same object while it is being written.
    pub(super) fn begun(self) -> Self {
        Self { state: BEING_WRITTEN, ..self }
    }

    fn checksum(&self) -> u32 {
        crc32c::crc32c(&self.as_bytes()[..HEADER - size_of::<U32>()])
    }

    /// Reads the header of a complete object of this codec.
    ///
    /// # Errors
    ///
    /// What is there instead, by its kind.
    pub(super) fn read(file: &MappedFile, offset: u64, format: Format) -> Result<Self> {
        let mut header = Self::new_zeroed();
        let found = file.read_at(header.as_mut_bytes(), offset)?;
        let magic = found.min(MAGIC.len());
        if magic == 0 || header.magic[..magic] != MAGIC[..magic] {
            return Err(failed(ErrorKind::NoObject)
                .because(format!("there is no object at offset {offset}")));
        }
        if found < HEADER {
            return Err(truncated(offset));
        }
        if header.state == BEING_WRITTEN {
            return Err(failed(ErrorKind::TornObject).because(format!(
                "the object at offset {offset} is being written, or its writer never finished"
            )));
        }
        if header.header_checksum.get() != header.checksum() || header.state != COMPLETE {
            return Err(failed(ErrorKind::CorruptObject)
                .because(format!("the header of the object at offset {offset} is damaged")));
        }
        if header.version != VERSION || header.zero != 0 {
            return Err(failed(ErrorKind::ForeignObject).because(format!(
                "the object at offset {offset} is in version {} of the format, and {VERSION} is \
                 what is known here",
                header.version
            )));
        }
        if header.codec != format.number {
            return Err(failed(ErrorKind::ForeignObject).because(format!(
                "the object at offset {offset} was written by codec {}, not by {format}",
                header.codec
            )));
        }
        Ok(header)
    }
}

#[cold]
pub(super) fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, Operation::ReadObject)
}

#[cold]
pub(super) fn truncated(offset: u64) -> Error {
    failed(ErrorKind::TruncatedObject)
        .because(format!("the file ends inside the object at offset {offset}"))
}
