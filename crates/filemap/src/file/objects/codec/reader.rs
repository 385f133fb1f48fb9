//! Values read back from MessagePack: each number as itself or not at all.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number is made a float, and held against what it was before it is taken"
)]

use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};

use crate::file::objects::codec::Refusal;
use crate::file::objects::codec::token::{Token, Tokens};

type Result<T> = std::result::Result<T, Refusal>;
type Name = &'static str;
type Names = &'static [Name];

/// The next value.
pub(super) struct Next<'r, 'de> {
    tokens: &'r mut Tokens<'de>,
    /// How many values may still lie inside one another.
    levels: u32,
}

impl<'r, 'de> Next<'r, 'de> {
    pub(super) fn new(tokens: &'r mut Tokens<'de>, levels: u32) -> Self {
        Self { tokens, levels }
    }

    /// A value inside this one.
    #[inline]
    fn deeper(self) -> Result<Self> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(Refusal::custom("its values lie too deep inside one another")),
        }
    }

    /// Refuses a number that a float is not exactly, and what is no number.
    #[cold]
    fn inexact<V: Visitor<'de>>(self, token: Token<'de>, visitor: V) -> Result<V::Value> {
        let number = match token {
            Token::Unsigned(number) => Unexpected::Unsigned(number),
            Token::Negative(number) => Unexpected::Signed(number),
            Token::Double(number) => Unexpected::Float(number),
            other => return self.visit(other, visitor),
        };
        Err(Refusal::invalid_value(number, &"a number that this type of float has exactly"))
    }

    #[inline]
    fn table<V: Visitor<'de>>(self, len: usize, fields: Names, visitor: V) -> Result<V::Value> {
        let mut elements = Elements { of: self.deeper()?, left: len, fields };
        let value = visitor.visit_map(&mut elements)?;
        elements.end(value)
    }

    #[inline]
    fn visit<V: Visitor<'de>>(self, token: Token<'de>, visitor: V) -> Result<V::Value> {
        match token {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Negative(number) => visitor.visit_i64(number),
            Token::Single(number) => visitor.visit_f32(number),
            Token::Double(number) => visitor.visit_f64(number),
            Token::Text(text) => visitor.visit_borrowed_str(text),
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::List(len) => {
                let mut elements = Elements { of: self.deeper()?, left: len, fields: &[] };
                let value = visitor.visit_seq(&mut elements)?;
                elements.end(value)
            }
            Token::Table(len) => self.table(len, &[], visitor),
            Token::Extension(kind) => {
                Err(Refusal::custom(format_args!("it has a value of the extension type {kind}")))
            }
        }
    }
}

/// The elements of a list or a table that are still to come.
struct Elements<'r, 'de> {
    of: Next<'r, 'de>,
    left: usize,
    /// The names that are likely to come next, each of which then needs no other look.
    fields: Names,
}

impl<'de> Elements<'_, 'de> {
    #[inline]
    fn one(&mut self) -> Next<'_, 'de> {
        Next::new(self.of.tokens, self.of.levels)
    }

    #[inline]
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.one()).map(Some)
    }

    #[inline]
    fn end<T>(self, value: T) -> Result<T> {
        match self.left {
            0 => Ok(value),
            left => Err(Refusal::custom(format_args!("it has {left} elements too many"))),
        }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Refusal;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        self.next(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Refusal;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        match self.fields {
            [name, more @ ..] if self.left > 0 && self.of.tokens.is_text(name) => {
                (self.left, self.fields) = (self.left - 1, more);
                seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
            }
            _ => self.next(seed),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.one())
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// Methods of a deserializer, each of which reads one token and tells what it does with it.
macro_rules! methods {
    ($($method:ident($self:ident, $visitor:ident $(, $given:ident: $type:ty)*) => $value:expr;)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>($self $(, $given: $type)*, $visitor: V) -> Result<V::Value> {
                $value
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Next<'_, 'de> {
    type Error = Refusal;

    methods! {
        deserialize_any(self, visitor) => {
            let token = self.tokens.next()?;
            self.visit(token, visitor)
        };
        deserialize_f64(self, visitor) => {
            let token = self.tokens.next()?;
            match double(token) {
                Some(float) => visitor.visit_f64(float),
                None => self.inexact(token, visitor),
            }
        };
        deserialize_f32(self, visitor) => match self.tokens.next()? {
            Token::Single(float) => visitor.visit_f32(float),
            token => match double(token).map(|double| (double, double as f32)) {
                Some((double, float)) if f64::from(float).to_bits() == double.to_bits() =>
                    visitor.visit_f32(float),
                _ => self.inexact(token, visitor),
            },
        };
        deserialize_option(self, visitor) => if self.tokens.nil() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self.deeper()?)
        };
        deserialize_newtype_struct(self, visitor, _name: Name) =>
            visitor.visit_newtype_struct(self.deeper()?);
        deserialize_unit_struct(self, visitor, _name: Name) => match self.tokens.next()? {
            Token::List(0) => visitor.visit_unit(),
            other => self.visit(other, visitor),
        };
        // A list of small numbers may have been written as bytes.
        deserialize_seq(self, visitor) => match self.tokens.next()? {
            Token::Bytes(bytes) => {
                let mut elements = SeqDeserializer::new(bytes.iter().copied());
                let value = visitor.visit_seq(&mut elements)?;
                elements.end().map(|()| value)
            }
            other => self.visit(other, visitor),
        };
        deserialize_tuple(self, visitor, _len: usize) => self.deserialize_seq(visitor);
        deserialize_tuple_struct(self, visitor, _name: Name, _len: usize) =>
            self.deserialize_seq(visitor);
        deserialize_identifier(self, visitor) => match self.tokens.next()? {
            Token::Text(name) => visitor.visit_borrowed_str(name),
            _ => Err(Refusal::custom("it has a name that is no text")),
        };
        deserialize_enum(self, visitor, _name: Name, _variants: Names) =>
            match self.tokens.next()? {
                Token::Text(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
                Token::Table(1) => visitor.visit_enum(self),
                _ => Err(Refusal::custom("it has no variant of an enumeration where one must be")),
            };
        deserialize_struct(self, visitor, _name: Name, fields: Names) => match self.tokens.next()? {
            Token::Table(len) => self.table(len, fields, visitor),
            other => self.visit(other, visitor),
        };
        // What nobody wants needs not be understood.
        deserialize_ignored_any(self, visitor) => match self.tokens.next()? {
            Token::Extension(_) => visitor.visit_unit(),
            other => self.visit(other, visitor),
        };
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit map
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Returns the float that is exactly a number.
#[inline]
fn double(token: Token<'_>) -> Option<f64> {
    match token {
        Token::Unsigned(number) if number as f64 as u128 == number.into() => Some(number as f64),
        Token::Negative(number) if number as f64 as i128 == number.into() => Some(number as f64),
        Token::Single(number) => Some(number.into()),
        Token::Double(number) => Some(number),
        _ => None,
    }
}

impl<'de> EnumAccess<'de> for Next<'_, 'de> {
    type Error = Refusal;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        Ok((seed.deserialize(Next::new(self.tokens, self.levels))?, self))
    }
}

impl<'de> VariantAccess<'de> for Next<'_, 'de> {
    type Error = Refusal;

    #[inline]
    fn unit_variant(self) -> Result<()> {
        match self.tokens.next()? {
            Token::Nil => Ok(()),
            _ => Err(Refusal::custom("it has a variant with a value where none must be")),
        }
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.deeper()?)
    }

    methods! {
        tuple_variant(self, visitor, _len: usize) => self.deserialize_seq(visitor);
        struct_variant(self, visitor, fields: Names) => self.deserialize_struct("", fields, visitor);
    }
}
