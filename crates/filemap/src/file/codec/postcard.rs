use postcard::de_flavors::Slice;
use postcard::ser_flavors::Flavor;
use postcard::{Deserializer, Serializer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::file::codec::bounded::{Bounded, Bounds};
use crate::file::codec::measure::Measure;
use crate::file::codec::{Codec, Failure, Sink};

/// How many values may lie inside one another.
///
/// Reading recurses once per level, and a crafted file must not end the process by a stack
/// overflow. The same limit holds for writing, so that what was written can be read.
pub(super) const DEPTH_LIMIT: u32 = 128;

/// How many elements of sequences may take no bytes, such as those of a `Vec<()>`.
///
/// All others are as many as the object has bytes, at most. Without this limit ten bytes could
/// claim 2⁶⁴ elements.
pub(super) const EMPTY_ELEMENT_LIMIT: u64 = 65_536;

/// Stores objects in the [postcard] format: compact, and stable since its version 1.0.
///
/// The bytes do not describe themselves, which has consequences:
///
/// - An object must be read as the type that it was written as. Another type is refused where the
///   bytes show it, and they do not always: four bytes may be a `u32` or a short string.
/// - Types that ask what comes next cannot be read: untagged and internally tagged enumerations,
///   `#[serde(flatten)]`, `serde_json::Value`. The codec [`Json`](crate::Json) takes those.
/// - A field left out by `skip_serializing_if` could not be told from the next; such a value is
///   refused when it is written, as is a sequence that does not know its length in advance or
///   that has another.
/// - Values may be nested 128 deep, and 65 536 elements of sequences may take no bytes at all.
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
/// # let path = std::env::temp_dir().join(format!("filemap-postcard-{}", std::process::id()));
/// let file = MappedFile::open(&path)?;
/// let reading = Reading { sensor: "north".into(), values: vec![1.5, -2.0] };
/// let size = file.write_object(1001, &reading)?;
/// assert_eq!(size, file.object_size(&reading)?);
/// assert_eq!(file.read_object::<Reading>(1001)?, reading);
/// # drop(file);
/// # drop(std::fs::remove_file(&path));
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// [postcard]: https://postcard.jamesmunns.com/wire-format
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Postcard {}

impl Codec for Postcard {
    const ID: u8 = 1;
    const NAME: &'static str = "postcard";

    fn size<T: Serialize + ?Sized>(value: &T) -> Result<u64, Failure> {
        Ok(Measure::of(value)?)
    }

    fn encode<T: Serialize + ?Sized>(value: &T, sink: &mut Sink<'_>) -> Result<(), Failure> {
        if let Some(stage) = sink.whole() {
            // The buffer holds the whole value: nothing is in the way of postcard's own loop.
            return match postcard::to_slice(value, stage) {
                Ok(written) => {
                    let written = written.len();
                    sink.fill(written);
                    Ok(())
                }
                Err(postcard::Error::SerializeBufferFull) => {
                    Err("its encoding is longer than it was when it was measured".into())
                }
                Err(error) => Err(error.into()),
            };
        }
        let (stage, staged) = sink.lend();
        let mut serializer = Serializer { output: Output { sink, stage, staged } };
        let result = value.serialize(&mut serializer);
        serializer.output.finalize()?;
        Ok(result?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
        let bounds = Bounds::of(bytes);
        let mut deserializer = Deserializer::from_flavor(Slice::new(bytes));
        let value = match T::deserialize(Bounded::new(&mut deserializer, &bounds)) {
            Ok(value) => value,
            Err(error) => return Err(bounds.exceeded().map_or(error.into(), Into::into)),
        };
        match deserializer.finalize()?.len() {
            0 => Ok(value),
            left => Err(format!("{left} of its {} bytes are left over", bytes.len()).into()),
        }
    }
}

/// Connects postcard's serializer to a sink, whose buffer it borrows.
struct Output<'s, 'a> {
    sink: &'s mut Sink<'a>,
    stage: &'a mut [u8],
    staged: usize,
}

impl Output<'_, '_> {
    // Always: called as a function it would need `self` in memory, all the time.
    #[inline(always)]
    fn overflow(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let stage = std::mem::take(&mut self.stage);
        match self.sink.exchange(stage, self.staged, bytes) {
            Ok((stage, staged)) => {
                (self.stage, self.staged) = (stage, staged);
                Ok(())
            }
            Err(_) => {
                self.staged = 0;
                Err(postcard::Error::SerializeBufferFull)
            }
        }
    }
}

impl Flavor for Output<'_, '_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        match self.stage.get_mut(self.staged) {
            Some(place) => {
                *place = byte;
                self.staged += 1;
                Ok(())
            }
            None => self.overflow(&[byte]),
        }
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        match self.stage[self.staged..].get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.staged += bytes.len();
                Ok(())
            }
            None => self.overflow(bytes),
        }
    }

    fn finalize(self) -> postcard::Result<()> {
        self.sink.give_back(self.stage, self.staged);
        Ok(())
    }
}
