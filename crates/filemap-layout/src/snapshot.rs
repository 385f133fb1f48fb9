//! The bytes of one moment, with what they mean.

use filemap::PositionedIo;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::leaf::Leaf;
use crate::tree::Tree;
use crate::value::Value;
use crate::versions::Versions;

/// The most bytes that are copied for a snapshot.
const MOST: u64 = 1 << 28;

/// The bytes of one moment, with what they mean.
#[derive(Debug, Clone)]
pub struct Snapshot<'l> {
    layout: &'l Layout,
    bytes: Vec<u8>,
    whole: bool,
}

impl<'l> Snapshot<'l> {
    /// Returns the snapshot that these bytes are, of a recording or a file.
    ///
    /// # Errors
    ///
    /// If they are fewer than the layout has.
    pub fn of(layout: &'l Layout, bytes: Vec<u8>) -> Result<Self> {
        enough(layout, bytes.len() as u64)?;
        Ok(Self { layout, bytes, whole: true })
    }

    pub(crate) fn take<M: PositionedIo + ?Sized>(
        layout: &'l Layout,
        memory: &M,
        start: u64,
        len: u64,
        versions: Option<&Versions>,
    ) -> Result<Self> {
        enough(layout, len)?;
        let needed = if layout.sections().is_empty() { layout.size() } else { len };
        if needed > MOST {
            return Err(Error::new(format!(
                "could not look at {needed} bytes at once: {MOST} is the most"
            )));
        }
        let mut bytes = vec![0; usize::try_from(needed).unwrap_or(0)];
        let whole = match versions {
            Some(versions) => versions.take(memory, start, &mut bytes)?,
            None => {
                memory.read_exact_at(&mut bytes, start)?;
                true
            }
        };
        Ok(Self { layout, bytes, whole })
    }

    /// Returns the bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the layout.
    #[must_use]
    pub fn layout(&self) -> &'l Layout {
        self.layout
    }

    /// Returns whether the versions say that nobody was writing; true where there are none.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Returns the value of a field.
    ///
    /// # Errors
    ///
    /// If there is no such field, or it has parts instead of a value.
    pub fn value(&self, path: &str) -> Result<Value> {
        let leaf = self.layout.find(&path.parse()?, Some(&self.bytes))?;
        leaf.value(&self.bytes).ok_or_else(|| {
            Error::new(format!("could not read `{path}`: {} has parts, not a value", leaf.kind))
        })
    }

    /// Returns all fields with a value, those of sections at the end.
    ///
    /// # Errors
    ///
    /// If a section reaches outside the memory.
    pub fn leaves(&self) -> Result<impl Iterator<Item = Leaf<'l>> + use<'l>> {
        let rows: Vec<_> = self
            .layout
            .sections()
            .iter()
            .map(|section| section.rows(&self.bytes))
            .collect::<Result<_>>()?;
        Ok(self.layout.leaves().chain(rows.into_iter().flat_map(super::section::Rows::leaves)))
    }

    /// Returns the values nested as the struct is, to be serialised.
    ///
    /// # Errors
    ///
    /// If a section reaches outside the memory.
    pub fn tree(&self) -> Result<Tree<'_>> {
        Tree::new(self.layout, &self.bytes)
    }
}

impl Layout {
    /// Copies the bytes of `len` bytes of memory from `start` on that this layout needs.
    ///
    /// With `versions`, the copy is repeated until it is whole; if none is, the last one is returned,
    /// and [`Snapshot::is_whole`] is false.
    ///
    /// # Errors
    ///
    /// If the memory is shorter than the layout, needs more than 256 MiB, or cannot be read.
    pub fn look_at<M: PositionedIo + ?Sized>(
        &self,
        memory: &M,
        start: u64,
        len: u64,
        versions: Option<&Versions>,
    ) -> Result<Snapshot<'_>> {
        Snapshot::take(self, memory, start, len, versions)
    }

    /// Copies the bytes of a view that this layout needs, from its start on; see [`Layout::look_at`].
    ///
    /// # Errors
    ///
    /// As those of [`Layout::look_at`].
    pub fn look(&self, view: &filemap::View, versions: Option<&Versions>) -> Result<Snapshot<'_>> {
        self.look_at(view, 0, view.len() as u64, versions)
    }
}

fn enough(layout: &Layout, len: u64) -> Result<()> {
    if len < layout.size() {
        return Err(Error::new(format!(
            "could not use the layout `{}` of {} bytes: the memory has {len}",
            layout.name(),
            layout.size()
        )));
    }
    Ok(())
}
