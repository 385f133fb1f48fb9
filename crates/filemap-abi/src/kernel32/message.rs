//! `FormatMessage`.

use std::ptr::{null_mut, with_exposed_provenance};

use crate::boundary::{Code, Result, quiet};
use crate::kernel32::allocated::allocate;
use crate::kernel32::insert::{Conversion, Count, Form};
use crate::kernel32::text;
use crate::strings;
use crate::windows::{
    DWORD, ERROR_CALL_NOT_IMPLEMENTED, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER,
    ERROR_MR_MID_NOT_FOUND, ERROR_RESOURCE_LANG_NOT_FOUND, FORMAT_MESSAGE_ALLOCATE_BUFFER,
    FORMAT_MESSAGE_ARGUMENT_ARRAY, FORMAT_MESSAGE_FROM_HMODULE, FORMAT_MESSAGE_FROM_STRING,
    FORMAT_MESSAGE_FROM_SYSTEM, FORMAT_MESSAGE_IGNORE_INSERTS, FORMAT_MESSAGE_MAX_WIDTH_MASK,
    LPCVOID, LPSTR, LPVOID, LPWSTR, PVA_LIST,
};

/// A width of text: bytes of UTF-8, or units of UTF-16.
trait Unit: Copy + Default {
    fn encode(text: &str) -> Vec<Self>;

    /// Reads a text that ends with a zero; a null pointer is an empty text.
    ///
    /// # Safety
    ///
    /// `text` is null or ends with a zero, and does not change.
    unsafe fn read(text: LPCVOID) -> Option<String>;
}

impl Unit for u8 {
    fn encode(text: &str) -> Vec<Self> {
        text.as_bytes().to_vec()
    }

    unsafe fn read(text: LPCVOID) -> Option<String> {
        // SAFETY: the caller vouches for it.
        unsafe { strings::narrow_text(text.cast()) }
    }
}

impl Unit for u16 {
    fn encode(text: &str) -> Vec<Self> {
        text.encode_utf16().collect()
    }

    unsafe fn read(text: LPCVOID) -> Option<String> {
        // SAFETY: the caller vouches for it.
        unsafe { strings::wide_text(text.cast()) }
    }
}

/// The arguments of `FormatMessage` that choose the text.
struct Wanted {
    flags: DWORD,
    source: LPCVOID,
    code: DWORD,
    language: DWORD,
    arguments: *const usize,
}

impl Wanted {
    /// Returns the text with its inserts.
    ///
    /// # Safety
    ///
    /// The source is a text of this width if the flags say so, and the arguments have the number and
    /// the types that the text requires.
    unsafe fn text<U: Unit>(&self) -> Result<String> {
        let ignores_inserts = self.flags & FORMAT_MESSAGE_IGNORE_INSERTS != 0;
        let text = if self.flags & FORMAT_MESSAGE_FROM_STRING != 0 {
            // SAFETY: the caller vouches for it.
            let text = unsafe { U::read(self.source) }.ok_or(Code(ERROR_INVALID_PARAMETER))?;
            // SAFETY: as above.
            unsafe { self.filled_in::<U>(&self.in_lines(&text), !ignores_inserts) }?
        } else if self.flags & FORMAT_MESSAGE_FROM_SYSTEM != 0 {
            if !is_spoken(self.language) {
                return Err(Code(ERROR_RESOURCE_LANG_NOT_FOUND));
            }
            let text = text::of(self.code).ok_or(Code(ERROR_MR_MID_NOT_FOUND))?;
            self.in_lines(&format!("{text}\n"))
        } else if self.flags & FORMAT_MESSAGE_FROM_HMODULE != 0 {
            // Modules have no message tables on Linux.
            return Err(Code(ERROR_MR_MID_NOT_FOUND));
        } else {
            return Err(Code(ERROR_INVALID_PARAMETER));
        };
        Ok(text)
    }

    /// Returns the text with line breaks as Windows has them, or with spaces instead, if the flags
    /// want only the line breaks of `%n`.
    fn in_lines(&self, text: &str) -> String {
        let is_one_line =
            self.flags & FORMAT_MESSAGE_MAX_WIDTH_MASK == FORMAT_MESSAGE_MAX_WIDTH_MASK;
        let end = if is_one_line { " " } else { "\r\n" };
        text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', end)
    }

    /// Replaces the sequences that begin with a per cent sign.
    ///
    /// # Safety
    ///
    /// Those of [`text`](Self::text).
    unsafe fn filled_in<U: Unit>(&self, text: &str, with_arguments: bool) -> Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            filled.push_str(before);
            let sign = after.chars().next().ok_or(Code(ERROR_INVALID_PARAMETER))?;
            rest = &after[sign.len_utf8()..];
            match sign {
                // `%0` ends the text without a line break.
                '0' => return Ok(filled),
                'n' => filled.push_str("\r\n"),
                'r' => filled.push('\r'),
                't' => filled.push('\t'),
                'b' if with_arguments => filled.push(' '),
                '1'..='9' => {
                    let digits =
                        1 + usize::from(rest.starts_with(|next: char| next.is_ascii_digit()));
                    let (number, behind) = after.split_at(digits);
                    let (form, behind) =
                        match behind.strip_prefix('!').map(|form| form.split_once('!')) {
                            Some(Some((form, behind))) => (form, behind),
                            Some(None) => return Err(Code(ERROR_INVALID_PARAMETER)),
                            None => ("s", behind),
                        };
                    if with_arguments {
                        let index: usize =
                            number.parse().map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
                        // SAFETY: the caller vouches for it.
                        filled.push_str(&unsafe { self.argument::<U>(index, form) }?);
                    } else {
                        filled.push('%');
                        filled.push_str(&after[..after.len() - behind.len()]);
                    }
                    rest = behind;
                }
                other if !with_arguments => filled.extend(['%', other]),
                other => filled.push(other),
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Returns the argument of an insert, counted from 1, in the given form. Widths and precisions
    /// that the form leaves to arguments come before it.
    ///
    /// # Safety
    ///
    /// Those of [`text`](Self::text).
    unsafe fn argument<U: Unit>(&self, number: usize, form: &str) -> Result<String> {
        if self.arguments.is_null() {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        if self.flags & FORMAT_MESSAGE_ARGUMENT_ARRAY == 0 {
            // Stable Rust cannot read a `va_list`.
            return Err(Code(ERROR_CALL_NOT_IMPLEMENTED));
        }
        let form = Form::parse(form).ok_or(Code(ERROR_CALL_NOT_IMPLEMENTED))?;
        let mut next = number - 1;
        let mut value = || {
            // SAFETY: the caller vouches for the arguments that the text requires.
            let place = unsafe { self.arguments.add(next) };
            next += 1;
            // SAFETY: as above.
            unsafe { place.read_unaligned() }
        };
        let mut counted = |count| match count {
            Some(Count::Argument) => Some(value() & 0xFFFF),
            Some(Count::Number(number)) => Some(number),
            None => None,
        };
        let (width, precision) = (counted(form.width), counted(form.precision));
        let value = value();
        let address = with_exposed_provenance(value);
        let text = match form.conversion {
            // SAFETY: as above, and the form says that this one is a text.
            Conversion::Text => unsafe { U::read(address) },
            // SAFETY: as above.
            Conversion::Narrow => unsafe { u8::read(address) },
            // SAFETY: as above.
            Conversion::Wide => unsafe { u16::read(address) },
            Conversion::Character => {
                let code = DWORD::try_from(value & 0xFFFF).unwrap_or(0);
                Some(char::from_u32(code).unwrap_or('\u{FFFD}').to_string())
            }
            _ => {
                let width = width.unwrap_or(0);
                return Ok(form.padded(form.number(value, width, precision), width));
            }
        };
        let text = Form::text(text.as_deref().unwrap_or("(null)"), precision);
        Ok(form.padded(text, width.unwrap_or(0)))
    }

    /// Stores the text in the buffer or in an allocated one, and returns its length.
    ///
    /// # Safety
    ///
    /// That of [`text`](Self::text); and `buffer` is null or has room for `size` units, or for an
    /// address with `FORMAT_MESSAGE_ALLOCATE_BUFFER`.
    unsafe fn store<U: Unit>(&self, buffer: LPVOID, size: DWORD) -> Result<DWORD> {
        if buffer.is_null() {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let allocates = self.flags & FORMAT_MESSAGE_ALLOCATE_BUFFER != 0;
        if allocates {
            // For a caller that frees it whatever happens.
            // SAFETY: it is not null, so the caller vouches for room for an address.
            unsafe { buffer.cast::<LPVOID>().write_unaligned(null_mut()) };
        }
        // SAFETY: the caller vouches for it.
        let mut units = U::encode(&unsafe { self.text::<U>() }?);
        let len = DWORD::try_from(units.len()).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
        units.push(U::default());
        let room = usize::try_from(size).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
        let target: *mut U = if allocates {
            let target = allocate(units.len().max(room) * size_of::<U>());
            // SAFETY: it is not null, so the caller vouches for room for an address.
            unsafe { buffer.cast::<LPVOID>().write_unaligned(target) };
            target.cast()
        } else if units.len() > room {
            return Err(Code(ERROR_INSUFFICIENT_BUFFER));
        } else {
            buffer.cast()
        };
        for (index, unit) in units.into_iter().enumerate() {
            // SAFETY: the buffer has this many units, by the check or the allocation above.
            let place = unsafe { target.add(index) };
            // SAFETY: as above.
            unsafe { place.write_unaligned(unit) };
        }
        Ok(len)
    }
}

/// Returns whether texts exist in a language: they do in English, and for the neutral language.
fn is_spoken(language: DWORD) -> bool {
    matches!(language & 0x3FF, 0x00 | 0x09)
}

/// Writes the text of an error, in UTF-8 and with a line break, or another text with its inserts.
///
/// Texts are this library's own, in English. Inserts are formed as by `printf`, without numbers that
/// have a fraction. They take their arguments from an array
/// (`FORMAT_MESSAGE_ARGUMENT_ARRAY`); a `va_list` is not supported (`ERROR_CALL_NOT_IMPLEMENTED`).
///
/// Returns the length in bytes without the end, and 0 on failure, with NULL instead of an allocated
/// buffer: `ERROR_INSUFFICIENT_BUFFER` if the buffer is too small, `ERROR_MR_MID_NOT_FOUND` for a
/// code without a text.
///
/// # Safety
///
/// `lpBuffer` is null or has room for `nSize` characters, or for an address with
/// `FORMAT_MESSAGE_ALLOCATE_BUFFER`; `lpSource` and `Arguments` are as the flags require.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FormatMessageA(
    dwFlags: DWORD,
    lpSource: LPCVOID,
    dwMessageId: DWORD,
    dwLanguageId: DWORD,
    lpBuffer: LPSTR,
    nSize: DWORD,
    Arguments: PVA_LIST,
) -> DWORD {
    quiet(0, || {
        let wanted = Wanted {
            flags: dwFlags,
            source: lpSource,
            code: dwMessageId,
            language: dwLanguageId,
            arguments: Arguments,
        };
        // SAFETY: the caller vouches for its pointers.
        unsafe { wanted.store::<u8>(lpBuffer.cast(), nSize) }
    })
}

/// `FormatMessageA` in UTF-16.
///
/// # Safety
///
/// Those of `FormatMessageA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FormatMessageW(
    dwFlags: DWORD,
    lpSource: LPCVOID,
    dwMessageId: DWORD,
    dwLanguageId: DWORD,
    lpBuffer: LPWSTR,
    nSize: DWORD,
    Arguments: PVA_LIST,
) -> DWORD {
    quiet(0, || {
        let wanted = Wanted {
            flags: dwFlags,
            source: lpSource,
            code: dwMessageId,
            language: dwLanguageId,
            arguments: Arguments,
        };
        // SAFETY: the caller vouches for its pointers.
        unsafe { wanted.store::<u16>(lpBuffer.cast(), nSize) }
    })
}
