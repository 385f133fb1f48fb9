//! Waiting for one of several objects, or for all of them.

use std::time::Duration;

use crate::model::waitable::handle::HasHandle;
use crate::sys::{Satisfied, Waitable as Object, WaitableContract as _};
use crate::types::{Error, ErrorKind, Operation, Result};

/// An object that can be waited for: a [`Mutex`](crate::Mutex), an [`Event`](crate::Event) or a
/// [`Semaphore`](crate::Semaphore).
///
/// Sealed: it is of this library's objects alone.
pub trait Waitable: HasHandle {}

impl<T: HasHandle> Waitable for T {}

/// The most objects that can be waited for at once, as on Windows.
const MOST: usize = 64;

/// How a wait for several objects was satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a mutex that was waited for is owned"]
pub struct Signalled {
    /// Which of the objects was signalled, counted from 0; 0 for all of them.
    pub index: usize,
    /// Whether a mutex was taken whose last owner ended while it owned it.
    pub is_abandoned: bool,
}

/// Waits until one of several objects is signalled, and takes the first one that is; `None` if
/// `timeout` is over.
///
/// Of several that are signalled the one with the lowest index is taken, and no other is changed. A
/// mutex is owned from then on, and is given back by [`Mutex::unlock`](crate::Mutex::unlock). The
/// same object may be there twice.
///
/// ```
/// use std::time::Duration;
///
/// use filemap::{Event, Semaphore, wait_any};
///
/// let stop = Event::options().create()?;
/// let work = Semaphore::options(10).count(1).create()?;
/// let first = wait_any(&[&stop, &work], Some(Duration::from_secs(1)))?;
/// assert_eq!(first.map(|signalled| signalled.index), Some(1));
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`] for no object, or more than 64; those of
/// [`Event::set`](crate::Event::set) and [`Mutex::lock`](crate::Mutex::lock).
#[doc(alias = "WaitForMultipleObjects")]
pub fn wait_any(objects: &[&dyn Waitable], timeout: Option<Duration>) -> Result<Option<Signalled>> {
    let objects = listed(objects)?;
    // One that waits for an event alone is also released by a pulse.
    if let [object] = objects[..] {
        return Ok(object.wait(timeout)?.map(|satisfied| signalled(0, satisfied)));
    }
    let satisfied = Object::wait_any(&objects, timeout)?;
    Ok(satisfied.map(|(index, satisfied)| signalled(index, satisfied)))
}

/// Waits until all objects are signalled at once, and takes all of them; `None` if `timeout` is over.
///
/// Before that none is changed.
///
/// ```
/// use std::time::Duration;
///
/// use filemap::{Event, Semaphore, wait_all};
///
/// let ready = Event::options().create()?;
/// let work = Semaphore::options(10).count(1).create()?;
/// assert!(wait_all(&[&ready, &work], Some(Duration::ZERO))?.is_none());
/// assert_eq!(work.count()?, 1);
///
/// ready.set()?;
/// assert!(wait_all(&[&ready, &work], None)?.is_some());
/// assert_eq!(work.count()?, 0);
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`] for no object, more than 64, or one that is there twice; those of
/// [`wait_any`].
#[doc(alias = "WaitForMultipleObjects")]
#[doc(alias = "bWaitAll")]
pub fn wait_all(objects: &[&dyn Waitable], timeout: Option<Duration>) -> Result<Option<Signalled>> {
    let objects = listed(objects)?;
    let is_twice = |at: usize| objects[..at].iter().any(|other| other.is_same(objects[at]));
    if (0..objects.len()).any(is_twice) {
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::Wait)
            .about("all objects")
            .because("one of them is there twice, and can be taken once"));
    }
    if let [object] = objects[..] {
        return Ok(object.wait(timeout)?.map(|satisfied| signalled(0, satisfied)));
    }
    let satisfied = Object::wait_all(&objects, timeout)?;
    Ok(satisfied.map(|satisfied| signalled(0, satisfied)))
}

fn listed<'objects>(objects: &[&'objects dyn Waitable]) -> Result<Vec<&'objects Object>> {
    if objects.is_empty() || objects.len() > MOST {
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::Wait)
            .about("several objects")
            .because(format!("{} is not from 1 to {MOST}", objects.len())));
    }
    Ok(objects.iter().map(|object| &object.handle().object).collect())
}

fn signalled(index: usize, satisfied: Satisfied) -> Signalled {
    Signalled { index, is_abandoned: satisfied == Satisfied::Abandoned }
}
