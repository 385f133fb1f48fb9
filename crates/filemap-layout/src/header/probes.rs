//! Constants that are compiled after the header, for what libclang does not tell.
//!
//! It does not say where a base is, and does not make a type of a template that is named alone. A
//! constant has the answer.

use std::cell::RefCell;
use std::collections::HashMap;

use clang::{Entity, EntityKind};

/// What is asked, and what is known.
#[derive(Debug, Default)]
pub(super) struct Probes {
    offsets: HashMap<(String, String), u64>,
    bases: RefCell<Vec<(String, String)>>,
    sizes: RefCell<Vec<String>>,
}

impl Probes {
    /// Returns where a base is; if it is not known, it is asked for.
    pub(super) fn offset(&self, derived: &str, base: &str) -> Option<u64> {
        let key = (derived.to_owned(), base.to_owned());
        let known = self.offsets.get(&key).copied();
        if known.is_none() && !self.bases.borrow().contains(&key) {
            self.bases.borrow_mut().push(key);
        }
        known
    }

    /// Has a type made that is named alone.
    pub(super) fn want_size(&self, name: &str) {
        // Another type that is not complete is only declared, and asking would be an error.
        if name.contains('<') && !self.sizes.borrow().iter().any(|other| other == name) {
            self.sizes.borrow_mut().push(name.to_owned());
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        !self.bases.borrow().is_empty() || !self.sizes.borrow().is_empty()
    }

    /// Returns the lines that have the answers.
    pub(super) fn lines(&self) -> String {
        let mut lines = String::new();
        for (index, (derived, base)) in self.bases.borrow().iter().enumerate() {
            // At an address of its own, because a base of nothing is nothing.
            lines.push_str(&format!(
                "enum {{ filemap_base_{index} = __builtin_constant_p(1) \
                 ? (long long)(const volatile {base} *)(const volatile {derived} *)65536 - 65536 : 0 }};\n"
            ));
        }
        for (index, name) in self.sizes.borrow().iter().enumerate() {
            lines.push_str(&format!("enum {{ filemap_size_{index} = sizeof({name}) > 0 }};\n"));
        }
        lines
    }

    /// Returns the answers of a translation unit with those lines.
    pub(super) fn answered(&self, unit: Entity<'_>) -> Self {
        let mut offsets = self.offsets.clone();
        let enums = unit.get_children().into_iter().rev();
        let enums = enums.filter(|one| one.get_kind() == EntityKind::EnumDecl);
        for constant in enums.flat_map(|one| one.get_children()) {
            let name = constant.get_name().unwrap_or_default();
            let index = name.strip_prefix("filemap_base_").and_then(|index| index.parse().ok());
            let asked = index.and_then(|index: usize| self.bases.borrow().get(index).cloned());
            let value = constant.get_enum_constant_value();
            if let (Some(asked), Some((_, offset))) = (asked, value) {
                offsets.insert(asked, offset);
            }
        }
        Self { offsets, ..Self::default() }
    }
}
