//! Objects in a file: any serde type at any offset, by the feature `objects`.
//!
//! `header` has the format, `object` writes and reads it, `codec` makes bytes of values.

mod codec;
mod header;
mod scratch;
mod object;

pub use codec::{Codec, MessagePack, Sink};
