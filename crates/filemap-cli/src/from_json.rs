//! JSON as the value of an object: what `filemap put` stores.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::hex;

/// The only key of what stands for bytes.
pub(crate) const BYTES: &str = "$bytes";

/// JSON, of which each number is kept as it was written until it is known what it is.
#[derive(Debug)]
pub(crate) struct FromJson<'a>(pub(crate) &'a RawValue);

impl<'a> FromJson<'a> {
    /// Reads the text as a part of JSON, which it is known to be.
    fn part<T: Deserialize<'a>, E: Error>(&self) -> Result<T, E> {
        serde_json::from_str(self.0.get()).map_err(E::custom)
    }

    fn number<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = self.0.get();
        if text.contains(['.', 'e', 'E']) {
            return match self.part::<f64, S::Error>() {
                Ok(float) => to.serialize_f64(float),
                Err(_) => Err(Error::custom(format_args!("no float is as large as {text}"))),
            };
        }
        match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(number), _) => to.serialize_i64(number),
            (_, Ok(number)) => to.serialize_u64(number),
            _ => Err(Error::custom(format_args!("the integer {text} does not fit 64 bits"))),
        }
    }

    fn table<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Pairs(pairs) = self.part()?;
        if let [(key, value)] = pairs.as_slice()
            && key == BYTES
        {
            let digits: Option<String> = Self(value).part::<_, S::Error>().ok();
            let bytes =
                digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            return match bytes.map(|digits| hex::parse(&digits)) {
                Some(Ok(bytes)) => to.serialize_bytes(&bytes),
                _ => Err(Error::custom(format_args!(
                    "{{\"{BYTES}\": …}} stands for bytes, and {} is no text of hexadecimal digits",
                    value.get()
                ))),
            };
        }
        let mut keys = HashSet::with_capacity(pairs.len());
        if let Some((twice, _)) = pairs.iter().find(|(key, _)| !keys.insert(key.as_str())) {
            return Err(Error::custom(format_args!("the key `{twice}` is there twice")));
        }
        let mut table = to.serialize_map(Some(pairs.len()))?;
        for (key, value) in &pairs {
            table.serialize_entry(key, &Self(value))?;
        }
        table.end()
    }
}

impl Serialize for FromJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.get().bytes().next() {
            Some(b'n') => to.serialize_unit(),
            Some(b't' | b'f') => to.serialize_bool(self.part()?),
            Some(b'"') => to.serialize_str(&self.part::<String, S::Error>()?),
            Some(b'[') => {
                to.collect_seq(self.part::<Vec<&RawValue>, S::Error>()?.into_iter().map(FromJson))
            }
            Some(b'{') => self.table(to),
            _ => self.number(to),
        }
    }
}

/// Keys and values, in the order in which they were written.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Deserialize<'a> for Pairs<'a> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'a> Visitor<'a> for Collect {
            type Value = Pairs<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of JSON")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Pairs<'a>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(Collect)
    }
}
