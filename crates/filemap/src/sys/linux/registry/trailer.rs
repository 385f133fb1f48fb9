//! The last page of an entry: what the object is, for those who know only its name.
//!
//! ```text
//!  0                size, in pages            length - trailer               length
//!  |---- data pages -----|-- name -- path -- zeros -- footer (88 bytes) ------|
//!                        |<---------------- trailer: whole pages ------------>|
//! ```
//!
//! Where pages must be committed, a byte for each of them stands between them and the trailer: 1 if
//! it is.
//!
//! The fixed part stands at the very end, where a reader finds it without knowing anything
//! else. Whoever may write the entry may write this too, so it is parsed as what it is:
//! somebody else's bytes.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::sys::Content;
use crate::sys::platform::file::Identity;
use crate::sys::platform::registry::file_name;
use crate::types::{Attributes, Protection, geometry};

const MAGIC: [u8; 8] = *b"filemap\n";
const VERSION: u32 = 1;

/// The most that a name and a path can take, generously.
const LONGEST: usize = 1 << 20;

/// What an entry tells about its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trailer {
    /// The name without its scope.
    pub(super) base: String,
    /// Bytes in the object; 0 if it is as long as its file.
    pub(super) size: u64,
    pub(super) protection: Protection,
    pub(super) attributes: Attributes,
    pub(super) content: Content,
    /// Which file or held memory is behind the object.
    pub(super) backing: Identity,
    /// The process that made the entry.
    pub(super) creator: u32,
    pub(super) created: SystemTime,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone)]
#[repr(C)]
struct Footer {
    size: U64,
    /// The inode of the entry itself, so that a copy of an entry is not one.
    inode: U64,
    backing_device: U64,
    backing_inode: U64,
    backing_born: U64,
    /// Nanoseconds since 1970.
    created: U64,
    creator: U32,
    name_len: U32,
    path_len: U32,
    attributes: U16,
    protection: u8,
    content: u8,
    /// Bytes from the start of the trailer to the end of the file.
    trailer_len: U32,
    version: U32,
    backing_generation: U32,
    /// CRC-32C of the trailer with this field zero.
    checksum: U32,
    magic: [u8; 8],
}

const FOOTER: usize = size_of::<Footer>();

const _: () = assert!(FOOTER == 88);

/// The protections in the order of their numbers on disk.
const PROTECTIONS: [Protection; 6] = [
    Protection::ReadOnly,
    Protection::ReadWrite,
    Protection::WriteCopy,
    Protection::ExecuteRead,
    Protection::ExecuteReadWrite,
    Protection::ExecuteWriteCopy,
];

impl Trailer {
    /// Lays the trailer of the entry `inode` out on whole pages of `page` bytes.
    ///
    /// `None` if name and path are longer than any entry can have them.
    pub(super) fn encode(&self, inode: u64, page: usize) -> Option<Vec<u8>> {
        let (content, path) = match &self.content {
            Content::Memory => (0, &[][..]),
            Content::File(path) => (1, path.as_os_str().as_bytes()),
            Content::Held => (2, &[][..]),
        };
        let text = self.base.len().checked_add(path.len()).filter(|text| *text <= LONGEST)?;
        let trailer_len = (text + FOOTER).next_multiple_of(page);
        let created = self.created.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let protection =
            PROTECTIONS.iter().position(|protection| *protection == self.protection)?;
        let mut footer = Footer {
            size: U64::new(self.size),
            inode: U64::new(inode),
            backing_device: U64::new(self.backing.device),
            backing_inode: U64::new(self.backing.inode),
            backing_born: U64::new(self.backing.born),
            created: U64::new(u64::try_from(created.as_nanos()).unwrap_or(u64::MAX)),
            creator: U32::new(self.creator),
            name_len: U32::new(u32::try_from(self.base.len()).ok()?),
            path_len: U32::new(u32::try_from(path.len()).ok()?),
            attributes: U16::new(self.attributes.bits()),
            protection: u8::try_from(protection).ok()?,
            content,
            trailer_len: U32::new(u32::try_from(trailer_len).ok()?),
            version: U32::new(VERSION),
            backing_generation: U32::new(self.backing.generation),
            checksum: U32::ZERO,
            magic: MAGIC,
        };
        let mut bytes = Vec::with_capacity(trailer_len);
        bytes.extend_from_slice(self.base.as_bytes());
        bytes.extend_from_slice(path);
        bytes.resize(trailer_len - FOOTER, 0);
        bytes.extend_from_slice(footer.as_bytes());
        footer.checksum = U32::new(crc32c::crc32c(&bytes));
        bytes.truncate(trailer_len - FOOTER);
        bytes.extend_from_slice(footer.as_bytes());
        Some(bytes)
    }

    /// Tells from the last bytes of an entry how long its trailer is, in bytes.
    ///
    /// `None` if the entry `inode` does not end in a trailer's footer.
    pub(super) fn len_of(end: &[u8], inode: u64) -> Option<usize> {
        let (_, footer) = Footer::ref_from_suffix(end).ok()?;
        let ours =
            footer.magic == MAGIC && footer.version.get() == VERSION && footer.inode.get() == inode;
        let len = usize::try_from(footer.trailer_len.get()).ok()?;
        (ours && (FOOTER..=LONGEST + 2 * 65536).contains(&len)).then_some(len)
    }

    /// Reads the trailer of an entry of `file_len` bytes; `bytes` is all of the trailer.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub(super) fn decode(bytes: &[u8], file_len: u64, page: usize) -> Result<Self, &'static str> {
        let (text, footer) =
            Footer::ref_from_suffix(bytes).map_err(|_| "its trailer is too short")?;
        let mut unsigned = footer.clone();
        unsigned.checksum = U32::ZERO;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(text), unsigned.as_bytes());
        if checksum != footer.checksum.get() {
            return Err("its checksum is wrong");
        }
        let name_len =
            usize::try_from(footer.name_len.get()).map_err(|_| "its name is too long")?;
        let path_len =
            usize::try_from(footer.path_len.get()).map_err(|_| "its path is too long")?;
        let name = text.get(..name_len).ok_or("its name is too long")?;
        let path = text[name_len..].get(..path_len).ok_or("its path is too long")?;
        let size = footer.size.get();
        let content = match footer.content {
            0 => Content::Memory,
            1 => Content::File(PathBuf::from(OsString::from_vec(path.to_vec()))),
            2 => Content::Held,
            _ => return Err("its kind of backing is not known"),
        };
        let attributes =
            Attributes::from_bits(footer.attributes.get()).ok_or("its attributes are not known")?;
        if attributes.contains(Attributes::IMAGE) && content != Content::Held {
            return Err("its attributes are a program's, and it is none");
        }
        let data_len = file_len.checked_sub(bytes.len() as u64).ok_or("it is cut off")?;
        if content == Content::Memory
            && (size == 0 || data_len_of(size, attributes, page) != Some(data_len))
        {
            return Err("its size is not the size that it tells");
        }
        let base = String::from_utf8(name.to_vec()).map_err(|_| "its name is not text")?;
        if !file_name::is_base(&base) {
            return Err("its name is one that nothing can have");
        }
        Ok(Self {
            base,
            size,
            protection: *PROTECTIONS
                .get(usize::from(footer.protection))
                .ok_or("its protection is not known")?,
            attributes,
            content,
            backing: Identity {
                device: footer.backing_device.get(),
                inode: footer.backing_inode.get(),
                born: footer.backing_born.get(),
                generation: footer.backing_generation.get(),
            },
            creator: footer.creator.get(),
            created: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_nanos(footer.created.get()))
                .ok_or("its time is impossible")?,
        })
    }
}

/// Bytes before the trailer of memory of `size` bytes: whole pages of it, and, where they must be
/// committed, a byte for each, which says whether it is.
fn data_len_of(size: u64, attributes: Attributes, page: usize) -> Option<u64> {
    let memory = geometry::round_up(size, page)?;
    if !attributes.contains(Attributes::RESERVE) {
        return Some(memory);
    }
    memory.checked_add(geometry::round_up(memory / page as u64, page)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trailer(content: Content, size: u64) -> Trailer {
        Trailer {
            base: "scores".to_owned(),
            size,
            protection: Protection::ExecuteRead,
            attributes: Attributes::COMMIT | Attributes::NO_CACHE,
            content,
            backing: Identity {
                device: 5,
                inode: 1 << 40,
                born: 1_699_999_999_000_000_001,
                generation: 77,
            },
            creator: 4711,
            created: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789),
        }
    }

    #[test]
    fn a_trailer_comes_back_as_it_was() {
        let path = PathBuf::from("/a/path with spaces");
        for (content, data_len) in
            [(Content::Memory, 8192), (Content::File(path), 0), (Content::Held, 0)]
        {
            let before = trailer(content, 8192);
            let bytes = before.encode(77, 4096).unwrap();

            assert_eq!(Trailer::len_of(&bytes, 77), Some(4096));
            let after = Trailer::decode(&bytes, data_len + 4096, 4096).unwrap();

            assert_eq!(after, before);
        }
    }

    #[test]
    fn a_long_name_takes_more_pages() {
        let mut before = trailer(Content::Memory, 4096);
        before.base = "名".repeat(3000);
        let bytes = before.encode(77, 4096).unwrap();

        assert_eq!(bytes.len(), 3 * 4096);
        assert_eq!(Trailer::len_of(&bytes[bytes.len() - 4096..], 77), Some(3 * 4096));
        assert_eq!(Trailer::decode(&bytes, 4096 + 3 * 4096, 4096).unwrap(), before);
    }

    #[test]
    fn a_copy_under_another_inode_is_no_entry() {
        let bytes = trailer(Content::Memory, 4096).encode(77, 4096).unwrap();
        assert_eq!(Trailer::len_of(&bytes, 78), None);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let good = trailer(Content::Memory, 4096).encode(77, 4096).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            let noticed = Trailer::len_of(&bad, 77).is_none()
                || Trailer::decode(&bad, 2 * 4096, 4096).is_err();
            assert!(noticed, "byte {at}");
        }
    }

    #[test]
    fn a_name_that_nothing_can_have_is_noticed() {
        for base in ["", "Local\\x", "Global\\x", "\\", "a\0b"] {
            let mut bad = trailer(Content::Held, 4096);
            bad.base = base.to_owned();
            let bytes = bad.encode(77, 4096).unwrap();
            assert!(Trailer::decode(&bytes, 4096, 4096).is_err(), "{base:?}");
        }
    }

    #[test]
    fn reserved_memory_has_its_commitment_before_the_trailer() {
        let mut reserved = trailer(Content::Memory, 8192);
        reserved.attributes = Attributes::RESERVE;
        let bytes = reserved.encode(77, 4096).unwrap();
        let len = bytes.len() as u64;

        assert_eq!(Trailer::decode(&bytes, 8192 + 4096 + len, 4096).unwrap(), reserved);
        assert!(Trailer::decode(&bytes, 8192 + len, 4096).is_err());
        assert!(Trailer::decode(&bytes, 8192 + 8192 + len, 4096).is_err());
    }

    #[test]
    fn a_program_in_the_entry_itself_is_noticed() {
        for content in [Content::Memory, Content::File(PathBuf::from("/a"))] {
            let mut program = trailer(content, 4096);
            program.attributes = Attributes::IMAGE;
            let bytes = program.encode(77, 4096).unwrap();
            assert!(Trailer::decode(&bytes, 4096 + bytes.len() as u64, 4096).is_err());
        }
    }

    #[test]
    fn a_size_that_is_a_lie_is_noticed() {
        let bytes = trailer(Content::Memory, 1 << 40).encode(77, 4096).unwrap();
        assert!(Trailer::decode(&bytes, 2 * 4096, 4096).is_err());
    }

    #[test]
    fn random_bytes_are_refused_and_nothing_panics() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for len in 0..600 {
            let bytes: Vec<u8> = (0..len)
                .map(|_| {
                    state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    state.to_le_bytes()[7]
                })
                .collect();
            assert_eq!(Trailer::len_of(&bytes, 77), None);
            assert!(Trailer::decode(&bytes, len, 4096).is_err());
        }
    }
}
