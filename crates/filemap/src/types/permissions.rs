//! Who else may open a name.

use std::fmt;
use std::str::FromStr;

use crate::types::{Error, ErrorKind, Operation, Result, quoted};

/// Who else may open a name. The user who created it always may.
///
/// They are the bits of a file's mode, as on Linux. They are checked when the name is opened: a user
/// who may only read gets no handle that writes, and one who may not read gets none.
///
/// | | the creator | the group | others |
/// |---|---|---|---|
/// | [`PRIVATE`](Self::PRIVATE), the default | all | nothing | nothing |
/// | [`READ_BY_OTHERS`](Self::READ_BY_OTHERS) | all | read | read |
/// | [`WRITE_BY_OTHERS`](Self::WRITE_BY_OTHERS) | all | all | all |
///
/// They matter for `Global\` names. `Local\` names are in a directory that other users cannot enter.
///
/// # Platforms
///
/// On Windows `PRIVATE` is the system's default for this user, the last digit becomes a security
/// descriptor for everybody, and the group's digit has no meaning.
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
    /// Only the user who created the name.
    pub const PRIVATE: Self = Self { mode: 0o600 };
    /// Everybody may read.
    pub const READ_BY_OTHERS: Self = Self { mode: 0o644 };
    /// Everybody may read and write, including the trailer of the name's entry: see the page on
    /// safety.
    pub const WRITE_BY_OTHERS: Self = Self { mode: 0o666 };

    /// Returns the permissions of a file's mode, such as `0o640`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the creator may not read and write, if the group or others
    /// may write and not read, or if a bit is neither read nor write.
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

    /// Returns the bits of a file's mode.
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
                .about(format!("the mode {}", quoted(text)))
                .because("it is not three octal digits, as 600, 644 or 666 are")),
        }
    }
}
