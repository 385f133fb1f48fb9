//! The object behind a mapping: a memory file, or a file of the caller's.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::{MemfdFlags, Mode, SealFlags};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno, from_io};
use crate::sys::platform::file::{Allowance, Identity, Layered};
use crate::sys::platform::image::Image;
use crate::sys::platform::pages::Commitment;
use crate::sys::platform::region::Source;
use crate::sys::platform::registry::set_len;
use crate::sys::platform::{Region, file, page_size};
use crate::sys::{Request, SectionContract, Space};
use crate::types::{
    Attributes, Error, ErrorKind, Flush, Operation, Protection, Result, Rights, geometry,
};

/// Memory or a file, with the size that its views may reach.
///
/// The descriptor's own mode carries the rights: a section that may not be written is open for
/// reading only, so the kernel refuses what the model should have refused, also in a process
/// that the descriptor was passed to.
#[derive(Debug)]
pub(crate) struct Section {
    descriptor: OwnedFd,
    storage: Storage,
    /// What regions keep of the section, made for the first of them.
    kept: OnceLock<Arc<OwnedFd>>,
    size: u64,
    unit: usize,
    /// Pages must be committed: behind the memory stands which of them are.
    is_reserved: bool,
    /// The program that the memory was laid out for.
    image: Option<Arc<Image>>,
    allowance: Allowance,
    layered: Layered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    Memory,
    File,
}

/// Bits of a memory file's mode that mark it as executable.
const EXECUTABLE: Mode = Mode::XUSR;

/// Bits of a memory file's mode that mark its pages as reserved; the kernel gives them no meaning.
const RESERVED: Mode = Mode::SVTX;

impl Section {
    fn new(descriptor: OwnedFd, storage: Storage, size: u64, unit: usize) -> Self {
        let kept = OnceLock::new();
        Self {
            descriptor,
            storage,
            kept,
            size,
            unit,
            is_reserved: false,
            image: None,
            allowance: Allowance::default(),
            layered: Layered::default(),
        }
    }

    /// Memory with these attributes.
    fn with(self, attributes: Attributes) -> Self {
        Self { is_reserved: attributes.contains(Attributes::RESERVE), ..self }
    }

    /// The memory in a registry entry's own data pages.
    ///
    /// The description must not be the one that carries the name's lock: mapped pages keep the
    /// description that they were mapped through, and a view must not keep a name
    /// ([mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)).
    pub(super) fn in_entry(descriptor: OwnedFd, size: u64, attributes: Attributes) -> Self {
        Self::new(descriptor, Storage::Memory, size, page_size()).with(attributes)
    }

    /// Memory that was reached through one of its holders.
    pub(super) fn held(descriptor: OwnedFd, size: u64, attributes: Attributes) -> Result<Self> {
        let unit = unit_of(descriptor.as_fd())?;
        let image = if attributes.contains(Attributes::IMAGE) {
            let image = Image::of(&descriptor, Operation::OpenMapping)?;
            Some(image.ok_or_else(|| {
                Error::new(ErrorKind::BackingGone, Operation::OpenMapping)
                    .because("what was named as a program is none")
            })?)
        } else {
            None
        };
        let section = Self::new(descriptor, Storage::Memory, size, unit).with(attributes);
        Ok(Self { image, ..section })
    }

    /// A file that was opened by the path in a registry entry.
    pub(super) fn of_file(descriptor: OwnedFd, size: u64) -> Result<Self> {
        let unit = unit_of(descriptor.as_fd())?;
        Ok(Self::new(descriptor, Storage::File, size, unit))
    }

    /// Decides on the size over a file, and leaves the file alone.
    pub(super) fn sized(&self, size: u64, protection: Protection) -> Result<u64> {
        let operation = Operation::CreateMapping;
        let len = file::length(&file::regular(self.descriptor(), operation)?);
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

    /// Makes the file at least `size` bytes long, with space set aside if that is asked for.
    pub(super) fn grow(&self, size: u64, protection: Protection, space: Space) -> Result<()> {
        let operation = Operation::CreateMapping;
        if space == Space::AtOnce && protection.is_writable() {
            file::reserve(self.descriptor(), size, operation)?;
        }
        let stat = rustix::fs::fstat(self.descriptor()).map_err(during(operation))?;
        if file::length(&stat) >= size {
            return Ok(());
        }
        file::grow(self.descriptor(), size, operation)
    }

    /// The section with the size that was decided on.
    pub(super) fn with_size(self, size: u64) -> Self {
        Self { size, ..self }
    }

    /// Which file or memory it is, whatever it is called.
    pub(super) fn identity(&self, operation: Operation) -> Result<Identity> {
        file::identity(self.descriptor()).map_err(during(operation))
    }

    /// What a region keeps of the section, whose handle may be closed before it.
    fn source(&self) -> Result<Source> {
        let descriptor = match self.kept.get() {
            Some(kept) => Arc::clone(kept),
            None => {
                let kept = self.descriptor.try_clone().map_err(from_io(Operation::MapView))?;
                Arc::clone(self.kept.get_or_init(|| Arc::new(kept)))
            }
        };
        let reserved = self.is_reserved.then_some(self.size);
        Ok(Source { descriptor, is_file: self.is_file(), unit: self.unit, reserved })
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
        let large = attributes.contains(Attributes::LARGE_PAGES);
        let descriptor = memory_file(protection.is_executable(), large)?;
        let unit = unit_of(descriptor.as_fd())?;
        if large && !size.is_multiple_of(unit as u64) {
            return Err(Error::new(ErrorKind::InvalidArgument, Operation::CreateMapping)
                .because(format!("large pages need a size that is a multiple of {unit} bytes")));
        }
        let size = geometry::round_up(size, unit)
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, Operation::CreateMapping))?;
        if attributes.contains(Attributes::COMMIT) {
            committable(size)?;
        }
        let len = memory_len(size, attributes)?;
        file::allowed(len, Operation::CreateMapping)?;
        rustix::fs::ftruncate(&descriptor, len).map_err(during(Operation::CreateMapping))?;
        if attributes.contains(Attributes::RESERVE) {
            mark_reserved(descriptor.as_fd())?;
        }
        if large {
            // Large pages are set aside now or never: a later touch of a page that the pool
            // does not have would be a signal.
            file::reserve(descriptor.as_fd(), size, Operation::CreateMapping).map_err(|error| {
                Error::new(ErrorKind::NoResources, Operation::CreateMapping)
                    .because("the system's pool has not so many large pages")
                    .caused_by(error)
            })?;
        }
        if space == Space::AtOnce {
            file::reserve(descriptor.as_fd(), size, Operation::CreateMapping)?;
        }
        // Nobody can take pages away from under a view of this memory.
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&descriptor, seals)
            .map_err(during(Operation::CreateMapping))?;
        let section = Self::new(descriptor, Storage::Memory, size, unit).with(attributes);
        if protection.is_writable() {
            Ok(section)
        } else {
            section.duplicate(protection.rights(), false)
        }
    }

    fn over(file: &File, protection: Protection, _attributes: Attributes) -> Result<Self> {
        let operation = Operation::CreateMapping;
        file::regular(file.as_fd(), operation)?;
        let mode = file::mode(file.as_fd(), operation)?;
        if !mode.read || (protection.is_writable() && !mode.write) {
            let needed = if protection.is_writable() { "reading and writing" } else { "reading" };
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because(format!("a {protection} mapping needs a file open for {needed}")));
        }
        let descriptor = file.as_fd().try_clone_to_owned().map_err(from_io(operation))?;
        Self::of_file(descriptor, 0)
    }

    fn laid_out(self, size: u64, protection: Protection, attributes: Attributes) -> Result<Self> {
        let (descriptor, image) = Image::read(self.descriptor(), size, attributes)?;
        let section = Self::new(descriptor, Storage::Memory, image.size, page_size());
        let section = Self { image: Some(image), ..section };
        if protection.is_writable() {
            Ok(section)
        } else {
            section.duplicate(protection.rights(), false)
        }
    }

    fn settled(self, size: u64, protection: Protection, space: Space) -> Result<Self> {
        if self.image.is_some() {
            return Ok(self);
        }
        let size = self.sized(size, protection)?;
        self.grow(size, protection, space)?;
        Ok(self.with_size(size))
    }

    fn adopt(descriptor: OwnedFd) -> Result<(Self, Protection, Attributes)> {
        let operation = Operation::AdoptDescriptor;
        let stat = file::regular(descriptor.as_fd(), operation)?;
        let mode = file::mode(descriptor.as_fd(), operation)?;
        if !mode.read {
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because("the descriptor is not open for reading"));
        }
        let size = file::length(&stat);
        if size == 0 {
            return Err(Error::new(ErrorKind::EmptyFile, operation));
        }
        // Files of tmpfs know seals as well, and have a name.
        let memory = stat.st_nlink == 0 && rustix::fs::fcntl_get_seals(&descriptor).is_ok();
        let executable = memory && Mode::from_raw_mode(stat.st_mode).contains(EXECUTABLE);
        let protection = match (mode.write, executable) {
            (false, false) => Protection::ReadOnly,
            (true, false) => Protection::ReadWrite,
            (false, true) => Protection::ExecuteRead,
            (true, true) => Protection::ExecuteReadWrite,
        };
        if !memory {
            let section = Self::of_file(descriptor, size)?;
            return Ok((section, protection, Attributes::empty()));
        }
        if let Some(image) = Image::of(&descriptor, operation)? {
            let section = Self::new(descriptor, Storage::Memory, image.size, page_size());
            let attributes = image.attributes;
            return Ok((Self { image: Some(image), ..section }, protection, attributes));
        }
        let mut attributes = Attributes::COMMIT;
        let mut size = size;
        if Mode::from_raw_mode(stat.st_mode).contains(RESERVED) {
            attributes = Attributes::RESERVE;
            size = Commitment::size_within(size).ok_or_else(|| {
                Error::new(ErrorKind::WrongObject, operation)
                    .because("it is marked as reserved memory, and is not as long as any")
            })?;
        }
        Ok((Self::held(descriptor, size, attributes)?, protection, attributes))
    }

    fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    fn duplicate(&self, _rights: Rights, write: bool) -> Result<Self> {
        let twin = file::duplicate(self.descriptor(), write, Operation::DuplicateHandle)?;
        let descriptor = twin.into_descriptor();
        let (is_reserved, image) = (self.is_reserved, self.image.clone());
        let twin = Self::new(descriptor, self.storage, self.size, self.unit);
        Ok(Self { is_reserved, image, ..twin })
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn is_file(&self) -> bool {
        self.storage == Storage::File
    }

    fn is_same(&self, other: &Self) -> Result<bool> {
        Ok(self.identity(Operation::OpenMapping)? == other.identity(Operation::OpenMapping)?)
    }

    fn map(&self, request: Request) -> Result<Region> {
        match &self.image {
            Some(image) => Region::of_image(self.descriptor(), self.source()?, image, request),
            None => Region::map(self.descriptor(), self.source()?, request),
        }
    }

    fn file_len(&self) -> Result<u64> {
        let stat = rustix::fs::fstat(self.descriptor()).map_err(during(Operation::ResizeFile))?;
        Ok(file::length(&stat))
    }

    fn check_file_len(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)
    }

    fn set_file_len(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)?;
        set_len(self.descriptor(), len)
    }

    fn reserve_file(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)?;
        file::reserve(self.descriptor(), len, Operation::ResizeFile)?;
        file::grow(self.descriptor(), len, Operation::ResizeFile)
    }

    fn settle_file(&self, offset: u64, len: u64) -> Result<()> {
        file::settle(self.descriptor(), offset, len, Operation::Write)
    }

    fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        file::read_at(self.descriptor(), offset, buf, Operation::Read)
    }

    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        self.allowance.check(end, Operation::Write)?;
        file::write_at(self.descriptor(), offset, bytes, Operation::Write)
    }

    fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        if !self.is_file() {
            return Ok(());
        }
        file::flush(self.descriptor(), &self.layered, offset, len, flush)
    }
}

/// Creates an empty memory file whose mode tells whether it may hold code.
pub(super) fn memory_file(executable: bool, large: bool) -> Result<OwnedFd> {
    let operation = Operation::CreateMapping;
    let mut flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    flags.set(MemfdFlags::HUGETLB, large);
    // Kernels before 6.3 know neither word; there the mode alone tells.
    let explicit = if executable { MemfdFlags::EXEC } else { MemfdFlags::NOEXEC_SEAL };
    let descriptor = match rustix::fs::memfd_create("filemap", flags | explicit) {
        Err(Errno::INVAL) => rustix::fs::memfd_create("filemap", flags),
        other => other,
    };
    let descriptor = descriptor.map_err(|errno| match errno {
        Errno::NODEV | Errno::NOENT if large => {
            Error::new(ErrorKind::NotSupported, operation).because("this kernel has no large pages")
        }
        Errno::PERM if large => Error::new(ErrorKind::PrivilegeNotHeld, operation)
            .because("this process may not use large pages"),
        errno => from_errno(errno, operation),
    })?;
    let mode = if executable { Mode::RWXU } else { Mode::RUSR | Mode::WUSR };
    rustix::fs::fchmod(&descriptor, mode).map_err(during(operation))?;
    Ok(descriptor)
}

/// The size in bytes of the pages that a memory file is made of.
fn unit_of(descriptor: BorrowedFd<'_>) -> Result<usize> {
    let stat = rustix::fs::fstat(descriptor).map_err(during(Operation::CreateMapping))?;
    // hugetlbfs tells its page size as the block size, tmpfs tells the ordinary page's.
    let block = usize::try_from(stat.st_blksize).unwrap_or(0);
    let huge = block.is_power_of_two() && block > page_size();
    Ok(if huge && is_huge(descriptor)? { block } else { page_size() })
}

fn is_huge(descriptor: BorrowedFd<'_>) -> Result<bool> {
    /// `HUGETLBFS_MAGIC` of statfs(2).
    const HUGE: u64 = 0x958458f6;
    let stat = rustix::fs::fstatfs(descriptor).map_err(during(Operation::CreateMapping))?;
    Ok(u64::try_from(stat.f_type) == Ok(HUGE))
}

/// Bytes of a file that holds memory of `size` bytes, and what its pages need beside it.
pub(super) fn memory_len(size: u64, attributes: Attributes) -> Result<u64> {
    let beside = if attributes.contains(Attributes::RESERVE) { Commitment::len(size) } else { 0 };
    size.checked_add(beside)
        .filter(|len| i64::try_from(*len).is_ok())
        .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, Operation::CreateMapping))
}

/// Marks a memory file as one whose pages must be committed, for who has its descriptor alone.
fn mark_reserved(descriptor: BorrowedFd<'_>) -> Result<()> {
    let operation = Operation::CreateMapping;
    let stat = rustix::fs::fstat(descriptor).map_err(during(operation))?;
    let mode = Mode::from_raw_mode(stat.st_mode) | RESERVED;
    rustix::fs::fchmod(descriptor, mode).map_err(during(operation))
}

/// Refuses memory that the whole machine could not hold, as the commit limit of Windows does.
///
/// Linux would promise it and break the promise with a signal at some later store.
pub(super) fn committable(size: u64) -> Result<()> {
    let most = machine_bytes_for(size);
    if size > most {
        return Err(Error::new(ErrorKind::CommitLimit, Operation::CreateMapping).because(format!(
            "{size} bytes are more than the {most} bytes of memory and swap; \
             the attribute `reserve` asks for no promise"
        )));
    }
    Ok(())
}

/// Bytes of memory and swap that the machine has; as much as it had before, if that is enough.
pub(super) fn machine_bytes_for(size: u64) -> u64 {
    /// What the machine had when it was last asked, in bytes: it seldom loses memory, and asking
    /// costs as much as any other step of a creation.
    static MOST: AtomicU64 = AtomicU64::new(0);
    let known = MOST.load(Ordering::Relaxed);
    if size <= known {
        return known;
    }
    let system = rustix::system::sysinfo();
    let pages = system.totalram.saturating_add(system.totalswap);
    let most = pages.saturating_mul(system.mem_unit.into());
    MOST.store(most, Ordering::Relaxed);
    most
}
