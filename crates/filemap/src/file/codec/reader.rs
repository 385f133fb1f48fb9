#![expect(
    clippy::cast_possible_truncation,
    reason = "a number is held against the bits of its type before it is narrowed"
)]

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};

use crate::file::codec::postcard::{DEPTH_LIMIT, EMPTY_ELEMENT_LIMIT};

/// Reads values as postcard writes them, and no further than an object's bytes warrant.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
    /// How many elements of sequences may still come.
    elements: u64,
}

/// Why bytes are not a value of the type asked for.
#[derive(Debug)]
pub(super) struct Mismatch(Box<str>);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    #[cold]
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into())
    }
}

type Result<T> = std::result::Result<T, Mismatch>;

#[cold]
#[inline(never)]
fn mismatch(text: &str) -> Mismatch {
    Mismatch(text.into())
}

#[cold]
#[inline(never)]
fn ended() -> Mismatch {
    mismatch("it ends inside a value")
}

#[cold]
#[inline(never)]
fn undescribed() -> Mismatch {
    mismatch("its type asks what comes next, and the bytes do not tell")
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        let elements = (bytes.len() as u64).saturating_add(EMPTY_ELEMENT_LIMIT);
        Self { rest: bytes, elements }
    }

    /// The value that the bytes begin with.
    pub(super) fn next(&mut self) -> Next<'_, 'de> {
        Next { reader: self, levels: DEPTH_LIMIT }
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8> {
        let Some((byte, rest)) = self.rest.split_first() else { return Err(ended()) };
        self.rest = rest;
        Ok(*byte)
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else { return Err(ended()) };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline(always)]
    fn bytes(&mut self) -> Result<&'de [u8]> {
        let length = usize::try_from(self.number::<64>()?).unwrap_or(usize::MAX);
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else { return Err(ended()) };
        self.rest = rest;
        Ok(bytes)
    }

    #[inline(always)]
    fn text(&mut self) -> Result<&'de str> {
        match std::str::from_utf8(self.bytes()?) {
            Ok(text) => Ok(text),
            Err(_) => Err(mismatch("it has a text that is no UTF-8")),
        }
    }

    /// Reads a number of at most so many bits, seven of them in each byte.
    #[inline(always)]
    fn number<const BITS: u32>(&mut self) -> Result<u64> {
        let Some((bytes, _)) = self.rest.split_first_chunk::<8>() else {
            return self.number_by_bytes(BITS);
        };
        let word = u64::from_le_bytes(*bytes);
        let mut number = word & 0x7f;
        for length in 1..=8_u32.min(BITS.div_ceil(7)) {
            if word >> (8 * length - 1) & 1 == 0 {
                if BITS < 64 && number >> BITS != 0 {
                    return Err(mismatch(TOO_LARGE));
                }
                self.rest = &self.rest[length as usize..];
                return Ok(number);
            }
            number |= word >> length & 0x7f << (7 * length);
        }
        self.number_by_bytes(BITS)
    }

    /// Reads a number of nine bytes or more, or one near the end.
    #[inline(always)]
    fn number_by_bytes(&mut self, bits: u32) -> Result<u64> {
        let (number, rest) = number_by_bytes(self.rest, bits)?;
        self.rest = rest;
        Ok(number as u64)
    }

    #[inline(always)]
    fn wide_number(&mut self) -> Result<u128> {
        let (number, rest) = number_by_bytes(self.rest, 128)?;
        self.rest = rest;
        Ok(number)
    }

    #[inline(always)]
    fn spend(&mut self, elements: usize) -> Result<()> {
        match self.elements.checked_sub(elements as u64) {
            Some(left) => {
                self.elements = left;
                Ok(())
            }
            None => Err(mismatch("it claims more elements than it has bytes for")),
        }
    }

    #[inline(always)]
    fn length(&mut self) -> Result<usize> {
        Ok(usize::try_from(self.number::<64>()?).unwrap_or(usize::MAX))
    }
}

/// The next value of a reader's bytes.
///
/// How deep it lies is in none of the reader's own fields: it is known without a look at memory.
pub(super) struct Next<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// How many values may still lie inside one another.
    levels: u32,
}

impl<'r, 'de> Next<'r, 'de> {
    /// A value inside this one.
    #[inline(always)]
    fn deeper(self) -> Result<Self> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(mismatch("its values lie too deep inside one another")),
        }
    }

    /// The fields of a structure: their number is its type's, and they are not counted.
    #[inline(always)]
    fn fields<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Elements { of: self.deeper()?, left: len, counted: false })
    }
}

/// Reads a number of at most so many bits byte by byte, and what comes after it.
///
/// Bytes in and out, and no reader: that stays in registers then.
#[cold]
#[inline(never)]
fn number_by_bytes(bytes: &[u8], bits: u32) -> Result<(u128, &[u8])> {
    let (mut number, mut rest) = (0, bytes);
    for shift in (0..bits).step_by(7) {
        let Some((byte, after)) = rest.split_first() else { return Err(ended()) };
        rest = after;
        number |= u128::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            let room = bits - shift;
            return if room < 7 && byte >> room != 0 {
                Err(mismatch(TOO_LARGE))
            } else {
                Ok((number, rest))
            };
        }
    }
    Err(mismatch(TOO_LARGE))
}

const TOO_LARGE: &str = "it has a number that its type has no room for";

/// Folds the sign out of the lowest bit.
#[inline]
fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The elements of a sequence or a table that are still to come.
struct Elements<'r, 'de> {
    of: Next<'r, 'de>,
    left: usize,
    /// Whether each is counted as it comes. They are counted at once where there may be so many;
    /// a number that exceeds the bytes that are left is wrong, or its elements are empty.
    counted: bool,
}

impl<'de> Elements<'_, 'de> {
    #[inline(always)]
    fn one(&mut self) -> Next<'_, 'de> {
        Next { reader: self.of.reader, levels: self.of.levels }
    }

    #[inline(always)]
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.counted {
            self.of.reader.spend(1)?;
        }
        seed.deserialize(self.one()).map(Some)
    }

    #[inline(always)]
    fn likely(&self) -> Option<usize> {
        if self.left <= self.of.reader.rest.len() { Some(self.left) } else { None }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Mismatch;

    #[inline(always)]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.next(seed)
    }

    // As it is provided, but always inlined.
    #[inline(always)]
    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>> {
        self.next(PhantomData)
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        self.likely()
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Mismatch;

    #[inline(always)]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.next(seed)
    }

    #[inline(always)]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.one())
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        self.likely()
    }
}

macro_rules! values {
    ($($method:ident => $visit:ident($reader:ident: $value:expr);)*) => {
        $(
            #[inline(always)]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                let $reader = self.reader;
                visitor.$visit($value)
            }
        )*
    };
}

macro_rules! undescribed {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
                Err(undescribed())
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Next<'_, 'de> {
    type Error = Mismatch;

    values! {
        deserialize_i8 => visit_i8(reader: reader.byte()?.cast_signed());
        deserialize_u8 => visit_u8(reader: reader.byte()?);
        deserialize_u16 => visit_u16(reader: reader.number::<16>()? as u16);
        deserialize_u32 => visit_u32(reader: reader.number::<32>()? as u32);
        deserialize_u64 => visit_u64(reader: reader.number::<64>()?);
        deserialize_u128 => visit_u128(reader: reader.wide_number()?);
        deserialize_i16 => visit_i16(reader: unzigzag(reader.number::<16>()?) as i16);
        deserialize_i32 => visit_i32(reader: unzigzag(reader.number::<32>()?) as i32);
        deserialize_i64 => visit_i64(reader: unzigzag(reader.number::<64>()?));
        deserialize_f32 => visit_f32(reader: f32::from_bits(u32::from_le_bytes(reader.array()?)));
        deserialize_f64 => visit_f64(reader: f64::from_bits(u64::from_le_bytes(reader.array()?)));
        deserialize_str => visit_borrowed_str(reader: reader.text()?);
        deserialize_string => visit_str(reader: reader.text()?);
        deserialize_bytes => visit_borrowed_bytes(reader: reader.bytes()?);
        deserialize_byte_buf => visit_bytes(reader: reader.bytes()?);
    }

    // The bytes have no names of fields, and do not tell what they are.
    undescribed! { deserialize_any deserialize_identifier deserialize_ignored_any }

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline(always)]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            _ => Err(mismatch("it has a truth value that is neither")),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let number = self.reader.wide_number()?;
        visitor.visit_i128((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    #[inline(always)]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        // What follows the first character in as many as four bytes is not looked at.
        match self.reader.bytes()? {
            bytes @ ([_] | [_, _] | [_, _, _] | [_, _, _, _]) => {
                match std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
                    Some(character) => visitor.visit_char(character),
                    None => Err(mismatch("it has a character that is none")),
                }
            }
            _ => Err(mismatch("it has a character that is none")),
        }
    }

    #[inline(always)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self.deeper()?),
            _ => Err(mismatch("it has an option that is neither there nor not")),
        }
    }

    #[inline(always)]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    #[inline(always)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.reader.length()?;
        let counted = left > self.reader.rest.len();
        if !counted {
            self.reader.spend(left)?;
        }
        visitor.visit_seq(Elements { of: self.deeper()?, left, counted })
    }

    #[inline(always)]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.fields(len, visitor)
    }

    #[inline(always)]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(len, visitor)
    }

    #[inline(always)]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.reader.length()?;
        self.reader.spend(left)?;
        visitor.visit_map(Elements { of: self.deeper()?, left, counted: false })
    }

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(fields.len(), visitor)
    }

    #[inline(always)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(self)
    }
}

impl<'de> EnumAccess<'de> for Next<'_, 'de> {
    type Error = Mismatch;
    type Variant = Self;

    #[inline(always)]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let index = self.reader.number::<32>()? as u32;
        Ok((seed.deserialize(index.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Next<'_, 'de> {
    type Error = Mismatch;

    #[inline(always)]
    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.deeper()?)
    }

    #[inline(always)]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.fields(len, visitor)
    }

    #[inline(always)]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(fields.len(), visitor)
    }
}
