use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::file::codec::{Codec, Failure, Sink};

/// Stores objects as JSON text, for values whose type is not known when they are read.
///
/// JSON says less than a Rust type does: a float that is not finite becomes `null`, `Some(None)`
/// reads as `None`, and the keys of a map must be text or numbers. Finite floats come back bit
/// by bit. Values nested deeper than 128 levels are written, and refused when read.
///
/// ```
/// use filemap::{Json, MappedFile};
/// use serde_json::{Value, json};
///
/// # let path = std::env::temp_dir().join(format!("filemap-json-{}", std::process::id()));
/// let file = MappedFile::open(&path)?;
/// file.write_object_with::<Json, _>(0, &json!({ "name": "Ada", "age": null }))?;
/// let value: Value = file.read_object_with::<Json, _>(0)?;
/// assert_eq!(value["name"], "Ada");
/// # drop(file);
/// # drop(std::fs::remove_file(&path));
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Json {}

impl Codec for Json {
    const ID: u8 = 2;
    const NAME: &'static str = "json";

    fn encode<T: Serialize + ?Sized>(value: &T, sink: &mut Sink<'_>) -> Result<(), Failure> {
        Ok(serde_json::to_writer(sink, value)?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
        Ok(serde_json::from_slice(bytes)?)
    }
}
