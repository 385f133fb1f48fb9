//! Mutexes, events and semaphores, and waiting for several of them.

mod mutexes;
mod events;
mod semaphores;
mod several;
mod names;
mod listed;
#[cfg(target_os = "linux")]
mod placed;
#[cfg(target_os = "linux")]
mod storm;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(target_os = "linux")]
mod ends;
#[cfg(target_os = "linux")]
mod wakes;

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use crate::support::{self, eventually};

/// Returns false, and says so, where the system has no lists of robust locks: an emulator of user
/// programs. There every object is refused, which has its test.
pub(crate) fn can_wait() -> bool {
    let can = !support::emulated();
    if !can {
        println!("skipped: waits: an emulated system has no lists of robust locks");
    }
    can
}

/// Starts a thread that waits, and returns when it sleeps.
pub(crate) fn asleep<T: Send + 'static>(
    wait: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let (to, from) = mpsc::channel();
    let waiter = thread::spawn(move || {
        to.send(thread_number()).expect("the test listens");
        wait()
    });
    let number = from.recv().expect("the thread says its number");
    eventually("the thread sleeps", || waiter.is_finished() || sleeps(number));
    waiter
}

#[cfg(target_os = "linux")]
fn thread_number() -> u32 {
    #[expect(unsafe_code, reason = "a call without arguments")]
    // SAFETY: the call cannot fail.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// Returns whether a thread of this process is in a call that sleeps at a word.
#[cfg(target_os = "linux")]
fn sleeps(number: u32) -> bool {
    let told = |what: &str| {
        std::fs::read_to_string(format!("/proc/self/task/{number}/{what}")).unwrap_or_default()
    };
    let call = told("syscall").split(' ').next().and_then(|call| call.parse().ok());
    let is_wait = call == Some(libc::SYS_futex) || call == Some(449);
    is_wait && told("stat").rsplit(')').next().is_some_and(|rest| rest.starts_with(" S"))
}

#[cfg(windows)]
fn thread_number() -> u32 {
    0
}

/// Nothing tells it there; a moment is enough for what these tests show.
#[cfg(windows)]
fn sleeps(_number: u32) -> bool {
    thread::sleep(std::time::Duration::from_millis(100));
    true
}
