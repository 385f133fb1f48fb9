//! Whatever a live entry of the registry holds, whoever opens or lists it gets an object that
//! is no larger than what is there, or an error.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;

use filemap::{
    Access, Attributes, Backing, Error, ErrorKind, FileMapping, Name, PositionedIo, Registry,
    Rights, page_size,
};
use tempfile::TempDir;

/// The name whose entry the input is.
const NAME: &str = "x";

/// Another link to the same entry, whose file name means no name.
const OTHER: &str = "Local%5Cx";

/// Bytes of the file that an entry may name.
const NOTES_LEN: u64 = 5000;

/// Begins the device of a backing that is to be what the input says, and not the file's.
const STRAY: u8 = 0xEE;

/// The most bytes that an entry's memory takes here.
const MOST: u64 = 1 << 18;

/// Where the fields of a footer are, counted from the end.
mod field {
    pub(super) const FOOTER: usize = 88;
    pub(super) const SIZE: usize = 88;
    pub(super) const INODE: usize = 80;
    pub(super) const BACKING: usize = 72;
    pub(super) const NAME_LEN: usize = 36;
    pub(super) const PATH_LEN: usize = 32;
    pub(super) const CONTENT: usize = 25;
    pub(super) const TRAILER_LEN: usize = 24;
    pub(super) const VERSION: usize = 20;
    pub(super) const RESERVED: usize = 16;
    pub(super) const CHECKSUM: usize = 12;
}

/// A registry with one entry, which is held, and a file that it may name.
struct Stage {
    registry: Registry,
    /// The entry's file, which is written here by another way than the library's.
    entry: File,
    /// What makes the entry live.
    _held: FileMapping,
    notes: PathBuf,
    /// Device, inode and birth of the file, as an entry has them.
    identity: [u8; 24],
    _place: TempDir,
}

impl Stage {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let registry = Registry::at(place.path());
        let notes = place.path().join("notes");
        let file = File::options().read(true).write(true).create_new(true).open(&notes)?;
        file.set_len(NOTES_LEN)?;
        let identity = {
            let named = FileMapping::options().registry(&registry).file(&file).name("notes");
            let _named = named.create_new()?;
            let bytes = fs::read(registry.inspect("notes")?.entry())?;
            let at = bytes.len() - field::BACKING;
            bytes[at..at + 24].try_into()?
        };
        let held = FileMapping::options().registry(&registry).name(NAME).size(1).create_new()?;
        let path = registry.inspect(NAME)?.entry().to_owned();
        let entry = File::options().read(true).write(true).open(&path)?;
        fs::hard_link(&path, path.with_file_name(OTHER))?;
        Ok(Self { registry, entry, _held: held, notes, identity, _place: place })
    }

    /// Makes the entry what the input says: its last page, but for what depends on where it is.
    ///
    /// An input that ends as a trailer does gets what chance would never find, a checksum above
    /// all. Any other is what the entry ends in, as it is.
    fn fill(&self, input: &[u8]) -> std::io::Result<u64> {
        let page = page_size();
        let mut trailer = vec![0; page];
        let input = input.get(..page).unwrap_or(input);
        let number = |from_end| number(input, from_end);
        let mut data = 0;
        if input.len() < field::FOOTER || !input.ends_with(b"filemap\n") {
            trailer[page - input.len()..].copy_from_slice(input);
        } else {
            let (text, footer) = input.split_at(input.len() - field::FOOTER);
            let name_len = usize::try_from(number(field::NAME_LEN)).unwrap_or(0).min(text.len());
            let (name, path) = text.split_at(name_len);
            let strays = footer[field::FOOTER - field::BACKING] == STRAY;
            let notes = self.notes.as_os_str().as_encoded_bytes();
            let mut lead = [name, if strays { path } else { notes }].concat();
            lead.truncate(page - field::FOOTER);
            trailer[..lead.len()].copy_from_slice(&lead);
            trailer[page - field::FOOTER..].copy_from_slice(footer);
            put(&mut trailer, field::VERSION, &1_u32.to_le_bytes());
            put(&mut trailer, field::INODE, &self.entry.metadata()?.ino().to_le_bytes());
            if !strays {
                put(&mut trailer, field::BACKING, &self.identity);
                let path_len = u32::try_from(notes.len()).unwrap_or(0);
                put(&mut trailer, field::PATH_LEN, &path_len.to_le_bytes());
            }
            data = wide(input, field::SIZE).checked_next_multiple_of(page as u64).unwrap_or(0);
            data = (if data > MOST { 0 } else { data }) + number(field::RESERVED) % MOST;
        }
        self.entry.set_len(0)?;
        self.entry.set_len(data)?;
        put(&mut trailer, field::CHECKSUM, &[0; 4]);
        self.entry.write_all_at(&trailer, data)?;
        let len = data + page as u64;
        // The checksum is of as much as the trailer says that it is.
        let claimed = number(field::TRAILER_LEN);
        let claimed = if (page as u64..=len).contains(&claimed) { claimed } else { page as u64 };
        let mut whole = vec![0; usize::try_from(claimed).unwrap_or(page)];
        self.entry.read_exact_at(&mut whole, len - claimed)?;
        let checksum = crc32c::crc32c(&whole).to_le_bytes();
        self.entry.write_all_at(&checksum, len - field::CHECKSUM as u64)?;
        Ok(len)
    }

    /// Asks everything that can be asked; tells whether the entry leads to an object, which has
    /// no more than `room` bytes, and some to the end of a page.
    fn ask(&self, room: u64, searches: bool) -> bool {
        let Self { registry, .. } = self;
        for listed in registry.list().expect("a registry can be listed") {
            let name = listed.name().to_string();
            let inspected = registry.inspect(&name).expect("what is listed is there");
            assert_eq!(inspected.entry(), listed.entry(), "{name} is another entry");
            assert!(listed.is_live());
        }
        let inspected = registry.inspect(NAME).map(|named| (named.size(), named.protection()));
        let mut answers = vec![registry.open(NAME)];
        if !searches {
            answers.push(registry.open_with(NAME, Rights::READ));
            answers.push(FileMapping::options().registry(registry).name(NAME).size(1).create());
        }
        let mut leads = false;
        for opened in answers {
            let mapping = match opened {
                Ok(mapping) => mapping,
                Err(error) => {
                    expected(&error);
                    continue;
                }
            };
            leads = true;
            let (size, protection) = *inspected.as_ref().expect("what can be opened can be shown");
            assert_eq!(mapping.name().map(Name::base), Some(NAME));
            assert_eq!(mapping.protection(), protection);
            if let Some(size) = size {
                assert_eq!(mapping.size(), size);
            }
            look(&mapping, room.next_multiple_of(page_size() as u64));
        }
        leads
    }
}

/// Maps an object in several ways, none of which may show more than the `room` in its file.
fn look(mapping: &FileMapping, room: u64) {
    let last = mapping.size().saturating_sub(1);
    let views = [
        mapping.map(Access::Read),
        mapping.map(Access::Write),
        mapping.map(Access::Copy),
        mapping.map_range(Access::Read, last..),
    ];
    for view in views.into_iter().flatten() {
        let end = view.offset().checked_add(view.len() as u64).expect("views end");
        assert!(end <= mapping.size(), "{end} of {} bytes are mapped", mapping.size());
        // A file may have become shorter since it was named, so an entry may promise more of it.
        if mapping.backing() == Backing::Memory {
            assert!(end <= room, "{end} of {room} bytes are mapped");
        }
        for at in [0, view.len().saturating_sub(1)] {
            let is_there = view.offset() + (at as u64) < room;
            match view.read_exact_at(&mut [0], at as u64) {
                Ok(()) => assert!(is_there, "a byte that is not there was read"),
                Err(error) if error.kind() == ErrorKind::NotCommitted => {
                    assert!(mapping.attributes().contains(Attributes::RESERVE), "{error}");
                }
                Err(error) => {
                    assert!(!is_there && error.kind() == ErrorKind::Lost, "{error}");
                }
            }
        }
    }
}

fn put(bytes: &mut [u8], from_end: usize, value: &[u8]) {
    let at = bytes.len() - from_end;
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn wide(bytes: &[u8], from_end: usize) -> u64 {
    let at = bytes.len().checked_sub(from_end);
    at.and_then(|at| bytes[at..].first_chunk()).map_or(0, |field| u64::from_le_bytes(*field))
}

fn number(bytes: &[u8], from_end: usize) -> u64 {
    wide(bytes, from_end) & u64::from(u32::MAX)
}

/// Panics at an error that nobody should get for what is in an entry.
fn expected(error: &Error) {
    let kinds = [
        ErrorKind::DamagedEntry,
        ErrorKind::WrongObject,
        ErrorKind::BackingGone,
        ErrorKind::AccessDenied,
        ErrorKind::SizeTooLarge,
    ];
    assert!(kinds.contains(&error.kind()), "{:?}: {error}", error.kind());
}

thread_local! {
    static STAGE: Stage = Stage::new().expect("a registry can be made");
}

/// Makes `input` a live entry and asks for it in every way; tells whether it led to an object.
pub(crate) fn check(input: &[u8]) -> bool {
    STAGE.with(|stage| {
        let len = stage.fill(input).expect("an entry can be written");
        let byte = |from_end| input.len().checked_sub(from_end).map_or(0, |at| input[at]);
        let (content, strays) = (byte(field::CONTENT), byte(field::BACKING) == STRAY);
        // What is in the entry ends where its trailer begins.
        let room = if content == 0 { len - page_size() as u64 } else { NOTES_LEN };
        // To look for a file through all processes takes milliseconds: once has to be enough.
        stage.ask(room, content == 2 || strays)
    })
}
