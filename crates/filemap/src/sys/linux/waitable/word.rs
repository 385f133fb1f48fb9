//! A number in an object's shared page.

#![expect(unsafe_code, reason = "atomic accesses to a page that other processes may cut off")]

use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::sys::guard::{Atomic, Scalar as _};
use crate::sys::platform::step::{self, Step};

/// The object's page was cut off: somebody made its file shorter, or removed it from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// One number of 32 bits in the shared page of an object, on which processes agree.
///
/// Invariant: aligned, and in a page that is mapped for reading and writing while the borrow lasts,
/// which began after the handler of faults was installed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'page> {
    at: NonNull<u32>,
    page: PhantomData<&'page ()>,
}

impl Word<'_> {
    /// The number at an address.
    ///
    /// # Safety
    ///
    /// The type's invariant.
    pub(super) const unsafe fn at(at: NonNull<u32>) -> Self {
        Self { at, page: PhantomData }
    }

    /// Returns the address, at which threads sleep.
    #[inline(always)]
    pub(super) fn address(self) -> NonNull<u32> {
        self.at
    }

    #[inline(always)]
    pub(super) fn load(self) -> Result<u32, Gone> {
        step::reached(Step::Object);
        // SAFETY: by the type's invariant.
        unsafe { u32::atomic_load(self.at.as_ptr()) }.ok_or(Gone)
    }

    /// Stores a value that whoever sees it sees everything before it.
    ///
    /// Later loads may come before it: what is decided by those is decided under a lock, whose
    /// instructions order all accesses.
    #[inline(always)]
    pub(super) fn store(self, value: u32) -> Result<(), Gone> {
        step::reached(Step::Object);
        let at = self.at.as_ptr();
        // This processor keeps the order of stores.
        let stored = if cfg!(target_arch = "x86_64") {
            // SAFETY: by the type's invariant.
            unsafe { u32::store(at, value) }
        } else {
            // SAFETY: as above.
            unsafe { u32::atomic_store(at, value) }
        };
        stored.ok_or(Gone)
    }

    /// Stores `new` if the number is `current`; returns whether it was.
    #[inline(always)]
    pub(super) fn replace(self, current: u32, new: u32) -> Result<bool, Gone> {
        step::reached(Step::Object);
        // SAFETY: by the type's invariant.
        let before = unsafe { u32::compare_exchange(self.at.as_ptr(), current, new) };
        before.map(|before| before == current).ok_or(Gone)
    }

    /// Adds, wrapping around, and returns the number after.
    pub(super) fn add(self, value: u32) -> Result<u32, Gone> {
        step::reached(Step::Object);
        // SAFETY: by the type's invariant.
        let before = unsafe { u32::fetch_add(self.at.as_ptr(), value) };
        before.map(|before| before.wrapping_add(value)).ok_or(Gone)
    }
}

/// Two numbers of an object, one after the other, that are exchanged as one.
///
/// Invariant: the first one's, for both; the first one is at a multiple of 8.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'page>(Word<'page>);

impl<'page> Pair<'page> {
    /// The number and the one after it.
    ///
    /// # Safety
    ///
    /// The type's invariant.
    #[inline(always)]
    pub(super) const unsafe fn at(first: Word<'page>) -> Self {
        Self(first)
    }

    /// Stores `new` if the numbers are `current`; returns whether they were.
    #[inline(always)]
    pub(super) fn replace(self, current: (u32, u32), new: (u32, u32)) -> Result<bool, Gone> {
        step::reached(Step::Object);
        let at = self.0.address().cast::<u64>().as_ptr();
        let (current, new) = (as_one(current), as_one(new));
        // SAFETY: by the type's invariant.
        let before = unsafe { u64::compare_exchange(at, current, new) };
        before.map(|before| before == current).ok_or(Gone)
    }
}

/// Returns the number of 64 bits that two numbers are in memory.
const fn as_one((first, second): (u32, u32)) -> u64 {
    let (first, second) = (first as u64, second as u64);
    if cfg!(target_endian = "little") { first | second << 32 } else { second | first << 32 }
}
