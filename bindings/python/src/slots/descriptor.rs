//! Descriptors that Python owns, by their number.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::ops::Deref;

/// A file by a number that somebody else closes.
pub(crate) struct Lent(ManuallyDrop<File>);

impl Deref for Lent {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

/// Returns the file of a number; `None` if there is none.
///
/// The number is used for system calls alone, while the caller keeps it open; if another thread closes
/// it meanwhile, they are refused, or work on what that thread opened instead.
#[cfg(unix)]
pub(crate) fn lent(number: i32) -> Option<Lent> {
    use std::os::fd::FromRawFd as _;
    if number < 0 {
        return None;
    }
    // SAFETY: it is not -1, and is never closed here.
    Some(Lent(ManuallyDrop::new(unsafe { File::from_raw_fd(number) })))
}

/// Returns the file of a number of the C runtime; `None` if there is none.
#[cfg(windows)]
pub(crate) fn lent(number: i32) -> Option<Lent> {
    use std::os::windows::io::FromRawHandle as _;
    unsafe extern "C" {
        fn _get_osfhandle(number: i32) -> isize;
    }
    // SAFETY: the runtime checks the number; Python has its handler of wrong ones return.
    let handle = unsafe { _get_osfhandle(number) };
    if handle == -1 || handle == -2 {
        return None;
    }
    // SAFETY: the runtime keeps the handle, which is never closed here.
    Some(Lent(ManuallyDrop::new(unsafe { File::from_raw_handle(handle as *mut _) })))
}

impl Clone for Lent {
    fn clone(&self) -> Self {
        #[cfg(unix)]
        {
            use std::os::fd::{AsRawFd as _, FromRawFd as _};
            // SAFETY: it is the number of a file that was lent, so not -1, and is never closed here.
            Self(ManuallyDrop::new(unsafe { File::from_raw_fd(self.0.as_raw_fd()) }))
        }
        #[cfg(windows)]
        {
            use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _};
            // SAFETY: the runtime keeps the handle of a file that was lent, which is never closed here.
            Self(ManuallyDrop::new(unsafe { File::from_raw_handle(self.0.as_raw_handle()) }))
        }
    }
}

/// Takes a descriptor over; `None` if there can be none of this number.
#[cfg(unix)]
pub(crate) fn owned(number: i32) -> Option<filemap::OwnedDescriptor> {
    use std::os::fd::FromRawFd as _;
    if number < 0 {
        return None;
    }
    // SAFETY: it is not -1, and the caller of the method gives it away, as it says.
    Some(unsafe { filemap::OwnedDescriptor::from_raw_fd(number) })
}

/// Takes a descriptor over: handles here have no number of the C runtime.
#[cfg(windows)]
pub(crate) fn owned(_number: i32) -> Option<filemap::OwnedDescriptor> {
    None
}

/// Returns the number of a handle's descriptor, if it has one.
#[cfg(unix)]
pub(crate) fn number_of(handle: &impl std::os::fd::AsRawFd) -> Option<i32> {
    Some(handle.as_raw_fd()).filter(|number| *number >= 0)
}

/// Returns the number of a handle's descriptor: handles here have none of the C runtime.
#[cfg(windows)]
pub(crate) fn number_of(_handle: &impl std::os::windows::io::AsRawHandle) -> Option<i32> {
    None
}
