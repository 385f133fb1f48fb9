//! Small text files that users write: read whole, and never waited for.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The longest file that is read.
const LONGEST: u64 = 1 << 24;

/// Returns the text of a file.
///
/// # Errors
///
/// Those of the system; [`io::ErrorKind::InvalidData`] if it is no regular file, as a pipe would be waited
/// for, has more than 16 MiB, or is no UTF-8.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    find(path)?;
    let mut text = String::new();
    match File::open(path)?.take(LONGEST + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > LONGEST => refused("it has more than 16 MiB"),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => refused("it is no UTF-8 text"),
        Err(error) => Err(error),
    }
}

/// Looks whether there is a file that can be read without waiting, whatever is in it.
///
/// # Errors
///
/// Those of the system; [`io::ErrorKind::InvalidData`] if it is no regular file.
pub(crate) fn find(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it is no regular file"))
}
