//! Room behind the end of a file: exact lengths while it is there, and who gets it back when.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::thread;

use filemap::{
    Cursor, ErrorKind, FileMapping, KeptLength, MappedFile, MappedFileOptions, Protection,
};

use crate::support::{self, FileExt as _, Outcome, Place, space};

const ROOM: u64 = 1 << 20;

/// The length that everybody else sees.
fn len_of(place: &Place) -> u64 {
    fs::metadata(place.path("file")).map_or(0, |state| state.len())
}

/// The ways to map a file: as a whole, and through windows that slide.
fn shapes() -> [MappedFileOptions; 2] {
    [MappedFile::options(), MappedFile::options().window(1 << 16).windows(2)]
}

#[test]
fn the_length_is_exact_after_every_append() -> Outcome {
    for options in shapes() {
        let place = Place::new();
        place.file("file", b"begun");
        let file = options.open(place.path("file"))?;
        file.reserve(ROOM)?;
        assert_eq!((file.len()?, len_of(&place)), (5, 5 + ROOM));

        let mut content = b"begun".to_vec();
        for number in 0..3000_u64 {
            let piece = vec![u8::try_from(number % 250)? + 1; 1 + usize::try_from(number % 97)?];
            file.write_at(content.len() as u64, &piece)?;
            content.extend(&piece);
            assert_eq!(file.len()?, content.len() as u64);
        }
        file.write_at(2, b"G")?;
        content[2] = b'G';

        assert_eq!(file.len()?, content.len() as u64);
        assert_eq!(len_of(&place), 5 + ROOM);
        file.close()?;
        assert_eq!(fs::read(place.path("file"))?, content);
    }
    Ok(())
}

// Calls of this thread, which `/proc` counts: other tests are other threads.
#[cfg(target_os = "linux")]
#[test]
fn appends_into_the_room_are_stores_and_no_output() -> Outcome {
    fn output() -> Result<u64, Box<dyn std::error::Error>> {
        let counts = fs::read_to_string("/proc/thread-self/io")?;
        let count = counts.lines().find_map(|line| line.strip_prefix("syscw: "));
        Ok(count.ok_or("the system counts calls")?.parse()?)
    }
    if support::emulated() || output().is_err() {
        println!("skipped: nobody counts this process's calls");
        return Ok(());
    }
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.reserve(ROOM)?;

    let before = output()?;
    for number in 0..10_000_u64 {
        file.write_at(64 * number, &[7; 64])?;
    }
    let after = output()?;

    assert!(after - before < 100, "{} calls for 10000 appends", after - before);
    assert_eq!(file.len()?, 640_000);
    Ok(())
}

#[test]
fn nothing_is_read_behind_the_end_that_was_written() -> Outcome {
    for options in shapes() {
        let place = Place::new();
        let file = options.open(place.path("file"))?;
        file.reserve(ROOM)?;
        file.write_at(0, b"content")?;

        let mut buf = [1; 100];
        assert_eq!(file.read_at(3, &mut buf)?, 4);
        assert_eq!(buf[..4], *b"tent");
        assert_eq!(file.read_at(7, &mut buf)?, 0);
        assert_eq!(file.read_at(100_000, &mut buf)?, 0);
        let error = file.read::<u64>(0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EndOfFile);
        let error = file.atomic::<u64, _>(8, |number| number.load()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EndOfFile);
        assert_eq!(file.find(0, 0)?, None);
        assert_eq!(file.compare(0, b"content\0")?, Some(7));
    }
    Ok(())
}

#[test]
fn a_cursor_finds_the_end_and_appends_there() -> Outcome {
    let place = Place::new();
    let file = Arc::new(MappedFile::options().window(1 << 16).open(place.path("file"))?);
    file.reserve(ROOM)?;
    let mut cursor = Cursor::new(Arc::clone(&file));
    write!(cursor, "one line")?;

    assert_eq!(cursor.seek(SeekFrom::End(0))?, 8);
    writeln!(cursor, " more")?;
    assert_eq!(cursor.seek(SeekFrom::End(-5))?, 9);
    let mut rest = String::new();
    cursor.read_to_string(&mut rest)?;

    assert_eq!(rest, "more\n");
    drop(file);
    // The cursor is the last who has it, with a window of it.
    drop(cursor);
    assert_eq!(fs::read(place.path("file"))?, b"one line more\n");
    Ok(())
}

#[cfg(feature = "objects")]
#[test]
fn objects_end_where_they_end() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.reserve(ROOM)?;

    let text = "x".repeat(50_000);
    let first = file.write_object(0, &text)?;
    assert_eq!(file.len()?, first);
    let second = file.write_object(first, &(1815_u16, "Ada"))?;
    assert_eq!(file.len()?, first + second);

    assert_eq!(file.read_object::<String>(0)?, text);
    assert_eq!(file.read_object::<(u16, String)>(first)?.1, "Ada");
    assert_eq!(file.read_object::<u8>(first + second).unwrap_err().kind(), ErrorKind::NoObject);
    Ok(())
}

#[test]
fn what_is_left_is_given_back_when_the_file_is_closed_or_dropped() -> Outcome {
    for close in [true, false] {
        for written in [0_u64, 1, 4096, 100_001] {
            let place = Place::new();
            let file = MappedFile::open(place.path("file"))?;
            file.reserve(ROOM)?;
            if written > 0 {
                file.fill(0, written, 7)?;
            }
            assert_eq!(len_of(&place), ROOM);

            if close {
                file.close()?;
            } else {
                drop(file);
            }

            assert_eq!(len_of(&place), written);
            let taken = space(&fs::File::open(place.path("file"))?)?;
            assert!(taken <= written.next_multiple_of(1 << 16), "{taken} bytes for {written}");
        }
    }
    Ok(())
}

#[test]
fn a_killed_process_leaves_zeros_at_the_end_and_all_that_it_wrote() -> Outcome {
    const TEST: &str = "reserve::a_killed_process_leaves_zeros_at_the_end_and_all_that_it_wrote";
    if let Some(role) = support::role() {
        let file = MappedFile::open(role)?;
        file.reserve(ROOM)?;
        for number in 0..1000_u64 {
            file.write(8 * number, &(number + 1))?;
        }
        assert_eq!(file.len()?, 8000);
        support::say("appended");
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let path = place.path("file");

    let mut second = place.child(TEST, path.to_str().ok_or("the path is text")?);
    second.until("appended");
    second.kill();

    let file = MappedFile::open(&path)?;
    assert_eq!(file.len()?, ROOM, "it is as long as it was made");
    for number in 0..1000_u64 {
        assert_eq!(file.read::<u64>(8 * number)?, number + 1);
    }
    let rest = usize::try_from(ROOM - 8000)?;
    assert_eq!(file.compare(8000, &vec![0; rest])?, None, "zeros to the end");
    file.close()?;
    assert_eq!(len_of(&place), ROOM, "nobody takes it for room of theirs");
    Ok(())
}

#[test]
fn what_another_appends_behind_the_room_survives() -> Outcome {
    for notice in [true, false] {
        let place = Place::new();
        let file = MappedFile::open(place.path("file"))?;
        file.reserve(ROOM)?;
        file.write_at(0, b"ours")?;
        let other = MappedFile::open(place.path("file"))?;
        assert_eq!(other.len()?, ROOM);
        other.write_at(ROOM, b"theirs")?;
        if notice {
            assert_eq!(file.len()?, ROOM + 6);
            let mut seen = [0; 6];
            file.read_exact_at(ROOM, &mut seen)?;
            assert_eq!(seen, *b"theirs");
            file.write_at(4, b", too")?;
            assert_eq!(file.len()?, ROOM + 6);
        }
        drop(other);

        file.close()?;

        let content = fs::read(place.path("file"))?;
        assert_eq!(content.len() as u64, ROOM + 6);
        assert!(content.starts_with(b"ours") && content.ends_with(b"\0theirs"));
    }
    Ok(())
}

#[test]
fn what_another_writes_into_the_room_survives() -> Outcome {
    for at in [5, 6000, 500_000, ROOM - 6] {
        let place = Place::new();
        let file = MappedFile::open(place.path("file"))?;
        file.reserve(ROOM)?;
        file.write_at(0, b"ours")?;
        let other = fs::File::options().write(true).open(place.path("file"))?;
        other.write_all_at(b"theirs", at)?;
        assert_eq!(file.len()?, 4);

        file.close()?;

        let content = fs::read(place.path("file"))?;
        assert_eq!(content.len() as u64, at + 6);
        assert!(content.starts_with(b"ours") && content.ends_with(b"theirs"));
    }
    Ok(())
}

#[test]
fn two_may_have_room_in_one_file() -> Outcome {
    let place = Place::new();
    let one = MappedFile::open(place.path("file"))?;
    one.reserve(ROOM)?;
    one.write_at(0, b"one")?;
    let other = MappedFile::open(place.path("file"))?;
    other.reserve(ROOM)?;
    other.write_at(ROOM, b"other")?;
    assert_eq!(other.len()?, ROOM + 5);

    one.write_at(3, b" more")?;
    one.close()?;
    assert_eq!(len_of(&place), 2 * ROOM);
    other.close()?;

    let content = fs::read(place.path("file"))?;
    assert_eq!(content.len() as u64, ROOM + 5);
    assert!(content.starts_with(b"one more\0") && content.ends_with(b"\0other"));
    Ok(())
}

// A mapped file that others cut.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_others_cut_is_as_long_as_it_is() -> Outcome {
    for options in shapes() {
        let place = Place::new();
        let file = options.open(place.path("file"))?;
        file.reserve(ROOM)?;
        file.write_at(0, &[7; 10_000])?;
        let other = fs::File::options().write(true).open(place.path("file"))?;

        // Met by an append to a page that is gone.
        other.set_len(4096)?;
        file.write_at(10_000, b"appended")?;
        assert_eq!((file.len()?, len_of(&place)), (10_008, 10_008));
        file.write_at(10_008, b"!")?;
        assert_eq!((file.len()?, len_of(&place)), (10_009, 10_009));

        // Met by a look at the length.
        file.reserve(ROOM)?;
        other.set_len(100)?;
        assert_eq!(file.len()?, 100);
        file.write_at(100, b"end")?;
        assert_eq!((file.len()?, len_of(&place)), (103, 103));

        // Met when it is closed.
        file.reserve(ROOM)?;
        other.set_len(3)?;
        file.close()?;
        assert_eq!(fs::read(place.path("file"))?, [7; 3]);
    }
    Ok(())
}

#[test]
fn growth_goes_on_where_the_room_ends() -> Outcome {
    for options in shapes() {
        let place = Place::new();
        let file = options.open(place.path("file"))?;
        file.reserve(10_000)?;

        let mut len = 0;
        while len < 200_000 {
            file.write_at(len, &[u8::try_from(len / 3000)?; 3000])?;
            len += 3000;
            assert_eq!(file.len()?, len);
        }
        assert_eq!(len_of(&place), len);
        file.write_at(ROOM, b"far out")?;
        assert_eq!(file.len()?, ROOM + 7);
        drop(file);

        let content = fs::read(place.path("file"))?;
        assert_eq!(content.len() as u64, ROOM + 7);
        assert!(
            content[..201_000].iter().enumerate().all(|(at, byte)| at / 3000 == *byte as usize)
        );
    }
    Ok(())
}

#[test]
fn more_room_is_made_behind_what_is_there() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.reserve(0)?;
    assert_eq!(len_of(&place), 0);
    file.reserve(1000)?;
    file.write_at(0, &[1; 900])?;

    file.reserve(50)?;
    assert_eq!((file.len()?, len_of(&place)), (900, 1000), "there was as much");
    file.reserve(5000)?;
    assert_eq!((file.len()?, len_of(&place)), (900, 5900));
    file.write_at(900, &[2; 4000])?;
    assert_eq!((file.len()?, len_of(&place)), (4900, 5900));

    file.close()?;
    assert_eq!(len_of(&place), 4900);
    Ok(())
}

#[test]
fn a_gap_that_is_left_in_the_room_reads_as_zeros() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.reserve(ROOM)?;

    file.write_at(100_000, b"far")?;
    file.fill(200_000, 5, 9)?;
    file.fill(200_005, 1000, 0)?;

    assert_eq!(file.len()?, 201_005);
    let mut content = vec![0; 201_005];
    content[100_000..100_003].copy_from_slice(b"far");
    content[200_000..200_005].fill(9);
    assert_eq!(file.compare(0, &content)?, None);
    file.close()?;
    assert_eq!(fs::read(place.path("file"))?, content);
    Ok(())
}

#[test]
fn setting_the_length_sets_it_and_gives_the_room_back() -> Outcome {
    // Where a mapped file cannot be cut, room that is left stays until the end.
    let exact = |len: u64, place: &Place| cfg!(windows) || len_of(place) == len;
    for len in [10, 7, 5000, ROOM, 2 * ROOM] {
        let place = Place::new();
        let file = MappedFile::options().window(1 << 16).open(place.path("file"))?;
        file.reserve(ROOM)?;
        file.write_at(0, b"0123456789")?;

        file.set_len(len)?;

        assert_eq!(file.len()?, len);
        assert!(exact(len, &place), "{} for {len}", len_of(&place));
        file.write_at(len, b"more")?;
        assert_eq!(file.len()?, len + 4);
        assert!(exact(len + 4, &place), "{} for {len}", len_of(&place));
        drop(file);
        assert_eq!(len_of(&place), len + 4);
    }
    Ok(())
}

#[test]
fn threads_that_append_at_once_leave_the_furthest_end() -> Outcome {
    const THREADS: u64 = 4;
    const EACH: u64 = 5000;
    for options in shapes() {
        let place = Place::new();
        let file = options.open(place.path("file"))?;
        file.reserve(THREADS * EACH * 8 / 2)?;

        thread::scope(|scope| {
            for thread in 0..THREADS {
                let file = &file;
                scope.spawn(move || {
                    for number in 0..EACH {
                        let at = number * THREADS + thread;
                        file.write(8 * at, &(at + 1).to_le_bytes()).expect("it can be written");
                        let len = file.len().expect("it has a length");
                        assert!(len >= 8 * (at + 1), "{len} after a write at {at}");
                        assert!(len <= 8 * THREADS * EACH, "{len}");
                        let seen = file.read::<[u8; 8]>(8 * at).expect("it was written");
                        assert_eq!(u64::from_le_bytes(seen), at + 1);
                    }
                });
            }
        });

        assert_eq!(file.len()?, 8 * THREADS * EACH);
        file.close()?;
        let content = fs::read(place.path("file"))?;
        let numbers = content.chunks(8).map(|bytes| bytes.try_into().map(u64::from_le_bytes));
        for (at, number) in numbers.enumerate() {
            assert_eq!(number?, at as u64 + 1);
        }
        assert_eq!(content.len() as u64, 8 * THREADS * EACH);
    }
    Ok(())
}

#[test]
fn room_is_made_only_in_what_can_grow_and_be_written() -> Outcome {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::options().read_only().open(place.path("file"))?;
    let error = file.reserve(100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(error.to_string().contains(&place.path("file").display().to_string()), "{error}");
    drop(file);
    assert_eq!(len_of(&place), 7);

    let memory = FileMapping::options().registry(&place.registry).name("x").size(4096);
    let _memory = memory.protection(Protection::ReadWrite).create()?;
    let fixed = MappedFile::options().registry(&place.registry).open_by_name("x")?;
    assert_eq!(fixed.reserve(100).unwrap_err().kind(), ErrorKind::NotSupported);
    assert_eq!(fixed.len()?, 4096);

    let file = MappedFile::open(place.path("file"))?;
    for bytes in [u64::MAX, i64::MAX.unsigned_abs()] {
        assert_eq!(file.reserve(bytes).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
    drop(file);
    assert_eq!(fs::read(place.path("file"))?, b"content");
    Ok(())
}

// A disk that a user can make.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_when_room_is_made_and_not_later() -> Outcome {
    const TEST: &str = "reserve::a_full_disk_is_told_when_room_is_made_and_not_later";
    use std::process::{Command, Stdio};
    if let Some(role) = support::role() {
        let path = std::path::Path::new(&role).join("disk").join("file");
        let file = MappedFile::open(&path)?;
        file.write_at(0, b"before")?;
        let error = file.reserve(2 << 20).unwrap_err();
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::DiskFull, 112), "{error}");
        assert!(error.to_string().contains(path.to_str().ok_or("the path is text")?), "{error}");
        assert_eq!((file.len()?, fs::metadata(&path)?.len()), (6, 6));

        file.reserve(900 << 10)?;
        let other = MappedFile::open(path.with_file_name("other"))?;
        let full = other.write_at(0, &vec![1; 1 << 20]).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::DiskFull, "{full}");
        for number in 0..(900 << 10) / 64 {
            file.write_at(6 + 64 * number, &[7; 64])?;
        }
        support::say("filled");
        return Ok(());
    }
    let place = Place::new();
    fs::create_dir(place.path("disk"))?;
    // A disk of its own, in a namespace that ends with the child: nothing to take down.
    let mounted = "mount -t tmpfs -o size=1m none \"$FILEMAP_DIR/disk\" && exec \"$@\"";
    let role = place.dir.path().to_str().ok_or("the path is text")?;
    let inside = |program: &Command| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--user", "--map-root-user"]);
        command.args(["sh", "-c", mounted, "sh"]).arg(program.get_program());
        command.args(program.get_args());
        for (key, value) in program.get_envs() {
            command.env(key, value.unwrap_or_default());
        }
        command
    };
    let mut nothing = Command::new("true");
    nothing.env("FILEMAP_DIR", place.dir.path());
    if !inside(&nothing).status().is_ok_and(|status| status.success()) {
        println!("no disk can be made full here: the system lets this user mount none");
        return Ok(());
    }
    let mut command = inside(&place.command(TEST, role));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut second = support::Second::start(command);
    second.until("filled");
    second.finish();
    Ok(())
}

/// On Windows the map of the file keeps its length, elsewhere somebody's word.
#[test]
fn without_room_a_length_that_is_kept_is_not_told_to_be_set() -> Outcome {
    let place = Place::new();
    place.file("file", b"0123456789");
    let file = MappedFile::open(place.path("file"))?;
    let kept = KeptLength::of_mapping(file.mapping())?;
    assert_eq!(file.read::<u8>(0)?, b'0');

    for len in [0, 4] {
        let refused = file.set_len(len).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::FileMapped, 1224));
        assert_eq!((file.len()?, len_of(&place)), (10, 10));
    }
    drop(kept);
    Ok(())
}
