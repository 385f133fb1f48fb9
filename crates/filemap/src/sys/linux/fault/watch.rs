//! The views whose pages may be closed, where the handler finds them.
//!
//! A list of slots that only grows, and whose slots are used again: a handler on another thread
//! may be walking it. A slot that is being written is passed over: whoever touches the view that
//! it is for cannot have got it yet.

use std::io;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

use super::opening;
use crate::sys::platform::pages::Outline;
use crate::types::PageAccess;

/// A place for the outline of one view.
struct Slot {
    /// Odd while the slot is written or free.
    turn: AtomicU32,
    base: AtomicUsize,
    count: AtomicUsize,
    access: AtomicUsize,
    marks: AtomicPtr<AtomicU8>,
    /// The descriptor of a commitment in its lower half; its upper half says that there is one.
    descriptor: AtomicU64,
    commitment: AtomicU64,
    older: AtomicPtr<Slot>,
}

static NEWEST: AtomicPtr<Slot> = AtomicPtr::new(null_mut());

/// All slots there are.
fn slots() -> impl Iterator<Item = &'static Slot> {
    let mut next = NEWEST.load(Ordering::Acquire);
    std::iter::from_fn(move || {
        // SAFETY: null or a slot that `take` leaked, complete before it was published.
        let slot = unsafe { next.as_ref() }?;
        next = slot.older.load(Ordering::Acquire);
        Some(slot)
    })
}

impl Slot {
    fn new() -> Self {
        Self {
            turn: AtomicU32::new(1),
            base: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            access: AtomicUsize::new(0),
            marks: AtomicPtr::new(null_mut()),
            descriptor: AtomicU64::new(0),
            commitment: AtomicU64::new(0),
            older: AtomicPtr::new(null_mut()),
        }
    }

    /// The outline in the slot, unless it is free or changes meanwhile.
    fn outline(&self) -> Option<Outline> {
        let turn = self.turn.load(Ordering::Acquire);
        if !turn.is_multiple_of(2) {
            return None;
        }
        let outline = Outline {
            base: self.base.load(Ordering::Relaxed),
            count: self.count.load(Ordering::Relaxed),
            access: *PageAccess::ALL.get(self.access.load(Ordering::Relaxed))?,
            marks: NonNull::new(self.marks.load(Ordering::Relaxed))?,
            descriptor: descriptor(self.descriptor.load(Ordering::Relaxed)),
            commitment: self.commitment.load(Ordering::Relaxed),
        };
        fence(Ordering::Acquire);
        (self.turn.load(Ordering::Relaxed) == turn).then_some(outline)
    }

    /// Fills a slot that is this thread's alone.
    fn fill(&self, outline: &Outline) {
        let access = PageAccess::ALL.iter().position(|access| *access == outline.access);
        let descriptor = match u32::try_from(outline.descriptor) {
            Ok(descriptor) => u64::from(descriptor) | 1 << 32,
            Err(_) => 0,
        };
        self.base.store(outline.base, Ordering::Relaxed);
        self.count.store(outline.count, Ordering::Relaxed);
        self.access.store(access.unwrap_or(usize::MAX), Ordering::Relaxed);
        self.marks.store(outline.marks.as_ptr(), Ordering::Relaxed);
        self.descriptor.store(descriptor, Ordering::Relaxed);
        self.commitment.store(outline.commitment, Ordering::Relaxed);
    }
}

fn descriptor(packed: u64) -> i32 {
    let [one, two, three, four, marked, ..] = packed.to_le_bytes();
    if marked == 0 { -1 } else { i32::from_le_bytes([one, two, three, four]) }
}

/// Finds the view that has an address.
///
/// Called inside a signal handler: takes no lock, allocates nothing, cannot panic.
pub(super) fn find(address: usize) -> Option<(Outline, usize)> {
    slots().find_map(|slot| {
        let outline = slot.outline()?;
        Some((outline, outline.page_of(address)?))
    })
}

/// Tells whether there was ever a view to know.
pub(super) fn is_used() -> bool {
    !NEWEST.load(Ordering::Acquire).is_null()
}

/// The handler's knowledge of one view, until this is dropped.
pub(in crate::sys::platform) struct Watch(&'static Slot);

impl Watch {
    /// Lets the handler know a view, and installs it if it is not there.
    ///
    /// # Errors
    ///
    /// If the process is forbidden to handle signals.
    pub(in crate::sys::platform) fn begin(outline: &Outline) -> io::Result<Self> {
        opening::ensure()?;
        let watch = Self(take());
        watch.0.fill(outline);
        watch.0.turn.fetch_add(1, Ordering::Release);
        Ok(watch)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Nobody touches the view any more, so no handler is after its outline.
        self.0.turn.fetch_add(1, Ordering::AcqRel);
        // Free: the next one to take it says so by the base.
        self.0.base.store(0, Ordering::Release);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// A slot for this thread alone: a free one, or a new one.
fn take() -> &'static Slot {
    /// No view is there.
    const TAKEN: usize = 1;
    for slot in slots() {
        let taken = slot.base.compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed);
        if taken.is_ok() {
            return slot;
        }
    }
    let slot: &'static Slot = Box::leak(Box::new(Slot::new()));
    slot.base.store(TAKEN, Ordering::Relaxed);
    let place = std::ptr::from_ref(slot).cast_mut();
    let mut newest = NEWEST.load(Ordering::Acquire);
    loop {
        slot.older.store(newest, Ordering::Release);
        match NEWEST.compare_exchange(newest, place, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return slot,
            Err(now) => newest = now,
        }
    }
}
