//! The trailer of an entry: what describes its mapping, at the end of the file.
//!
//! ```text
//!  0                size, in pages            length - trailer               length
//!  |---- data pages -----|-- name -- path -- zeros -- footer (104 bytes) ------|
//!                        |<---------------- trailer: whole pages ------------>|
//! ```
//!
//! Where pages must be committed, a byte for each stands between the pages and the trailer, and is 1
//! if the page is committed.
//!
//! The footer is at the very end, where a reader finds it without knowing any length. Whoever may
//! write the mapping may write its trailer, so it is parsed as untrusted input.

use std::ffi::OsString;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rustix::fs::Stat;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::registry::entry::Entry;
use crate::sys::platform::registry::proc_fd::Place;
use crate::sys::platform::registry::{file_name, mode};
use crate::sys::platform::{Generation, Section, generation, page_size, waitable};
use crate::sys::{Content, Opened};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Protection, Result, Rights, geometry,
};

const MAGIC: [u8; 8] = *b"filemap\n";
const VERSION: u32 = 1;

/// The most bytes of a name, each of whose units of UTF-16 takes three at most.
const LONGEST_NAME: usize = Name::LONGEST * 3;

/// The most bytes of a path, without the NUL after it.
const LONGEST_PATH: usize = libc::PATH_MAX as usize - 1;

/// What an entry's trailer says about the mapping.
#[derive(Debug)]
pub(super) struct Trailer {
    /// The name without its scope.
    pub(super) base: String,
    /// Bytes; none if the mapping is as long as its file.
    pub(super) size: Option<u64>,
    pub(super) protection: Protection,
    pub(super) attributes: Attributes,
    pub(super) content: Content,
    /// Which file, or memory file, has the mapping's bytes; zeros if the entry has them.
    pub(super) backing: Identity,
    /// A holder of memory that only its holders reach, as it was found last.
    pub(super) place: Place,
    /// The generation of the bytes; 0 if the name has none.
    pub(super) generation: u64,
    /// The process that created the entry.
    pub(super) creator: u32,
    pub(super) created: SystemTime,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone)]
#[repr(C)]
struct Footer {
    /// Which generation of bytes the name has; 0 if it has none. Changes when one ends, and is not in the
    /// checksum.
    generation: U64,
    /// Where memory that only its holders reach was found last. Changes while the entry lives, and is
    /// not in the checksum: what is found there is compared with the backing.
    place: [U32; 2],
    /// 0 if the mapping is as long as its file.
    size: U64,
    /// The entry's own inode, so that a copy of an entry is not an entry.
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
    /// What the mapping allows, or the kind of an object to wait for.
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

/// Where the place of a holder is, in bytes from the end.
const PLACE: u64 = (FOOTER - size_of::<U64>()) as u64;

const _: () = assert!(FOOTER == 104 && generation::BEFORE_END == FOOTER as u64);

impl Footer {
    /// The checksum of a trailer that ends with this footer, `text` being all before it.
    fn checksum_after(&self, text: &[u8]) -> U32 {
        let (checksum, generation, place) = (U32::ZERO, U64::ZERO, [U32::ZERO; 2]);
        let zeroed = Self { checksum, generation, place, ..self.clone() };
        U32::new(crc32c::crc32c_append(crc32c::crc32c(text), zeroed.as_bytes()))
    }
}

impl Trailer {
    /// Reads the trailer of an entry; `None` if the file is not an entry.
    pub(super) fn read(
        entry: BorrowedFd<'_>,
        stat: &Stat,
        operation: Operation,
    ) -> Result<Option<Self>> {
        let (file_len, page) = (file::length(stat), page_size());
        let last = |len: usize| -> Result<Option<Vec<u8>>> {
            let Some(start) = file_len.checked_sub(len as u64) else { return Ok(None) };
            let mut bytes = vec![0; len];
            let read = file::read_at(entry, start, &mut bytes, operation)?;
            Ok((read == len).then_some(bytes))
        };
        let Some(mut bytes) = last(page)? else { return Ok(None) };
        let Some(len) = Self::len_of(&bytes, stat.st_ino) else { return Ok(None) };
        if len > page {
            let Some(all) = last(len)? else { return Ok(None) };
            bytes = all;
        }
        let trailer = Self::decode(&bytes, file_len, page).and_then(|trailer| {
            let is_right = trailer.content.is_in_entry() || mode::is_makers_alone(stat);
            let why = "others than its maker may write where it leads";
            is_right.then_some(trailer).ok_or(why)
        });
        trailer.map(Some).map_err(|why| damaged(why, operation))
    }

    /// Notes where memory was found that only its holders reach, in an entry of `file_len` bytes.
    ///
    /// It spares the next opener a search, and so need not succeed.
    pub(super) fn note(entry: BorrowedFd<'_>, file_len: u64, place: Place, operation: Operation) {
        let bytes = [place.process, place.number].map(U32::new);
        if let Some(start) = file_len.checked_sub(PLACE) {
            let _ignored = file::write_at(entry, start, bytes.as_bytes(), operation);
        }
    }

    /// Makes a handle of the object that the trailer describes.
    pub(super) fn opened(
        self,
        section: Section,
        rights: Rights,
        hold: Option<(Entry, Name)>,
    ) -> Opened {
        let Self { protection, attributes, content, .. } = self;
        let section = if hold.is_some() { section.with_entry() } else { section };
        let lock = hold.as_ref().and_then(|(entry, _)| entry.lock());
        // What looks at the entry must not keep the name.
        let watched = lock.filter(|_| self.generation != 0);
        let section = section.of_generation(watched.and_then(|lock| Generation::of(lock)));
        let (entry, name) = hold.unzip();
        Opened { section, entry, name, protection, attributes, rights, content }
    }

    /// Encodes the trailer of the entry `inode` on whole pages of `page` bytes.
    ///
    /// `None` if name and path are too long.
    pub(super) fn encode(&self, inode: u64, page: usize) -> Option<Vec<u8>> {
        let (content, path) = match &self.content {
            Content::Memory => (0, &[][..]),
            Content::File(path) => (1, path.as_os_str().as_bytes()),
            Content::Held => (2, &[][..]),
            Content::Waitable(_) => (3, &[][..]),
        };
        if self.base.len() > LONGEST_NAME || path.len() > LONGEST_PATH {
            return None;
        }
        let trailer_len = (self.base.len() + path.len() + FOOTER).next_multiple_of(page);
        let created = self.created.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let protection = match self.content {
            Content::Waitable(kind) => waitable::number_of(kind),
            _ => {
                let at = Protection::ALL.iter().position(|each| *each == self.protection)?;
                u8::try_from(at).ok()?
            }
        };
        let mut bytes = [self.base.as_bytes(), path].concat();
        bytes.resize(trailer_len - FOOTER, 0);
        let mut footer = Footer {
            generation: U64::new(self.generation),
            place: [self.place.process, self.place.number].map(U32::new),
            size: U64::new(self.size.unwrap_or(0)),
            inode: U64::new(inode),
            backing_device: U64::new(self.backing.device),
            backing_inode: U64::new(self.backing.inode),
            backing_born: U64::new(self.backing.born),
            created: U64::new(u64::try_from(created.as_nanos()).unwrap_or(u64::MAX)),
            creator: U32::new(self.creator),
            name_len: U32::new(u32::try_from(self.base.len()).ok()?),
            path_len: U32::new(u32::try_from(path.len()).ok()?),
            attributes: U16::new(self.attributes.bits()),
            protection,
            content,
            trailer_len: U32::new(u32::try_from(trailer_len).ok()?),
            version: U32::new(VERSION),
            backing_generation: U32::new(self.backing.generation),
            checksum: U32::ZERO,
            magic: MAGIC,
        };
        footer.checksum = footer.checksum_after(&bytes);
        bytes.extend_from_slice(footer.as_bytes());
        Some(bytes)
    }

    /// Returns the length of the trailer in bytes, which the last bytes of the entry tell.
    ///
    /// `None` if the entry `inode` does not end in a footer.
    pub(super) fn len_of(end: &[u8], inode: u64) -> Option<usize> {
        let (_, footer) = Footer::ref_from_suffix(end).ok()?;
        let is_ours =
            footer.magic == MAGIC && footer.version.get() == VERSION && footer.inode.get() == inode;
        let len = usize::try_from(footer.trailer_len.get()).ok()?;
        // Whole pages, which have 64 KiB at most.
        let longest = (LONGEST_NAME + LONGEST_PATH + FOOTER).next_multiple_of(1 << 16);
        (is_ours && (FOOTER..=longest).contains(&len)).then_some(len)
    }

    /// Decodes the whole trailer `bytes` of an entry of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn decode(bytes: &[u8], file_len: u64, page: usize) -> Result<Self, &'static str> {
        let (text, footer) =
            Footer::ref_from_suffix(bytes).map_err(|_| "its trailer is too short")?;
        if footer.checksum != footer.checksum_after(text) {
            return Err("its checksum is wrong");
        }
        let part = |from: usize, len: U32| {
            let end = from.checked_add(usize::try_from(len.get()).ok()?)?;
            text.get(from..end).map(<[u8]>::to_vec)
        };
        let name = part(0, footer.name_len).ok_or("its name is too long")?;
        let path = part(name.len(), footer.path_len)
            .filter(|path| path.len() <= LONGEST_PATH)
            .ok_or("its path is too long")?;
        if path.contains(&0) {
            return Err("its path has a NUL");
        }
        let size = Some(footer.size.get()).filter(|size| *size > 0);
        let content = match footer.content {
            0 => Content::Memory,
            1 => Content::File(PathBuf::from(OsString::from_vec(path))),
            2 => Content::Held,
            3 => Content::Waitable(
                waitable::kind_of(footer.protection).ok_or("its kind of object is not known")?,
            ),
            _ => return Err("its kind of backing is not known"),
        };
        let attributes =
            Attributes::from_bits(footer.attributes.get()).ok_or("its attributes are not known")?;
        if attributes.contains(Attributes::IMAGE) && content != Content::Held {
            return Err("it has the attributes of a program, and is not one");
        }
        let data_len = file_len.checked_sub(bytes.len() as u64).ok_or("it is cut off")?;
        if content.is_in_entry()
            && size.and_then(|size| data_len_of(size, attributes, page)) != Some(data_len)
        {
            return Err("its size does not match the length of its file");
        }
        let base = String::from_utf8(name).map_err(|_| "its name is not text")?;
        if !file_name::is_base(&base) {
            return Err("its name is not valid");
        }
        let protection = match content {
            Content::Waitable(_) => Some(&Protection::ReadWrite),
            _ => Protection::ALL.get(usize::from(footer.protection)),
        };
        let created = Duration::from_nanos(footer.created.get());
        Ok(Self {
            base,
            size,
            protection: *protection.ok_or("its protection is not known")?,
            attributes,
            content,
            backing: Identity {
                device: footer.backing_device.get(),
                inode: footer.backing_inode.get(),
                born: footer.backing_born.get(),
                generation: footer.backing_generation.get(),
            },
            place: Place { process: footer.place[0].get(), number: footer.place[1].get() },
            generation: footer.generation.get(),
            creator: footer.creator.get(),
            created: SystemTime::UNIX_EPOCH.checked_add(created).ok_or("its time is impossible")?,
        })
    }
}

/// The error for an entry that cannot be read.
pub(super) fn damaged(why: &'static str, operation: Operation) -> Error {
    Error::new(ErrorKind::DamagedEntry, operation)
        .because(format!("its entry in the registry is damaged: {why}"))
}

/// Returns how many bytes precede the trailer of memory of `size` bytes: its pages, and a byte for
/// each page where pages must be committed.
fn data_len_of(size: u64, attributes: Attributes, page: usize) -> Option<u64> {
    let memory = geometry::round_up(size, page)?;
    if !attributes.contains(Attributes::RESERVE) {
        return Some(memory);
    }
    memory.checked_add(geometry::round_up(memory / page as u64, page)?)
}
