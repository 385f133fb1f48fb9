//! Sizes and offsets as people write them, and sizes as people read them.

use std::fmt;

use parse_size::Config;

/// Reads a size or an offset: `4096`, `0x10000`, `64KiB`, `1.5G`.
///
/// # Errors
///
/// A sentence that says what cannot be read; it never contains the text itself, because the
/// parser of the arguments shows that already.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return hexadecimal(&digits.replace('_', ""));
    }
    // A fraction of a byte is a slip of the hand: the unit was forgotten.
    if text.contains('.') && text.ends_with(|last: char| last.is_ascii_digit()) {
        return Err("a part of a byte cannot be meant; is a unit missing, as in 1.5G?".to_owned());
    }
    Config::new().with_binary().parse_size(text).map_err(|error| match error {
        parse_size::Error::Empty => "there is no number in it".to_owned(),
        parse_size::Error::PosOverflow => "it is more than 64 bits can count".to_owned(),
        _ => "expected a number of bytes, such as 4096, 0x1000, 64KiB or 1.5G".to_owned(),
    })
}

fn hexadecimal(digits: &str) -> Result<u64, String> {
    // `from_str_radix` would also take a sign.
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("expected hexadecimal digits after 0x".to_owned());
    }
    u64::from_str_radix(digits, 16).map_err(|_| "it is more than 64 bits can count".to_owned())
}

/// Shows a number of bytes in the largest unit that keeps it above one: `64 KiB`, `1.5 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readable(pub(crate) u64);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut shift = 10;
        let mut unit = UNITS[0];
        for next in &UNITS[1..] {
            if self.0 >> (shift + 10) == 0 {
                break;
            }
            shift += 10;
            unit = next;
        }
        let whole = self.0 >> shift;
        let rest = self.0 & ((1 << shift) - 1);
        // Cut, not rounded: 1023.99 KiB must not be shown as 1024 KiB.
        let tenth = (u128::from(rest) * 10) >> shift;
        f.pad(&if rest == 0 {
            format!("{whole} {unit}")
        } else {
            format!("{whole}.{tenth} {unit}")
        })
    }
}

/// Shows a number of bytes in full, digits in groups of three: `4 294 979 641`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grouped(pub(crate) u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(' ');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_number_counts_bytes() {
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("4096"), Ok(4096));
        assert_eq!(parse(" 4_096 "), Ok(4096));
        assert_eq!(parse("512B"), Ok(512));
        assert_eq!(parse("18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn units_count_in_steps_of_1024_however_they_are_written() {
        for text in ["64KiB", "64kib", "64K", "64KB", "64 KiB", "64ki", "0.0625M"] {
            assert_eq!(parse(text), Ok(65536), "{text}");
        }
        assert_eq!(parse("1MiB"), Ok(1 << 20));
        assert_eq!(parse("1.5G"), Ok(3 << 29));
        assert_eq!(parse("2T"), Ok(2 << 40));
        assert_eq!(parse("1P"), Ok(1 << 50));
        assert_eq!(parse("8EiB"), Ok(8 << 60));
    }

    #[test]
    fn hexadecimal_is_read_as_it_is_printed() {
        assert_eq!(parse("0x10000"), Ok(65536));
        assert_eq!(parse("0XfF"), Ok(255));
        assert_eq!(parse("0x1_0000_0000"), Ok(1 << 32));
        assert_eq!(parse("0xffffffffffffffff"), Ok(u64::MAX));
    }

    #[test]
    fn the_letters_b_and_e_are_digits_after_0x_and_units_elsewhere() {
        assert_eq!(parse("0x1b"), Ok(27));
        assert_eq!(parse("0x1e"), Ok(30));
        assert_eq!(parse("1E"), Ok(1 << 60));
    }

    #[test]
    fn what_is_not_a_size_is_refused() {
        for text in ["", "x", "-1", "+", "1Q", "1.5", "0x", "0x-1", "0x+1", "0xg", "1KiBs", "K"] {
            assert!(parse(text).is_err(), "{text:?} was read as {:?}", parse(text));
        }
    }

    #[test]
    fn what_64_bits_cannot_count_is_refused() {
        for text in ["18446744073709551616", "16EiB", "0x10000000000000000", "1e40"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("64 bits"), "{text}: {error}");
        }
    }

    #[test]
    fn a_size_is_shown_in_its_largest_unit() {
        let shown = |bytes: u64| Readable(bytes).to_string();
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(1023), "1023 B");
        assert_eq!(shown(1024), "1 KiB");
        assert_eq!(shown(1536), "1.5 KiB");
        assert_eq!(shown((1 << 20) - 1), "1023.9 KiB");
        assert_eq!(shown(1 << 20), "1 MiB");
        assert_eq!(shown(3 << 29), "1.5 GiB");
        assert_eq!(shown(u64::MAX), "15.9 EiB");
    }

    #[test]
    fn a_shown_whole_size_is_read_back() {
        for bytes in [1, 1024, 65536, 3 << 29, 1 << 40, 1 << 63] {
            assert_eq!(parse(&Readable(bytes).to_string()), Ok(bytes));
        }
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(Grouped(0).to_string(), "0");
        assert_eq!(Grouped(999).to_string(), "999");
        assert_eq!(Grouped(1000).to_string(), "1 000");
        assert_eq!(Grouped(4_294_979_641).to_string(), "4 294 979 641");
    }
}
