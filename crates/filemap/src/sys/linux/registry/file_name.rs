//! Names as file names: reversible, one to one, and harmless to whoever lists the directory.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The longest file name made by escaping; `NAME_MAX` is 255.
const LONGEST: usize = 200;

/// What stands in front of a hash; escaping never produces it.
const HASHED: char = '#';

/// The file name of the entry for the name `base`.
///
/// Letters, digits and a few signs stand for themselves, every other byte as `%` and two hex
/// digits, so that neither `/` nor `.` nor a terminal's control characters reach the file
/// system. A name that would become too long is found by its hash; its entry tells the whole
/// name, and an opener compares it.
pub(crate) fn encode(base: &str) -> String {
    let mut encoded = String::with_capacity(base.len());
    for byte in base.bytes() {
        if is_plain(byte) && !(byte == b'.' && encoded.is_empty()) {
            encoded.push(char::from(byte));
        } else {
            push_escaped(&mut encoded, byte);
        }
        if encoded.len() > LONGEST {
            return hashed(base);
        }
    }
    encoded
}

/// The name that [`encode`] would turn into `file_name`, if it is not a hash.
pub(super) fn decode(file_name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(file_name.len());
    let mut rest = file_name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            plain if is_plain(plain) => plain,
            _ => return None,
        });
    }
    let base = String::from_utf8(bytes).ok()?;
    // `%41` would be another spelling of `A`: there is one file name for each name.
    (is_base(&base) && encode(&base) == file_name).then_some(base)
}

/// Tells whether a name without its scope can be this.
///
/// An entry that calls itself `Local\x` would be listed as `x`, which another one is.
pub(crate) fn is_base(base: &str) -> bool {
    !base.is_empty() && !base.contains(['\\', '\0'])
}

/// Tells whether [`encode`] can give this file name; all others in a root are not entries.
pub(crate) fn is_entry(file_name: &str) -> bool {
    let hash = file_name.strip_prefix(HASHED).is_some_and(|hash| {
        hash.len() == 64 && hash.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    });
    hash || decode(file_name).is_some()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.$@+=,~".contains(&byte)
}

fn push_escaped(encoded: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let written = write!(encoded, "%{byte:02X}");
    debug_assert!(written.is_ok());
}

fn hashed(base: &str) -> String {
    let mut encoded = String::from(HASHED);
    for byte in Sha256::digest(base.as_bytes()) {
        let written = write!(encoded, "{byte:02x}");
        debug_assert!(written.is_ok());
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stand_for_themselves() {
        assert_eq!(encode("$rFactor2SMMP_Telemetry$"), "$rFactor2SMMP_Telemetry$");
    }

    #[test]
    fn every_name_comes_back_from_its_file_name() {
        let long = "x".repeat(LONGEST);
        for base in ["a/b", "..", ".", "a b ", "%41", "\u{1b}[2J", "Größe", "名", "😀", &long]
        {
            let encoded = encode(base);
            assert!(encoded.bytes().all(|byte| is_plain(byte) || byte == b'%'), "{encoded}");
            assert!(!encoded.starts_with('.'), "{encoded}");
            assert_eq!(decode(&encoded).as_deref(), Some(base));
        }
    }

    #[test]
    fn case_counts() {
        assert_ne!(encode("Scores"), encode("scores"));
    }

    #[test]
    fn names_too_long_are_found_by_their_hash() {
        let one = "名".repeat(100);
        let other = format!("{one}!");

        assert_eq!(encode(&one).len(), 65);
        assert!(encode(&one).starts_with(HASHED));
        assert_ne!(encode(&one), encode(&other));
        assert_eq!(decode(&encode(&one)), None);
        assert!(is_entry(&encode(&one)));
    }

    #[test]
    fn other_spellings_are_not_names() {
        for file_name in ["%41", "%", "%zz", "%2", ".swept", "a b", "%2e"] {
            assert_eq!(decode(file_name), None, "{file_name}");
            assert!(!is_entry(file_name), "{file_name}");
        }
    }

    #[test]
    fn what_no_name_can_be_has_no_file_name() {
        for file_name in ["", "Local%5Cx", "Global%5Cx", "%5C", "a%00b"] {
            assert_eq!(decode(file_name), None, "{file_name}");
            assert!(!is_entry(file_name), "{file_name}");
        }
    }
}
