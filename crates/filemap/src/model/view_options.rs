use std::ops::RangeBounds;

use crate::model::{FileMapping, View};
use crate::sys::Request;
use crate::types::{Access, Attributes, Error, ErrorKind, Operation, Result, geometry};

/// What a new view is to be: which range, where, and how strictly it is checked.
///
/// ```
/// use filemap::{Access, ErrorKind, FileMapping, Protection};
///
/// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
/// let view = mapping.view(Access::Read).offset(65536).len(100).strict().map()?;
/// assert_eq!(view.len(), 100);
///
/// let refused = mapping.view(Access::Read).offset(4096).strict().map().unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Misaligned);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias = "MapViewOfFileEx")]
pub struct ViewOptions<'mapping> {
    mapping: &'mapping FileMapping,
    access: Access,
    offset: u64,
    len: Option<usize>,
    address: Option<usize>,
    strict: bool,
    guarded: bool,
}

impl<'mapping> ViewOptions<'mapping> {
    pub(crate) fn of(mapping: &'mapping FileMapping, access: Access) -> Self {
        Self { mapping, access, offset: 0, len: None, address: None, strict: false, guarded: true }
    }

    /// Sets where in the mapping the view begins, in bytes.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Sets how many bytes the view has; without it, it reaches to the end of the mapping.
    #[must_use]
    pub fn len(mut self, len: usize) -> Self {
        self.len = Some(len);
        self
    }

    /// Sets both from a range of the mapping, in bytes.
    pub(crate) fn range(mut self, range: impl RangeBounds<u64>) -> Result<Self> {
        let size = self.mapping.size();
        if geometry::is_inverted(&range) {
            return Err(self.refused(ErrorKind::InvalidArgument).because(format!(
                "{:?} .. {:?} ends before it begins",
                range.start_bound(),
                range.end_bound(),
            )));
        }
        let Some((offset, len)) = geometry::within(&range, size) else {
            return Err(self.refused(ErrorKind::ViewTooLarge).because(format!(
                "the mapping has {size} bytes, and {:?} .. {:?} is no range of them",
                range.start_bound(),
                range.end_bound(),
            )));
        };
        self.offset = offset;
        self.len = Some(usize::try_from(len).map_err(|_| self.refused(ErrorKind::OutOfMemory))?);
        Ok(self)
    }

    /// Sets the address that the view's first byte is to have.
    ///
    /// It is that address or an error, never another one; and it must lie in its page where
    /// the offset lies in its own. On Windows the unit is not a page but the
    /// [`granularity`](crate::granularity).
    #[must_use]
    pub fn address(mut self, address: usize) -> Self {
        self.address = Some(address);
        self
    }

    /// Insists on the rules of Windows: offset and address are multiples of
    /// [`granularity`](crate::granularity), and so is an address that the system chooses.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Leaves the handling of lost pages to the next call of [`prepare_thread`](crate::prepare_thread).
    ///
    /// For a view whose address goes to others, which is made sooner, and in a process that then
    /// keeps the signals it has. The copying methods of the view may be used once the process has
    /// called `prepare_thread`; before, a lost page that they meet kills it.
    ///
    /// # Platforms
    ///
    /// On Windows there is nothing to leave out.
    #[must_use]
    pub fn unguarded(mut self) -> Self {
        self.guarded = false;
        self
    }

    /// Maps the view.
    ///
    /// # Errors
    ///
    /// In the order in which it is checked:
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | strict, and there are no such addresses, wherever the view would be | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the handle has not the right that the access needs | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | strict, and offset or address are not aligned | [`Misaligned`](ErrorKind::Misaligned) |
    /// | the protection does not permit the access | [`ProtectionExceeded`](ErrorKind::ProtectionExceeded) |
    /// | a part of a program is asked for | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the view would be empty | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the view would end past the mapping | [`ViewTooLarge`](ErrorKind::ViewTooLarge) |
    /// | the address is taken | [`AddressTaken`](ErrorKind::AddressTaken) |
    /// | address and offset lie differently in their pages | [`Misaligned`](ErrorKind::Misaligned) |
    /// | no memory, or no range of addresses that long | [`OutOfMemory`](ErrorKind::OutOfMemory) |
    ///
    /// # Platforms
    ///
    /// A file system without execution (`noexec`) gives no executable view:
    /// [`ErrorKind::AccessDenied`].
    pub fn map(self) -> Result<View> {
        let Self { mapping, access, offset, address, strict, guarded, .. } = self;
        if strict && !geometry::is_addressable(address.unwrap_or(0), self.len.unwrap_or(0)) {
            return Err(self
                .refused(ErrorKind::InvalidArgument)
                .because("a process has not so many addresses"));
        }
        if !mapping.rights().contains(access.needs()) {
            return Err(self.refused(ErrorKind::AccessDenied).because(format!(
                "a view to {access} needs the rights {}, and the handle has {}",
                access.needs(),
                mapping.rights()
            )));
        }
        let unit = geometry::GRANULARITY;
        if strict
            && !(offset.is_multiple_of(unit as u64) && address.unwrap_or(0).is_multiple_of(unit))
        {
            return Err(self
                .refused(ErrorKind::Misaligned)
                .because(format!("offset and address must be multiples of {unit}")));
        }
        if !mapping.protection().permits(access) {
            return Err(self
                .refused(ErrorKind::ProtectionExceeded)
                .because(format!("a {} mapping gives no view to {access}", mapping.protection())));
        }
        let is_image = mapping.attributes().contains(Attributes::IMAGE);
        if is_image && (offset != 0 || self.len.is_some_and(|len| len as u64 != mapping.size())) {
            return Err(self
                .refused(ErrorKind::InvalidArgument)
                .because("a program is mapped as a whole"));
        }
        let rest = mapping.size().saturating_sub(offset);
        let len = match self.len {
            Some(0) => {
                return Err(self
                    .refused(ErrorKind::InvalidArgument)
                    .because("a view has at least one byte"));
            }
            Some(len) => len as u64,
            // At the end or past it there is nothing to map.
            None => rest.max(1),
        };
        if len > rest {
            return Err(self.refused(ErrorKind::ViewTooLarge).because(format!(
                "{len} bytes at {offset} are not in its {} bytes",
                mapping.size()
            )));
        }
        let len = usize::try_from(len).map_err(|_| self.refused(ErrorKind::OutOfMemory))?;
        let alignment = if strict { unit } else { 1 };
        let request = Request { offset, len, access, address, alignment, guarded };
        self.mapping.map_request(request)
    }

    fn refused(&self, kind: ErrorKind) -> Error {
        Error::new(kind, Operation::MapView).about(self.mapping.subject())
    }
}
