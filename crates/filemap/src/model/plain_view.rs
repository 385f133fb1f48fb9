//! Options for a view that is of no mapping.

use std::fs::File;

use crate::model::View;
use crate::sys::{PlainMap, Request, exhausted, map_plain};
use crate::types::{Access, Error, ErrorKind, OnLoss, Operation, Result};

/// Options for a view by the rules of the system's own call: of memory, or of anything that it maps, a
/// device as well.
///
/// It has no handle, and so no name, protection or rights: what it may do is what the descriptor that
/// it is mapped from may do. Accesses that meet a lost page are errors, as in every view.
///
/// ```
/// use filemap::{Access, ErrorKind, View};
///
/// match View::options(Access::Write, 5000).map() {
///     Ok(memory) => assert_eq!(memory.read::<u64>(4992)?, 0),
///     // Windows cannot.
///     Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupported),
/// }
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias = "mmap")]
pub struct PlainViewOptions<'file> {
    access: Access,
    len: usize,
    offset: u64,
    file: Option<&'file File>,
    plain: PlainMap,
    on_loss: OnLoss,
}

impl<'file> PlainViewOptions<'file> {
    /// Maps what the descriptor leads to, instead of new memory.
    #[must_use]
    pub fn file(mut self, file: &'file File) -> Self {
        self.file = Some(file);
        self
    }

    /// Sets where in the file the view begins, in bytes: a multiple of [`page_size`](crate::page_size).
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Sets flags by the system's own bits: `MAP_*` on Linux, such as `MAP_POPULATE`. Whether the view
    /// is shared follows from its access.
    #[must_use]
    #[doc(alias = "MAP_NORESERVE")]
    #[doc(alias = "MAP_POPULATE")]
    pub fn flags(mut self, flags: i32) -> Self {
        self.plain.flags = flags;
        self
    }

    /// Keeps no descriptor of the file. An error of a lost page then has no cause, and
    /// [`View::flush`] always waits for the disk.
    #[must_use]
    pub fn without_descriptor(mut self) -> Self {
        self.plain.keeps_descriptor = false;
        self
    }

    /// Sets what becomes of those who touch a lost page by the view's address, as
    /// [`ViewOptions::on_loss`](crate::ViewOptions::on_loss) does. A view that keeps no descriptor has
    /// nothing to put zeros over.
    #[must_use]
    pub fn on_loss(mut self, on_loss: OnLoss) -> Self {
        self.on_loss = on_loss;
        self
    }

    /// Maps the view.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ZeroSize`]; [`ErrorKind::InvalidArgument`] if the offset is no multiple of a page,
    /// or the flags are not valid or ask for a fixed address; [`ErrorKind::AccessDenied`] if the
    /// descriptor does not allow the access; [`ErrorKind::WrongObject`] if it cannot be mapped;
    /// [`ErrorKind::OutOfMemory`].
    ///
    /// # Platforms
    ///
    /// On Windows: [`ErrorKind::NotSupported`].
    pub fn map(self) -> Result<View> {
        let Self { access, len, offset, file, plain, on_loss } = self;
        let request =
            Request { offset, len, access, address: None, alignment: 1, guarded: true, on_loss };
        let mapped = match len {
            0 => Err(Error::new(ErrorKind::ZeroSize, Operation::MapView)),
            _ => map_plain(file, request, plain),
        };
        let region = mapped.map_err(|error| {
            let what = if file.is_some() { "the file" } else { "memory" };
            exhausted(error.or_about(|| what.to_owned()))
        })?;
        Ok(View::plain(region, offset))
    }
}

impl View {
    /// Returns options for a view of `len` bytes that is of no mapping: of new memory, unless they name
    /// a file.
    ///
    /// Memory with an access that is private, as [`Access::Copy`], is copied for a child that is
    /// forked, which shares other memory.
    #[must_use]
    pub fn options<'file>(access: Access, len: usize) -> PlainViewOptions<'file> {
        let plain = PlainMap { flags: 0, keeps_descriptor: true };
        PlainViewOptions { access, len, offset: 0, file: None, plain, on_loss: OnLoss::Die }
    }
}
