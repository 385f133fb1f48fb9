use std::fmt;

use serde::Serialize;
use serde::ser;

use crate::file::codec::postcard::{DEPTH_LIMIT, EMPTY_ELEMENT_LIMIT};

/// Where postcard's bytes go.
pub(super) trait Output {
    /// Takes a number in postcard's variable length: seven bits to a byte, one byte at least.
    fn number(&mut self, number: u64) -> Result<(), Refusal>;

    /// The same for one that is short.
    fn short_number(&mut self, number: u32) -> Result<(), Refusal>;

    /// The same for one that may be long.
    fn wide_number(&mut self, number: u128) -> Result<(), Refusal>;

    /// Takes so many bytes, as they are.
    fn array<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Refusal>;

    /// Takes bytes as they are.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Refusal>;
}

/// Writes a value as postcard does, and refuses what could not be read back: a sequence of
/// another length than it said, a field that is left out, and nesting deeper than a reader
/// follows.
pub(super) struct Writer<O> {
    output: O,
    elements: u64,
}

impl<O: Output> Writer<O> {
    pub(super) fn new(output: O) -> Self {
        Self { output, elements: 0 }
    }

    /// Gives the output back, and tells how many elements the sequences had.
    pub(super) fn finish(self) -> (O, u64) {
        (self.output, self.elements)
    }

    /// Where the value belongs.
    pub(super) fn next(&mut self) -> Next<'_, O> {
        Next { writer: self, levels: DEPTH_LIMIT }
    }
}

/// Where a writer's next value belongs.
///
/// How deep that is is in none of the writer's own fields: it is known without a look at memory.
pub(super) struct Next<'m, O> {
    writer: &'m mut Writer<O>,
    /// How many values may still lie inside one another.
    levels: u32,
}

impl<'m, O: Output> Next<'m, O> {
    /// A value inside this one.
    #[inline(always)]
    fn deeper(self) -> Result<Self, Refusal> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(too_deep()),
        }
    }

    #[inline(always)]
    fn sequence(self, len: Option<usize>) -> Result<Parts<'m, O>, Refusal> {
        let Some(len) = len else {
            return Err(ser::Error::custom("it has a sequence that does not know its length"));
        };
        self.writer.output.number(len as u64)?;
        self.writer.elements = self.writer.elements.saturating_add(len as u64);
        self.parts(len)
    }

    #[inline(always)]
    fn parts(self, len: usize) -> Result<Parts<'m, O>, Refusal> {
        Ok(Parts { of: self.deeper()?, left: len })
    }
}

#[cold]
#[inline(never)]
fn too_deep() -> Refusal {
    ser::Error::custom("its values lie too deep inside one another")
}

/// Counts the bytes that postcard will make of a value.
pub(super) fn measure<T: Serialize + ?Sized>(value: &T) -> Result<u64, Refusal> {
    let mut writer = Writer::new(Count(0));
    value.serialize(writer.next())?;
    let (Count(size), elements) = writer.finish();
    check_elements(elements, size)?;
    Ok(size)
}

/// Refuses more elements in so many bytes than a reader follows.
pub(super) fn check_elements(elements: u64, size: u64) -> Result<(), Refusal> {
    if elements.saturating_sub(size) > EMPTY_ELEMENT_LIMIT {
        return Err(ser::Error::custom("it has too many elements that take no bytes"));
    }
    Ok(())
}

/// Counts bytes, and keeps none.
struct Count(u64);

impl Output for Count {
    #[inline(always)]
    fn number(&mut self, number: u64) -> Result<(), Refusal> {
        self.0 += u64::from((70 - (number | 1).leading_zeros()) / 7);
        Ok(())
    }

    /// By comparisons, which the compiler does for several numbers at once.
    #[inline(always)]
    fn short_number(&mut self, number: u32) -> Result<(), Refusal> {
        let longer = |bits: u32| u64::from(number >= 1 << bits);
        self.0 += 1 + longer(7) + longer(14) + longer(21) + longer(28);
        Ok(())
    }

    #[inline(always)]
    fn wide_number(&mut self, number: u128) -> Result<(), Refusal> {
        self.0 += u64::from((134 - (number | 1).leading_zeros()) / 7);
        Ok(())
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self, _: [u8; N]) -> Result<(), Refusal> {
        self.0 += N as u64;
        Ok(())
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.0 += bytes.len() as u64;
        Ok(())
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
pub(super) struct Parts<'m, O> {
    of: Next<'m, O>,
    left: usize,
}

impl<O: Output> Parts<'_, O> {
    #[inline(always)]
    fn one(&mut self) -> Next<'_, O> {
        Next { writer: self.of.writer, levels: self.of.levels }
    }

    #[inline(always)]
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        // Wraps for one part too many, and cannot come back to zero from there.
        self.left = self.left.wrapping_sub(1);
        value.serialize(self.one())
    }

    #[inline(always)]
    fn end(self) -> Result<(), Refusal> {
        if self.left != 0 {
            return Err(ser::Error::custom("it has a sequence of another length than it said"));
        }
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $number:ident => $write:ident($written:expr);)*) => {
        $(
            #[inline(always)]
            fn $method(self, $number: $number) -> Result<(), Refusal> {
                self.writer.output.$write($written)
            }
        )*
    };
}

/// Folds the sign into the lowest bit, so that small negative numbers are short.
#[inline]
fn zigzag(number: i32) -> u32 {
    ((number << 1) ^ (number >> 31)).cast_unsigned()
}

impl<'m, O: Output> ser::Serializer for Next<'m, O> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Parts<'m, O>;
    type SerializeTuple = Parts<'m, O>;
    type SerializeTupleStruct = Parts<'m, O>;
    type SerializeTupleVariant = Parts<'m, O>;
    type SerializeMap = Parts<'m, O>;
    type SerializeStruct = Parts<'m, O>;
    type SerializeStructVariant = Parts<'m, O>;

    numbers! {
        serialize_bool bool => array([u8::from(bool)]);
        serialize_i8 i8 => array(i8.to_le_bytes());
        serialize_u8 u8 => array([u8]);
        serialize_f32 f32 => array(f32.to_bits().to_le_bytes());
        serialize_f64 f64 => array(f64.to_bits().to_le_bytes());
        serialize_u16 u16 => short_number(u16.into());
        serialize_u32 u32 => short_number(u32);
        serialize_u64 u64 => number(u64);
        serialize_u128 u128 => wide_number(u128);
        serialize_i16 i16 => short_number(zigzag(i16.into()));
        serialize_i32 i32 => short_number(zigzag(i32));
        serialize_i64 i64 => number(((i64 << 1) ^ (i64 >> 63)).cast_unsigned());
        serialize_i128 i128 => wide_number(((i128 << 1) ^ (i128 >> 127)).cast_unsigned());
    }

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline(always)]
    fn serialize_char(self, character: char) -> Result<(), Refusal> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    #[inline(always)]
    fn serialize_str(self, text: &str) -> Result<(), Refusal> {
        self.serialize_bytes(text.as_bytes())
    }

    #[inline(always)]
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refusal> {
        self.writer.output.number(bytes.len() as u64)?;
        self.writer.output.bytes(bytes)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        struct Length(u64);
        impl fmt::Write for Length {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 += text.len() as u64;
                Ok(())
            }
        }

        struct Text<'o, O>(&'o mut O);
        impl<O: Output> fmt::Write for Text<'_, O> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.bytes(text.as_bytes()).map_err(|_| fmt::Error)
            }
        }

        // Its length stands before it, so it is made twice.
        let mut length = Length(0);
        fmt::write(&mut length, format_args!("{value}")).map_err(ser::Error::custom)?;
        self.writer.output.number(length.0)?;
        fmt::write(&mut Text(&mut self.writer.output), format_args!("{value}"))
            .map_err(ser::Error::custom)
    }

    #[inline(always)]
    fn serialize_none(self) -> Result<(), Refusal> {
        self.writer.output.array([0])
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        self.writer.output.array([1])?;
        value.serialize(self.deeper()?)
    }

    #[inline(always)]
    fn serialize_unit(self) -> Result<(), Refusal> {
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Refusal> {
        self.writer.output.short_number(index)
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        value.serialize(self.deeper()?)
    }

    #[inline(always)]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        self.writer.output.short_number(index)?;
        value.serialize(self.deeper()?)
    }

    #[inline(always)]
    fn serialize_seq(self, len: Option<usize>) -> Result<Parts<'m, O>, Refusal> {
        self.sequence(len)
    }

    #[inline(always)]
    fn serialize_map(self, len: Option<usize>) -> Result<Parts<'m, O>, Refusal> {
        self.sequence(len)
    }

    #[inline(always)]
    fn serialize_tuple(self, len: usize) -> Result<Parts<'m, O>, Refusal> {
        self.parts(len)
    }

    #[inline(always)]
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Parts<'m, O>, Refusal> {
        self.parts(len)
    }

    #[inline(always)]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'m, O>, Refusal> {
        self.writer.output.short_number(index)?;
        self.parts(len)
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Parts<'m, O>, Refusal> {
        self.parts(len)
    }

    #[inline(always)]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'m, O>, Refusal> {
        self.writer.output.short_number(index)?;
        self.parts(len)
    }
}

macro_rules! parts {
    ($($kind:ident :: $method:ident;)*) => {
        $(
            impl<O: Output> ser::$kind for Parts<'_, O> {
                type Ok = ();
                type Error = Refusal;

                #[inline(always)]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
                    self.part(value)
                }

                #[inline(always)]
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
            impl<O: Output> ser::$kind for Parts<'_, O> {
                type Ok = ();
                type Error = Refusal;

                #[inline(always)]
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

                #[inline(always)]
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

impl<O: Output> ser::SerializeMap for Parts<'_, O> {
    type Ok = ();
    type Error = Refusal;

    #[inline(always)]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        self.part(key)
    }

    #[inline(always)]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        value.serialize(self.one())
    }

    #[inline(always)]
    fn end(self) -> Result<(), Refusal> {
        self.end()
    }
}
