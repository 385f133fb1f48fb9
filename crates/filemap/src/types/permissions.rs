use std::fmt;
use std::str::FromStr;

use crate::types::{Error, ErrorKind, Operation, Result};

/// Who else may open a name: the user who made it always may.
///
/// As the bits of a file's mode, which is what they are on Linux. They are asked for when the name
/// is opened: who may only read gets no handle that writes, and who may not read gets none.
///
/// | | the maker | the group | others |
/// |---|---|---|---|
/// | [`PRIVATE`](Self::PRIVATE), the default | all | nothing | nothing |
/// | [`READ_BY_OTHERS`](Self::READ_BY_OTHERS) | all | read | read |
/// | [`WRITE_BY_OTHERS`](Self::WRITE_BY_OTHERS) | all | all | all |
///
/// They matter for `Global\` names. `Local\` names are in a place that other users cannot enter.
///
/// On Windows `PRIVATE` is the system's default for this user, the last digit is what a descriptor
/// grants to everybody, and the group's digit means nothing.
///
/// ```
/// use filemap::Permissions;
///
/// assert_eq!(Permissions::default(), Permissions::PRIVATE);
/// assert_eq!(Permissions::from_mode(0o644)?, Permissions::READ_BY_OTHERS);
/// assert_eq!("640".parse::<Permissions>()?.to_string(), "640");
/// assert!(Permissions::from_mode(0o755).is_err());
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "SECURITY_ATTRIBUTES")]
pub struct Permissions {
    /// Invariant: read and write for the owner, and nothing, read, or both for the others.
    mode: u32,
}

impl Permissions {
    /// Nobody but the user who made the name.
    pub const PRIVATE: Self = Self { mode: 0o600 };
    /// Everybody may read, and look at views that the maker writes.
    pub const READ_BY_OTHERS: Self = Self { mode: 0o644 };
    /// Everybody may read and write, which includes the description that the name's entry holds:
    /// see the page on safety.
    pub const WRITE_BY_OTHERS: Self = Self { mode: 0o666 };

    /// Takes them from a file's mode, such as `0o640`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the maker is denied something, if somebody may write and
    /// not read, and for any bit that is neither read nor write.
    pub fn from_mode(mode: u32) -> Result<Self> {
        let allowed = |shift: u32| matches!(mode >> shift & 0o7, 0 | 4 | 6);
        if mode >> 6 == 0o6 && allowed(3) && allowed(0) {
            return Ok(Self { mode });
        }
        Err(Error::new(ErrorKind::InvalidArgument, Operation::Parse)
            .about(format!("the mode {mode:03o}"))
            .because(
                "its maker must have 6; the group and others 0, 4 (read) or 6 (read and write)",
            ))
    }

    /// The bits of a file's mode.
    #[must_use]
    pub const fn mode(self) -> u32 {
        self.mode
    }
}

impl Default for Permissions {
    fn default() -> Self {
        Self::PRIVATE
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03o}", self.mode)
    }
}

impl FromStr for Permissions {
    type Err = Error;

    /// Reads three octal digits.
    fn from_str(text: &str) -> Result<Self> {
        match u32::from_str_radix(text, 8) {
            Ok(mode) if text.len() == 3 => Self::from_mode(mode),
            _ => Err(Error::new(ErrorKind::InvalidArgument, Operation::Parse)
                .about(format!("the mode `{text}`"))
                .because("it is not three octal digits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_read_and_write_can_be_given_and_not_write_alone() {
        for mode in [0o600, 0o640, 0o660, 0o604, 0o606, 0o644, 0o664, 0o666] {
            let given = Permissions::from_mode(mode).unwrap();
            assert_eq!(given.mode(), mode, "{mode:o}");
        }
        for mode in [0, 0o400, 0o200, 0o620, 0o602, 0o700, 0o755, 0o777, 0o1600, 0o100_644] {
            let refused = Permissions::from_mode(mode).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{mode:o}");
        }
    }

    #[test]
    fn they_are_parsed_from_three_digits() {
        assert_eq!("644".parse::<Permissions>().unwrap(), Permissions::READ_BY_OTHERS);
        for text in ["", "6", "0644", "64x", "+64", "-44", "888"] {
            assert!(text.parse::<Permissions>().is_err(), "{text}");
        }
    }
}
