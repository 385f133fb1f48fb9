//! Shared memory by the bare calls: what a named mapping is measured against.

#![expect(unsafe_code, reason = "a baseline of bare system calls")]

use std::os::fd::OwnedFd;
use std::ptr;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::shm::OFlags;

/// A name of its own, gone when dropped.
#[derive(Debug)]
pub(crate) struct Named {
    name: String,
    descriptor: OwnedFd,
}

impl Named {
    /// `shm_open` for a new name, and `ftruncate`.
    pub(crate) fn create(name: String, len: u64) -> Result<Self, Errno> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        let descriptor = rustix::shm::open(&name, flags, Mode::RUSR | Mode::WUSR)?;
        let named = Self { name, descriptor };
        rustix::fs::ftruncate(&named.descriptor, len)?;
        Ok(named)
    }

    pub(crate) fn descriptor(&self) -> &OwnedFd {
        &self.descriptor
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // A name that is gone already is as good.
        let _ignored = rustix::shm::unlink(&self.name);
    }
}

/// `shm_open` for a name that is there, and `fstat` for its length.
pub(crate) fn open(name: &str) -> Result<(OwnedFd, u64), Errno> {
    let descriptor = rustix::shm::open(name, OFlags::RDWR, Mode::empty())?;
    let stat = rustix::fs::fstat(&descriptor)?;
    Ok((descriptor, u64::try_from(stat.st_size).unwrap_or(0)))
}

/// `mmap` of `len` bytes, and `munmap` at once.
pub(crate) fn map_and_unmap(descriptor: &OwnedFd, len: u64) -> Result<(), Errno> {
    let len = usize::try_from(len).map_err(|_| Errno::NOMEM)?;
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let mapped =
        unsafe { rustix::mm::mmap(ptr::null_mut(), len, access, MapFlags::SHARED, descriptor, 0) }?;
    let mapped = std::hint::black_box(mapped);
    // SAFETY: the range was mapped a moment ago, and no reference leads into it.
    unsafe { rustix::mm::munmap(mapped, len) }
}

/// Lets this process have as many open files as it is allowed to have.
pub(crate) fn raise_file_limit() -> Result<(), Errno> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
}
