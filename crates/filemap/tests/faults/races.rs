//! Readers and writers, in threads and processes, of a file that is cut and grown all the time
//! meanwhile: thousands of times on a quick machine.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, Error, ErrorKind, FileMapping, MappedFile, View};

use crate::support::{Outcome, Over, Place, patterned, place_of_the_first, role, say, set_len};

const LEN: usize = 1 << 20;
const TIME: Duration = Duration::from_secs(2);

/// What one of the racers did.
#[derive(Debug, Default)]
struct Tally {
    /// Accesses that were made.
    accesses: u64,
    /// Those of them that met a file which was too short.
    short: u64,
}

/// A sequence of numbers that look random, each below `limit`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % limit
    }

    /// A range of the file: short, long, or bulky.
    fn range(&mut self) -> (usize, usize) {
        let most = [1, 64, 5000, 100_000, LEN][self.below(5)];
        let len = 1 + self.below(most);
        (self.below(LEN - len + 1), len)
    }
}

/// Every byte that was delivered is the file's own, or the zero of a hole.
fn assert_legal(seen: &[u8], expected: &[u8]) {
    const STEP: usize = 1024;
    for (seen, expected) in seen.chunks(STEP).zip(expected.chunks(STEP)) {
        // Whole steps first, because tests are not optimised.
        if *seen != expected[..seen.len()] && *seen != [0; STEP][..seen.len()] {
            let legal = |(seen, own): (&u8, &u8)| *seen == *own || *seen == 0;
            let wrong = seen.iter().zip(expected).position(|pair| !legal(pair));
            assert_eq!(wrong, None, "of {} bytes", seen.len());
        }
    }
}

/// An error of lost bytes, and nothing else, is what a view may report; returns the count.
fn delivered(result: Result<(), Error>, from: usize, len: usize) -> usize {
    match result {
        Ok(()) => len,
        Err(error) => {
            let loss = error.loss().unwrap_or_else(|| panic!("{error}"));
            assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
            assert_eq!(loss.offset, (from + loss.done) as u64, "{error}");
            assert!(loss.done < len, "{error}");
            loss.done
        }
    }
}

fn races_through_a_view(view: &View, seed: u64, own: &[u8]) -> Tally {
    let (mut dice, mut tally, since) = (Dice(seed), Tally::default(), Instant::now());
    let mut buf = vec![0; LEN];
    while since.elapsed() < TIME {
        let (from, len) = dice.range();
        let expected = &own[from..from + len];
        let done = match dice.below(8) {
            0 => delivered(view.write_at(from, expected), from, len),
            1 => match view.compare(from, expected) {
                Ok(None) => len,
                // A hole begins there.
                Ok(Some(at)) => {
                    assert!(at < len);
                    len
                }
                Err(error) => delivered(Err(error), from, len),
            },
            2 => {
                // No byte of the pattern is even, but for holes.
                let found = view.find(from..from + len, 0x42);
                delivered(found.map(|at| assert_eq!(at, None)), from, len)
            }
            3 => {
                let at = from & !7;
                let value = view.read::<[u8; 8]>(at);
                if let Ok(value) = &value {
                    assert_legal(value, &own[at..at + 8]);
                }
                delivered(value.map(drop), at, 8).min(len)
            }
            4 => {
                // Zeros are legal everywhere, and others write the file's own bytes.
                let len = len.min(5000);
                delivered(view.fill(from, len, 0), from, len)
            }
            5 => {
                let at = from & !7;
                match view.atomic::<u64>(at).and_then(|cell| cell.fetch_or(0)) {
                    Ok(value) => {
                        assert_legal(&value.to_le_bytes(), &own[at..at + 8]);
                        len
                    }
                    Err(error) => delivered(Err(error), at, 8).min(len - 1),
                }
            }
            _ => {
                let buf = &mut buf[..len];
                let done = delivered(view.read_at(from, buf), from, len);
                assert_legal(&buf[..done], expected);
                done
            }
        };
        tally.accesses += 1;
        tally.short += u64::from(done < len);
    }
    tally
}

fn races_through_a_file(file: &MappedFile, seed: u64, own: &[u8]) -> Tally {
    let (mut dice, mut tally, since) = (Dice(seed), Tally::default(), Instant::now());
    let mut buf = vec![0; LEN];
    while since.elapsed() < TIME {
        let (from, len) = dice.range();
        let expected = &own[from..from + len];
        if dice.below(4) == 0 {
            file.write_at(from as u64, expected).expect("a file that was cut grows again");
        } else {
            let buf = &mut buf[..len];
            let count = file.read_at(from as u64, buf).expect("a file that was cut ends earlier");
            assert_legal(&buf[..count], expected);
            tally.short += u64::from(count < len);
        }
        tally.accesses += 1;
    }
    tally
}

/// Cuts the file to one length after another, and makes it whole again each time.
fn cuts(path: &Path) -> u64 {
    let (mut dice, since, mut count) = (Dice(0x5EED), Instant::now(), 0);
    let file = std::fs::File::options().write(true).open(path).expect("the file can be opened");
    while since.elapsed() < TIME {
        let end = [dice.below(LEN), dice.below(4096), 0][dice.below(3)];
        file.set_len(end as u64).expect("the file can be cut");
        if dice.below(2) == 0 {
            thread::yield_now();
        }
        file.set_len(LEN as u64).expect("the file can grow");
        count += 1;
    }
    count
}

fn view_of(path: &Path) -> Result<View, Error> {
    let file = std::fs::File::options().read(true).write(true).open(path);
    let file = file.expect("the file can be opened");
    let mapping = FileMapping::options().file(&file).size(LEN as u64).create()?;
    mapping.map(Access::Write)
}

#[test]
fn no_cut_harms_those_who_read_and_write_meanwhile() -> Outcome {
    const TEST: &str = "races::no_cut_harms_those_who_read_and_write_meanwhile";
    let own = patterned(0, LEN);
    if let Some(role) = role() {
        let path = place_of_the_first().join("file");
        let told = match role.as_str() {
            "cuts" => {
                say("ready");
                format!("{} cuts", cuts(&path))
            }
            "views" => {
                let view = view_of(&path)?;
                say("ready");
                let tally = races_through_a_view(&view, 11, &own);
                format!("{} {}", tally.accesses, tally.short)
            }
            _ => {
                let file = MappedFile::open(&path)?;
                say("ready");
                let tally = races_through_a_file(&file, 12, &own);
                format!("{} {}", tally.accesses, tally.short)
            }
        };
        say(&told);
        return Ok(());
    }
    let place = Place::new();
    let path = place.path("file");
    // In memory, if that is to be had, where cuts are quickest.
    let memory = tempfile::tempdir_in("/dev/shm").ok();
    if let Some(memory) = &memory {
        std::os::unix::fs::symlink(memory.path().join("file"), &path)?;
    }
    place.file("file", &own);
    // Mapped before the first cut: to map makes a file longer, and so hides a cut.
    let view = view_of(&path)?;
    let file = MappedFile::open(&path)?;
    let windows = MappedFile::options().window(1 << 18).windows(2).open(&path)?;
    let mut others = ["views", "reads"].map(|role| place.child(TEST, role));
    for other in &mut others {
        other.until("ready");
    }
    let mut cutter = place.child(TEST, "cuts");
    cutter.until("ready");

    let tallies = thread::scope(|scope| {
        let threads = [
            scope.spawn(|| races_through_a_view(&view, 21, &own)),
            scope.spawn(|| races_through_a_view(&view, 22, &own)),
            scope.spawn(|| races_through_a_file(&file, 23, &own)),
            scope.spawn(|| races_through_a_file(&windows, 24, &own)),
        ];
        threads.map(|thread| thread.join().expect("no racer fails"))
    });
    let cuts = cutter.next();
    let others = others.map(|mut other| {
        let told = other.next();
        other.finish();
        told
    });
    cutter.finish();

    println!("{cuts}; threads {tallies:?}; processes {others:?}");
    let cuts: u64 = cuts.trim_end_matches(" cuts").parse()?;
    assert!(cuts >= 100, "{cuts} cuts");
    let short: u64 = tallies.iter().map(|tally| tally.short).sum();
    assert!(short >= 10, "{short} accesses met a cut");

    set_len(&path, LEN as u64);
    view.write_at(0, &own)?;
    assert_eq!(view.compare(0, &own)?, None);
    assert_eq!(file.compare(0, &own)?, None);
    assert_eq!(windows.compare(0, &own)?, None);
    Ok(())
}

#[test]
fn views_that_come_and_go_survive_cuts() -> Outcome {
    let place = Place::new();
    let own = patterned(0, LEN);
    place.file("file", &own);
    let path = place.path("file");
    let done = std::sync::atomic::AtomicBool::new(false);

    let (views, short) = thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            let (path, own, done) = (&path, &own, &done);
            scope.spawn(move || {
                let (mut views, mut short, mut buf) = (0_u64, 0_u64, vec![0; LEN]);
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let view = view_of(path).expect("a view can be mapped");
                    // The first touch of a new view, which is by ordinary input.
                    let count = delivered(view.read_at(0, &mut buf), 0, LEN);
                    assert_legal(&buf[..count], own);
                    short += u64::from(count < LEN);
                    views += 1;
                }
                (views, short)
            })
        });
        let over = Over(&done);
        let cuts = cuts(&path);
        drop(over);
        println!("{cuts} cuts");
        let tallies = readers.map(|reader| reader.join().expect("no reader fails"));
        (tallies[0].0 + tallies[1].0, tallies[0].1 + tallies[1].1)
    });

    println!("{views} views, {short} met a cut");
    assert!(views > 10);
    Ok(())
}
