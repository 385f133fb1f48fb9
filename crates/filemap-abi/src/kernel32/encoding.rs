//! Texts in UTF-8 and in UTF-16.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};
use std::ffi::c_int;

use crate::boundary::{Code, Result, quiet};
use crate::windows::{
    BOOL, CP_ACP, CP_OEMCP, CP_THREAD_ACP, CP_UTF8, DWORD, ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_FLAGS, ERROR_INVALID_PARAMETER, ERROR_NO_UNICODE_TRANSLATION, FALSE, LPCSTR,
    LPCWSTR, LPSTR, LPWSTR, UINT,
};

/// `MB_ERR_INVALID_CHARS`.
const MB_ERR_INVALID_CHARS: DWORD = 0x8;
/// `WC_ERR_INVALID_CHARS`.
const WC_ERR_INVALID_CHARS: DWORD = 0x80;

/// Checks the code page and the flags; returns whether invalid characters are an error.
fn is_strict(page: UINT, flags: DWORD, strict: DWORD) -> Result<bool> {
    // Every page of the system is UTF-8 here.
    if !matches!(page, CP_UTF8 | CP_ACP | CP_OEMCP | CP_THREAD_ACP) {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    // UTF-8 has no other flags; those of other pages have no meaning in it.
    if page == CP_UTF8 && flags & !strict != 0 {
        return Err(Code(ERROR_INVALID_FLAGS));
    }
    Ok(flags & strict != 0)
}

/// Returns the units of a text of the given length, or of one that ends with a zero, with it.
///
/// # Safety
///
/// `text` is null or has `len` units; if `len` is negative, it ends with a zero.
unsafe fn source<U: Copy + PartialEq + Default>(text: *const U, len: c_int) -> Result<Vec<U>> {
    if text.is_null() || len == 0 {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    let len = usize::try_from(len).ok();
    let mut units = Vec::with_capacity(len.unwrap_or(0));
    while len.is_none_or(|len| units.len() < len) {
        // SAFETY: the caller vouches for so many units, or for a zero, which none before was.
        let place = unsafe { text.add(units.len()) };
        // SAFETY: as above. A text in a packed structure may be unaligned.
        let unit = unsafe { place.read_unaligned() };
        units.push(unit);
        if len.is_none() && unit == U::default() {
            break;
        }
    }
    Ok(units)
}

/// Stores a text, and returns its length; with room for nothing, only that.
///
/// # Safety
///
/// `target` is null or has room for `room` units.
unsafe fn store<U: Copy>(units: &[U], target: *mut U, room: c_int) -> Result<c_int> {
    let len = c_int::try_from(units.len()).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
    if room == 0 {
        return Ok(len);
    }
    if target.is_null() || room < 0 {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    for (index, unit) in units.iter().enumerate() {
        if c_int::try_from(index).is_ok_and(|index| index >= room) {
            // What fits is stored, as on Windows.
            return Err(Code(ERROR_INSUFFICIENT_BUFFER));
        }
        // SAFETY: the index is below the room that the caller vouches for.
        let place = unsafe { target.add(index) };
        // SAFETY: as above.
        unsafe { place.write_unaligned(*unit) };
    }
    Ok(len)
}

/// Translates UTF-8 to UTF-16. The length -1 stands for a text that ends with a NUL, which is
/// translated as well.
///
/// `CP_ACP`, `CP_OEMCP` and `CP_THREAD_ACP` are UTF-8 as well; there are no other pages
/// (`ERROR_INVALID_PARAMETER`). What is not UTF-8 becomes U+FFFD, or an error
/// (`ERROR_NO_UNICODE_TRANSLATION`) with `MB_ERR_INVALID_CHARS`.
///
/// Returns the number of units, and stores them unless there is no room (`cchWideChar` 0); returns 0
/// on failure: `ERROR_INSUFFICIENT_BUFFER` if there is too little.
///
/// # Safety
///
/// The texts are null or have the given lengths, and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MultiByteToWideChar(
    CodePage: UINT,
    dwFlags: DWORD,
    lpMultiByteStr: LPCSTR,
    cbMultiByte: c_int,
    lpWideCharStr: LPWSTR,
    cchWideChar: c_int,
) -> c_int {
    quiet(0, || {
        let is_strict = is_strict(CodePage, dwFlags, MB_ERR_INVALID_CHARS)?;
        // SAFETY: the caller vouches for its pointers.
        let bytes = unsafe { source(lpMultiByteStr.cast::<u8>(), cbMultiByte) }?;
        let text = String::from_utf8_lossy(&bytes);
        if is_strict && str::from_utf8(&bytes).is_err() {
            return Err(Code(ERROR_NO_UNICODE_TRANSLATION));
        }
        let units: Vec<u16> = text.encode_utf16().collect();
        // SAFETY: as above.
        unsafe { store(&units, lpWideCharStr, cchWideChar) }
    })
}

/// Translates UTF-16 to UTF-8. The length -1 stands for a text that ends with a zero, which is
/// translated as well.
///
/// Pages and results are those of `MultiByteToWideChar`. Unpaired surrogates become U+FFFD, or an
/// error (`ERROR_NO_UNICODE_TRANSLATION`) with `WC_ERR_INVALID_CHARS`. No default character is ever
/// used; with `CP_UTF8` none may be given (`ERROR_INVALID_PARAMETER`).
///
/// # Safety
///
/// The texts are null or have the given lengths, and do not overlap; `lpUsedDefaultChar` is null or
/// has room for its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WideCharToMultiByte(
    CodePage: UINT,
    dwFlags: DWORD,
    lpWideCharStr: LPCWSTR,
    cchWideChar: c_int,
    lpMultiByteStr: LPSTR,
    cbMultiByte: c_int,
    lpDefaultChar: LPCSTR,
    lpUsedDefaultChar: *mut BOOL,
) -> c_int {
    quiet(0, || {
        let is_strict = is_strict(CodePage, dwFlags, WC_ERR_INVALID_CHARS)?;
        if CodePage == CP_UTF8 && !(lpDefaultChar.is_null() && lpUsedDefaultChar.is_null()) {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        // SAFETY: the caller vouches for its pointers.
        let units = unsafe { source(lpWideCharStr, cchWideChar) }?;
        let mut text = String::new();
        for sign in decode_utf16(units) {
            match sign {
                Ok(sign) => text.push(sign),
                Err(_) if is_strict => return Err(Code(ERROR_NO_UNICODE_TRANSLATION)),
                Err(_) => text.push(REPLACEMENT_CHARACTER),
            }
        }
        if !lpUsedDefaultChar.is_null() {
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpUsedDefaultChar.write_unaligned(FALSE) };
        }
        // SAFETY: as above.
        unsafe { store(text.as_bytes(), lpMultiByteStr.cast(), cbMultiByte) }
    })
}
