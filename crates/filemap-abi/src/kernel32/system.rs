//! Facts about the machine and the process.

use std::fs;
use std::ptr::{null_mut, without_provenance_mut};
use std::thread;

use filemap::{granularity, page_size};

use crate::boundary::{Code, quiet};
use crate::windows::{
    BOOL, DWORD, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, FALSE, HANDLE, INVALID_HANDLE_VALUE,
    MEMORYSTATUSEX, SIZE_T, SYSTEM_INFO, TRUE,
};

/// The first and the last address that Windows gives to programs: all but the lowest and highest
/// 64 KiB of the lower half.
pub(super) const ADDRESSES: (usize, usize) = {
    // Processors use 48 of the 64 bits.
    let lower_half = usize::MAX >> if usize::BITS == 64 { 17 } else { 1 };
    (0x1_0000, lower_half - 0x1_0000)
};

fn system_info() -> SYSTEM_INFO {
    /// `PROCESSOR_ARCHITECTURE_AMD64` and the others, with the number that older programs know.
    const ARCHITECTURES: [(&str, u16, DWORD); 4] =
        [("x86_64", 9, 8664), ("aarch64", 12, 0), ("x86", 0, 586), ("arm", 5, 0)];
    let known = ARCHITECTURES.iter().find(|(name, ..)| *name == std::env::consts::ARCH);
    let (architecture, kind) = known.map_or((0xFFFF, 0), |(_, number, kind)| (*number, *kind));
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mask = 1_usize.checked_shl(u32::try_from(processors).unwrap_or(u32::MAX));
    SYSTEM_INFO {
        wProcessorArchitecture: architecture,
        wReserved: 0,
        dwPageSize: u32::try_from(page_size()).unwrap_or(u32::MAX),
        lpMinimumApplicationAddress: without_provenance_mut(ADDRESSES.0),
        lpMaximumApplicationAddress: without_provenance_mut(ADDRESSES.1),
        dwActiveProcessorMask: mask.map_or(usize::MAX, |next| next - 1),
        dwNumberOfProcessors: u32::try_from(processors).unwrap_or(u32::MAX),
        dwProcessorType: kind,
        dwAllocationGranularity: u32::try_from(granularity()).unwrap_or(u32::MAX),
        wProcessorLevel: 0,
        wProcessorRevision: 0,
    }
}

/// Stores facts about the machine, among them `dwPageSize`, and `dwAllocationGranularity`, which is
/// 65536.
///
/// # Safety
///
/// `lpSystemInfo` is null, and then nothing is stored, or has room for the structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSystemInfo(lpSystemInfo: *mut SYSTEM_INFO) {
    quiet((), || {
        if !lpSystemInfo.is_null() {
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpSystemInfo.write_unaligned(system_info()) };
        }
        Ok(())
    });
}

/// Returns the handle that stands for this process in `DuplicateHandle`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentProcess() -> HANDLE {
    quiet(null_mut(), || Ok(INVALID_HANDLE_VALUE))
}

/// Returns the number of this process.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentProcessId() -> DWORD {
    quiet(0, || Ok(std::process::id()))
}

/// Returns the size of a large page in bytes, and 0 if the machine has none.
#[unsafe(no_mangle)]
pub extern "C" fn GetLargePageMinimum() -> SIZE_T {
    quiet(0, || Ok(large_page().unwrap_or(0)))
}

/// Returns the number of this thread, which no other thread of the machine has.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentThreadId() -> DWORD {
    quiet(0, || {
        // SAFETY: the call takes nothing, and cannot fail.
        let number = unsafe { libc::gettid() };
        Ok(number.cast_unsigned())
    })
}

/// Stores how much memory there is and how much of it is left, in bytes.
///
/// `dwLength` must be the size of the structure (`ERROR_INVALID_PARAMETER`).
///
/// # Safety
///
/// `lpBuffer` is null or points to its structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GlobalMemoryStatusEx(lpBuffer: *mut MEMORYSTATUSEX) -> BOOL {
    quiet(FALSE, || {
        if lpBuffer.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        // SAFETY: it is not null, so the caller vouches for it. The length is what it begins with.
        let length = unsafe { lpBuffer.cast::<DWORD>().read_unaligned() };
        if usize::try_from(length) != Ok(size_of::<MEMORYSTATUSEX>()) {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        // SAFETY: as above.
        unsafe { lpBuffer.write_unaligned(memory_status(length)?) };
        Ok(TRUE)
    })
}

fn memory_status(length: DWORD) -> crate::boundary::Result<MEMORYSTATUSEX> {
    let information = fs::read_to_string("/proc/meminfo")?;
    let known = |label| number(&information, label).unwrap_or(0);
    let (total, available) = (known("MemTotal:"), known("MemAvailable:"));
    let (swap, free_swap) = (known("SwapTotal:"), known("SwapFree:"));
    let used = total.saturating_sub(available).saturating_mul(100).checked_div(total);
    // What this process has mapped, in pages.
    let mapped = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|pages| pages.split(' ').next()?.parse::<u64>().ok())
        .unwrap_or(0)
        .saturating_mul(page_size() as u64);
    let addresses = (ADDRESSES.1 - ADDRESSES.0) as u64;
    Ok(MEMORYSTATUSEX {
        dwLength: length,
        dwMemoryLoad: used.and_then(|used| DWORD::try_from(used).ok()).unwrap_or(0),
        ullTotalPhys: total,
        ullAvailPhys: available,
        ullTotalPageFile: total + swap,
        ullAvailPageFile: available + free_swap,
        ullTotalVirtual: addresses,
        ullAvailVirtual: addresses.saturating_sub(mapped),
        ullAvailExtendedVirtual: 0,
    })
}

/// Returns the size of large pages.
fn large_page() -> Option<usize> {
    let information = fs::read_to_string("/proc/meminfo").ok()?;
    number(&information, "Hugepagesize:").and_then(|size| usize::try_from(size).ok())
}

/// Returns a number of bytes that the kernel tells
/// ([proc_meminfo(5)](https://man7.org/linux/man-pages/man5/proc_meminfo.5.html)).
fn number(information: &str, label: &str) -> Option<u64> {
    let line = information.lines().find_map(|line| line.strip_prefix(label))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
