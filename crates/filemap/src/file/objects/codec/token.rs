//! The tokens of MessagePack: what begins in the bytes that are not read yet.

use std::str;

use rmp::Marker;
use serde::de::Error;

use crate::file::objects::codec::Refusal;

type Result<T> = std::result::Result<T, Refusal>;

/// A value, or the beginning of one with parts.
#[derive(Clone, Copy)]
pub(super) enum Token<'de> {
    Nil,
    Bool(bool),
    /// An integer that is not negative.
    Unsigned(u64),
    Negative(i64),
    Single(f32),
    Double(f64),
    Text(&'de str),
    Bytes(&'de [u8]),
    List(usize),
    Table(usize),
    Extension(i8),
}

/// The bytes that are not read yet.
pub(super) struct Tokens<'de>(&'de [u8]);

impl<'de> Tokens<'de> {
    pub(super) fn of(bytes: &'de [u8]) -> Self {
        Self(bytes)
    }

    /// Returns how many bytes are not read yet.
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    /// Reads a nil, if one is next.
    #[inline]
    pub(super) fn nil(&mut self) -> bool {
        let rest = self.0.strip_prefix(&[0xC0]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Reads this short text, if it is next.
    #[inline]
    pub(super) fn is_text(&mut self, text: &str) -> bool {
        let rest = match self.0.split_first() {
            Some((marker, rest)) if usize::from(*marker) == 0xA0 + text.len() => rest,
            _ => return false,
        };
        let is_next = text.len() < 32 && rest.starts_with(text.as_bytes());
        self.0 = if is_next { &rest[text.len()..] } else { self.0 };
        is_next
    }

    /// Reads a value, or the beginning of one with parts.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Token<'de>> {
        let [byte] = self.array()?;
        match Marker::from_u8(byte) {
            Marker::Null => Ok(Token::Nil),
            Marker::False => Ok(Token::Bool(false)),
            Marker::True => Ok(Token::Bool(true)),
            Marker::FixPos(number) => Ok(Token::Unsigned(number.into())),
            Marker::FixNeg(number) => Ok(Token::Negative(number.into())),
            Marker::U8 => Ok(Token::Unsigned(u8::from_be_bytes(self.array()?).into())),
            Marker::U16 => Ok(Token::Unsigned(u16::from_be_bytes(self.array()?).into())),
            Marker::U32 => Ok(Token::Unsigned(u32::from_be_bytes(self.array()?).into())),
            Marker::U64 => Ok(Token::Unsigned(u64::from_be_bytes(self.array()?))),
            Marker::I8 => Ok(signed(i8::from_be_bytes(self.array()?).into())),
            Marker::I16 => Ok(signed(i16::from_be_bytes(self.array()?).into())),
            Marker::I32 => Ok(signed(i32::from_be_bytes(self.array()?).into())),
            Marker::I64 => Ok(signed(i64::from_be_bytes(self.array()?))),
            Marker::F32 => Ok(Token::Single(f32::from_be_bytes(self.array()?))),
            Marker::F64 => Ok(Token::Double(f64::from_be_bytes(self.array()?))),
            Marker::FixStr(len) => self.text(len.into()),
            Marker::Str8 => self.len8().and_then(|len| self.text(len)),
            Marker::Str16 => self.len16().and_then(|len| self.text(len)),
            Marker::Str32 => self.len32().and_then(|len| self.text(len)),
            Marker::Bin8 => self.len8().and_then(|len| self.bytes(len)).map(Token::Bytes),
            Marker::Bin16 => self.len16().and_then(|len| self.bytes(len)).map(Token::Bytes),
            Marker::Bin32 => self.len32().and_then(|len| self.bytes(len)).map(Token::Bytes),
            Marker::FixArray(len) => self.list(len.into()),
            Marker::Array16 => self.len16().and_then(|len| self.list(len)),
            Marker::Array32 => self.len32().and_then(|len| self.list(len)),
            Marker::FixMap(len) => self.table(len.into()),
            Marker::Map16 => self.len16().and_then(|len| self.table(len)),
            Marker::Map32 => self.len32().and_then(|len| self.table(len)),
            Marker::FixExt1 => self.extension(1),
            Marker::FixExt2 => self.extension(2),
            Marker::FixExt4 => self.extension(4),
            Marker::FixExt8 => self.extension(8),
            Marker::FixExt16 => self.extension(16),
            Marker::Ext8 => self.len8().and_then(|len| self.extension(len)),
            Marker::Ext16 => self.len16().and_then(|len| self.extension(len)),
            Marker::Ext32 => self.len32().and_then(|len| self.extension(len)),
            Marker::Reserved => Err(Refusal::custom("it has a byte that is no MessagePack")),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((bytes, rest)) = self.0.split_first_chunk() else { return Err(ended()) };
        self.0 = rest;
        Ok(*bytes)
    }

    #[inline]
    fn bytes(&mut self, len: usize) -> Result<&'de [u8]> {
        let Some((bytes, rest)) = self.0.split_at_checked(len) else { return Err(ended()) };
        self.0 = rest;
        Ok(bytes)
    }

    #[inline]
    fn text(&mut self, len: usize) -> Result<Token<'de>> {
        match str::from_utf8(self.bytes(len)?) {
            Ok(text) => Ok(Token::Text(text)),
            Err(_) => Err(Refusal::custom("it has a text that is no UTF-8")),
        }
    }

    #[inline]
    fn list(&self, len: usize) -> Result<Token<'de>> {
        if len <= self.left() { Ok(Token::List(len)) } else { Err(ended()) }
    }

    #[inline]
    fn table(&self, len: usize) -> Result<Token<'de>> {
        if len <= self.left() / 2 { Ok(Token::Table(len)) } else { Err(ended()) }
    }

    #[cold]
    fn extension(&mut self, len: usize) -> Result<Token<'de>> {
        let kind = i8::from_be_bytes(self.array()?);
        self.bytes(len)?;
        Ok(Token::Extension(kind))
    }

    #[inline]
    fn len8(&mut self) -> Result<usize> {
        Ok(u8::from_be_bytes(self.array()?).into())
    }

    #[inline]
    fn len16(&mut self) -> Result<usize> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    #[inline]
    fn len32(&mut self) -> Result<usize> {
        Ok(usize::try_from(u32::from_be_bytes(self.array()?)).unwrap_or(usize::MAX))
    }
}

#[inline]
fn signed(number: i64) -> Token<'static> {
    u64::try_from(number).map_or(Token::Negative(number), Token::Unsigned)
}

#[cold]
fn ended() -> Refusal {
    Refusal::custom("it ends inside a value")
}
