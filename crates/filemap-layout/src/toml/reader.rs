//! Checks a document, and makes a layout of it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::document::{Document, ExtentOf, NamesOf, SectionOf, Type, VersionsOf};
use crate::bits::Unit;
use crate::error::{Error, Result};
use crate::kind::{Field, Fields, Kind};
use crate::layout::Layout;
use crate::names::Names;
use crate::number::{Number, Order};
use crate::section::{Extent, Section};
use crate::spelling;
use crate::versions::Versions;

impl Layout {
    /// Returns the layout that a TOML document describes.
    ///
    /// # Errors
    ///
    /// If it is no TOML, or describes no layout; the text says where or which type.
    ///
    /// ```
    /// let layout = filemap_layout::Layout::from_toml(r#"
    ///     [type.Car]
    ///     fields = [
    ///         { name = "rpm", type = "f32", unit = "1/min" },
    ///         { name = "gear", type = "Gear" },
    ///     ]
    ///     [enum.Gear]
    ///     type = "i8"
    ///     values = { Reverse = -1, Neutral = 0 }
    /// "#)?;
    ///
    /// assert_eq!(layout.size(), 8);
    /// assert_eq!(layout.leaves().last().unwrap().offset, 4);
    /// # Ok::<(), filemap_layout::Error>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Self> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let text = error.to_string();
            Error::new(format!("could not read the layout: {}", text.trim_end()))
        })?;
        if let Some(name) = document.twice() {
            return Err(Error::new(format!(
                "could not read the layout: `{name}` is declared twice, as a type, an enum or flags"
            )));
        }
        let root = match (&document.root, document.types.len()) {
            (Some(root), _) => root.clone(),
            (None, 1) => document.types.keys().next().cloned().unwrap_or_default(),
            (None, 0) => {
                return Err(Error::new("could not read the layout: it has no `[type.NAME]`"));
            }
            (None, count) => {
                return Err(Error::new(format!(
                    "could not read the layout: it has {count} types, and no `root` says which one \
                     is at the start"
                )));
            }
        };
        let types =
            Types { document: &document, done: RefCell::default(), names: RefCell::default() };
        let fields = types.fields(&root, 0)?;
        let mut layout = Self::new(fields).with_abi(document.abi.clone());
        for section in &document.sections {
            let section = types.section(&layout, section)?;
            layout = layout.with_section(section)?;
        }
        let versions = match &document.versions {
            None => None,
            Some(VersionsOf::Pair([begin, end])) => {
                Some(Versions::pair(layout.root(), begin, end)?)
            }
            Some(VersionsOf::Odd(path)) => Some(Versions::odd(layout.root(), path)?),
            Some(VersionsOf::Tick(path)) => Some(Versions::tick(layout.root(), path)?),
            Some(VersionsOf::Busy(path)) => Some(Versions::busy(layout.root(), path)?),
        };
        Ok(layout.with_versions(versions))
    }
}

/// The types of a document; each is made once.
struct Types<'d> {
    document: &'d Document,
    /// `None` while a type is being made, so that one that has itself is noticed.
    done: RefCell<HashMap<String, Option<Arc<Fields>>>>,
    names: RefCell<HashMap<String, Arc<Names>>>,
}

impl Types<'_> {
    fn fields(&self, name: &str, depth: usize) -> Result<Arc<Fields>> {
        if depth > 64 {
            return Err(Error::new(format!("could not use `{name}`: types are too deep")));
        }
        match self.done.borrow().get(name) {
            Some(Some(done)) => return Ok(Arc::clone(done)),
            Some(None) => {
                return Err(Error::new(format!("could not use `{name}`: it is a part of itself")));
            }
            None => {}
        }
        let Some(written) = self.document.types.get(name) else {
            let known: Vec<_> = self.document.types.keys().map(String::as_str).collect();
            return Err(Error::new(format!(
                "could not find the type `{name}`: the layout has {}",
                known.join(", ")
            )));
        };
        self.done.borrow_mut().insert(name.to_owned(), None);
        let fields = Arc::new(self.made(name, written, depth)?);
        self.done.borrow_mut().insert(name.to_owned(), Some(Arc::clone(&fields)));
        Ok(fields)
    }

    fn made(&self, name: &str, written: &Type, depth: usize) -> Result<Fields> {
        let (mut fields, mut end, mut last) = (Vec::new(), 0_u64, 0);
        let (mut alignment, mut unit) = (1, Unit::default());
        let pack = written.pack.unwrap_or(u64::MAX).max(1);
        for field in &written.fields {
            let order = field.order.unwrap_or(self.document.order).into();
            let named = |inner: &str| self.named(inner, order, depth);
            let mut kind = spelling::kind(&field.kind, order, field.bit.unwrap_or(0), &named)
                .map_err(|error| Error::new(format!("{error} (`{name}.{}`)", field.name)))?;
            if let (Some(_), false) = (field.bit, matches!(kind, Kind::Bits { .. })) {
                return Err(Error::new(format!(
                    "could not use `bit` of `{name}.{}`: it is {kind}, and a bit field such as u32:3 \
                     has one",
                    field.name
                )));
            }
            let is_next = field.at.is_none() && !written.union;
            let shared = if is_next { unit.shared(&mut kind, field.bit) } else { None };
            let its = kind.alignment().min(pack).max(1);
            let offset = match field.at.or(shared) {
                Some(at) => Some(at),
                None if written.union => Some(0),
                None => end.checked_next_multiple_of(its),
            };
            let ends = offset.and_then(|offset| offset.checked_add(kind.size()));
            let (Some(offset), Some(ends)) = (offset, ends) else {
                return Err(Error::new(format!(
                    "could not use `{name}.{}`: it ends past any memory",
                    field.name
                )));
            };
            unit.put(offset, &kind);
            (end, last, alignment) = (ends, ends.max(last), its.max(alignment));
            let (name, unit) = (field.name.clone(), field.unit.clone());
            fields.push(Field { name, offset, kind, unit });
        }
        let rounded = last.checked_next_multiple_of(alignment).unwrap_or(last);
        let size = written.size.unwrap_or(rounded);
        Fields::new(name, size, alignment, written.union, fields)
    }

    fn named(&self, name: &str, order: Order, depth: usize) -> Result<Option<Kind>> {
        let names = |written: &NamesOf, flags| {
            let order = written.order.map_or(order, Into::into);
            if let Some(made) = self.names.borrow().get(name) {
                return Ok(Some(Kind::Names(Arc::clone(made), order)));
            }
            let made = Arc::new(names(name, written, flags)?);
            self.names.borrow_mut().insert(name.to_owned(), Arc::clone(&made));
            Ok(Some(Kind::Names(made, order)))
        };
        if let Some(written) = self.document.enums.get(name) {
            return names(written, false);
        }
        if let Some(written) = self.document.flags.get(name) {
            return names(written, true);
        }
        if self.document.types.contains_key(name) {
            return Ok(Some(Kind::Fields(self.fields(name, depth + 1)?)));
        }
        Ok(None)
    }

    fn section(&self, layout: &Layout, written: &SectionOf) -> Result<Section> {
        let extent = |extent: &ExtentOf| match extent {
            ExtentOf::Fixed(number) => Ok(Extent::Fixed(*number)),
            ExtentOf::Field(path) => layout.extent(path.parse()?),
        };
        Ok(Section {
            name: written.name.clone(),
            fields: self.fields(&written.kind, 0)?,
            offset: extent(&written.offset)?,
            stride: written.stride.as_ref().map(extent).transpose()?,
            count: extent(&written.count)?,
            key: written.key.as_ref().map(|key| key.parse()).transpose()?,
        })
    }
}

fn names(name: &str, written: &NamesOf, flags: bool) -> Result<Names> {
    let Some(number) = Number::named(&written.kind) else {
        return Err(Error::new(format!(
            "could not use `{name}`: `{}` is no type of numbers; u32 is one",
            written.kind
        )));
    };
    let mut values = Vec::new();
    for (its, value) in &written.values {
        let Some(value) = value.as_integer() else {
            return Err(Error::new(format!(
                "could not use `{name}`: the value of {its} is no whole number"
            )));
        };
        // TOML has numbers with a sign alone: those below zero have the same bits as large ones.
        let value = match number {
            Number::U64 => value.cast_unsigned().into(),
            _ => value.into(),
        };
        values.push((its.clone(), value));
    }
    Names::new(name, number, flags, values)
}
