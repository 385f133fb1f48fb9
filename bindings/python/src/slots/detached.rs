//! Code that runs without the interpreter's lock.

use pyo3::ffi;
use pyo3::prelude::*;

/// Calls a function without the interpreter's lock, on this thread: what it uses need not be safe to
/// send to another.
///
/// The function uses no object of the interpreter: none of the callers passes it any.
pub(crate) fn without_lock<T>(_py: Python<'_>, function: impl FnOnce() -> T) -> T {
    /// Takes the lock again, also when the function panics.
    struct Back(*mut ffi::PyThreadState);

    impl Drop for Back {
        fn drop(&mut self) {
            // SAFETY: it is the state that was saved below, on this thread.
            unsafe { ffi::PyEval_RestoreThread(self.0) };
        }
    }

    // SAFETY: the thread is attached, as its token says.
    let back = Back(unsafe { ffi::PyEval_SaveThread() });
    let returned = function();
    drop(back);
    returned
}
