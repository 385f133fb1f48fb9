//! The names of an enumeration's numbers, or of the bits of flags.

use crate::error::{Error, Result};
use crate::number::{Number, whole};
use crate::value::Value;

/// Names for the values of a number: one at a time, or as flags that are set together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    name: String,
    number: Number,
    flags: bool,
    values: Vec<(String, i128)>,
}

impl Names {
    /// Returns the names of an enumeration; with `flags`, those of bits.
    ///
    /// # Errors
    ///
    /// If `number` has no whole numbers, a value does not fit it, a name is empty or there twice, or
    /// two names have one bit.
    pub fn new(
        name: impl Into<String>,
        number: Number,
        flags: bool,
        values: Vec<(String, i128)>,
    ) -> Result<Self> {
        let name = name.into();
        if !number.is_integer() {
            let number = number.name();
            return Err(Error::new(format!(
                "could not use `{name}`: its type {number} has no whole numbers; u32 has"
            )));
        }
        let mut known = std::collections::HashSet::new();
        for (its, value) in &values {
            if its.is_empty() || !known.insert(its) {
                return Err(Error::new(format!(
                    "could not use `{name}`: its name `{its}` is empty or there twice"
                )));
            }
            let is_mask = flags && (0..1 << (8 * number.size())).contains(value);
            if !(is_mask || number.holds(*value)) {
                let number = number.name();
                return Err(Error::new(format!(
                    "could not use `{name}`: its value {its} = {value} does not fit {number}"
                )));
            }
        }
        Ok(Self { name, number, flags, values })
    }

    /// Returns the name of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type of its numbers.
    #[must_use]
    pub fn number(&self) -> Number {
        self.number
    }

    /// Returns whether several names may be set together.
    #[must_use]
    pub fn is_flags(&self) -> bool {
        self.flags
    }

    /// Returns the names with their numbers, in the order in which they were declared.
    #[must_use]
    pub fn values(&self) -> &[(String, i128)] {
        &self.values
    }

    /// Returns the value that these bits stand for.
    pub(crate) fn value(&self, bits: u64) -> Value {
        if self.flags {
            let mut left = bits;
            let mut set = Vec::new();
            for (name, value) in &self.values {
                let mask = mask(*value);
                // A name for no bit at all is shown if none is set.
                if (mask != 0 && bits & mask == mask) || (mask == 0 && bits == 0) {
                    set.push(name.clone());
                    left &= !mask;
                }
            }
            return Value::Flags { names: set, rest: left };
        }
        let number = if self.number.is_signed() {
            i128::from(self.number.signed(bits))
        } else {
            i128::from(bits)
        };
        let name = self.values.iter().find(|(_, value)| *value == number);
        Value::Name { name: name.map(|(name, _)| name.clone()), number }
    }

    /// Returns the bits that a text stands for: a name, a number, or flags with `|` between them.
    pub(crate) fn parse(&self, text: &str) -> Result<u64> {
        let one = |word: &str| match self.values.iter().find(|(name, _)| name == word) {
            Some((_, value)) => Ok(mask(*value)),
            None if whole(word).is_some() => self.number.parse(word),
            None => {
                let known: Vec<_> =
                    self.values.iter().take(20).map(|(name, _)| name.as_str()).collect();
                Err(Error::new(format!(
                    "could not read `{word}` as {}: it has the names {}",
                    self.name,
                    known.join(", ")
                )))
            }
        };
        if !self.flags {
            return one(text);
        }
        let words = text.split('|').map(str::trim).filter(|word| !word.is_empty());
        words.map(one).try_fold(0, |bits, one| Ok(bits | one?))
    }
}

/// Returns the low 64 bits of a number.
fn mask(number: i128) -> u64 {
    u64::try_from(number & i128::from(u64::MAX)).unwrap_or(0)
}
