//! Where the parts of a program lie, in its file and in memory, as its headers say.

use std::ops::Range;

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64, IMAGE_FILE_MACHINE_ARMNT,
    IMAGE_FILE_MACHINE_I386, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_READ, IMAGE_SCN_MEM_SHARED,
    IMAGE_SCN_MEM_WRITE, ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64, ImageSectionHeader,
};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader as _};

use crate::types::PageAccess;

/// The unit of places in memory, whatever the pages of this machine are.
const PAGE: u64 = 4096;

/// The unit of places in a file.
const SECTOR: u64 = 512;

/// How much of a file is read for its headers.
pub(super) const HEADERS: usize = 1 << 20;

/// What is wrong with the headers of a program, in a sentence.
type Wrong = &'static str;

/// The headers of a program, or one of its sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImagePart {
    /// Where it lies in memory, from the start of the program: whole pages.
    pub(super) place: Range<u64>,
    /// Where in the file its bytes are; zeros follow them in memory. They begin and end at sectors, so
    /// that two parts may have the same ones.
    pub(super) bytes: Range<u64>,
    /// What its pages allow.
    pub(super) access: PageAccess,
    /// Its bytes are the same for all who map the program.
    pub(super) is_shared: bool,
}

/// How a program is laid out in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes in memory: whole pages.
    pub(super) size: u64,
    /// The address that the program was linked for.
    pub(super) base: u64,
    /// In the order of their places, without gaps between them.
    pub(super) parts: Vec<ImagePart>,
}

impl Layout {
    /// Reads the headers at the start of a file of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with them.
    pub(super) fn parse(headers: &[u8], file_len: u64) -> Result<Self, Wrong> {
        let dos = ImageDosHeader::parse(headers).map_err(|_| "it does not begin with MZ")?;
        let at = u64::from(dos.nt_headers_offset());
        Self::of::<ImageNtHeaders64>(headers, at, file_len)
            .or_else(|wrong| Self::of::<ImageNtHeaders32>(headers, at, file_len).or(Err(wrong)))
    }

    fn of<Headers: ImageNtHeaders>(data: &[u8], at: u64, file_len: u64) -> Result<Self, Wrong> {
        let mut end = at;
        let (headers, _) =
            Headers::parse(data, &mut end).map_err(|_| "it has no headers of a program")?;
        let table = headers.sections(data, end).map_err(|_| "its table of sections is cut off")?;
        let table_end = end + (table.len() * size_of::<ImageSectionHeader>()) as u64;
        let optional = headers.optional_header();
        let machines = if headers.is_type_64() {
            [IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64]
        } else {
            [IMAGE_FILE_MACHINE_I386, IMAGE_FILE_MACHINE_ARMNT]
        };
        if !machines.contains(&headers.file_header().machine.get(LE)) {
            return Err("it is for no machine that has such headers");
        }
        let alignment = u64::from(optional.section_alignment());
        if !alignment.is_power_of_two() || alignment < PAGE {
            return Err("its sections do not begin at pages");
        }
        let size = u64::from(optional.size_of_image()).next_multiple_of(PAGE);
        let headers_len = u64::from(optional.size_of_headers());
        if headers_len < table_end || headers_len > HEADERS as u64 {
            return Err("its headers do not have the length that they claim");
        }
        if table.is_empty() {
            return Err("it has no sections");
        }
        let read_only = |place, bytes| {
            let (access, is_shared) = (PageAccess::Read, false);
            ImagePart { place, bytes, access, is_shared }
        };
        let mut place = headers_len.next_multiple_of(alignment);
        let mut stored = headers_len.min(file_len);
        let mut parts = vec![read_only(0..place, 0..stored)];
        for section in table.iter() {
            let part = part(section, place, alignment, file_len)?;
            // No byte twice, but for those of a sector that two have: what is copied is never more
            // than the file has.
            stored = stored.saturating_add(part.bytes.end - part.bytes.start);
            if stored > file_len + parts.len() as u64 * 2 * SECTOR {
                return Err("its sections have more bytes than the file");
            }
            place = part.place.end;
            parts.push(part);
        }
        if place < size {
            parts.push(read_only(place..size, 0..0));
        } else if let Some(last) = parts.last_mut() {
            // The last section may end before its alignment does.
            let stored_end = last.place.start + (last.bytes.end - last.bytes.start);
            if place - size >= alignment || last.place.start >= size || stored_end > size {
                return Err("its sections end past its size");
            }
            last.place.end = size;
        }
        Ok(Self { size, base: optional.image_base(), parts })
    }

    /// Returns the parts that all who map the program share.
    pub(super) fn shared(&self) -> impl Iterator<Item = &ImagePart> {
        self.parts.iter().filter(|part| part.is_shared)
    }
}

impl ImagePart {
    /// Returns what the pages allow, if `runs` is whether the program may be run.
    pub(super) fn access(&self, runs: bool) -> PageAccess {
        match self.access {
            access if runs => access,
            PageAccess::ExecuteCopy => PageAccess::Copy,
            PageAccess::ExecuteWrite => PageAccess::Write,
            PageAccess::ExecuteRead | PageAccess::Execute => PageAccess::Read,
            access => access,
        }
    }
}

/// Reads the header of a section, which has to begin at `place`.
fn part(
    section: &ImageSectionHeader,
    place: u64,
    alignment: u64,
    file_len: u64,
) -> Result<ImagePart, Wrong> {
    let flags = section.characteristics.get(LE);
    let has = |flag| flags & flag == flag;
    let start = u64::from(section.virtual_address.get(LE));
    let in_file = u64::from(section.size_of_raw_data.get(LE));
    let in_memory = match u64::from(section.virtual_size.get(LE)) {
        // Old linkers leave it out.
        0 => in_file,
        len => len,
    };
    if start != place {
        return Err("its sections overlap, or leave a gap");
    }
    if in_memory == 0 {
        return Err("one of its sections is empty");
    }
    let end = (start + in_memory).next_multiple_of(alignment);
    let len = in_file.min(end - start);
    let at = if len == 0 { 0 } else { u64::from(section.pointer_to_raw_data.get(LE)) };
    if at + len > file_len {
        return Err("a section's bytes are not in the file");
    }
    let first = at - at % SECTOR;
    let last = match len {
        0 => first,
        _ => (at + in_file).next_multiple_of(SECTOR).min(first + (end - start)).min(file_len),
    };
    let (writes, runs) = (has(IMAGE_SCN_MEM_WRITE), has(IMAGE_SCN_MEM_EXECUTE));
    let is_shared = writes && has(IMAGE_SCN_MEM_SHARED);
    let access = match (writes, runs) {
        (true, true) if is_shared => PageAccess::ExecuteWrite,
        (true, false) if is_shared => PageAccess::Write,
        (true, true) => PageAccess::ExecuteCopy,
        (true, false) => PageAccess::Copy,
        (false, true) if has(IMAGE_SCN_MEM_READ) => PageAccess::ExecuteRead,
        (false, true) => PageAccess::Execute,
        (false, false) if has(IMAGE_SCN_MEM_READ) => PageAccess::Read,
        (false, false) => PageAccess::NoAccess,
    };
    Ok(ImagePart { place: start..end, bytes: first..last, access, is_shared })
}
