//! Readers and writers, in threads and processes, of a file that is cut and grown all the time
//! meanwhile: for two seconds, and as many times as `FILEMAP_SOAK_CYCLES` says.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, Error, ErrorKind, FileMapping, MappedFile, PositionedIo, View};

use crate::support::{
    DEADLINE, Outcome, Over, Place, end_of, hear, patterned, place_of_the_first, role, say, set_len,
};

pub(crate) const LEN: usize = 1 << 20;
const TIME: Duration = Duration::from_secs(2);

/// What racers did, and what became of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Accesses that were dealt with to their end.
    pub(crate) whole: u64,
    /// Those that met a file which was too short.
    pub(crate) short: u64,
    /// Bytes that were delivered, and so must be right.
    pub(crate) bytes: u64,
    /// Those of them that were neither the file's nor the zeros of a hole.
    pub(crate) wrong: u64,
    /// Second processes that came to a bad end.
    pub(crate) deaths: u64,
}

impl Tally {
    /// Notes an access to `len` bytes that dealt with `done` of them.
    pub(crate) fn note(&mut self, done: usize, len: usize) {
        let count = if done < len { &mut self.short } else { &mut self.whole };
        *count += 1;
    }

    /// Notes bytes that were delivered.
    pub(crate) fn check(&mut self, seen: &[u8], expected: &[u8]) {
        self.bytes += seen.len() as u64;
        self.wrong += wrong(seen, expected);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.whole += other.whole;
        self.short += other.short;
        self.bytes += other.bytes;
        self.wrong += other.wrong;
        self.deaths += other.deaths;
    }

    /// In a second process: what [`Tally::of_second`] gathers.
    pub(crate) fn tell(&self) {
        say(&format!("{} {} {} {}", self.whole, self.short, self.bytes, self.wrong));
    }

    /// What a second process says that it did; one death if it says nothing.
    pub(crate) fn of_second(second: &mut crate::support::Second) -> Self {
        let told = second.said_within(DEADLINE).unwrap_or_default();
        let numbers: Vec<u64> = told.split(' ').map_while(|word| word.parse().ok()).collect();
        let deaths = u64::from(!end_of(second).success() || numbers.len() != 4);
        match numbers[..] {
            [whole, short, bytes, wrong] => Self { whole, short, bytes, wrong, deaths },
            _ => Self { deaths, ..Self::default() },
        }
    }

    /// Prints the line that the soak gathers, and asserts that nothing was harmed.
    #[track_caller]
    pub(crate) fn conclude(&self, title: &str, cuts: u64) {
        let Self { whole, short, bytes, wrong, deaths } = self;
        println!(
            "\nsoak: {title}: {cuts} cuts; {whole} accesses whole, {short} cut short; \
             {bytes} bytes checked; {deaths} deaths; {wrong} wrong bytes"
        );
        assert_eq!((*deaths, *wrong), (0, 0), "{title}: deaths, wrong bytes");
        assert!(*short > 0, "{title}: no access met one of {cuts} cuts");
    }
}

/// A sequence of numbers that look random, each below `limit`.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
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

/// Counts the bytes that are neither the file's own nor the zeros of a hole.
fn wrong(seen: &[u8], expected: &[u8]) -> u64 {
    const STEP: usize = 1024;
    let mut count = 0;
    for (seen, expected) in seen.chunks(STEP).zip(expected.chunks(STEP)) {
        // Whole steps first, because tests are not optimised.
        if *seen != expected[..seen.len()] && *seen != [0; STEP][..seen.len()] {
            let pairs = seen.iter().zip(expected);
            count += pairs.filter(|(seen, own)| *seen != *own && **seen != 0).count();
        }
    }
    count as u64
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

fn races_through_a_view(view: &View, seed: u64, own: &[u8], over: &AtomicBool) -> Tally {
    let (mut dice, mut tally) = (Dice(seed), Tally::default());
    let mut buf = vec![0; LEN];
    while !over.load(Ordering::Relaxed) {
        let (from, len) = dice.range();
        let expected = &own[from..from + len];
        let done = match dice.below(8) {
            0 => delivered(view.write_all_at(expected, from as u64), from, len),
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
                let found = view.find(from..from + len, &[0x42]);
                delivered(found.map(|at| tally.wrong += u64::from(at.is_some())), from, len)
            }
            3 => {
                let at = from & !7;
                let value = view.read::<[u8; 8]>(at);
                if let Ok(value) = &value {
                    tally.check(value, &own[at..at + 8]);
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
                        tally.check(zerocopy::IntoBytes::as_bytes(&value), &own[at..at + 8]);
                        len
                    }
                    Err(error) => delivered(Err(error), at, 8).min(len - 1),
                }
            }
            _ => {
                let buf = &mut buf[..len];
                let done = delivered(view.read_exact_at(buf, from as u64), from, len);
                tally.check(&buf[..done], expected);
                done
            }
        };
        tally.note(done, len);
    }
    tally
}

fn races_through_a_file(file: &MappedFile, seed: u64, own: &[u8], over: &AtomicBool) -> Tally {
    let (mut dice, mut tally) = (Dice(seed), Tally::default());
    let mut buf = vec![0; LEN];
    while !over.load(Ordering::Relaxed) {
        let (from, len) = dice.range();
        let expected = &own[from..from + len];
        if dice.below(4) == 0 {
            file.write_all_at(expected, from as u64).expect("a file that was cut grows again");
            tally.note(len, len);
        } else {
            let buf = &mut buf[..len];
            let count = file.read_at(buf, from as u64).expect("a file that was cut ends earlier");
            tally.check(&buf[..count], expected);
            tally.note(count, len);
        }
    }
    tally
}

/// How many cuts there must be at least: more in a soak.
fn wanted() -> u64 {
    let cycles = std::env::var("FILEMAP_SOAK_CYCLES").ok();
    cycles.map_or(100, |cycles| cycles.parse().expect("FILEMAP_SOAK_CYCLES is a number"))
}

/// Cuts the file as often as is wanted of those who are told of lost pages.
fn cuts(path: &Path, goes_on: impl Fn()) -> u64 {
    cuts_for(path, wanted(), goes_on)
}

/// Cuts the file ten times as often, for those who are not told: a million times in a soak.
#[cfg(not(filemap_portable_copies))]
pub(crate) fn many_cuts(path: &Path, goes_on: impl Fn()) -> u64 {
    cuts_for(path, 10 * wanted(), goes_on)
}

/// Cuts the file to one length after another, and makes it whole again each time.
///
/// Calls `goes_on` now and then.
fn cuts_for(path: &Path, wanted: u64, goes_on: impl Fn()) -> u64 {
    let (mut dice, since, mut count) = (Dice(0x5EED), Instant::now(), 0);
    let file = std::fs::File::options().write(true).open(path).expect("the file can be opened");
    while count < wanted || since.elapsed() < TIME {
        let end = [dice.below(LEN), dice.below(4096), 0][dice.below(3)];
        file.set_len(end as u64).expect("the file can be cut");
        // Where processors are few, those who race wait for this one, which cuts meanwhile.
        if dice.below(16) == 0 {
            thread::yield_now();
        }
        file.set_len(LEN as u64).expect("the file can grow");
        count += 1;
        if count % 100 == 0 {
            goes_on();
        }
    }
    count
}

fn view_of(path: &Path) -> Result<View, Error> {
    let file = std::fs::File::options().read(true).write(true).open(path);
    let file = file.expect("the file can be opened");
    let mapping = FileMapping::options().file(&file).size(LEN as u64).create()?;
    mapping.map(Access::Write)
}

/// A file, in memory, if that is to be had: cuts are quickest there.
pub(crate) struct Track {
    pub(crate) place: Place,
    pub(crate) path: std::path::PathBuf,
    pub(crate) own: Vec<u8>,
    _memory: Option<tempfile::TempDir>,
}

impl Track {
    pub(crate) fn new() -> Self {
        let (place, own) = (Place::new(), patterned(0, LEN));
        let path = place.path("file");
        let memory = tempfile::tempdir_in("/dev/shm").ok();
        if let Some(memory) = &memory {
            let link = std::os::unix::fs::symlink(memory.path().join("file"), &path);
            link.expect("a link can be made");
        }
        place.file("file", &own);
        Self { place, path, own, _memory: memory }
    }

    /// Runs four racers in threads while `cutter` works, and adds what they did to what it tells.
    ///
    /// When it returns, nobody else may use the file any more.
    fn race(&self, cutter: impl FnOnce() -> (u64, Tally)) -> Result<(u64, Tally), Error> {
        let Self { path, own, .. } = self;
        // Mapped before the first cut: to map makes a file longer, and so hides a cut.
        let view = view_of(path)?;
        let file = MappedFile::open(path)?;
        let windows = MappedFile::options().window(1 << 18).windows(2).open(path)?;
        let over = AtomicBool::new(false);
        let raced = thread::scope(|scope| {
            let threads = [
                scope.spawn(|| races_through_a_view(&view, 21, own, &over)),
                scope.spawn(|| races_through_a_view(&view, 22, own, &over)),
                scope.spawn(|| races_through_a_file(&file, 23, own, &over)),
                scope.spawn(|| races_through_a_file(&windows, 24, own, &over)),
            ];
            let end = Over(&over);
            let (cuts, mut tally) = cutter();
            drop(end);
            for thread in threads {
                tally.add(&thread.join().expect("no racer fails"));
            }
            (cuts, tally)
        });

        set_len(path, LEN as u64);
        view.write_all_at(own, 0)?;
        assert_eq!(view.compare(0, own)?, None);
        assert_eq!(file.compare(0, own)?, None);
        assert_eq!(windows.compare(0, own)?, None);
        Ok(raced)
    }
}

/// The part of the second processes, each of which races until it is told that it is over.
fn second(role: &str) -> Outcome {
    static OVER: AtomicBool = AtomicBool::new(false);
    let (path, own) = (place_of_the_first().join("file"), patterned(0, LEN));
    let listens = || {
        thread::spawn(|| {
            hear();
            OVER.store(true, Ordering::Relaxed);
        });
        say("ready");
    };
    match role {
        "cuts" => {
            say("ready");
            let count = cuts(&path, || say("goes on"));
            say(&format!("{count}"));
        }
        "views" => {
            let view = view_of(&path)?;
            listens();
            races_through_a_view(&view, 11, &own, &OVER).tell();
        }
        _ => {
            let file = MappedFile::open(&path)?;
            listens();
            races_through_a_file(&file, 12, &own, &OVER).tell();
        }
    }
    Ok(())
}

#[test]
fn no_cut_harms_those_who_read_and_write_meanwhile() -> Outcome {
    const TEST: &str = "races::no_cut_harms_those_who_read_and_write_meanwhile";
    if let Some(role) = role() {
        return second(&role);
    }
    let track = Track::new();
    let mut others = ["views", "reads"].map(|role| track.place.child(TEST, role));
    for other in &mut others {
        other.until("ready");
    }
    let mut cutter = track.place.child(TEST, "cuts");
    cutter.until("ready");

    let (cuts, tally) = track.race(|| {
        let cuts = loop {
            if let Ok(count) = cutter.next().parse() {
                break count;
            }
        };
        let mut tally = Tally::default();
        for other in &mut others {
            other.tell("over");
            tally.add(&Tally::of_second(other));
        }
        (cuts, tally)
    })?;
    cutter.finish();

    tally.conclude("cuts by a process, accesses by threads and processes", cuts);
    Ok(())
}

#[test]
fn no_cut_by_a_thread_harms_the_others() -> Outcome {
    let track = Track::new();

    let (cuts, tally) = track.race(|| (cuts(&track.path, || ()), Tally::default()))?;

    tally.conclude("cuts and accesses by threads", cuts);
    Ok(())
}

#[test]
fn views_that_come_and_go_survive_cuts() -> Outcome {
    let place = Place::new();
    let own = patterned(0, LEN);
    place.file("file", &own);
    let path = place.path("file");
    let over = AtomicBool::new(false);

    let (cuts, tally) = thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                let (mut tally, mut buf) = (Tally::default(), vec![0; LEN]);
                while !over.load(Ordering::Relaxed) {
                    let view = view_of(&path).expect("a view can be mapped");
                    // The first touch of a new view, which is by ordinary input.
                    let count = delivered(view.read_exact_at(&mut buf, 0), 0, LEN);
                    tally.check(&buf[..count], &own);
                    tally.note(count, LEN);
                }
                tally
            })
        });
        let end = Over(&over);
        let cuts = cuts(&path, || ());
        drop(end);
        let mut tally = Tally::default();
        for reader in readers {
            tally.add(&reader.join().expect("no reader fails"));
        }
        (cuts, tally)
    });

    tally.conclude("cuts and new views by threads", cuts);
    Ok(())
}
