//! What is watched, without being kept alive by the watcher.

use std::time::SystemTime;

use filemap::{Access, MappedFile, Registry, View};

use crate::failure::Result;
use crate::target::{Purpose, Target};

/// Bytes that are looked at again and again.
#[derive(Debug)]
pub(super) struct Source<'registry> {
    registry: &'registry Registry,
    target: Target,
    bytes: Bytes,
    created: Option<SystemTime>,
}

#[derive(Debug)]
enum Bytes {
    /// Of a name: a view keeps no name, so the watched one goes when its users go.
    Mapped(Box<View>),
    /// A file, which may grow.
    File(Box<MappedFile>),
}

impl<'registry> Source<'registry> {
    pub(super) fn open(target: Target, registry: &'registry Registry) -> Result<Self> {
        let (bytes, created) = match &target {
            Target::Name(entry) => {
                let mapping = registry.open(&entry.name().to_string())?;
                let view = mapping.map(Access::Read)?;
                mapping.close()?;
                (Bytes::Mapped(Box::new(view)), Some(entry.created()))
            }
            Target::File(_) => {
                (Bytes::File(Box::new(target.open(registry, Purpose::Reading)?)), None)
            }
        };
        Ok(Self { registry, target, bytes, created })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// How many bytes there are now.
    pub(super) fn len(&self) -> Result<u64> {
        Ok(match &self.bytes {
            Bytes::Mapped(view) => view.len() as u64,
            Bytes::File(file) => file.len()?,
        })
    }

    /// Copies bytes out, as many as there are.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        match &self.bytes {
            Bytes::File(file) => Ok(file.read_at(offset, buf)?),
            Bytes::Mapped(view) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(view.len());
                let count = buf.len().min(view.len() - offset);
                view.read_at(offset, &mut buf[..count])?;
                Ok(count)
            }
        }
    }

    /// Opens it for a search, which passes over holes.
    pub(super) fn to_search(&self) -> Result<MappedFile> {
        self.target.open(self.registry, Purpose::Reading)
    }

    /// Tells whether the name is still that of these bytes; a file always is.
    pub(super) fn is_live(&self) -> bool {
        match &self.target {
            Target::File(_) => true,
            Target::Name(entry) => self
                .registry
                .inspect(&entry.name().to_string())
                .is_ok_and(|now| now.is_live() && Some(now.created()) == self.created),
        }
    }
}
