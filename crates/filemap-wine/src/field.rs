//! Fields of lines: texts in which no byte below a space, no space and no `%` stands for itself.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Writes a text as a field.
pub(crate) fn encode(text: &str) -> String {
    let mut field = String::new();
    for sign in text.chars() {
        match sign {
            '\0'..=' ' | '%' | '\x7f' => field.push_str(&format!("%{:02x}", u32::from(sign))),
            _ => field.push(sign),
        }
    }
    field
}

/// Reads a field; none if it is not one.
pub(crate) fn decode(field: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = field.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return None };
        let digit = |digit: u8| char::from(digit).to_digit(16);
        bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}
