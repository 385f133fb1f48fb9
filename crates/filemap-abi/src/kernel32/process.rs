//! Processes and threads, as far as they can be waited for.

use std::ptr::null_mut;

use crate::boundary::quiet;
use crate::handles;
use crate::processes::Process;
use crate::windows::{BOOL, DWORD, FALSE, HANDLE, THIS_THREAD};

/// Opens a process by its number, to wait for its end.
///
/// Any access may be asked for; to wait needs `SYNCHRONIZE`, and no other right has a use here.
///
/// Returns NULL on failure: `ERROR_INVALID_PARAMETER` if there is no such process.
#[unsafe(no_mangle)]
pub extern "C" fn OpenProcess(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    dwProcessId: DWORD,
) -> HANDLE {
    quiet(null_mut(), || {
        handles::begin();
        let process = Process::open(dwProcessId, dwDesiredAccess)?;
        handles::insert_process(process, bInheritHandle != FALSE)
    })
}

/// Returns what stands for the calling thread: waiting for it never ends. It has no handle, and so no
/// duplicate.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentThread() -> HANDLE {
    quiet(null_mut(), || Ok(THIS_THREAD))
}
