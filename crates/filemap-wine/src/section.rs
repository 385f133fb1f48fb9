//! Sections: made over files, opened by name, and looked at.

use alloc::string::String;

use crate::sys::handle::Handle;
use crate::sys::{file, section, system};

/// What a section is, as far as the command wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) size: u64,
    /// Whether it is over a file that somebody named, and not memory.
    pub(crate) is_file: bool,
}

/// Why a section was not made.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A section has the name.
    Late,
    /// The system's code, and what was tried.
    System(u32, &'static str),
}

/// Makes a section under a name over the file at a path of the system around Wine.
pub(crate) fn make(name: &str, path: &str, size: u64, read_only: bool) -> Result<Handle, Refused> {
    let purpose = if read_only { file::For::Reading } else { file::For::Updating };
    let opened = file::open(&system::outside(path), purpose);
    let file = opened.map_err(|code| Refused::System(code, "open"))?;
    // The section keeps the file.
    let made = section::create(&file, &system::wide(name), size, read_only);
    match made {
        Ok((handle, false)) => Ok(handle),
        Ok((_, true)) => Err(Refused::Late),
        Err(code) => Err(Refused::System(code, "name")),
    }
}

/// Opens a section so that it can be handed over; returns also whether it may be written.
///
/// Without the right to ask for its size, Wine hands over `/dev/null` in its place.
pub(crate) fn open(name: &str) -> Result<(Handle, bool), u32> {
    let name = system::wide(name);
    let writing = section::QUERY | section::MAP_READ | section::MAP_WRITE;
    match section::open(&name, writing) {
        Ok(handle) => Ok((handle, true)),
        Err(_) => section::open(&name, section::QUERY | section::MAP_READ).map(|it| (it, false)),
    }
}

/// Looks at a section without keeping its name.
pub(crate) fn look(name: &str) -> Result<Look, u32> {
    // The right to ask alone is, for this function, the one to copy.
    look_at(&section::open(&system::wide(name), section::QUERY | section::MAP_READ)?)
}

pub(crate) fn look_at(handle: &Handle) -> Result<Look, u32> {
    let (size, attributes) = section::query(handle)?;
    Ok(Look { size, is_file: attributes & section::OF_FILE != 0 })
}

/// The name of a section in a directory of names, as programs call it.
pub(crate) fn called(scope: &str, name: &str) -> String {
    let mut called = String::from(scope);
    called.push('\\');
    called.push_str(name);
    called
}
