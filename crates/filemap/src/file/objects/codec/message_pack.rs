//! The MessagePack codec.

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::file::objects::codec::reader::Next;
use crate::file::objects::codec::token::Tokens;
use crate::file::objects::codec::writer::Guard;
use crate::file::objects::codec::{Codec, Failure, Sink};

/// How many values may lie inside one another.
///
/// Reading recurses once per level, and a crafted file must not end the process by a stack
/// overflow. The same limit holds for writing, so that what was written can be read.
const DEPTH: u32 = 128;

/// Stores objects as [MessagePack], which about every programming language reads and writes.
///
/// A structure is a map from the names of its fields, and is read from one whatever their order;
/// fields that the reader's type lacks are skipped. A variant of an enumeration is its name, or a map
/// from that to its content. `docs/objects.md` has the format, byte by byte.
///
/// A number that is read comes back as the number that was written, or is refused:
///
/// - An integer is read as any integer type that has room for it. Integers of 128 bits are written
///   if they fit 64.
/// - An integer is read as a float, and an `f64` as an `f32`, if the value is exactly the same.
/// - A float is not read as an integer.
///
/// Serde itself copies what lies in `#[serde(flatten)]` and in untagged or internally tagged
/// enumerations before it is read as its type; a number that becomes a float there may be rounded.
///
/// What could not be read back is refused when it is written: `Some` of `None` or of `()`, which
/// MessagePack cannot tell from `None`; values nested more than 128 deep; lists, texts and bytes of a
/// length beyond 32 bits; a list of another length than it announced. A list that announces none is
/// kept in memory until its end. Values of extension types are not read, except to skip them. A
/// `Vec<u8>` is a list of numbers, unless `serde_bytes` makes it bytes; it is read from both.
///
/// ```
/// use filemap::MappedFile;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Reading {
///     sensor: String,
///     values: Vec<f64>,
/// }
///
/// # let path = std::env::temp_dir().join(format!("filemap-messagepack-{}", std::process::id()));
/// let file = MappedFile::open(&path)?;
/// let reading = Reading { sensor: "north".into(), values: vec![1.5, -2.0] };
/// let size = file.write_object(1001, &reading)?;
/// assert_eq!(size, file.object_size(&reading)?);
/// assert_eq!(file.read_object::<Reading>(1001)?, reading);
///
/// file.write_object(0, &[1, 300])?;
/// assert_eq!(file.read_object::<Vec<u16>>(0)?, [1, 300]);
/// assert!(file.read_object::<Vec<u8>>(0).is_err());
/// # drop(file);
/// # drop(std::fs::remove_file(&path));
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// [MessagePack]: https://msgpack.org
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessagePack {}

impl Codec for MessagePack {
    const ID: u8 = 1;
    const NAME: &'static str = "MessagePack";

    fn size<T: Serialize + ?Sized>(value: &T) -> Result<u64, Failure> {
        let mut count = Count(0);
        write(value, &mut count)?;
        Ok(count.0)
    }

    fn encode<T: Serialize + ?Sized>(value: &T, sink: &mut Sink<'_>) -> Result<(), Failure> {
        write(value, sink)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
        let mut tokens = Tokens::of(bytes);
        let value = T::deserialize(Next::new(&mut tokens, DEPTH))?;
        match tokens.left() {
            0 => Ok(value),
            left => Err(format!("{left} of its {} bytes are left over", bytes.len()).into()),
        }
    }
}

fn write<T: Serialize + ?Sized, W: Write>(value: &T, to: W) -> Result<(), Failure> {
    let mut serializer = rmp_serde::Serializer::new(to).with_struct_map();
    Ok(value.serialize(Guard::new(&mut serializer, DEPTH))?)
}

/// Counts bytes, and keeps none.
struct Count(u64);

impl Write for Count {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
