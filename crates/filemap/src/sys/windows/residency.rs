//! How much of a section is in memory, which the kernel does not tell.

use crate::sys::platform::Section;
use crate::types::{Error, ErrorKind, Operation, Residency, Result};

/// Refuses: only which pages a process has mapped and touched itself can be asked for.
pub(crate) fn residency(_section: &Section, _offset: u64, _len: u64) -> Result<Residency> {
    Err(Error::new(ErrorKind::NotSupported, Operation::LookAt)
        .because("Windows does not tell which bytes of a file are in memory"))
}
