//! A value in a view that one writer replaces and any number of readers copy.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::model::slots::{self, NONE, Slots};
use crate::model::{PositionedIo as _, View};
use crate::sys::{AtomicCell, Deadline};
use crate::types::{Error, ErrorKind, Operation, Result, counted};

/// What a header begins with; the number of bytes of the value follows. `docs/sync.md` has the rest.
const MAGIC: [u8; 4] = *b"fmv1";

/// Where the version is in the header.
const VERSION: usize = 16;

/// What the header, and each of the slots, is a multiple of: a line of most caches.
const LINE: usize = 64;

/// How long a reader lets the writer overtake it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A value in a view, which one writer replaces while any number of readers take whole copies.
///
/// The writer and the readers are threads of any processes. Nobody takes a lock or waits for
/// another one: the writer never waits, a reader copies again what was replaced meanwhile, and of a
/// writer that is killed while it replaces the value the last whole one stays. A reader needs no
/// more than a view that reads.
///
/// Any type will do of which every pattern of bytes is a value, and which has no padding; derive
/// [`FromBytes`], [`IntoBytes`] and [`Immutable`] for your own.
///
/// ```
/// use std::time::Duration;
/// use filemap::{Access, FileMapping, Protection, Shared};
///
/// let mapping = FileMapping::create(Shared::<[f32; 3]>::LEN as u64, Protection::ReadWrite)?;
/// let (writer, reader) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
/// let mut position = Shared::<[f32; 3]>::create(&writer, 0)?;
/// let seen = Shared::<[f32; 3]>::open(&reader, 0)?;
/// assert_eq!(seen.snapshot()?, None);
///
/// position.publish(&[1.0, 2.0, 3.0])?;
/// let first = seen.snapshot()?.expect("it was published");
/// assert_eq!(first.value, [1.0, 2.0, 3.0]);
///
/// assert_eq!(seen.wait_next(first.version, Some(Duration::from_millis(1)))?, None);
/// position.publish(&[1.5, 2.0, 3.0])?;
/// let second = seen.wait_next(first.version, None)?.expect("there is no end of the time");
/// assert_eq!(second.value, [1.5, 2.0, 3.0]);
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Errors
///
/// Of every operation: [`ErrorKind::Lost`], [`DiskFull`](ErrorKind::DiskFull) or
/// [`Device`](ErrorKind::Device) if a page of the value is gone;
/// [`AccessDenied`](ErrorKind::AccessDenied) and [`NotCommitted`](ErrorKind::NotCommitted) if it does
/// not allow the access.
#[doc(alias = "seqlock")]
pub struct Shared<'view, T: ?Sized> {
    view: &'view View,
    version: AtomicCell<'view, u32>,
    /// Where the first slot begins in the view. Both are in it.
    slots: usize,
    /// Bytes in the value.
    len: usize,
    value: PhantomData<fn(&T)>,
}

/// A whole value, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot<T> {
    /// Each value that is published has another number than the one before. The first has 1, and
    /// none has 0.
    pub version: u32,
    /// The value.
    pub value: T,
}

/// Returns how many bytes there are from the start of a slot to the next one, for values of so many.
const fn slot_of(len: usize) -> usize {
    len.saturating_add(LINE - 1) / LINE * LINE
}

/// Returns how many bytes of a view a value of so many takes.
const fn taken(len: usize) -> usize {
    slot_of(len).saturating_mul(2).saturating_add(LINE)
}

impl<'view, T: FromBytes + IntoBytes + Immutable> Shared<'view, T> {
    /// How many bytes of a view it takes.
    pub const LEN: usize = taken(size_of::<T>());

    /// Makes a shared value of zeroed bytes at an offset, which is a multiple of 8; one that is there
    /// already is opened, with what was published.
    ///
    /// At a multiple of 64 no other value is in the same lines of the caches. Processes that do this
    /// at once open the same one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MismatchedObject`] if the shared value that is there has another number of
    /// bytes, [`ErrorKind::NoObject`] if something else is there, [`ErrorKind::InvalidRange`] if the
    /// view ends first, [`ErrorKind::Misaligned`] for another offset, [`ErrorKind::AccessDenied`] if
    /// nothing is there and the view only reads. See [the type](Self#errors).
    pub fn create(view: &'view View, offset: usize) -> Result<Self> {
        Self::find(view, offset, size_of::<T>(), true)
    }

    /// Opens the shared value at an offset.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoObject`] if there is none, and the other errors of [`create`](Self::create).
    pub fn open(view: &'view View, offset: usize) -> Result<Self> {
        Self::find(view, offset, size_of::<T>(), false)
    }

    /// Copies the value; returns nothing before the first one is published.
    ///
    /// Where the writer replaces it meanwhile, the new one is copied.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] if that has happened for two seconds: somebody publishes without a
    /// pause, and faster than the value can be copied. See [the type](Self#errors).
    #[inline]
    pub fn snapshot(&self) -> Result<Option<Snapshot<T>>> {
        let mut value = T::new_zeroed();
        match self.snapshot_into(&mut value)? {
            Some(version) => Ok(Some(Snapshot { version, value })),
            None => Ok(None),
        }
    }

    /// Waits until a value is published that has another version than `seen`, and copies it. Returns
    /// nothing if `timeout` has passed before; without one, it waits for as long as it takes.
    ///
    /// With 0, which is no value's version, it waits for the first value. It returns the latest one:
    /// whoever is slower than the writer misses those between.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot).
    ///
    /// # Platforms
    ///
    /// On Windows, and in views whose stores are private, the version is looked at again at least every
    /// millisecond: see [`AtomicCell::wait`].
    pub fn wait_next(&self, seen: u32, timeout: Option<Duration>) -> Result<Option<Snapshot<T>>> {
        let mut value = T::new_zeroed();
        match self.wait_next_into(&mut value, seen, timeout)? {
            Some(version) => Ok(Some(Snapshot { version, value })),
            None => Ok(None),
        }
    }
}

impl<'view> Shared<'view, [u8]> {
    /// Returns how many bytes of a view a shared value of `len` bytes takes.
    #[must_use]
    pub const fn taken(len: usize) -> usize {
        taken(len)
    }

    /// Makes a shared value of `len` bytes, whose type is another program's: one of the same size that
    /// is there already is opened.
    ///
    /// ```
    /// use filemap::{Access, FileMapping, Protection, Shared};
    ///
    /// let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
    /// let view = mapping.map(Access::Write)?;
    /// Shared::<[f32; 3]>::create(&view, 0)?.publish(&[1.0, 2.0, 3.0])?;
    ///
    /// let bytes = Shared::open_bytes(&view, 0, 12)?;
    /// let mut value = [0; 12];
    /// assert_eq!(bytes.snapshot_into(&mut value)?, Some(1));
    /// assert_eq!(value[..4], 1.0_f32.to_le_bytes());
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`create`](Self::create). Of the methods that take a value:
    /// [`ErrorKind::MismatchedObject`] if that has another length.
    pub fn create_bytes(view: &'view View, offset: usize, len: usize) -> Result<Self> {
        Self::find(view, offset, len, true)
    }

    /// Opens the shared value of `len` bytes at an offset.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoObject`] if there is none, and the other errors of
    /// [`create_bytes`](Self::create_bytes).
    pub fn open_bytes(view: &'view View, offset: usize, len: usize) -> Result<Self> {
        Self::find(view, offset, len, false)
    }
}

impl<'view, T: FromBytes + IntoBytes + Immutable + ?Sized> Shared<'view, T> {
    fn find(view: &'view View, offset: usize, len: usize, create: bool) -> Result<Self> {
        Self::at(view, offset, len, create).map_err(|error| error.during(Operation::OpenShared))
    }

    fn at(view: &'view View, offset: usize, len: usize, create: bool) -> Result<Self> {
        let operation = Operation::OpenShared;
        view.check_readable(offset, taken(len), operation)?;
        let Ok(size) = u32::try_from(len) else {
            return Err(Error::new(ErrorKind::SizeTooLarge, operation)
                .because("a shared value has less than 4 GiB"));
        };
        let [a, b, c, d] = MAGIC;
        let [e, f, g, h] = size.to_le_bytes();
        let ours = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let kind = view.atomic::<u64>(offset)?;
        let version = view.atomic::<u32>(offset + VERSION)?;

        // In this order: who finds a version where there was no shared value finds something else.
        let is_used = version.load()? != NONE;
        let mut present = kind.load()?;
        if present == 0 && create && !is_used {
            present = match kind.compare_exchange(0, ours)? {
                Ok(_) => ours,
                Err(other) => other,
            };
        }
        if present != ours {
            return Err(Self::refused(present.to_le_bytes(), is_used, offset, len));
        }
        Ok(Self { view, version, slots: offset + LINE, len, value: PhantomData })
    }

    /// Returns the error of a header that is not ours, which begins with `present`.
    #[cold]
    fn refused(present: [u8; 8], is_used: bool, offset: usize, len: usize) -> Error {
        let ([a, b, c, d, e, f, g, h], operation) = (present, Operation::OpenShared);
        if [a, b, c, d] == MAGIC {
            let [there, here] =
                [u32::from_le_bytes([e, f, g, h]) as usize, len].map(|len| counted(len as u64));
            return Error::new(ErrorKind::MismatchedObject, operation)
                .because(format!("the one at {offset} has {there}, and this type has {here}"));
        }
        let is_zero = present == [0; 8] && !is_used;
        let what = if is_zero { "nothing was made there" } else { "something else is there" };
        Error::new(ErrorKind::NoObject, operation)
            .because(format!("there is none at {offset}: {what}"))
    }

    /// Replaces the value, wakes those who wait for the next one, and returns its version.
    ///
    /// There is one writer at a time, of all threads and processes. Two at once leave mixed values,
    /// which nobody notices. One that was killed can be followed by another at once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] if the view only reads. See [the type](Self#errors). The value is
    /// then the one before, or the new one of which nobody was told.
    #[inline]
    pub fn publish(&mut self, value: &T) -> Result<u32> {
        self.check(size_of_val(value))?;
        let version = slots::publish(self, value)?;
        self.version.notify_all()?;
        Ok(version)
    }

    /// Copies the value as [`snapshot`](Self::snapshot) does, into the place of another one, and
    /// returns its version.
    ///
    /// That is the faster way for values of more than a few hundred bytes, which are then not moved,
    /// and the one for those that are too long for a stack.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot). `value` may then have parts of several values; where
    /// none was published, it is as it was.
    #[inline(always)]
    pub fn snapshot_into(&self, value: &mut T) -> Result<Option<u32>> {
        self.check(size_of_val(value))?;
        let mut patience = None;
        slots::snapshot(self, value, || Self::overtaken(&mut patience))
    }

    /// Returns the version of the present value; 0 before the first one.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    #[inline]
    pub fn version(&self) -> Result<u32> {
        self.version.load()
    }

    /// Waits as [`wait_next`](Self::wait_next) does, copies the value into the place of another one,
    /// and returns its version.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot_into`](Self::snapshot_into), with what is said there of `value`; it may
    /// have changed as well where nothing is returned.
    ///
    /// # Platforms
    ///
    /// See [`wait_next`](Self::wait_next).
    pub fn wait_next_into(
        &self,
        value: &mut T,
        seen: u32,
        timeout: Option<Duration>,
    ) -> Result<Option<u32>> {
        self.check(size_of_val(value))?;
        let (deadline, mut patience) = (Deadline::after(timeout), None);
        loop {
            let version = self.version()?;
            if version == seen || version == NONE {
                if !self.version.wait_until(version, deadline)? {
                    return Ok(None);
                }
                continue;
            }
            let mut is_over = false;
            let found = slots::snapshot(self, value, || {
                is_over = deadline.is_past();
                if is_over { Err(Self::too_fast()) } else { Self::overtaken(&mut patience) }
            });
            match found {
                Err(_) if is_over => return Ok(None),
                Err(error) => return Err(error),
                Ok(Some(version)) if version != seen => return Ok(Some(version)),
                // Somebody has set it back.
                Ok(_) if deadline.is_past() => return Ok(None),
                Ok(_) => {}
            }
        }
    }

    /// Refuses a value of another length.
    #[inline(always)]
    fn check(&self, len: usize) -> Result<()> {
        if len == self.len { Ok(()) } else { Err(self.mismatched(len)) }
    }

    #[cold]
    #[inline(never)]
    fn mismatched(&self, len: usize) -> Error {
        let [there, here] = [self.len, len].map(|len| counted(len as u64));
        Error::new(ErrorKind::MismatchedObject, Operation::OpenShared)
            .about("the shared value")
            .because(format!("it has {there}, and the given one {here}"))
    }

    /// Lets a reader try again that the writer has overtaken, for a while.
    #[cold]
    #[inline(never)]
    fn overtaken(patience: &mut Option<Deadline>) -> Result<()> {
        let patience = patience.get_or_insert_with(|| Deadline::after(Some(PATIENCE)));
        if patience.is_past() { Err(Self::too_fast()) } else { Ok(()) }
    }

    fn too_fast() -> Error {
        Error::new(ErrorKind::TimedOut, Operation::Read)
            .about("the shared value")
            .because("it was replaced again and again, before it was copied, for two seconds")
    }

    /// Returns where a slot is in the view.
    #[inline]
    fn slot(&self, second: bool) -> usize {
        self.slots + if second { slot_of(self.len) } else { 0 }
    }
}

impl<T: FromBytes + IntoBytes + Immutable + ?Sized> Slots for Shared<'_, T> {
    type Value = T;

    #[inline(always)]
    fn version(&self) -> Result<u32> {
        self.version.load()
    }

    #[inline(always)]
    fn set_version(&self, version: u32) -> Result<()> {
        self.version.store(version)
    }

    #[inline(always)]
    fn load(&self, second: bool, into: &mut T) -> Result<()> {
        self.view.read_exact_at(into.as_mut_bytes(), self.slot(second) as u64)
    }

    #[inline(always)]
    fn store(&self, second: bool, value: &T) -> Result<()> {
        self.view.write_all_at(value.as_bytes(), self.slot(second) as u64)
    }
}

impl<T: ?Sized> fmt::Debug for Shared<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("offset", &(self.slots - LINE)).finish_non_exhaustive()
    }
}
