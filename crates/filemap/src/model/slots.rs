//! Two slots and the version that says which of them has the value: how a value is read while it is
//! replaced.
//!
//! The writer stores a value to the slot that the present version does not name, and then the next
//! version, which names it. So the value of the present version stays whole whatever becomes of the
//! writer. A reader copies a slot, and takes the copy if the version is afterwards what it was
//! before: it is stored to again only once another version is there.
//!
//! # Order
//!
//! Copies are accesses in no order, and an atomic access orders them on one side alone: a store keeps
//! those before it before it, a load those after it after it. The other two sides are fences.
//!
//! | what must not pass | what keeps it |
//! |---|---|
//! | the stores to a slot, and the version that names it | the store of the version |
//! | a version, and the stores to the slot that it no longer names | the writer's fence, of release |
//! | the version, and the loads from the slot that it names | the load of the version |
//! | the loads from a slot, and the second look at the version | the reader's fence, of acquire |
//!
//! A load that finds what was stored to a slot after the writer's fence thereby makes the second look
//! find the version before that fence, or a later one: not the one that named the slot. On x86-64 the
//! fences are no instructions; on 64-bit ARM both are needed.

use crate::sys::sync::{Ordering, fence};
use crate::types::Result;

/// The version before the first value.
pub(crate) const NONE: u32 = 0;

/// A version and the slots of two values.
pub(crate) trait Slots {
    type Value: ?Sized;

    /// Reads the version; what comes after it happens after it.
    fn version(&self) -> Result<u32>;

    /// Stores the version; what comes before it happens before it.
    fn set_version(&self, version: u32) -> Result<()>;

    /// Copies the value of a slot, the first or the second.
    fn load(&self, second: bool, into: &mut Self::Value) -> Result<()>;

    /// Copies a value to a slot, the first or the second.
    fn store(&self, second: bool, value: &Self::Value) -> Result<()>;
}

/// Replaces the value, and returns its version. There is only one writer.
#[inline]
pub(crate) fn publish<S: Slots>(slots: &S, value: &S::Value) -> Result<u32> {
    let version = next(slots.version()?);
    fence(Ordering::Release);
    slots.store(is_second(version), value)?;
    slots.set_version(version)?;
    Ok(version)
}

/// Copies the value, and returns its version, if there is one.
///
/// Where the writer has replaced it meanwhile, `overtaken` decides whether to try again.
#[inline(always)]
pub(crate) fn snapshot<S: Slots>(
    slots: &S,
    into: &mut S::Value,
    mut overtaken: impl FnMut() -> Result<()>,
) -> Result<Option<u32>> {
    loop {
        let version = slots.version()?;
        if version == NONE {
            return Ok(None);
        }
        slots.load(is_second(version), into)?;
        fence(Ordering::Acquire);
        if slots.version()? == version {
            return Ok(Some(version));
        }
        overtaken()?;
    }
}

/// Returns the version that follows, which names the other slot. After the last one that is the
/// first that does so and is not [`NONE`].
fn next(version: u32) -> u32 {
    version.checked_add(1).unwrap_or(2)
}

fn is_second(version: u32) -> bool {
    !version.is_multiple_of(2)
}
