//! Values nested as the struct is, for any format that serde writes.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::error::Result;
use crate::kind::{Fields, Kind};
use crate::layout::Layout;
use crate::leaf::Leaf;
use crate::section::Rows;

/// The values of a snapshot, nested as the struct is: structs as maps, arrays as sequences.
#[derive(Debug, Clone)]
pub struct Tree<'s> {
    layout: &'s Layout,
    sections: Vec<Rows<'s>>,
    memory: &'s [u8],
}

impl<'s> Tree<'s> {
    pub(crate) fn new(layout: &'s Layout, memory: &'s [u8]) -> Result<Self> {
        let sections = layout.sections().iter().map(|section| section.rows(memory));
        Ok(Self { layout, sections: sections.collect::<Result<_>>()?, memory })
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(self.layout.root(), 0, self.memory, &mut map)?;
        for rows in &self.sections {
            map.serialize_entry(&rows.section().name, &All { rows: *rows, memory: self.memory })?;
        }
        map.end()
    }
}

fn entries<M: SerializeMap>(
    fields: &Fields,
    base: u64,
    memory: &[u8],
    map: &mut M,
) -> std::result::Result<(), M::Error> {
    for field in fields.fields() {
        let offset = base + field.offset;
        match &field.kind {
            // Fields of a struct without a name belong to the one that it is in.
            Kind::Fields(inner) if field.name.is_empty() => entries(inner, offset, memory, map)?,
            kind => map.serialize_entry(&field.name, &Node { kind, offset, memory })?,
        }
    }
    Ok(())
}

struct Node<'s> {
    kind: &'s Kind,
    offset: u64,
    memory: &'s [u8],
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self { kind, offset, memory } = *self;
        match kind {
            Kind::Fields(fields) => One { fields, offset, memory }.serialize(serializer),
            Kind::Array(element, count) => {
                let mut all = serializer.serialize_seq(usize::try_from(*count).ok())?;
                for index in 0..*count {
                    let offset = offset + index * element.size();
                    all.serialize_element(&Node { kind: element, offset, memory })?;
                }
                all.end()
            }
            _ => {
                let leaf = Leaf { path: String::new(), offset, kind, unit: None };
                leaf.value(memory).serialize(serializer)
            }
        }
    }
}

/// All rows of a section.
struct All<'s> {
    rows: Rows<'s>,
    memory: &'s [u8],
}

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(usize::try_from(self.rows.count()).ok())?;
        let fields = &self.rows.section().fields;
        for index in 0..self.rows.count() {
            all.serialize_element(&One {
                fields,
                offset: self.rows.offset(index),
                memory: self.memory,
            })?;
        }
        all.end()
    }
}

/// One struct: a row, or a part of another one.
struct One<'s> {
    fields: &'s Fields,
    offset: u64,
    memory: &'s [u8],
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(self.fields, self.offset, self.memory, &mut map)?;
        map.end()
    }
}
