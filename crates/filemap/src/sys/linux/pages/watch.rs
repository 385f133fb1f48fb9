//! The views whose pages may be closed, where the handler finds them.
//!
//! A list of slots that only grows, and whose slots are used again: a handler on another thread
//! may be walking it. A slot that is being written is skipped: whoever touches the view that it is
//! for cannot have got the view yet.

#![expect(unsafe_code, reason = "what a signal handler reaches by pointers")]

use std::ptr::{NonNull, null_mut};

use crate::sys::AppendList;
use crate::sys::platform::pages::page_snapshot::PageSnapshot;
use crate::sys::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence, global};

/// A place for one view.
#[derive(Debug)]
struct Slot {
    /// Odd while the slot is written or free.
    turn: AtomicU32,
    start: AtomicUsize,
    end: AtomicUsize,
    snapshot: AtomicPtr<PageSnapshot>,
}

global!(SLOTS: AppendList<Slot> = AppendList::new());

impl Slot {
    /// Returns the snapshot in the slot if its view has an address, unless the slot is free or
    /// changes meanwhile.
    fn find(&self, address: usize) -> Option<NonNull<PageSnapshot>> {
        let turn = self.turn.load(Ordering::Acquire);
        if !turn.is_multiple_of(2) {
            return None;
        }
        let addresses = self.start.load(Ordering::Relaxed)..self.end.load(Ordering::Relaxed);
        let snapshot = self.snapshot.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let is_whole = self.turn.load(Ordering::Relaxed) == turn;
        if is_whole && addresses.contains(&address) { NonNull::new(snapshot) } else { None }
    }
}

/// Finds the view that has an address.
///
/// Called inside a signal handler: takes no lock, allocates nothing, cannot panic.
pub(super) fn find(address: usize) -> Option<NonNull<PageSnapshot>> {
    SLOTS.iter().find_map(|slot| slot.find(address))
}

/// Returns whether there was ever a view to find.
pub(super) fn is_used() -> bool {
    SLOTS.get().is_some()
}

/// A view that the handler finds until this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    slot: &'static Slot,
    /// As `Box::into_raw` gave it, and alone freed here.
    snapshot: NonNull<PageSnapshot>,
}

// SAFETY: a snapshot is of the process and not of a thread, and nothing in it changes.
unsafe impl Send for Watch {}
// SAFETY: as above.
unsafe impl Sync for Watch {}

impl Watch {
    /// Lets the handler find a view.
    pub(super) fn begin(snapshot: PageSnapshot) -> Self {
        let slot = take();
        let addresses = snapshot.addresses();
        let snapshot = NonNull::from(Box::leak(Box::new(snapshot)));
        // A handler that sees any of these sees the odd turn as well.
        fence(Ordering::Release);
        slot.start.store(addresses.start, Ordering::Relaxed);
        slot.end.store(addresses.end, Ordering::Relaxed);
        slot.snapshot.store(snapshot.as_ptr(), Ordering::Relaxed);
        slot.turn.fetch_add(1, Ordering::Release);
        Self { slot, snapshot }
    }

    /// Returns what the handler knows of the view.
    pub(super) fn snapshot(&self) -> &PageSnapshot {
        // SAFETY: it is freed when `self` is dropped, and never changed.
        unsafe { self.snapshot.as_ref() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Nobody touches the view any more, so no handler uses its snapshot.
        self.slot.turn.fetch_add(1, Ordering::AcqRel);
        // Free: see `take`.
        self.slot.start.store(0, Ordering::Release);
        // SAFETY: `begin` leaked it, and only a handler after a touch of the view looks at it.
        drop(unsafe { Box::from_raw(self.snapshot.as_ptr()) });
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
        snapshot: AtomicPtr::new(null_mut()),
    };
    SLOTS.push(slot, |_, _| false)
}
