//! How a value becomes bytes: [`Codec`], and the codecs that come with the crate.
//!
//! Layer `file`. Knows nothing of files: a codec sees a [`Sink`] to fill and a slice to read.

mod sink;
mod writer;
mod token;
mod reader;
mod message_pack;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::message_pack::MessagePack;
pub use self::sink::Sink;

/// Why a value cannot be made of these bytes.
type Refusal = serde::de::value::Error;

/// What a codec reports; its text becomes part of the error that the caller sees.
pub(in crate::file::objects) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Turns values into bytes and back, for objects in a [`MappedFile`](crate::MappedFile).
///
/// [`MessagePack`] is what `write_object` uses. A codec of one's own is a type, usually without
/// fields, that is named at the call:
///
/// ```
/// use std::error::Error;
/// use std::io::Write;
///
/// use filemap::{Codec, MappedFile, Sink};
/// use serde::{Serialize, de::DeserializeOwned};
///
/// /// JSON that people can read in a hex dump.
/// enum PrettyJson {}
///
/// impl Codec for PrettyJson {
///     const ID: u8 = 200;
///     const NAME: &'static str = "pretty-json";
///
///     fn encode<T: Serialize + ?Sized>(
///         value: &T,
///         sink: &mut Sink<'_>,
///     ) -> Result<(), Box<dyn Error + Send + Sync>> {
///         serde_json::to_writer_pretty(&mut *sink, value)?;
///         sink.write_all(b"\n")?;
///         Ok(())
///     }
///
///     fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<dyn Error + Send + Sync>> {
///         Ok(serde_json::from_slice(bytes)?)
///     }
/// }
///
/// # let directory = std::env::temp_dir();
/// # let path = directory.join(format!("filemap-codec-{}", std::process::id()));
/// let file = MappedFile::open(&path)?;
/// file.write_object_with::<PrettyJson, _>(3, &["one", "two"])?;
/// let words: Vec<String> = file.read_object_with::<PrettyJson, _>(3)?;
/// assert_eq!(words, ["one", "two"]);
/// # drop(file);
/// # drop(std::fs::remove_file(&path));
/// # Ok::<(), filemap::Error>(())
/// ```
pub trait Codec {
    /// The number that an object's header carries, so that no other codec reads its bytes.
    ///
    /// 0 to 127 belong to this crate, 128 to 255 to its users.
    const ID: u8;

    /// The codec's name, for error texts.
    const NAME: &'static str;

    /// Counts the bytes that [`encode`](Self::encode) will produce.
    ///
    /// It is asked for the size of an object, and before one of more than 16 KiB is written: a
    /// value whose encoding then has another length is not.
    ///
    /// Provided: it encodes into a sink that only counts. A codec that knows a cheaper way
    /// replaces it.
    ///
    /// # Errors
    ///
    /// If the codec cannot represent the value.
    fn size<T: Serialize + ?Sized>(value: &T) -> Result<u64, Failure> {
        Sink::count(|sink| Self::encode(value, sink))
    }

    /// Writes the value's bytes into the sink, which passes them on to the file.
    ///
    /// # Errors
    ///
    /// If the codec cannot represent the value, or the sink cannot take the bytes.
    fn encode<T: Serialize + ?Sized>(value: &T, sink: &mut Sink<'_>) -> Result<(), Failure>;

    /// Makes a value of bytes that were written by [`encode`](Self::encode), and of all of them.
    ///
    /// The bytes are a private copy and passed their checksum. That does not make them harmless:
    /// whoever may write to the file can write a checksum too. A codec must not trust a length
    /// it finds in them, nor recurse as deep as they say.
    ///
    /// # Errors
    ///
    /// If the bytes are not a `T`, or if some are left over.
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure>;
}
