//! Files by offset that several processes and threads have open at once.

#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use filemap::{Error, MappedFile, PositionedIo};

use crate::mapped_file::read_up_to_100;
use crate::support::{self, Place};

/// In a second process: a file in the place of the first one.
fn shared(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("the first process says where")).join(name)
}

#[test]
fn growth_by_another_process_shows_without_reopening() -> Result<(), Error> {
    if support::role().is_some() {
        let file = MappedFile::open(shared("file"))?;
        support::hear();
        file.write_all_at(b"!", 5)?;
        file.write_all_at(b"far", 3 << 20)?;
        support::say("grown");
        return Ok(());
    }
    let place = Place::new();
    place.file("file", b"start");
    let file = MappedFile::open(place.path("file"))?;
    let mut second =
        place.child("sharing::growth_by_another_process_shows_without_reopening", "grows");
    assert_eq!(read_up_to_100(&file, 0)?, b"start");

    second.tell("grow");
    second.until("grown");

    assert_eq!(read_up_to_100(&file, 0)?[..7], *b"start!\0");
    assert_eq!(read_up_to_100(&file, 3 << 20)?, b"far");
    assert_eq!(file.len()?, (3 << 20) + 3);
    second.finish();
    Ok(())
}

#[test]
fn a_name_alone_opens_a_file_with_its_length_and_its_growth() -> Result<(), Error> {
    const NAME: &str = "Local\\a file by name";
    if support::role().is_some() {
        let file = MappedFile::from_name(NAME)?;
        support::say(&format!("{} {:?}", file.len()?, read_up_to_100(&file, 1)?));
        support::hear();
        support::say(&format!("{} {:?}", file.len()?, read_up_to_100(&file, 2_000_000)?));
        file.write_all_at(b"?", 2_000_001)?;
        support::say("written");
        return Ok(());
    }
    let place = Place::new();
    place.file("file", b"abc");
    let file = MappedFile::options()
        .registry(&place.registry)
        .name(NAME)
        .must_exist()
        .open(place.path("file"))?;
    let mut second =
        place.child("sharing::a_name_alone_opens_a_file_with_its_length_and_its_growth", "opens");
    second.until("3 [98, 99]");

    file.write_all_at(b"!", 2_000_000)?;
    second.tell("look");

    second.until("2000001 [33]");
    second.until("written");
    assert_eq!(read_up_to_100(&file, 2_000_000)?, b"!?");
    assert_eq!(file.name().unwrap().to_string(), NAME);
    second.finish();
    Ok(())
}

/// How many records each side of a race writes, and how long one is.
const RECORDS: u64 = 3000;
const RECORD: usize = 37;

/// Writes every other record from `first` on; each of them tells its number.
fn append_records(file: &MappedFile, first: u64) -> Result<(), Error> {
    for number in (first..2 * RECORDS).step_by(2) {
        file.write_all_at(&record(number), number * RECORD as u64)?;
    }
    Ok(())
}

fn record(number: u64) -> [u8; RECORD] {
    let mut record = [b'.'; RECORD];
    record[..8].copy_from_slice(&number.to_le_bytes());
    record
}

#[test]
fn two_processes_that_grow_a_file_at_once_lose_nothing() -> Result<(), Error> {
    if support::role().is_some() {
        let file = MappedFile::open(shared("file"))?;
        support::say("ready");
        support::hear();
        append_records(&file, 1)?;
        support::say("done");
        return Ok(());
    }
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    let mut second =
        place.child("sharing::two_processes_that_grow_a_file_at_once_lose_nothing", "grows");
    second.until("ready");

    second.tell("go");
    append_records(&file, 0)?;
    second.until("done");

    assert_eq!(file.len()?, 2 * RECORDS * RECORD as u64);
    for number in 0..2 * RECORDS {
        let mut seen = [0; RECORD];
        file.read_exact_at(&mut seen, number * RECORD as u64)?;
        assert_eq!(seen, record(number), "record {number}");
    }
    second.finish();
    Ok(())
}

#[test]
fn bytes_written_where_another_process_has_just_grown_the_file_stay() -> Result<(), Error> {
    const RECORDS: u64 = 60_000;
    const TEST: &str = "sharing::bytes_written_where_another_process_has_just_grown_the_file_stay";
    let at = |number: u64| number * RECORD as u64;
    if support::role().is_some() {
        let file = MappedFile::open(shared("file"))?;
        // Each write makes the file longer, and skips the place of the record before.
        for number in (1..RECORDS).step_by(2) {
            file.write_all_at(&record(number), at(number))?;
        }
        support::say("done");
        return Ok(());
    }
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    let mut second = place.child(TEST, "grows");

    for number in (0..RECORDS).step_by(2) {
        support::eventually("the file grows", || file.len().is_ok_and(|len| len >= at(number + 1)));
        file.write_all_at(&record(number), at(number))?;
    }
    second.until("done");

    for number in 0..RECORDS {
        assert!(file.read::<[u8; RECORD]>(at(number))? == record(number), "record {number}");
    }
    second.finish();
    Ok(())
}

#[test]
fn threads_share_one_file_while_it_grows() -> Result<(), Error> {
    const PART: u64 = 100_003;
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.set_len(4 * PART)?;
    let together = Barrier::new(5);
    let grown = AtomicU64::new(0);

    let failed = thread::scope(|scope| {
        let workers = [1_u8, 2, 3, 4].map(|worker| {
            let (file, together) = (&file, &together);
            scope.spawn(move || -> Result<(), Error> {
                let from = u64::from(worker - 1) * PART;
                together.wait();
                for round in 0..10_u8 {
                    let mark = worker * 16 + round;
                    for at in (0..PART).step_by(61) {
                        let bytes = [mark; 61];
                        let count = usize::try_from((PART - at).min(61)).unwrap();
                        file.write_all_at(&bytes[..count], from + at)?;
                    }
                    let mut seen = vec![0; usize::try_from(PART).unwrap()];
                    file.read_exact_at(&mut seen, from)?;
                    assert!(seen.iter().all(|byte| *byte == mark), "worker {worker}");
                }
                Ok(())
            })
        });
        together.wait();
        let mut results = Vec::new();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            let number = grown.fetch_add(1, Ordering::Relaxed);
            results.push(file.write_all_at(&number.to_le_bytes(), 4 * PART + number * 5000));
        }
        results.extend(workers.into_iter().map(|worker| worker.join().unwrap()));
        results.into_iter().find(Result::is_err)
    });

    failed.unwrap_or(Ok(()))?;
    let grown = grown.load(Ordering::Relaxed);
    assert!(grown > 0);
    for number in 0..grown {
        assert_eq!(file.read::<[u8; 8]>(4 * PART + number * 5000)?, number.to_le_bytes());
    }
    assert_eq!(file.len()?, 4 * PART + (grown - 1) * 5000 + 8);
    Ok(())
}

/// Windows cuts no file that is mapped.
#[cfg(not(windows))]
#[test]
fn after_a_cut_nothing_is_stored_past_the_end_however_late_others_note_an_old_length()
-> Result<(), Error> {
    for options in [MappedFile::options(), MappedFile::options().window(1 << 16)] {
        let place = Place::new();
        cut_while_others_look(&options.open(place.path("file"))?)?;
    }
    Ok(())
}

#[cfg(not(windows))]
fn cut_while_others_look(file: &MappedFile) -> Result<(), Error> {
    let over = AtomicU64::new(0);
    thread::scope(|scope| {
        // More of them than processors: some are interrupted between a look and its note.
        let lookers = [0; 6].map(|_| {
            scope.spawn(|| -> Result<(), Error> {
                while over.load(Ordering::Relaxed) == 0 {
                    file.len()?;
                }
                Ok(())
            })
        });
        let cut = (0..20_000_u64).try_for_each(|round| {
            file.set_len(4096)?;
            file.write(2000, &round)?;
            file.set_len(1000)?;
            file.write(1080, &round)?;
            assert_eq!((file.len()?, file.read::<u64>(1080)?), (1088, round));
            Ok(())
        });
        over.store(1, Ordering::Relaxed);
        for looker in lookers {
            looker.join().expect("it ends")?;
        }
        cut
    })
}

/// Windows cuts no file that is mapped.
#[cfg(not(windows))]
#[test]
fn a_cut_file_ends_there_for_all_threads_while_it_is_mapped_again() -> Result<(), Error> {
    const SHORT: u64 = 1000;
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.set_len(2 * SHORT)?;
    let over = AtomicU64::new(0);

    thread::scope(|scope| {
        let readers = [1, 2].map(|_| {
            scope.spawn(|| -> Result<(), Error> {
                let mut at = 0;
                while over.load(Ordering::Relaxed) == 0 {
                    // Wherever the file ends just now, and in whatever map.
                    at = (at + 300_007) % (64 << 20);
                    file.read_at(&mut [0; 40], at)?;
                    file.read_at(&mut [0; 40], SHORT + at % SHORT)?;
                }
                Ok(())
            })
        });
        let cutter = scope.spawn(|| -> Result<(), Error> {
            for round in 0..600_u64 {
                // Each of these needs a longer map than the last one.
                file.set_len((1 << 20) << (round / 100))?;
                let mut seen = [1; 40];
                assert_eq!(file.read_at(&mut seen, SHORT + 100)?, 40, "round {round}");
                assert_eq!(seen, [0; 40], "round {round}");
                file.set_len(SHORT + 30)?;
                assert_eq!(file.read_at(&mut seen, SHORT + 100)?, 0, "round {round}");
                assert_eq!(file.read_at(&mut seen, SHORT)?, 30, "round {round}");
                file.write(SHORT + 80, &round)?;
                assert_eq!(file.read::<u64>(SHORT + 80)?, round);
                assert_eq!(file.len()?, SHORT + 88, "round {round}");
            }
            Ok(())
        });
        let cut = cutter.join();
        over.store(1, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap()?;
        }
        cut.unwrap()
    })
}
