//! Files by offset: lengths, values, names, and what is refused.

use std::fs;
#[cfg(target_os = "linux")]
use std::thread;

use filemap::{Access, Error, ErrorKind, FileMapping, Flush, MappedFile, Operation, PositionedIo};

use crate::support::{self, Place};

/// As many bytes as there are, up to 100.
pub(crate) fn read_up_to_100(file: &MappedFile, offset: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0xEE; 100];
    let count = file.read_at(&mut bytes, offset)?;
    assert!(bytes[count..].iter().all(|byte| *byte == 0xEE), "what follows the end is untouched");
    bytes.truncate(count);
    Ok(bytes)
}

#[test]
fn a_new_file_is_empty() -> Result<(), Error> {
    let place = Place::new();

    let file = MappedFile::open(place.path("file"))?;

    assert!(file.is_empty()?);
    assert!(file.is_writable());
    assert_eq!(read_up_to_100(&file, 0)?, b"");
    assert_eq!(file.path(), Some(&*place.path("file")));
    assert_eq!(file.name(), None);
    assert_eq!(fs::metadata(place.path("file")).unwrap().len(), 0);
    Ok(())
}

#[test]
fn what_is_written_is_the_files_content() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;

    file.write_all_at(b"abc", 3)?;

    assert_eq!(fs::read(place.path("file")).unwrap(), b"012abc6789");
    Ok(())
}

#[test]
fn a_read_tells_how_many_bytes_there_were_before_the_end() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;

    assert_eq!(read_up_to_100(&file, 0)?, b"0123456789");
    assert_eq!(read_up_to_100(&file, 7)?, b"789");
    assert_eq!(read_up_to_100(&file, 10)?, b"");
    assert_eq!(read_up_to_100(&file, 11)?, b"");
    assert_eq!(read_up_to_100(&file, u64::MAX)?, b"");
    assert_eq!(file.read_at(&mut [], 3)?, 0);
    Ok(())
}

#[test]
fn an_exact_read_past_the_end_is_refused_before_the_first_byte() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;
    let mut seen = [b'-'; 5];

    let error = file.read_exact_at(&mut seen, 8).unwrap_err();

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::EndOfFile, 38));
    assert_eq!(&seen, b"-----");
    let text = error.to_string();
    assert!(text.contains(&place.path("file").display().to_string()), "{text}");
    assert!(text.contains("5 bytes at 8"), "{text}");
    assert_eq!(file.read::<u32>(7).unwrap_err().kind(), ErrorKind::EndOfFile);
    Ok(())
}

#[test]
fn the_length_is_exact_after_each_write() -> Result<(), Error> {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    let on_disk = || fs::metadata(place.path("file")).unwrap().len();

    for (offset, len, expected) in [
        (0_u64, 1_usize, 1_u64),
        (1, 4095, 4096),
        (0, 4096, 4096),
        (4096, 1, 4097),
        (4000, 50, 4097),
        (100_003, 0, 4097),
        (100_003, 7, 100_010),
        ((1 << 20) - 1, 2, (1 << 20) + 1),
        (0, 3 << 20, 3 << 20),
    ] {
        file.write_all_at(&vec![7; len], offset)?;

        assert_eq!(file.len()?, expected, "{len} bytes at {offset}");
        assert_eq!(on_disk(), expected, "{len} bytes at {offset}");
    }
    Ok(())
}

#[test]
fn a_gap_reads_as_zeros() -> Result<(), Error> {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.write_all_at(b"front", 0)?;

    file.write_all_at(b"back", 3_000_000)?;

    let mut gap = vec![1; 3_000_000 - 5];
    file.read_exact_at(&mut gap, 5)?;
    assert!(gap.iter().all(|byte| *byte == 0));
    assert_eq!(read_up_to_100(&file, 3_000_000)?, b"back");
    Ok(())
}

#[test]
fn both_ends_of_a_sparse_file_of_1_tebibyte_are_written_and_read() -> Result<(), Error> {
    let place = Place::new();
    let last = (1_u64 << 40) - 3;
    let file = MappedFile::open(place.path("file"))?;

    file.write_all_at(b"one", 0)?;
    file.write_all_at(b"end", last)?;

    assert_eq!(file.len()?, 1 << 40);
    assert_eq!(read_up_to_100(&file, 0)?[..4], *b"one\0");
    assert_eq!(read_up_to_100(&file, last - 1)?, b"\0end");
    file.write(last - 9, &0x1122_3344_u32)?;
    assert_eq!(file.read::<u32>(last - 9)?, 0x1122_3344);
    let meta = fs::metadata(place.path("file")).unwrap();
    assert_eq!(meta.len(), 1 << 40);
    let taken = support::space(&fs::File::open(place.path("file")).unwrap()).unwrap();
    assert!(taken < 1 << 20, "the hole takes space: {taken} bytes");
    Ok(())
}

#[test]
fn a_fill_sets_its_range_and_nothing_else() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", &[b'-'; 200_000]);
    let file = MappedFile::open(place.path("file"))?;

    file.fill(10, 100_000, b'x')?;
    file.fill(199_990, 20, b'y')?;
    file.fill(300_000, 5, 0)?;

    let mut expected = vec![b'-'; 200_000];
    expected[10..100_010].fill(b'x');
    expected.resize(200_010, 0);
    expected[199_990..].fill(b'y');
    expected.resize(300_005, 0);
    assert_eq!(fs::read(place.path("file")).unwrap(), expected);
    Ok(())
}

#[test]
fn a_fill_of_no_bytes_past_the_end_changes_nothing() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;

    file.fill(500_000, 0, b'x')?;

    assert_eq!(read_up_to_100(&file, 5)?, b"56789");
    assert_eq!(file.len()?, 10);
    Ok(())
}

#[test]
fn values_lie_at_any_offset() -> Result<(), Error> {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;

    file.write(4093, &0x0102_0304_0506_0708_u64.to_le_bytes())?;
    file.write(1, &[1_u16, 2, 3])?;

    assert_eq!(file.read::<[u8; 8]>(4093)?, [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(file.read::<[u16; 3]>(1)?, [1, 2, 3]);
    assert_eq!(file.len()?, 4101);
    Ok(())
}

#[test]
fn a_new_length_cuts_off_or_adds_zeros() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;

    file.set_len(4)?;
    assert_eq!(read_up_to_100(&file, 0)?, b"0123");

    file.set_len(6)?;
    assert_eq!(read_up_to_100(&file, 0)?, b"0123\0\0");

    if cfg!(windows) {
        // By now it is mapped as a whole, and Windows keeps what is mapped.
        let refused = file.set_len(0).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::FileMapped, 1224));
        assert_eq!(read_up_to_100(&file, 0)?, b"0123\0\0");
        return Ok(());
    }
    file.set_len(0)?;
    assert!(file.is_empty()?);
    assert_eq!(fs::read(place.path("file")).unwrap(), b"");
    Ok(())
}

#[test]
fn a_file_that_is_used_through_windows_can_be_cut_between_uses() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::options().window(1 << 16).open(place.path("file"))?;
    assert_eq!(read_up_to_100(&file, 0)?, b"0123456789");

    file.set_len(4)?;

    assert_eq!(read_up_to_100(&file, 0)?, b"0123");
    file.write_all_at(b"xyz", 2)?;
    assert_eq!(fs::read(place.path("file")).unwrap(), b"01xyz");
    Ok(())
}

#[test]
fn growth_by_another_handle_shows_at_once() -> Result<(), Error> {
    let place = Place::new();
    let one = MappedFile::open(place.path("file"))?;
    let two = MappedFile::open(place.path("file"))?;

    one.write_all_at(b"first", 0)?;
    assert_eq!(read_up_to_100(&two, 0)?, b"first");

    two.write_all_at(b"second", 5 << 20)?;
    assert_eq!(read_up_to_100(&one, 5 << 20)?, b"second");
    Ok(())
}

#[test]
fn a_name_that_is_another_files_is_refused() -> Result<(), Error> {
    let place = Place::new();
    let options = || MappedFile::options().registry(&place.registry).name("taken");
    let first = options().open(place.path("one"))?;
    first.write_all_at(b"first", 0)?;

    let error = options().open(place.path("two")).unwrap_err();

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::AlreadyExists, 183));
    assert!(error.to_string().contains("Local\\taken"), "{error}");
    assert_eq!(fs::read(place.path("one")).unwrap(), b"first");
    Ok(())
}

#[test]
fn a_name_that_is_memorys_is_refused_for_a_file() -> Result<(), Error> {
    let place = Place::new();
    let _memory =
        FileMapping::options().registry(&place.registry).name("taken").size(1).create()?;

    let options = MappedFile::options().registry(&place.registry).name("taken");
    let error = options.open(place.path("file")).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    Ok(())
}

#[test]
fn the_same_file_under_the_same_name_is_one_file() -> Result<(), Error> {
    let place = Place::new();
    fs::write(place.path("file"), b"").unwrap();
    fs::hard_link(place.path("file"), place.path("alias")).unwrap();
    let options = || MappedFile::options().registry(&place.registry).name("shared");

    let one = options().open(place.path("file"))?;
    let two = options().open(place.path("alias"))?;
    one.write_all_at(b"seen by both", 100)?;

    assert_eq!(read_up_to_100(&two, 100)?, b"seen by both");
    drop(one);
    let found = MappedFile::options().registry(&place.registry).open_by_name("shared")?;
    assert_eq!(found.len()?, 112);
    Ok(())
}

#[test]
fn closing_the_last_file_frees_its_name() -> Result<(), Error> {
    let place = Place::new();
    let options = || MappedFile::options().registry(&place.registry);
    let file = options().name("brief").open(place.path("file"))?;
    let other = options().open_by_name("brief")?;

    file.close()?;
    other.write_all_at(b"still here", 0)?;
    other.close()?;

    let error = options().open_by_name("brief").unwrap_err();
    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::NotFound, 2));
    assert!(error.to_string().contains("Local\\brief"), "{error}");
    assert_eq!(place.leftovers(), Vec::<String>::new());
    assert_eq!(fs::read(place.path("file")).unwrap(), b"still here");
    Ok(())
}

#[test]
fn memory_under_a_name_is_read_and_written_and_keeps_its_length() -> Result<(), Error> {
    let place = Place::new();
    let memory = FileMapping::options().registry(&place.registry).name("m").size(5000).create()?;
    let view = memory.map(Access::Write)?;
    view.write_all_at(b"zz", 4998)?;

    let file = MappedFile::options().registry(&place.registry).open_by_name("m")?;

    assert_eq!((file.len()?, file.path()), (5000, None));
    assert_eq!(read_up_to_100(&file, 4997)?, b"\0zz");
    file.write_all_at(b"abcd", 4996)?;
    file.fill(0, 3, 9)?;
    file.flush(Flush::Durable)?;
    assert_eq!(view.read::<[u8; 4]>(4996)?, *b"abcd");
    assert_eq!(view.read::<[u8; 4]>(0)?, [9, 9, 9, 0]);
    for error in [
        file.write_all_at(b"1234", 4998).unwrap_err(),
        file.fill(4500, 1000, 7).unwrap_err(),
        file.set_len(5001).unwrap_err(),
        file.set_len(1).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::NotSupported, 50), "{error}");
        assert!(error.to_string().contains("Local\\m"), "{error}");
    }
    assert_eq!(read_up_to_100(&file, 4996)?, b"abcd");
    assert_eq!(file.read::<u8>(4500)?, 0);
    Ok(())
}

#[test]
fn a_part_of_a_file_under_a_name_keeps_its_length() -> Result<(), Error> {
    let place = Place::new();
    let whole = place.file("file", &[b'-'; 1000]);
    let options = FileMapping::options().registry(&place.registry).name("part");
    let _part = options.file(&whole).size(100).create()?;

    let file = MappedFile::options().registry(&place.registry).open_by_name("part")?;

    assert_eq!(file.len()?, 100);
    assert_eq!(read_up_to_100(&file, 98)?, b"--");
    assert_eq!(file.write_all_at(b"ab", 99).unwrap_err().kind(), ErrorKind::NotSupported);
    assert_eq!(fs::read(place.path("file")).unwrap(), [b'-'; 1000]);
    Ok(())
}

#[test]
fn a_file_opened_for_reading_only_is_never_changed() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::options().read_only().open(place.path("file"))?;
    assert_eq!(read_up_to_100(&file, 0)?, b"content");
    assert!(!file.is_writable());

    for error in [
        file.write_all_at(b"x", 0).unwrap_err(),
        file.write_all_at(b"x", 100).unwrap_err(),
        file.write(0, &1_u8).unwrap_err(),
        file.fill(0, 1, 1).unwrap_err(),
        file.set_len(0).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::AccessDenied, 5));
        let text = error.to_string();
        assert!(text.contains(&place.path("file").display().to_string()), "{text}");
    }
    assert_eq!(fs::read(place.path("file")).unwrap(), b"content");
    Ok(())
}

#[test]
fn a_name_opened_for_reading_only_cannot_be_written() -> Result<(), Error> {
    let place = Place::new();
    let options = || MappedFile::options().registry(&place.registry);
    let file = options().name("half").open(place.path("file"))?;
    file.write_all_at(b"content", 0)?;

    let reader = options().read_only().open_by_name("half")?;

    assert_eq!(read_up_to_100(&reader, 0)?, b"content");
    assert_eq!(reader.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn a_name_given_by_a_reader_limits_those_who_join_it() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"content");
    let options = || MappedFile::options().registry(&place.registry);
    let _reader = options().read_only().name("r").open(place.path("file"))?;

    let found = options().open_by_name("r")?;

    assert!(!found.is_writable());
    assert_eq!(read_up_to_100(&found, 0)?, b"content");
    assert_eq!(found.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::AccessDenied);
    // The name's mapping is read-only: a writer cannot join it, and learns so.
    let error = options().name("r").open(place.path("file")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::ProtectionExceeded));
    Ok(())
}

#[test]
fn a_file_that_must_be_new_is_created_once() -> Result<(), Error> {
    let place = Place::new();

    let file = MappedFile::options().create_new().open(place.path("file"))?;
    file.write_all_at(b"mine", 0)?;
    let error = MappedFile::options().create_new().open(place.path("file")).unwrap_err();

    assert_eq!((error.kind(), error.operation()), (ErrorKind::AlreadyExists, Operation::OpenFile));
    assert!(error.to_string().contains(&place.path("file").display().to_string()), "{error}");
    assert_eq!(read_up_to_100(&file, 0)?, b"mine");
    Ok(())
}

#[test]
fn a_file_cannot_be_new_and_for_reading_only() {
    let place = Place::new();
    place.file("there", b"content");

    for name in ["there", "absent"] {
        let error =
            MappedFile::options().create_new().read_only().open(place.path(name)).unwrap_err();
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::InvalidArgument, 87), "{name}");
    }
    assert!(!place.path("absent").exists());
}

#[test]
fn a_file_that_must_exist_is_not_created() {
    let place = Place::new();

    for options in [MappedFile::options().must_exist(), MappedFile::options().read_only()] {
        let error = options.open(place.path("absent")).unwrap_err();

        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::NotFound, 2));
        assert!(error.to_string().contains("absent"), "{error}");
        assert!(!place.path("absent").exists());
    }
}

// Pipes and sockets with a path.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_file_is_refused_at_once() {
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    let place = Place::new();
    let pipe = place.path("pipe");
    let everybody = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, everybody).unwrap();
    let socket = place.path("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let (done, finished) = std::sync::mpsc::channel();

    let paths = [place.dir.path().to_owned(), pipe, socket, PathBuf::from("/dev/null")];
    thread::spawn(move || {
        for path in paths {
            let both = [MappedFile::options(), MappedFile::options().read_only()];
            for (options, how) in both.into_iter().zip(["write", "read"]) {
                let kind = options.open(&path).map(drop).map_err(|error| error.kind());
                if done.send((path.clone(), how, kind)).is_err() {
                    return;
                }
            }
        }
    });

    for _ in 0..8 {
        let (path, how, kind) =
            finished.recv_timeout(support::DEADLINE / 6).expect("no open waits for anybody");
        assert_eq!(kind, Err(ErrorKind::WrongObject), "{} to {how}", path.display());
    }
}

#[cfg(windows)]
#[test]
fn a_folder_and_a_device_are_refused() {
    let place = Place::new();

    for path in [place.dir.path(), std::path::Path::new("NUL")] {
        for options in [MappedFile::options(), MappedFile::options().read_only()] {
            let error = options.open(path).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::WrongObject, "{}: {error}", path.display());
        }
    }
}

#[test]
fn a_path_through_a_missing_folder_is_told_from_a_missing_file() {
    let place = Place::new();
    place.file("file", b"content");

    for path in [place.path("absent").join("file"), place.path("file").join("file")] {
        let error = MappedFile::open(&path).unwrap_err();

        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::PathNotFound, 3), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn a_name_that_cannot_be_creates_no_file() {
    let place = Place::new();

    for (name, kind) in [
        ("\\x", ErrorKind::InvalidPath),
        ("Else\\x", ErrorKind::PathNotFound),
        ("Global\\", ErrorKind::InvalidName),
        ("", ErrorKind::WrongObject),
    ] {
        let options = MappedFile::options().registry(&place.registry).name(name);
        let error = options.open(place.path("file")).unwrap_err();

        assert_eq!(error.kind(), kind, "{name:?}");
        assert!(!place.path("file").exists());
    }
}
