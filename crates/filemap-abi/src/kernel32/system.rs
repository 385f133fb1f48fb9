//! What the machine and the process are.

use std::fs;
use std::ptr::{null_mut, without_provenance_mut};
use std::thread;

use filemap::{granularity, page_size};

use crate::boundary::quiet;
use crate::windows::{DWORD, HANDLE, INVALID_HANDLE_VALUE, SIZE_T, SYSTEM_INFO};

/// The first and the last address that Windows gives to programs: all but the lowest and highest
/// 64 KiB of the lower half.
pub(super) const ADDRESSES: (usize, usize) = {
    // Of 64 bits processors use 48.
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

/// Tells what the machine is: above all `dwPageSize`, and `dwAllocationGranularity`, which is
/// 65536.
///
/// # Safety
///
/// `lpSystemInfo` is null, and then nothing is told, or has room for the structure.
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

/// The size of the pages that memory with large pages is made of
/// ([proc_meminfo(5)](https://man7.org/linux/man-pages/man5/proc_meminfo.5.html)).
fn large_page() -> Option<usize> {
    let information = fs::read_to_string("/proc/meminfo").ok()?;
    let line = information.lines().find_map(|line| line.strip_prefix("Hugepagesize:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?.checked_mul(1024)
}
