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
use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// The calling thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thread {
    id: u32,
    serial: u64,
    /// Invariant: the head of the calling thread's list, which lives as long as the thread.
    head: NonNull<Head>,
    /// Not for other threads.
    here: PhantomData<*const ()>,
}

/// What is known of a thread, which a forked child must not believe.
#[derive(Debug, Clone, Copy)]
struct Known {
    generation: usize,
    thread: Thread,
}

thread_local! {
    static KNOWN: Cell<Option<Known>> = const { Cell::new(None) };
    /// How many mutexes the thread owns.
    static OWNED: Cell<u32> = const { Cell::new(0) };
}

impl Thread {
    /// Returns the calling thread.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`] where the kernel, or what stands in for it, keeps no such list.
    #[inline]
    pub(super) fn current() -> Result<Self> {
        match KNOWN.get() {
            Some(known) if known.generation == fork::generation() => Ok(known.thread),
            _ => Self::find(),
        }
    }

    #[cold]
    fn find() -> Result<Self> {
        fork::count();
        fault::ensure().map_err(crate::sys::platform::error::from_io(Operation::Wait))?;
        let head = head().ok_or_else(|| {
            Error::new(ErrorKind::NotSupported, Operation::Wait).because(
                "the system does not keep the list of a thread's locks (get_robust_list), by which \
                 the end of a lock's owner is told",
            )
        })?;
        static SERIALS: AtomicU64 = AtomicU64::new(1);
        let id = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        let thread = Self { id, serial, head, here: PhantomData };
        // A child owns nothing of what the thread owned that made it, which musl leaves in its list.
        if KNOWN.replace(Some(Known { generation: fork::generation(), thread })).is_some() {
            thread.set_first(thread.end());
        }
        OWNED.set(0);
        Ok(thread)
    }

    /// Returns the number by which a lock's word names the thread.
    #[inline]
    pub(super) fn id(self) -> u32 {
        self.id
    }

    /// Returns a number that no other thread of this process has, nor had: the kernel gives its numbers
    /// again.
    #[inline]
    pub(super) fn serial(self) -> u64 {
        self.serial
    }

    /// Has the kernel look at a word if the thread dies, or at none.
    #[inline]
    pub(super) fn set_pending(self, word: Option<Word<'_>>) {
        let value = word.map_or(0, |word| self.address_of(word));
        // SAFETY: the head is this thread's.
        let pending = unsafe { &raw mut (*self.head.as_ptr()).pending };
        // SAFETY: as above.
        unsafe { store(pending, value) };
    }

    /// Adds the lock of an owned mutex to the list; it is in none.
    ///
    /// # Safety
    ///
    /// The word's link lies in a page of this process alone, which stays mapped while the lock is in
    /// the list; so does the place of a pointer before it.
    #[inline]
    pub(super) unsafe fn add_owned(self, word: Word<'_>) {
        // SAFETY: the caller vouches for the link.
        let link = unsafe { Link::at(self.address_of(word)) };
        let first = self.first();
        link.set_next(first);
        link.set_previous(self.end());
        if !first.is(self.end()) {
            first.set_previous(link);
        }
        self.set_first(link);
        OWNED.set(OWNED.get() + 1);
    }

    /// Takes the lock of an owned mutex out of the list.
    ///
    /// # Safety
    ///
    /// [`add_owned`](Self::add_owned) has added it, in this thread.
    #[inline]
    pub(super) unsafe fn remove_owned(self, word: Word<'_>) {
        // SAFETY: the link is in the list.
        let link = unsafe { Link::at(self.address_of(word)) };
        let (previous, next) = (link.previous(), link.next());
        if !next.is(self.end()) {
            next.set_previous(previous);
        }
        previous.set_next(next);
        OWNED.set(OWNED.get().saturating_sub(1));
    }

    /// Returns whether the kernel would follow the list past one lock more.
    pub(super) fn may_own_more(self) -> bool {
        OWNED.get() < MOST_OWNED
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
        let link = unsafe { Link::at(self.address_of(word)) };
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
        let link = unsafe { Link::at(self.address_of(word)) };
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
    pub(super) fn first(self) -> Link {
        self.end().next()
    }

    /// Makes a link the first, in one store.
    pub(super) fn set_first(self, link: Link) {
        self.end().set_next(link);
    }

    /// The head, as the last link has it for the next one.
    fn end(self) -> Link {
        // SAFETY: the first field of the head is a link.
        unsafe { Link::at(self.head.as_ptr().expose_provenance()) }
    }

    /// Returns the address of the link of a lock.
    fn address_of(self, word: Word<'_>) -> usize {
        // SAFETY: the head is this thread's, and the kernel alone reads this field of it.
        let to_word = unsafe { (*self.head.as_ptr()).to_word };
        word.address().as_ptr().expose_provenance().wrapping_add_signed(to_word.wrapping_neg())
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
    const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    /// Returns whether both are one link, of which the lowest bit says what kind of lock it is.
    fn is(self, other: Self) -> bool {
        self.0 & !1 == other.0 & !1
    }

    fn next(self) -> Self {
        // SAFETY: by the type's invariant.
        Self(unsafe { load(self.place()) })
    }

    fn set_next(self, next: Self) {
        // SAFETY: by the type's invariant.
        unsafe { store(self.place(), next.0) };
    }

    fn previous(self) -> Self {
        // SAFETY: by the type's invariant; it is not the head, which has none before it.
        Self(unsafe { load(self.place_before()) })
    }

    fn set_previous(self, previous: Self) {
        // SAFETY: as in `previous`.
        unsafe { store(self.place_before(), previous.0) };
    }

    fn place(self) -> *mut usize {
        std::ptr::with_exposed_provenance_mut(self.0 & !1)
    }

    fn place_before(self) -> *mut usize {
        std::ptr::with_exposed_provenance_mut((self.0 & !1).wrapping_sub(size_of::<usize>()))
    }
}

/// Returns the head of the calling thread's list, if the distance to the words is one that the page
/// of an object is made for.
fn head() -> Option<NonNull<Head>> {
    let known = asked();
    // musl tells the kernel of a list when a thread has its first robust lock.
    let head = known.or_else(|| {
        use_a_robust_lock();
        asked()
    })?;
    // SAFETY: the kernel answered with the head that this thread's C library has told it of.
    let to_word = unsafe { (*head.as_ptr()).to_word };
    // glibc, and musl, whose links are at no multiple of 8 then.
    let fits = to_word == -32 || (to_word == -28 && IS_ANY_ADDRESS_STORED_AT_ONCE);
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

/// Locks and unlocks a robust lock of the C library.
fn use_a_robust_lock() {
    let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::zeroed();
    let mut mutex = MaybeUninit::<libc::pthread_mutex_t>::zeroed();
    let (attributes, mutex) = (attributes.as_mut_ptr(), mutex.as_mut_ptr());
    // SAFETY: makes attributes of zeros, which live until the end and which this thread alone uses.
    if unsafe { libc::pthread_mutexattr_init(attributes) } != 0 {
        return;
    }
    let robust = libc::PTHREAD_MUTEX_ROBUST;
    // SAFETY: they are initialised.
    let is_robust = unsafe { libc::pthread_mutexattr_setrobust(attributes, robust) } == 0;
    // SAFETY: makes a mutex of zeros, with attributes that are initialised.
    if is_robust && unsafe { libc::pthread_mutex_init(mutex, attributes) } == 0 {
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
