//! Texts from C: names of mappings, and paths.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use crate::boundary::{Code, Result};
use crate::windows::{
    ERROR_FILENAME_EXCED_RANGE, ERROR_NO_UNICODE_TRANSLATION, ERROR_PATH_NOT_FOUND, LPCSTR, LPCWSTR,
};

/// Windows converts narrow names into UTF-16 in a buffer of this many units, of which one is the
/// terminating zero.
const NARROW: usize = 260;

/// Reads the bytes of a narrow text; `None` for a null pointer.
///
/// # Safety
///
/// `text` is null, or ends with a NUL and does not change.
unsafe fn narrow<'text>(text: LPCSTR) -> Option<&'text CStr> {
    // SAFETY: it is not null, so the caller vouches for it.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// Reads the units of a wide text; `None` for a null pointer.
///
/// # Safety
///
/// `text` is null, or ends with a zero unit and does not change.
unsafe fn wide(text: LPCWSTR) -> Option<Vec<u16>> {
    if text.is_null() {
        return None;
    }
    let mut units = Vec::new();
    loop {
        // SAFETY: no unit before this one was the zero that ends the text.
        let place = unsafe { text.add(units.len()) };
        // SAFETY: as above. A text in a packed structure may be unaligned.
        match unsafe { place.read_unaligned() } {
            0 => return Some(units),
            unit => units.push(unit),
        }
    }
}

fn text_of(units: &[u16]) -> Result<String> {
    // The library's names are Unicode, which has no unpaired surrogates.
    String::from_utf16(units).map_err(|_| Code(ERROR_NO_UNICODE_TRANSLATION))
}

/// Reads a name in UTF-8; `None` for a null pointer.
///
/// # Safety
///
/// `name` is null, or ends with a NUL and does not change.
pub(crate) unsafe fn narrow_name(name: LPCSTR) -> Result<Option<String>> {
    // SAFETY: the caller vouches for it.
    let Some(name) = (unsafe { narrow(name) }) else { return Ok(None) };
    let name = name.to_str().map_err(|_| Code(ERROR_NO_UNICODE_TRANSLATION))?;
    if name.encode_utf16().count() >= NARROW {
        return Err(Code(ERROR_FILENAME_EXCED_RANGE));
    }
    Ok(Some(name.to_owned()))
}

/// Reads a name in UTF-16; `None` for a null pointer.
///
/// # Safety
///
/// `name` is null, or ends with a zero unit and does not change.
pub(crate) unsafe fn wide_name(name: LPCWSTR) -> Result<Option<String>> {
    // SAFETY: the caller vouches for it.
    unsafe { wide(name) }.map(|units| text_of(&units)).transpose()
}

/// Reads a path of bytes, which have no encoding on Linux.
///
/// # Safety
///
/// As for [`narrow_name`].
pub(crate) unsafe fn narrow_path(path: LPCSTR) -> Result<PathBuf> {
    // SAFETY: the caller vouches for it.
    let path = unsafe { narrow(path) };
    let path = path.filter(|path| !path.is_empty()).ok_or(Code(ERROR_PATH_NOT_FOUND))?;
    Ok(OsStr::from_bytes(path.to_bytes()).into())
}

/// Reads a path in UTF-16.
///
/// # Safety
///
/// As for [`wide_name`].
pub(crate) unsafe fn wide_path(path: LPCWSTR) -> Result<PathBuf> {
    // SAFETY: the caller vouches for it.
    let path = unsafe { wide(path) };
    let path = path.filter(|path| !path.is_empty()).ok_or(Code(ERROR_PATH_NOT_FOUND))?;
    Ok(OsString::from_vec(text_of(&path)?.into_bytes()).into())
}

/// Reads a text in UTF-8, and replaces invalid parts; `None` for a null pointer.
///
/// # Safety
///
/// As for [`narrow_name`].
pub(crate) unsafe fn narrow_text(text: LPCSTR) -> Option<String> {
    // SAFETY: the caller vouches for it.
    unsafe { narrow(text) }.map(|text| text.to_string_lossy().into_owned())
}

/// Reads a text in UTF-16, and replaces invalid parts; `None` for a null pointer.
///
/// # Safety
///
/// As for [`wide_name`].
pub(crate) unsafe fn wide_text(text: LPCWSTR) -> Option<String> {
    // SAFETY: the caller vouches for it.
    unsafe { wide(text) }.map(|units| String::from_utf16_lossy(&units))
}
