//! The environment, which is not always that of whom the process acts for.

#![expect(unsafe_code, reason = "a question to the C library")]

use std::ffi::OsString;

/// Returns a variable of the environment that says where something is; `None` if it is empty.
///
/// None is obeyed in a process that has more rights than whoever started it, and chose the variables
/// ([secure_getenv(3)](https://man7.org/linux/man-pages/man3/secure_getenv.3.html)).
pub(in crate::sys) fn variable(name: &str) -> Option<OsString> {
    // SAFETY: takes a number, and looks it up in what the kernel gave the process.
    let has_more_rights = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.filter(|_| !has_more_rights)
}
