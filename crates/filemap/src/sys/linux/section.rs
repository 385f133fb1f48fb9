//! The object behind a mapping: a memory file, or a file of the caller's.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, Stat};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno, from_io};
use crate::sys::platform::{Region, file, page_size};
use crate::sys::{Request, SectionContract};
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
    /// Never shared with a region: a name's lock lives in this description, and a view must
    /// not keep a name.
    descriptor: OwnedFd,
    storage: Storage,
    /// What the regions over a file flush through, made for the first of them.
    flushing: OnceLock<Arc<OwnedFd>>,
    size: u64,
    unit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    Memory,
    File,
}

/// Bits of a memory file's mode that mark it as executable.
const EXECUTABLE: Mode = Mode::XUSR;

impl Section {
    fn new(descriptor: OwnedFd, storage: Storage, size: u64, unit: usize) -> Self {
        Self { descriptor, storage, flushing: OnceLock::new(), size, unit }
    }

    /// The memory in a registry entry's own data pages.
    pub(super) fn in_entry(descriptor: OwnedFd, size: u64) -> Self {
        Self::new(descriptor, Storage::Memory, size, page_size())
    }

    /// Memory that was reached through one of its holders.
    pub(super) fn held(descriptor: OwnedFd, size: u64) -> Result<Self> {
        let unit = unit_of(descriptor.as_fd())?;
        Ok(Self::new(descriptor, Storage::Memory, size, unit))
    }

    /// A file that was opened by the path in a registry entry.
    pub(super) fn of_file(descriptor: OwnedFd, size: u64) -> Self {
        Self::new(descriptor, Storage::File, size, page_size())
    }

    /// Device and inode: which file it is, whatever it is called.
    pub(super) fn identity(&self, operation: Operation) -> Result<Stat> {
        rustix::fs::fstat(&self.descriptor).map_err(during(operation))
    }

    /// The description through which regions of a file flush; memory needs none.
    fn flushing(&self) -> Result<Option<Arc<OwnedFd>>> {
        if !self.is_file() {
            return Ok(None);
        }
        if let Some(flushing) = self.flushing.get() {
            return Ok(Some(Arc::clone(flushing)));
        }
        let descriptor = clone_of(&self.descriptor, Operation::MapView)?;
        Ok(Some(Arc::clone(self.flushing.get_or_init(|| Arc::new(descriptor)))))
    }
}

impl SectionContract for Section {
    type Region = Region;

    fn memory(size: u64, protection: Protection, attributes: Attributes) -> Result<Self> {
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
        file::allowed(size, Operation::CreateMapping)?;
        rustix::fs::ftruncate(&descriptor, size).map_err(during(Operation::CreateMapping))?;
        if large {
            // Large pages are set aside now or never: a later touch of a page that the pool
            // does not have would be a signal.
            let all = rustix::fs::FallocateFlags::empty();
            rustix::fs::fallocate(&descriptor, all, 0, size).map_err(|errno| {
                Error::new(ErrorKind::NoResources, Operation::CreateMapping)
                    .because("the system's pool has not so many large pages")
                    .caused_by(std::io::Error::from(errno))
            })?;
        }
        // Nobody can take pages away from under a view of this memory.
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&descriptor, seals)
            .map_err(during(Operation::CreateMapping))?;
        let section = Self::new(descriptor, Storage::Memory, size, unit);
        if protection.is_writable() { Ok(section) } else { section.duplicate(Rights::READ) }
    }

    fn over(file: &File, protection: Protection) -> Result<Self> {
        let operation = Operation::CreateMapping;
        file::regular(file.as_fd(), operation)?;
        let mode = file::mode(file.as_fd(), operation)?;
        if !mode.read || (protection.is_writable() && !mode.write) {
            let needed = if protection.is_writable() { "reading and writing" } else { "reading" };
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because(format!("a {protection} mapping needs a file open for {needed}")));
        }
        let descriptor = file.as_fd().try_clone_to_owned().map_err(from_io(operation))?;
        Ok(Self::of_file(descriptor, 0))
    }

    fn settled(mut self, size: u64, protection: Protection) -> Result<Self> {
        let operation = Operation::CreateMapping;
        let len = file::length(&file::regular(self.descriptor(), operation)?);
        self.size = match size {
            0 if len == 0 => return Err(Error::new(ErrorKind::EmptyFile, operation)),
            0 => len,
            _ => size,
        };
        if self.size > len {
            if !protection.is_writable() {
                return Err(Error::new(ErrorKind::SizeTooLarge, operation).because(format!(
                    "the file has {len} bytes, and a {protection} mapping cannot make it longer"
                )));
            }
            file::grow(self.descriptor(), self.size, operation).map_err(|error| {
                match error.kind() {
                    ErrorKind::FileTooLarge if i64::try_from(self.size).is_err() => {
                        Error::new(ErrorKind::SizeTooLarge, operation)
                            .because("no file can be longer than 2^63 - 1 bytes")
                    }
                    _ => error,
                }
            })?;
        }
        Ok(self)
    }

    fn adopt(descriptor: OwnedFd) -> Result<(Self, Protection)> {
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
        let memory = rustix::fs::fcntl_get_seals(&descriptor).is_ok();
        let executable = memory && Mode::from_raw_mode(stat.st_mode).contains(EXECUTABLE);
        let protection = match (mode.write, executable) {
            (false, false) => Protection::ReadOnly,
            (true, false) => Protection::ReadWrite,
            (false, true) => Protection::ExecuteRead,
            (true, true) => Protection::ExecuteReadWrite,
        };
        let section =
            if memory { Self::held(descriptor, size)? } else { Self::of_file(descriptor, size) };
        Ok((section, protection))
    }

    fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    fn duplicate(&self, rights: Rights) -> Result<Self> {
        let operation = Operation::DuplicateHandle;
        let write = rights.contains(Rights::WRITE);
        let descriptor = if file::mode(self.descriptor(), operation)?.write == write {
            // The same mode will do, and so will the same description: a name's lock is shared
            // by both, and lasts until both are closed.
            clone_of(&self.descriptor, operation)?
        } else {
            let flags = if write { OFlags::RDWR } else { OFlags::RDONLY };
            match file::reopen(self.descriptor(), flags) {
                Ok(descriptor) => descriptor,
                // Without `/proc` a lesser handle is still lesser in this process: the model
                // checks the rights before it maps.
                Err(Errno::NOENT) if !write => clone_of(&self.descriptor, operation)?,
                Err(errno) => return Err(from_errno(errno, operation)),
            }
        };
        Ok(Self::new(descriptor, self.storage, self.size, self.unit))
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn is_file(&self) -> bool {
        self.storage == Storage::File
    }

    fn is_same(&self, other: &Self) -> Result<bool> {
        let one = self.identity(Operation::OpenMapping)?;
        let other = other.identity(Operation::OpenMapping)?;
        Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
    }

    fn map(&self, request: Request) -> Result<Region> {
        Region::map(self.descriptor(), self.flushing()?, self.unit, request)
    }

    fn file_len(&self) -> Result<u64> {
        let stat = rustix::fs::fstat(self.descriptor()).map_err(during(Operation::ResizeFile))?;
        Ok(file::length(&stat))
    }

    fn set_file_len(&self, len: u64) -> Result<()> {
        file::allowed(len, Operation::ResizeFile)?;
        rustix::fs::ftruncate(self.descriptor(), len).map_err(during(Operation::ResizeFile))
    }

    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        file::allowed(end, Operation::Write)?;
        file::write_at(self.descriptor(), offset, bytes, Operation::Write)
    }

    fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        if !self.is_file() {
            return Ok(());
        }
        file::flush(self.descriptor(), offset, len, flush)
    }
}

fn clone_of(descriptor: &OwnedFd, operation: Operation) -> Result<OwnedFd> {
    descriptor.try_clone().map_err(from_io(operation))
}

/// Creates an empty memory file whose mode tells whether it may hold code.
fn memory_file(executable: bool, large: bool) -> Result<OwnedFd> {
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

/// Refuses memory that the whole machine could not hold, as the commit limit of Windows does.
///
/// Linux would promise it and break the promise with a signal at some later store.
pub(super) fn committable(size: u64) -> Result<()> {
    let system = rustix::system::sysinfo();
    let pages = system.totalram.saturating_add(system.totalswap);
    let most = pages.saturating_mul(system.mem_unit.into());
    if size > most {
        return Err(Error::new(ErrorKind::CommitLimit, Operation::CreateMapping).because(format!(
            "{size} bytes are more than the {most} bytes of memory and swap; \
             the attribute `reserve` asks for no promise"
        )));
    }
    Ok(())
}
