//! `FormatMessage`, and the memory that it gives out.

use std::collections::BTreeMap;
use std::ptr::{null_mut, with_exposed_provenance};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::boundary::{Code, Result, quiet};
use crate::kernel32::text;
use crate::strings;
use crate::windows::{
    DWORD, ERROR_CALL_NOT_IMPLEMENTED, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER, ERROR_MR_MID_NOT_FOUND, ERROR_RESOURCE_LANG_NOT_FOUND,
    FORMAT_MESSAGE_ALLOCATE_BUFFER, FORMAT_MESSAGE_ARGUMENT_ARRAY, FORMAT_MESSAGE_FROM_HMODULE,
    FORMAT_MESSAGE_FROM_STRING, FORMAT_MESSAGE_FROM_SYSTEM, FORMAT_MESSAGE_IGNORE_INSERTS,
    FORMAT_MESSAGE_MAX_WIDTH_MASK, HLOCAL, LPCVOID, LPSTR, LPVOID, LPWSTR, PVA_LIST,
};

/// Buffers that programs have, and give back with `LocalFree`; in units of 16 bits, so that each is
/// aligned for both widths of text.
static GIVEN: Mutex<BTreeMap<usize, Box<[u16]>>> = Mutex::new(BTreeMap::new());

fn given() -> MutexGuard<'static, BTreeMap<usize, Box<[u16]>>> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A width of text: bytes of UTF-8, or units of UTF-16.
trait Unit: Copy + Default {
    fn encode(text: &str) -> Vec<Self>;

    /// Reads a text that ends with a zero; nothing for a null pointer.
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

/// The arguments of `FormatMessage` that say what the text is.
struct Wanted {
    flags: DWORD,
    source: LPCVOID,
    code: DWORD,
    language: DWORD,
    arguments: *const usize,
}

impl Wanted {
    /// The text, with what is inserted.
    ///
    /// # Safety
    ///
    /// The source is a text of this width if the flags say that it is one, and the arguments are
    /// as many, and of the kinds, that the text asks for.
    unsafe fn text<U: Unit>(&self) -> Result<String> {
        let ignores_inserts = self.flags & FORMAT_MESSAGE_IGNORE_INSERTS != 0;
        let text = if self.flags & FORMAT_MESSAGE_FROM_STRING != 0 {
            // SAFETY: the caller vouches for it.
            let text = unsafe { U::read(self.source) }.ok_or(Code(ERROR_INVALID_PARAMETER))?;
            // SAFETY: as above.
            unsafe { self.filled_in::<U>(&self.in_lines(text), !ignores_inserts) }?
        } else if self.flags & FORMAT_MESSAGE_FROM_SYSTEM != 0 {
            if !is_spoken(self.language) {
                return Err(Code(ERROR_RESOURCE_LANG_NOT_FOUND));
            }
            let text = text::of(self.code).ok_or(Code(ERROR_MR_MID_NOT_FOUND))?;
            self.in_lines(format!("{text}\r\n"))
        } else if self.flags & FORMAT_MESSAGE_FROM_HMODULE != 0 {
            // Modules have no texts on Linux.
            return Err(Code(ERROR_MR_MID_NOT_FOUND));
        } else {
            return Err(Code(ERROR_INVALID_PARAMETER));
        };
        Ok(text)
    }

    /// The text with its lines, or with spaces for their ends: then only those are to be there that
    /// the text asks for with `%n`.
    fn in_lines(&self, text: String) -> String {
        if self.flags & FORMAT_MESSAGE_MAX_WIDTH_MASK == FORMAT_MESSAGE_MAX_WIDTH_MASK {
            return text.replace("\r\n", " ").replace('\n', " ");
        }
        text
    }

    /// Replaces what begins with a per cent sign.
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
                // The end, without the line end that would be there.
                '0' => return Ok(filled),
                'n' => filled.push_str("\r\n"),
                'r' => filled.push('\r'),
                't' => filled.push('\t'),
                'b' => filled.push(' '),
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
                other => filled.push(other),
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The argument that an insert asks for, counted from 1, in the form it asks for.
    ///
    /// # Safety
    ///
    /// Those of [`text`](Self::text).
    unsafe fn argument<U: Unit>(&self, number: usize, form: &str) -> Result<String> {
        if self.arguments.is_null() {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        if self.flags & FORMAT_MESSAGE_ARGUMENT_ARRAY == 0 {
            // A `va_list` is the compiler's own, and no Rust that is stable can read it.
            return Err(Code(ERROR_CALL_NOT_IMPLEMENTED));
        }
        // SAFETY: the caller vouches for as many arguments as the text asks for.
        let place = unsafe { self.arguments.add(number - 1) };
        // SAFETY: as above.
        let value = unsafe { place.read_unaligned() };
        let address = with_exposed_provenance(value);
        let low = DWORD::try_from(value & 0xFFFF_FFFF).unwrap_or(0);
        let character = |code: u32| char::from_u32(code).unwrap_or('\u{FFFD}').to_string();
        Ok(match form {
            // SAFETY: as above, and the text says that this one is a text.
            "s" => unsafe { U::read(address) }.unwrap_or_default(),
            // SAFETY: as above.
            "hs" => unsafe { u8::read(address) }.unwrap_or_default(),
            // SAFETY: as above.
            "ls" | "ws" => unsafe { u16::read(address) }.unwrap_or_default(),
            "c" | "lc" | "hc" => character(low),
            "d" | "i" | "ld" | "li" => low.cast_signed().to_string(),
            "u" | "lu" => low.to_string(),
            "x" | "lx" => format!("{low:x}"),
            "X" | "lX" => format!("{low:X}"),
            "08x" | "08lx" | "8.8x" | "8.8lx" => format!("{low:08x}"),
            "08X" | "08lX" | "8.8X" | "8.8lX" => format!("{low:08X}"),
            "I64d" | "lld" | "Id" => value.cast_signed().to_string(),
            "I64u" | "llu" | "Iu" => value.to_string(),
            "I64x" | "llx" | "Ix" => format!("{value:x}"),
            "p" => format!("{value:016X}"),
            _ => return Err(Code(ERROR_CALL_NOT_IMPLEMENTED)),
        })
    }

    /// Stores the text where it is wanted, and returns its length.
    ///
    /// # Safety
    ///
    /// Those of [`text`](Self::text); and `buffer` is null or has room for `size` units, or for an
    /// address if the flags say that it is to have one.
    unsafe fn store<U: Unit>(&self, buffer: LPVOID, size: DWORD) -> Result<DWORD> {
        if buffer.is_null() {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let allocates = self.flags & FORMAT_MESSAGE_ALLOCATE_BUFFER != 0;
        // SAFETY: the caller vouches for it.
        let mut units = U::encode(&unsafe { self.text::<U>() }?);
        let len = DWORD::try_from(units.len()).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
        units.push(U::default());
        let room = usize::try_from(size).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
        let target: *mut U = if allocates {
            let target = allocate(units.len().max(room) * size_of::<U>());
            // SAFETY: it is not null, so the caller vouches for the place of an address.
            unsafe { buffer.cast::<LPVOID>().write_unaligned(target) };
            target.cast()
        } else if units.len() > room {
            return Err(Code(ERROR_INSUFFICIENT_BUFFER));
        } else {
            buffer.cast()
        };
        for (index, unit) in units.into_iter().enumerate() {
            // SAFETY: there are as many units as was seen above, of the caller's or of our own.
            let place = unsafe { target.add(index) };
            // SAFETY: as above.
            unsafe { place.write_unaligned(unit) };
        }
        Ok(len)
    }
}

/// Tells whether there are texts in a language: there are English ones, and those for who does not
/// mind.
fn is_spoken(language: DWORD) -> bool {
    matches!(language & 0x3FF, 0x00 | 0x09)
}

fn allocate(bytes: usize) -> LPVOID {
    let mut buffer = vec![0_u16; bytes.div_ceil(2)].into_boxed_slice();
    let address: LPVOID = buffer.as_mut_ptr().cast();
    given().insert(address.addr(), buffer);
    address
}

/// Writes the text of an error, in UTF-8 and with a line end, or another text with what is
/// inserted.
///
/// Texts are this library's own, in English. Inserts take their arguments from an array
/// (`FORMAT_MESSAGE_ARGUMENT_ARRAY`); a `va_list` is not offered (`ERROR_CALL_NOT_IMPLEMENTED`).
///
/// Returns the length in bytes without the end, and 0 on failure: `ERROR_INSUFFICIENT_BUFFER` if
/// the buffer is too small, `ERROR_MR_MID_NOT_FOUND` for a code without a text.
///
/// # Safety
///
/// `lpBuffer` is null or has room for `nSize` characters, or for an address with
/// `FORMAT_MESSAGE_ALLOCATE_BUFFER`; `lpSource` and `Arguments` are what the flags say.
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

/// Gives a buffer of `FormatMessage` back.
///
/// Returns NULL, and on failure the address: `ERROR_INVALID_HANDLE` if it is not such a buffer.
#[unsafe(no_mangle)]
pub extern "C" fn LocalFree(hMem: HLOCAL) -> HLOCAL {
    quiet(hMem, || {
        if hMem.is_null() || given().remove(&hMem.addr()).is_some() {
            return Ok(null_mut());
        }
        Err(Code(ERROR_INVALID_HANDLE))
    })
}
