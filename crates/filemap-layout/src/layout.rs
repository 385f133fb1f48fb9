//! A layout: which field has which bytes of a memory.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::kind::Fields;
use crate::leaf::{Leaf, Leaves};
use crate::path::{Path, Step};
use crate::section::{Extent, Section};
use crate::versions::Versions;

/// Which field has which bytes of a memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: Arc<Fields>,
    sections: Vec<Section>,
    versions: Option<Versions>,
    abi: Option<String>,
}

impl Layout {
    /// Returns the layout of a struct at the start of the memory.
    #[must_use]
    pub fn new(root: Arc<Fields>) -> Self {
        Self { root, sections: Vec::new(), versions: None, abi: None }
    }

    /// Adds a section.
    ///
    /// # Errors
    ///
    /// If its name is taken, or its key is no field of its rows.
    pub fn with_section(mut self, section: Section) -> Result<Self> {
        let name = &section.name;
        let is_taken = self.sections.iter().any(|other| other.name == *name);
        if is_taken || self.root.find(name).is_some() || !crate::path::is_name(name) {
            return Err(Error::new(format!(
                "could not add the section `{name}`: its name is taken, or no usable one"
            )));
        }
        if let Some(key) = &section.key {
            section.fields.place(&key.0, 0)?;
        }
        self.sections.push(section);
        Ok(self)
    }

    /// Says how a snapshot is known to be whole.
    #[must_use]
    pub fn with_versions(mut self, versions: Option<Versions>) -> Self {
        self.versions = versions;
        self
    }

    /// Says for which compiler its offsets are.
    #[must_use]
    pub fn with_abi(mut self, abi: Option<String>) -> Self {
        self.abi = abi;
        self
    }

    /// Returns the name of the struct at the start.
    #[must_use]
    pub fn name(&self) -> &str {
        self.root.name()
    }

    /// Returns the size of the struct at the start, in bytes. Sections come on top of it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.root.size()
    }

    /// Returns the struct at the start.
    #[must_use]
    pub fn root(&self) -> &Arc<Fields> {
        &self.root
    }

    /// Returns the sections.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Returns how a snapshot is known to be whole, if it was said.
    #[must_use]
    pub fn versions(&self) -> Option<&Versions> {
        self.versions.as_ref()
    }

    /// Returns for which compiler its offsets are, if it was said.
    #[must_use]
    pub fn abi(&self) -> Option<&str> {
        self.abi.as_deref()
    }

    /// Returns the fields with a value of the struct at the start; [`crate::Snapshot::leaves`] has those of
    /// sections as well.
    #[must_use]
    pub fn leaves(&self) -> Leaves<'_> {
        Leaves::of(&self.root, 0, String::new())
    }

    /// Returns what is at a path; a path into a section needs the bytes of the memory.
    ///
    /// # Errors
    ///
    /// If there is no such field.
    pub fn find(&self, path: &Path, memory: Option<&[u8]>) -> Result<Leaf<'_>> {
        let text = path.to_string();
        let first = match path.0.first() {
            Some(Step::Field(name)) => name.as_str(),
            _ => "",
        };
        let section = self.sections.iter().find(|section| section.name == first);
        let Some(section) = section else {
            let (offset, kind, unit) = self.root.place(&path.0, 0)?;
            return Ok(Leaf { path: text, offset, kind, unit });
        };
        let memory = memory.ok_or_else(|| {
            Error::new(format!("could not find `{text}`: a section is found in the memory alone"))
        })?;
        let rows = section.rows(memory)?;
        let offset = match path.0.get(1) {
            Some(Step::Index(index)) if *index < rows.count() => Some(rows.offset(*index)),
            Some(Step::Key(key)) => {
                rows.iter(memory).find(|row| row.key.as_ref() == Some(key)).map(|row| row.offset)
            }
            _ => None,
        };
        let Some(offset) = offset else {
            if let Some(Step::Key(key)) = path.0.get(1) {
                return Err(Error::new(format!(
                    "could not find `{text}`: none of the {} rows of `{first}` has the key `{key}`",
                    rows.count()
                )));
            }
            return Err(Error::new(format!(
                "could not find `{text}`: `{first}` has {} rows, from `{first}[0]` on",
                rows.count()
            )));
        };
        if path.0.len() == 2 {
            return Err(Error::new(format!(
                "could not use `{text}`: it is a row, and one of its fields is right, such as \
                 `{text}.{}`",
                section.fields.names().next().unwrap_or("value")
            )));
        }
        let (offset, kind, unit) = section.fields.place(&path.0[2..], offset)?;
        Ok(Leaf { path: text, offset, kind, unit })
    }

    /// Returns the number that a field of this layout will have.
    ///
    /// # Errors
    ///
    /// If there is no such field, or it has no whole numbers.
    pub fn extent(&self, path: Path) -> Result<Extent> {
        let (offset, number, order) = self.root.whole(&path)?;
        Ok(Extent::Field { path, offset, number, order })
    }
}
