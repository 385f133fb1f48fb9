//! Copies and searches of a mebibyte and more.

use std::fs;

use filemap::{Access, FileMapping, Loss, MappedFile, Operation, PositionedIo, Protection};

use crate::support::{
    EVERYBODY, Outcome, Place, assert_cut, cut_short, first_lost, in_memory, patterned, set_len,
};

const MIB: usize = 1 << 20;
const LEN: usize = 5 * MIB + 1234;

/// What a range of a file reads as that was cut to `end` bytes.
fn cut(own: &[u8], from: u64, len: usize, end: u64) -> Vec<u8> {
    let mut expected = own[in_memory(from)..][..len].to_vec();
    expected[len.min(in_memory(end.saturating_sub(from)))..].fill(0);
    expected
}

#[test]
fn a_bulk_read_gets_every_byte_before_the_first_lost_one_at_every_touch() -> Outcome {
    let own = patterned(0, LEN);
    for who in EVERYBODY {
        for (base, offset, len) in
            [(0, 0, LEN), (0, 4097, 3 * MIB), (100_001, 0, MIB), (77, MIB - 1, 3 * MIB)]
        {
            for end in [0, 1, MIB, 3 * MIB / 2 + 100, 2 * MIB - 1] {
                let place = Place::new();
                let file = place.file("file", &own);
                let mapping = FileMapping::options().file(&file).create()?;
                let view = mapping.map_range(Access::Write, base as u64..)?;
                let end = end as u64;
                who.cuts(&place.path("file"), end);
                let from = (base + offset) as u64;
                let lost = from.max(first_lost(end));
                let done = len.min(in_memory(lost - from));
                // The first time pages are touched that were not before.
                for touch in 0..2 {
                    let mut buf = vec![0xEE; len];

                    let result = view.read_exact_at(&mut buf, offset as u64);

                    match result {
                        Ok(()) => assert_eq!(done, len, "touch {touch}"),
                        Err(error) => {
                            assert_cut(&error, Operation::Read, Loss { offset: lost, done }, end);
                        }
                    }
                    assert!(buf[..done] == cut(&own, from, done, end), "touch {touch}");
                }

                set_len(&place.path("file"), LEN as u64);
                let mut buf = vec![0xEE; len];
                view.read_exact_at(&mut buf, offset as u64)?;
                assert!(buf == cut(&own, from, len, end));
            }
        }
    }
    Ok(())
}

#[test]
fn bulk_writes_fills_and_searches_stop_at_the_first_lost_byte() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, LEN));
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    let end = 3 * MIB as u64 + 55;
    set_len(&place.path("file"), end);
    let loss = Loss { offset: first_lost(end), done: in_memory(first_lost(end)) - 10 };
    let bytes = vec![0xAA; LEN - 10];

    let compared = view.compare(10, &cut_short(10, LEN - 10, end)).unwrap_err();
    let searched = view.find(10.., &[0x42]).unwrap_err();
    let written = view.write_all_at(&bytes, 10).unwrap_err();
    let filled = view.fill(10, LEN - 10, 0xAB).unwrap_err();

    assert_cut(&compared, Operation::Search, loss, end);
    assert_cut(&searched, Operation::Search, loss, end);
    assert_cut(&written, Operation::Write, loss, end);
    assert_cut(&filled, Operation::Fill, loss, end);
    let content = fs::read(place.path("file"))?;
    assert_eq!(content.len() as u64, end);
    assert!(content[10..].iter().all(|byte| *byte == 0xAB));
    Ok(())
}

#[test]
fn a_search_finds_what_lies_before_a_lost_page() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, LEN));
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    set_len(&place.path("file"), 3 * MIB as u64);
    let mut own = patterned(3 * MIB as u64 - 100, 300);
    own[99] ^= 2;
    // No byte of the pattern is even.
    view.write(3 * MIB - 1, &0x42_u8)?;

    assert_eq!(view.find(3 * MIB - 100.., &[0x42])?, Some(3 * MIB - 1));
    assert_eq!(view.compare(3 * MIB - 100, &own)?, Some(99));
    Ok(())
}

#[test]
fn a_bulk_read_of_a_mapped_file_returns_the_count_before_the_new_end() -> Outcome {
    for window in [None, Some(2 * MIB)] {
        for end in [0, 100, MIB, 2 * MIB + 1, 5 * MIB] {
            let place = Place::new();
            place.file("file", &patterned(0, LEN));
            let options = MappedFile::options();
            let options = window.map_or(options.clone(), |window| options.window(window));
            let file = options.open(place.path("file"))?;
            // Maps it.
            file.read_exact_at(&mut [0; 10], LEN as u64 - 10)?;
            set_len(&place.path("file"), end as u64);
            for touch in 0..2 {
                let mut buf = vec![0xEE; LEN];

                let count = file.read_at(&mut buf, 0)?;

                assert_eq!(count, end, "window {window:?}, touch {touch}");
                assert!(buf[..count] == patterned(0, count));
            }
        }
    }
    Ok(())
}

#[test]
fn a_bulk_read_sees_private_pages() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, LEN));
    let mapping = FileMapping::options().protection(Protection::WriteCopy).file(&file).create()?;
    let view = mapping.map(Access::Copy)?;
    view.write_all_at(b"private", (MIB + 5) as u64)?;

    for _ in 0..2 {
        let mut buf = vec![0; LEN];
        view.read_exact_at(&mut buf, 0)?;

        assert_eq!(buf[MIB + 5..][..7], *b"private");
        buf[MIB + 5..][..7].copy_from_slice(&patterned(MIB as u64 + 5, 7));
        assert!(buf == patterned(0, LEN));
    }
    assert!(fs::read(place.path("file"))? == patterned(0, LEN));
    Ok(())
}

#[test]
fn a_bulk_read_sees_what_was_stored_a_moment_ago() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &patterned(0, LEN));
    let mapping = FileMapping::options().file(&file).create()?;
    let (view, other) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);
    for (round, at) in [(1_u8, 0), (2, MIB), (3, LEN - 1)] {
        view.write(at, &round)?;
        other.write(at.saturating_sub(1), &round)?;

        let mut buf = vec![0; LEN];
        view.read_exact_at(&mut buf, 0)?;

        assert_eq!((buf[at], buf[at.saturating_sub(1)]), (round, round));
    }
    Ok(())
}
