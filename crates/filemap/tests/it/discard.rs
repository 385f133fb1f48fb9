//! Ranges that are given back: what reads as zeros afterwards, and what stays.

use std::fs;

use filemap::{
    Access, Error, ErrorKind, FileMapping, MappedFile, PositionedIo, Protection, Rights,
};

use crate::support::{Outcome, Place, space};

const MIB: usize = 1 << 20;

fn content() -> Vec<u8> {
    (1..=251).cycle().take(MIB).collect()
}

/// The content with a hole.
fn with_hole(start: usize, end: usize) -> Vec<u8> {
    let mut bytes = content();
    bytes[start..end].fill(0);
    bytes
}

#[test]
fn a_range_of_a_view_reads_as_zeros_everywhere_and_takes_no_space() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &content());
    let view = FileMapping::options().file(&file).create()?.map_range(Access::Write, 4096..)?;
    let other = MappedFile::open(place.path("file"))?;
    let before = space(&file)?;

    // Neither end is that of a page.
    view.discard(100..MIB / 2)?;
    view.discard(7..7)?;

    let expected = with_hole(4196, 4096 + MIB / 2);
    assert!(fs::read(place.path("file"))? == expected);
    assert_eq!(view.compare(0, &expected[4096..])?, None);
    assert_eq!(other.compare(0, &expected)?, None);
    assert!(space(&file)? + (MIB / 2) as u64 - 16384 <= before, "{} of {before}", space(&file)?);

    view.write(200, &9_u8)?;
    assert_eq!(other.read::<u8>(4296)?, 9);
    Ok(())
}

#[test]
fn memory_under_a_name_is_given_back_and_the_name_stays() -> Outcome {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("memory");
    let made = options.size(MIB as u64).create_new()?;
    let view = made.map(Access::Write)?;
    view.write_all_at(&content(), 0)?;

    view.discard(..)?;

    let found = place.registry.open("memory")?;
    assert_eq!(found.map(Access::Read)?.compare(0, &vec![0; MIB])?, None);
    view.write(MIB - 1, &1_u8)?;
    assert_eq!(found.map(Access::Read)?.read::<u8>(MIB - 1)?, 1);
    let file = MappedFile::options().registry(&place.registry).open_by_name("memory")?;
    file.discard(0..MIB as u64)?;
    assert_eq!(file.discard(0..MIB as u64 + 1).unwrap_err().kind(), ErrorKind::InvalidRange);
    assert_eq!(view.read::<u8>(MIB - 1)?, 0);
    assert_eq!(place.registry.open("memory")?.size(), MIB as u64);
    Ok(())
}

#[test]
fn a_range_of_a_file_is_given_back_and_its_length_stays() -> Outcome {
    let place = Place::new();
    place.file("file", &content());
    for options in [MappedFile::options(), MappedFile::options().window(1).windows(2)] {
        let file = options.open(place.path("file"))?;
        file.write_all_at(&content(), 0)?;
        let full = file.allocated()?;

        file.discard(4096..MIB as u64)?;

        assert_eq!(file.len()?, MIB as u64);
        assert_eq!(file.compare(0, &with_hole(4096, MIB))?, None);
        assert!(file.allocated()? < full / 4, "{} of {full}", file.allocated()?);
    }
    Ok(())
}

#[test]
fn what_may_not_be_written_is_not_given_back() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &content());
    let mapping = FileMapping::options().file(&file).create()?;
    let copies = FileMapping::options().file(&file).protection(Protection::WriteCopy).create()?;
    let reader = MappedFile::options().read_only().open(place.path("file"))?;
    let kind = |result: Result<(), Error>| result.unwrap_err().kind();

    for view in [
        mapping.map(Access::Read)?,
        mapping.map(Access::Copy)?,
        copies.map(Access::Copy)?,
        mapping.duplicate(Rights::READ)?.map(Access::Read)?,
    ] {
        assert_eq!(kind(view.discard(..4096)), ErrorKind::AccessDenied, "{view:?}");
    }
    assert_eq!(kind(reader.discard(0..4096)), ErrorKind::AccessDenied);
    let view = mapping.map(Access::Write)?;
    assert_eq!(kind(view.discard(5..MIB + 1)), ErrorKind::InvalidRange);
    #[expect(clippy::reversed_empty_ranges, reason = "this is what is refused")]
    let inverted = MappedFile::open(place.path("file"))?.discard(9..5);
    assert_eq!(kind(inverted), ErrorKind::InvalidArgument);
    assert!(fs::read(place.path("file"))? == content());
    Ok(())
}
