//! The last error, and its texts.

use crate::boundary::{last, set_last};
use crate::windows::DWORD;

/// Returns the last error of this thread.
///
/// A function that fails sets it, and `CreateFileMapping` and `CreateFile` also when they succeed;
/// other successes leave it as it was. `errno` is the code of the last call, and 0 if that
/// succeeded.
#[unsafe(no_mangle)]
pub extern "C" fn GetLastError() -> DWORD {
    last()
}

/// Sets the last error of this thread, and `errno`.
#[unsafe(no_mangle)]
pub extern "C" fn SetLastError(dwErrCode: DWORD) {
    set_last(dwErrCode);
}
