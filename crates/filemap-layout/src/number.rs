//! Numbers: their types, their byte order, and their bytes.

use crate::error::{Error, Result};
use crate::value::Value;

/// A type of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of Rust's own types")]
pub enum Number {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// One byte, of which 0 is false.
    Bool,
}

/// The order of a number's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The least significant byte first, as in the memory of most machines.
    #[default]
    Little,
    /// The most significant byte first.
    Big,
}

const ALL: [(Number, &str, u8); 11] = [
    (Number::U8, "u8", 1),
    (Number::U16, "u16", 2),
    (Number::U32, "u32", 4),
    (Number::U64, "u64", 8),
    (Number::I8, "i8", 1),
    (Number::I16, "i16", 2),
    (Number::I32, "i32", 4),
    (Number::I64, "i64", 8),
    (Number::F32, "f32", 4),
    (Number::F64, "f64", 8),
    (Number::Bool, "bool", 1),
];

impl Number {
    /// Returns the type of this name, such as `u16`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, its, _)| *its == name).map(|(number, ..)| *number)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(number, ..)| *number == self).map_or("", |(_, name, _)| name)
    }

    /// Returns its size in bytes, which is its alignment as well.
    #[must_use]
    pub fn size(self) -> usize {
        ALL.iter().find(|(number, ..)| *number == self).map_or(0, |(.., size)| usize::from(*size))
    }

    /// Returns whether it has whole numbers.
    #[must_use]
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64 | Self::Bool)
    }

    /// Returns whether it has numbers with a fraction.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Returns whether it has numbers below zero.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// Returns the bits at the start of `bytes`, in an unsigned number, or `None` if they are too few.
    pub(crate) fn bits(self, bytes: &[u8], order: Order) -> Option<u64> {
        let bytes = bytes.get(..self.size())?;
        let mut little = [0; 8];
        little[..bytes.len()].copy_from_slice(bytes);
        if order == Order::Big {
            little[..bytes.len()].reverse();
        }
        Some(u64::from_le_bytes(little))
    }

    /// Returns the bytes of the low bits of `bits`.
    pub(crate) fn bytes(self, bits: u64, order: Order) -> Vec<u8> {
        let mut bytes = bits.to_le_bytes()[..self.size()].to_vec();
        if order == Order::Big {
            bytes.reverse();
        }
        bytes
    }

    /// Extends the sign of a signed number, whose bits are `bits`.
    pub(crate) fn signed(self, bits: u64) -> i64 {
        let unused = 64 - 8 * self.size();
        (bits << unused).cast_signed() >> unused
    }

    /// Returns the value at the start of `bytes`.
    pub(crate) fn value(self, bytes: &[u8], order: Order) -> Option<Value> {
        let bits = self.bits(bytes, order)?;
        Some(match self {
            Self::F32 => Value::Float32(f32::from_bits(u32::try_from(bits).ok()?)),
            Self::F64 => Value::Float(f64::from_bits(bits)),
            Self::Bool => Value::Bool(bits != 0),
            _ if self.is_signed() => Value::Signed(self.signed(bits)),
            _ => Value::Unsigned(bits),
        })
    }

    /// Returns the bits of a number that is written as text: decimal, or hexadecimal after `0x`.
    pub(crate) fn parse(self, text: &str) -> Result<u64> {
        let refused = |right: &str| {
            Err(Error::new(format!("could not read `{text}` as {}: {right}", self.name())))
        };
        // A number that is too large is read as infinity, which is written by its name alone.
        let is_too_large = |is_infinite| is_infinite && text.contains(|c: char| c.is_ascii_digit());
        let too_large = || refused(&format!("it is larger than any {}", self.name()));
        match self {
            Self::F32 => match text.parse::<f32>() {
                Ok(number) if is_too_large(number.is_infinite()) => too_large(),
                Ok(number) => Ok(number.to_bits().into()),
                Err(_) => refused("a number such as 1.5 or -2e3 is right"),
            },
            Self::F64 => match text.parse::<f64>() {
                Ok(number) if is_too_large(number.is_infinite()) => too_large(),
                Ok(number) => Ok(number.to_bits()),
                Err(_) => refused("a number such as 1.5 or -2e3 is right"),
            },
            Self::Bool => match text {
                "true" | "1" => Ok(1),
                "false" | "0" => Ok(0),
                _ => refused("true or false is right"),
            },
            _ => match whole(text) {
                Some(number) if self.holds(number) => {
                    // The low bits of a negative number are its bytes.
                    Ok(u64::try_from(number & i128::from(u64::MAX)).unwrap_or(0))
                }
                Some(_) => {
                    let (least, most) = self.range();
                    refused(&format!("it is not between {least} and {most}"))
                }
                None => refused("a whole number, such as 12 or 0x1f, is right"),
            },
        }
    }

    /// Returns whether a whole number fits.
    pub(crate) fn holds(self, number: i128) -> bool {
        let (least, most) = self.range();
        (least..=most).contains(&number)
    }

    fn range(self) -> (i128, i128) {
        let bits = 8 * self.size();
        if self.is_signed() {
            (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        } else {
            (0, (1 << bits) - 1)
        }
    }
}

/// Returns a whole number written as text: decimal, or hexadecimal after `0x`.
pub(crate) fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    // A sign after the first is not a digit.
    let sign = |digits: &str| digits.starts_with(['+', '-']);
    let number = match hex {
        Some(hex) if !sign(hex) => i128::from_str_radix(hex, 16).ok()?,
        None if !negative || !sign(digits) => digits.parse().ok()?,
        _ => return None,
    };
    Some(if negative { -number } else { number })
}
