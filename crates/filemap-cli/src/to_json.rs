//! The value of an object as JSON: what `filemap get` prints.

use std::fmt::{self, Write};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::from_json::BYTES;
use crate::hex;

/// JSON on one line, made of whatever value an object has.
#[derive(Debug)]
pub(crate) struct ToJson(pub(crate) String);

impl<'de> Deserialize<'de> for ToJson {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut text = String::new();
        Append(&mut text).deserialize(from)?;
        Ok(Self(text))
    }
}

/// Appends a value to a text.
struct Append<'t>(&'t mut String);

impl Append<'_> {
    fn add<E: Error>(self, part: impl fmt::Display) -> Result<(), E> {
        write!(self.0, "{part}").map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Append<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Append<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.add("null")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.add(value)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.add(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.add(number)
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<(), E> {
        if !float.is_finite() {
            return Err(E::custom(format_args!("JSON has no number for the float {float}")));
        }
        self.add(serde_json::Value::from(float))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.add(serde_json::Value::from(text))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<(), E> {
        let mut digits = Vec::new();
        hex::write_plain(&mut digits, bytes).map_err(E::custom)?;
        let digits = String::from_utf8_lossy(&digits);
        self.add(format_args!("{{\"{BYTES}\":\"{digits}\"}}"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.push('[');
        let begin = self.0.len();
        loop {
            let end = self.0.len();
            if end > begin {
                self.0.push(',');
            }
            if list.next_element_seed(Append(self.0))?.is_none() {
                self.0.truncate(end);
                break;
            }
        }
        self.0.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut count, mut bytes) = (0, false);
        self.0.push('{');
        while let Some(key) = map.next_key_seed(Key)? {
            if count > 0 {
                self.0.push(',');
            }
            Append(self.0).visit_str(&key)?;
            self.0.push(':');
            map.next_value_seed(Append(self.0))?;
            count += 1;
            bytes |= key == BYTES;
        }
        self.0.push('}');
        if bytes && count == 1 {
            return Err(Error::custom(format_args!(
                "its map with the only key `{BYTES}` would stand for bytes in JSON"
            )));
        }
        Ok(())
    }
}

/// The key of a map.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, the only key of maps that JSON has")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}
