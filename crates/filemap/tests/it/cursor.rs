//! Cursors: reading, writing and seeking as `std::io` has it.

use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::{fs, thread};

use filemap::{Cursor, MappedFile, PositionedIo};

use crate::support::Place;

#[test]
fn a_cursor_reads_from_front_to_back_and_then_nothing() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();
    let mut part = [0; 4];

    assert_eq!((cursor.read(&mut part)?, &part), (4, b"0123"));
    assert_eq!((cursor.read(&mut part)?, &part), (4, b"4567"));
    assert_eq!((cursor.read(&mut part)?, &part), (2, b"8967"));
    assert_eq!(cursor.read(&mut part)?, 0);
    assert_eq!(cursor.position(), 10);
    let error = cursor.read_exact(&mut part).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    Ok(())
}

#[test]
fn a_cursor_writes_over_and_past_the_end() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();
    cursor.set_position(8);

    assert_eq!(cursor.write(b"abcd")?, 4);
    write!(cursor, "{}", 42)?;
    cursor.flush()?;

    assert_eq!(cursor.position(), 14);
    assert_eq!(fs::read(place.path("file"))?, b"01234567abcd42");
    Ok(())
}

#[test]
fn seeking_counts_from_the_start_the_place_and_the_end() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();

    assert_eq!(cursor.seek(SeekFrom::Start(6))?, 6);
    assert_eq!(cursor.seek(SeekFrom::Current(-2))?, 4);
    assert_eq!(cursor.seek(SeekFrom::Current(3))?, 7);
    assert_eq!(cursor.seek(SeekFrom::End(-1))?, 9);
    assert_eq!(cursor.stream_position()?, 9);
    let mut last = String::new();
    cursor.read_to_string(&mut last)?;
    assert_eq!(last, "9");
    Ok(())
}

#[test]
fn the_end_is_where_others_have_moved_it() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    let other = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();
    assert_eq!(cursor.seek(SeekFrom::End(0))?, 0);

    other.write_all_at(b"grown", 0)?;

    assert_eq!(cursor.seek(SeekFrom::End(0))?, 5);
    Ok(())
}

#[test]
fn a_cursor_past_the_end_reads_nothing_and_writes_after_a_gap() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"01");
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();

    assert_eq!(cursor.seek(SeekFrom::End(3))?, 5);
    assert_eq!(cursor.read(&mut [0; 8])?, 0);
    cursor.write_all(b"x")?;

    assert_eq!(fs::read(place.path("file"))?, b"01\0\0\0x");
    Ok(())
}

#[test]
fn seeking_before_the_start_is_refused_and_moves_nothing() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();
    cursor.set_position(3);

    for to in [SeekFrom::Current(-4), SeekFrom::End(-11), SeekFrom::Current(i64::MIN)] {
        let error = cursor.seek(to).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{to:?}");
    }

    assert_eq!(cursor.position(), 3);
    Ok(())
}

#[test]
fn the_furthest_place_is_an_ordinary_one_until_it_is_written() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"01");
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();

    assert_eq!(cursor.seek(SeekFrom::Start(u64::MAX))?, u64::MAX);
    assert!(cursor.seek(SeekFrom::Current(1)).is_err());
    assert_eq!(cursor.read(&mut [0; 8])?, 0);
    let error = cursor.write(b"x").unwrap_err();

    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert!(error.to_string().contains(&place.path("file").display().to_string()), "{error}");
    assert_eq!(cursor.position(), u64::MAX);
    assert_eq!(file.len()?, 2);
    Ok(())
}

#[test]
fn copying_in_and_out_goes_through_unchanged() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let file = MappedFile::open(place.path("file"))?;

    let copied = io::copy(&mut &*content, &mut file.cursor())?;
    let mut back = Vec::new();
    io::copy(&mut file.cursor(), &mut back)?;

    assert_eq!(copied, content.len() as u64);
    assert!(back == content);
    assert!(fs::read(place.path("file"))? == content);
    Ok(())
}

#[test]
fn a_cursor_copies_between_two_files() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("from", b"a short text");
    let from = MappedFile::options().read_only().open(place.path("from"))?;
    let to = MappedFile::open(place.path("to"))?;
    let mut cursor = to.cursor();
    cursor.set_position(3);

    io::copy(&mut from.cursor().take(7), &mut cursor)?;

    assert_eq!(fs::read(place.path("to"))?, b"\0\0\0a short");
    Ok(())
}

#[test]
fn a_cursor_of_a_file_for_reading_does_not_write() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    place.file("file", b"01");
    let file = MappedFile::options().read_only().open(place.path("file"))?;
    let mut cursor = file.cursor();

    let error = cursor.write(b"x").unwrap_err();

    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    let inside = error.get_ref().and_then(|inner| inner.downcast_ref::<filemap::Error>());
    assert_eq!(inside.map(filemap::Error::kind), Some(filemap::ErrorKind::AccessDenied));
    assert_eq!(cursor.position(), 0);
    Ok(())
}

#[test]
fn each_cursor_has_a_place_of_its_own() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    let (mut writer, mut reader) = (file.cursor(), file.cursor());

    writer.write_all(b"one\ntwo\n")?;
    let mut copy = writer.clone();
    copy.write_all(b"three\n")?;

    assert_eq!((writer.position(), copy.position(), reader.position()), (8, 14, 0));
    let mut line = String::new();
    BufReader::new(&mut reader).read_line(&mut line)?;
    assert_eq!(line, "one\n");
    Ok(())
}

#[test]
fn a_cursor_may_own_its_share_of_the_file() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    let file = Arc::new(MappedFile::open(place.path("file"))?);

    let threads = ["a", "b", "c"].into_iter().enumerate().map(|(number, letter)| {
        let mut cursor = Cursor::new(Arc::clone(&file));
        cursor.set_position(number as u64 * 1000);
        thread::spawn(move || (0..1000).try_for_each(|_| cursor.write_all(letter.as_bytes())))
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap()?;
    }

    let content = fs::read(place.path("file"))?;
    assert!(content == [[b'a'; 1000], [b'b'; 1000], [b'c'; 1000]].concat());
    Ok(())
}

#[test]
fn a_cursor_gives_its_file_back() -> Result<(), Box<dyn Error>> {
    let place = Place::new();
    let mut cursor = Cursor::new(MappedFile::open(place.path("file"))?);
    cursor.write_all(b"kept")?;

    let file = cursor.into_inner();

    assert_eq!(file.len()?, 4);
    file.close()?;
    Ok(())
}
