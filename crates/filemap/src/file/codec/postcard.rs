#![expect(
    clippy::cast_possible_truncation,
    reason = "a number is put into bytes, seven bits to each"
)]

use serde::de::DeserializeOwned;
use serde::{Serialize, ser};

use crate::file::codec::reader::Reader;
use crate::file::codec::writer::{Output, Refusal, Writer, check_elements, measure};
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
        Ok(measure(value)?)
    }

    fn encode<T: Serialize + ?Sized>(value: &T, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let (stage, staged) = sink.lend();
        let mut writer = Writer::new(Gathered { sink, stage, staged });
        let result = value.serialize(writer.next());
        let (Gathered { sink, stage, staged }, elements) = writer.finish();
        sink.give_back(stage, staged);
        result?;
        Ok(check_elements(elements, sink.total())?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
        let mut reader = Reader::new(bytes);
        let value = T::deserialize(reader.next())?;
        match reader.rest().len() {
            0 => Ok(value),
            left => Err(format!("{left} of its {} bytes are left over", bytes.len()).into()),
        }
    }
}

/// The highest bit of each byte but the last: more of the number follows.
const GOES_ON: u64 = 0x0080_8080_8080_8080;

/// How a number is written, by the zeros that lead it: in how many bytes (the lowest four bits), and
/// which of them say that more follows. One load instead of the arithmetic below.
const FORMS: [u64; 64] = {
    let mut forms = [0; 64];
    let mut zeros = 0;
    while zeros < 64 {
        let count = (70 - zeros as u64) / 7;
        // Longer ones are written in another way.
        if count <= 8 {
            forms[zeros] = GOES_ON & ((1 << (8 * (count - 1))) - 1) | count;
        }
        zeros += 1;
    }
    forms
};

/// A sink, and its buffer, which is borrowed from it meanwhile.
struct Gathered<'s, 'a> {
    sink: &'s mut Sink<'a>,
    stage: &'a mut [u8],
    staged: usize,
}

impl Gathered<'_, '_> {
    // Always: called as a function it would need `self` in memory, all the time.
    #[inline(always)]
    fn overflow(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let stage = std::mem::take(&mut self.stage);
        match self.sink.exchange(stage, self.staged, bytes) {
            Ok((stage, staged)) => {
                (self.stage, self.staged) = (stage, staged);
                Ok(())
            }
            Err(error) => {
                self.staged = 0;
                Err(ser::Error::custom(error))
            }
        }
    }

    /// Puts a number of which no more than eight bytes are wanted, all eight of them at once.
    #[inline(always)]
    fn short(&mut self, number: u64) -> Option<()> {
        let place = self.stage.get_mut(self.staged..)?.first_chunk_mut::<8>()?;
        if number < 1 << 7 {
            place[0] = number as u8;
            self.staged += 1;
            return Some(());
        }
        if number >= 1 << 56 {
            return None;
        }
        // Moves seven bits into each byte, and says in all but the last that more follows.
        let fours = (number & 0x0fff_ffff) | ((number & 0x00ff_ffff_f000_0000) << 4);
        let pairs = (fours & 0x0000_3fff_0000_3fff) | ((fours & 0x0fff_c000_0fff_c000) << 2);
        let sevens = (pairs & 0x007f_007f_007f_007f) | ((pairs & 0x3f80_3f80_3f80_3f80) << 1);
        let form = FORMS[(number.leading_zeros() % 64) as usize];
        *place = (sevens | (form & GOES_ON)).to_le_bytes();
        let count = form & 0xf;
        self.staged += count as usize;
        Some(())
    }

    #[inline(never)]
    fn long(number: u128) -> ([u8; 19], usize) {
        let (mut bytes, mut count, mut rest) = ([0; 19], 0, number);
        while rest >= 0x80 {
            bytes[count] = rest as u8 | 0x80;
            rest >>= 7;
            count += 1;
        }
        bytes[count] = rest as u8;
        (bytes, count + 1)
    }
}

impl Output for Gathered<'_, '_> {
    #[inline(always)]
    fn number(&mut self, number: u64) -> Result<(), Refusal> {
        match self.short(number) {
            Some(()) => Ok(()),
            None => self.wide_number(number.into()),
        }
    }

    #[inline(always)]
    fn short_number(&mut self, number: u32) -> Result<(), Refusal> {
        self.number(number.into())
    }

    #[inline(always)]
    fn wide_number(&mut self, number: u128) -> Result<(), Refusal> {
        let (bytes, count) = Self::long(number);
        self.bytes(&bytes[..count])
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Refusal> {
        match self.stage.get_mut(self.staged..).and_then(|place| place.first_chunk_mut()) {
            Some(place) => {
                *place = bytes;
                self.staged += N;
                Ok(())
            }
            None => self.overflow(&bytes),
        }
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        match self.stage.get_mut(self.staged..).and_then(|place| place.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.staged += bytes.len();
                Ok(())
            }
            None => self.overflow(bytes),
        }
    }
}
