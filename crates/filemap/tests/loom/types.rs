//! In place of the library's errors: what can go wrong when something is mapped.

use std::ops::Range;
use std::time::SystemTime;

pub(crate) type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    OutOfMemory,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Error(pub(crate) ErrorKind);

impl Error {
    pub(crate) fn kind(self) -> ErrorKind {
        self.0
    }
}

#[derive(Debug, Clone)]
pub(crate) struct LostRange {
    pub(crate) bytes: Range<usize>,
    pub(crate) since: SystemTime,
}
