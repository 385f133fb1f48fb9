//! `WaitOnAddress`: threads of this process that wait until bytes of its memory change.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::boundary::{Code, Result, quiet};
use crate::fork_lock::ForkLock;
use crate::windows::{
    BOOL, DWORD, ERROR_INVALID_PARAMETER, ERROR_TIMEOUT, FALSE, INFINITE, LPVOID, PVOLATILE_VOID,
    SIZE_T, TRUE,
};

/// A thread that waits.
struct Waiter {
    address: usize,
    thread: Thread,
    is_woken: AtomicBool,
}

/// The threads that wait, the oldest first.
struct Waiters {
    /// The process that they are of: a forked child has none of its parent's.
    process: u32,
    queue: VecDeque<Arc<Waiter>>,
}

/// Whoever has changed a value wakes under this lock those who have compared it under it: nobody
/// sleeps through a change.
static WAITERS: ForkLock<Waiters> = ForkLock::new(Waiters { process: 0, queue: VecDeque::new() });

/// Does something with the threads of this process that wait.
fn change<T>(change: impl FnOnce(&mut VecDeque<Arc<Waiter>>) -> T) -> T {
    let mut waiters = WAITERS.write();
    let process = std::process::id();
    if waiters.process != process {
        waiters.process = process;
        waiters.queue.clear();
    }
    change(&mut waiters.queue)
}

/// Reads a number of 1, 2, 4 or 8 bytes.
///
/// # Safety
///
/// As many bytes are there to be read, and changed by atomic operations alone while this runs.
unsafe fn read(address: LPVOID, size: SIZE_T) -> Result<u64> {
    macro_rules! load {
        ($number:ty, $atomic:ty) => {{
            let place: *mut $number = address.cast();
            if place.is_aligned() {
                // SAFETY: the caller vouches for the bytes, which are aligned.
                u64::from(unsafe { <$atomic>::from_ptr(place) }.load(Ordering::SeqCst))
            } else {
                // SAFETY: as above.
                u64::from(unsafe { place.read_unaligned() })
            }
        }};
    }
    Ok(match size {
        1 => load!(u8, AtomicU8),
        2 => load!(u16, AtomicU16),
        4 => load!(u32, AtomicU32),
        8 => load!(u64, AtomicU64),
        _ => return Err(Code(ERROR_INVALID_PARAMETER)),
    })
}

/// Waits while the bytes at an address are those at another one, until a thread of this process
/// wakes this one. It may return sooner.
///
/// `AddressSize` is 1, 2, 4 or 8 (`ERROR_INVALID_PARAMETER`). Returns FALSE if the time is over:
/// `ERROR_TIMEOUT`.
///
/// # Safety
///
/// Each address is null, or has so many bytes, which threads change by atomic operations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitOnAddress(
    Address: PVOLATILE_VOID,
    CompareAddress: LPVOID,
    AddressSize: SIZE_T,
    dwMilliseconds: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        if Address.is_null() || CompareAddress.is_null() {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let time =
            (dwMilliseconds != INFINITE).then(|| Duration::from_millis(dwMilliseconds.into()));
        let end = time.and_then(|time| Instant::now().checked_add(time));
        // SAFETY: the caller vouches for its pointers.
        let expected = unsafe { read(CompareAddress, AddressSize) }?;
        let waiter = Arc::new(Waiter {
            address: Address.addr(),
            thread: thread::current(),
            is_woken: AtomicBool::new(false),
        });
        let is_equal = change(|queue| -> Result<bool> {
            // SAFETY: as above.
            let is_equal = unsafe { read(Address, AddressSize) }? == expected;
            if is_equal {
                queue.push_back(Arc::clone(&waiter));
            }
            Ok(is_equal)
        })?;
        while is_equal && !waiter.is_woken.load(Ordering::Acquire) {
            let Some(end) = end else {
                thread::park();
                continue;
            };
            let rest = end.saturating_duration_since(Instant::now());
            if !rest.is_zero() {
                thread::park_timeout(rest);
                continue;
            }
            change(|queue| queue.retain(|other| !Arc::ptr_eq(other, &waiter)));
            // Who has been woken meanwhile was counted.
            if !waiter.is_woken.load(Ordering::Acquire) {
                return Err(Code(ERROR_TIMEOUT));
            }
        }
        Ok(TRUE)
    })
}

/// Wakes at most so many threads that wait for an address, the oldest first.
fn wake(address: usize, most: usize) {
    let woken: Vec<_> = change(|queue| {
        let mut woken = Vec::new();
        queue.retain(|waiter| {
            let is_one = waiter.address == address && woken.len() < most;
            if is_one {
                waiter.is_woken.store(true, Ordering::Release);
                woken.push(Arc::clone(waiter));
            }
            !is_one
        });
        woken
    });
    woken.iter().for_each(|waiter| waiter.thread.unpark());
}

/// Wakes one thread that waits for an address, if any does.
#[unsafe(no_mangle)]
pub extern "C" fn WakeByAddressSingle(Address: LPVOID) {
    quiet((), || {
        wake(Address.addr(), 1);
        Ok(())
    });
}

/// Wakes all threads that wait for an address.
#[unsafe(no_mangle)]
pub extern "C" fn WakeByAddressAll(Address: LPVOID) {
    quiet((), || {
        wake(Address.addr(), usize::MAX);
        Ok(())
    });
}
