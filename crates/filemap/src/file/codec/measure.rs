use std::fmt;

use serde::Serialize;
use serde::ser;

use crate::file::codec::postcard::{DEPTH_LIMIT, EMPTY_ELEMENT_LIMIT};

/// Counts the bytes that postcard will make of a value, and refuses what could not be read back.
///
/// Postcard has a counting serializer of its own. This one notices what that one lets pass: a
/// sequence of another length than it said, a field that is left out, and nesting deeper than a
/// reader follows.
#[derive(Default)]
pub(super) struct Measure {
    size: u64,
    depth: u32,
    elements: u64,
}

impl Measure {
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<u64, Refusal> {
        let mut measure = Self::default();
        value.serialize(&mut measure)?;
        if measure.elements.saturating_sub(measure.size) > EMPTY_ELEMENT_LIMIT {
            return Err(ser::Error::custom("it has too many elements that take no bytes"));
        }
        Ok(measure.size)
    }

    /// Adds a number in postcard's variable length: seven bits to a byte, one byte at least.
    #[inline]
    fn add_number(&mut self, number: u64) {
        self.size += u64::from((70 - (number | 1).leading_zeros()) / 7);
    }

    /// The same by comparisons, which the compiler does for several numbers at once.
    #[inline]
    fn add_short_number(&mut self, number: u32) {
        let longer = |bits: u32| u64::from(number >= 1 << bits);
        self.size += 1 + longer(7) + longer(14) + longer(21) + longer(28);
    }

    #[inline]
    fn add_wide_number(&mut self, number: u128) {
        self.size += u64::from((134 - (number | 1).leading_zeros()) / 7);
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Refusal> {
        if self.depth == DEPTH_LIMIT {
            return Err(ser::Error::custom("its values lie too deep inside one another"));
        }
        self.depth += 1;
        Ok(())
    }

    #[inline]
    fn nested<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.enter()?;
        value.serialize(&mut *self)?;
        self.depth -= 1;
        Ok(())
    }

    #[inline]
    fn sequence(&mut self, len: Option<usize>) -> Result<Parts<'_>, Refusal> {
        let Some(len) = len else {
            return Err(ser::Error::custom("it has a sequence that does not know its length"));
        };
        self.add_number(len as u64);
        self.elements = self.elements.saturating_add(len as u64);
        self.parts(len)
    }

    #[inline]
    fn parts(&mut self, len: usize) -> Result<Parts<'_>, Refusal> {
        self.enter()?;
        Ok(Parts { measure: self, left: len })
    }
}

/// Why a value cannot be written, in the words of whoever refused.
#[derive(Debug)]
pub(super) struct Refusal(Box<str>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl ser::Error for Refusal {
    #[cold]
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into())
    }
}

/// The elements or fields of a value, and how many of them are still to come.
pub(super) struct Parts<'m> {
    measure: &'m mut Measure,
    left: usize,
}

impl Parts<'_> {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        // Wraps for one part too many, and cannot come back to zero from there.
        self.left = self.left.wrapping_sub(1);
        value.serialize(&mut *self.measure)
    }

    #[inline]
    fn end(self) -> Result<(), Refusal> {
        if self.left != 0 {
            return Err(ser::Error::custom("it has a sequence of another length than it said"));
        }
        self.measure.depth -= 1;
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $number:ident => $add:ident($measured:expr);)*) => {
        $(
            #[inline]
            fn $method(self, $number: $number) -> Result<(), Refusal> {
                self.$add($measured);
                Ok(())
            }
        )*
    };
}

macro_rules! fixed {
    ($($method:ident $value:ty => $size:literal;)*) => {
        $(
            #[inline]
            fn $method(self, _: $value) -> Result<(), Refusal> {
                self.size += $size;
                Ok(())
            }
        )*
    };
}

/// Folds the sign into the lowest bit, so that small negative numbers are short.
#[inline]
fn zigzag(number: i32) -> u32 {
    ((number << 1) ^ (number >> 31)).cast_unsigned()
}

impl<'m> ser::Serializer for &'m mut Measure {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Parts<'m>;
    type SerializeTuple = Parts<'m>;
    type SerializeTupleStruct = Parts<'m>;
    type SerializeTupleVariant = Parts<'m>;
    type SerializeMap = Parts<'m>;
    type SerializeStruct = Parts<'m>;
    type SerializeStructVariant = Parts<'m>;

    fixed! {
        serialize_bool bool => 1;
        serialize_i8 i8 => 1;
        serialize_u8 u8 => 1;
        serialize_f32 f32 => 4;
        serialize_f64 f64 => 8;
    }

    numbers! {
        serialize_u16 u16 => add_short_number(u16.into());
        serialize_u32 u32 => add_short_number(u32);
        serialize_u64 u64 => add_number(u64);
        serialize_i16 i16 => add_short_number(zigzag(i16.into()));
        serialize_i32 i32 => add_short_number(zigzag(i32));
        serialize_i64 i64 => add_number(((i64 << 1) ^ (i64 >> 63)).cast_unsigned());
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_u128(self, number: u128) -> Result<(), Refusal> {
        self.add_wide_number(number);
        Ok(())
    }

    #[inline]
    fn serialize_i128(self, number: i128) -> Result<(), Refusal> {
        self.add_wide_number(((number << 1) ^ (number >> 127)).cast_unsigned());
        Ok(())
    }

    #[inline]
    fn serialize_char(self, character: char) -> Result<(), Refusal> {
        self.size += 1 + character.len_utf8() as u64;
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), Refusal> {
        self.serialize_bytes(text.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refusal> {
        self.add_number(bytes.len() as u64);
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        struct Length(u64);
        impl fmt::Write for Length {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len() as u64;
                Ok(())
            }
        }

        let mut length = Length(0);
        fmt::write(&mut length, format_args!("{value}")).map_err(ser::Error::custom)?;
        self.add_number(length.0);
        self.size += length.0;
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Refusal> {
        self.size += 1;
        Ok(())
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        self.size += 1;
        self.nested(value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Refusal> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Refusal> {
        self.add_number(index.into());
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        self.nested(value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        self.add_number(index.into());
        self.nested(value)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Parts<'m>, Refusal> {
        self.sequence(len)
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Parts<'m>, Refusal> {
        self.sequence(len)
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Parts<'m>, Refusal> {
        self.parts(len)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Parts<'m>, Refusal> {
        self.parts(len)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'m>, Refusal> {
        self.add_number(index.into());
        self.parts(len)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Parts<'m>, Refusal> {
        self.parts(len)
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'m>, Refusal> {
        self.add_number(index.into());
        self.parts(len)
    }
}

macro_rules! parts {
    ($($kind:ident :: $method:ident;)*) => {
        $(
            impl ser::$kind for Parts<'_> {
                type Ok = ();
                type Error = Refusal;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
                    self.part(value)
                }

                #[inline]
                fn end(self) -> Result<(), Refusal> {
                    self.end()
                }
            }
        )*
    };
}

macro_rules! fields {
    ($($kind:ident)*) => {
        $(
            impl ser::$kind for Parts<'_> {
                type Ok = ();
                type Error = Refusal;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    _: &'static str,
                    value: &T,
                ) -> Result<(), Refusal> {
                    self.part(value)
                }

                fn skip_field(&mut self, name: &'static str) -> Result<(), Refusal> {
                    Err(ser::Error::custom(format_args!("its field `{name}` is left out")))
                }

                #[inline]
                fn end(self) -> Result<(), Refusal> {
                    self.end()
                }
            }
        )*
    };
}

parts! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Refusal;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        self.part(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        value.serialize(&mut *self.measure)
    }

    #[inline]
    fn end(self) -> Result<(), Refusal> {
        self.end()
    }
}
