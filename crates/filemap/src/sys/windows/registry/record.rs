//! What is kept of a mapping that the kernel does not tell: the record beside its section.

use std::ffi::OsString;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::time::{Duration, SystemTime};

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::sys::Content;
use crate::sys::platform::file::Identity;
use crate::types::{Attributes, Permissions, Protection};

/// The content of a record. It is decoded as untrusted input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) protection: Protection,
    pub(super) attributes: Attributes,
    /// Bytes; none if the mapping is as long as its file.
    pub(super) size: Option<u64>,
    pub(super) content: Content,
    /// Which file it is, if there is one.
    pub(super) identity: Identity,
    pub(super) permissions: Permissions,
    /// The process that created it.
    pub(super) creator: u32,
    pub(super) created: SystemTime,
}

const MAGIC: [u8; 8] = *b"filemap\n";
const VERSION: u32 = 1;
/// The most units that a path has.
const LONGEST: usize = 32768;
/// The most bytes that a record has.
pub(super) const MOST: usize = size_of::<Fixed>() + 2 * LONGEST;

/// What precedes the path.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone)]
#[repr(C)]
struct Fixed {
    magic: [u8; 8],
    version: U32,
    /// CRC-32C of the record with this field zero.
    checksum: U32,
    /// 0 if the mapping is as long as its file.
    size: U64,
    /// Nanoseconds since 1970.
    created: U64,
    creator: U32,
    permissions: U32,
    attributes: U16,
    protection: u8,
    is_file: u8,
    path_len: U32,
    volume: U64,
    id: [u8; 16],
}

impl Fixed {
    /// The checksum of a record that begins with this, before the path.
    fn checksum_before(&self, path: &[U16]) -> U32 {
        let zeroed = Self { checksum: U32::ZERO, ..self.clone() };
        U32::new(crc32c::crc32c_append(crc32c::crc32c(zeroed.as_bytes()), path.as_bytes()))
    }
}

impl Record {
    /// Encodes the record.
    pub(super) fn encode(&self) -> Vec<u8> {
        let path: Vec<_> = match &self.content {
            Content::File(path) => {
                path.as_os_str().encode_wide().take(LONGEST).map(U16::new).collect()
            }
            Content::Memory | Content::Held | Content::Waitable(_) => Vec::new(),
        };
        let since = self.created.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let word = Protection::ALL.iter().position(|each| *each == self.protection);
        let mut fixed = Fixed {
            magic: MAGIC,
            version: U32::new(VERSION),
            checksum: U32::ZERO,
            size: U64::new(self.size.unwrap_or(0)),
            created: U64::new(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)),
            creator: U32::new(self.creator),
            permissions: U32::new(self.permissions.mode()),
            attributes: U16::new(self.attributes.bits()),
            protection: word.and_then(|word| u8::try_from(word).ok()).unwrap_or(u8::MAX),
            is_file: matches!(self.content, Content::File(_)).into(),
            path_len: U32::new(u32::try_from(path.len()).unwrap_or(0)),
            volume: U64::new(self.identity.volume),
            id: self.identity.id,
        };
        fixed.checksum = fixed.checksum_before(&path);
        [fixed.as_bytes(), path.as_bytes()].concat()
    }

    /// Decodes the record at the beginning of `bytes`; `None` if it is not valid.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (fixed, rest) = Fixed::ref_from_prefix(bytes).ok()?;
        let units = usize::try_from(fixed.path_len.get()).ok().filter(|units| *units <= LONGEST)?;
        let (path, _) = <[U16]>::ref_from_prefix_with_elems(rest, units).ok()?;
        if fixed.magic != MAGIC
            || fixed.version.get() != VERSION
            || fixed.checksum != fixed.checksum_before(path)
        {
            return None;
        }
        let path: Vec<_> = path.iter().map(|unit| unit.get()).collect();
        let created = Duration::from_nanos(fixed.created.get());
        Some(Self {
            protection: *Protection::ALL.get(usize::from(fixed.protection))?,
            attributes: Attributes::from_bits(fixed.attributes.get())?,
            size: Some(fixed.size.get()).filter(|size| *size > 0),
            content: match fixed.is_file {
                0 => Content::Held,
                1 => Content::File(OsString::from_wide(&path).into()),
                _ => return None,
            },
            identity: Identity { volume: fixed.volume.get(), id: fixed.id },
            permissions: Permissions::from_mode(fixed.permissions.get()).ok()?,
            creator: fixed.creator.get(),
            created: SystemTime::UNIX_EPOCH.checked_add(created)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Record {
        Record {
            protection: Protection::ExecuteWriteCopy,
            attributes: Attributes::LARGE_PAGES,
            size: Some(1 << 40),
            content: Content::File("Z:\\some\\Größe".into()),
            identity: Identity { volume: 7, id: [3; 16] },
            permissions: Permissions::READ_BY_OTHERS,
            creator: 4711,
            created: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        }
    }

    #[test]
    fn a_record_comes_back_from_its_bytes_and_from_what_follows_them() {
        let mut bytes = example().encode();
        assert_eq!(Record::decode(&bytes), Some(example()));
        bytes.resize(65536, 0);
        assert_eq!(Record::decode(&bytes), Some(example()));
    }

    #[test]
    fn a_record_with_any_bit_changed_or_any_byte_missing_is_none() {
        let bytes = example().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert_eq!(Record::decode(&changed), None, "byte {at}");
            assert_eq!(Record::decode(&bytes[..at]), None, "{at} bytes");
        }
    }
}
