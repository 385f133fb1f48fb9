//! The watched bytes, opened without keeping their name alive.

use filemap::{Access, MappedFile, PositionedIo, Registry, View};

use crate::failure::Result;
use crate::reader::length_of;
use crate::target::{Purpose, Target};

/// Bytes that are read repeatedly.
#[derive(Debug)]
pub(super) struct Source {
    target: Target,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    /// A view of a named mapping: views keep no name, so the watcher keeps none either.
    Mapped(Box<View>),
    /// A file, which may grow.
    File(Box<MappedFile>),
}

impl Source {
    pub(super) fn open(target: Target, registry: &Registry) -> Result<Self> {
        let bytes = match &target {
            Target::Name(entry) => {
                let mapping = registry.open(entry.name())?;
                let view = mapping.map(Access::Read)?;
                mapping.close()?;
                Bytes::Mapped(Box::new(view))
            }
            Target::File(_) => Bytes::File(Box::new(target.open(registry, Purpose::Reading)?)),
        };
        Ok(Self { target, bytes })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// The memory, to be read at any offset.
    #[cfg(feature = "sight")]
    pub(super) fn io(&self) -> &dyn PositionedIo {
        match &self.bytes {
            Bytes::Mapped(view) => &**view,
            Bytes::File(file) => &**file,
        }
    }

    /// The present length in bytes.
    pub(super) fn len(&self) -> Result<u64> {
        Ok(match &self.bytes {
            Bytes::Mapped(view) => view.len() as u64,
            Bytes::File(file) => length_of(file)?,
        })
    }

    /// Copies bytes out, as far as the source has any, and returns how many.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        match &self.bytes {
            Bytes::File(file) => Ok(file.read_at(buf, offset)?),
            Bytes::Mapped(view) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(view.len());
                let count = buf.len().min(view.len() - offset);
                view.read_exact_at(&mut buf[..count], offset as u64)?;
                Ok(count)
            }
        }
    }
}
