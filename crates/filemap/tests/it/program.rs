//! Small programs of Windows, made by hand.

/// A section of a program.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    /// `IMAGE_SCN_*`.
    pub(crate) flags: u32,
    pub(crate) bytes: Vec<u8>,
    /// Bytes in memory.
    pub(crate) size: u32,
}

/// `IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_READ`.
pub(crate) const CODE: u32 = 0x6000_0020;
/// `IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ`.
pub(crate) const CONSTANTS: u32 = 0x4000_0040;
/// The same, and `IMAGE_SCN_MEM_WRITE`.
pub(crate) const DATA: u32 = 0xc000_0040;
/// The same, and `IMAGE_SCN_MEM_SHARED`.
pub(crate) const SHARED: u32 = 0xd000_0040;

/// What a program is made of, and what is told wrong of it.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) base: u64,
    pub(crate) sections: Vec<Section>,
    /// Unit of places in memory.
    pub(crate) alignment: u32,
    /// Unit of places in the file.
    pub(crate) file_alignment: u32,
    /// Its headers are those of 64 bits.
    pub(crate) is_wide: bool,
}

/// Where the headers of a program begin, behind the one that DOS knows.
pub(crate) const HEADERS: usize = 0x80;
/// Where its optional header begins.
pub(crate) const OPTIONAL: usize = HEADERS + 24;
/// Where its table of sections begins, if it is wide.
pub(crate) const TABLE: usize = OPTIONAL + 240;

impl Program {
    /// One section of each sort, each of a page but for the last, which is of two.
    pub(crate) fn sample(base: u64) -> Self {
        let section =
            |name, flags, bytes: &[u8], size| Section { name, flags, bytes: bytes.to_vec(), size };
        // mov eax, 42; ret
        let code = [0xb8, 42, 0, 0, 0, 0xc3];
        let sections = vec![
            section(".text", CODE, &code, 6),
            section(".rdata", CONSTANTS, b"constant", 8),
            section(".data", DATA, b"data", 0x1001),
            section(".common", SHARED, b"shared", 0x20),
        ];
        Self { base, sections, alignment: 0x1000, file_alignment: 0x200, is_wide: true }
    }

    /// Bytes of the program in memory.
    pub(crate) fn size(&self) -> u32 {
        self.places().last().map_or(0, |(place, size)| place + size)
    }

    /// Where each section is in memory, and how long with its last page.
    pub(crate) fn places(&self) -> Vec<(u32, u32)> {
        let mut place = self.alignment;
        let mut places = Vec::new();
        for section in &self.sections {
            let size = section.size.next_multiple_of(self.alignment);
            places.push((place, size));
            place += size;
        }
        places
    }

    /// The bytes of its file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let table = if self.is_wide { TABLE } else { TABLE - 16 };
        let headers_len = table + self.sections.len() * 40;
        let unit = self.file_alignment as usize;
        let mut file = vec![0; headers_len.next_multiple_of(unit)];
        let count = u16::try_from(self.sections.len()).expect("there are few");
        put(&mut file, 0, b"MZ");
        put(&mut file, 0x3c, &0x80_u32.to_le_bytes());
        put(&mut file, HEADERS, b"PE\0\0");
        let machine = if self.is_wide { 0x8664_u16 } else { 0x14c };
        put(&mut file, HEADERS + 4, &machine.to_le_bytes());
        put(&mut file, HEADERS + 6, &count.to_le_bytes());
        let optional_len = if self.is_wide { 240_u16 } else { 224 };
        put(&mut file, HEADERS + 20, &optional_len.to_le_bytes());
        // IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_LARGE_ADDRESS_AWARE | IMAGE_FILE_DLL
        put(&mut file, HEADERS + 22, &0x2022_u16.to_le_bytes());
        if self.is_wide {
            put(&mut file, OPTIONAL, &0x20b_u16.to_le_bytes());
            put(&mut file, OPTIONAL + 24, &self.base.to_le_bytes());
        } else {
            let base = u32::try_from(self.base).expect("it is in the lower 4 GiB");
            put(&mut file, OPTIONAL, &0x10b_u16.to_le_bytes());
            put(&mut file, OPTIONAL + 28, &base.to_le_bytes());
        }
        put(&mut file, OPTIONAL + 32, &self.alignment.to_le_bytes());
        put(&mut file, OPTIONAL + 36, &self.file_alignment.to_le_bytes());
        put(&mut file, OPTIONAL + 40, &6_u16.to_le_bytes());
        put(&mut file, OPTIONAL + 48, &6_u16.to_le_bytes());
        put(&mut file, OPTIONAL + 56, &self.size().to_le_bytes());
        let headers = u32::try_from(file.len()).expect("they are short");
        put(&mut file, OPTIONAL + 60, &headers.to_le_bytes());
        // IMAGE_SUBSYSTEM_WINDOWS_CUI
        put(&mut file, OPTIONAL + 68, &3_u16.to_le_bytes());
        let directories = if self.is_wide { 108 } else { 92 };
        put(&mut file, OPTIONAL + directories, &16_u32.to_le_bytes());
        for (index, (section, (place, _))) in self.sections.iter().zip(self.places()).enumerate() {
            let at = table + index * 40;
            let stored = section.bytes.len().next_multiple_of(unit);
            put(&mut file, at, section.name.as_bytes());
            put(&mut file, at + 8, &section.size.to_le_bytes());
            put(&mut file, at + 12, &place.to_le_bytes());
            let stored = u32::try_from(stored).expect("they are short");
            put(&mut file, at + 16, &stored.to_le_bytes());
            let here = u32::try_from(file.len()).expect("it is short");
            put(&mut file, at + 20, &here.to_le_bytes());
            put(&mut file, at + 36, &section.flags.to_le_bytes());
            file.extend_from_slice(&section.bytes);
            file.resize(file.len().next_multiple_of(unit), 0);
        }
        file
    }
}

/// Overwrites bytes of a program's file.
pub(crate) fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}
