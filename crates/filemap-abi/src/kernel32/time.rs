//! Time that passes: waiting, and clocks that start with the machine.

use std::thread;
use std::time::Duration;

use crate::boundary::{Code, Result, quiet};
use crate::windows::{
    BOOL, DWORD, ERROR_NOACCESS, FALSE, INFINITE, LARGE_INTEGER, TRUE, ULONGLONG,
};

/// Steps of the performance counter in a second, as on Windows.
const FREQUENCY: i64 = 10_000_000;

/// Returns the time since the machine was started, its sleep included: the same for all processes.
fn since_start() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is the one that the call fills; every kernel has the clock.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn milliseconds() -> u64 {
    u64::try_from(since_start().as_millis()).unwrap_or(u64::MAX)
}

/// Stores a number, unless `place` is null.
///
/// # Safety
///
/// `place` is null or has room for a number.
unsafe fn store(place: *mut LARGE_INTEGER, number: i64) -> Result<BOOL> {
    if place.is_null() {
        return Err(Code(ERROR_NOACCESS));
    }
    // SAFETY: it is not null, so the caller vouches for it.
    unsafe { place.write_unaligned(LARGE_INTEGER { QuadPart: number }) };
    Ok(TRUE)
}

/// Waits for a number of milliseconds: 0 lets other threads run, `INFINITE` never returns.
#[unsafe(no_mangle)]
pub extern "C" fn Sleep(dwMilliseconds: DWORD) {
    quiet((), || {
        match dwMilliseconds {
            0 => thread::yield_now(),
            INFINITE => loop {
                thread::park();
            },
            milliseconds => thread::sleep(Duration::from_millis(milliseconds.into())),
        }
        Ok(())
    });
}

/// Returns the milliseconds since the machine was started, which begin again at 0 every 49.7 days.
#[unsafe(no_mangle)]
pub extern "C" fn GetTickCount() -> DWORD {
    quiet(0, || Ok(DWORD::try_from(milliseconds() & 0xFFFF_FFFF).unwrap_or(0)))
}

/// Returns the milliseconds since the machine was started.
#[unsafe(no_mangle)]
pub extern "C" fn GetTickCount64() -> ULONGLONG {
    quiet(0, || Ok(milliseconds()))
}

/// Stores the time since the machine was started, in units of which `QueryPerformanceFrequency`
/// tells the number in a second. All processes have the same.
///
/// # Safety
///
/// `lpPerformanceCount` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryPerformanceCounter(lpPerformanceCount: *mut LARGE_INTEGER) -> BOOL {
    quiet(FALSE, || {
        let units = since_start().as_nanos() / 100;
        // SAFETY: the caller vouches for its pointer.
        unsafe { store(lpPerformanceCount, i64::try_from(units).unwrap_or(i64::MAX)) }
    })
}

/// Stores the number of `QueryPerformanceCounter`'s units in a second, 10,000,000.
///
/// # Safety
///
/// `lpFrequency` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueryPerformanceFrequency(lpFrequency: *mut LARGE_INTEGER) -> BOOL {
    // SAFETY: the caller vouches for its pointer.
    quiet(FALSE, || unsafe { store(lpFrequency, FREQUENCY) })
}
