//! The numbers of an object that this process has mapped.

#![expect(unsafe_code, reason = "the numbers in two pages")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustix::io::Errno;

use crate::sys::WaitableKind;
use crate::sys::platform::error::last_errno;
use crate::sys::platform::waitable::layout;
use crate::sys::platform::waitable::thread::{Thread, id_of};
use crate::sys::platform::waitable::word::{Pair, Word};

/// The line of numbers with which the shared page of an object ends, and those in the private page
/// behind it.
///
/// Invariant: both pages stay mapped as long as the value is used.
#[derive(Debug)]
pub(super) struct Line {
    start: NonNull<u8>,
    kind: WaitableKind,
}

// SAFETY: a range of addresses belongs to the process, not to a thread; what is in it is used as
// atomics alone.
unsafe impl Send for Line {}
// SAFETY: as above.
unsafe impl Sync for Line {}

impl Line {
    /// The line that starts at an address, of an object of this kind.
    ///
    /// # Safety
    ///
    /// It is where the line of an object's shared page is; and the type's invariant.
    pub(super) unsafe fn at(start: NonNull<u8>, kind: WaitableKind) -> Self {
        Self { start, kind }
    }

    /// The same line once more.
    ///
    /// # Safety
    ///
    /// The type's invariant.
    pub(super) unsafe fn again(&self) -> Self {
        Self { start: self.start, kind: self.kind }
    }

    #[inline(always)]
    pub(super) fn kind(&self) -> WaitableKind {
        self.kind
    }

    #[inline(always)]
    pub(super) fn state(&self) -> Word<'_> {
        self.word(layout::STATE)
    }

    #[inline(always)]
    pub(super) fn turn(&self) -> Word<'_> {
        self.word(layout::TURN)
    }

    #[inline(always)]
    pub(super) fn news(&self) -> Word<'_> {
        self.word(layout::NEWS)
    }

    #[inline(always)]
    pub(super) fn waiters(&self) -> Word<'_> {
        self.word(layout::WAITERS)
    }

    #[inline(always)]
    pub(super) fn observers(&self) -> Word<'_> {
        self.word(layout::OBSERVERS)
    }

    #[inline(always)]
    pub(super) fn outcome(&self) -> Word<'_> {
        self.word(layout::OUTCOME)
    }

    #[inline(always)]
    pub(super) fn sleepers(&self) -> Word<'_> {
        self.word(layout::SLEEPERS)
    }

    #[inline(always)]
    pub(super) fn maximum(&self) -> Word<'_> {
        self.word(layout::MAXIMUM)
    }

    #[inline(always)]
    pub(super) fn intent(&self) -> Word<'_> {
        self.word(layout::INTENT)
    }

    #[inline(always)]
    pub(super) fn lock(&self) -> Word<'_> {
        self.word(layout::LOCK)
    }

    /// The lock and the state after it, as one.
    #[inline(always)]
    pub(super) fn lock_and_state(&self) -> Pair<'_> {
        // SAFETY: the state is right after the lock, at whose place the line has a multiple of 8.
        unsafe { Pair::at(self.lock()) }
    }

    /// The number of the line that is `at` bytes from its start.
    #[inline(always)]
    fn word(&self, at: usize) -> Word<'_> {
        // SAFETY: the line ends with the first of the two pages, and each number is aligned in it.
        let word = unsafe { self.start.add(at) }.cast();
        // SAFETY: the page stays mapped while it is borrowed; the handler of faults was installed
        // before anybody could be the calling thread of an operation.
        unsafe { Word::at(word) }
    }

    /// The [key](Thread::key) of the thread of this process that owns the mutex; 0 if none does.
    #[inline(always)]
    pub(super) fn owner(&self) -> &AtomicU64 {
        // SAFETY: as `private` asks; 8 bytes are there as well.
        unsafe { self.private(layout::OWNER).cast().as_ref() }
    }

    /// How many times more the owner has taken it; 0 while no thread of this process owns it.
    #[inline(always)]
    pub(super) fn depth(&self) -> &AtomicU32 {
        // SAFETY: as `private` asks.
        unsafe { self.private(layout::DEPTH).as_ref() }
    }

    /// A number in the private page, which lives as long as `self`, is aligned there, and is used as an
    /// atomic alone.
    #[inline(always)]
    fn private(&self, at: usize) -> NonNull<AtomicU32> {
        // SAFETY: the place is in the second of the two pages.
        unsafe { self.start.add(layout::LINE + at) }.cast()
    }

    /// Returns whether the calling thread owns the mutex.
    ///
    /// What other processes can write does not decide it: the link of the lock is in the list of its
    /// owner, and once.
    #[inline(always)]
    pub(super) fn is_mine(&self, thread: Thread) -> bool {
        self.owner().load(Ordering::Relaxed) == thread.key()
    }

    /// Returns whether a thread of this process owns the mutex that has not ended: its list has a link
    /// in the private page.
    pub(super) fn is_owned(&self) -> bool {
        let key = self.owner().load(Ordering::Acquire);
        if key == 0 {
            return false;
        }
        let owner = id_of(key);
        // In a forked child the owner is a thread of the parent, and no thread here.
        let (process, no_signal) = (std::process::id(), 0);
        // SAFETY: sends nothing, and asks whether there is such a thread.
        let found = unsafe { libc::syscall(libc::SYS_tgkill, process, owner, no_signal) };
        let ended = found == -1 && last_errno() == Errno::SRCH;
        !ended
    }
}
