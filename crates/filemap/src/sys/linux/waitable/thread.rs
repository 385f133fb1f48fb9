//! The calling thread, as the kernel knows it when it dies: by its list of robust locks.
//!
//! Each thread tells the kernel where a list of its locks begins. When the thread ends, in whatever
//! way, the kernel goes through the list: in the word of each lock that still has the thread's number
//! it writes that the owner died, and wakes one who sleeps there
//! ([get_robust_list(2)](https://man7.org/linux/man-pages/man2/get_robust_list.2.html)). The C library
//! keeps its own locks in the same list. A link is at a fixed distance from its lock's word, and
//! always in a page of this process alone: what other processes write makes no link.
//!
//! *Pending* is one word more that the kernel looks at, for a lock that is about to be taken or given
//! back, and for one whose wake-up this thread may have met.

#![expect(unsafe_code, reason = "the list is read by the kernel")]

use std::cell::Cell;
use std::mem::{MaybeUninit, size_of};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::platform::error::from_io;
use crate::sys::platform::step::{self, Step};
use crate::sys::platform::waitable::word::Word;
use crate::sys::platform::{fault, fork};
use crate::types::{Error, ErrorKind, Operation, Result};

/// The head of the list, as the kernel and both C libraries have it.
#[repr(C)]
struct Head {
    /// The first link, or the head itself.
    first: usize,
    /// From a link to the word of its lock.
    to_word: isize,
    /// As if it were a link.
    pending: usize,
}

/// How many links a thread can have: the kernel follows 2048
/// (`ROBUST_LIST_LIMIT` of `<linux/futex.h>`), and the C library has some of them.
const MOST_OWNED: u32 = 1800;

const IS_MUSL: bool = cfg!(target_env = "musl");

/// From a link to the word of its lock, as the C library has told the kernel.
const TO_WORD: isize = if IS_MUSL { -28 } else { -32 };

/// How many bits a thread's number has: the kernel's `PID_MAX_LIMIT` is 2^22.
const ID_BITS: u32 = 22;

/// Returns the number in the kernel of the thread that has a [key](Thread::key).
pub(super) fn id_of(key: u64) -> u64 {
    key & ((1 << ID_BITS) - 1)
}

/// The calling thread.
///
/// Invariant: the state of the thread that has it, which lives as long as that thread, and the head of
/// its list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thread {
    state: NonNull<State>,
    head: *mut Head,
}

/// What is known of a thread.
#[derive(Debug)]
struct State {
    /// One more than the number of forks that led to the process in which the rest was found; 0 before.
    known_in: Cell<usize>,
    id: Cell<u32>,
    /// How many mutexes the thread owns.
    owned: Cell<u32>,
    key: Cell<u64>,
    /// Invariant: null before the rest is known, and then the head of this thread's list, which lives as
    /// long as the thread.
    head: Cell<*mut Head>,
}

thread_local! {
    static STATE: State = const {
        State {
            known_in: Cell::new(0),
            id: Cell::new(0),
            owned: Cell::new(0),
            key: Cell::new(0),
            head: Cell::new(std::ptr::null_mut()),
        }
    };
}

impl Thread {
    /// Returns the calling thread.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`] where the kernel, or what stands in for it, keeps no such list.
    #[inline(always)]
    pub(super) fn current() -> Result<Self> {
        Self::known().map_or_else(Self::find, Ok)
    }

    /// Returns the calling thread, if it was [`current`](Self::current) before.
    #[inline(always)]
    pub(super) fn known() -> Option<Self> {
        let state = STATE.with(|state| NonNull::from(state));
        let thread = Self { state, head: std::ptr::null_mut() };
        // A forked child must not believe what is known of its parent's thread.
        let is_known = thread.state().known_in.get() == fork::generation() + 1;
        is_known.then(|| Self { head: thread.state().head.get(), ..thread })
    }

    #[inline(always)]
    fn state(&self) -> &State {
        // SAFETY: by the type's invariant; the state has no destructor, and is not sent to others.
        unsafe { self.state.as_ref() }
    }

    #[cold]
    fn find() -> Result<Self> {
        static SERIALS: AtomicU64 = AtomicU64::new(1);
        fork::count();
        fault::ensure().map_err(from_io(Operation::Wait))?;
        let head = head().ok_or_else(|| {
            Error::new(ErrorKind::NotSupported, Operation::Wait).because(
                "the system does not keep the list of a thread's locks (get_robust_list), by which \
                 the end of a lock's owner is told",
            )
        })?;
        let state = STATE.with(|state| NonNull::from(state));
        let thread = Self { state, head: head.as_ptr() };
        let state = thread.state();
        let id = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        if id >> ID_BITS != 0 {
            return Err(Error::new(ErrorKind::NotSupported, Operation::Wait)
                .because("the system gives threads numbers of more than 22 bits"));
        }
        let is_child = state.known_in.get() != 0;
        state.head.set(thread.head);
        state.id.set(id);
        state.key.set(SERIALS.fetch_add(1, Ordering::Relaxed) << ID_BITS | u64::from(id));
        state.owned.set(0);
        if is_child {
            // A child owns nothing of what the thread owned that made it, which musl leaves in its list.
            thread.set_first(thread.end());
        }
        state.known_in.set(fork::generation() + 1);
        Ok(thread)
    }

    /// Returns the number by which a lock's word names the thread.
    #[inline(always)]
    pub(super) fn id(self) -> u32 {
        self.state().id.get()
    }

    /// Returns a number that no other thread of this process has, nor had: the kernel gives its numbers
    /// again. Its lowest bits are the [`id`](Self::id), which [`id_of`] returns.
    #[inline(always)]
    pub(super) fn key(self) -> u64 {
        self.state().key.get()
    }

    /// Has the kernel look at a word if the thread dies, or at none.
    #[inline(always)]
    pub(super) fn set_pending(self, word: Option<Word<'_>>) {
        let value = word.map_or(0, |word| Self::address_of(word));
        // SAFETY: the head is this thread's.
        let pending = unsafe { &raw mut (*self.head).pending };
        // SAFETY: as above.
        unsafe { store(pending, value) };
    }

    /// Adds the lock of an owned mutex to the list; it is in none.
    ///
    /// # Safety
    ///
    /// The word's link lies in a page of this process alone, which stays mapped while the lock is in
    /// the list; so does the place of a pointer before it.
    #[inline(always)]
    pub(super) unsafe fn add_owned(self, word: Word<'_>) {
        // SAFETY: the caller vouches for the link.
        let link = unsafe { Link::at(Self::address_of(word)) };
        let first = self.first();
        link.set_next(first);
        link.set_previous(self.end());
        if !first.is(self.end()) {
            first.set_previous(link);
        }
        self.set_first(link);
        self.state().owned.set(self.state().owned.get() + 1);
    }

    /// Takes the lock of an owned mutex out of the list.
    ///
    /// # Safety
    ///
    /// [`add_owned`](Self::add_owned) has added it, in this thread.
    #[inline(always)]
    pub(super) unsafe fn remove_owned(self, word: Word<'_>) {
        // SAFETY: the link is in the list.
        let link = unsafe { Link::at(Self::address_of(word)) };
        let (previous, next) = (link.previous(), link.next());
        if !next.is(self.end()) {
            next.set_previous(previous);
        }
        previous.set_next(next);
        self.state().owned.set(self.state().owned.get().saturating_sub(1));
    }

    /// Returns whether the kernel would follow the list past one lock more.
    #[inline(always)]
    pub(super) fn may_own_more(self) -> bool {
        self.state().owned.get() < MOST_OWNED
    }

    /// Adds a lock in front, for a moment: [`remove_passing`](Self::remove_passing) takes it out, or
    /// [`set_first`](Self::set_first).
    ///
    /// # Safety
    ///
    /// The word's link lies in a page of this process alone, which stays mapped while the lock is in
    /// the list.
    pub(super) unsafe fn add_passing(self, word: Word<'_>) {
        // SAFETY: the caller vouches for the link.
        let link = unsafe { Link::at(Self::address_of(word)) };
        link.set_next(self.first());
        self.set_first(link);
    }

    /// Takes a lock out that [`add_passing`](Self::add_passing) has added, wherever it is by now.
    ///
    /// # Safety
    ///
    /// It is in the list, and what was added since is in the list or was taken out again.
    pub(super) unsafe fn remove_passing(self, word: Word<'_>) {
        // SAFETY: the link is in the list.
        let link = unsafe { Link::at(Self::address_of(word)) };
        let (mut before, next) = (self.end(), link.next());
        while !before.next().is(link) {
            before = before.next();
        }
        if !next.is(self.end()) {
            next.set_previous(before);
        }
        before.set_next(next);
    }

    /// Returns the first link, by which [`set_first`](Self::set_first) takes all out that is added
    /// from now on.
    #[inline(always)]
    pub(super) fn first(self) -> Link {
        self.end().next()
    }

    /// Makes a link the first, in one store.
    #[inline(always)]
    pub(super) fn set_first(self, link: Link) {
        self.end().set_next(link);
    }

    /// The head, as the last link has it for the next one.
    #[inline(always)]
    fn end(self) -> Link {
        // SAFETY: the first field of the head is a link.
        unsafe { Link::at(self.head.expose_provenance()) }
    }

    /// Returns the address of the link of a lock.
    #[inline(always)]
    fn address_of(word: Word<'_>) -> usize {
        word.address().as_ptr().expose_provenance().wrapping_add_signed(TO_WORD.wrapping_neg())
    }
}

/// A link of the calling thread's list.
///
/// Invariant: the head of that list, or a link that is in it or about to be. Its memory stays as long,
/// and this thread alone uses it, besides the kernel, which reads it when the thread has ended. What
/// it leads to is such a link as well: other processes write none of them. Before each link but the
/// head there is place for the address of the one before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link(usize);

impl Link {
    /// The link at an address.
    ///
    /// # Safety
    ///
    /// The type's invariant.
    #[inline(always)]
    const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    /// Returns whether both are one link, of which the lowest bit says what kind of lock it is.
    #[inline(always)]
    fn is(self, other: Self) -> bool {
        self.0 & !1 == other.0 & !1
    }

    #[inline(always)]
    fn next(self) -> Self {
        // SAFETY: by the type's invariant.
        Self(unsafe { load(self.place()) })
    }

    #[inline(always)]
    fn set_next(self, next: Self) {
        // SAFETY: by the type's invariant.
        unsafe { store(self.place(), next.0) };
    }

    #[inline(always)]
    fn previous(self) -> Self {
        // SAFETY: by the type's invariant; it is not the head, which has none before it.
        Self(unsafe { load(self.place_before()) })
    }

    #[inline(always)]
    fn set_previous(self, previous: Self) {
        // SAFETY: as in `previous`.
        unsafe { store(self.place_before(), previous.0) };
    }

    #[inline(always)]
    fn place(self) -> *mut usize {
        std::ptr::with_exposed_provenance_mut(self.0 & !1)
    }

    #[inline(always)]
    fn place_before(self) -> *mut usize {
        std::ptr::with_exposed_provenance_mut((self.0 & !1).wrapping_sub(size_of::<usize>()))
    }
}

/// Returns the head of the calling thread's list, if the distance to the words is one that the page
/// of an object is made for.
fn head() -> Option<NonNull<Head>> {
    let known = asked();
    // musl tells the kernel of a list when a thread has its first robust lock of processes.
    let head = known.or_else(|| {
        use_a_robust_lock();
        asked()
    })?;
    // SAFETY: the kernel answered with the head that this thread's C library has told it of.
    let to_word = unsafe { (*head.as_ptr()).to_word };
    // The links of musl are at no multiple of 8.
    let fits = to_word == TO_WORD && (!IS_MUSL || IS_ANY_ADDRESS_STORED_AT_ONCE);
    (fits && cfg!(target_pointer_width = "64")).then_some(head)
}

/// Asks the kernel.
fn asked() -> Option<NonNull<Head>> {
    let (mut head, mut len) = (std::ptr::null_mut::<Head>(), 0_usize);
    let this_thread: libc::c_long = 0;
    // SAFETY: the kernel writes a pointer and a length, for each of which there is room.
    let result = unsafe {
        libc::syscall(libc::SYS_get_robust_list, this_thread, &raw mut head, &raw mut len)
    };
    if result != 0 || len != size_of::<Head>() {
        return None;
    }
    NonNull::new(head)
}

/// Locks and unlocks a robust lock of the C library, which processes could share.
fn use_a_robust_lock() {
    let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::zeroed();
    let mut mutex = MaybeUninit::<libc::pthread_mutex_t>::zeroed();
    let (attributes, mutex) = (attributes.as_mut_ptr(), mutex.as_mut_ptr());
    // SAFETY: makes attributes of zeros, which live until the end and which this thread alone uses.
    if unsafe { libc::pthread_mutexattr_init(attributes) } != 0 {
        return;
    }
    let (robust, shared) = (libc::PTHREAD_MUTEX_ROBUST, libc::PTHREAD_PROCESS_SHARED);
    // SAFETY: they are initialised.
    let mut refused = unsafe { libc::pthread_mutexattr_setrobust(attributes, robust) };
    // SAFETY: as above.
    refused |= unsafe { libc::pthread_mutexattr_setpshared(attributes, shared) };
    // SAFETY: makes a mutex of zeros, with attributes that are initialised.
    if refused == 0 && unsafe { libc::pthread_mutex_init(mutex, attributes) } == 0 {
        // SAFETY: it is initialised, and this thread's alone.
        if unsafe { libc::pthread_mutex_lock(mutex) } == 0 {
            // SAFETY: this thread has it.
            unsafe { libc::pthread_mutex_unlock(mutex) };
        }
        // SAFETY: nobody has it, nor will.
        unsafe { libc::pthread_mutex_destroy(mutex) };
    }
    // SAFETY: they are initialised, and not used any more.
    unsafe { libc::pthread_mutexattr_destroy(attributes) };
}

/// Whether [`store`] writes an address in one piece wherever it is.
const IS_ANY_ADDRESS_STORED_AT_ONCE: bool =
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Writes an address in one instruction, which the compiler moves past no other access: the kernel
/// reads the list between any two.
///
/// # Safety
///
/// The place is valid for a write and nobody else's; it is aligned, or
/// [`IS_ANY_ADDRESS_STORED_AT_ONCE`].
#[inline(always)]
unsafe fn store(place: *mut usize, value: usize) {
    step::reached(Step::Object);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller vouches for the place.
    unsafe {
        std::arch::asm!(
            "mov qword ptr [{place}], {value}",
            place = in(reg) place, value = in(reg) value,
            options(nostack, preserves_flags),
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the caller vouches for the place.
    unsafe {
        std::arch::asm!(
            "str {value}, [{place}]",
            place = in(reg) place, value = in(reg) value,
            options(nostack, preserves_flags),
        );
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    // SAFETY: the caller vouches for the place, which is aligned here.
    unsafe {
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        place.write_volatile(value);
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
    }
}

/// Reads an address.
///
/// # Safety
///
/// The place is valid for a read, and only this thread writes to it.
unsafe fn load(place: *mut usize) -> usize {
    // SAFETY: the caller vouches for the place.
    unsafe { place.read_unaligned() }
}
