//! Positioned access, the same of a view and of a file.

use std::mem::MaybeUninit;

use filemap::{
    Access, Error, ErrorKind, FileMapping, ForeignBytes, MappedFile, PositionedIo, Protection,
    Registry,
};

use crate::support::{Outcome, Place};

const LEN: usize = 10_000;

fn content() -> Vec<u8> {
    (0..=250).cycle().take(LEN).collect()
}

/// Calls `check` with bytes of each kind that have this content: a view, a file mapped whole and
/// through windows, and memory of a fixed length; and with whether they grow.
fn each(mut check: impl FnMut(&dyn PositionedIo, bool) -> Result<(), Error>) -> Outcome {
    let place = Place::new();
    let file = place.file("view", &content());
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    check(&view, false)?;
    for (name, options) in
        [("whole", MappedFile::options()), ("windows", MappedFile::options().window(1).windows(1))]
    {
        place.file(name, &content());
        check(&options.open(place.path(name))?, true)?;
    }
    let registry: &Registry = &place.registry;
    let file = place.file("fixed", &content());
    let options = FileMapping::options().registry(registry).name("fixed").file(&file);
    let _held = options.size(LEN as u64).create()?;
    check(&MappedFile::options().registry(registry).open_by_name("fixed")?, false)?;
    Ok(())
}

#[test]
fn a_short_count_means_the_end_and_past_it_is_0() -> Outcome {
    each(|bytes, _| {
        for (offset, len, count) in [
            (0, 0, 0),
            (0, LEN, LEN),
            (0, LEN + 1, LEN),
            (LEN - 1, 100, 1),
            (LEN, 1, 0),
            (LEN + 5, 7, 0),
            (usize::MAX, 7, 0),
        ] {
            let mut buf = vec![0xEE; len];

            assert_eq!(bytes.read_at(&mut buf, offset as u64)?, count, "{offset}, {len}");

            let start = offset.min(LEN);
            assert_eq!(buf[..count], content()[start..start + count]);
            assert!(buf[count..].iter().all(|byte| *byte == 0xEE));
            let mut place = vec![MaybeUninit::uninit(); len];
            let read = bytes.read_uninit_at(&mut place, offset as u64)?;
            assert_eq!(*read, content()[start..start + count]);
        }
        assert_eq!(bytes.read_at(&mut [0; 9], u64::MAX)?, 0);
        Ok(())
    })
}

#[test]
fn an_exact_read_that_does_not_fit_is_refused_before_the_first_byte() -> Outcome {
    each(|bytes, _| {
        for (offset, len) in [(LEN - 1, 2), (LEN, 1), (LEN + 9, 1), (1, LEN), (usize::MAX, 8)] {
            let mut buf = vec![0xEE; len];

            let refused = bytes.read_exact_at(&mut buf, offset as u64).unwrap_err();

            let kinds = [ErrorKind::InvalidRange, ErrorKind::EndOfFile];
            assert!(kinds.contains(&refused.kind()), "{refused}");
            assert!(buf.iter().all(|byte| *byte == 0xEE), "{offset}, {len}");
        }
        let mut buf = [0; 3];
        bytes.read_exact_at(&mut buf, LEN as u64 - 3)?;
        assert_eq!(buf, content()[LEN - 3..]);
        Ok(())
    })
}

#[test]
fn a_write_reaches_to_the_end_of_what_does_not_grow_and_a_whole_one_is_refused() -> Outcome {
    each(|bytes, grows| {
        let end = LEN as u64;
        if grows {
            assert_eq!(bytes.write_at(&[1; 5], end - 2)?, 5);
            bytes.write_all_at(&[2; 5], end + 3)?;
            let mut seen = [0; 8];
            assert_eq!(bytes.read_at(&mut seen, end)?, 8);
            assert_eq!(seen, [1, 1, 1, 2, 2, 2, 2, 2]);
            return Ok(());
        }
        let refused = bytes.write_all_at(&[9; 5], end - 2).unwrap_err();
        let kinds = [ErrorKind::InvalidRange, ErrorKind::NotSupported];
        assert!(kinds.contains(&refused.kind()), "{refused}");
        let mut seen = [0; 2];
        bytes.read_exact_at(&mut seen, end - 2)?;
        assert_eq!(seen, content()[LEN - 2..], "nothing was written");

        assert_eq!(bytes.write_at(&[1; 5], end - 2)?, 2);
        bytes.read_exact_at(&mut seen, end - 2)?;
        assert_eq!(seen, [1, 1]);
        assert_eq!(bytes.write_at(&[1; 5], end)?, 0);
        assert_eq!(bytes.write_at(&[1; 5], u64::MAX)?, 0);
        Ok(())
    })
}

#[test]
#[expect(unsafe_code, reason = "bytes that are known by their address")]
fn a_buffer_that_is_known_by_its_address_is_written_as_any_other() -> Outcome {
    let own = vec![7_u8; 3000];
    each(|bytes, grows| {
        for (offset, count) in [(5, 3000), (LEN - 100, if grows { 3000 } else { 100 })] {
            // SAFETY: the vector has so many bytes, and lives to the end.
            let foreign = unsafe { ForeignBytes::new(own.as_ptr(), own.len()) };

            assert_eq!(bytes.write_foreign_at(foreign, offset as u64)?, count);

            let mut seen = vec![0; count];
            bytes.read_exact_at(&mut seen, offset as u64)?;
            assert!(seen.iter().all(|byte| *byte == 7));
        }
        Ok(())
    })
}

#[test]
fn what_may_not_be_read_or_written_is_refused_at_any_offset() -> Outcome {
    let place = Place::new();
    place.file("file", &content());
    let file = MappedFile::options().read_only().open(place.path("file"))?;
    let mapping = FileMapping::create(LEN as u64, Protection::ReadWrite)?;
    let (reader, nothing) = (mapping.map(Access::Read)?, mapping.map(Access::NoAccess)?);

    let writers: [&dyn PositionedIo; 3] = [&file, &reader, &nothing];
    for (index, bytes) in writers.into_iter().enumerate() {
        for offset in [0, LEN as u64 - 1, LEN as u64, u64::MAX] {
            let refused = bytes.write_at(&[1], offset).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::AccessDenied, "{index}, {offset}");
        }
    }
    let refused = nothing.read_at(&mut [0], 0).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AccessDenied);
    Ok(())
}

/// Where `wanted` first and last is in `bytes`, found in the simplest way.
fn found(bytes: &[u8], wanted: &[u8]) -> (Option<usize>, Option<usize>) {
    let is_at = |at: &usize| bytes[*at..].starts_with(wanted);
    ((0..=bytes.len()).find(is_at), (0..=bytes.len()).rfind(is_at))
}

#[test]
fn a_string_of_bytes_is_found_from_either_end_wherever_it_lies() -> Outcome {
    let place = Place::new();
    let len = 60_000;
    for (wanted, places) in [
        (vec![9], vec![0, 8191, 8192, 59_999]),
        (b"needle".to_vec(), vec![0, 8187, 8190, 16_380, 59_994]),
        (vec![7; 20_000], vec![0, 13, 40_000]),
        (vec![5; 300], vec![8000, 8150]),
        (b"absent".to_vec(), vec![]),
        (vec![], vec![]),
    ] {
        let mut bytes = vec![1; len];
        for at in &places {
            bytes[*at..][..wanted.len()].copy_from_slice(&wanted);
        }
        let file = place.file("searched", &bytes);
        let view = FileMapping::options().file(&file).create()?.map(Access::Read)?;
        let options = MappedFile::options().read_only();
        for file in [options.clone(), options.window(1).windows(1)] {
            let file = file.open(place.path("searched"))?;
            for range in [0..len, 1..len, 100..8195, 8192..50_000, 59_999..len, len..len, 7..7] {
                let (first, last) = found(&bytes[range.clone()], &wanted);
                let expected = (first.map(|at| range.start + at), last.map(|at| range.start + at));

                let own = (view.find(range.clone(), &wanted)?, view.rfind(range.clone(), &wanted)?);
                let wide = range.start as u64..range.end as u64;
                let other = (file.find(wide.clone(), &wanted)?, file.rfind(wide, &wanted)?);

                assert_eq!(own, expected, "{} bytes in {range:?}", wanted.len());
                let in_file = expected.0.map(|at| at as u64);
                assert_eq!(other, (in_file, expected.1.map(|at| at as u64)), "{range:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_range_of_a_file_that_ends_past_it_is_searched_as_far_as_it_goes() -> Outcome {
    let place = Place::new();
    place.file("file", b"abcabc");
    let file = MappedFile::open(place.path("file"))?;

    assert_eq!(file.find(4..u64::MAX, b"c")?, Some(5));
    assert_eq!(file.rfind(..1 << 40, b"a")?, Some(3));
    assert_eq!(file.find(7.., b"")?, Some(6));
    assert_eq!(file.rfind(100..200, b"c")?, None);
    Ok(())
}
