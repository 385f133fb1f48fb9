//! The cause of a loss, as far as it can be found out afterwards.

use std::fs;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::io::Errno;

use crate::sys::platform::file;
use crate::types::{Error, ErrorKind, Loss, Operation, plain};

/// Returns the error of an access that met a lost page, with the likeliest cause.
///
/// `file` is what is mapped there; the caller may have no other name for it.
///
/// Everything is looked at after the fact, so another process may have changed it since; that the
/// bytes were gone at the moment of the access is certain.
#[cold]
pub(super) fn explain(
    loss: Loss,
    file: BorrowedFd<'_>,
    is_file: bool,
    operation: Operation,
) -> Error {
    let (kind, why) = cause(file, loss.offset);
    let error = Error::new(kind, operation).lost(loss).because(why);
    let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
    match path {
        Ok(path) if is_file => error.about(format!("the view of the file {}", plain(&path))),
        _ => error,
    }
}

/// Returns the likeliest reason why a file did not supply the byte at an offset.
fn cause(file: BorrowedFd<'_>, offset: u64) -> (ErrorKind, String) {
    let lost = |why: &str| (ErrorKind::Lost, why.to_owned());
    let full = |why: &str| (ErrorKind::DiskFull, why.to_owned());
    match rustix::fs::fstat(file).map(|stat| file::length(&stat)) {
        Ok(len) if len <= offset => return lost(&format!("the file now ends at {len}")),
        Ok(_) => {}
        Err(errno) => return (ErrorKind::Device, format!("the file does not answer, {errno}")),
    }
    // Inside the file a page is lost if the disk cannot give it, or if there is no room for the
    // first store into a hole.
    match rustix::io::pread(file, &mut [0], offset) {
        Ok(1) => {}
        Ok(_) => return lost("the file was shorter for a moment"),
        Err(Errno::NOSPC) => return full("there is no space left"),
        Err(errno) => return (ErrorKind::Device, format!("it cannot be read, {errno}")),
    }
    match rustix::fs::fstatvfs(file) {
        // The system's own memory file system has no limit, and tells of no blocks at all.
        Ok(state) if state.f_blocks != 0 && state.f_bavail == 0 => {
            full("there is no space left on its file system")
        }
        _ => lost("the system could not supply its page"),
    }
}
