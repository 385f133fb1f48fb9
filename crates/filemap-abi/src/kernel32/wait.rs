//! Waiting for objects: one, the first of several, or all of them.
//!
//! Mutexes, events and semaphores are the library's. A process is waited for by its `pidfd`. A file is
//! signalled, as on Windows as long as no input or output of it is under way; what stands for this
//! process or this thread is not, since it would have to end first.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Event, Mutex};

use crate::boundary::{Code, Result, quiet};
use crate::handles;
use crate::kernel32::semaphore;
use crate::numbered::{Descriptor as _, Numbered};
use crate::objects::{Object, OpenFile};
use crate::processes::Process;
use crate::waitables::{Signal, Waitable};
use crate::windows::{
    BOOL, DWORD, ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, EVENT_MODIFY_STATE,
    FALSE, HANDLE, INFINITE, MAXIMUM_WAIT_OBJECTS, SYNCHRONIZE, WAIT_ABANDONED_0, WAIT_FAILED,
    WAIT_OBJECT_0, WAIT_TIMEOUT,
};

/// How long a thread that waits for processes and for other objects looks at the others before it
/// looks at the processes again.
const SLICE: Duration = Duration::from_millis(5);

/// Something that can be waited for.
enum Target {
    Waitable(Arc<Numbered<Waitable>>),
    Process(Arc<Numbered<Process>>),
    /// A file, which is signalled.
    File(Arc<Numbered<OpenFile>>),
    /// This process or this thread.
    Own,
}

impl Target {
    /// Returns what a handle refers to that has the right to wait.
    fn of(handle: HANDLE) -> Result<Self> {
        if handles::is_invalid(handle) || handles::is_this_thread(handle) {
            return Ok(Self::Own);
        }
        match handles::find(handle)? {
            Object::Waitable(held) => {
                held.check(SYNCHRONIZE)?;
                Ok(Self::Waitable(held))
            }
            Object::Process(process) => {
                process.check(SYNCHRONIZE)?;
                Ok(Self::Process(process))
            }
            Object::File(file) => Ok(Self::File(file)),
            // It has no right to wait, as on Windows, where nothing could be waited for either.
            Object::Mapping(_) => Err(Code(ERROR_ACCESS_DENIED)),
        }
    }

    /// Returns true if both are one object, which can be taken once.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waitable(one), Self::Waitable(other)) => one.is_same_file(other),
            (Self::Process(one), Self::Process(other)) => one.is_same(other),
            (Self::File(one), Self::File(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// How a wait ended: which object was taken, and whether it was a mutex that was abandoned; `None` if
/// the time was over.
type Ended = Option<(usize, bool)>;

/// The moment at which a wait ends; `None` if it has none.
#[derive(Debug, Clone, Copy)]
struct Deadline(Option<Instant>);

impl Deadline {
    fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// Returns how long it is until then.
    fn remaining(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    fn is_past(self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }
}

/// Returns how long a call waits.
fn time(milliseconds: DWORD) -> Option<Duration> {
    (milliseconds != INFINITE).then(|| Duration::from_millis(milliseconds.into()))
}

/// Waits until one of some processes has ended, or the time is over; of none, until then.
fn sleep(processes: &[RawFd], deadline: Deadline) -> Result<()> {
    if processes.is_empty() {
        while !deadline.is_past() {
            match deadline.remaining() {
                Some(rest) => thread::sleep(rest),
                None => thread::park(),
            }
        }
        return Ok(());
    }
    while ended(processes, deadline.remaining())?.is_none() && !deadline.is_past() {}
    Ok(())
}

/// Returns which of some processes is the first one that has ended, after so long at most; sooner as
/// well.
fn ended(processes: &[RawFd], time: Option<Duration>) -> Result<Option<usize>> {
    let poll = |fd: &RawFd| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 };
    let mut polls: Vec<_> = processes.iter().map(poll).collect();
    // Up to whole milliseconds, so that the time is over after it.
    let rounded = time.map(|time| time.as_nanos().div_ceil(1_000_000));
    let limit = rounded.map_or(-1, |time| i32::try_from(time).unwrap_or(i32::MAX));
    let count = libc::nfds_t::try_from(polls.len()).unwrap_or(0);
    // SAFETY: the structures are as many, and live until the call returns.
    if unsafe { libc::poll(polls.as_mut_ptr(), count, limit) } == -1 {
        let error = std::io::Error::last_os_error();
        let is_interrupted = error.kind() == std::io::ErrorKind::Interrupted;
        return if is_interrupted { Ok(None) } else { Err(error.into()) };
    }
    Ok(polls.iter().position(|poll| poll.revents != 0))
}

/// Waits for one object.
fn one(target: &Target, time: Option<Duration>) -> Result<Ended> {
    match target {
        Target::Waitable(held) => Ok(held.signal().wait(time)?.map(|abandoned| (0, abandoned))),
        _ => first(std::slice::from_ref(target), time),
    }
}

/// Waits for the first of several objects that is signalled, and takes it.
///
/// Where there are processes as well as other objects, it looks at the processes every 5 ms.
fn first(targets: &[Target], time: Option<Duration>) -> Result<Ended> {
    let deadline = Deadline::after(time);
    let numbered = || (0..).zip(targets);
    let held: Vec<(usize, &dyn filemap::Waitable)> = numbered()
        .filter_map(|(at, target)| match target {
            Target::Waitable(held) => Some((at, held.object())),
            _ => None,
        })
        .collect();
    let (at, processes): (Vec<usize>, Vec<RawFd>) = numbered()
        .filter_map(|(at, target)| match target {
            Target::Process(process) => Some((at, process.number())),
            _ => None,
        })
        .unzip();
    let file = targets.iter().position(|target| matches!(target, Target::File(_)));
    loop {
        let is_last = deadline.is_past();
        let ended =
            if processes.is_empty() { None } else { ended(&processes, Some(Duration::ZERO))? };
        let ended = ended.map(|index| at[index]).into_iter().chain(file).min();
        // What is before the first that stays signalled can be taken in its place.
        let before = held.iter().filter(|(at, _)| ended.is_none_or(|ended| *at < ended));
        let (at, before): (Vec<usize>, Vec<&dyn filemap::Waitable>) = before.copied().unzip();
        if !before.is_empty() {
            let time = match ended {
                Some(_) => Some(Duration::ZERO),
                None if processes.is_empty() => deadline.remaining(),
                None => Some(deadline.remaining().map_or(SLICE, |rest| rest.min(SLICE))),
            };
            if let Some(signalled) = filemap::wait_any(&before, time)? {
                return Ok(Some((at[signalled.index], signalled.is_abandoned)));
            }
        }
        if let Some(ended) = ended {
            return Ok(Some((ended, false)));
        }
        if is_last {
            return Ok(None);
        }
        if before.is_empty() {
            sleep(&processes, deadline)?;
        }
    }
}

/// Waits until all of several objects are signalled at once, and takes them.
///
/// A process that has ended stays ended, and a file is signalled: so the processes are waited for
/// first, and then the others all at once.
fn all(targets: &[Target], time: Option<Duration>) -> Result<Ended> {
    let is_twice = |at: usize| targets[..at].iter().any(|other| other.is(&targets[at]));
    if (0..targets.len()).any(is_twice) {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    let deadline = Deadline::after(time);
    let mut held = Vec::new();
    for target in targets {
        match target {
            Target::Waitable(waitable) => held.push(waitable),
            Target::File(_) => {}
            Target::Own | Target::Process(_) => {
                if first(std::slice::from_ref(target), deadline.remaining())?.is_none() {
                    return Ok(None);
                }
            }
        }
    }
    let is_abandoned = match held.as_slice() {
        [] => Some(false),
        [one] => one.signal().wait(deadline.remaining())?,
        several => {
            let objects: Vec<_> = several.iter().map(|held| held.object()).collect();
            loop {
                let taken = filemap::wait_all(&objects, deadline.remaining())?;
                if taken.is_some() || deadline.0.is_some() {
                    break taken.map(|taken| taken.is_abandoned);
                }
            }
        }
    };
    Ok(is_abandoned.map(|is_abandoned| (0, is_abandoned)))
}

/// Returns what a function tells of a wait.
fn told(ended: Ended) -> DWORD {
    let number = |index| DWORD::try_from(index).unwrap_or(0);
    match ended {
        Some((index, false)) => WAIT_OBJECT_0 + number(index),
        Some((index, true)) => WAIT_ABANDONED_0 + number(index),
        None => WAIT_TIMEOUT,
    }
}

/// Waits until an object is signalled, and takes it: a mutex that no other thread owns, an event that
/// is set, a semaphore whose count is not 0, a process that has ended. A file is signalled.
///
/// Returns `WAIT_OBJECT_0`; `WAIT_ABANDONED_0` for a mutex whose last owner ended without giving it
/// back, which is owned as well; `WAIT_TIMEOUT` if the time is over; `WAIT_FAILED` on failure, and
/// only then sets the last error: `ERROR_ACCESS_DENIED` without `SYNCHRONIZE`, which mappings never
/// have.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForSingleObject(hHandle: HANDLE, dwMilliseconds: DWORD) -> DWORD {
    quiet(WAIT_FAILED, || Ok(told(one(&Target::of(hHandle)?, time(dwMilliseconds))?)))
}

/// `WaitForSingleObject`; there are no calls that could interrupt the wait.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForSingleObjectEx(
    hHandle: HANDLE,
    dwMilliseconds: DWORD,
    _bAlertable: BOOL,
) -> DWORD {
    WaitForSingleObject(hHandle, dwMilliseconds)
}

/// Waits until one of several objects is signalled, or with `bWaitAll` until all are at once.
///
/// Of several that are signalled the first one is taken, and no other is changed. Returns its number,
/// from `WAIT_OBJECT_0` on, or from `WAIT_ABANDONED_0` on; with `bWaitAll` one of these two. Otherwise
/// like `WaitForSingleObject`; there are 1 to 64 objects (`ERROR_INVALID_PARAMETER`), and with
/// `bWaitAll` none is there twice.
///
/// # Safety
///
/// `lpHandles` is null or has `nCount` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjects(
    nCount: DWORD,
    lpHandles: *const HANDLE,
    bWaitAll: BOOL,
    dwMilliseconds: DWORD,
) -> DWORD {
    quiet(WAIT_FAILED, || {
        let count = usize::try_from(nCount).unwrap_or(usize::MAX);
        if count == 0 || count > MAXIMUM_WAIT_OBJECTS {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        if lpHandles.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        let mut targets = Vec::new();
        for index in 0..count {
            // SAFETY: the caller vouches for so many handles.
            let place = unsafe { lpHandles.add(index) };
            // SAFETY: as above.
            targets.push(Target::of(unsafe { place.read_unaligned() })?);
        }
        let time = time(dwMilliseconds);
        Ok(told(match targets.as_slice() {
            [target] => one(target, time)?,
            targets if bWaitAll != FALSE => all(targets, time)?,
            targets => first(targets, time)?,
        }))
    })
}

/// `WaitForMultipleObjects`; there are no calls that could interrupt the wait.
///
/// # Safety
///
/// Those of `WaitForMultipleObjects`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjectsEx(
    nCount: DWORD,
    lpHandles: *const HANDLE,
    bWaitAll: BOOL,
    dwMilliseconds: DWORD,
    _bAlertable: BOOL,
) -> DWORD {
    // SAFETY: the caller vouches for its pointer.
    unsafe { WaitForMultipleObjects(nCount, lpHandles, bWaitAll, dwMilliseconds) }
}

/// Signals one object, and waits for another: sets an event, adds 1 to a semaphore, or gives a mutex
/// back. Others may run in between.
///
/// Returns what `WaitForSingleObject` does; if the first object cannot be signalled, or the second
/// not be waited for, `WAIT_FAILED`, and neither is changed.
#[unsafe(no_mangle)]
pub extern "C" fn SignalObjectAndWait(
    hObjectToSignal: HANDLE,
    hObjectToWaitOn: HANDLE,
    dwMilliseconds: DWORD,
    _bAlertable: BOOL,
) -> DWORD {
    quiet(WAIT_FAILED, || {
        let signalled = handles::waitable(hObjectToSignal)?;
        let target = Target::of(hObjectToWaitOn)?;
        match signalled.signal() {
            Signal::Mutex(_) => signalled.as_kind::<Mutex>(0)?.unlock()?,
            Signal::Event(_) => signalled.as_kind::<Event>(EVENT_MODIFY_STATE)?.set()?,
            Signal::Semaphore(_) => drop(semaphore::release(hObjectToSignal, 1)?),
        }
        Ok(told(one(&target, time(dwMilliseconds))?))
    })
}
