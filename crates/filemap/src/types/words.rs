//! The words of enums.

use std::fmt;

use crate::types::{Error, ErrorKind, Operation, Result, quoted};

/// Shows an enum's values as words. With a number of them, also lists them.
macro_rules! words {
    ($type:ident { $($value:ident = $word:literal,)* }) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self {
                    $(Self::$value => $word,)*
                })
            }
        }
    };
    ($type:ident[$count:literal] { $($value:ident = $word:literal,)* }) => {
        impl $type {
            /// Every value, in the order of the declaration.
            pub const ALL: [Self; $count] = [$(Self::$value,)*];
        }

        words!($type { $($value = $word,)* });
    };
}

/// Returns the value that is shown as `word`; `what` is what the values are.
pub(super) fn parse<T: fmt::Display>(
    what: &str,
    values: impl IntoIterator<Item = T>,
    word: &str,
) -> Result<T> {
    let mut known = Vec::new();
    for value in values {
        let text = value.to_string();
        if text == word {
            return Ok(value);
        }
        known.push(text);
    }
    Err(Error::new(ErrorKind::InvalidArgument, Operation::Parse)
        .about(format!("the {what} {}", quoted(word)))
        .because(format!("it is none of {}", known.join(", "))))
}
