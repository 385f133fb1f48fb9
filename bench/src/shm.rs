//! Shared memory by bare system calls: what names and views are measured beside.

#![expect(unsafe_code, reason = "a base of bare system calls")]

use std::ffi::c_void;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::shm::OFlags;

/// A name, removed when dropped.
#[derive(Debug)]
pub(crate) struct Name(String);

impl Name {
    /// Makes an object of this name, and closes it.
    pub(crate) fn create(name: String, len: u64) -> Result<Self, Errno> {
        create(&name, len)?;
        Ok(Self(name))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // A name that is gone already is as good.
        let _ignored = rustix::shm::unlink(&self.0);
    }
}

/// Calls `shm_open` for a new name, `ftruncate`, `mmap`, `munmap`, `close` and `shm_unlink`.
pub(crate) fn cycle_new(name: &str, len: u64) -> Result<(), Errno> {
    let descriptor = create(name, len)?;
    map_and_unmap(&descriptor, usize::try_from(len).map_err(|_| Errno::NOMEM)?, |_| {})?;
    drop(descriptor);
    rustix::shm::unlink(name)
}

fn create(name: &str, len: u64) -> Result<OwnedFd, Errno> {
    let flags = OFlags::EXCL | OFlags::CREATE | OFlags::RDWR;
    let descriptor = rustix::shm::open(name, flags, Mode::RUSR | Mode::WUSR)?;
    rustix::fs::ftruncate(&descriptor, len)?;
    Ok(descriptor)
}

/// Calls `shm_open` for a name that exists, `fstat` for its length, `mmap`, `munmap`, `close`.
pub(crate) fn cycle_there(name: &str) -> Result<(), Errno> {
    let descriptor = rustix::shm::open(name, OFlags::RDWR, Mode::empty())?;
    let stat = rustix::fs::fstat(&descriptor)?;
    map_and_unmap(&descriptor, usize::try_from(stat.st_size).map_err(|_| Errno::NOMEM)?, |_| {})
}

/// Calls `mmap` of `len` bytes, `touch` with their address, and `munmap`.
pub(crate) fn map_and_unmap(
    descriptor: impl AsFd,
    len: usize,
    touch: impl Fn(*mut c_void),
) -> Result<(), Errno> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let mapped =
        unsafe { rustix::mm::mmap(ptr::null_mut(), len, access, MapFlags::SHARED, descriptor, 0) }?;
    let mapped = std::hint::black_box(mapped);
    touch(mapped);
    // SAFETY: the range was mapped a moment ago, and no reference leads into it.
    unsafe { rustix::mm::munmap(mapped, len) }
}

/// Lets this process have as many open files as it is allowed to have.
pub(crate) fn raise_file_limit() -> Result<(), Errno> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
}
