//! Numbers of a given type and byte order, read from bytes.

use clap::ValueEnum;

/// A type of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Type {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

/// The byte order of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// The least significant byte first, as in the memory of most machines.
    Little,
    /// The most significant byte first, as on the network.
    Big,
}

/// A number, whatever its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
}

impl Type {
    /// Returns its name, as it is written on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Returns its size in bytes.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Returns the number of characters of its longest number.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::U8 => 3,
            Self::I8 => 4,
            Self::U16 => 5,
            Self::I16 => 6,
            Self::U32 => 10,
            Self::I32 => 11,
            Self::U64 | Self::I64 => 20,
            // -1.1754944e-38 and -2.2250738585072014e-308.
            Self::F32 => 14,
            Self::F64 => 24,
        }
    }

    /// Returns the number at the start of `bytes`, or `None` if they are too few.
    pub(crate) fn read(self, bytes: &[u8], order: Order) -> Option<Number> {
        let bytes = bytes.get(..self.size())?;
        let mut little = [0; 8];
        match order {
            Order::Little => little[..bytes.len()].copy_from_slice(bytes),
            Order::Big => {
                for (to, from) in little.iter_mut().zip(bytes.iter().rev()) {
                    *to = *from;
                }
            }
        }
        let [a, b, c, d, ..] = little;
        let (one, two, four) = ([a], [a, b], [a, b, c, d]);
        Some(match self {
            Self::U8 => Number::Unsigned(u8::from_le_bytes(one).into()),
            Self::I8 => Number::Signed(i8::from_le_bytes(one).into()),
            Self::U16 => Number::Unsigned(u16::from_le_bytes(two).into()),
            Self::I16 => Number::Signed(i16::from_le_bytes(two).into()),
            Self::U32 => Number::Unsigned(u32::from_le_bytes(four).into()),
            Self::I32 => Number::Signed(i32::from_le_bytes(four).into()),
            Self::U64 => Number::Unsigned(u64::from_le_bytes(little)),
            Self::I64 => Number::Signed(i64::from_le_bytes(little)),
            Self::F32 => Number::Single(f32::from_le_bytes(four)),
            Self::F64 => Number::Double(f64::from_le_bytes(little)),
        })
    }
}

impl Number {
    /// Returns the number as JSON; `NaN` and the infinities, which JSON lacks, become strings.
    pub(crate) fn to_json(self) -> serde_json::Value {
        match self {
            Self::Unsigned(number) => number.into(),
            Self::Signed(number) => number.into(),
            Self::Single(number) if number.is_finite() => {
                // Through its text, because widening would turn 0.1 into 0.10000000149011612.
                number.to_string().parse::<f64>().unwrap_or(number.into()).into()
            }
            Self::Double(number) if number.is_finite() => number.into(),
            other => other.to_string().into(),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The shortest text that is parsed as the same number.
        f.pad(&match self {
            Self::Unsigned(number) => number.to_string(),
            Self::Signed(number) => number.to_string(),
            Self::Single(number) => {
                let text = format!("{number:?}");
                if text.len() > Type::F32.width() { format!("{number:e}") } else { text }
            }
            Self::Double(number) => format!("{number:?}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_numbers_in_either_order() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 0xf8];
        let read = |kind: Type, order| kind.read(&bytes, order).unwrap().to_string();

        assert_eq!(read(Type::U16, Order::Little), "513");
        assert_eq!(read(Type::U16, Order::Big), "258");
        assert_eq!(read(Type::I64, Order::Little), (-0x07f8_f9fa_fbfc_fdff_i64).to_string());
        assert_eq!(read(Type::U64, Order::Big), 0x0102_0304_0506_07f8_u64.to_string());
        assert_eq!(Type::U32.read(&bytes[..3], Order::Little), None);
    }

    #[test]
    fn no_number_is_longer_than_its_column() {
        let all_signs = [
            (Type::I8, i64::from(i8::MIN).to_le_bytes()),
            (Type::I16, i64::from(i16::MIN).to_le_bytes()),
            (Type::I32, i64::from(i32::MIN).to_le_bytes()),
            (Type::I64, i64::MIN.to_le_bytes()),
            (Type::U8, [0xff; 8]),
            (Type::U16, [0xff; 8]),
            (Type::U32, [0xff; 8]),
            (Type::U64, [0xff; 8]),
            (Type::F64, (-f64::MIN_POSITIVE).to_le_bytes()),
            (Type::F64, f64::MIN.to_le_bytes()),
            (Type::F64, (-1.234_567_890_123_456_7e-300_f64).to_le_bytes()),
        ];
        for (kind, bytes) in all_signs {
            let text = kind.read(&bytes, Order::Little).unwrap().to_string();
            assert!(text.len() <= kind.width(), "{kind:?}: {text}");
        }
        for number in [-f32::MIN_POSITIVE, f32::MIN, -1.234_567_9e-30, -16_777_216.0, -1e15] {
            let text = Number::Single(number).to_string();
            assert!(text.len() <= Type::F32.width(), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_a_text() {
        let json = |number: f64| Number::Double(number).to_json().to_string();
        assert_eq!(
            (json(0.1), json(f64::NAN), json(f64::INFINITY)),
            ("0.1".into(), "\"NaN\"".into(), "\"inf\"".into())
        );
        assert_eq!(Number::Single(0.1).to_json().to_string(), "0.1");
    }
}
