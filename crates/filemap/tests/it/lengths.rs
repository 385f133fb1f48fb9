//! Lengths of files that somebody keeps.

use std::fs::File;
use std::os::fd::AsRawFd as _;

use filemap::{ErrorKind, FileMapping, LengthLock, MappedFile, set_file_len};

use crate::support::{self, Outcome, Place};

#[test]
fn a_kept_length_can_grow_and_not_shrink() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &[7; 10_000]);

    let kept = LengthLock::of_file(&file)?;

    assert_eq!(set_file_len(&file, 9999).unwrap_err().kind(), ErrorKind::FileMapped);
    assert_eq!(file.metadata()?.len(), 10_000);
    set_file_len(&file, 10_000)?;
    set_file_len(&file, 20_000)?;
    assert_eq!(set_file_len(&file, 19_999).unwrap_err().kind(), ErrorKind::FileMapped);
    drop(kept);
    set_file_len(&file, 1)?;
    assert_eq!(file.metadata()?.len(), 1);
    Ok(())
}

#[test]
fn each_of_several_who_keep_a_length_is_enough() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &[7; 10_000]);
    let mapping = FileMapping::options().file(&file).create()?;

    let (one, two) = (LengthLock::of_mapping(&mapping)?, LengthLock::of_file(&file)?);

    drop(one);
    assert_eq!(set_file_len(&file, 1).unwrap_err().kind(), ErrorKind::FileMapped);
    drop(two);
    set_file_len(&file, 1)?;
    Ok(())
}

#[test]
fn a_mapped_file_is_not_cut_under_others_who_keep_its_length() -> Outcome {
    let place = Place::new();
    let other = place.file("file", &[7; 10_000]);
    let file = MappedFile::open(place.path("file"))?;

    let _kept = LengthLock::of_file(&other)?;

    assert_eq!(file.set_len(5000).unwrap_err().kind(), ErrorKind::FileMapped);
    assert_eq!(file.len()?, 10_000);
    file.set_len(30_000)?;
    Ok(())
}

#[test]
fn other_files_are_cut_as_ever() -> Outcome {
    let place = Place::new();
    let (one, two) = (place.file("one", &[7; 100]), place.file("two", &[7; 100]));

    let _kept = LengthLock::of_file(&one)?;

    set_file_len(&two, 1)?;
    let memory = FileMapping::create(4096, filemap::Protection::ReadWrite)?;
    LengthLock::of_mapping(&memory)?;
    Ok(())
}

#[test]
fn a_length_is_kept_among_processes_and_no_longer_than_their_lives() -> Outcome {
    const TEST: &str = "lengths::a_length_is_kept_among_processes_and_no_longer_than_their_lives";
    match support::role().as_deref() {
        Some("keeper") => {
            let file = File::open(support::hear())?;
            let _kept = LengthLock::of_file(&file)?;
            support::say("kept");
            support::hear();
            return Ok(());
        }
        Some(_) => {
            let path = support::hear();
            while support::hear() == "cut" {
                let file = File::options().write(true).open(&path)?;
                let told = match set_file_len(&file, 1) {
                    Ok(()) => "done".to_owned(),
                    Err(error) => error.win32_code().to_string(),
                };
                support::say(&told);
            }
            return Ok(());
        }
        None => {}
    }
    let place = Place::new();
    place.file("file", &[7; 10_000]);
    let path = place.path("file");
    let path = path.to_str().ok_or("a temporary path is text")?;
    let mut keeper = place.child(TEST, "keeper");
    let mut cutter = place.child(TEST, "cutter");
    keeper.tell(path);
    cutter.tell(path);
    keeper.until("kept");

    cutter.tell("cut");
    assert_eq!(cutter.next(), "1224");
    keeper.kill();
    cutter.tell("cut");
    assert_eq!(cutter.next(), "done");

    cutter.tell("no more");
    Ok(())
}

#[test]
fn who_locks_all_of_a_file_meets_nobody_who_keeps_its_length() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &[7; 10_000]);
    let _kept = LengthLock::of_file(&file)?;

    let lock = rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);

    assert!(lock.is_ok(), "descriptor {}: {lock:?}", file.as_raw_fd());
    Ok(())
}

/// In a second process: keeps a file's length and makes it longer, again and again.
fn keep_what_grows(file: &File) -> Outcome {
    use std::os::unix::fs::FileExt as _;
    for _ in 0..1000 {
        let _kept = LengthLock::of_file(file)?;
        for _ in 0..30 {
            let len = file.metadata()?.len() + 100;
            file.write_all_at(&[7; 100], len - 100)?;
            let now = file.metadata()?.len();
            assert!(now >= len, "the kept length {len} became {now}");
        }
    }
    support::say("kept");
    Ok(())
}

/// In a second process: makes a file longer and shorter, for ever.
fn set_lengths(file: &File, mapped: &MappedFile) -> Outcome {
    for round in 0_u64.. {
        let len = file.metadata()?.len();
        let set = match round % 4 {
            0 => set_file_len(file, len),
            1 => set_file_len(file, len + 1),
            2 => mapped.set_len(len + 1),
            _ => mapped.set_len(len / 2),
        };
        if let Err(error) = set {
            assert_eq!(error.kind(), ErrorKind::FileMapped, "{error}");
        }
    }
    Ok(())
}

#[test]
fn a_kept_length_is_not_cut_by_who_saw_the_file_shorter() -> Outcome {
    const TEST: &str = "lengths::a_kept_length_is_not_cut_by_who_saw_the_file_shorter";
    if let Some(role) = support::role() {
        let path = support::hear();
        let file = File::options().read(true).write(true).open(&path)?;
        return match role.as_str() {
            "keeper" => keep_what_grows(&file),
            _ => set_lengths(&file, &MappedFile::open(&path)?),
        };
    }
    let place = Place::new();
    place.file("file", &[7; 1000]);
    let path = place.path("file");
    let path = path.to_str().ok_or("a temporary path is text")?;
    let mut cutter = place.child(TEST, "cutter");
    let mut keeper = place.child(TEST, "keeper");
    cutter.tell(path);
    keeper.tell(path);

    keeper.until("kept");

    cutter.kill();
    keeper.finish();
    Ok(())
}
