//! Offsets in a target, from its start or from its end.

use std::fmt;
use std::str::FromStr;

use filemap::ErrorKind;

use crate::failure::{Failure, Result};
use crate::size::{self, Counted};

/// An offset, as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offset {
    FromStart(u64),
    /// Bytes before the end; written with a minus.
    FromEnd(u64),
}

impl Offset {
    /// Returns the offset from the start of a target of `len` bytes.
    ///
    /// # Errors
    ///
    /// [`Failure::Broken`] if it lies before the start.
    pub(crate) fn within(self, len: u64, target: &impl fmt::Display) -> Result<u64> {
        match self {
            Self::FromStart(offset) => Ok(offset),
            Self::FromEnd(back) => len.checked_sub(back).ok_or_else(|| {
                Failure::broken_as(
                    ErrorKind::InvalidRange,
                    format!(
                        "could not go back {} from the end of {target}: it has {len}",
                        Counted(back)
                    ),
                )
            }),
        }
    }

    /// Returns the offset from the start of a target, which must not end before it.
    ///
    /// # Errors
    ///
    /// [`Failure::Broken`] if it lies before the start or past the end.
    pub(crate) fn inside(self, len: u64, target: &impl fmt::Display) -> Result<u64> {
        let offset = self.within(len, target)?;
        if offset > len {
            return Err(Failure::broken_as(
                ErrorKind::EndOfFile,
                format!("could not read {target} at offset {offset}: it ends at {len}"),
            ));
        }
        Ok(offset)
    }
}

impl FromStr for Offset {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.trim().strip_prefix('-') {
            Some(back) if back.starts_with(['-', '+']) => {
                Err("expected one minus at most, as in -16".to_owned())
            }
            Some(back) => size::parse(back).map(Self::FromEnd),
            None => size::parse(text).map(Self::FromStart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minus_counts_from_the_end() {
        assert_eq!("0x10".parse(), Ok(Offset::FromStart(16)));
        assert_eq!("-0x10".parse(), Ok(Offset::FromEnd(16)));
        assert_eq!("-1.5K".parse(), Ok(Offset::FromEnd(1536)));
        assert!("--1".parse::<Offset>().is_err());
        assert!("-".parse::<Offset>().is_err());
        assert!("1-".parse::<Offset>().is_err());
    }

    #[test]
    fn a_place_before_the_start_is_none() {
        assert_eq!(Offset::FromEnd(10).within(10, &"x").unwrap(), 0);
        assert!(Offset::FromEnd(11).within(10, &"x").is_err());
        assert_eq!(Offset::FromStart(11).within(10, &"x").unwrap(), 11);
        assert!(Offset::FromStart(11).inside(10, &"x").is_err());
    }
}
