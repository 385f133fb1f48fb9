//! The views whose lost pages are replaced, where the handler finds them.
//!
//! A list of slots that only grows, and whose slots are used again: a handler on another thread may
//! be walking it. Whoever takes a view off waits until no handler is in its slot.

#![expect(unsafe_code, reason = "what a signal handler reaches by pointers")]

use std::ptr::{NonNull, null_mut};

use crate::sys::AppendList;
use crate::sys::platform::fork;
use crate::sys::platform::zeros::view::ZerosView;
use crate::sys::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence, global};

/// Generations of processes that count for themselves; those after share a count.
const GENERATIONS: usize = 8;

/// A place for one view.
#[derive(Debug)]
struct Slot {
    /// Odd while the slot is written or free.
    turn: AtomicU32,
    start: AtomicUsize,
    end: AtomicUsize,
    view: AtomicPtr<ZerosView>,
    /// How many handlers are in the slot, for each number of forks that led to the process: a child
    /// has none of its parent's threads, and begins to count anew.
    inside: [AtomicU32; GENERATIONS],
}

global!(SLOTS: AppendList<Slot> = AppendList::new());

/// The number of the count of this process.
fn generation() -> usize {
    fork::generation().min(GENERATIONS - 1)
}

/// A view that a handler is working on, and that stays until this is dropped.
#[derive(Debug)]
pub(super) struct Entered {
    slot: &'static Slot,
    generation: usize,
    view: NonNull<ZerosView>,
}

impl Slot {
    /// Enters the slot if its view has an address.
    fn enter(&'static self, address: usize) -> Option<Entered> {
        // Who touches a view has it, so its slot is not being written.
        let has = || {
            let (start, end) = (&self.start, &self.end);
            (start.load(Ordering::Relaxed)..end.load(Ordering::Relaxed)).contains(&address)
        };
        if !has() {
            return None;
        }
        let generation = generation();
        self.inside[generation].fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let is_taken = self.turn.load(Ordering::SeqCst).is_multiple_of(2);
        // From here on nobody writes to the slot: that would be after waiting for this.
        let view = NonNull::new(self.view.load(Ordering::Relaxed)).filter(|_| is_taken && has());
        if view.is_none() {
            self.inside[generation].fetch_sub(1, Ordering::Release);
        }
        view.map(|view| Entered { slot: self, generation, view })
    }
}

impl Entered {
    pub(super) fn view(&self) -> &ZerosView {
        // SAFETY: it is freed by `Watch::end` alone, after the slot's turn has become odd and then no
        // handler was inside. `enter` has counted itself before it saw an even turn, both in the
        // order that all agree on; so it was waited for, or `end` is still to come and will wait.
        unsafe { self.view.as_ref() }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.slot.inside[self.generation].fetch_sub(1, Ordering::Release);
    }
}

/// Enters the view that has an address.
///
/// Called inside a signal handler: takes no lock, allocates nothing, cannot panic.
pub(super) fn enter(address: usize) -> Option<Entered> {
    SLOTS.iter().find_map(|slot| slot.enter(address))
}

/// A view that the handler finds until [`end`](Self::end) is called.
#[derive(Debug)]
pub(super) struct Watch {
    slot: &'static Slot,
    /// As `Box::into_raw` gave it, and alone freed here.
    view: NonNull<ZerosView>,
}

// SAFETY: what is known of a view is of the process and not of a thread, and is shared with handlers
// on other threads anyway.
unsafe impl Send for Watch {}
// SAFETY: as above.
unsafe impl Sync for Watch {}

impl Watch {
    /// Lets the handler find a view.
    pub(super) fn begin(view: ZerosView) -> Self {
        let slot = take();
        let addresses = view.addresses();
        let view = NonNull::from(Box::leak(Box::new(view)));
        // A handler that sees any of these sees the odd turn as well.
        fence(Ordering::Release);
        slot.view.store(view.as_ptr(), Ordering::Relaxed);
        slot.end.store(addresses.end, Ordering::Relaxed);
        slot.start.store(addresses.start, Ordering::Relaxed);
        slot.turn.fetch_add(1, Ordering::SeqCst);
        Self { slot, view }
    }

    /// Returns what the handler knows of the view.
    pub(super) fn view(&self) -> &ZerosView {
        // SAFETY: it is freed by `end`, which consumes `self`.
        unsafe { self.view.as_ref() }
    }

    /// Takes the view off the list, and waits until no handler is in it; returns whether that is so.
    ///
    /// `wait` waits a moment and returns whether to go on. If it gives up, what the handler may be
    /// using stays as it is for ever.
    #[must_use = "pages that a handler may be replacing must not be unmapped"]
    pub(super) fn end(self, mut wait: impl FnMut() -> bool) -> bool {
        let Self { slot, view } = self;
        slot.turn.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        while slot.inside[generation()].load(Ordering::SeqCst) != 0 {
            if !wait() {
                return false;
            }
        }
        // SAFETY: `begin` leaked it, no handler is in the slot, and whoever enters it from now on sees
        // the odd turn.
        drop(unsafe { Box::from_raw(view.as_ptr()) });
        slot.end.store(0, Ordering::Relaxed);
        // Free: see `take`.
        slot.start.store(0, Ordering::Release);
        true
    }
}

/// Returns a slot for this thread alone: a free one, or a new one.
fn take() -> &'static Slot {
    /// No view is there; the start of a free slot is 0.
    const TAKEN: usize = 1;
    for slot in SLOTS.iter() {
        let taken = slot.start.compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed);
        if taken.is_ok() {
            return slot;
        }
    }
    let slot = Slot {
        turn: AtomicU32::new(1),
        start: AtomicUsize::new(TAKEN),
        end: AtomicUsize::new(0),
        view: AtomicPtr::new(null_mut()),
        inside: std::array::from_fn(|_| AtomicU32::new(0)),
    };
    SLOTS.push(slot, |_, _| false)
}
