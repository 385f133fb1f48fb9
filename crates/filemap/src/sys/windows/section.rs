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
    SEC_COMMIT, SEC_FILE, SEC_LARGE_PAGES, SEC_NOCACHE, SEC_RESERVE, SEC_WRITECOMBINE,
    SECTION_MAP_EXECUTE, SECTION_MAP_READ, SECTION_MAP_WRITE, SECTION_QUERY,
};

use crate::sys::platform::error::{code, from_io, from_status};
use crate::sys::platform::placing::{self, halves};
use crate::sys::platform::region::Views;
use crate::sys::platform::{Region, file, image, page_size};
use crate::sys::{Request, SectionContract, Space};
use crate::types::{
    Access, Attributes, Error, ErrorKind, Flush, Loss, Operation, Protection, Result, Rights,
    geometry,
};

/// Memory or a file, with the size that its views may reach.
///
/// The handle's own rights are those of the mapping's handle, so the kernel refuses what the model
/// should have refused, also in a process that the handle was passed to.
#[derive(Debug)]
pub(crate) struct Section {
    /// The kernel's object; none over a file whose mapping goes as far as the file does: each view
    /// of that gets an object of its own, since none can become larger.
    object: Option<Arc<OwnedHandle>>,
    /// The file; none if the section was reached by a name alone.
    file: Option<Arc<File>>,
    is_file: bool,
    protection: Protection,
    attributes: Attributes,
    size: u64,
    /// The views of the file that were made here, to be flushed with it.
    views: Arc<Views>,
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
        let views = Arc::default();
        Self { object: Some(object), file, is_file, protection, attributes, size, views }
    }

    /// A file that was opened by the path that a name's record tells, and that the mapping follows.
    pub(super) fn following(file: File, protection: Protection) -> Self {
        let (file, attributes, views) = (Some(Arc::new(file)), Attributes::empty(), Arc::default());
        Self { object: None, file, is_file: true, protection, attributes, size: 0, views }
    }

    /// Decides on the size over a file, and leaves the file alone.
    pub(super) fn sized(&self, size: u64, protection: Protection) -> Result<u64> {
        let operation = Operation::CreateMapping;
        if self.attributes.contains(Attributes::IMAGE) {
            return Ok(self.size);
        }
        let len = file::length(self.file(operation)?, operation)?;
        match size {
            0 if len == 0 => Err(Error::new(ErrorKind::EmptyFile, operation)),
            0 => Ok(len),
            _ if size > len && !protection.is_writable() => {
                Err(Error::new(ErrorKind::SizeTooLarge, operation).because(format!(
                    "the file has {len} bytes, and a {protection} mapping cannot make it longer"
                )))
            }
            _ => Ok(size),
        }
    }

    /// What the kernel is to be told, to make this section's object.
    pub(super) fn plan(&self, size: u64, space: Space) -> Result<Plan<'_>> {
        let operation = Operation::CreateMapping;
        let file = self.file(operation)?;
        if self.attributes.contains(Attributes::IMAGE) {
            // What its size says is of memory, and not of the file.
            let (protection, attributes) = (self.protection, self.attributes);
            return Ok(Plan { file: Some(file), protection, attributes, size });
        }
        if space == Space::AtOnce && self.protection.is_writable() {
            file::reserve(file, size, operation)?;
        }
        if size > file::length(file, operation)? {
            file::make_sparse(file);
        }
        let (protection, attributes) = (self.protection, self.attributes);
        Ok(Plan { file: Some(file), protection, attributes, size })
    }

    /// The section with the object that was made for it.
    pub(super) fn with_object(self, object: Arc<OwnedHandle>, size: u64) -> Self {
        Self { object: Some(object), size, ..self }
    }

    /// The file, if it is at hand.
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

    /// The file, for somebody who keeps it.
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
        Region::map(object.as_handle(), self.source(), Request { len, ..request })
    }

    fn source(&self) -> Source {
        Source {
            file: self.file.clone(),
            views: self.is_file.then(|| Arc::clone(&self.views)),
            reserved: self.attributes.contains(Attributes::RESERVE),
            large: self.attributes.contains(Attributes::LARGE_PAGES),
            image: image::access(self.attributes),
        }
    }
}

/// What a region has to know of its section.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: Option<Arc<File>>,
    /// Nothing, if it is memory.
    pub(super) views: Option<Arc<Views>>,
    /// Pages must be committed before they are touched.
    pub(super) reserved: bool,
    pub(super) large: bool,
    /// What pages of a program may be given at most, if it is one, mapped as a whole.
    pub(super) image: Option<Access>,
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

    fn over(file: &File, protection: Protection, attributes: Attributes) -> Result<Self> {
        let operation = Operation::CreateMapping;
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

    fn laid_out(self, size: u64, _protection: Protection, _attributes: Attributes) -> Result<Self> {
        // The kernel does it for each object; what it says of one holds for all.
        let (object, _) = self.plan(size, Space::AtFirstStore)?.make(None, None)?;
        let traits = Traits::of(object.as_handle())?;
        let size = traits.map_or(0, |traits| traits.size);
        Ok(Self { size, ..self })
    }

    fn settled(self, size: u64, protection: Protection, space: Space) -> Result<Self> {
        let size = self.sized(size, protection)?;
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
        let section = section.settled(0, protection, Space::AtFirstStore);
        let section = section.map_err(|error| error.during(operation))?;
        Ok((section, protection, Attributes::empty()))
    }

    fn into_descriptor(self) -> OwnedHandle {
        let Self { object, file, .. } = self;
        let object = match object.map(Arc::try_unwrap) {
            Some(Ok(object)) => return object,
            Some(Err(shared)) => file::duplicate(shared.as_handle(), None, Operation::CloseHandle),
            None => match file.map(Arc::try_unwrap) {
                Some(Ok(file)) => return file.into(),
                Some(Err(shared)) => {
                    file::duplicate(shared.as_handle(), None, Operation::CloseHandle)
                }
                None => unreachable!("a section has an object or a file"),
            },
        };
        // Where the process has no room for one more handle, what it gets refers to nothing.
        // SAFETY: the value stands for no handle, and closing it does nothing.
        object.unwrap_or_else(|_| unsafe { OwnedHandle::from_raw_handle(INVALID_HANDLE_VALUE) })
    }

    fn descriptor(&self) -> BorrowedHandle<'_> {
        match (&self.object, &self.file) {
            (Some(object), _) => object.as_handle(),
            (None, Some(file)) => file.as_handle(),
            (None, None) => unreachable!("a section has an object or a file"),
        }
    }

    fn duplicate(&self, rights: Rights, _write: bool) -> Result<Self> {
        let object = match &self.object {
            Some(object) => Some(Arc::new(duplicate(object.as_handle(), rights)?)),
            None => None,
        };
        Ok(Self {
            object,
            file: self.file.clone(),
            views: Arc::clone(&self.views),
            is_file: self.is_file,
            protection: self.protection,
            attributes: self.attributes,
            size: self.size,
        })
    }

    fn size(&self) -> u64 {
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
        match &self.object {
            Some(object) => Region::map(object.as_handle(), self.source(), request),
            None => self.map_following(request),
        }
    }

    fn file_len(&self) -> Result<u64> {
        file::length(self.file(Operation::ResizeFile)?, Operation::ResizeFile)
    }

    fn check_file_len(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)
    }

    fn set_file_len(&self, len: u64) -> Result<()> {
        let operation = Operation::ResizeFile;
        file::allowed(len, operation)?;
        let file = self.file(operation)?;
        if len > file::length(file, operation)? {
            file::make_sparse(file);
        }
        file.set_len(len).map_err(from_io(operation))
    }

    fn reserve_file(&self, len: u64) -> Result<()> {
        let operation = Operation::ResizeFile;
        file::allowed(len, operation)?;
        let file = self.file(operation)?;
        match file::reserve(file, len, operation) {
            // Bytes that are written have their space.
            Err(error) if error.kind() == ErrorKind::NotSupported => {
                return file::fill_up(file, len, operation);
            }
            reserved => reserved?,
        }
        if file::length(file, operation)? < len {
            file.set_len(len).map_err(from_io(operation))?;
        }
        Ok(())
    }

    fn settle_file(&self, _offset: u64, _len: u64) -> Result<()> {
        // A length is shown when its zeros are in place.
        Ok(())
    }

    fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        file::read_at(self.file(Operation::Read)?, offset, buf, Operation::Read)
    }

    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        file::allowed(offset.saturating_add(bytes.len() as u64), operation)?;
        let file = self.file(operation)?;
        if offset > file::length(file, operation)?.saturating_add(geometry::GRANULARITY as u64) {
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

/// What the kernel tells about a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    pub(super) attributes: Attributes,
    pub(super) size: u64,
    pub(super) is_file: bool,
}

impl Traits {
    /// Asks for them; nothing if the handle is not one of a section.
    pub(super) fn of(section: BorrowedHandle<'_>) -> Result<Option<Self>> {
        const OBJECT_TYPE_MISMATCH: NTSTATUS = 0xC000_0024_u32.cast_signed();
        const ACCESS_DENIED: NTSTATUS = 0xC000_0022_u32.cast_signed();
        let mut basic = MaybeUninit::<Basic>::zeroed();
        let (place, len) = (basic.as_mut_ptr().cast(), size_of::<Basic>());
        let none = std::ptr::null_mut();
        // SAFETY: the handle is open while it is borrowed, and the place has the length told.
        match unsafe { NtQuerySection(section.as_raw_handle(), 0, place, len, none) } {
            OBJECT_TYPE_MISMATCH => return Ok(None),
            // The handle may map, and may not ask: what a view of all of it tells must do.
            ACCESS_DENIED => {
                let view =
                    View::of(section, Access::Read).or_else(|| View::of(section, Access::Write));
                let size = view.map_or(0, |view| placing::extent(view.0) as u64);
                let attributes = Attributes::COMMIT;
                return Ok(Some(Self { attributes, size, is_file: false }));
            }
            status if status < 0 => return Err(from_status(status, Operation::OpenMapping)),
            _ => {}
        }
        // SAFETY: the call succeeded, so it has written all of it.
        let basic = unsafe { basic.assume_init() };
        let mut attributes = Attributes::empty();
        for (bit, attribute) in ATTRIBUTES {
            attributes.set(attribute, basic.attributes & bit != 0);
        }
        if let Some(of_image) = image::attributes(basic.attributes) {
            attributes = of_image;
        }
        let is_file = basic.attributes & SEC_FILE != 0;
        if is_file {
            attributes -= Attributes::COMMIT | Attributes::RESERVE;
        }
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
const ATTRIBUTES: [(PAGE_PROTECTION_FLAGS, Attributes); 5] = [
    (SEC_COMMIT, Attributes::COMMIT),
    (SEC_RESERVE, Attributes::RESERVE),
    (SEC_NOCACHE, Attributes::NO_CACHE),
    (SEC_WRITECOMBINE, Attributes::WRITE_COMBINE),
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
    /// Memory of `size` bytes, rounded up to whole pages.
    pub(super) fn of_memory(
        size: u64,
        protection: Protection,
        attributes: Attributes,
    ) -> Result<Self> {
        let operation = Operation::CreateMapping;
        if attributes.contains(Attributes::LARGE_PAGES) {
            // SAFETY: has no preconditions.
            let unit = unsafe { GetLargePageMinimum() };
            if unit == 0 {
                return Err(Error::new(ErrorKind::NotSupported, operation)
                    .because("this processor has no large pages"));
            }
            if !size.is_multiple_of(unit as u64) {
                return Err(Error::new(ErrorKind::InvalidArgument, operation).because(format!(
                    "large pages need a size that is a multiple of {unit} bytes"
                )));
            }
        }
        let size = geometry::round_up(size, page_size())
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, operation))?;
        Ok(Self { file: None, protection, attributes, size })
    }

    /// Makes it, under a name that ends with a NUL or without one; tells whether the name existed,
    /// and what has it was opened.
    pub(super) fn make(
        &self,
        name: Option<&[u16]>,
        security: Option<&SECURITY_ATTRIBUTES>,
    ) -> Result<(OwnedHandle, bool)> {
        let Self { file, protection, mut attributes, size } = *self;
        let is_image = attributes.contains(Attributes::IMAGE);
        if file.is_some() && !attributes.is_empty() && !is_image {
            // Over a file it means nothing, and the others ask for it.
            attributes |= Attributes::COMMIT;
        }
        let mut flags = page_flag(protection);
        for (bit, attribute) in ATTRIBUTES {
            if attributes.contains(attribute) {
                flags |= bit;
            }
        }
        flags |= image::flag(attributes);
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
            return Err(match code {
                ERROR_NOT_ENOUGH_MEMORY if is_image => {
                    Error::new(ErrorKind::SizeTooLarge, Operation::CreateMapping).caused_by(error)
                }
                ERROR_BAD_EXE_FORMAT if is_image => {
                    Error::new(ErrorKind::BadImage, Operation::CreateMapping).caused_by(error)
                }
                _ => refused(file.is_some(), error),
            });
        }
        // SAFETY: the call made it, and nobody else knows of it.
        Ok((unsafe { OwnedHandle::from_raw_handle(object) }, code == ERROR_ALREADY_EXISTS))
    }
}

/// Why a section could not be made, whose arguments are right by themselves.
fn refused(has_file: bool, error: io::Error) -> Error {
    let operation = Operation::CreateMapping;
    match code(&error) {
        Some(ERROR_INVALID_PARAMETER | ERROR_NOT_ENOUGH_MEMORY) => {
            let kind = if has_file { ErrorKind::FileTooLarge } else { ErrorKind::SizeTooLarge };
            Error::new(kind, operation).caused_by(error)
        }
        Some(ERROR_COMMITMENT_LIMIT) => Error::new(ErrorKind::CommitLimit, operation)
            .because(
                "the system cannot promise so much memory; the attribute `reserve` asks for none",
            )
            .caused_by(error),
        _ => from_io(operation)(error),
    }
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
    let mut mask = SECTION_QUERY;
    for (right, bit) in RIGHTS {
        if rights.contains(right) {
            mask |= bit;
        }
    }
    mask
}

/// The rights among the kernel's bits.
pub(super) fn rights_of(mask: u32) -> Rights {
    let mut rights = Rights::empty();
    for (right, bit) in RIGHTS {
        rights.set(right, mask & bit != 0);
    }
    rights
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

/// Finds out what a section allows its views, by mapping some: the kernel does not tell.
///
/// What the handle has no right to map counts as not allowed. Of two words with the same meaning
/// the first one is told.
pub(super) fn probe(section: BorrowedHandle<'_>) -> Protection {
    let allows = |access: Access| View::of_a_page(section, access).is_some();
    match (allows(Access::Write), allows(Access::ReadExecute)) {
        (false, false) => Protection::ReadOnly,
        (true, false) => Protection::ReadWrite,
        (false, true) => Protection::ExecuteRead,
        (true, true) => Protection::ExecuteReadWrite,
    }
}

/// A view that is made to see whether it can be.
struct View(std::ptr::NonNull<u8>);

impl View {
    fn of(section: BorrowedHandle<'_>, access: Access) -> Option<Self> {
        placing::map(section, access, 0, 0, None, false).ok().map(Self)
    }

    fn of_a_page(section: BorrowedHandle<'_>, access: Access) -> Option<Self> {
        placing::map(section, access, 0, 1, None, false).ok().map(Self)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: mapped when this was made, and nobody touches it.
        let _ignored = unsafe { placing::unmap(self.0) };
    }
}
