//! Values in places, lent without counting who has them, and freed when nobody has.
//!
//! Who borrows a value writes its address where all can see it, looks whether it is still in its
//! place, and only then uses it. Who takes a value out of its place has every thread pass a
//! barrier and then looks at what all of them have written: an address that is not there is
//! nobody's, and whoever comes later finds the place empty. (Hazard pointers, by Maged Michael.)
//! So a loan costs two plain stores, and replacing a value a system call.
//!
//! Where the system has no such barrier, each loan has one of its own.

#![expect(unsafe_code, reason = "values behind pointers that are freed when nobody has them")]

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering, compiler_fence, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys::platform::barrier;

/// A row of places, each empty or with a value.
///
/// Invariant: what is in a place or in `taken` comes from `Box::into_raw`, is there once, and is
/// freed by the keeper when no borrower shows its address, or with the whole row.
pub(crate) struct Lending<T> {
    places: Box<[AtomicPtr<T>]>,
    /// Values that were taken out of their places and may still be on loan.
    taken: Mutex<Vec<*mut T>>,
    /// Whether the borrowers need no barrier of their own.
    one_sided: bool,
    owns: PhantomData<T>,
}

// SAFETY: the row owns its values, as a vector of them would.
unsafe impl<T: Send> Send for Lending<T> {}
// SAFETY: a shared row lends references to its values, and takes and frees values of other
// threads.
unsafe impl<T: Send + Sync> Sync for Lending<T> {}

/// What a thread shows to those who want to free a value.
///
/// They are never freed: a thread that begins takes over one whose thread has ended.
#[repr(align(64))]
struct Borrower {
    /// The value that the thread has now.
    has: AtomicPtr<()>,
    is_taken: AtomicBool,
    next: *const Borrower,
}

// SAFETY: `next` is set before others see the borrower, and points to one that is never freed.
unsafe impl Sync for Borrower {}

/// The first of all borrowers.
static BORROWERS: AtomicPtr<Borrower> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    /// This thread's, if it has borrowed before.
    static OWN: Cell<Option<&'static Borrower>> = const { Cell::new(None) };
    /// Gives it up when the thread ends.
    static ENDING: Ending = const { Ending };
}

struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(own) = OWN.take() {
            own.is_taken.store(false, Ordering::Release);
        }
    }
}

/// A value on loan, until this is dropped.
///
/// Invariant: `own` is of the thread that has this, which is why it cannot go to another, and shows
/// the address of `value`.
pub(crate) struct Lent<'lending, T> {
    value: &'lending T,
    own: &'static Borrower,
    stays: PhantomData<*const ()>,
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        self.value
    }
}

impl<T> Drop for Lent<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // Whoever sees this sees all that was done with the value.
        self.own.has.store(ptr::null_mut(), Ordering::Release);
    }
}

impl<T> Lending<T> {
    /// Places without values.
    pub(crate) fn new(count: usize) -> Self {
        let places = (0..count).map(|_| AtomicPtr::new(ptr::null_mut())).collect();
        let taken = Mutex::new(Vec::new());
        Self { places, taken, one_sided: barrier::prepare(), owns: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The value in a place.
    ///
    /// `None` if there is no value or no such place, or if this thread has one on loan already.
    #[inline(always)]
    pub(crate) fn lend(&self, place: usize) -> Option<Lent<'_, T>> {
        let place = self.places.get(place)?;
        let own = match OWN.get() {
            Some(own) => own,
            None => enrol()?,
        };
        if !own.has.load(Ordering::Relaxed).is_null() {
            return None;
        }
        loop {
            let value = place.load(Ordering::Relaxed);
            // Also if that is nothing, as it may be after a second look.
            own.has.store(value.cast(), Ordering::Relaxed);
            if value.is_null() {
                return None;
            }
            if self.one_sided {
                compiler_fence(Ordering::SeqCst);
            } else {
                fence(Ordering::SeqCst);
            }
            if place.load(Ordering::Acquire) == value {
                // SAFETY: it was in its place after this thread had shown that it has it, so
                // whoever takes it out looks at that later, and does not free it before the loan
                // ends. The load saw what the thread wrote that put it there.
                let value = unsafe { &*value };
                return Some(Lent { value, own, stays: PhantomData });
            }
        }
    }

    /// The right to put and take values, of one thread at a time.
    pub(crate) fn keeper(&self) -> Keeper<'_, T> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        Keeper { lending: self, taken }
    }
}

/// The right to put and take values.
pub(crate) struct Keeper<'lending, T> {
    lending: &'lending Lending<T>,
    taken: MutexGuard<'lending, Vec<*mut T>>,
}

impl<T> Keeper<'_, T> {
    /// The value in a place, which stays there as long as it is looked at.
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        let value = self.lending.places.get(place)?.load(Ordering::Acquire);
        // SAFETY: the keeper alone takes values out and frees them, and is borrowed meanwhile.
        unsafe { value.as_ref() }
    }

    /// Puts a value in a place where none is; gives it back if there is one, or no such place.
    pub(crate) fn put(&mut self, place: usize, value: T) -> Option<T> {
        let Some(place) = self.lending.places.get(place) else { return Some(value) };
        if !place.load(Ordering::Relaxed).is_null() {
            return Some(value);
        }
        place.store(Box::into_raw(Box::new(value)), Ordering::Release);
        None
    }

    /// Takes the values out of these places, and frees those that nobody has.
    ///
    /// False if somebody has one of those that were taken now or earlier.
    pub(crate) fn clear(&mut self, places: impl IntoIterator<Item = usize>) -> bool {
        for place in places {
            let Some(place) = self.lending.places.get(place) else { continue };
            let value = place.swap(ptr::null_mut(), Ordering::AcqRel);
            if !value.is_null() {
                self.taken.push(value);
            }
        }
        self.free();
        self.taken.is_empty()
    }

    /// Frees what was taken and nobody has.
    fn free(&mut self) {
        if self.taken.is_empty() {
            return;
        }
        if self.lending.one_sided {
            if !barrier::everywhere() {
                return;
            }
        } else {
            fence(Ordering::SeqCst);
        }
        let on_loan: Vec<*mut ()> = borrowers()
            .map(|one| one.has.load(Ordering::Acquire))
            .filter(|value| !value.is_null())
            .collect();
        self.taken.retain(|value| {
            let kept = on_loan.contains(&value.cast());
            if !kept {
                // SAFETY: it came from a box, it is in no place any more, and no thread that
                // found it there still has it: each of them showed that before it looked a
                // second time, and after the barrier all who have it are seen.
                drop(unsafe { Box::from_raw(*value) });
            }
            kept
        });
    }
}

impl<T> Drop for Lending<T> {
    fn drop(&mut self) {
        let taken = self.taken.get_mut().unwrap_or_else(PoisonError::into_inner);
        let places = self.places.iter_mut().map(|place| *place.get_mut());
        for value in places.chain(taken.drain(..)).filter(|value| !value.is_null()) {
            // SAFETY: by the invariant it came from a box and is here once; all loans borrowed
            // the row and so have ended.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

impl<T> fmt::Debug for Lending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lending").field("places", &self.places.len()).finish_non_exhaustive()
    }
}

/// All who ever borrowed.
fn borrowers() -> impl Iterator<Item = &'static Borrower> {
    let mut next = BORROWERS.load(Ordering::Acquire).cast_const();
    std::iter::from_fn(move || {
        // SAFETY: borrowers are never freed, and `next` was set before anybody saw them.
        let one: &'static Borrower = unsafe { next.as_ref() }?;
        next = one.next;
        Some(one)
    })
}

/// Makes this thread a borrower; `None` if it is ending.
#[cold]
fn enrol() -> Option<&'static Borrower> {
    ENDING.try_with(|_| ()).ok()?;
    let free = borrowers().find(|one| {
        one.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    });
    let own = free.unwrap_or_else(|| {
        let (has, is_taken) = (AtomicPtr::new(ptr::null_mut()), AtomicBool::new(true));
        let own = Box::leak(Box::new(Borrower { has, is_taken, next: ptr::null() }));
        let mut first = BORROWERS.load(Ordering::Acquire);
        loop {
            own.next = first;
            let put = BORROWERS.compare_exchange(first, own, Ordering::AcqRel, Ordering::Acquire);
            match put {
                Ok(_) => break own,
                Err(other) => first = other,
            }
        }
    });
    OWN.set(Some(own));
    Some(own)
}
