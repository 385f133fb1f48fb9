//! Views by the C interface, beside `mmap`.

#![expect(unsafe_code, reason = "functions of C, of a library that is loaded")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::mem::transmute_copy;
use std::os::fd::AsFd as _;
use std::ptr::{null, without_provenance_mut};

use super::library::{FileMapping, Protection};
use crate::harness::{Bar, Row, timed};
use crate::{Result, shm};

/// Bytes of a view.
const LEN: usize = 65536;

/// Views in one measurement.
const COUNT: usize = 2000;

type Handle = *mut c_void;
type Create = unsafe extern "C" fn(Handle, *const c_void, u32, u32, u32, *const c_char) -> Handle;
type Map = unsafe extern "C" fn(Handle, u32, u32, u32, usize) -> *mut c_void;
type Unmap = unsafe extern "C" fn(*const c_void) -> c_int;

pub(crate) fn rows<'a>() -> Result<Vec<Row<'a>>> {
    let library = load()?;
    // SAFETY: the header says of each function what its type says here.
    let create: Create = unsafe { function(library, c"CreateFileMappingA") }?;
    // SAFETY: as above.
    let map: Map = unsafe { function(library, c"MapViewOfFile") }?;
    // SAFETY: as above.
    let unmap: Unmap = unsafe { function(library, c"UnmapViewOfFile") }?;
    // SAFETY: memory of 1 MiB without file, attributes and name; it lives as long as the process.
    let handle =
        unsafe { create(without_provenance_mut(usize::MAX), null(), 4, 0, 1 << 20, null()) };
    Ok(vec![Row {
        name: "`MapViewOfFile` of 64 KiB, one store, `UnmapViewOfFile`".to_owned(),
        beside: "`mmap`, one store, `munmap`",
        bar: Bar::Ratio(1.3),
        contestant: Box::new(move || {
            Ok(Box::new(move |_| {
                timed(COUNT, || {
                    // SAFETY: a handle that is open, and may be written through.
                    let address = unsafe { map(handle, 2, 0, 0, LEN) };
                    if address.is_null() {
                        return Err("no view".into());
                    }
                    store(black_box(address));
                    // SAFETY: the address of a view, which nobody uses any more.
                    unsafe { unmap(address) };
                    Ok(())
                })
            }))
        }),
        base: Box::new(move || {
            let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
            Ok(Box::new(move |_| {
                timed(COUNT, || Ok(shm::map_and_unmap(mapping.as_fd(), LEN, store)?))
            }))
        }),
    }])
}

fn store(address: *mut c_void) {
    // SAFETY: called with the address of a map that can be written, and that nobody else has.
    unsafe { address.cast::<u8>().write_volatile(1) };
}

/// Loads `libfilemap.so`, which `cargo xtask bench` has built beside this program.
fn load() -> Result<*mut c_void> {
    let path = std::env::current_exe()?.with_file_name("libfilemap.so");
    let name = CString::new(path.as_os_str().as_encoded_bytes())?;
    // SAFETY: a library of this project's, whose loading has no effect.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        let path = path.display();
        return Err(format!("{path} cannot be loaded; `cargo xtask bench` builds it").into());
    }
    Ok(library)
}

/// Finds a function.
///
/// # Safety
///
/// It is of the type `F`, which is one of functions.
unsafe fn function<F>(library: *mut c_void, name: &CStr) -> Result<F> {
    // SAFETY: the library is loaded, and the name ends with a NUL.
    let found = unsafe { libc::dlsym(library, name.as_ptr()) };
    if found.is_null() {
        return Err(format!("{name:?} is missing").into());
    }
    // SAFETY: the caller vouches for it.
    Ok(unsafe { transmute_copy::<*mut c_void, F>(&found) })
}
