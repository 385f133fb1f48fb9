//! There is no Wine here that could hand files over.

use std::fs::File;
use std::io;
use std::path::Path;

/// Nobody hands anything to it.
#[derive(Debug)]
pub(crate) struct Receiver(());

impl Receiver {
    /// # Errors
    ///
    /// Always.
    pub(crate) fn at(_path: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// # Errors
    ///
    /// Always.
    pub(crate) fn receive(&self) -> io::Result<(u32, File)> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// # Errors
///
/// Always.
pub(crate) fn hand_over_input(_path: &Path, _number: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
