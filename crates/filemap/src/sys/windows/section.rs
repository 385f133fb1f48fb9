//! The object behind a mapping: the kernel's section, over memory or over a file of the caller's.

#![expect(unsafe_code, reason = "calls that create and look at section objects")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsHandle, AsRawHandle as _, BorrowedHandle, FromRawHandle as _};
use std::os::windows::io::{OwnedHandle, RawHandle};
use std::sync::Arc;

use windows_sys::Win32::Foundation::{
    ERROR_ALREADY_EXISTS, ERROR_BAD_EXE_FORMAT, ERROR_COMMITMENT_LIMIT, ERROR_INVALID_PARAMETER,
    ERROR_NOT_ENOUGH_MEMORY, GetLastError, INVALID_HANDLE_VALUE, NTSTATUS,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, GetLargePageMinimum, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY, PAGE_PROTECTION_FLAGS, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY,
    SEC_COMMIT, SEC_FILE, SEC_LARGE_PAGES, SEC_RESERVE, SECTION_MAP_EXECUTE, SECTION_MAP_READ,
    SECTION_MAP_WRITE, SECTION_QUERY,
};

use crate::sys::platform::error::{code, from_io, from_status};
use crate::sys::platform::mapped_range::{MapArguments, MappedRange, halves};
use crate::sys::platform::mapped_view::{FileViews, MappedView, ViewSource};
use crate::sys::platform::{file, image, page_size};
use crate::sys::region::{Region, RegionKind};
use crate::sys::size::{self, Size};
use crate::sys::{MappedViewContract as _, Request, SectionContract, Space, features};
use crate::types::geometry::GRANULARITY;
use crate::types::{
    Access, Attributes, Error, ErrorKind, Flush, Loss, OnLoss, Operation, Protection, Result,
    Rights,
};

/// Memory or a file, with the size that its views may reach.
///
/// The handle's own rights are those of the mapping's handle, so the kernel refuses what the model
/// should have refused, also in a process that the handle was passed to.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// The kernel's object; none over a file whose mapping goes as far as the file does: each view
    /// of that gets an object of its own, since none can become larger.
    object: Option<Arc<OwnedHandle>>,
    /// The file; none if the section was reached by a name alone.
    file: Option<Arc<File>>,
    is_file: bool,
    protection: Protection,
    attributes: Attributes,
    /// None if it is always as long as its file.
    size: Option<u64>,
    /// The views of the file that were made here, to be flushed with it.
    views: Arc<FileViews>,
}

impl Section {
    /// A section that has a name, and whose file, if it is one, may not be at hand.
    pub(super) fn named(
        object: Arc<OwnedHandle>,
        file: Option<Arc<File>>,
        traits: Traits,
        protection: Protection,
    ) -> Self {
        let Traits { attributes, size, is_file } = traits;
        let (object, size, views) = (Some(object), Some(size), Arc::default());
        Self { object, file, is_file, protection, attributes, size, views }
    }

    /// A file that the mapping follows.
    pub(super) fn following(file: File, protection: Protection) -> Self {
        let (file, attributes, views) = (Some(Arc::new(file)), Attributes::empty(), Arc::default());
        Self { object: None, file, is_file: true, protection, attributes, size: None, views }
    }

    /// Returns how many bytes a mapping of the file has, and leaves the file alone.
    pub(super) fn sized(&self, size: Size, protection: Protection) -> Result<Option<u64>> {
        let operation = Operation::CreateMapping;
        if self.attributes.contains(Attributes::IMAGE) {
            return Ok(self.size);
        }
        size.over_file(file::length(self.file(operation)?, operation)?, protection)
    }

    /// Returns what the kernel's object for this section is made with.
    pub(super) fn plan(&self, size: u64, space: Space) -> Result<Plan<'_>> {
        let operation = Operation::CreateMapping;
        let file = self.file(operation)?;
        let (protection, attributes) = (self.protection, self.attributes);
        // The size of a program is of memory, and not of the file.
        if !attributes.contains(Attributes::IMAGE) {
            if space == Space::AtOnce && protection.is_writable() {
                return Err(file::no_preallocation(operation));
            }
            if size > file::length(file, operation)? {
                file::make_sparse(file);
            }
        }
        Ok(Plan { file: Some(file), protection, attributes, size })
    }

    /// The section with the object that was made for it.
    pub(super) fn with_object(self, object: Arc<OwnedHandle>, size: u64) -> Self {
        Self { object: Some(object), size: Some(size), ..self }
    }

    /// Returns the file, if it is at hand.
    pub(super) fn file(&self, operation: Operation) -> Result<&File> {
        self.file.as_deref().ok_or_else(|| {
            let why = if self.is_file {
                "the mapping was reached by its name, and its file is not at hand"
            } else {
                "it is memory, and not a file"
            };
            Error::new(ErrorKind::NotSupported, operation).because(why)
        })
    }

    /// Returns the file, to be kept.
    pub(super) fn shared_file(&self) -> Option<Arc<File>> {
        self.file.clone()
    }

    /// Maps a range of the file as it is now, through an object that lives as long as the view.
    fn map_following(&self, request: Request) -> Result<Region> {
        let operation = Operation::MapView;
        let file = self.file(operation)?;
        let len = file::length(file, operation)?;
        // What lies past the end cannot be mapped: an object for it would make the file longer.
        let rest = len.saturating_sub(request.offset);
        if rest == 0 {
            return Err(Error::new(ErrorKind::Lost, operation)
                .lost(Loss { offset: request.offset, done: 0 })
                .because(format!("the file now ends at {len}")));
        }
        let len = usize::try_from(rest).unwrap_or(usize::MAX).min(request.len);
        let (protection, attributes) = (self.protection, self.attributes);
        let plan = Plan { file: Some(file), protection, attributes, size: 0 };
        let (object, _) = plan.make(None, None)?;
        self.map_object(object.as_handle(), Request { len, ..request })
    }

    /// Maps a range of the kernel's object.
    fn map_object(&self, object: BorrowedHandle<'_>, request: Request) -> Result<Region> {
        let Request { offset, len, access, alignment, .. } = request;
        debug_assert!(alignment <= GRANULARITY, "every view begins at a multiple of that");
        let (placed, address) = request.placed(GRANULARITY)?;
        let image = image::access(self.attributes);
        let (is_file, is_memory) = (self.is_file && image.is_none(), !self.is_file);
        let views = is_file.then(|| Arc::clone(&self.views));
        let source = ViewSource { file: self.file.clone(), views, is_memory };
        // A program is mapped as a whole.
        let whole = image.is_none().then_some(placed.len);
        let large = self.attributes.contains(Attributes::LARGE_PAGES);
        let arguments = MapArguments { access, offset: placed.base, len: whole, address, large };
        let view = MappedView::map(object, source, arguments)?;
        let differ = image.is_some() || self.attributes.contains(Attributes::RESERVE);
        let (kind, access, bytes) = match image {
            Some(access) => (RegionKind::Image, access, (0, view.len())),
            None if is_file => (RegionKind::File, access, (placed.delta, len)),
            None => (RegionKind::Memory, access, (placed.delta, len)),
        };
        Region::new(view, kind, access, offset, bytes, |pages| {
            if differ { pages.reserve(self.size.unwrap_or(0)) } else { Ok(()) }
        })
    }
}

impl SectionContract for Section {
    type Region = Region;

    fn memory(
        size: u64,
        protection: Protection,
        attributes: Attributes,
        _space: Space,
    ) -> Result<Self> {
        let plan = Plan::of_memory(size, protection, attributes)?;
        let (object, _) = plan.make(None, None)?;
        let traits = Traits { attributes, size: plan.size, is_file: false };
        Ok(Self::named(Arc::new(object), None, traits, protection))
    }

    fn anonymous(len: usize) -> Result<Region> {
        let (protection, access) = (Protection::ReadWrite, Access::Write);
        let memory = Self::memory(len as u64, protection, Attributes::COMMIT, Space::AtOnce)?;
        let (address, alignment, guarded, on_loss) = (None, 1, true, OnLoss::Die);
        memory.map(Request { offset: 0, len, access, address, alignment, guarded, on_loss })
    }

    fn over(file: &File, protection: Protection, attributes: Attributes) -> Result<Self> {
        let operation = Operation::CreateMapping;
        features::check(attributes, operation)?;
        file::regular(file, operation)?;
        let granted = file::granted(file.as_handle());
        let write = granted & file::WRITE_DATA != 0;
        if granted & file::READ_DATA == 0 || (protection.is_writable() && !write) {
            let needed = if protection.is_writable() { "reading and writing" } else { "reading" };
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because(format!("a {protection} mapping needs a file open for {needed}")));
        }
        let file = file.try_clone().map_err(from_io(operation))?;
        Ok(Self { attributes, ..Self::following(file, protection) })
    }

    #[cfg(feature = "images")]
    fn laid_out(
        self,
        size: Size,
        _protection: Protection,
        _attributes: Attributes,
    ) -> Result<Self> {
        // The kernel does it for each object; the size of one is that of all.
        let (object, _) = self.plan(size.bytes(), Space::AtFirstStore)?.make(None, None)?;
        let traits = Traits::of(object.as_handle())?;
        let size = traits.map_or(0, |traits| traits.size);
        Ok(Self { size: Some(size), ..self })
    }

    fn settled(self, size: Size, protection: Protection, space: Space) -> Result<Self> {
        let Some(size) = self.sized(size, protection)? else { return Ok(self) };
        let (object, _) = self.plan(size, space)?.make(None, None)?;
        Ok(self.with_object(Arc::new(object), size))
    }

    fn adopt(descriptor: OwnedHandle) -> Result<(Self, Protection, Attributes)> {
        let operation = Operation::AdoptDescriptor;
        if let Some(traits) = Traits::of(descriptor.as_handle())? {
            let protection = probe(descriptor.as_handle());
            let attributes = traits.attributes;
            let section = Self::named(Arc::new(descriptor), None, traits, protection);
            return Ok((section, protection, attributes));
        }
        let file = File::from(descriptor);
        file::regular(&file, operation)?;
        let granted = file::granted(file.as_handle());
        if granted & file::READ_DATA == 0 {
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because("the handle is not open for reading"));
        }
        let write = granted & file::WRITE_DATA != 0;
        let protection = if write { Protection::ReadWrite } else { Protection::ReadOnly };
        let section = Self::following(file, protection);
        let section = section.settled(Size::FileLength, protection, Space::AtFirstStore);
        let section = section.map_err(|error| error.during(operation))?;
        Ok((section, protection, Attributes::empty()))
    }

    fn into_descriptor(self) -> OwnedHandle {
        let handle = match (self.object, self.file) {
            (Some(object), _) => file::unshared(object),
            (None, Some(file)) => file::unshared(file),
            (None, None) => unreachable!("a section has an object or a file"),
        };
        // Where the process has no room for one more handle, what it gets refers to nothing.
        // SAFETY: the value stands for no handle, and closing it does nothing.
        handle.unwrap_or_else(|_| unsafe { OwnedHandle::from_raw_handle(INVALID_HANDLE_VALUE) })
    }

    fn descriptor(&self) -> BorrowedHandle<'_> {
        match (&self.object, &self.file) {
            (Some(object), _) => object.as_handle(),
            (None, Some(file)) => file.as_handle(),
            (None, None) => unreachable!("a section has an object or a file"),
        }
    }

    fn duplicate(&self, rights: Rights, _write: bool) -> Result<Self> {
        let mut twin = self.clone();
        if let Some(object) = &mut twin.object {
            *object = Arc::new(duplicate(object.as_handle(), rights)?);
        }
        Ok(twin)
    }

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn is_file(&self) -> bool {
        self.is_file
    }

    fn is_same(&self, other: &Self) -> Result<bool> {
        let operation = Operation::OpenMapping;
        match (&self.file, &other.file) {
            (Some(one), Some(other)) => {
                Ok(file::identity(one, operation)? == file::identity(other, operation)?)
            }
            _ => Ok(false),
        }
    }

    fn map(&self, request: Request) -> Result<Region> {
        let mut region = match &self.object {
            Some(object) => self.map_object(object.as_handle(), request),
            None => self.map_following(request),
        }?;
        if request.on_loss == OnLoss::Zeros {
            region.replace_losses()?;
        }
        Ok(region)
    }

    fn file_len(&self) -> Result<u64> {
        file::length(self.file(Operation::MeasureFile)?, Operation::MeasureFile)
    }

    fn check_file_len(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)
    }

    fn preallocate_file(&self, _offset: u64, _len: u64) -> Result<()> {
        Err(file::no_preallocation(Operation::Preallocate))
    }

    fn discard_file(&self, _offset: u64, _len: u64) -> Result<()> {
        Err(file::no_holes())
    }

    fn file_space(&self) -> Result<u64> {
        file::allocated(self.file(Operation::MeasureFile)?, Operation::MeasureFile)
    }

    fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        file::read_at(self.file(Operation::Read)?, offset, buf, Operation::Read)
    }

    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        file::allowed(offset.saturating_add(bytes.len() as u64), operation)?;
        let file = self.file(operation)?;
        if offset > file::length(file, operation)?.saturating_add(GRANULARITY as u64) {
            file::make_sparse(file);
        }
        file::write_at(file, offset, bytes, operation)
    }

    fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        if !self.is_file {
            return Ok(());
        }
        let end = if len == 0 { u64::MAX } else { offset.saturating_add(len) };
        // The kernel learns from each view itself which of its pages were stored to.
        self.views.flush(offset..end)?;
        match &self.file {
            Some(file) if flush > Flush::Start => file::flush(file),
            _ => Ok(()),
        }
    }
}

/// What the kernel reports about a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    pub(super) attributes: Attributes,
    pub(super) size: u64,
    pub(super) is_file: bool,
}

impl Traits {
    /// Asks for them; nothing if the handle is not one of a section.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`] if it needs a feature that this build lacks.
    pub(super) fn of(section: BorrowedHandle<'_>) -> Result<Option<Self>> {
        const OBJECT_TYPE_MISMATCH: NTSTATUS = 0xC000_0024_u32.cast_signed();
        const ACCESS_DENIED: NTSTATUS = 0xC000_0022_u32.cast_signed();
        let mut basic = MaybeUninit::<Basic>::zeroed();
        let (place, len) = (basic.as_mut_ptr().cast(), size_of::<Basic>());
        let none = std::ptr::null_mut();
        // SAFETY: the handle is open while it is borrowed, and the place has the length that is given.
        match unsafe { NtQuerySection(section.as_raw_handle(), 0, place, len, none) } {
            OBJECT_TYPE_MISMATCH => return Ok(None),
            // The handle may map, and may not ask: a view of all of it is as long as it is.
            ACCESS_DENIED => {
                let whole =
                    |access| MappedRange::of_section(section, MapArguments::at_start(access, None));
                let view = whole(Access::Read).or_else(|_| whole(Access::Write));
                let size = view.map_or(0, |view| view.len() as u64);
                let attributes = Attributes::COMMIT;
                return Ok(Some(Self { attributes, size, is_file: false }));
            }
            status if status < 0 => return Err(from_status(status, Operation::OpenMapping)),
            _ => {}
        }
        // SAFETY: the call succeeded, so it has written all of it.
        let basic = unsafe { basic.assume_init() };
        let known = ATTRIBUTES.iter().filter(|(bit, _)| basic.attributes & bit != 0);
        let mut attributes = image::attributes(basic.attributes)
            .unwrap_or_else(|| known.map(|(_, attribute)| *attribute).collect());
        let is_file = basic.attributes & SEC_FILE != 0;
        if is_file {
            attributes.set(Attributes::COMMIT | Attributes::RESERVE, false);
        }
        features::check(attributes, Operation::OpenMapping)?;
        let size = u64::try_from(basic.size).unwrap_or(0);
        Ok(Some(Self { attributes, size, is_file }))
    }
}

/// `SECTION_BASIC_INFORMATION`.
#[repr(C)]
struct Basic {
    base: *mut std::ffi::c_void,
    attributes: u32,
    size: i64,
}

#[link(name = "ntdll")]
unsafe extern "system" {
    /// In no header of the system's, and as old as it is.
    fn NtQuerySection(
        section: RawHandle,
        class: i32,
        information: *mut std::ffi::c_void,
        len: usize,
        returned: *mut usize,
    ) -> NTSTATUS;
}

/// Each attribute with its flag.
const ATTRIBUTES: [(PAGE_PROTECTION_FLAGS, Attributes); 3] = [
    (SEC_COMMIT, Attributes::COMMIT),
    (SEC_RESERVE, Attributes::RESERVE),
    (SEC_LARGE_PAGES, Attributes::LARGE_PAGES),
];

/// A section that is to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'file> {
    pub(super) file: Option<&'file File>,
    pub(super) protection: Protection,
    pub(super) attributes: Attributes,
    /// In bytes; over a file, 0 is as long as that is.
    pub(super) size: u64,
}

impl Plan<'_> {
    /// Memory of `size` bytes, which the kernel rounds up to whole pages.
    pub(super) fn of_memory(
        size: u64,
        protection: Protection,
        attributes: Attributes,
    ) -> Result<Self> {
        let operation = Operation::CreateMapping;
        features::check(attributes, operation)?;
        let mut unit = page_size();
        if attributes.contains(Attributes::LARGE_PAGES) {
            // SAFETY: has no preconditions.
            unit = unsafe { GetLargePageMinimum() };
            if unit == 0 {
                return Err(Error::new(ErrorKind::NotSupported, operation)
                    .because("this processor has no large pages"));
            }
        }
        let size = size::of_memory(size, unit, attributes)?;
        Ok(Self { file: None, protection, attributes, size })
    }

    /// Creates the object, under a name that ends with a NUL, if there is one; returns also whether
    /// the name existed, and its object was opened.
    pub(super) fn make(
        &self,
        name: Option<&[u16]>,
        security: Option<&SECURITY_ATTRIBUTES>,
    ) -> Result<(OwnedHandle, bool)> {
        let Self { file, protection, mut attributes, size } = *self;
        let is_image = attributes.contains(Attributes::IMAGE);
        if file.is_some() && !attributes.is_empty() && !is_image {
            // Over a file it means nothing, and the others ask for it.
            attributes.set(Attributes::COMMIT, true);
        }
        let asked = ATTRIBUTES.iter().filter(|(_, attribute)| attributes.contains(*attribute));
        let flags = asked.fold(page_flag(protection), |flags, (bit, _)| flags | bit)
            | image::flag(attributes);
        let handle = file.map_or(INVALID_HANDLE_VALUE, |file| file.as_raw_handle());
        let security = security.map_or(std::ptr::null(), std::ptr::from_ref);
        debug_assert!(name.is_none_or(|name| name.ends_with(&[0])), "the end of the name");
        let name = name.map_or(std::ptr::null(), <[u16]>::as_ptr);
        let (high, low) = halves(size);
        // SAFETY: the handle is open or stands for none; the structure is null or valid, and the
        // name null or ended.
        let object = unsafe { CreateFileMappingW(handle, security, flags, high, low, name) };
        // SAFETY: has no preconditions.
        let code = unsafe { GetLastError() };
        if object.is_null() {
            let error = io::Error::last_os_error();
            return Err(refused(file.is_some(), is_image, error));
        }
        // SAFETY: the call made it, and nobody else knows of it.
        Ok((unsafe { OwnedHandle::from_raw_handle(object) }, code == ERROR_ALREADY_EXISTS))
    }
}

/// Why a section could not be made, whose arguments are right by themselves.
fn refused(has_file: bool, is_image: bool, error: io::Error) -> Error {
    let operation = Operation::CreateMapping;
    let kind = match code(&error) {
        Some(ERROR_BAD_EXE_FORMAT) if is_image => ErrorKind::BadImage,
        Some(ERROR_NOT_ENOUGH_MEMORY) if is_image => ErrorKind::SizeTooLarge,
        Some(ERROR_INVALID_PARAMETER | ERROR_NOT_ENOUGH_MEMORY) if has_file => {
            ErrorKind::FileTooLarge
        }
        Some(ERROR_INVALID_PARAMETER | ERROR_NOT_ENOUGH_MEMORY) => ErrorKind::SizeTooLarge,
        Some(ERROR_COMMITMENT_LIMIT) => {
            return Error::new(ErrorKind::CommitLimit, operation).caused_by(error).because(
                "the system cannot promise so much memory; the attribute `reserve` asks for none",
            );
        }
        _ => return from_io(operation)(error),
    };
    Error::new(kind, operation).caused_by(error)
}

fn page_flag(protection: Protection) -> PAGE_PROTECTION_FLAGS {
    match protection {
        Protection::ReadOnly => PAGE_READONLY,
        Protection::ReadWrite => PAGE_READWRITE,
        Protection::WriteCopy => PAGE_WRITECOPY,
        Protection::ExecuteRead => PAGE_EXECUTE_READ,
        Protection::ExecuteReadWrite => PAGE_EXECUTE_READWRITE,
        Protection::ExecuteWriteCopy => PAGE_EXECUTE_WRITECOPY,
    }
}

/// The kernel's bits for rights, with that to ask for size and attributes.
pub(super) fn access_mask(rights: Rights) -> u32 {
    let asked = RIGHTS.iter().filter(|(right, _)| rights.contains(*right));
    asked.fold(SECTION_QUERY, |mask, (_, bit)| mask | bit)
}

/// The rights among the kernel's bits.
pub(super) fn rights_of(mask: u32) -> Rights {
    RIGHTS.iter().filter(|(_, bit)| mask & bit != 0).map(|(right, _)| *right).collect()
}

const RIGHTS: [(Rights, u32); 3] = [
    (Rights::READ, SECTION_MAP_READ),
    (Rights::WRITE, SECTION_MAP_WRITE),
    (Rights::EXECUTE, SECTION_MAP_EXECUTE),
];

/// Another handle to a section, with these rights.
pub(super) fn duplicate(section: BorrowedHandle<'_>, rights: Rights) -> Result<OwnedHandle> {
    let operation = Operation::DuplicateHandle;
    match file::duplicate(section, Some(access_mask(rights)), operation) {
        // The owner may allow mapping, and not asking.
        Err(error) if error.kind() == ErrorKind::AccessDenied => {
            file::duplicate(section, Some(access_mask(rights) & !SECTION_QUERY), operation)
        }
        made => made,
    }
}

/// Returns what a section allows its views, by mapping some: the kernel does not report it.
///
/// What the handle has no right to map counts as not allowed. Of two protections with the same
/// meaning the first one is returned.
pub(super) fn probe(section: BorrowedHandle<'_>) -> Protection {
    let allows = |access: Access| {
        MappedRange::of_section(section, MapArguments::at_start(access, Some(1))).is_ok()
    };
    match (allows(Access::Write), allows(Access::ExecuteRead)) {
        (false, false) => Protection::ReadOnly,
        (true, false) => Protection::ReadWrite,
        (false, true) => Protection::ExecuteRead,
        (true, true) => Protection::ExecuteReadWrite,
    }
}
