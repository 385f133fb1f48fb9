//! The values of a kind: out of bytes, and into bytes.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::number::{Number, Order, whole};
use crate::value::Value;

/// The most bytes of a text that is written.
const LONGEST: u64 = 1 << 28;

impl Kind {
    /// Returns the value at the start of `bytes`, or `None` if it has none (fields, arrays) or they
    /// are too few.
    #[must_use]
    pub fn value(&self, bytes: &[u8]) -> Option<Value> {
        let size = usize::try_from(self.size()).ok()?;
        let bytes = bytes.get(..size).filter(|_| self.is_sound())?;
        Some(match self {
            Self::Number(number, order) => number.value(bytes, *order)?,
            Self::Names(names, order) => names.value(names.number().bits(bytes, *order)?),
            Self::Bits { number, order, first, width } => {
                let unused = 64 - u32::from(*width);
                let bits = (number.bits(bytes, *order)? >> first) << unused;
                if number.is_signed() {
                    Value::Signed(bits.cast_signed() >> unused)
                } else {
                    Value::Unsigned(bits >> unused)
                }
            }
            Self::Text { unit, order, .. } => Value::Text(text(bytes, *unit, *order)),
            Self::Bytes(_) => Value::Bytes(bytes.to_vec()),
            Self::Fields(_) | Self::Array(..) => return None,
        })
    }

    /// Returns the bytes of a value that is written as text; `present` are the bytes there, of which
    /// bits that are not the field's are kept.
    ///
    /// # Errors
    ///
    /// If the text is no such value, or does not fit.
    pub fn parse(&self, value: &str, present: &[u8]) -> Result<Vec<u8>> {
        if !self.is_sound() {
            return Err(Error::new(format!(
                "could not write `{value}` into {self}: it is no type"
            )));
        }
        match self {
            Self::Number(number, order) => Ok(number.bytes(number.parse(value)?, *order)),
            Self::Names(names, order) => Ok(names.number().bytes(names.parse(value)?, *order)),
            Self::Bits { number, order, first, width } => {
                let (least, most) = match number.is_signed() {
                    true => (-(1_i128 << (width - 1)), (1_i128 << (width - 1)) - 1),
                    false => (0, (1_i128 << width) - 1),
                };
                let parsed = match (number, value) {
                    (Number::Bool, "true") => Some(1),
                    (Number::Bool, "false") => Some(0),
                    _ => whole(value),
                };
                let Some(new) = parsed.filter(|new| (least..=most).contains(new)) else {
                    return Err(Error::new(format!(
                        "could not read `{value}` as {self}: a whole number from {least} to {most} \
                         is right"
                    )));
                };
                let mask = (u64::MAX >> (64 - u32::from(*width))) << first;
                let new = u64::try_from(new & i128::from(u64::MAX)).unwrap_or(0) << first;
                let present = number.bits(present, *order).unwrap_or(0);
                Ok(number.bytes((present & !mask) | (new & mask), *order))
            }
            Self::Text { unit, order, len } => text_bytes(value, *unit, *order, *len),
            Self::Bytes(len) => hex(value, *len),
            Self::Fields(_) | Self::Array(..) => Err(Error::new(format!(
                "could not write `{value}` into {self}: it has parts, which are written one by one"
            ))),
        }
    }
}

fn text(bytes: &[u8], unit: u8, order: Order) -> String {
    let number = match unit {
        1 => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            return String::from_utf8_lossy(&bytes[..end]).into_owned();
        }
        2 => Number::U16,
        _ => Number::U32,
    };
    let units = bytes.chunks_exact(usize::from(unit)).filter_map(|one| number.bits(one, order));
    let units = units.take_while(|unit| *unit != 0);
    if unit == 2 {
        let units = units.map(|unit| u16::try_from(unit).unwrap_or(0));
        return char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
    }
    let character = |unit| u32::try_from(unit).ok().and_then(char::from_u32);
    units.map(|unit| character(unit).unwrap_or('\u{fffd}')).collect()
}

fn text_bytes(value: &str, unit: u8, order: Order, len: u64) -> Result<Vec<u8>> {
    let units: Vec<u64> = match unit {
        1 => value.bytes().map(u64::from).collect(),
        2 => value.encode_utf16().map(u64::from).collect(),
        _ => value.chars().map(u64::from).collect(),
    };
    if units.len() as u64 > len {
        // A character may take several.
        let what = if unit == 1 { "bytes" } else { "characters" };
        return Err(Error::new(format!(
            "could not write a text of {} {what}: there is room for {len}",
            units.len()
        )));
    }
    let size = len.saturating_mul(u64::from(unit));
    let Some(size) = usize::try_from(size).ok().filter(|_| size <= LONGEST) else {
        return Err(Error::new(format!(
            "could not write a text into {size} bytes at once: {LONGEST} is the most"
        )));
    };
    let number = match unit {
        1 => Number::U8,
        2 => Number::U16,
        _ => Number::U32,
    };
    let mut bytes: Vec<u8> = units.iter().flat_map(|unit| number.bytes(*unit, order)).collect();
    // The rest of an earlier, longer text is not left behind.
    bytes.resize(size, 0);
    Ok(bytes)
}

fn hex(value: &str, len: u64) -> Result<Vec<u8>> {
    let digits: Vec<u8> =
        value.chars().filter_map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    if digits.len() != value.chars().count() || digits.len() as u64 != len.saturating_mul(2) {
        return Err(Error::new(format!(
            "could not read the bytes: {len} bytes are right, as two hexadecimal digits each"
        )));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
