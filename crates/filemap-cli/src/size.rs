//! Sizes: parsed from the command line, and shown with units.

use std::fmt;

/// What a size is, for errors.
const EXPECTED: &str = "expected a number of bytes, such as 4096, 0x1000, 64KiB or 1.5G";

const TOO_MUCH: &str = "64 bits count 18446744073709551615 bytes at most";

/// Parses a size or an offset: `4096`, `0x10000`, `64KiB`, `1.5G`.
///
/// # Errors
///
/// A sentence that says what is wrong. It never contains the text itself, which the parser of the
/// arguments shows already.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return hexadecimal(&digits.replace('_', ""));
    }
    let number = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let shift = shift_of(&text[number.len()..]).ok_or(EXPECTED)?;
    let number = number.trim_end().replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(EXPECTED.to_owned());
    }
    let rest = part_of(fraction, shift).ok_or(if shift == 0 {
        "expected a whole number of bytes; is a unit missing, as in 1.5G?"
    } else {
        "expected a whole number of bytes"
    })?;
    let whole: u64 = whole.parse().map_err(|_| TOO_MUCH)?;
    let bytes = whole.checked_mul(1 << shift).and_then(|bytes| bytes.checked_add(rest));
    bytes.ok_or_else(|| TOO_MUCH.to_owned())
}

/// Returns the power of two that a unit stands for: `k`, `KB` and `KiB` are 10.
fn shift_of(unit: &str) -> Option<u32> {
    let unit = unit.to_ascii_lowercase();
    if unit.is_empty() || unit == "b" {
        return Some(0);
    }
    let mut letters = unit.chars();
    let place = "kmgtpe".find(letters.next()?)?;
    matches!(letters.as_str(), "" | "b" | "i" | "ib")
        .then_some(10 * (u32::try_from(place).ok()? + 1))
}

/// Returns the bytes in a decimal fraction of `1 << shift` bytes, if that is a whole number.
fn part_of(fraction: &str, shift: u32) -> Option<u64> {
    let digits = fraction.trim_end_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // Of `digits / 10^n`, all fives must go, and as many twos as the unit does not bring along.
    let n = u32::try_from(digits.len()).ok()?;
    let (digits, fives) = (digits.parse::<u128>().ok()?, 5_u128.checked_pow(n)?);
    let bytes = (digits / fives) << shift;
    (digits % fives == 0 && bytes.trailing_zeros() >= n).then_some(u64::try_from(bytes >> n).ok()?)
}

fn hexadecimal(digits: &str) -> Result<u64, String> {
    // `from_str_radix` would also accept a sign.
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("expected hexadecimal digits after 0x".to_owned());
    }
    u64::from_str_radix(digits, 16).map_err(|_| TOO_MUCH.to_owned())
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
        // Truncated, not rounded: 1023.99 KiB must not be shown as 1024 KiB.
        let tenth = (u128::from(rest) * 10) >> shift;
        f.pad(&if rest == 0 {
            format!("{whole} {unit}")
        } else {
            format!("{whole}.{tenth} {unit}")
        })
    }
}

/// Shows a number of bytes as it is counted: `1 byte`, `2 bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted(pub(crate) u64);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "byte" } else { "bytes" })
    }
}

/// Returns a size in its largest unit and in bytes: `64 KiB (65 536 bytes)`.
pub(crate) fn in_full(bytes: u64) -> String {
    if bytes < 1024 {
        Counted(bytes).to_string()
    } else {
        format!("{} ({} bytes)", Readable(bytes), Grouped(bytes))
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
        assert_eq!(parse("0.0009765625K"), Ok(1));
        assert_eq!(parse("1.50G"), Ok(3 << 29));
        assert_eq!(parse("15.99999999999999999913E").ok(), None);
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
        for text in [
            "", "x", "-1", "+", "1Q", "1.5", "0x", "0x-1", "0x+1", "0xg", "1KiBs", "K", "1e3",
            "1e3K", "1.0001K", "0.3K", ".5K", "1.K", "1..5K", "1 2", "1_K_", "KiB", "é", "1é",
            "1.5B",
        ] {
            assert!(parse(text).is_err(), "{text:?} was read as {:?}", parse(text));
        }
    }

    #[test]
    fn what_64_bits_cannot_count_is_refused() {
        for text in ["18446744073709551616", "16EiB", "0x10000000000000000", "99999999999999999999"]
        {
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
