//! Processes that append to a file, while others do to it what they must not lose an append by.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use filemap::{Access, FileMapping, Flush, MappedFile, PositionedIo as _, Protection};
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use crate::flush::Layered;
use crate::support::{self, Outcome, Place};

const TEST: &str =
    "appends::nobodys_append_is_lost_to_those_who_preallocate_fail_close_and_lengthen";

/// Bytes of a record: who appended it, and its number.
const RECORD: usize = 16;

/// How far apart the lengths are that the file is given: further than all appends reach.
const FAR: u64 = 1 << 30;

/// Appends records, and says how many were acknowledged.
fn append(path: &Path, who: u64, count: u64) -> Outcome {
    let mut file = File::options().append(true).open(path)?;
    for number in 1..=count {
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&who.to_le_bytes());
        record[8..].copy_from_slice(&number.to_le_bytes());
        assert_eq!(file.write(&record)?, RECORD, "an append is whole");
    }
    support::say("done");
    Ok(())
}

/// Does everything that makes a file longer, sets space aside or gives it back, until told to end.
fn disturb(path: &Path, number: u64) -> Outcome {
    let turn = move |round: u64| -> Outcome {
        let file = MappedFile::options().windows(2).open(path)?;
        assert!(file.preallocate(0..1 << 60).is_err(), "no disk has so much");
        file.preallocate(0..1 << 16)?;
        assert!(MappedFile::options().preallocate(1 << 60).open(path).is_err());
        drop(MappedFile::options().preallocate(1 << 18).open(path)?);
        let beside = File::options().read(true).write(true).open(path)?;
        let options = FileMapping::options().file(&beside).protection(Protection::ReadWrite);
        // By the time that this is seen the file may be longer, and stays so.
        let len = beside.metadata()?.len() + 20;
        options.size(len).create()?.map(Access::Read)?.flush(.., Flush::Start)?;
        if number == 1 && round.is_multiple_of(8) && round < 64 {
            file.set_len((round / 8 + 1) * FAR)?;
        }
        file.read_at(&mut [0; 100], 50)?;
        file.close()?;
        Ok(())
    };
    std::thread::scope(|scope| {
        let told = scope.spawn(support::hear);
        let mut round = 0;
        while !told.is_finished() {
            turn(round)?;
            round += 1;
        }
        support::say("done");
        Ok(())
    })
}

/// Counts the records of each of `count` processes, and asserts that each is there once, in order.
fn count_records(path: &Path, count: usize) -> std::io::Result<Vec<u64>> {
    let file = File::open(path)?;
    let mut last = vec![0; count];
    let mut at = 0;
    let mut bytes = vec![0; 1 << 20];
    loop {
        // Between the records there is nothing but zeros, most of them in holes.
        at = match seek(&file, SeekFrom::Data(at)) {
            Err(Errno::NXIO) => return Ok(last),
            found => found?,
        };
        let read = file.read_at(&mut bytes, at)?;
        let mut place = 0;
        while place < read {
            // A record begins with a number that is not 0 in its first byte.
            if bytes[place] == 0 {
                place += 1;
            } else if place + RECORD > read {
                break;
            } else {
                let number = |from: usize| {
                    u64::from_le_bytes(bytes[from..from + 8].try_into().unwrap_or_default())
                };
                let who = usize::try_from(number(place)).unwrap_or(usize::MAX);
                let last = last.get_mut(who - 1).expect("it is nobody's record");
                assert_eq!(number(place + 8), *last + 1, "of process {who}, at {at} + {place}");
                *last += 1;
                place += RECORD;
            }
        }
        at += place as u64;
        if read == 0 {
            return Ok(last);
        }
    }
}

#[test]
fn nobodys_append_is_lost_to_those_who_preallocate_fail_close_and_lengthen() -> Outcome {
    if let Some(role) = support::role() {
        let path = PathBuf::from(support::hear());
        let mut words = role.split(' ');
        let word = words.next();
        let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        return match word {
            Some("append") => append(&path, number(), number()),
            _ => disturb(&path, number()),
        };
    }
    let place = Place::new();
    let layered = Layered::mounted()?;
    if layered.is_none() {
        println!("skipped: this user may not mount a file system of layers");
    }
    let mut folders = vec![PathBuf::from("/dev/shm"), PathBuf::from(env!("CARGO_TARGET_TMPDIR"))];
    folders.extend(layered.as_ref().map(Layered::merged));
    // Of each of two processes, on each of three file systems.
    let count = u64::from(support::rounds(170_000)) / 10 * 10;
    let mut acknowledged = 0;
    for folder in folders {
        let folder = tempfile::tempdir_in(folder)?;
        let path = folder.path().join("file");
        fs::write(&path, b"")?;
        let start = |role: String| {
            let mut second = place.child(TEST, &role);
            second.tell(path.to_str().unwrap_or_default());
            second
        };
        let mut disturbing: Vec<_> =
            (1..=2).map(|number| start(format!("disturb {number}"))).collect();
        let mut appending: Vec<_> =
            (1..=2).map(|who| start(format!("append {who} {count}"))).collect();

        for second in &mut appending {
            second.until("done");
        }
        for second in &mut disturbing {
            second.tell("end");
            second.until("done");
        }

        assert_eq!(count_records(&path, 2)?, [count; 2], "{}", folder.path().display());
        acknowledged += 2 * count;
        appending.into_iter().chain(disturbing).for_each(support::Second::finish);
    }
    println!("\nsoak: appends beside those who lengthen the file: {acknowledged}, 0 lost");
    Ok(())
}
