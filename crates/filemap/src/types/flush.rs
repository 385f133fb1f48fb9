use std::fmt;
use std::str::FromStr;

use crate::types::{Error, ErrorKind, Operation};

/// How far a flush goes before it returns.
///
/// Stores through a view are seen by everybody at once without any flush; a flush is about
/// the disk alone. Over memory all three do nothing and succeed.
///
/// ```
/// use filemap::Flush;
///
/// assert!(Flush::Start < Flush::Durable);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flush {
    /// Writing out has begun; returns without waiting.
    Start,
    /// The bytes have been handed to the disk, which may still hold them in its own cache;
    /// the file's size and times may not be there yet. What `FlushViewOfFile` promises.
    #[doc(alias = "FlushViewOfFile")]
    Written,
    /// The bytes and the file's size survive a loss of power.
    #[doc(alias = "FlushFileBuffers")]
    Durable,
}

impl fmt::Display for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Written => "written",
            Self::Durable => "durable",
        })
    }
}

impl FromStr for Flush {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "start" => Ok(Self::Start),
            "written" => Ok(Self::Written),
            "durable" => Ok(Self::Durable),
            _ => Err(Error::new(ErrorKind::InvalidArgument, Operation::Parse)
                .about(format!("the flush {word:?}"))),
        }
    }
}
