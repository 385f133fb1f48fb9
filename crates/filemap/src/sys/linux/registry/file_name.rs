//! File names of entries: each is made from one name, and harmless to list.

use sha2::{Digest as _, Sha256};

/// The longest file name made by escaping; `NAME_MAX` is 255.
const LONGEST: usize = 200;

/// Precedes a hash; escaping never produces it.
const HASHED: char = '#';

/// Returns the file name of the entry for the name `base`.
///
/// Letters, digits and a few signs stand for themselves, and every other byte is `%` and two
/// hexadecimal digits: no `/`, no `.` at the beginning and no control character reaches the file
/// system. The file name of a long name is its hash. The entry has the whole name, which an opener
/// compares.
pub(super) fn encode(base: &str) -> String {
    let mut encoded = String::with_capacity(base.len());
    for byte in base.bytes() {
        if is_plain(byte) && !(byte == b'.' && encoded.is_empty()) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        if encoded.len() > LONGEST {
            let hash = Sha256::digest(base.as_bytes());
            let digits = hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
            return std::iter::once(HASHED)
                .chain(digits.map(|it| it.to_ascii_lowercase()))
                .collect();
        }
    }
    encoded
}

/// Returns a hexadecimal digit.
fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or_default().to_ascii_uppercase()
}

/// Returns true if a name without its scope can be this.
///
/// An entry whose base were `Local\x` would be listed as the name of another entry, `x`.
pub(super) fn is_base(base: &str) -> bool {
    !base.is_empty() && !base.contains(['\\', '\0'])
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.$@+=,~".contains(&byte)
}
