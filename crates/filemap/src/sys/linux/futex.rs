//! Words of memory on which threads of any process sleep until another one wakes them.
//!
//! The kernel knows a word by the memory that it is in, not by its address: all who have mapped the
//! same byte of a file or of shared memory meet at it
//! ([futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html)). A page that is the view's own
//! copy is met by threads of this process alone; to ask for such a page makes the copy.
//!
//! Every function may be called with any address: the kernel checks it, and reads at most the word.

#![expect(unsafe_code, reason = "system calls on addresses")]

use std::ptr::{NonNull, null, null_mut};
use std::time::Duration;

use libc::c_long;
use rustix::io::Errno;

use crate::sys::platform::Deadline;
use crate::sys::platform::error::last_errno;
use crate::sys::platform::step::{self, Step};

/// The number of the call that takes deadlines of 64 bits.
///
/// All processors of 32 bits have it under the same number, from Linux 5.1 on; not every C library
/// names it.
const FUTEX: c_long = if cfg!(target_pointer_width = "64") { libc::SYS_futex } else { 422 };

/// Woken by every waker, and waking every waiter.
const ANY: u32 = u32::MAX;

/// As many as there are, for [`wake`].
pub(super) const ALL: i32 = i32::MAX;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// A waker counted this thread.
    Woken,
    /// The word was not what was expected, and the thread did not sleep.
    Differs,
    /// A signal was handled.
    Interrupted,
    /// The deadline is past.
    TimedOut,
}

/// Sleeps while the word is `expected`, until another thread of any process wakes this one.
///
/// # Errors
///
/// `EFAULT` if the page is gone or may not be read, `EINVAL` if the address is not a multiple of 4,
/// `ENOSYS` if the kernel does not have the call.
pub(super) fn wait(word: NonNull<u32>, expected: u32, deadline: Deadline) -> Result<Ended, Errno> {
    step::reached(Step::Object);
    let (operation, time) = (libc::FUTEX_WAIT_BITSET, deadline.time());
    let time = time.as_ref().map_or(null(), |time| &raw const *time);
    let no_word = null_mut::<u32>();
    // SAFETY: the kernel checks the address and reads the word at most; the time lives until the
    // call returns, and is laid out as the kernel has it.
    let result =
        unsafe { libc::syscall(FUTEX, word.as_ptr(), operation, expected, time, no_word, ANY) };
    if result == 0 {
        return Ok(Ended::Woken);
    }
    match last_errno() {
        Errno::AGAIN => Ok(Ended::Differs),
        Errno::INTR => Ok(Ended::Interrupted),
        Errno::TIMEDOUT => Ok(Ended::TimedOut),
        errno => Err(errno),
    }
}

/// Wakes at most `count` threads of those that sleep at the word; returns how many.
///
/// What this thread has stored before is seen by whoever is woken, and by whoever is about to sleep.
///
/// # Errors
///
/// Those of [`wait`].
pub(super) fn wake(word: NonNull<u32>, count: i32) -> Result<usize, Errno> {
    step::reached(Step::Object);
    // SAFETY: the kernel checks the address, and touches no byte of it.
    let result = unsafe { libc::syscall(FUTEX, word.as_ptr(), libc::FUTEX_WAKE, count) };
    usize::try_from(result).map_err(|_| last_errno())
}

/// Returns how many threads sleep at the word, and wakes none.
///
/// The page need not be writable.
///
/// # Errors
///
/// Those of [`wait`].
pub(super) fn sleepers(word: NonNull<u32>) -> Result<usize, Errno> {
    let (none_woken, all_moved) = (0, c_long::from(ALL));
    // Each is moved from the word to the same word, and keeps its place.
    // SAFETY: the kernel checks both addresses, and touches no byte of them.
    let result = unsafe {
        let (from, to) = (word.as_ptr(), word.as_ptr());
        libc::syscall(FUTEX, from, libc::FUTEX_REQUEUE, none_woken, all_moved, to)
    };
    usize::try_from(result).map_err(|_| last_errno())
}

/// What [`wake_and_store`] stores in its second word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Zero,
    One,
    /// The highest bit alone.
    HighestBit,
}

/// Stores a value in `word`, and wakes at most `count` threads of those that sleep at `sleepers`, in
/// one step for all who call the kernel for either; returns how many.
///
/// # Errors
///
/// Those of [`wait`]. The value may then have been stored.
pub(super) fn wake_and_store(
    sleepers: NonNull<u32>,
    count: i32,
    word: NonNull<u32>,
    store: Store,
) -> Result<usize, Errno> {
    step::reached(Step::Object);
    // The operation is "set", in the upper four bits with "take the argument as a shift" or without;
    // the argument follows. The comparison that would wake sleepers of `word` is with 0: none sleep
    // there who could be woken without need.
    let operation: u32 = match store {
        Store::Zero => 0,
        Store::One => 1 << 12,
        Store::HighestBit => 8 << 28 | 31 << 12,
    };
    let (kind, second_count) = (libc::FUTEX_WAKE_OP, 0_usize);
    // SAFETY: the kernel checks both addresses, and writes to the second word alone.
    let result = unsafe {
        let (sleepers, word) = (sleepers.as_ptr(), word.as_ptr());
        libc::syscall(FUTEX, sleepers, kind, count, second_count, word, operation)
    };
    usize::try_from(result).map_err(|_| last_errno())
}

/// A word that a thread is to sleep at, among others, while it has the value.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Sleep {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

impl Sleep {
    /// A word of 32 bits that processes share.
    pub(super) fn at(word: NonNull<u32>, expected: u32) -> Self {
        /// `FUTEX2_SIZE_U32` of `<linux/futex.h>`.
        const SIZE_OF_32_BITS: u32 = 2;
        let address = word.as_ptr().expose_provenance() as u64;
        Self { value: expected.into(), address, flags: SIZE_OF_32_BITS, reserved: 0 }
    }

    fn word(&self) -> Option<NonNull<u32>> {
        let address = usize::try_from(self.address).ok()?;
        NonNull::new(std::ptr::with_exposed_provenance_mut(address))
    }
}

/// How long a thread sleeps at one of several words, where the kernel has no call for all of them.
const SLICE: Duration = Duration::from_millis(5);

/// Sleeps while every word has its value, until another thread wakes this one.
///
/// May return sooner: before Linux 5.16, which brought the call, it sleeps 5 ms at the first word.
///
/// # Errors
///
/// Those of [`wait`].
pub(super) fn wait_for_any(words: &[Sleep], deadline: Deadline) -> Result<Ended, Errno> {
    step::reached(Step::Object);
    /// The same on all processors.
    const FUTEX_WAITV: c_long = 449;
    let time = deadline.time();
    let time = time.as_ref().map_or(null(), |time| &raw const *time);
    let no_flags = 0_u32;
    // SAFETY: the words and the time live until the call returns, and are laid out as the kernel has
    // them; it checks the addresses in them, and reads at most a word at each.
    let result = unsafe {
        let (list, count) = (words.as_ptr(), words.len());
        libc::syscall(FUTEX_WAITV, list, count, no_flags, time, libc::CLOCK_MONOTONIC)
    };
    if result >= 0 {
        return Ok(Ended::Woken);
    }
    match (last_errno(), words.first()) {
        (Errno::AGAIN, _) => Ok(Ended::Differs),
        (Errno::INTR, _) => Ok(Ended::Interrupted),
        (Errno::TIMEDOUT, _) => Ok(Ended::TimedOut),
        // Older filters of system calls refuse what they do not know by `EPERM`.
        (Errno::NOSYS | Errno::PERM, Some(first)) => {
            let Some(word) = first.word() else { return Err(Errno::FAULT) };
            let slice = deadline.at_most(SLICE);
            let expected = u32::try_from(first.value).map_err(|_| Errno::INVAL)?;
            let ended = wait(word, expected, slice)?;
            Ok(if ended == Ended::TimedOut && !deadline.is_past() { Ended::Woken } else { ended })
        }
        (errno, _) => Err(errno),
    }
}
