//! Which parts of a mapping take space.

use filemap::{ErrorKind, FileMapping, MappedFile, Protection};

use crate::support::{Outcome, Place};

/// Whether every byte of `range` is in one of the parts.
fn has(parts: &[std::ops::Range<u64>], range: std::ops::Range<u64>) -> bool {
    let mut at = range.start;
    for part in parts {
        if part.contains(&at) {
            at = part.end;
        }
    }
    at >= range.end
}

#[test]
fn what_was_written_takes_space_and_what_is_left_out_reads_as_zeros() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.dir.path().join("sparse"))?;
    let written = [(0, 10), (70_000, 200_000), (64 << 20, 1)];
    for (offset, len) in written {
        file.write_at(offset, &vec![1; len])?;
    }

    let len = file.len()?;
    let parts: Vec<_> = file.mapping().extents(..)?.collect::<Result<_, _>>()?;

    for (offset, len) in written {
        assert!(has(&parts, offset..offset + len as u64), "{offset}: {parts:?}");
    }
    let mut at = 0;
    for part in parts {
        assert!(part.start >= at && part.start < part.end && part.end <= len, "{part:?}");
        let mut hole = vec![1; usize::try_from(part.start - at)?];
        file.read_exact_at(at, &mut hole)?;
        assert!(hole.iter().all(|byte| *byte == 0), "{at} to {part:?}");
        at = part.end;
    }
    Ok(())
}

#[test]
fn parts_lie_within_the_range_that_was_asked_about() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[7; 300_000]);
    let mapping = FileMapping::options().file(&file).create()?;

    let parts: Vec<_> = mapping.extents(100_001..200_003)?.collect::<Result<_, _>>()?;

    assert!(has(&parts, 100_001..200_003), "{parts:?}");
    assert_eq!(parts.first().map(|part| part.start), Some(100_001));
    assert_eq!(parts.last().map(|part| part.end), Some(200_003));
    assert_eq!(mapping.extents(5..5)?.count(), 0);
    Ok(())
}

#[test]
fn a_range_outside_the_mapping_is_refused() -> Outcome {
    let mapping = FileMapping::create(1 << 16, Protection::ReadWrite)?;

    let error = mapping.extents(..(1 << 16) + 1).unwrap_err();

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::InvalidRange, 87));
    Ok(())
}

// Windows does not tell of memory.
#[cfg(target_os = "linux")]
#[test]
fn memory_takes_space_where_it_was_stored_to() -> Outcome {
    let page = u64::try_from(filemap::page_size())?;
    let mapping = FileMapping::create(page * 100, Protection::ReadWrite)?;
    mapping.map(filemap::Access::Write)?.write_at(usize::try_from(page * 7)?, b"x")?;

    let parts: Vec<_> = mapping.extents(..)?.collect::<Result<_, _>>()?;

    assert_eq!((parts.len(), &parts[0]), (1, &(page * 7..page * 8)));
    Ok(())
}

// Elsewhere a file's place for reading has no other use here.
#[cfg(target_os = "linux")]
#[test]
fn looking_leaves_the_callers_place_in_the_file_alone() -> Outcome {
    use std::io::{Read as _, Seek as _};
    let place = Place::new();
    let mut file = place.file("content", b"0123456789");
    file.seek(std::io::SeekFrom::Start(4))?;
    let mapping = FileMapping::options().file(&file).create()?;

    mapping.extents(..)?.count();

    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    assert_eq!(rest, "456789");
    Ok(())
}
