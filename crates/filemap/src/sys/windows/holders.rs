//! What Windows does not report of sections: who has them, and how much of one is in memory.

use crate::sys::{Listed, Section};
use crate::types::{Error, ErrorKind, Holders, Operation, Residency, Result};

/// Returns [`ErrorKind::NotSupported`].
pub(crate) fn holders(_names: &[&Listed]) -> Result<Vec<Holders>> {
    Err(unreported(Operation::UseRegistry, "which processes have an object open"))
}

/// Returns [`ErrorKind::NotSupported`].
pub(crate) fn viewers(_section: &Section) -> Result<Holders> {
    Err(unreported(Operation::LookAt, "which processes have an object mapped"))
}

/// Returns [`ErrorKind::NotSupported`]: a process can only ask for pages that it has mapped and
/// touched itself.
pub(crate) fn residency(_section: &Section, _offset: u64, _len: u64) -> Result<Residency> {
    Err(unreported(Operation::LookAt, "which bytes of a file are in memory"))
}

fn unreported(operation: Operation, what: &str) -> Error {
    Error::new(ErrorKind::NotSupported, operation).because(format!("Windows does not tell {what}"))
}
