//! Where the parts of a program lie, in its file and in memory: read from whatever it says.

use std::ops::Range;

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_SHARED, IMAGE_SCN_MEM_WRITE, ImageDosHeader,
    ImageNtHeaders32, ImageNtHeaders64, ImageSectionHeader,
};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader as _};

use crate::types::PageAccess;

/// The unit of places in memory, whatever the pages of this machine are.
const PAGE: u64 = 4096;

/// How much of a file is looked at for its headers.
pub(super) const HEADERS: usize = 1 << 20;

/// What is wrong with the headers of a program, in a sentence.
type Wrong = &'static str;

/// A part of a program: its headers, or a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sys::platform) struct Part {
    /// Where it lies in memory, from the start of the program: whole pages.
    pub(in crate::sys::platform) place: Range<u64>,
    /// Where in the file its bytes are; zeros follow them in memory.
    pub(super) bytes: Range<u64>,
    /// What its pages allow.
    pub(in crate::sys::platform) access: PageAccess,
    /// Its bytes are the same for all who map the program.
    pub(in crate::sys::platform) is_shared: bool,
}

/// How a program is laid out in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sys::platform) struct Layout {
    /// Bytes in memory: whole pages.
    pub(in crate::sys::platform) size: u64,
    /// Where it would best be.
    pub(in crate::sys::platform) base: u64,
    /// In the order of their places, without gaps between them.
    pub(in crate::sys::platform) parts: Vec<Part>,
}

impl Layout {
    /// Reads the headers at the start of a file of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with them.
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
        let told = headers.optional_header();
        let alignment = u64::from(told.section_alignment());
        if !alignment.is_power_of_two() || alignment < PAGE {
            return Err("its sections do not begin at pages");
        }
        let size = u64::from(told.size_of_image()).next_multiple_of(PAGE);
        let headers_len = u64::from(told.size_of_headers());
        if headers_len < table_end || headers_len > file_len || headers_len > HEADERS as u64 {
            return Err("its headers do not end where they say");
        }
        if table.is_empty() {
            return Err("it has no sections");
        }
        let mut parts = vec![Part {
            place: 0..headers_len.next_multiple_of(alignment),
            bytes: 0..headers_len,
            access: PageAccess::Read,
            is_shared: false,
        }];
        let mut place = headers_len.next_multiple_of(alignment);
        let mut stored = headers_len;
        for section in table.iter() {
            let part = part(section, place, alignment, file_len)?;
            // No byte twice: what is copied is never more than the file has.
            stored = stored.saturating_add(part.bytes.end - part.bytes.start);
            if stored > file_len {
                return Err("its sections have more bytes than the file");
            }
            place = part.place.end;
            parts.push(part);
        }
        // The last section may end before its alignment does.
        if place > size {
            let over = place - size;
            if over >= alignment {
                return Err("its sections end past its size");
            }
            let last = parts.last_mut().ok_or("it has no sections")?;
            last.place.end = size;
            if last.place.is_empty() || last.bytes.end - last.bytes.start > size - last.place.start
            {
                return Err("its sections end past its size");
            }
        } else if place < size
            && let Some(last) = parts.last()
        {
            parts.push(Part {
                place: last.place.end..size,
                bytes: 0..0,
                access: PageAccess::Read,
                is_shared: false,
            });
        }
        Ok(Self { size, base: told.image_base(), parts })
    }

    /// The same with no page that could be executed.
    pub(super) fn without_code(mut self) -> Self {
        for part in &mut self.parts {
            part.access = match part.access {
                PageAccess::CopyExecute => PageAccess::Copy,
                PageAccess::WriteExecute => PageAccess::Write,
                PageAccess::ReadExecute | PageAccess::Execute => PageAccess::Read,
                other => other,
            };
        }
        self
    }

    /// The parts that all who map the program share.
    pub(in crate::sys::platform) fn shared(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.is_shared)
    }
}

/// Reads what a section says of itself, which has to begin at `place`.
fn part(
    section: &ImageSectionHeader,
    place: u64,
    alignment: u64,
    file_len: u64,
) -> Result<Part, Wrong> {
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
    let (writes, runs) = (has(IMAGE_SCN_MEM_WRITE), has(IMAGE_SCN_MEM_EXECUTE));
    let is_shared = writes && has(IMAGE_SCN_MEM_SHARED);
    let access = match (writes, runs) {
        (true, true) if is_shared => PageAccess::WriteExecute,
        (true, false) if is_shared => PageAccess::Write,
        (true, true) => PageAccess::CopyExecute,
        (true, false) => PageAccess::Copy,
        (false, true) => PageAccess::ReadExecute,
        (false, false) => PageAccess::Read,
    };
    Ok(Part { place: start..end, bytes: at..at + len, access, is_shared })
}
