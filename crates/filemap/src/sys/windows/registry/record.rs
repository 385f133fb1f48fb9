//! What is kept about a name that the kernel does not tell.

use std::ffi::OsString;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::sys::Content;
use crate::sys::platform::file::Identity;
use crate::types::{Attributes, Permissions, Protection};

/// What a record tells. It is read as what anybody may have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) protection: Protection,
    pub(super) attributes: Attributes,
    /// Bytes; 0 if the mapping is as long as its file.
    pub(super) size: u64,
    pub(super) content: Content,
    /// Which file it is, if it is one.
    pub(super) identity: Identity,
    pub(super) permissions: Permissions,
    /// The process that made it.
    pub(super) creator: u32,
    pub(super) created: SystemTime,
}

const MAGIC: &[u8; 8] = b"filemap\n";
const VERSION: u32 = 1;
/// Bytes before the path.
const FIXED: usize = 72;
/// The most units that a path has.
const LONGEST: usize = 32768;
/// The most bytes that a record has.
pub(super) const MOST: usize = FIXED + 2 * LONGEST;
const CHECKSUM: std::ops::Range<usize> = 12..16;

impl Record {
    /// The record as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let path: Vec<u16> = match &self.content {
            Content::File(path) => path.as_os_str().encode_wide().take(LONGEST).collect(),
            Content::Memory | Content::Held => Vec::new(),
        };
        let since = self.created.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let nanoseconds = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let word = Protection::ALL.iter().position(|each| *each == self.protection);
        let mut bytes = Vec::with_capacity(FIXED + 2 * path.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(nanoseconds.to_le_bytes());
        bytes.extend(self.creator.to_le_bytes());
        bytes.extend(self.permissions.mode().to_le_bytes());
        bytes.extend(self.attributes.bits().to_le_bytes());
        bytes.push(word.and_then(|word| u8::try_from(word).ok()).unwrap_or(u8::MAX));
        bytes.push(u8::from(matches!(self.content, Content::File(_))));
        bytes.extend(u32::try_from(path.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(self.identity.volume.to_le_bytes());
        bytes.extend(self.identity.id);
        debug_assert_eq!(bytes.len(), FIXED);
        bytes.extend(path.iter().flat_map(|unit| unit.to_le_bytes()));
        let checksum = crc32c::crc32c(&bytes);
        bytes[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a record at the beginning of `bytes`; nothing if it is not whole.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        (fields.take::<8>()? == *MAGIC && fields.number()? == VERSION).then_some(())?;
        let checksum = fields.number()?;
        let size = u64::from_le_bytes(fields.take()?);
        let nanoseconds = u64::from_le_bytes(fields.take()?);
        let creator = fields.number()?;
        let permissions = Permissions::from_mode(fields.number()?).ok()?;
        let attributes = Attributes::from_bits(u16::from_le_bytes(fields.take()?))?;
        let [word, is_file] = fields.take()?;
        let protection = *Protection::ALL.get(usize::from(word))?;
        let units = usize::try_from(fields.number()?).ok().filter(|units| *units <= LONGEST)?;
        let volume = u64::from_le_bytes(fields.take()?);
        let identity = Identity { volume, id: fields.take()? };
        let path = fields.0.get(..2 * units)?;
        let mut whole = bytes.get(..FIXED + 2 * units)?.to_vec();
        whole.get_mut(CHECKSUM)?.fill(0);
        (crc32c::crc32c(&whole) == checksum).then_some(())?;
        let content = match is_file {
            0 => Content::Memory,
            1 => {
                let units: Vec<u16> = path
                    .chunks_exact(2)
                    .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                    .collect();
                Content::File(PathBuf::from(OsString::from_wide(&units)))
            }
            _ => return None,
        };
        let created = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds))?;
        Some(Self {
            protection,
            attributes,
            size,
            content,
            identity,
            permissions,
            creator,
            created,
        })
    }

    /// Tells whether the mapping is as long as its file.
    pub(super) fn follows_file(&self) -> bool {
        self.size == 0
    }
}

/// What is left to read.
struct Fields<'bytes>(&'bytes [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}
