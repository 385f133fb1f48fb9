//! Wake-ups that reach one of several who sleep, and must go on from there.
//!
//! The tests write into an object's page what the kernel or a C library writes when a thread ends.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, Error, Event, FileMapping, Mutex, Protection, View, page_size};

use super::{asleep, can_wait};
use crate::support::{self, eventually};

/// The number of a thread that there is not.
const SOMEBODY: u32 = 0x3FFF_FFFF;
const DIED: u32 = 0x4000_0000;
const ASLEEP: u32 = 0x8000_0000;

#[test]
fn who_gets_a_mutex_of_a_thread_that_ended_wakes_those_whom_the_word_does_not_tell_of()
-> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let mapping = FileMapping::create(page_size() as u64, Protection::ReadWrite)?;
    let mutex = Arc::new(Mutex::options().place(&mapping, 0)?);
    let lock = page_size() - 8;
    let view = mapping.map(Access::Write)?;
    view.write(lock, &SOMEBODY)?;
    let other = Arc::clone(&mutex);
    let waiter = asleep(move || other.lock().map(|locked| locked.is_abandoned()));
    // As the C library musl does, which has woken another thread that was killed.
    view.write(lock, &DIED)?;
    assert!(mutex.lock()?.is_abandoned());
    eventually("the sleeper is woken", || waiter.is_finished());
    assert!(!waiter.join().expect("no panic")?);
    Ok(())
}

/// Wakes one who sleeps at a word of the first page.
fn wake_one(view: &View, at: usize) {
    let word = view.as_ptr().wrapping_add(at);
    // SAFETY: the kernel touches no byte of the word.
    #[expect(unsafe_code, reason = "a system call on an address")]
    let woken = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, 1) };
    assert!(woken >= 0, "the word is mapped");
}

#[test]
fn who_is_woken_for_a_change_when_its_time_is_over_leaves_nobody_asleep() -> Result<(), Error> {
    const TIME: Duration = Duration::from_millis(15);
    if !can_wait() {
        return Ok(());
    }
    let mapping = FileMapping::create(page_size() as u64, Protection::ReadWrite)?;
    let event = Arc::new(Event::options().place(&mapping, 0)?);
    let lock = page_size() - 8;
    let view = mapping.map(Access::Write)?;
    let read = |at| view.read::<u32>(at).expect("the page is there");
    for round in 0..support::rounds(3000) {
        // A thread that is in the middle of a change.
        view.write(lock, &SOMEBODY)?;
        let (first, second) = (Arc::clone(&event), Arc::clone(&event));
        let since = Instant::now();
        let timed = thread::spawn(move || first.wait_for(TIME));
        eventually("the first one waits", || read(lock) == SOMEBODY | ASLEEP);
        let waiter = asleep(move || second.wait());
        // About when the time of the first one is over,
        let before = Duration::from_micros((round % 100).into());
        while since.elapsed() + before < TIME {}
        // it dies, as the kernel tells it: one is woken.
        view.write(lock, &(DIED | ASLEEP))?;
        wake_one(&view, lock);
        eventually("somebody has the guard, and gives it up", || read(lock) == 0);
        assert!(!timed.join().expect("no panic")?);
        event.set()?;
        waiter.join().expect("no panic")?;
    }
    Ok(())
}
