//! The object behind a mapping: a memory file, or a file of the caller's.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::sys::platform::error::{during, from_io};
use crate::sys::platform::file::{self, Allowance, Identity, Layered};
#[cfg(feature = "images")]
use crate::sys::platform::image::{self, Image};
use crate::sys::platform::mapped_view::{self, MapOptions, SharedDescriptor, ViewSource};
use crate::sys::platform::memory_file;
use crate::sys::platform::{Generation, MappedView, commit_limit, page_size};
use crate::sys::region::{Region, RegionKind};
use crate::sys::size::{self, Size};
use crate::sys::{AppendList, Request, SectionContract, Space, features};
use crate::types::{
    Access, Attributes, Error, ErrorKind, Flush, OnLoss, Operation, Protection, Result, Rights,
};

/// Memory or a file, with the size that its views may reach.
///
/// The descriptor's own mode carries the rights: a section that may not be written is open for
/// reading only, so the kernel refuses what the model should have refused, also in a process
/// that the descriptor was passed to.
#[derive(Debug)]
pub(crate) struct Section {
    descriptor: Arc<OwnedFd>,
    /// Whether an entry is given away in its place, so that its views may keep it.
    has_entry: bool,
    storage: Storage,
    /// None if it is always as long as its file.
    size: Option<u64>,
    /// Bytes in a page.
    unit: usize,
    /// What regions share with the section, made for the first of them.
    shared: AppendList<Arc<SharedDescriptor>>,
    allowance: Allowance,
    layered: Layered,
    /// The generation of its bytes, if its name has generations.
    generation: Option<Arc<Generation>>,
}

/// What a section is made of.
#[derive(Debug, Clone)]
enum Storage {
    File,
    Memory,
    /// Memory whose pages must be committed: which of them are stands behind it.
    Reserved,
    /// Memory that a program was laid out in.
    #[cfg(feature = "images")]
    Image(Image),
}

impl Section {
    fn new(descriptor: OwnedFd, storage: Storage, size: Option<u64>, unit: usize) -> Self {
        let (allowance, layered) = (Allowance::default(), Layered::default());
        let (descriptor, shared) = (Arc::new(descriptor), AppendList::new());
        Self {
            descriptor,
            has_entry: false,
            storage,
            size,
            unit,
            shared,
            allowance,
            layered,
            generation: None,
        }
    }

    /// Memory with these attributes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`] if they need a feature that this build lacks.
    pub(super) fn of_memory(
        descriptor: OwnedFd,
        size: u64,
        unit: usize,
        attributes: Attributes,
    ) -> Result<Self> {
        features::check(attributes, Operation::OpenMapping)?;
        let is_reserved = attributes.contains(Attributes::RESERVE);
        let storage = if is_reserved { Storage::Reserved } else { Storage::Memory };
        Ok(Self::new(descriptor, storage, Some(size), unit))
    }

    /// Memory that was reached through one of its holders.
    pub(super) fn held(descriptor: OwnedFd, size: u64, attributes: Attributes) -> Result<Self> {
        let unit = memory_file::unit(descriptor.as_fd())?;
        #[cfg(feature = "images")]
        if attributes.contains(Attributes::IMAGE) {
            let operation = Operation::OpenMapping;
            let image = Image::of(descriptor.as_fd(), operation)?.ok_or_else(|| {
                Error::new(ErrorKind::BackingGone, operation)
                    .because("what was named is not the memory of a program")
            })?;
            return Ok(Self::new(descriptor, Storage::Image(image), Some(size), unit));
        }
        Self::of_memory(descriptor, size, unit, attributes)
    }

    /// A file that was opened by the path in a registry entry.
    pub(super) fn of_file(descriptor: OwnedFd, size: Option<u64>) -> Result<Self> {
        let unit = memory_file::unit(descriptor.as_fd())?;
        Ok(Self::new(descriptor, Storage::File, size, unit))
    }

    /// Returns how many bytes a mapping of the file has, and leaves the file alone.
    pub(super) fn sized(&self, size: Size, protection: Protection) -> Result<Option<u64>> {
        let stat = file::regular(self.descriptor(), Operation::CreateMapping)?;
        size.over_file(file::length(&stat), protection)
    }

    /// Returns whether no path leads to the file.
    pub(super) fn is_unlinked(&self) -> Result<bool> {
        Ok(file::regular(self.descriptor(), Operation::CreateMapping)?.st_nlink == 0)
    }

    /// Makes the file at least `size` bytes long, with space set aside if that is asked for.
    pub(super) fn grow(&self, size: u64, protection: Protection, space: Space) -> Result<()> {
        let operation = Operation::CreateMapping;
        if space == Space::AtOnce && protection.is_writable() {
            file::preallocate(self.descriptor(), 0, size, operation)?;
        }
        let stat = rustix::fs::fstat(self.descriptor()).map_err(during(operation))?;
        if file::length(&stat) >= size {
            return Ok(());
        }
        file::grow(self.descriptor(), self.whole(size), operation)
    }

    /// Returns the length of whole pages, where a file has no other.
    pub(super) fn whole(&self, len: u64) -> u64 {
        self.page_of_maps().and_then(|page| len.checked_next_multiple_of(page)).unwrap_or(len)
    }

    /// The section with the size that was decided on.
    pub(super) fn with_size(self, size: Option<u64>) -> Self {
        Self { size, ..self }
    }

    /// The section of a handle that has an entry.
    pub(super) fn with_entry(self) -> Self {
        Self { has_entry: true, ..self }
    }

    /// The section of a name that has generations.
    pub(super) fn of_generation(self, generation: Option<Generation>) -> Self {
        Self { generation: generation.map(Arc::new), ..self }
    }

    /// Returns which file or memory it is, whatever it is called.
    pub(super) fn identity(&self, operation: Operation) -> Result<Identity> {
        file::identity(self.descriptor()).map_err(during(operation))
    }

    /// Returns the program that was laid out in the memory, if one was.
    #[cfg(feature = "images")]
    pub(super) fn image(&self) -> Option<&Image> {
        if let Storage::Image(image) = &self.storage { Some(image) } else { None }
    }

    /// Returns what regions share with the section.
    fn shared(&self) -> Result<Arc<SharedDescriptor>> {
        if let Some(shared) = self.shared.get() {
            return Ok(Arc::clone(shared));
        }
        let descriptor = match self.has_entry {
            true => Arc::clone(&self.descriptor),
            false => Arc::new(self.descriptor.try_clone().map_err(from_io(Operation::MapView))?),
        };
        Ok(Arc::clone(self.shared.get_or_push(|| Arc::new(SharedDescriptor::new(descriptor)))))
    }

    /// Another handle to the section, with fewer rights if the protection is not for writing.
    fn protected(self, protection: Protection) -> Result<Self> {
        if protection.is_writable() {
            return Ok(self);
        }
        self.duplicate(protection.rights(), false)
    }
}

impl SectionContract for Section {
    type Region = Region;

    fn memory(
        size: u64,
        protection: Protection,
        attributes: Attributes,
        space: Space,
    ) -> Result<Self> {
        let operation = Operation::CreateMapping;
        features::check(attributes, operation)?;
        let large = attributes.contains(Attributes::LARGE_PAGES);
        let descriptor = memory_file::create(protection.is_executable(), attributes)?;
        let unit = if large { memory_file::unit(descriptor.as_fd())? } else { page_size() };
        let size = size::of_memory(size, unit, attributes)?;
        if attributes.contains(Attributes::COMMIT) {
            commit_limit::check(size, space)?;
        }
        let len = memory_file::len(size, attributes)?;
        if space == Space::AtOnce && !large {
            file::allowed(len, operation)?;
            memory_file::take(descriptor.as_fd(), size)?;
        }
        memory_file::set_len(descriptor.as_fd(), len)?;
        if large {
            // Large pages are set aside now or never: a later touch of a page that the pool
            // does not have would be a signal.
            file::preallocate(descriptor.as_fd(), 0, size, operation).map_err(|error| {
                Error::new(ErrorKind::NoResources, operation)
                    .because("the system's pool has not so many large pages")
                    .caused_by(error)
            })?;
        }
        memory_file::seal(descriptor.as_fd(), false)?;
        Self::of_memory(descriptor, size, unit, attributes)?.protected(protection)
    }

    fn anonymous(len: usize) -> Result<Region> {
        commit_limit::check(len as u64, Space::IfThereIsRoom)?;
        mapped_view::ensure_guarded_memory()?;
        let whole = len.checked_next_multiple_of(page_size());
        let view = whole
            .filter(|whole| isize::try_from(*whole).is_ok())
            .ok_or_else(|| Error::new(ErrorKind::OutOfMemory, Operation::MapView))
            .and_then(MappedView::anonymous)?;
        Region::new(view, RegionKind::Memory, Access::Write, 0, (0, len), |_| Ok(()))
    }

    fn over(file: &File, protection: Protection, attributes: Attributes) -> Result<Self> {
        let operation = Operation::CreateMapping;
        features::check(attributes, operation)?;
        file::regular(file.as_fd(), operation)?;
        let mode = file::mode(file.as_fd(), operation)?;
        if !mode.read || (protection.is_writable() && !mode.write) {
            let needed = if protection.is_writable() { "reading and writing" } else { "reading" };
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because(format!("a {protection} mapping needs a file open for {needed}")));
        }
        let descriptor = file.as_fd().try_clone_to_owned().map_err(from_io(operation))?;
        Self::of_file(descriptor, None)
    }

    #[cfg(feature = "images")]
    fn laid_out(self, size: Size, protection: Protection, attributes: Attributes) -> Result<Self> {
        let (descriptor, image) = Image::read(self.descriptor(), size, attributes)?;
        let size = Some(image.size);
        Self::new(descriptor, Storage::Image(image), size, page_size()).protected(protection)
    }

    fn settled(self, size: Size, protection: Protection, space: Space) -> Result<Self> {
        if !self.is_file() {
            return Ok(self);
        }
        let size = self.sized(size, protection)?;
        self.grow(size.unwrap_or(0), protection, space)?;
        Ok(self.with_size(size))
    }

    fn adopt(descriptor: OwnedFd) -> Result<(Self, Protection, Attributes)> {
        let operation = Operation::AdoptDescriptor;
        let stat = file::regular(descriptor.as_fd(), operation)?;
        let mode = file::mode(descriptor.as_fd(), operation)?;
        let len = file::length(&stat);
        if len == 0 {
            return Err(Error::new(ErrorKind::EmptyFile, operation));
        }
        let is_memory = memory_file::is_memory(descriptor.as_fd(), &stat);
        let protection = match (mode.write, is_memory && memory_file::is_executable(&stat)) {
            (false, false) => Protection::ReadOnly,
            (true, false) => Protection::ReadWrite,
            (false, true) => Protection::ExecuteRead,
            (true, true) => Protection::ExecuteReadWrite,
        };
        if !is_memory {
            let section = Self::of_file(descriptor, Some(len))?;
            return Ok((section, protection, Attributes::empty()));
        }
        if memory_file::is_image(descriptor.as_fd(), len, operation)? {
            features::check(Attributes::IMAGE, operation)?;
            #[cfg(feature = "images")]
            if let Some(image) = Image::of(descriptor.as_fd(), operation)? {
                let (size, attributes) = (Some(image.size), image.attributes);
                let section = Self::new(descriptor, Storage::Image(image), size, page_size());
                return Ok((section, protection, attributes));
            }
        }
        let (size, attributes) = if memory_file::is_reserved(&stat) {
            let size = memory_file::size_within(len).ok_or_else(|| {
                Error::new(ErrorKind::WrongObject, operation)
                    .because("it is marked as reserved memory, and is not as long as any")
            })?;
            (size, Attributes::RESERVE)
        } else {
            (len, Attributes::COMMIT)
        };
        Ok((Self::held(descriptor, size, attributes)?, protection, attributes))
    }

    fn into_descriptor(self) -> OwnedFd {
        Arc::try_unwrap(self.descriptor).unwrap_or_else(|_| unreachable!("its entry is given away"))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    fn duplicate(&self, _rights: Rights, write: bool) -> Result<Self> {
        let (twin, _) = file::duplicate(self.descriptor(), write, Operation::DuplicateHandle)?;
        let twin = Self::new(twin, self.storage.clone(), self.size, self.unit);
        let generation = self.generation.clone();
        Ok(Self { has_entry: self.has_entry, generation, ..twin })
    }

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn is_file(&self) -> bool {
        matches!(self.storage, Storage::File)
    }

    fn is_same(&self, other: &Self) -> Result<bool> {
        Ok(self.identity(Operation::OpenMapping)? == other.identity(Operation::OpenMapping)?)
    }

    fn map(&self, request: Request) -> Result<Region> {
        let Request { offset, len, access, alignment, on_loss, .. } = request;
        let (placed, address) = request.placed(self.unit)?;
        let (is_file, unit, shared) = (self.is_file(), self.unit, Some(self.shared()?));
        let source = ViewSource { shared, is_file, unit, access, offset: placed.base };
        #[cfg(feature = "images")]
        if let Some(image) = self.image() {
            if on_loss == OnLoss::Zeros {
                return Err(Error::new(ErrorKind::NotSupported, Operation::MapView).because(
                    "a program lies in memory of its own, of which no page is lost, so none can \
                     read as zeros",
                ));
            }
            return image::map(self.descriptor(), source, image, request);
        }
        let closed = matches!(self.storage, Storage::Reserved);
        // Whoever wants no guard knows what becomes of a copy then; closed pages are opened by the
        // handlers.
        if request.guarded || closed {
            mapped_view::ensure_guarded()?;
        }
        let mapped = placed
            .len
            .checked_next_multiple_of(unit)
            .filter(|mapped| isize::try_from(*mapped).is_ok())
            .ok_or_else(|| Error::new(ErrorKind::OutOfMemory, Operation::MapView))?;
        let options = MapOptions { len: mapped, address, alignment, closed };
        let view = MappedView::map(self.descriptor(), source, options)?;
        let kind = if is_file { RegionKind::File } else { RegionKind::Memory };
        let bytes = (placed.delta, len);
        let mut region = Region::new(view, kind, access, offset, bytes, |pages| match self.size {
            Some(size) if closed => pages.reserve(size.next_multiple_of(unit as u64)),
            _ => Ok(()),
        })?;
        if on_loss == OnLoss::Zeros {
            region.replace_losses()?;
        }
        Ok(region.of_generation(self.generation.clone()))
    }

    fn generation(&self) -> Option<&Generation> {
        self.generation.as_deref()
    }

    fn file_len(&self) -> Result<u64> {
        file::length_now(self.descriptor()).map_err(during(Operation::MeasureFile))
    }

    fn check_file_len(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)
    }

    fn preallocate_file(&self, offset: u64, len: u64) -> Result<()> {
        let operation = Operation::Preallocate;
        file::allowed(offset.saturating_add(len), operation)?;
        file::preallocate(self.descriptor(), offset, len, operation)
    }

    fn discard_file(&self, offset: u64, len: u64) -> Result<()> {
        file::discard(self.descriptor(), offset, len)
    }

    fn file_space(&self) -> Result<u64> {
        let stat = rustix::fs::fstat(self.descriptor()).map_err(during(Operation::MeasureFile))?;
        Ok(file::allocated(&stat))
    }

    fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        file::read_at(self.descriptor(), offset, buf, Operation::Read)
    }

    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        self.allowance.check(end, Operation::Write)?;
        file::write_at(self.descriptor(), offset, bytes, Operation::Write)
    }

    fn page_of_maps(&self) -> Option<u64> {
        (self.is_file() && self.unit > page_size()).then_some(self.unit as u64)
    }

    fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        if !self.is_file() {
            return Ok(());
        }
        file::flush(self.descriptor(), &self.layered, offset, len, flush)
    }
}
