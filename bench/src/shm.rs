//! Shared memory by the bare calls: what a named mapping is measured against.

#![expect(unsafe_code, reason = "a baseline of bare system calls")]

use std::os::fd::OwnedFd;
use std::ptr;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::shm::OFlags;

/// A name, removed when dropped.
#[derive(Debug)]
pub(crate) struct Name(String);

impl Name {
    /// Makes an object that has this name, and closes it.
    pub(crate) fn create(name: String, len: u64) -> Result<Self, Errno> {
        create(&name, len, OFlags::EXCL)?;
        Ok(Self(name))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // A name that is gone already is as good.
        let _ignored = rustix::shm::unlink(&self.0);
    }
}

/// `shm_open` for a new name, `ftruncate`, `mmap`, `munmap`, `close`, `shm_unlink`.
pub(crate) fn cycle_new(name: &str, len: u64) -> Result<(), Errno> {
    cycle(name, len, OFlags::EXCL)
}

/// The same for a name that may be there already, and may be gone when it is to be removed.
pub(crate) fn cycle_any(name: &str, len: u64) -> Result<(), Errno> {
    match cycle(name, len, OFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

fn cycle(name: &str, len: u64, flags: OFlags) -> Result<(), Errno> {
    let descriptor = create(name, len, flags)?;
    map_and_unmap(&descriptor, len)?;
    drop(descriptor);
    rustix::shm::unlink(name)
}

fn create(name: &str, len: u64, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CREATE | OFlags::RDWR;
    let descriptor = rustix::shm::open(name, flags, Mode::RUSR | Mode::WUSR)?;
    rustix::fs::ftruncate(&descriptor, len)?;
    Ok(descriptor)
}

/// `shm_open` for a name that is there, `fstat` for its length, `mmap`, `munmap`, `close`.
pub(crate) fn cycle_there(name: &str) -> Result<(), Errno> {
    let descriptor = rustix::shm::open(name, OFlags::RDWR, Mode::empty())?;
    let stat = rustix::fs::fstat(&descriptor)?;
    match u64::try_from(stat.st_size) {
        // Somebody has just made it, and has not said yet how long it is to be.
        Ok(0) | Err(_) => Ok(()),
        Ok(len) => map_and_unmap(&descriptor, len),
    }
}

/// `mmap` of `len` bytes, and `munmap` at once.
fn map_and_unmap(descriptor: &OwnedFd, len: u64) -> Result<(), Errno> {
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
