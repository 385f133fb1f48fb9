//! Sections: rows whose offset, stride and count stand in the memory itself.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::glob::Glob;
use crate::kind::{Fields, Kind, MOST};
use crate::leaf::{Leaf, Leaves};
use crate::number::{Number, Order};
use crate::path::Path;
use crate::value::Value;

/// A number that is known, or that stands in a field of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// This number.
    Fixed(u64),
    /// The value of this field.
    Field {
        /// Its path.
        path: Path,
        /// Its offset.
        offset: u64,
        /// The type of its number.
        number: Number,
        /// The order of its bytes.
        order: Order,
    },
}

impl Extent {
    fn value(&self, memory: &[u8]) -> Result<u64> {
        let (path, offset, kind) = match self {
            Self::Fixed(number) => return Ok(*number),
            Self::Field { path, offset, number, order } => {
                (path, *offset, Kind::Number(*number, *order))
            }
        };
        let leaf = Leaf { path: String::new(), offset, kind: &kind, unit: None };
        match leaf.value(memory) {
            Some(Value::Unsigned(number)) => Ok(number),
            Some(Value::Signed(number)) => u64::try_from(number).map_err(|_| {
                Error::new(format!("could not use {number} of `{path}`: it is below zero"))
            }),
            _ => Err(Error::new(format!("could not read `{path}`: the memory ends before it"))),
        }
    }
}

/// Rows of one type, whose offset, stride and count are in the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name, the first step of its fields' paths.
    pub name: String,
    /// What a row is.
    pub fields: Arc<Fields>,
    /// Where the first row begins, from the start of the memory.
    pub offset: Extent,
    /// The bytes from one row to the next; the size of a row if it is not given.
    pub stride: Option<Extent>,
    /// How many rows there are.
    pub count: Extent,
    /// The field that names a row.
    pub key: Option<Path>,
}

/// A row of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 0.
    pub index: u64,
    /// Where it begins.
    pub offset: u64,
    /// The value of its key.
    pub key: Option<String>,
}

impl Section {
    /// Returns whether a glob fits this field of a row, whichever rows there are.
    #[must_use]
    pub fn fits(&self, glob: &Glob, field: &str) -> bool {
        let is_number =
            |row: &&str| !row.is_empty() && row.chars().all(|one| "0123456789*?".contains(one));
        glob.patterns().any(|one| {
            let text = one.to_string();
            let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
            // What stands for any digits fits itself as well.
            let row = inside.map(|(row, _)| row).filter(is_number).unwrap_or("0");
            one.fits(&format!("{}[{row}].{field}", self.name))
        })
    }

    /// Returns the rows that `memory` has.
    ///
    /// # Errors
    ///
    /// If rows reach outside the memory, or into each other, or have more than 4,194,304 fields.
    pub fn rows(&self, memory: &[u8]) -> Result<Rows<'_>> {
        let (size, name) = (self.fields.size(), &self.name);
        let (offset, count) = (self.offset.value(memory)?, self.count.value(memory)?);
        let stride = match &self.stride {
            Some(stride) => stride.value(memory)?,
            None => size,
        };
        if count > 0 && (stride < size || size == 0) {
            return Err(Error::new(format!(
                "could not use the section `{name}`: its rows are {stride} bytes apart, and one has \
                 {size} bytes"
            )));
        }
        let end = count
            .checked_sub(1)
            .map_or(Some(offset), |last| last.checked_mul(stride)?.checked_add(offset))
            .and_then(|last| last.checked_add(if count > 0 { size } else { 0 }));
        let len = memory.len() as u64;
        if count > 0 && end.is_none_or(|end| end > len) {
            return Err(Error::new(format!(
                "could not use the section `{name}`: {count} rows of {stride} bytes at {offset} \
                 reach outside the memory's {len} bytes"
            )));
        }
        let parts = count.saturating_mul(self.fields.parts());
        if parts > MOST {
            return Err(Error::new(format!(
                "could not use the section `{name}`: its {count} rows have {parts} fields, and {MOST} \
                 is the most"
            )));
        }
        Ok(Rows { section: self, offset, stride, count })
    }
}

/// The place of a section's rows at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'l> {
    section: &'l Section,
    offset: u64,
    stride: u64,
    count: u64,
}

impl<'l> Rows<'l> {
    /// Returns the section.
    #[must_use]
    pub fn section(&self) -> &'l Section {
        self.section
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns where a row begins.
    pub(crate) fn offset(&self, index: u64) -> u64 {
        self.offset + index * self.stride
    }

    /// Returns the rows, with their keys.
    pub fn iter<'m>(self, memory: &'m [u8]) -> impl Iterator<Item = Row> + use<'l, 'm> {
        (0..self.count).map(move |index| {
            let offset = self.offset(index);
            Row { index, offset, key: self.key(offset, memory) }
        })
    }

    /// Returns the leaves of all rows, whose paths have their numbers.
    pub(crate) fn leaves(self) -> impl Iterator<Item = Leaf<'l>> {
        (0..self.count).flat_map(move |index| {
            let path = format!("{}[{index}]", self.section.name);
            Leaves::of(&self.section.fields, self.offset(index), path)
        })
    }

    fn key(&self, offset: u64, memory: &[u8]) -> Option<String> {
        let place = self.section.fields.place(&self.section.key.as_ref()?.0, offset).ok()?;
        let leaf = Leaf { path: String::new(), offset: place.0, kind: place.1, unit: None };
        Some(leaf.value(memory)?.to_string())
    }
}
