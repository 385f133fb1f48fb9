#![expect(
    clippy::cast_possible_truncation,
    reason = "a number is held against the bits of its type before it is narrowed"
)]

use std::fmt;

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::file::codec::postcard::{DEPTH_LIMIT, EMPTY_ELEMENT_LIMIT};

/// Reads values as postcard writes them, and no further than an object's bytes warrant.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
    /// How many values may still lie inside one another.
    levels: u32,
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
fn mismatch<T>(text: &str) -> Result<T> {
    Err(Mismatch(text.into()))
}

#[cold]
#[inline(never)]
fn ended<T>() -> Result<T> {
    mismatch("it ends inside a value")
}

#[cold]
#[inline(never)]
fn undescribed<T>() -> Result<T> {
    mismatch("its type asks what comes next, and the bytes do not tell")
}

/// The highest bit of each byte: more of the number follows.
const GOES_ON: u64 = 0x8080_8080_8080_8080;

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        let elements = (bytes.len() as u64).saturating_add(EMPTY_ELEMENT_LIMIT);
        Self { rest: bytes, levels: DEPTH_LIMIT, elements }
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    #[inline]
    fn byte(&mut self) -> Result<u8> {
        let Some((byte, rest)) = self.rest.split_first() else { return ended() };
        self.rest = rest;
        Ok(*byte)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else { return ended() };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    fn bytes(&mut self) -> Result<&'de [u8]> {
        let length = usize::try_from(self.number::<64>()?).unwrap_or(usize::MAX);
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else { return ended() };
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    fn text(&mut self) -> Result<&'de str> {
        match std::str::from_utf8(self.bytes()?) {
            Ok(text) => Ok(text),
            Err(_) => mismatch("it has a text that is no UTF-8"),
        }
    }

    /// Reads a number of at most so many bits, seven of them in each byte.
    #[inline]
    fn number<const BITS: u32>(&mut self) -> Result<u64> {
        let Some((bytes, _)) = self.rest.split_first_chunk::<8>() else {
            return self.number_by_bytes(BITS);
        };
        let word = u64::from_le_bytes(*bytes);
        if word & 0x80 == 0 {
            self.rest = &self.rest[1..];
            return Ok(word & 0x7f);
        }
        let ends = !word & GOES_ON;
        if ends == 0 {
            return self.number_by_bytes(BITS);
        }
        // Bits up to the end of the last byte, and of them seven of eight, moved together.
        let bits = ends.trailing_zeros() + 1;
        let sevens = word & (u64::MAX >> (64 - bits)) & !GOES_ON;
        let pairs = (sevens & 0x007f_007f_007f_007f) | ((sevens & 0x7f00_7f00_7f00_7f00) >> 1);
        let fours = (pairs & 0x0000_3fff_0000_3fff) | ((pairs & 0x3fff_0000_3fff_0000) >> 2);
        let number = (fours & 0x0fff_ffff) | ((fours & 0x0fff_ffff_0000_0000) >> 4);
        if BITS < 64 && (bits > BITS.div_ceil(7) * 8 || number >> BITS != 0) {
            return mismatch(TOO_LARGE);
        }
        self.rest = &self.rest[(bits / 8) as usize..];
        Ok(number)
    }

    /// The same for one of nine bytes or more, and for one near the end.
    #[inline(never)]
    fn number_by_bytes(&mut self, bits: u32) -> Result<u64> {
        self.wide_number(bits).map(|number| number as u64)
    }

    fn wide_number(&mut self, bits: u32) -> Result<u128> {
        let mut number = 0;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let room = bits - shift;
                return if room < 7 && byte >> room != 0 {
                    mismatch(TOO_LARGE)
                } else {
                    Ok(number)
                };
            }
        }
        mismatch(TOO_LARGE)
    }

    #[inline]
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.levels == 0 {
            return mismatch("its values lie too deep inside one another");
        }
        self.levels -= 1;
        let value = read(self)?;
        self.levels += 1;
        Ok(value)
    }

    #[inline]
    fn spend(&mut self, elements: usize) -> Result<()> {
        match self.elements.checked_sub(elements as u64) {
            Some(left) => {
                self.elements = left;
                Ok(())
            }
            None => mismatch("it claims more elements than it has bytes for"),
        }
    }

    #[inline]
    fn length(&mut self) -> Result<usize> {
        Ok(usize::try_from(self.number::<64>()?).unwrap_or(usize::MAX))
    }

    /// The fields of a structure: their number is its type's, and they are not counted.
    #[inline]
    fn fields<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value> {
        self.deeper(|reader| visitor.visit_seq(Elements { reader, left: len, counted: false }))
    }
}

const TOO_LARGE: &str = "it has a number that its type has no room for";

/// Folds the sign out of the lowest bit.
#[inline]
fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The elements of a sequence or a table that are still to come.
struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
    /// Whether each is counted as it comes. They are counted at once where there may be so many;
    /// a number that exceeds the bytes that are left is wrong, or its elements are empty.
    counted: bool,
}

impl<'de> Elements<'_, 'de> {
    #[inline]
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.counted {
            self.reader.spend(1)?;
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    #[inline]
    fn likely(&self) -> Option<usize> {
        if self.left <= self.reader.rest.len() { Some(self.left) } else { None }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Mismatch;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.next(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.likely()
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Mismatch;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.next(seed)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(&mut *self.reader)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.likely()
    }
}

macro_rules! values {
    ($($method:ident => $visit:ident($reader:ident: $value:expr);)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
                let $reader = self;
                visitor.$visit($value)
            }
        )*
    };
}

macro_rules! undescribed {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
                undescribed()
            }
        )*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Mismatch;

    values! {
        deserialize_i8 => visit_i8(reader: reader.byte()?.cast_signed());
        deserialize_u8 => visit_u8(reader: reader.byte()?);
        deserialize_u16 => visit_u16(reader: reader.number::<16>()? as u16);
        deserialize_u32 => visit_u32(reader: reader.number::<32>()? as u32);
        deserialize_u64 => visit_u64(reader: reader.number::<64>()?);
        deserialize_u128 => visit_u128(reader: reader.wide_number(128)?);
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

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            _ => mismatch("it has a truth value that is neither"),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let number = self.wide_number(128)?;
        visitor.visit_i128((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    #[inline]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        // What follows the first character in as many as four bytes is not looked at.
        match self.bytes()? {
            bytes @ ([_] | [_, _] | [_, _, _] | [_, _, _, _]) => {
                match std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
                    Some(character) => visitor.visit_char(character),
                    None => mismatch("it has a character that is none"),
                }
            }
            _ => mismatch("it has a character that is none"),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => self.deeper(|reader| visitor.visit_some(reader)),
            _ => mismatch("it has an option that is neither there nor not"),
        }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deeper(|reader| visitor.visit_newtype_struct(reader))
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.length()?;
        let counted = left > self.rest.len();
        if !counted {
            self.spend(left)?;
        }
        self.deeper(|reader| visitor.visit_seq(Elements { reader, left, counted }))
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.fields(len, visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(len, visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.length()?;
        self.spend(left)?;
        self.deeper(|reader| visitor.visit_map(Elements { reader, left, counted: false }))
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(fields.len(), visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(self)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = Mismatch;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let index = self.number::<32>()? as u32;
        Ok((seed.deserialize(index.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = Mismatch;

    #[inline]
    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        self.deeper(|reader| seed.deserialize(reader))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.fields(len, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(fields.len(), visitor)
    }
}
