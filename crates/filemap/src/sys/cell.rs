#![expect(unsafe_code, reason = "atomic accesses to addresses that were checked")]

use std::fmt;
use std::ptr::NonNull;

use crate::sys::guard::{Atomic, Lost};
use crate::sys::{Copying as _, Region};
use crate::types::{Operation, Result};

/// A number on which threads and processes can agree: [`u32`] or [`u64`].
///
/// Sealed: the guard knows how to touch these, and no others.
pub trait AtomicValue: Atomic + fmt::Debug {}

impl AtomicValue for u32 {}
impl AtomicValue for u64 {}

/// An aligned number in a view, for threads and processes to agree on.
///
/// Every operation is sequentially consistent and meets the atomics of the standard library,
/// or of any other language, on the same bytes. None of them tears.
///
/// ```
/// use filemap::{Access, FileMapping, Protection};
///
/// let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
/// let view = mapping.map(Access::Write)?;
/// let count = view.atomic::<u64>(64)?;
/// count.fetch_add(2)?;
/// assert_eq!(count.compare_exchange(2, 7)?, Ok(2));
/// assert_eq!(view.read::<u64>(64)?, 7);
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Errors
///
/// Of every operation: [`ErrorKind::Lost`](crate::ErrorKind::Lost),
/// [`DiskFull`](crate::ErrorKind::DiskFull) or [`Device`](crate::ErrorKind::Device) if the
/// number's page is gone; nothing was then done.
#[derive(Clone, Copy)]
pub struct AtomicCell<'view, T> {
    region: &'view Region,
    /// Invariant: aligned, inside the region, which is mapped for writing.
    cell: NonNull<T>,
    offset: usize,
}

impl<'view, T: AtomicValue> AtomicCell<'view, T> {
    pub(crate) fn of(region: &'view Region, offset: usize) -> Result<Self> {
        Ok(Self { region, cell: region.cell(offset)?, offset })
    }

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn load(&self) -> Result<T> {
        // SAFETY: by the type's invariant; the region stays mapped while it is borrowed.
        unsafe { T::atomic_load(self.cell.as_ptr()) }.map_err(|lost| self.lost(lost))
    }

    /// Writes the number.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn store(&self, value: T) -> Result<()> {
        // SAFETY: as in `load`.
        unsafe { T::atomic_store(self.cell.as_ptr(), value) }.map_err(|lost| self.lost(lost))
    }

    /// Writes the number and returns the one before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn swap(&self, value: T) -> Result<T> {
        // SAFETY: as in `load`.
        unsafe { T::swap(self.cell.as_ptr(), value) }.map_err(|lost| self.lost(lost))
    }

    /// Writes `new` if the number is `current`; returns the one before, as `Ok` if it was
    /// written and as `Err` if not.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T) -> Result<std::result::Result<T, T>> {
        // SAFETY: as in `load`.
        unsafe { T::compare_exchange(self.cell.as_ptr(), current, new) }
            .map_err(|lost| self.lost(lost))
    }

    /// Adds, wrapping around, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedExchangeAdd")]
    pub fn fetch_add(&self, value: T) -> Result<T> {
        // SAFETY: as in `load`.
        unsafe { T::fetch_add(self.cell.as_ptr(), value) }.map_err(|lost| self.lost(lost))
    }

    /// Keeps the bits that `value` has too, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn fetch_and(&self, value: T) -> Result<T> {
        // SAFETY: as in `load`.
        unsafe { T::fetch_and(self.cell.as_ptr(), value) }.map_err(|lost| self.lost(lost))
    }

    /// Sets the bits that `value` has, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn fetch_or(&self, value: T) -> Result<T> {
        // SAFETY: as in `load`.
        unsafe { T::fetch_or(self.cell.as_ptr(), value) }.map_err(|lost| self.lost(lost))
    }

    #[cold]
    fn lost(&self, lost: Lost) -> crate::types::Error {
        self.region.lost(self.offset, lost, Operation::Atomic)
    }
}

// SAFETY: the cell is a place in memory that all threads and processes share, reached only by
// atomic instructions; the region that it borrows is `Sync`.
unsafe impl<T: Send> Send for AtomicCell<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for AtomicCell<'_, T> {}

impl<T> fmt::Debug for AtomicCell<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicCell").field("offset", &self.offset).finish_non_exhaustive()
    }
}
