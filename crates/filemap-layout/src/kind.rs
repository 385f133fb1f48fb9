//! What the bytes of a field are: numbers, texts, structs, arrays.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::names::Names;
use crate::number::{Number, Order};
use crate::path::{Path, Step, is_name};

/// The longest array of bytes whose elements are fields of their own; longer ones are bytes.
const MOST_BYTES: u64 = 4096;
/// The most fields, elements and structs that a struct may have, with those inside each other.
pub(crate) const MOST: u64 = 1 << 22;
/// How deep fields and arrays may be inside each other.
pub(crate) const DEEPEST: usize = 64;

/// What the bytes of a field are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number(Number, Order),
    /// A number whose values have names.
    Names(Arc<Names>, Order),
    /// Some bits of a number.
    Bits {
        /// The number that they are in.
        number: Number,
        /// The order of its bytes.
        order: Order,
        /// The lowest bit.
        first: u8,
        /// How many bits.
        width: u8,
    },
    /// A text of a fixed number of characters, which ends before its first zero.
    Text {
        /// The bytes of a character: 1 for UTF-8, 2 for UTF-16, 4 for UTF-32.
        unit: u8,
        /// The order of the bytes of a character.
        order: Order,
        /// The number of characters.
        len: u64,
    },
    /// Bytes without a type.
    Bytes(u64),
    /// Fields one after the other, or, in a union, at the same place.
    Fields(Arc<Fields>),
    /// Elements of one kind, one after the other.
    Array(Arc<Kind>, u64),
}

impl Kind {
    /// Returns an array.
    ///
    /// # Errors
    ///
    /// If it is larger than any memory, or more than 64 deep.
    pub fn array(element: Self, count: u64) -> Result<Self> {
        if element.depth() >= DEEPEST {
            return Err(Error::new(format!(
                "could not use an array: more than {DEEPEST} arrays and structs are too deep inside \
                 each other"
            )));
        }
        if element.size().checked_mul(count).is_none_or(|size| i64::try_from(size).is_err()) {
            return Err(Error::new(format!(
                "could not use an array of {count} elements of {} bytes each: it is larger than \
                 any memory",
                element.size()
            )));
        }
        let is_bytes = element == Self::Number(Number::U8, Order::Little);
        Ok(if is_bytes && count > MOST_BYTES {
            Self::Bytes(count)
        } else {
            Self::Array(Arc::new(element), count)
        })
    }

    /// Returns its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Number(number, _) | Self::Bits { number, .. } => number.size() as u64,
            Self::Names(names, _) => names.number().size() as u64,
            Self::Text { unit, len, .. } => len.saturating_mul(u64::from(*unit)),
            Self::Bytes(len) => *len,
            Self::Fields(fields) => fields.size(),
            // Checked when the array was made.
            Self::Array(element, count) => element.size().saturating_mul(*count),
        }
    }

    /// Returns what its offset is a multiple of, unless its struct is packed.
    #[must_use]
    pub fn alignment(&self) -> u64 {
        match self {
            Self::Number(number, _) | Self::Bits { number, .. } => number.size() as u64,
            Self::Names(names, _) => names.number().size() as u64,
            Self::Text { unit, .. } => u64::from(*unit),
            Self::Bytes(_) => 1,
            Self::Fields(fields) => fields.alignment(),
            Self::Array(element, _) => element.alignment(),
        }
    }

    /// Returns how many fields, elements and structs there are in it, itself included: what it takes to
    /// go through them, though none may have a value.
    fn parts(&self) -> u64 {
        match self {
            Self::Fields(fields) => fields.parts,
            Self::Array(element, count) => element.parts().saturating_mul(*count).saturating_add(1),
            _ => 1,
        }
    }

    /// Returns whether its parts fit each other: bits in their number, characters that there are.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Bits { number, first, width, .. } => {
                let bits = 8 * number.size();
                *width > 0
                    && usize::from(*first) + usize::from(*width) <= bits
                    && !number.is_float()
            }
            Self::Text { unit, .. } => matches!(unit, 1 | 2 | 4),
            Self::Array(element, _) => element.is_sound(),
            Self::Number(..) | Self::Names(..) | Self::Bytes(_) | Self::Fields(_) => true,
        }
    }

    /// Returns the depth of fields and arrays inside each other.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Fields(fields) => fields.depth(),
            Self::Array(element, _) => element.depth() + 1,
            _ => 0,
        }
    }
}

/// The name of the type, as it is written in a layout.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number, _) => f.write_str(number.name()),
            Self::Names(names, _) => f.write_str(names.name()),
            Self::Bits { number, width, .. } => write!(f, "{}:{width}", number.name()),
            Self::Text { unit: 1, len, .. } => write!(f, "char[{len}]"),
            Self::Text { unit, len, .. } => write!(f, "char{}[{len}]", u32::from(*unit) * 8),
            Self::Bytes(len) => write!(f, "bytes[{len}]"),
            Self::Fields(fields) => f.write_str(fields.name()),
            Self::Array(..) => {
                // As C writes it: the outermost count first.
                let (mut element, mut counts) = (self, String::new());
                while let Self::Array(inner, count) = element {
                    counts.push_str(&format!("[{count}]"));
                    element = inner;
                }
                // A text's own count is the last one.
                match element.to_string().split_once('[') {
                    Some((name, rest)) => write!(f, "{name}{counts}[{rest}"),
                    None => write!(f, "{element}{counts}"),
                }
            }
        }
    }
}

/// A field of a struct or a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name. Fields of a struct without a name belong to the struct that it is in.
    pub name: String,
    /// Its offset in the struct, in bytes.
    pub offset: u64,
    /// What its bytes are.
    pub kind: Kind,
    /// The unit of its values, such as `m/s`, and of the fields in it that have no other.
    pub unit: Option<String>,
}

/// The fields of a struct, or of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    name: String,
    size: u64,
    alignment: u64,
    union: bool,
    fields: Vec<Field>,
    parts: u64,
    depth: usize,
}

impl Fields {
    /// Returns a struct with these fields; with `union`, a union.
    ///
    /// # Errors
    ///
    /// If a field reaches outside `size`, has a name that is empty, unusable in a path or there
    /// twice, if fields are more than 64 deep inside each other, or more than 4,194,304 with those
    /// inside others.
    pub fn new(
        name: impl Into<String>,
        size: u64,
        alignment: u64,
        union: bool,
        fields: Vec<Field>,
    ) -> Result<Self> {
        let name = name.into();
        let refused = |why: String| Err(Error::new(format!("could not use `{name}`: {why}")));
        if i64::try_from(size).is_err() {
            return refused(format!("its {size} bytes are more than any memory has"));
        }
        let parts = fields.iter().fold(1_u64, |all, one| all.saturating_add(one.kind.parts()));
        if parts > MOST {
            return refused(format!("it has {parts} fields, and {MOST} is the most"));
        }
        let mut names = std::collections::HashSet::new();
        for field in &fields {
            let its = &field.name;
            if field.offset.checked_add(field.kind.size()).is_none_or(|end| end > size) {
                return refused(format!(
                    "its field `{its}` of {} bytes at {} reaches outside its {size} bytes",
                    field.kind.size(),
                    field.offset
                ));
            }
            if !field.kind.is_sound() {
                return refused(format!(
                    "its field `{its}` has bits outside a whole number, or characters of a size that \
                     is none of 1, 2 and 4 bytes"
                ));
            }
            if let (true, Kind::Fields(inner)) = (its.is_empty(), &field.kind) {
                // Its fields are found as if they were here.
                if let Some(twice) = inner.names().find(|name| !names.insert(*name)) {
                    return refused(format!("it has two fields `{twice}`"));
                }
                continue;
            }
            if !is_name(its) {
                return refused(format!(
                    "its field `{its}` has no usable name: letters, digits and `_` are right"
                ));
            }
            if !names.insert(its.as_str()) {
                return refused(format!("it has two fields `{its}`"));
            }
        }
        let depth = fields.iter().map(|field| field.kind.depth()).max().unwrap_or(0) + 1;
        if depth > DEEPEST {
            return refused(format!("its fields are more than {DEEPEST} deep inside each other"));
        }
        Ok(Self { name, size, alignment: alignment.max(1), union, fields, parts, depth })
    }

    /// Returns the name of the type; empty if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its size in bytes, with what is between and after the fields.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns what its offset is a multiple of.
    #[must_use]
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// Returns whether its fields share their bytes.
    #[must_use]
    pub fn is_union(&self) -> bool {
        self.union
    }

    /// Returns its fields, in the order in which they were declared.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the names by which its fields are found, with those of structs without a name.
    pub(crate) fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.fields.iter().flat_map(|field| match &field.kind {
            Kind::Fields(inner) if field.name.is_empty() => inner.names(),
            _ => Box::new(std::iter::once(field.name.as_str())),
        }))
    }

    /// Returns the field of this name, with its offset in this struct.
    pub(crate) fn find(&self, name: &str) -> Option<(u64, &Field)> {
        self.fields.iter().find_map(|field| {
            if field.name == name {
                return Some((field.offset, field));
            }
            match &field.kind {
                Kind::Fields(inner) if field.name.is_empty() => {
                    let (offset, found) = inner.find(name)?;
                    Some((field.offset + offset, found))
                }
                _ => None,
            }
        })
    }

    /// Returns the place of a field of whole numbers.
    pub(crate) fn whole(&self, path: &Path) -> Result<(u64, Number, Order)> {
        let (offset, kind, _) = self.place(&path.0, 0)?;
        match kind {
            Kind::Number(number, order) if *number != Number::F32 && *number != Number::F64 => {
                Ok((offset, *number, *order))
            }
            Kind::Names(names, order) => Ok((offset, names.number(), *order)),
            _ => Err(Error::new(format!(
                "could not use `{path}`: it is {kind}, and a whole number is right"
            ))),
        }
    }

    /// Follows steps from this struct, which begins at `base`: where they end, what is there, and
    /// its unit.
    pub(crate) fn place(&self, steps: &[Step], base: u64) -> Result<(u64, &Kind, Option<&str>)> {
        let path = || Path(steps.to_vec());
        let mut steps = steps.iter();
        let missing = |name: &str, fields: &Self| {
            let known: Vec<_> =
                fields.fields.iter().map(|field| field.name.as_str()).take(20).collect();
            Error::new(format!(
                "could not find `{}`: `{}` has no field `{name}`, but {}",
                path(),
                fields.name,
                known.join(", ")
            ))
        };
        let Some(Step::Field(first)) = steps.next() else {
            return Err(Error::new(format!("could not find `{}`: it begins with no name", path())));
        };
        let (offset, field) = self.find(first).ok_or_else(|| missing(first, self))?;
        let (mut at, mut kind, mut unit) = (base + offset, &field.kind, field.unit.as_deref());
        for step in steps {
            match (step, kind) {
                (Step::Field(name), Kind::Fields(fields)) => {
                    let (offset, field) = fields.find(name).ok_or_else(|| missing(name, fields))?;
                    (at, kind) = (at + offset, &field.kind);
                    unit = field.unit.as_deref().or(unit);
                }
                (Step::Index(index), Kind::Array(element, count)) => {
                    if index >= count {
                        return Err(Error::new(format!(
                            "could not find `{}`: the array has {count} elements, from 0 on",
                            path()
                        )));
                    }
                    (at, kind) = (at + index * element.size(), element);
                }
                (Step::Field(name), _) => {
                    return Err(Error::new(format!(
                        "could not find `{}`: {kind} has no field `{name}`",
                        path()
                    )));
                }
                (Step::Index(_) | Step::Key(_), _) => {
                    return Err(Error::new(format!(
                        "could not find `{}`: {kind} has no such elements",
                        path()
                    )));
                }
            }
        }
        Ok((at, kind, unit))
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns how many fields, elements and structs there are in it, itself included.
    pub(crate) fn parts(&self) -> u64 {
        self.parts
    }
}
