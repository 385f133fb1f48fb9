use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::file::codec::postcard::{DEPTH_LIMIT, EMPTY_ELEMENT_LIMIT};

/// What reading one object may still use.
pub(super) struct Bounds {
    levels: Cell<u32>,
    elements: Cell<u64>,
    exceeded: Cell<Option<&'static str>>,
}

impl Bounds {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let elements = (bytes.len() as u64).saturating_add(EMPTY_ELEMENT_LIMIT);
        Self {
            levels: Cell::new(DEPTH_LIMIT),
            elements: Cell::new(elements),
            exceeded: Cell::new(None),
        }
    }

    /// Tells which bound was passed, because postcard keeps no text of an error.
    pub(super) fn exceeded(&self) -> Option<&'static str> {
        self.exceeded.get()
    }

    #[inline]
    fn deeper<T, E: Error>(&self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let levels = self.levels.get();
        if levels == 0 {
            return Err(self.refuse("its values lie too deep inside one another"));
        }
        self.levels.set(levels - 1);
        let result = read();
        self.levels.set(levels);
        result
    }

    #[inline]
    fn spend<E: Error>(&self, elements: usize) -> Result<(), E> {
        match self.elements.get().checked_sub(elements as u64) {
            Some(left) => {
                self.elements.set(left);
                Ok(())
            }
            None => Err(self.refuse("it claims more elements than it has bytes for")),
        }
    }

    /// Counts all elements of a sequence that tells how many they are.
    ///
    /// Returns whether they must be counted as they come: postcard does not tell the length
    /// where it exceeds the bytes that are left, and is then wrong, or its elements are empty.
    #[inline]
    fn spend_at_once<E: Error>(&self, claimed: Option<usize>) -> Result<bool, E> {
        match claimed {
            Some(claimed) => self.spend(claimed).map(|()| false),
            None => Ok(true),
        }
    }

    #[cold]
    fn refuse<E: Error>(&self, text: &'static str) -> E {
        self.exceeded.set(Some(text));
        E::custom(text)
    }
}

/// A deserializer, a visitor, a seed or an access of serde, kept within bounds.
///
/// Each hands out its counterparts wrapped in the same way, so that nothing below escapes.
pub(super) struct Bounded<'b, D> {
    inner: D,
    bounds: &'b Bounds,
    /// Whether the elements are counted: those of a sequence are, and the fields of a structure,
    /// whose number its type limits, are not.
    counted: bool,
}

impl<'b, D> Bounded<'b, D> {
    pub(super) fn new(inner: D, bounds: &'b Bounds) -> Self {
        Self { inner, bounds, counted: false }
    }

    fn counting(inner: D, bounds: &'b Bounds) -> Self {
        Self { inner, bounds, counted: true }
    }
}

macro_rules! leaves {
    ($($method:ident)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                self.inner.$method(visitor)
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    leaves! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_option(Bounded::new(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_newtype_struct(name, Bounded::new(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_seq(Bounded::counting(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple(len, Bounded::new(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple_struct(name, len, Bounded::new(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Bounded::counting(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_struct(name, fields, Bounded::new(visitor, self.bounds))
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_enum(name, variants, Bounded::new(visitor, self.bounds))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let Self { inner, bounds, .. } = self;
        bounds.deeper(|| inner.visit_some(Bounded::new(deserializer, bounds)))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        let Self { inner, bounds, .. } = self;
        bounds.deeper(|| inner.visit_newtype_struct(Bounded::new(deserializer, bounds)))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let Self { inner, bounds, mut counted } = self;
        counted = counted && bounds.spend_at_once(access.size_hint())?;
        bounds.deeper(|| inner.visit_seq(Bounded { inner: access, bounds, counted }))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let Self { inner, bounds, mut counted } = self;
        counted = counted && bounds.spend_at_once(access.size_hint())?;
        bounds.deeper(|| inner.visit_map(Bounded { inner: access, bounds, counted }))
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Bounded::new(access, self.bounds))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded::new(deserializer, self.bounds))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(Bounded::new(seed, self.bounds))?;
        if self.counted && element.is_some() {
            self.bounds.spend(1)?;
        }
        Ok(element)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let key = self.inner.next_key_seed(Bounded::new(seed, self.bounds))?;
        if self.counted && key.is_some() {
            self.bounds.spend(1)?;
        }
        Ok(key)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Bounded::new(seed, self.bounds))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'b, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'b, A> {
    type Error = A::Error;
    type Variant = Bounded<'b, A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(seed)?;
        Ok((value, Bounded::new(variant, self.bounds)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let Self { inner, bounds, .. } = self;
        bounds.deeper(|| inner.newtype_variant_seed(Bounded::new(seed, bounds)))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Bounded::new(visitor, self.bounds))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Bounded::new(visitor, self.bounds))
    }
}
