//! Threads and processes that read and write by plain pointers while their file is cut: for two
//! seconds, and ten times as often as `FILEMAP_SOAK_CYCLES` says.

#![expect(unsafe_code, reason = "what these tests are about is access by plain pointers")]

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use filemap::{Access, Error, FileMapping, OnLoss, View};

use crate::races::{Dice, LEN, Tally, Track, many_cuts};
use crate::support::{Outcome, Over, hear, patterned, place_of_the_first, role, say, set_len};
use crate::zeros::{peek, zeros_view};

fn view_of(path: &Path) -> Result<View, Error> {
    let file = File::options().read(true).write(true).open(path).expect("the file can be opened");
    let mapping = FileMapping::options().file(&file).size(LEN as u64).create()?;
    mapping.view(Access::Write).unguarded().on_loss(OnLoss::Zeros).map()
}

/// Copies bytes between a view and plain memory as any code would.
fn touch(view: &View, dice: &mut Dice, own: &[u8], buf: &mut [u8], tally: &mut Tally) {
    let most = [8, 64, 5000, 50_000][dice.below(4)];
    let len = 1 + dice.below(most);
    let from = dice.below(LEN - len);
    let at = view.as_ptr().wrapping_add(from);
    if dice.below(3) == 0 {
        // SAFETY: the view may be written there, and others do not mind what they see.
        unsafe { std::ptr::copy(own[from..].as_ptr(), at, len) };
    } else {
        // SAFETY: the view may be read there; a copy that races with another one mixes bytes.
        unsafe { std::ptr::copy(at, buf.as_mut_ptr(), len) };
        tally.check(&buf[..len], &own[from..from + len]);
    }
    tally.whole += 1;
}

fn races(view: &View, seed: u64, own: &[u8], over: &AtomicBool) -> Tally {
    let (mut dice, mut tally, mut buf) = (Dice(seed), Tally::default(), vec![0; LEN]);
    while !over.load(Ordering::Relaxed) {
        touch(view, &mut dice, own, &mut buf, &mut tally);
    }
    tally
}

/// Maps the file back again and again, and counts the ranges.
fn restores(view: &View, over: &AtomicBool) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    while !over.load(Ordering::Relaxed) {
        for range in view.lost() {
            assert!(range.bytes.end <= view.len() && !range.bytes.is_empty());
        }
        tally.short += view.restore()?.len() as u64;
        thread::yield_now();
    }
    Ok(tally)
}

/// Asserts that after the last cut all bytes are the file's, in a view of several.
fn assert_restored(path: &Path, view: &View, own: &[u8]) -> Outcome {
    set_len(path, LEN as u64);
    view.restore()?;
    assert_eq!(view.lost(), []);
    std::fs::write(path, own)?;
    // SAFETY: the view is as long as the file, and nobody else writes to it any more.
    let seen = unsafe { std::slice::from_raw_parts(view.as_ptr(), LEN) };
    assert!(seen == own, "all bytes are the file's");
    // SAFETY: as above, and the slice is not used any more.
    unsafe { view.as_ptr().write_bytes(7, LEN) };
    assert!(std::fs::read(path)? == [7; LEN], "all stores are in the file");
    Ok(())
}

/// The part of the second processes, each of which races until it is told that it is over.
fn second(role: &str) -> Outcome {
    static OVER: AtomicBool = AtomicBool::new(false);
    let path = place_of_the_first().join("file");
    if role == "cuts" {
        say("ready");
        let count = many_cuts(&path, || say("goes on"));
        say(&format!("{count}"));
        return Ok(());
    }
    let own = patterned(0, LEN);
    let view = view_of(&path)?;
    thread::spawn(|| {
        hear();
        OVER.store(true, Ordering::Relaxed);
    });
    say("ready");
    let mut tally = Tally::default();
    thread::scope(|scope| -> Result<(), Error> {
        let threads = [31, 32].map(|seed| {
            scope.spawn({
                let (view, own) = (&view, &own);
                move || races(view, seed, own, &OVER)
            })
        });
        let restored = restores(&view, &OVER)?;
        tally.add(&restored);
        for thread in threads {
            tally.add(&thread.join().expect("no racer fails"));
        }
        Ok(())
    })?;
    tally.tell();
    Ok(())
}

/// Runs three racers and one who restores, in threads, while `cutter` works.
fn race(track: &Track, view: &View, cutter: impl FnOnce() -> (u64, Tally)) -> (u64, Tally) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (own, over) = (&track.own, &over);
        let restorer = scope.spawn(move || restores(view, over).expect("pages can be restored"));
        let racers = [41, 42, 43].map(|seed| scope.spawn(move || races(view, seed, own, over)));
        let end = Over(over);
        let (cuts, mut tally) = cutter();
        drop(end);
        for thread in racers.into_iter().chain([restorer]) {
            tally.add(&thread.join().expect("no racer fails"));
        }
        (cuts, tally)
    })
}

#[test]
fn no_cut_kills_threads_that_use_an_address() -> Outcome {
    let track = Track::new();
    let view = view_of(&track.path)?;

    let (cuts, tally) = race(&track, &view, || (many_cuts(&track.path, || ()), Tally::default()));

    assert_restored(&track.path, &view, &track.own)?;
    tally.conclude("cuts and plain accesses by threads", cuts);
    Ok(())
}

#[test]
fn no_cut_kills_processes_that_use_an_address() -> Outcome {
    const TEST: &str = "zeros_races::no_cut_kills_processes_that_use_an_address";
    if let Some(role) = role() {
        return second(&role);
    }
    let track = Track::new();
    let view = view_of(&track.path)?;
    let mut others = ["one", "two"].map(|role| track.place.child(TEST, role));
    for other in &mut others {
        other.until("ready");
    }
    let mut cutter = track.place.child(TEST, "cuts");
    cutter.until("ready");

    let (cuts, tally) = race(&track, &view, || {
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
    });
    cutter.finish();

    assert_restored(&track.path, &view, &track.own)?;
    tally.conclude("cuts by a process, plain accesses by threads and processes", cuts);
    Ok(())
}

/// In a forked child: touches a view whose handler may be at work in the parent, and unmaps it.
fn in_a_fork(view: View, own: &[u8], seed: u64) -> bool {
    // SAFETY: the child calls nothing that another thread of the parent may hold a lock of, but for
    // the C library's memory, which it sees to itself.
    match unsafe { libc::fork() } {
        0 => {
            let (mut dice, mut tally, mut buf) = (Dice(seed), Tally::default(), vec![0; LEN]);
            for _ in 0..20 {
                touch(&view, &mut dice, own, &mut buf, &mut tally);
            }
            let works = view.restore().is_ok() && tally.wrong == 0;
            let works = works && view.unmap().is_ok();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(if works { 0 } else { 1 }) }
        }
        child => {
            let mut status = 0;
            // SAFETY: the child is this thread's, and there is room for its state.
            let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
            waited == child && status == 0
        }
    }
}

#[test]
fn views_that_come_and_go_and_forks_survive_cuts() -> Outcome {
    let track = Track::new();
    let shared = view_of(&track.path)?;
    let (over, forks) = (AtomicBool::new(false), AtomicU64::new(0));

    let (cuts, tally) = thread::scope(|scope| {
        let (track, shared, over, forks) = (&track, &shared, &over, &forks);
        let comes = |seed: u64| {
            move || {
                let mut tally = Tally::default();
                let (mut dice, mut buf) = (Dice(seed), vec![0; LEN]);
                while !over.load(Ordering::Relaxed) {
                    let view = view_of(&track.path).expect("a view can be mapped");
                    for _ in 0..dice.below(6) {
                        touch(&view, &mut dice, &track.own, &mut buf, &mut tally);
                        touch(shared, &mut dice, &track.own, &mut buf, &mut tally);
                    }
                    tally.short += view.lost().len() as u64;
                    if seed == 53 {
                        forks.fetch_add(1, Ordering::Relaxed);
                        tally.deaths += u64::from(!in_a_fork(view, &track.own, seed));
                    }
                }
                tally
            }
        };
        let threads = [scope.spawn(comes(51)), scope.spawn(comes(52)), scope.spawn(comes(53))];
        let restorer = scope.spawn(move || restores(shared, over).expect("pages can be restored"));
        let end = Over(over);
        let cuts = many_cuts(&track.path, || ());
        drop(end);
        let mut tally = Tally::default();
        for thread in threads.into_iter().chain([restorer]) {
            tally.add(&thread.join().expect("nobody fails"));
        }
        (cuts, tally)
    });

    println!("{} forks", forks.into_inner());
    assert_restored(&track.path, &shared, &track.own)?;
    tally.conclude("cuts, new views and forks, plain accesses", cuts);
    Ok(())
}

#[test]
fn a_number_that_is_changed_beside_pages_lost_and_restored_is_changed_as_often_as_is_told()
-> Outcome {
    // As many losses as are told apart, however long a thread is kept from its processor.
    const ROUNDS: usize = 60;
    let (view, file) = zeros_view();
    let page = view.len() / 2;
    let cell = view.atomic::<u64>(0)?;
    let over = AtomicBool::new(false);
    let told = thread::scope(|scope| {
        let (over, view) = (&over, &view);
        let losses = scope.spawn(move || -> Result<(), Error> {
            for _ in 0..ROUNDS {
                file.set_len(page as u64).expect("the file can be cut");
                peek(view, page);
                file.set_len(2 * page as u64).expect("the file can be made longer");
                assert_eq!(view.restore()?.len(), 1);
            }
            over.store(true, Ordering::Relaxed);
            Ok(())
        });
        let mut told = 0;
        while !over.load(Ordering::Relaxed) && !losses.is_finished() {
            told += u64::from(cell.fetch_add(1).is_ok());
        }
        assert!(losses.join().expect("no panic").is_ok());
        told
    });

    assert_eq!(cell.load()?, told);
    Ok(())
}
