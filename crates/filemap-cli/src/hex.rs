//! Hexadecimal: bytes read from an argument, and written without separators.

use std::io::{self, Write};

/// What bytes are, for errors.
const EXPECTED: &str = "expected two hexadecimal digits for each byte, such as `de ad be ef`";

/// Parses pairs of hexadecimal digits; spaces, `:`, `-` and `_` between them are ignored, and so is
/// a leading `0x`.
///
/// # Errors
///
/// A sentence that names the part that is no byte.
pub(crate) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let words = text.split(|between: char| between.is_whitespace() || ":-_".contains(between));
    for word in words.filter(|word| !word.is_empty()) {
        let digits = word.strip_prefix("0x").unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("`{word}` is not hexadecimal; {EXPECTED}"));
        }
        if digits.len() % 2 != 0 {
            return Err(format!("`{word}` ends within a byte; {EXPECTED}"));
        }
        for start in (0..digits.len()).step_by(2) {
            let byte = u8::from_str_radix(&digits[start..start + 2], 16);
            bytes.push(byte.map_err(|_| format!("`{word}` is not hexadecimal; {EXPECTED}"))?);
        }
    }
    Ok(bytes)
}

/// Writes bytes as pairs of hexadecimal digits without separators.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn write_plain(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    out.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_digits_are_bytes_whatever_stands_between_them() {
        for text in ["00ff10", "00 ff 10", "00:FF:10", "0x00ff10", "0x00 0xff 0x10", "00-ff_10"] {
            assert_eq!(parse(text), Ok(vec![0, 255, 16]), "{text}");
        }
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn what_is_not_pairs_of_digits_is_refused() {
        for text in ["0", "fff", "0x", "zz", "+1", "00 f", "é1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
