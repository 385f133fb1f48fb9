//! What a TOML document says, before it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::number;

/// A layout, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The struct at the start; needed if there are several.
    pub(super) root: Option<String>,
    /// For which compiler the offsets are.
    pub(super) abi: Option<String>,
    /// The byte order of all numbers.
    #[serde(default)]
    pub(super) order: Order,
    /// Where the facts are from.
    #[serde(default, rename = "source")]
    pub(super) _source: Vec<String>,
    /// What a reader should know.
    #[serde(rename = "note")]
    pub(super) _note: Option<String>,
    pub(super) versions: Option<VersionsOf>,
    #[serde(default, rename = "type")]
    pub(super) types: BTreeMap<String, Type>,
    #[serde(default, rename = "enum")]
    pub(super) enums: BTreeMap<String, NamesOf>,
    #[serde(default)]
    pub(super) flags: BTreeMap<String, NamesOf>,
    #[serde(default, rename = "section")]
    pub(super) sections: Vec<SectionOf>,
}

impl Document {
    /// Returns a name that more than one type, `enum` or `flags` has.
    pub(super) fn twice(&self) -> Option<&str> {
        let is_twice = |name: &&String| {
            let (a, b) = (self.enums.contains_key(*name), self.flags.contains_key(*name));
            a && b || (a || b) && self.types.contains_key(*name)
        };
        self.enums.keys().chain(self.flags.keys()).find(is_twice).map(String::as_str)
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    #[default]
    Little,
    Big,
}

impl From<Order> for number::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Little => Self::Little,
            Order::Big => Self::Big,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum VersionsOf {
    /// Changed before and after.
    Pair([String; 2]),
    Odd(String),
    Tick(String),
    Busy(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Type {
    /// With what is after the last field.
    pub(super) size: Option<u64>,
    /// The most that a field without `at` is aligned to; 1 leaves no gaps.
    pub(super) pack: Option<u64>,
    #[serde(default)]
    pub(super) union: bool,
    pub(super) fields: Vec<FieldOf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldOf {
    /// Without one, its fields belong to the type that it is in.
    #[serde(default)]
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) at: Option<u64>,
    /// The lowest bit of a bit field.
    pub(super) bit: Option<u8>,
    pub(super) unit: Option<String>,
    pub(super) order: Option<Order>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamesOf {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) order: Option<Order>,
    pub(super) values: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionOf {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) offset: ExtentOf,
    pub(super) stride: Option<ExtentOf>,
    pub(super) count: ExtentOf,
    pub(super) key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a whole number from 0 on is right, or the path of a field that has one"
)]
pub(super) enum ExtentOf {
    Fixed(u64),
    Field(String),
}
