//! Options for a new view.

use std::borrow::Cow;
use std::ops::RangeBounds;

use crate::model::{FileMapping, View};
use crate::sys::{Request, SectionContract as _, exhausted, page_size};
use crate::types::{
    Access, Attributes, Error, ErrorKind, OnLoss, Operation, Result, counted, geometry,
};

/// Options for a new view: its range, its address, and how strictly they are checked.
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
    grown: bool,
    guarded: bool,
    on_loss: OnLoss,
}

impl<'mapping> ViewOptions<'mapping> {
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
            let why = format!("{} ends before it begins", geometry::shown(&range));
            return self.refuse(ErrorKind::InvalidArgument, why);
        }
        let Some((offset, len)) = geometry::within(&range, size) else {
            let range = geometry::shown(&range);
            let why = format!("it has {}, and {range} is no range of them", counted(size));
            return self.refuse(ErrorKind::ViewTooLarge, why);
        };
        self.offset = offset;
        self.len = Some(usize::try_from(len).map_err(|_| self.refused(ErrorKind::OutOfMemory))?);
        Ok(self)
    }

    /// Sets the address that the view's first byte is to have.
    ///
    /// The view is mapped there, or the call fails. The address must have the same offset in its page
    /// as the view's offset has in its own.
    ///
    /// # Platforms
    ///
    /// On Windows the unit is the [`granularity`](crate::granularity) instead of a page.
    #[must_use]
    pub fn address(mut self, address: usize) -> Self {
        self.address = Some(address);
        self
    }

    /// Requires what Windows requires, and gives what it gives.
    ///
    /// Offset and address are multiples of [`granularity`](crate::granularity), and so is an address
    /// that the system chooses. The range of a view of memory is compared with the end of its last
    /// page, and not with its [`size`](FileMapping::size); without [`len`](Self::len) the view
    /// reaches to there.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Lets the view reach past the mapping's size, if somebody has made its file longer: as far as
    /// [`grown_size`](FileMapping::grown_size), and without [`len`](Self::len) to there.
    ///
    /// ```
    /// use filemap::{Access, FileMapping};
    ///
    /// let file = tempfile::tempfile()?;
    /// file.set_len(100)?;
    /// let mapping = FileMapping::options().file(&file).create()?;
    ///
    /// file.set_len(9000)?;
    /// assert_eq!(mapping.map(Access::Read)?.len(), 100);
    /// let view = mapping.view(Access::Read).grown().map()?;
    /// assert_eq!(view.len() as u64, mapping.grown_size()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Platforms
    ///
    /// On Windows this has no effect: the kernel lets no mapping grow with its file.
    #[must_use]
    pub fn grown(mut self) -> Self {
        self.grown = true;
        self
    }

    /// Installs no handler for lost pages until [`prepare_thread`](crate::prepare_thread) is called.
    ///
    /// For a view that is used by its address alone: mapping it is faster, and the process keeps its
    /// signal handlers. Before the process has called `prepare_thread`, a lost page kills it in the
    /// copying methods as well.
    ///
    /// # Platforms
    ///
    /// On Windows this has no effect.
    #[must_use]
    pub fn unguarded(mut self) -> Self {
        self.guarded = false;
        self
    }

    /// Sets what becomes of those who touch a lost page by the view's [address](View::as_ptr). Without
    /// it they die.
    ///
    /// A page is lost when its file becomes shorter, when a disk fails, or when there is no space for
    /// the first store into a hole. With [`OnLoss::Zeros`] zeroed memory of this process takes the
    /// place of such a page as soon as it is touched: from there to the end of the view if the file
    /// ends before, else that page alone. [`View::lost`] tells of it, [`View::restore`] maps the file
    /// back, and [`View::flush`] fails until then. Read [the danger](OnLoss::Zeros) first.
    ///
    /// The copying methods return an error for such a page as ever, and never its zeros; each looks
    /// twice at a number for that. The view keeps a descriptor of its file open as long as it is
    /// mapped, and the first such view installs the handler of `SIGBUS`, also with
    /// [`unguarded`](Self::unguarded).
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, Flush, FileMapping, OnLoss, PositionedIo};
    ///
    /// let file = tempfile::tempfile()?;
    /// file.set_len(1 << 20)?;
    /// let mapping = FileMapping::options().file(&file).create()?;
    /// let view = match mapping.view(Access::Write).on_loss(OnLoss::Zeros).map() {
    ///     Ok(view) => view,
    ///     // Windows cannot, and loses no page when a file becomes shorter.
    ///     Err(error) => return Ok(assert_eq!(error.kind(), ErrorKind::NotSupported)),
    /// };
    /// view.write_all_at(b"bytes", 500_000)?;
    ///
    /// file.set_len(0)?;
    /// // SAFETY: the view lives on, and nobody else has the file.
    /// let seen = unsafe { view.as_ptr().wrapping_add(500_000).read_volatile() };
    /// assert_eq!(seen, 0);
    /// assert!(view.lost()[0].bytes.contains(&500_000));
    /// assert_eq!(view.read::<u8>(500_000).unwrap_err().kind(), ErrorKind::Lost);
    /// assert_eq!(view.flush(.., Flush::Written).unwrap_err().kind(), ErrorKind::Lost);
    ///
    /// file.set_len(1 << 20)?;
    /// assert_eq!(view.restore()?.len(), 1);
    /// assert_eq!(view.read::<u8>(500_000)?, 0);
    /// assert!(view.lost().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Platforms
    ///
    /// On Windows, for a program ([`Attributes::IMAGE`](crate::Attributes::IMAGE)), and on processors
    /// without routines of their own, mapping such a view fails: [`ErrorKind::NotSupported`].
    #[must_use]
    pub fn on_loss(mut self, on_loss: OnLoss) -> Self {
        self.on_loss = on_loss;
        self
    }

    /// Maps the view.
    ///
    /// # Errors
    ///
    /// In the order of the checks:
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | strict, and no process can have such addresses | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the handle does not have the right that the access needs | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | strict, and offset or address are not aligned | [`Misaligned`](ErrorKind::Misaligned) |
    /// | the protection does not permit the access | [`ProtectionExceeded`](ErrorKind::ProtectionExceeded) |
    /// | a part of a program is asked for | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the view would be empty | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the view would end past the mapping | [`ViewTooLarge`](ErrorKind::ViewTooLarge) |
    /// | the address is taken | [`AddressTaken`](ErrorKind::AddressTaken) |
    /// | address and offset lie differently in their pages | [`Misaligned`](ErrorKind::Misaligned) |
    /// | no memory, or no range of addresses that long | [`OutOfMemory`](ErrorKind::OutOfMemory) |
    /// | lost pages are to read as zeros, and cannot | [`NotSupported`](ErrorKind::NotSupported) |
    ///
    /// # Platforms
    ///
    /// A file system that is mounted `noexec` has no executable views:
    /// [`ErrorKind::AccessDenied`].
    pub fn map(self) -> Result<View> {
        let Self { mapping, access, offset, address, strict, grown, guarded, on_loss, .. } = self;
        if strict && !geometry::is_addressable(address.unwrap_or(0), self.len.unwrap_or(0)) {
            return self.refuse(ErrorKind::InvalidArgument, "a process has not so many addresses");
        }
        if !mapping.rights().contains(access.needs()) {
            let (needed, given) = (access.needs(), mapping.rights());
            let why =
                format!("a view to {access} needs the rights {needed}, and the handle has {given}");
            return self.refuse(ErrorKind::AccessDenied, why);
        }
        let unit = geometry::GRANULARITY;
        if strict
            && !(offset.is_multiple_of(unit as u64) && address.unwrap_or(0).is_multiple_of(unit))
        {
            let why = format!("offset and address must be multiples of {unit}");
            return self.refuse(ErrorKind::Misaligned, why);
        }
        if !mapping.protection().permits(access) {
            let why = format!("a {} mapping gives no view to {access}", mapping.protection());
            return self.refuse(ErrorKind::ProtectionExceeded, why);
        }
        let is_image = mapping.attributes().contains(Attributes::IMAGE);
        if is_image && (offset != 0 || self.len.is_some_and(|len| len as u64 != mapping.size())) {
            return self.refuse(ErrorKind::InvalidArgument, "a program is mapped as a whole");
        }
        let is_memory = !mapping.section().is_file() && !is_image;
        let size = match mapping.size() {
            size if strict && is_memory => size.next_multiple_of(page_size() as u64),
            _ if grown && !is_image => mapping.grown_size()?,
            size => size,
        };
        let rest = size.saturating_sub(offset);
        let len = match self.len {
            Some(0) => {
                return self.refuse(ErrorKind::InvalidArgument, "a view has at least one byte");
            }
            Some(len) => len as u64,
            // At the end or past it, one byte is too many.
            None => rest.max(1),
        };
        if len > rest {
            let why =
                format!("it has {}, and {} at {offset} are not in it", counted(size), counted(len));
            return self.refuse(ErrorKind::ViewTooLarge, why);
        }
        let len = usize::try_from(len).map_err(|_| self.refused(ErrorKind::OutOfMemory))?;
        let alignment = if strict { unit } else { 1 };
        let request = Request { offset, len, access, address, alignment, guarded, on_loss };
        self.mapping.map_request(request).map_err(exhausted)
    }

    fn refuse<T>(&self, kind: ErrorKind, why: impl Into<Cow<'static, str>>) -> Result<T> {
        Err(self.refused(kind).because(why))
    }

    fn refused(&self, kind: ErrorKind) -> Error {
        Error::new(kind, Operation::MapView).about(self.mapping.subject())
    }
}

impl FileMapping {
    /// Maps the whole mapping.
    ///
    /// # Errors
    ///
    /// Those of [`ViewOptions::map`].
    #[doc(alias = "MapViewOfFile")]
    #[doc(alias = "mmap")]
    pub fn map(&self, access: Access) -> Result<View> {
        self.view(access).map()
    }

    /// Maps a range of the mapping, at any offset and of any length, in bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ViewTooLarge`] if the range ends past the mapping,
    /// [`ErrorKind::InvalidArgument`] if it is empty or inverted, and those of
    /// [`ViewOptions::map`].
    #[doc(alias = "MapViewOfFile")]
    pub fn map_range(&self, access: Access, range: impl RangeBounds<u64>) -> Result<View> {
        self.view(access).range(range)?.map()
    }

    /// Returns options for a view: range, address, and how strictly they are checked.
    #[must_use]
    #[doc(alias = "MapViewOfFileEx")]
    pub fn view(&self, access: Access) -> ViewOptions<'_> {
        ViewOptions {
            mapping: self,
            access,
            offset: 0,
            len: None,
            address: None,
            strict: false,
            grown: false,
            guarded: true,
            on_loss: OnLoss::Die,
        }
    }
}
