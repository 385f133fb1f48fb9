//! Space that is set aside: what it changes, and what it leaves as it is.

use std::fs;
#[cfg(target_os = "linux")]
use std::{os::unix::fs::FileExt as _, path::Path, time::Duration};

#[cfg(target_os = "linux")]
use filemap::PositionedIo as _;
use filemap::{ErrorKind, FileMapping, MappedFile, Protection};

#[cfg(target_os = "linux")]
use crate::support::{self, Second, space};
use crate::support::{Outcome, Place};

const MIB: u64 = 1 << 20;

// Windows has no call that sets space aside and cannot cut.
#[cfg(windows)]
#[test]
fn space_is_not_set_aside_where_that_could_cut() -> Outcome {
    let place = Place::new();
    let content = place.file("file", b"content");
    let file = MappedFile::open(place.path("file"))?;

    for error in [
        file.preallocate(0..MIB).unwrap_err(),
        MappedFile::options().preallocate(MIB).open(place.path("file")).unwrap_err(),
        FileMapping::options().file(&content).size(MIB).preallocate().create().unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::NotSupported, 50), "{error}");
    }
    assert_eq!(fs::read(place.path("file"))?, b"content");
    assert!(file.allocated()? < MIB);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn space_is_set_aside_and_neither_length_nor_bytes_change() -> Outcome {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::open(place.path("file"))?;
    let before = file.allocated()?;

    file.preallocate(MIB..2 * MIB)?;
    file.preallocate(0..MIB)?;
    file.preallocate(5..5)?;

    assert_eq!(file.len()?, 7);
    assert_eq!(fs::read(place.path("file"))?, b"content");
    assert!(before < MIB, "{before}");
    assert!(file.allocated()? >= 2 * MIB, "{}", file.allocated()?);
    assert_eq!(file.allocated()?, space(&fs::File::open(place.path("file"))?)?);
    let mut seen = [1; 100];
    assert_eq!(file.read_at(&mut seen, 3)?, 4);
    assert_eq!(file.find(.., &[0])?, None);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_set_aside_stays_until_the_file_is_cut() -> Outcome {
    let place = Place::new();
    let allocated = || space(&fs::File::open(place.path("file"))?);
    let file = MappedFile::options().preallocate(MIB).open(place.path("file"))?;
    file.write_all_at(b"content", 0)?;
    file.close()?;
    assert_eq!(fs::metadata(place.path("file"))?.len(), 7);
    assert!(allocated()? >= MIB, "{}", allocated()?);

    let file = MappedFile::open(place.path("file"))?;
    file.write_all_at(b", and more", 7)?;
    assert!(allocated()? >= MIB, "{}", allocated()?);
    file.set_len(18)?;
    file.set_len(18)?;
    assert!(allocated()? >= MIB, "{}", allocated()?);
    file.set_len(17)?;

    assert_eq!(fs::read(place.path("file"))?, b"content, and more");
    assert!(allocated()? < MIB, "{}", allocated()?);
    Ok(())
}

#[test]
fn space_is_set_aside_only_in_what_can_grow_and_be_written() -> Outcome {
    let place = Place::new();
    let content = place.file("file", b"content");
    let named = FileMapping::options().registry(&place.registry);
    let _fixed = named.clone().name("fixed").file(&content).create()?;
    let _memory = named.name("memory").size(MIB).protection(Protection::ReadWrite).create()?;
    let options = || MappedFile::options().registry(&place.registry);

    let reader = options().read_only().open(place.path("file"))?;
    assert_eq!(reader.preallocate(0..MIB).unwrap_err().kind(), ErrorKind::AccessDenied);
    for name in ["fixed", "memory"] {
        let file = options().open_by_name(name)?;
        assert_eq!(file.preallocate(0..MIB).unwrap_err().kind(), ErrorKind::NotSupported);
    }
    let file = options().open(place.path("file"))?;
    let inverted = std::ops::Range { start: 2, end: 1 };
    assert_eq!(file.preallocate(inverted).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let error = options().read_only().preallocate(1).open(place.path("file")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(fs::read(place.path("file"))?, b"content");
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn no_file_reaches_past_all_offsets() -> Outcome {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::open(place.path("file"))?;

    for range in [0..u64::MAX, i64::MAX.unsigned_abs()..i64::MAX.unsigned_abs() + 1] {
        assert_eq!(file.preallocate(range).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    assert_eq!(fs::read(place.path("file"))?, b"content");
    Ok(())
}

/// Appends records where the file ends until the other process says that it is done, and asserts
/// that all of them are there.
#[cfg(target_os = "linux")]
fn append_while(path: &Path, second: &mut Second) -> Outcome {
    let file = fs::File::options().write(true).open(path)?;
    let mut number = 0_u64;
    while second.said_within(Duration::ZERO).as_deref() != Some("done") {
        file.write_all_at(&number.to_le_bytes(), file.metadata()?.len())?;
        number += 1;
    }
    let expected: Vec<u8> = (0..number).flat_map(u64::to_le_bytes).collect();
    let seen = fs::read(path)?;
    assert!(seen == expected, "{} of {} bytes are there", seen.len(), expected.len());
    Ok(())
}

/// Two processes at one file, on each file system that a user has at hand.
#[cfg(target_os = "linux")]
fn beside_appends(test: &str, act: impl Fn(&Path) -> Outcome) -> Outcome {
    if support::role().is_some() {
        let path = support::hear();
        for _ in 0..300 {
            act(Path::new(&path))?;
        }
        support::say("done");
        return Ok(());
    }
    let place = Place::new();
    for dir in [std::env::temp_dir(), "/dev/shm".into()] {
        let dir = tempfile::tempdir_in(dir)?;
        let path = dir.path().join("file");
        fs::write(&path, b"")?;
        let mut second = place.child(test, "other");
        second.tell(path.to_str().ok_or("a temporary path is text")?);

        append_while(&path, &mut second)?;
        second.finish();
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn setting_space_aside_again_and_again_loses_nobodys_appends() -> Outcome {
    const TEST: &str = "preallocate::setting_space_aside_again_and_again_loses_nobodys_appends";
    beside_appends(TEST, |path| {
        MappedFile::open(path)?.preallocate(0..MIB)?;
        MappedFile::options().preallocate(MIB).open(path)?;
        Ok(())
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_mapping_that_grows_its_file_loses_nobodys_appends() -> Outcome {
    const TEST: &str = "preallocate::a_mapping_that_grows_its_file_loses_nobodys_appends";
    if support::role().is_none() {
        // The other process makes the file longer as well, so records do not lie side by side.
        let place = Place::new();
        let path = place.path("file");
        let file = place.file("file", b"");
        let mut second = place.child(TEST, "grows");
        second.tell(path.to_str().ok_or("a temporary path is text")?);
        let mut records = Vec::new();
        while second.said_within(Duration::ZERO).as_deref() != Some("done") {
            let at = file.metadata()?.len();
            file.write_all_at(&[1; 8], at)?;
            records.push(at);
        }
        for at in records {
            let mut seen = [0; 8];
            file.read_exact_at(&mut seen, at)?;
            assert_eq!(seen, [1; 8], "at {at} of {}", file.metadata()?.len());
        }
        second.finish();
        return Ok(());
    }
    let file = fs::File::options().read(true).write(true).open(support::hear())?;
    for _ in 0..3000 {
        // By the time that this is seen the file may be longer, and stays so.
        let len = file.metadata()?.len() + 20;
        FileMapping::options().file(&file).size(len).create()?;
    }
    support::say("done");
    Ok(())
}
