//! A number in a view on which threads and processes agree.

#![expect(unsafe_code, reason = "atomic accesses to addresses that were checked")]

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::sys::Region;
use crate::sys::guard::{Atomic, LOST, Lost};
use crate::sys::span::{Touch, denied};
use crate::types::{Error, Operation, Result};

/// A number on which threads and processes can agree: [`u32`], [`i32`], [`u64`] or [`i64`].
///
/// Sealed: the guard knows how to touch these, and no others.
pub trait AtomicValue: Number {}

/// What [`AtomicValue`] needs of a number.
pub trait Number: Copy + Ord + fmt::Debug {
    /// The unsigned number of the same bits.
    type Bits: Atomic;

    /// Returns the bits of the number.
    fn to_bits(self) -> Self::Bits;
    /// Returns the number of these bits.
    fn of_bits(bits: Self::Bits) -> Self;
    /// Returns the difference from 0, wrapping around.
    fn negated(self) -> Self;
    /// Returns the bits that both have.
    fn and(self, other: Self) -> Self;
    /// Returns the bits that either has.
    fn or(self, other: Self) -> Self;
    /// Returns the bits that one of the two has.
    fn xor(self, other: Self) -> Self;
}

macro_rules! numbers {
    ($($type:ty as $bits:ty),*) => {
        $(
            impl AtomicValue for $type {}

            impl Number for $type {
                type Bits = $bits;

                #[inline(always)]
                fn to_bits(self) -> $bits {
                    <$bits>::from_le_bytes(self.to_le_bytes())
                }

                #[inline(always)]
                fn of_bits(bits: $bits) -> Self {
                    Self::from_le_bytes(bits.to_le_bytes())
                }

                #[inline(always)]
                fn negated(self) -> Self {
                    self.wrapping_neg()
                }

                #[inline(always)]
                fn and(self, other: Self) -> Self {
                    self & other
                }

                #[inline(always)]
                fn or(self, other: Self) -> Self {
                    self | other
                }

                #[inline(always)]
                fn xor(self, other: Self) -> Self {
                    self ^ other
                }
            }
        )*
    };
}

numbers!(u32 as u32, i32 as u32, u64 as u64, i64 as u64);

/// What has a region, and keeps it mapped.
pub(crate) trait HasRegion: Send + Sync {
    fn region(&self) -> &Region;
}

/// Who keeps a cell's region mapped.
#[derive(Clone)]
enum Keeper<'view> {
    Caller(&'view Region),
    Cell(Arc<dyn HasRegion + 'view>),
}

/// An aligned number in a view, for threads and processes to agree on.
///
/// Every operation is sequentially consistent, as [`SeqCst`] is on the atomics of the standard
/// library, and meets those, or those of any other language, on the same bytes. None of them tears.
/// A number in a view that only reads can be loaded.
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
///
/// let reader = mapping.map(Access::Read)?;
/// assert_eq!(reader.atomic::<i64>(64)?.load()?, 7);
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Errors
///
/// Of every operation: [`ErrorKind::Lost`](crate::ErrorKind::Lost),
/// [`DiskFull`](crate::ErrorKind::DiskFull) or [`Device`](crate::ErrorKind::Device) if the
/// number's page is gone; [`AccessDenied`](crate::ErrorKind::AccessDenied) if it writes, and the view
/// only reads. Nothing was then done. In a view with [`OnLoss::Zeros`](crate::OnLoss::Zeros) a change is
/// told as lost as well if its page was lost just after it, or if more than 63 losses of other pages
/// came in its middle.
///
/// [`SeqCst`]: std::sync::atomic::Ordering::SeqCst
#[derive(Clone)]
pub struct AtomicCell<'view, T: AtomicValue> {
    keeper: Keeper<'view>,
    /// Invariant: aligned, inside the region, which is mapped for reading, and for writing if this
    /// is writable.
    cell: NonNull<T::Bits>,
    offset: usize,
    /// [`WRITABLE`] and [`WATCHED`], or none or both.
    ways: u32,
}

/// The number may be written, and by the fast path.
const WRITABLE: u32 = 2;

/// The number's page may read as zeros when it is lost, so each access is looked after: see
/// [`Region::once`].
const WATCHED: u32 = LOST;

impl<'view, T: AtomicValue> AtomicCell<'view, T> {
    /// The number at an offset of a region that is borrowed.
    #[inline]
    pub(crate) fn of(region: &'view Region, offset: usize) -> Result<Self> {
        Self::new(Keeper::Caller(region), offset)
    }

    /// The number at an offset of a region that is kept mapped for it.
    pub(crate) fn kept(keeper: Arc<dyn HasRegion + 'view>, offset: usize) -> Result<Self> {
        Self::new(Keeper::Cell(keeper), offset)
    }

    #[inline]
    fn new(keeper: Keeper<'view>, offset: usize) -> Result<Self> {
        let region = keeper.region();
        let is_writable = region.span().access().can_write();
        let (touch, ways) = if is_writable { (Touch::Write, WRITABLE) } else { (Touch::Read, 0) };
        let (cell, is_watched) = region.cell(touch, offset)?;
        let ways = if is_watched { WATCHED } else { ways };
        Ok(Self { keeper, cell, offset, ways })
    }

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn load(&self) -> Result<T> {
        // SAFETY: by the type's invariant; the keeper keeps the region mapped.
        let bits = match unsafe { T::Bits::atomic_load_unless(self.cell.as_ptr(), self.ways) } {
            Some(bits) => bits,
            None => self.load_watched()?,
        };
        Ok(T::of_bits(bits))
    }

    /// Writes the number.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn store(&self, value: T) -> Result<()> {
        // SAFETY: as in `load`, and writable.
        self.write(move |cell| unsafe { T::Bits::atomic_store(cell, value.to_bits()) })
    }

    /// Writes the number and returns the one before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedExchange")]
    pub fn swap(&self, value: T) -> Result<T> {
        // SAFETY: as in `load`, and writable.
        Ok(T::of_bits(self.write(move |cell| unsafe { T::Bits::swap(cell, value.to_bits()) })?))
    }

    /// Writes `new` if the number is `current`; returns the one before, as `Ok` if it was
    /// written and as `Err` if not.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedCompareExchange")]
    pub fn compare_exchange(&self, current: T, new: T) -> Result<std::result::Result<T, T>> {
        let (bits, new) = (current.to_bits(), new.to_bits());
        // SAFETY: as in `load`, and writable.
        let before =
            self.write(move |cell| unsafe { T::Bits::compare_exchange(cell, bits, new) })?;
        let before = T::of_bits(before);
        Ok(if before == current { Ok(before) } else { Err(before) })
    }

    /// Does what [`compare_exchange`](Self::compare_exchange) does, for code that is written for both:
    /// this one does not fail without cause either.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn compare_exchange_weak(&self, current: T, new: T) -> Result<std::result::Result<T, T>> {
        self.compare_exchange(current, new)
    }

    /// Adds, wrapping around, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedExchangeAdd")]
    pub fn fetch_add(&self, value: T) -> Result<T> {
        // SAFETY: as in `load`, and writable.
        let before =
            self.write(move |cell| unsafe { T::Bits::fetch_add(cell, value.to_bits()) })?;
        Ok(T::of_bits(before))
    }

    /// Subtracts, wrapping around, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn fetch_sub(&self, value: T) -> Result<T> {
        self.fetch_add(value.negated())
    }

    /// Keeps the bits that `value` has too, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedAnd")]
    pub fn fetch_and(&self, value: T) -> Result<T> {
        self.update(|before| before.and(value))
    }

    /// Sets the bits that `value` has, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedOr")]
    pub fn fetch_or(&self, value: T) -> Result<T> {
        self.update(|before| before.or(value))
    }

    /// Flips the bits that `value` has, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    #[doc(alias = "InterlockedXor")]
    pub fn fetch_xor(&self, value: T) -> Result<T> {
        self.update(|before| before.xor(value))
    }

    /// Writes `value` if it is less, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn fetch_min(&self, value: T) -> Result<T> {
        self.update(|before| before.min(value))
    }

    /// Writes `value` if it is more, and returns the number before.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn fetch_max(&self, value: T) -> Result<T> {
        self.update(|before| before.max(value))
    }

    /// Writes what `change` makes of the number, and returns the one before.
    ///
    /// `change` is called again with the new number whenever somebody else wrote in between.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn update(&self, mut change: impl FnMut(T) -> T) -> Result<T> {
        let change = |bits| change(T::of_bits(bits)).to_bits();
        // SAFETY: as in `load`, and writable.
        self.write(|cell| unsafe { T::Bits::update(cell, change) }).map(T::of_bits)
    }

    /// Returns the address of the number, which may be read.
    pub(super) fn address(&self) -> NonNull<T::Bits> {
        self.cell
    }

    /// Returns whether what is stored to the number stays in this view, or would.
    pub(super) fn is_private(&self) -> bool {
        self.keeper.region().is_private(self.offset)
    }

    /// Returns whether the page may have been replaced by zeros.
    pub(super) fn is_watched(&self) -> bool {
        self.ways & WATCHED != 0
    }

    /// Makes a change, for which `write` gets the address of a number that may be written.
    #[inline(always)]
    fn write<R>(&self, write: impl FnOnce(*mut T::Bits) -> Option<R>) -> Result<R> {
        // Each error is told apart where it arises, so that the path without one tests nothing.
        let before = if self.ways & WRITABLE != 0 {
            write(self.cell.as_ptr()).ok_or_else(|| self.lost())?
        } else {
            self.write_watched(write)?
        };
        Ok(before)
    }

    /// Makes a change of a number that is looked after.
    #[cold]
    #[inline(never)]
    fn write_watched<R>(&self, write: impl FnOnce(*mut T::Bits) -> Option<R>) -> Result<R> {
        let region = self.keeper.region();
        if !region.span().access().can_write() {
            return Err(region.named(denied(Operation::Atomic)));
        }
        let len = size_of::<T::Bits>();
        let before = region.once(self.offset, len, || write(self.cell.as_ptr()));
        before.ok_or_else(|| self.lost())
    }

    /// Reads a number that is looked after.
    #[cold]
    #[inline(never)]
    fn load_watched(&self) -> Result<T::Bits> {
        if self.ways & WATCHED == 0 {
            return Err(self.lost());
        }
        // SAFETY: as in `load`.
        let load = || unsafe { T::Bits::atomic_load(self.cell.as_ptr()) };
        let bits = self.keeper.region().once(self.offset, size_of::<T::Bits>(), load);
        bits.ok_or_else(|| self.lost())
    }

    #[cold]
    fn lost(&self) -> Error {
        let lost = Lost { done: 0, address: Some(self.cell.addr()) };
        self.keeper.region().lost(self.offset, lost, Operation::Atomic)
    }
}

impl Keeper<'_> {
    #[inline]
    fn region(&self) -> &Region {
        match self {
            Self::Caller(region) => region,
            Self::Cell(keeper) => keeper.region(),
        }
    }
}

// SAFETY: the cell is a place in memory that all threads and processes share, reached only by
// atomic instructions; what keeps it mapped may be used and dropped by any thread.
unsafe impl<T: AtomicValue> Send for AtomicCell<'_, T> {}
// SAFETY: as above.
unsafe impl<T: AtomicValue> Sync for AtomicCell<'_, T> {}

impl<T: AtomicValue> fmt::Debug for AtomicCell<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicCell").field("offset", &self.offset).finish_non_exhaustive()
    }
}
