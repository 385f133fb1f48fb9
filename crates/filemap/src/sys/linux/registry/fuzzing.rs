//! What must be true of file names and trailers, whatever somebody wrote there.
//!
//! Compiled for the fuzzer, which makes the inputs, and for the tests, which read its seeds; no
//! part of the library that others build.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "to panic is to find a fault")]

use crate::sys::Content;
use crate::sys::platform::registry::file_name::{decode, encode, is_base, is_entry};
use crate::sys::platform::registry::trailer::Trailer;
use crate::types::{ErrorKind, Name};

/// A page that leaves little to guess at between the name and the footer.
const PAGE: usize = 128;

/// The longest name of a file.
const NAME_MAX: usize = 255;

/// Where the fields of a footer are, counted from the end.
mod field {
    pub(super) const SIZE: usize = 88;
    pub(super) const INODE: usize = 80;
    pub(super) const VERSION: usize = 20;
    pub(super) const CHECKSUM: usize = 12;
    pub(super) const MAGIC: usize = 8;
}

/// Reads `input` as two names with a NUL between them, and as the name of a file; tells whether
/// an entry can have this name.
pub fn file_name(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let (one, other) = text.split_once('\0').unwrap_or((&text, ""));
    let (one_file, other_file) = (encode(one), encode(other));
    assert_eq!(one_file == other_file, one == other, "one file name for two names");
    for (base, file) in [(one, &one_file), (other, &other_file)] {
        check_file_name(file);
        let known = decode(file);
        if file.starts_with('#') {
            assert_eq!(known, None, "a hash does not tell a name");
        } else if is_base(base) {
            assert_eq!(known.as_deref(), Some(base));
        }
        assert_eq!(is_entry(file), is_base(base) || file.starts_with('#'));
    }

    let entry = is_entry(&text);
    if entry {
        check_file_name(&text);
    }
    if let Some(base) = decode(&text) {
        assert!(entry, "what has a name is an entry");
        assert_eq!(encode(&base), text, "another spelling");
        check_base(&base);
    }
    entry
}

/// A file name is harmless to whoever lists the directory.
fn check_file_name(file: &str) {
    assert!(file.len() <= NAME_MAX && !file.starts_with('.'), "{file:?}");
    assert!(file.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'), "{file:?}");
}

/// A base is the name that is shown for it, unless that is too long.
fn check_base(base: &str) {
    match Name::parse(&format!("Local\\{base}")) {
        Ok(name) => assert_eq!(name.base(), base),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NameTooLong, "{error}"),
    }
}

/// Reads `input` as the trailer of an entry: as it is, and then with a good checksum, which
/// chance would never find; tells whether it could be read then.
pub fn trailer(input: &[u8]) -> bool {
    check_trailer(input);
    let mut sealed = input.to_vec();
    seal(&mut sealed).is_some() && check_trailer(&sealed)
}

/// Makes a trailer look whole, whatever it says.
fn seal(bytes: &mut [u8]) -> Option<()> {
    put(bytes, field::VERSION, &1_u32.to_le_bytes())?;
    put(bytes, field::CHECKSUM, &[0; 4])?;
    put(bytes, field::MAGIC, b"filemap\n")?;
    let checksum = crc32c::crc32c(bytes);
    put(bytes, field::CHECKSUM, &checksum.to_le_bytes())
}

fn put(bytes: &mut [u8], from_end: usize, value: &[u8]) -> Option<()> {
    let at = bytes.len().checked_sub(from_end)?;
    bytes.get_mut(at..at + value.len())?.copy_from_slice(value);
    Some(())
}

fn number(bytes: &[u8], from_end: usize) -> u64 {
    let at = bytes.len().checked_sub(from_end);
    let field = at.and_then(|at| bytes[at..].first_chunk());
    field.map_or(0, |field| u64::from_le_bytes(*field))
}

/// Reads a trailer in files of several lengths; tells whether it could be read in one of them.
fn check_trailer(bytes: &[u8]) -> bool {
    let inode = number(bytes, field::INODE);
    if let Some(len) = Trailer::len_of(bytes, inode) {
        assert!(len <= 2 << 20, "{len} bytes would be read");
        assert_eq!(Trailer::len_of(bytes, !inode), None, "a copy is an entry");
    }
    let whole = bytes.len() as u64;
    // No file is longer.
    let longest = i64::MAX.unsigned_abs();
    let memory = number(bytes, field::SIZE).checked_next_multiple_of(PAGE as u64);
    let fitting = memory.and_then(|data| data.checked_add(whole)).unwrap_or(longest).min(longest);
    // With a byte for each page, that says whether it is committed.
    let marks = memory.map_or(0, |data| (data / PAGE as u64).next_multiple_of(PAGE as u64));
    let reserved = fitting.saturating_add(marks).min(longest);
    let mut could_be_read = false;
    for file_len in [0, whole, fitting, reserved, longest] {
        if let Ok(read) = Trailer::decode(bytes, file_len, PAGE) {
            could_be_read = true;
            check_read(&read, inode, file_len - whole);
        }
    }
    could_be_read
}

/// What was read fits its file, and comes back from what is written of it.
fn check_read(read: &Trailer, inode: u64, data_len: u64) {
    if read.content == Content::Memory {
        assert!(read.size > 0 && read.size <= data_len, "{read:?} in {data_len} bytes");
    }
    assert!(is_base(&read.base), "{read:?}");
    check_base(&read.base);
    let again = read.encode(inode, PAGE).expect("what was read can be written");
    assert_eq!(Trailer::len_of(&again, inode), Some(again.len()));
    let file_len = data_len.saturating_add(again.len() as u64);
    assert_eq!(Trailer::decode(&again, file_len, PAGE).as_ref(), Ok(read));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows each seed of a target to its check; tells how many seeds there are, and how many of
    /// them were what they look like.
    fn seeds(target: &str, check: fn(&[u8]) -> bool) -> (usize, usize) {
        let folder = format!("{}/../../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let (mut all, mut good) = (0, 0);
        for seed in std::fs::read_dir(folder).unwrap() {
            let input = std::fs::read(seed.unwrap().path()).unwrap();
            all += 1;
            good += usize::from(check(&input));
        }
        (all, good)
    }

    #[test]
    fn the_fuzzers_seeds_of_trailers_are_read_and_refused_alike() {
        let (all, good) = seeds("trailer", trailer);
        assert!(0 < good && good < all, "{good} of {all} could be read");
    }

    #[test]
    fn the_fuzzers_seeds_of_file_names_are_entries_and_others_alike() {
        let (all, good) = seeds("file_name", file_name);
        assert!(0 < good && good < all, "{good} of {all} are entries");
    }
}
