//! The value of a field.

use std::fmt;

use serde::{Serialize, Serializer};

/// The value of a field at one moment.
///
/// It is printed as people read it, and serialised as a number, a text or a boolean. Numbers that are
/// no numbers (NaN, infinity) are serialised as their text, which JSON has no number for.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number without a sign.
    Unsigned(u64),
    /// A whole number with a sign.
    Signed(i64),
    /// A number of 32 bits with a fraction.
    Float32(f32),
    /// A number of 64 bits with a fraction.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A text, up to its first zero; what is no Unicode is replaced by U+FFFD.
    Text(String),
    /// A value of an enumeration.
    Name {
        /// Its name, if it has one.
        name: Option<String>,
        /// Its number.
        number: i128,
    },
    /// Flags.
    Flags {
        /// The names of those that are set.
        names: Vec<String>,
        /// The bits that have no name.
        rest: u64,
    },
    /// Bytes without a type.
    Bytes(Vec<u8>),
}

impl Value {
    /// Returns it as a number for a plot, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a plot has no more digits")]
        Some(match self {
            Self::Unsigned(number) => *number as f64,
            Self::Signed(number) => *number as f64,
            Self::Float32(number) => f64::from(*number),
            Self::Float(number) => *number,
            Self::Bool(is_set) => f64::from(u8::from(*is_set)),
            Self::Name { number, .. } => *number as f64,
            Self::Text(_) | Self::Flags { .. } | Self::Bytes(_) => return None,
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::Float32(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Bool(is_set) => is_set.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Name { name: Some(name), .. } => name.fmt(f),
            Self::Name { name: None, number } => number.fmt(f),
            Self::Flags { names, rest } => {
                f.write_str(&names.join("|"))?;
                match (*rest, names.is_empty()) {
                    (0, false) => Ok(()),
                    (0, true) => f.write_str("0"),
                    (rest, true) => write!(f, "{rest:#x}"),
                    (rest, false) => write!(f, "|{rest:#x}"),
                }
            }
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::Float32(number) if number.is_finite() => serializer.serialize_f32(*number),
            Self::Float(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Bool(is_set) => serializer.serialize_bool(*is_set),
            Self::Name { name: None, number } => match i64::try_from(*number) {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.collect_str(self),
            },
            _ => serializer.collect_str(self),
        }
    }
}
