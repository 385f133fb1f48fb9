//! What stands between a value and MessagePack's writer, which takes more than can be read back.

use serde::Serialize;
use serde::ser::{self, Error, Serializer};

/// Refuses what would be read back as something else, or not at all.
///
/// That is a list of another length than it said, a length of more than 32 bits, `Some` of what is
/// written as nothing, an integer of more than 64 bits, and nesting deeper than a reader follows.
pub(super) struct Guard<S> {
    to: S,
    /// How many values may still lie inside one another.
    levels: u32,
    /// Whether this is the value of an option, which is itself written as nothing if it is `None`.
    optional: bool,
}

impl<S: Serializer> Guard<S> {
    pub(super) fn new(to: S, levels: u32) -> Self {
        Self { to, levels, optional: false }
    }

    #[inline]
    fn deeper(&self) -> Result<u32, S::Error> {
        self.levels
            .checked_sub(1)
            .ok_or_else(|| Error::custom("its values lie too deep inside one another"))
    }

    /// Checks that nothing is not said of what is there.
    #[inline]
    fn absent(&self) -> Result<(), S::Error> {
        if self.optional {
            return Err(Error::custom("it has a `Some` that would be read as `None`"));
        }
        Ok(())
    }
}

/// Checks that a length fits the 32 bits that there are for it.
#[inline]
fn short<E: Error>(len: usize) -> Result<usize, E> {
    match u32::try_from(len) {
        Ok(_) => Ok(len),
        Err(_) => {
            Err(E::custom(format_args!("it has a length of {len}, which has 32 bits at most")))
        }
    }
}

#[cold]
fn wide<E: Error>(number: impl std::fmt::Display) -> E {
    E::custom(format_args!("it has the integer {number}, and integers have 64 bits at most"))
}

/// A value inside another.
struct Inner<'v, T: ?Sized> {
    value: &'v T,
    levels: u32,
    optional: bool,
}

impl<T: Serialize + ?Sized> Serialize for Inner<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Guard { to, levels: self.levels, optional: self.optional })
    }
}

/// Methods of a serializer.
macro_rules! methods {
    ($($method:ident$(<$T:ident>)?($self:ident $(, $given:ident: $type:ty)*) -> $ok:ty => $body:expr;)*) => {
        $(
            #[inline]
            fn $method$(<$T: Serialize + ?Sized>)?($self $(, $given: $type)*) -> Result<$ok, S::Error> {
                $body
            }
        )*
    };
}

type Name = &'static str;

impl<S: Serializer> Serializer for Guard<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<S::SerializeSeq>;
    type SerializeTuple = Parts<S::SerializeTuple>;
    type SerializeTupleStruct = Parts<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<S::SerializeTupleVariant>;
    type SerializeMap = Parts<S::SerializeMap>;
    type SerializeStruct = Parts<S::SerializeStruct>;
    type SerializeStructVariant = Parts<S::SerializeStructVariant>;

    methods! {
        serialize_bool(self, value: bool) -> S::Ok => self.to.serialize_bool(value);
        serialize_i8(self, number: i8) -> S::Ok => self.to.serialize_i8(number);
        serialize_i16(self, number: i16) -> S::Ok => self.to.serialize_i16(number);
        serialize_i32(self, number: i32) -> S::Ok => self.to.serialize_i32(number);
        serialize_i64(self, number: i64) -> S::Ok => self.to.serialize_i64(number);
        serialize_u8(self, number: u8) -> S::Ok => self.to.serialize_u8(number);
        serialize_u16(self, number: u16) -> S::Ok => self.to.serialize_u16(number);
        serialize_u32(self, number: u32) -> S::Ok => self.to.serialize_u32(number);
        serialize_u64(self, number: u64) -> S::Ok => self.to.serialize_u64(number);
        serialize_i128(self, number: i128) -> S::Ok => match i64::try_from(number) {
            Ok(number) => self.to.serialize_i64(number),
            Err(_) => match u64::try_from(number) {
                Ok(number) => self.to.serialize_u64(number),
                Err(_) => Err(wide(number)),
            },
        };
        serialize_u128(self, number: u128) -> S::Ok => match u64::try_from(number) {
            Ok(number) => self.to.serialize_u64(number),
            Err(_) => Err(wide(number)),
        };
        serialize_f32(self, number: f32) -> S::Ok => self.to.serialize_f32(number);
        serialize_f64(self, number: f64) -> S::Ok => self.to.serialize_f64(number);
        serialize_char(self, character: char) -> S::Ok => self.to.serialize_char(character);
        serialize_str(self, text: &str) -> S::Ok => {
            short::<S::Error>(text.len())?;
            self.to.serialize_str(text)
        };
        serialize_bytes(self, bytes: &[u8]) -> S::Ok => {
            short::<S::Error>(bytes.len())?;
            self.to.serialize_bytes(bytes)
        };
        serialize_none(self) -> S::Ok => {
            self.absent()?;
            self.to.serialize_none()
        };
        serialize_unit(self) -> S::Ok => {
            self.absent()?;
            self.to.serialize_unit()
        };
        serialize_some<T>(self, value: &T) -> S::Ok => {
            let levels = self.deeper()?;
            self.to.serialize_some(&Inner { value, levels, optional: true })
        };
        serialize_unit_struct(self, name: Name) -> S::Ok => self.to.serialize_unit_struct(name);
        serialize_unit_variant(self, name: Name, index: u32, variant: Name) -> S::Ok =>
            self.to.serialize_unit_variant(name, index, variant);
        serialize_newtype_struct<T>(self, name: Name, value: &T) -> S::Ok => {
            if name == rmp_serde::MSGPACK_EXT_STRUCT_NAME {
                return Err(Error::custom("it has an extension type, which is not read"));
            }
            let (levels, optional) = (self.deeper()?, self.optional);
            self.to.serialize_newtype_struct(name, &Inner { value, levels, optional })
        };
        serialize_newtype_variant<T>(self, name: Name, index: u32, variant: Name, value: &T) -> S::Ok => {
            let value = Inner { value, levels: self.deeper()?, optional: false };
            self.to.serialize_newtype_variant(name, index, variant, &value)
        };
        serialize_seq(self, len: Option<usize>) -> Self::SerializeSeq =>
            Parts::new(self.deeper()?, len, || self.to.serialize_seq(len));
        serialize_map(self, len: Option<usize>) -> Self::SerializeMap =>
            Parts::new(self.deeper()?, len, || self.to.serialize_map(len));
        serialize_tuple(self, len: usize) -> Self::SerializeTuple =>
            Parts::new(self.deeper()?, Some(len), || self.to.serialize_tuple(len));
        serialize_tuple_struct(self, name: Name, len: usize) -> Self::SerializeTupleStruct =>
            Parts::new(self.deeper()?, Some(len), || self.to.serialize_tuple_struct(name, len));
        serialize_struct(self, name: Name, len: usize) -> Self::SerializeStruct =>
            Parts::new(self.deeper()?, Some(len), || self.to.serialize_struct(name, len));
        serialize_tuple_variant(self, name: Name, index: u32, variant: Name, len: usize)
            -> Self::SerializeTupleVariant => Parts::new(self.deeper()?, Some(len), || {
                self.to.serialize_tuple_variant(name, index, variant, len)
            });
        serialize_struct_variant(self, name: Name, index: u32, variant: Name, len: usize)
            -> Self::SerializeStructVariant => Parts::new(self.deeper()?, Some(len), || {
                self.to.serialize_struct_variant(name, index, variant, len)
            });
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.to.is_human_readable()
    }
}

/// The elements or fields of a value.
pub(super) struct Parts<P> {
    to: P,
    levels: u32,
    /// How many are still to come; how many may come where that is not known.
    left: usize,
    known: bool,
}

impl<P> Parts<P> {
    #[inline]
    fn new<E: Error>(
        levels: u32,
        len: Option<usize>,
        begin: impl FnOnce() -> Result<P, E>,
    ) -> Result<Self, E> {
        // Those of unknown number are counted in 32 bits, the keys and the values of a map each.
        let left = short(len.unwrap_or(1 << 31))?;
        Ok(Self { to: begin()?, levels, left, known: len.is_some() })
    }

    #[inline]
    fn count<E: Error>(&mut self) -> Result<(), E> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return Err(other_length()),
        }
        Ok(())
    }

    #[inline]
    fn inner<'v, T: ?Sized>(&self, value: &'v T) -> Inner<'v, T> {
        Inner { value, levels: self.levels, optional: false }
    }

    #[inline]
    fn end<E: Error>(self) -> Result<P, E> {
        if self.known && self.left != 0 { Err(other_length()) } else { Ok(self.to) }
    }
}

#[cold]
fn other_length<E: Error>() -> E {
    E::custom("it has a list of another length than it said")
}

/// The traits of values with parts, which are guarded alike.
macro_rules! parts {
    ($($kind:ident::$method:ident$(($name:ident))?;)*) => {
        $(
            impl<P: ser::$kind> ser::$kind for Parts<P> {
                type Ok = P::Ok;
                type Error = P::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($name: Name,)?
                    value: &T,
                ) -> Result<(), P::Error> {
                    self.count()?;
                    let value = self.inner(value);
                    self.to.$method($($name,)? &value)
                }

                #[inline]
                fn end(self) -> Result<P::Ok, P::Error> {
                    self.end::<P::Error>()?.end()
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
    SerializeStruct::serialize_field(name);
    SerializeStructVariant::serialize_field(name);
}

impl<P: ser::SerializeMap> ser::SerializeMap for Parts<P> {
    type Ok = P::Ok;
    type Error = P::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), P::Error> {
        self.count()?;
        let key = self.inner(key);
        self.to.serialize_key(&key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
        let value = self.inner(value);
        self.to.serialize_value(&value)
    }

    #[inline]
    fn end(self) -> Result<P::Ok, P::Error> {
        self.end::<P::Error>()?.end()
    }
}
