//! A file is cut under a view of it.

use std::cell::RefCell;
use std::fs;

use filemap::{
    Access, Error, ErrorKind, FileMapping, Flush, Loss, MappedFile, Operation, PositionedIo,
    Protection, View,
};

use crate::support::{
    EVERYBODY, Outcome, Place, assert_cut, cut_short, emulated, first_lost, in_memory, page,
    pattern, patterned, set_len,
};

/// A file of known bytes, and a view that begins at `base` in it.
struct Stage {
    place: Place,
    view: View,
    base: u64,
    len: u64,
}

impl Stage {
    fn new(base: u64) -> Self {
        let place = Place::new();
        let len = 6 * page() as u64 - 1000;
        let file = place.file("file", &patterned(0, in_memory(len)));
        let mapping = FileMapping::options().file(&file).create().expect("a file can be mapped");
        let view = mapping.map_range(Access::Write, base..).expect("a view can be mapped");
        Self { place, view, base, len }
    }
}

/// What was tried on a stage whose file was cut to `end` bytes, and how far that must have come.
struct Meeting<'stage> {
    stage: &'stage Stage,
    offset: usize,
    done: usize,
    end: u64,
}

/// Ranges of the view: all of it, across the first lost byte, at it, and far behind it.
fn ranges(stage: &Stage, end: u64) -> Vec<(usize, usize)> {
    let page = page();
    let edge = in_memory(first_lost(end).saturating_sub(stage.base));
    let all = stage.view.len();
    [
        (0, all),
        (edge.saturating_sub(13), 40),
        (edge.saturating_sub(page / 2), page),
        (edge.saturating_sub(1), 1),
        (edge, 1),
        (edge + 5, 300),
        (edge + page + 1, page + 99),
    ]
    .into_iter()
    .filter(|(offset, len)| offset + len <= all)
    .collect()
}

/// Cuts a file under a view in every way, tries `act` on many ranges, and asserts that it fails at
/// the first lost byte, exactly, and not at all where the file is long enough again.
fn meets_every_cut(
    operation: Operation,
    act: impl Fn(&View, usize, usize) -> Result<(), Error>,
    right: impl Fn(&Meeting<'_>),
) {
    let page = page() as u64;
    for who in EVERYBODY {
        for end in [0, 1, page - 1, page, 2 * page + 100, 4 * page, 5 * page + 7] {
            for base in [0, page + 77] {
                let stage = Stage::new(base);
                let path = stage.place.path("file");
                who.cuts(&path, end);

                for (offset, len) in ranges(&stage, end) {
                    let result = act(&stage.view, offset, len);

                    let from = base + offset as u64;
                    let lost = from.max(first_lost(end));
                    let done = len.min(in_memory(lost - from));
                    if done < len {
                        let error = result.expect_err("bytes were lost");
                        assert_cut(&error, operation, Loss { offset: lost, done }, end);
                    } else {
                        result.expect("no byte of it was lost");
                    }
                    right(&Meeting { stage: &stage, offset, done, end });
                }

                who.cuts(&path, stage.len);
                for (offset, len) in ranges(&stage, end) {
                    act(&stage.view, offset, len).expect("the file is long enough again");
                }
            }
        }
    }
}

#[test]
fn a_read_gets_every_byte_before_the_first_lost_one() {
    let buf = RefCell::new(Vec::new());

    meets_every_cut(
        Operation::Read,
        |view, offset, len| {
            let mut buf = buf.borrow_mut();
            *buf = vec![0xEE; len];
            view.read_exact_at(&mut buf, offset as u64)
        },
        |Meeting { stage, offset, done, end }| {
            let expected = cut_short(stage.base + *offset as u64, *done, *end);
            assert!(buf.borrow()[..*done] == expected);
        },
    );
}

#[test]
fn a_write_stores_every_byte_before_the_first_lost_one() {
    meets_every_cut(
        Operation::Write,
        |view, offset, len| view.write_all_at(&vec![0xAA; len], offset as u64),
        |meeting| assert_stored(meeting, 0xAA),
    );
}

#[test]
fn a_fill_sets_every_byte_before_the_first_lost_one() {
    meets_every_cut(
        Operation::Fill,
        |view, offset, len| view.fill(offset, len, 0xAA),
        |meeting| assert_stored(meeting, 0xAA),
    );
}

/// Looks into the file itself, which holds what was stored before its end.
fn assert_stored(Meeting { stage, offset, done, end }: &Meeting<'_>, byte: u8) {
    let content = fs::read(stage.place.path("file")).expect("the file can be read");
    assert_eq!(content.len() as u64, *end, "a store makes no file longer");
    let from = in_memory(stage.base) + offset;
    let stored = from.min(content.len())..(from + done).min(content.len());
    assert!(content[stored].iter().all(|stored| *stored == byte));
}

#[test]
fn a_comparison_ends_at_the_first_lost_byte() {
    let end_of_the_cut = RefCell::new(u64::MAX);
    meets_every_cut(
        Operation::Search,
        |view, offset, len| {
            // The bytes as they are now, so that no difference ends it earlier.
            let mut bytes = vec![0; len];
            let read = match view.read_exact_at(&mut bytes, offset as u64) {
                Ok(()) => len,
                Err(error) => error.loss().map_or(0, |loss| loss.done),
            };
            assert!(read <= len);
            assert_eq!(view.compare(offset, &bytes)?, None);
            Ok(())
        },
        |meeting| *end_of_the_cut.borrow_mut() = meeting.end,
    );
    assert_ne!(end_of_the_cut.into_inner(), u64::MAX);
}

#[test]
fn a_difference_before_the_first_lost_byte_is_found() -> Outcome {
    for who in EVERYBODY {
        let stage = Stage::new(0);
        let mut bytes = patterned(0, stage.view.len());
        bytes[page() + 17] ^= 0x80;
        who.cuts(&stage.place.path("file"), 2 * page() as u64);

        assert_eq!(stage.view.compare(0, &bytes)?, Some(page() + 17));
        assert_eq!(stage.view.compare(5, &bytes[5..])?, Some(page() + 12));
    }
    Ok(())
}

#[test]
fn a_search_ends_at_the_first_lost_byte() {
    // No byte of the pattern is even.
    meets_every_cut(
        Operation::Search,
        |view, offset, len| view.find(offset..offset + len, &[0x42]).map(|at| assert_eq!(at, None)),
        |_| {},
    );
}

#[test]
fn a_byte_before_the_first_lost_one_is_found() -> Outcome {
    for who in EVERYBODY {
        let stage = Stage::new(100);
        stage.view.write_all_at(&[0x42], (page() + 3) as u64)?;
        who.cuts(&stage.place.path("file"), 2 * page() as u64);

        assert_eq!(stage.view.find(.., &[0x42])?, Some(page() + 3));
        let error = stage.view.find(page() + 4.., &[0x42]).unwrap_err();

        let loss = Loss { offset: 2 * page() as u64, done: page() - 104 };
        assert_cut(&error, Operation::Search, loss, 2 * page() as u64);
    }
    Ok(())
}

#[test]
fn the_rest_of_the_last_page_reads_as_zeros() -> Outcome {
    let stage = Stage::new(0);
    let end = 2 * page() + 100;
    set_len(&stage.place.path("file"), end as u64);

    let mut seen = vec![0xEE; page() - 100 + 50];
    stage.view.read_exact_at(&mut seen, (end - 50) as u64)?;

    assert_eq!(seen[..50], patterned(end as u64 - 50, 50));
    assert!(seen[50..].iter().all(|byte| *byte == 0));
    Ok(())
}

#[test]
fn bytes_that_were_cut_off_stay_gone_when_the_file_grows_again() -> Outcome {
    let stage = Stage::new(0);
    let (end, len) = (page() as u64 + 10, stage.view.len());
    set_len(&stage.place.path("file"), end);
    set_len(&stage.place.path("file"), stage.len);

    let mut seen = vec![0xEE; len];
    stage.view.read_exact_at(&mut seen, 0)?;
    stage.view.write_all_at(b"!", (len - 1) as u64)?;

    assert!(seen == cut_short(0, len, end));
    assert_eq!(fs::read(stage.place.path("file"))?.last(), Some(&b'!'));
    Ok(())
}

#[test]
fn a_view_that_only_reads_reports_losses_as_well() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, 3 * page()));
    let path = place.path("file");
    let mapping = FileMapping::options().protection(Protection::ReadOnly).file(&file).create()?;
    let view = mapping.map(Access::Read)?;
    // Neither the handle nor the file itself is needed to find out why.
    drop((mapping, file));
    set_len(&path, 5);
    fs::remove_file(path)?;

    let error = view.read_exact_at(&mut [0; 2], (page() - 1) as u64).unwrap_err();

    let loss = Loss { offset: page() as u64, done: 1 };
    assert_cut(&error, Operation::Read, loss, 5);
    Ok(())
}

#[test]
fn an_error_names_the_file_or_the_mapping_whose_bytes_are_lost() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, 3 * page()));
    let path = place.path("file").canonicalize()?;
    let of_a_file = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    let named = FileMapping::options().file(&file).name("x").registry(&place.registry).create()?;
    let of_a_name = named.map(Access::Write)?;
    let opened = MappedFile::open(&path)?;
    let number = opened.atomic::<u64>(2 * page() as u64)?;
    let reader = MappedFile::options().read_only().open(&path)?;
    set_len(&path, 5);

    let (path, page) = (path.display().to_string(), page());
    let why = format!("at byte {page}, after {page} bytes: the file now ends at 5");
    let mut seen = vec![0; 2 * page];
    assert_eq!(
        of_a_file.read_exact_at(&mut seen, 0).unwrap_err().to_string(),
        format!("could not read from the view of the file {path}, {why}")
    );
    assert_eq!(
        of_a_name.read_exact_at(&mut seen, 0).unwrap_err().to_string(),
        format!("could not read from the mapping `Local\\x`, {why}")
    );
    let why = format!("at byte {}, after 0 bytes: the file now ends at 5", 2 * page);
    let told = number.load().unwrap_err().to_string();
    // To find out whether it is there, somebody may have looked at the length.
    assert_eq!(told, format!("could not access a number in the file {path}, {why}"));
    let denied = reader.atomic::<u32>(0)?.store(1).unwrap_err().to_string();
    assert!(
        denied.starts_with(&format!("could not access a number in the file {path}: ")),
        "{denied}"
    );
    let past = opened.atomic::<u64>(4 * page as u64).unwrap_err().to_string();
    let why = format!("8 bytes at {} were asked for, and there are 0 before the end", 4 * page);
    assert_eq!(past, format!("could not access a number in the file {path}: {why}"));
    Ok(())
}

#[test]
fn private_pages_are_lost_with_the_file() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, 3 * page()));
    let mapping = FileMapping::options().protection(Protection::WriteCopy).file(&file).create()?;
    let view = mapping.map(Access::Copy)?;
    view.write_all_at(b"private", 10)?;
    view.write_all_at(b"private", (page() + 10) as u64)?;
    set_len(&place.path("file"), 100);

    let mut seen = [0; 7];
    view.read_exact_at(&mut seen, 10)?;
    let read = view.read_exact_at(&mut [0; 4], (page() - 2) as u64).unwrap_err();
    let written = view.write_all_at(b"1234", (page() - 2) as u64).unwrap_err();

    assert_eq!(&seen, b"private");
    let loss = Loss { offset: page() as u64, done: 2 };
    assert_cut(&read, Operation::Read, loss, 100);
    assert_cut(&written, Operation::Write, loss, 100);
    Ok(())
}

#[test]
fn what_is_no_copy_of_bytes_survives_a_cut_too() -> Outcome {
    let stage = Stage::new(0);
    set_len(&stage.place.path("file"), page() as u64 + 1);

    let prefetched = stage.view.prefetch(..);
    let locked = stage.view.lock(2 * page()..);
    stage.view.flush(.., Flush::Start)?;
    let flushed = [Flush::Written, Flush::Durable].map(|flush| stage.view.flush(.., flush));
    stage.view.advise(.., filemap::Advice::WillNeed)?;
    stage.view.unlock(..)?;

    for error in flushed.map(Result::unwrap_err) {
        let loss = error.loss().map(|loss| loss.offset);
        assert_eq!((error.kind(), loss), (ErrorKind::Lost, Some(page() as u64 + 1)));
    }
    // An emulator leaves the first without effect, and may know no call for the second.
    if !emulated() {
        assert_eq!(prefetched.unwrap_err().kind(), ErrorKind::Lost);
        assert_eq!(locked.unwrap_err().kind(), ErrorKind::Lost);
    }
    stage.view.unmap()?;
    Ok(())
}

#[test]
fn a_read_outside_the_view_is_refused_before_anything_is_touched() -> Outcome {
    let stage = Stage::new(0);
    set_len(&stage.place.path("file"), 0);
    let len = stage.view.len();
    let mut buf = [0xEE; 16];

    let errors = [
        stage.view.read_exact_at(&mut buf, (len - 15) as u64).unwrap_err(),
        stage.view.write_all_at(&buf, (len - 15) as u64).unwrap_err(),
        stage.view.fill(usize::MAX, 2, 0).unwrap_err(),
        stage.view.compare(len, &buf).unwrap_err(),
        stage.view.find(0..len + 1, &[pattern(0)]).unwrap_err(),
    ];

    for error in errors {
        assert_eq!((error.kind(), error.loss()), (ErrorKind::InvalidRange, None), "{error}");
    }
    assert_eq!(buf, [0xEE; 16]);
    Ok(())
}

#[test]
fn accesses_of_no_bytes_succeed_where_all_bytes_are_gone() -> Outcome {
    let stage = Stage::new(0);
    set_len(&stage.place.path("file"), 0);

    for offset in [0, 1, page(), stage.view.len()] {
        stage.view.read_exact_at(&mut [], offset as u64)?;
        stage.view.write_all_at(&[], offset as u64)?;
        stage.view.fill(offset, 0, 1)?;
        stage.view.copy_from(offset, &stage.view, offset, 0)?;
        assert_eq!(stage.view.compare(offset, &[])?, None);
        assert_eq!(stage.view.find(offset..offset, &[1])?, None);
    }
    Ok(())
}

#[test]
fn an_unguarded_view_survives_once_the_process_is_prepared() -> Result<(), Error> {
    let stage = Stage::new(0);
    let file = fs::File::options().read(true).write(true).open(stage.place.path("file"));
    let file = file.expect("the file is there");
    let mapping = FileMapping::options().file(&file).create()?;
    let view = mapping.view(Access::Write).unguarded().map()?;
    drop(stage.view);

    filemap::prepare_thread()?;
    set_len(&stage.place.path("file"), 5000);

    let mut bytes = vec![0; view.len()];
    let error = view.read_exact_at(&mut bytes, 0).expect_err("pages are gone");
    assert_eq!(error.kind(), ErrorKind::Lost);
    assert_eq!(error.loss().map(|loss| loss.done), Some(in_memory(first_lost(5000))));
    Ok(())
}
