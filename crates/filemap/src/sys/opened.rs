//! An open handle: the object, the hold on its name, and what is known about both.

use std::path::PathBuf;

use crate::sys::{Content, Entry, Section, SectionContract as _};
use crate::types::{Attributes, Name, Protection, Rights};

/// A handle to a mapping, as a registry opens or creates it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) section: Section,
    /// What keeps the name; none if the mapping has no name in this registry.
    pub(crate) entry: Option<Entry>,
    pub(crate) name: Option<Name>,
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    pub(crate) rights: Rights,
    pub(crate) content: Content,
}

impl Opened {
    /// A handle without a name, with the rights that the protection gives a creator.
    pub(crate) fn unnamed(
        section: Section,
        protection: Protection,
        attributes: Attributes,
    ) -> Self {
        let content = if section.is_file() { Content::File(PathBuf::new()) } else { Content::Held };
        let (entry, name, rights) = (None, None, protection.rights());
        Self { section, entry, name, protection, attributes, rights, content }
    }
}
