//! Names and paths from C.

use std::ffi::{CStr, c_char};

use crate::error::{Code, NAME_TOO_LONG, UNSUPPORTED};

/// The functions for eight-bit names turn them into UTF-16 in a buffer of this many units.
const ANSI: usize = 260;

/// Reads a text of bytes; `None` for a null pointer.
///
/// # Safety
///
/// `text` is null, or ends with a NUL and does not change.
pub(crate) unsafe fn bytes(text: *const c_char) -> Result<Option<String>, Code> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let text = unsafe { CStr::from_ptr(text) };
    let text = text.to_str().map_err(|_| Code(UNSUPPORTED))?;
    Ok(Some(text.to_owned()))
}

/// Reads a name of bytes; `None` for a null pointer.
///
/// # Safety
///
/// As for [`bytes`].
pub(crate) unsafe fn ansi_name(name: *const c_char) -> Result<Option<String>, Code> {
    // SAFETY: the caller vouches for it.
    let name = unsafe { bytes(name)? };
    match name {
        Some(name) if name.len() >= ANSI => Err(Code(NAME_TOO_LONG)),
        name => Ok(name),
    }
}

/// Reads a name of UTF-16 units; `None` for a null pointer.
///
/// # Safety
///
/// `name` is null, or ends with a zero unit and does not change.
pub(crate) unsafe fn wide_name(name: *const u16) -> Result<Option<String>, Code> {
    if name.is_null() {
        return Ok(None);
    }
    let mut units = Vec::new();
    loop {
        // SAFETY: no unit before this one was the zero that ends the name.
        let place = unsafe { name.add(units.len()) };
        // SAFETY: as above.
        match unsafe { place.read() } {
            0 => break,
            unit => units.push(unit),
        }
    }
    // The library's names are Unicode, and half of a pair of surrogates is not.
    String::from_utf16(&units).map(Some).map_err(|_| Code(UNSUPPORTED))
}
