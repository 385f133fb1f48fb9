//! How far a flush goes.

use std::str::FromStr;

use crate::types::Error;
use crate::types::words::parse;

/// How far a flush goes before it returns.
///
/// Everybody sees stores through a view without any flush; a flush is about the disk alone. Over
/// memory all three do nothing and succeed.
///
/// ```
/// use filemap::Flush;
///
/// assert!(Flush::Start < Flush::Durable);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flush {
    /// Writing has begun; returns without waiting.
    Start,
    /// The bytes have been sent to the disk, which may still have them in its own cache; the file's
    /// size and times may not have been sent yet. What `FlushViewOfFile` promises.
    #[doc(alias = "FlushViewOfFile")]
    Written,
    /// The bytes and the file's size survive a loss of power.
    #[doc(alias = "FlushFileBuffers")]
    Durable,
}

words!(Flush {
    Start = "start",
    Written = "written",
    Durable = "durable",
});

impl FromStr for Flush {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        parse("flush", [Self::Start, Self::Written, Self::Durable], word)
    }
}
