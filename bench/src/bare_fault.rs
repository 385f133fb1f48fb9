//! A lost page by bare system calls: what its replacement is measured beside.

#![expect(unsafe_code, reason = "a base of bare system calls, and touches by an address")]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

/// Bytes in a page.
pub(crate) const PAGE: usize = 4096;

/// A file mapped as a whole, until this is dropped.
#[derive(Debug)]
pub(crate) struct Map {
    start: *mut c_void,
    len: usize,
}

impl Map {
    pub(crate) fn of(file: &File, len: usize) -> Result<Self, Errno> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
        let start =
            unsafe { rustix::mm::mmap(ptr::null_mut(), len, access, MapFlags::SHARED, file, 0) }?;
        Ok(Self { start, len })
    }

    pub(crate) fn start(&self) -> *mut u8 {
        self.start.cast()
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the range is this value's, and no reference leads into it.
        let _ignored = unsafe { rustix::mm::munmap(self.start, self.len) };
    }
}

/// A handler of `SIGBUS` that maps a page over the address and does no more, until this is dropped.
pub(crate) struct BareHandler(libc::sigaction);

impl BareHandler {
    #[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
    pub(crate) fn install() -> io::Result<Self> {
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = replace;
        // SAFETY: all bytes zero is a valid action.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = (handler as *const ()).addr();
        action.sa_flags = libc::SA_SIGINFO;
        let mut before = MaybeUninit::uninit();
        // SAFETY: the action is valid, and there is room for the one before.
        match unsafe { libc::sigaction(libc::SIGBUS, &raw const action, before.as_mut_ptr()) } {
            // SAFETY: the call succeeded, so it has written the action before.
            0 => Ok(Self(unsafe { before.assume_init() })),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for BareHandler {
    fn drop(&mut self) {
        // SAFETY: the action is the one that was there before.
        unsafe { libc::sigaction(libc::SIGBUS, &raw const self.0, ptr::null_mut()) };
    }
}

extern "C" fn replace(_signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
    // SAFETY: the kernel hands a valid structure.
    let info = unsafe { &*info };
    // SAFETY: it carries an address for this signal.
    let address = unsafe { info.si_addr() };
    let page = address.wrapping_byte_sub(address.addr() % PAGE);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: replaces a page of a map that is this program's, and of whose bytes nobody knows.
    unsafe { libc::mmap(page, PAGE, access, flags, -1, 0) };
}

/// Reads a byte of each of so many pages, the last one first; returns their sum.
pub(crate) fn touch(start: *mut u8, pages: usize) -> u64 {
    // SAFETY: the caller has them mapped, and a handler for those that are lost.
    let read = |page: usize| unsafe { start.wrapping_add(page * PAGE).read_volatile() };
    (0..pages).rev().map(read).map(u64::from).sum()
}
