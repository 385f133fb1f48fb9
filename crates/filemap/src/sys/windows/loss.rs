//! The cause of a loss, as far as it can be found out afterwards.

use std::fs::File;

use crate::sys::platform::file;
use crate::types::{Error, ErrorKind, Loss, Operation};

/// A fault whose cause is to be found out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault<'region> {
    pub(super) operation: Operation,
    pub(super) loss: Loss,
    /// The file that is mapped, if it is at hand.
    pub(super) file: Option<&'region File>,
}

impl Fault<'_> {
    /// Returns an error with the likeliest cause.
    ///
    /// Everything is looked at after the fact, so another process may have changed it since;
    /// that the bytes were gone at the moment of the access is certain.
    #[cold]
    pub(super) fn explain(self) -> Error {
        let (kind, why) = match self.file {
            Some(file) => self.cause(file),
            None => (
                ErrorKind::Lost,
                "the system did not supply its page, and no file is there to tell why".to_owned(),
            ),
        };
        Error::new(kind, self.operation).lost(self.loss).because(why)
    }

    fn cause(&self, file: &File) -> (ErrorKind, String) {
        let offset = self.loss.offset;
        match file::length(file, self.operation) {
            Ok(len) if len <= offset => {
                return (ErrorKind::Lost, format!("the file now ends at {len}"));
            }
            Ok(_) => {}
            Err(error) => {
                return (ErrorKind::Device, format!("the file does not answer, {error}"));
            }
        }
        // Inside the file a page is lost if the disk cannot give it.
        match file::read_at(file, offset, &mut [0], self.operation) {
            Ok(1) => (ErrorKind::Lost, "the system could not supply its page".to_owned()),
            Ok(_) => (ErrorKind::Lost, "the file was shorter for a moment".to_owned()),
            Err(error) if error.kind() == ErrorKind::DiskFull => {
                (ErrorKind::DiskFull, "there is no space left".to_owned())
            }
            Err(error) => (ErrorKind::Device, format!("it cannot be read, {error}")),
        }
    }
}
