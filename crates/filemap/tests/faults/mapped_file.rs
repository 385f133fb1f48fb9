//! A file is cut under a `MappedFile`, mapped whole or through windows.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{Error, ErrorKind, FileMapping, MappedFile, MappedFileOptions, PositionedIo};

use crate::support::{
    EVERYBODY, Outcome, Over, Place, cut_short, first_lost, in_memory, page, patterned, rounds,
    set_len,
};

/// The ways to map a file: whole, through windows that are many, and through one.
pub(crate) fn shapes() -> [(&'static str, MappedFileOptions); 3] {
    let options = MappedFile::options;
    [
        ("whole", options()),
        ("windows", options().window(1)),
        ("one window", options().window(1 << 17).windows(1)),
    ]
}

const LEN: usize = 300_000;

/// Opens a file of known bytes and touches all of it, so that it is mapped and its length known.
fn warm(place: &Place, options: MappedFileOptions) -> Result<MappedFile, Error> {
    place.file("file", &patterned(0, LEN));
    let file = options.open(place.path("file"))?;
    file.read_exact_at(&mut vec![0; LEN], 0)?;
    Ok(file)
}

#[test]
fn a_read_that_meets_a_cut_returns_the_count_before_the_new_end() -> Outcome {
    for who in EVERYBODY {
        for (shape, options) in shapes() {
            for end in [0, 1, 5000, 65_536, 65_537, 100_000, 294_912] {
                let place = Place::new();
                let file = warm(&place, options.clone())?;
                who.cuts(&place.path("file"), end);
                for offset in [0, 77, 65_530, 131_072] {
                    let mut buf = vec![0xEE; LEN - offset];
                    let there = in_memory(end.saturating_sub(offset as u64));

                    let count = file.read_at(&mut buf, offset as u64)?;

                    assert_eq!(count, there, "{shape}, cut to {end}, from {offset}");
                    assert!(buf[..count] == patterned(offset as u64, count));
                }
                assert_eq!(file.len()?, end);
            }
        }
    }
    Ok(())
}

#[test]
fn a_stale_length_shows_zeros_to_the_end_of_the_page_at_most() -> Outcome {
    for (shape, options) in shapes() {
        let place = Place::new();
        let file = warm(&place, options)?;
        let end = 100_000;
        set_len(&place.path("file"), end);
        let mut buf = vec![0xEE; 20];

        let count = file.read_at(&mut buf, end - 10)?;

        assert!(count == 10 || count == 20, "{shape}: {count}");
        assert_eq!(buf[..count], cut_short(end - 10, count, end), "{shape}");
        assert_eq!(file.len()?, end);
        assert_eq!(file.read_at(&mut buf, end - 10)?, 10, "{shape}: once the length is known");
    }
    Ok(())
}

#[test]
fn a_read_of_exactly_so_many_bytes_meets_the_end() -> Outcome {
    for (shape, options) in shapes() {
        let place = Place::new();
        let file = warm(&place, options)?;
        set_len(&place.path("file"), 70_000);

        let bytes = file.read_exact_at(&mut vec![0; 20_000], 60_000).unwrap_err();
        let value = file.read::<u64>(200_000).unwrap_err();
        let array = file.read::<[u8; 20]>(first_lost(70_000) - 10).unwrap_err();

        for error in [bytes, value, array] {
            assert_eq!(error.kind(), ErrorKind::EndOfFile, "{shape}: {error}");
            assert!(error.to_string().contains(place.path("file").to_str().unwrap()), "{error}");
        }
    }
    Ok(())
}

#[test]
fn a_write_that_meets_a_cut_makes_the_file_longer_again() -> Outcome {
    for who in EVERYBODY {
        for (shape, options) in shapes() {
            for end in [0, 5000, 65_536, 100_000] {
                let place = Place::new();
                let file = warm(&place, options.clone())?;
                let path = place.path("file");
                who.cuts(&path, end);
                let bytes = vec![0xAA; 100_000];

                file.write_all_at(&bytes, 60_000)?;

                let mut expected = cut_short(0, 160_000, end);
                expected[60_000..].copy_from_slice(&bytes);
                assert!(fs::read(&path)? == expected, "{shape}, cut to {end}");
                let mut seen = vec![0; 200_000];
                assert_eq!(file.read_at(&mut seen, 0)?, 160_000, "{shape}, cut to {end}");
                assert!(seen[..160_000] == expected);
            }
        }
    }
    Ok(())
}

#[test]
fn values_and_fills_that_meet_a_cut_make_the_file_longer_again() -> Outcome {
    for (shape, options) in shapes() {
        let place = Place::new();
        let file = warm(&place, options)?;
        let path = place.path("file");

        set_len(&path, 100);
        file.write(200_000, &0x0102_0304_0506_0708_u64)?;
        assert_eq!(fs::metadata(&path)?.len(), 200_008, "{shape}");
        assert_eq!(file.read::<u64>(200_000)?, 0x0102_0304_0506_0708, "{shape}");

        set_len(&path, 100);
        file.write(first_lost(100) - 3, &[7_u8; 30])?;
        assert_eq!(fs::metadata(&path)?.len(), first_lost(100) + 27, "{shape}");

        set_len(&path, 100);
        file.fill(50, 100_000, b'f')?;
        set_len(&path, 100);
        file.fill(70_000, 1000, 0)?;
        let content = fs::read(&path)?;
        assert_eq!(content.len(), 71_000, "{shape}");
        assert!(content[..50] == patterned(0, 50) && content[50..100] == [b'f'; 50], "{shape}");
        assert!(content[100..].iter().all(|byte| *byte == 0), "{shape}");
    }
    Ok(())
}

#[test]
fn a_file_that_cannot_grow_says_what_was_lost() -> Outcome {
    for window in [false, true] {
        let place = Place::new();
        let file = place.file("file", &patterned(0, 4 * page()));
        let options = FileMapping::options().registry(&place.registry).name("fixed");
        let _mapping = options.file(&file).create()?;
        let options = MappedFile::options().registry(&place.registry);
        let options = if window { options.window(1) } else { options };
        let fixed = options.open_by_name("fixed")?;
        fixed.read_exact_at(&mut vec![0; 4 * page()], 0)?;
        set_len(&place.path("file"), page() as u64);

        let read = fixed.read_at(&mut vec![0; 2 * page()], 10).unwrap_err();
        let written = fixed.write_all_at(&vec![0; 2 * page()], 10).unwrap_err();
        let filled = fixed.fill(10, 2 * page() as u64, 1).unwrap_err();

        for error in [read, written, filled] {
            let loss = crate::support::told(&error);
            assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
            assert_eq!((loss.offset, loss.done), (page() as u64, page() - 10), "{error}");
            assert!(error.to_string().contains(place.path("file").to_str().unwrap()), "{error}");
        }
        assert_eq!(fs::metadata(place.path("file"))?.len(), page() as u64);
    }
    Ok(())
}

#[test]
fn comparing_and_finding_end_where_a_cut_file_ends() -> Outcome {
    for who in EVERYBODY {
        for (shape, options) in shapes() {
            let place = Place::new();
            let file = warm(&place, options)?;
            who.cuts(&place.path("file"), 100_000);

            assert_eq!(file.compare(10, &patterned(10, LEN - 10))?, Some(99_990), "{shape}");
            assert_eq!(file.compare(10, &patterned(10, 99_990))?, None, "{shape}");
            assert_eq!(file.find(10.., &[0x42])?, None, "{shape}");
            assert_eq!(file.find(200_000.., &[0x42])?, None, "{shape}");
        }
    }
    Ok(())
}

/// Cuts and regrows a file in another thread as long as `act` runs, many times over.
fn while_cut(place: &Place, mut act: impl FnMut() -> Outcome) -> Outcome {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut end = 0_usize;
            while !done.load(Ordering::Relaxed) {
                end = (end + 40_009) % LEN;
                set_len(&place.path("file"), end as u64);
                set_len(&place.path("file"), LEN as u64);
            }
        });
        let _over = Over(&done);
        (0..rounds(1000)).try_for_each(|_| act())
    })
}

#[test]
fn nothing_but_the_end_is_noticed_of_cuts_in_between() -> Outcome {
    for (shape, options) in shapes() {
        let place = Place::new();
        let file = warm(&place, options)?;
        let patterned = patterned(0, LEN);
        let mut buf = vec![0; LEN];

        while_cut(&place, || {
            let count = file.read_at(&mut buf, 0)?;
            assert!(count <= LEN);
            let legal = |(seen, expected): (&u8, &u8)| *seen == *expected || *seen == 0;
            assert!(buf[..count].iter().zip(&patterned).all(legal), "{shape}");
            file.compare(0, &patterned)?;
            file.find(.., &[0x42])?;
            file.write_all_at(&patterned, 0)?;
            file.fill(200_000, 1000, patterned[200_000])?;
            file.write_all_at(&patterned[200_000..201_000], 200_000)?;
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_file_cut_by_itself_is_as_short_as_it_was_told() -> Outcome {
    for (shape, options) in shapes() {
        let place = Place::new();
        let file = warm(&place, options)?;

        file.set_len(70_001)?;

        let mut buf = vec![0xEE; LEN];
        assert_eq!(file.read_at(&mut buf, 0)?, 70_001, "{shape}");
        assert_eq!(file.read_at(&mut buf, 69_999)?, 2, "{shape}");
        assert_eq!(file.read_at(&mut buf, 70_001)?, 0, "{shape}");
        file.write_all_at(b"after", 70_003)?;
        assert_eq!(file.read_at(&mut buf, 69_999)?, 9, "{shape}");
        assert_eq!(buf[2..9], *b"\0\0after", "{shape}");
    }
    Ok(())
}
