//! A barrier that one thread has all others pass, who then need none of their own.

#![expect(unsafe_code, reason = "a call of the system's")]

use windows_sys::Win32::System::Threading::FlushProcessWriteBuffers;

/// Announces that this process will use [`everywhere`]; Windows needs no word of it.
pub(crate) fn prepare() -> bool {
    true
}

/// Has every thread of this process pass a full barrier before it returns.
pub(crate) fn everywhere() -> bool {
    // SAFETY: the call takes nothing and changes no memory.
    unsafe { FlushProcessWriteBuffers() };
    true
}
