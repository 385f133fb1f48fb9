//! A shared library with a copy of `filemap` of its own.
//!
//! A test loads it beside the copy that it has itself, and hosts that are not written in Rust
//! load it to see that it does not get in their way, nor they in its.

#![expect(unsafe_code, reason = "functions that C can call have names that Rust cannot check")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use filemap::{
    Access, Error, ErrorKind, FileMapping, OnLoss, PositionedIo, Registry, View, page_size,
};

/// A file without a name.
fn file() -> io::Result<File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(format!("filemap-twin-{process}-{number}"));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// A view of two pages, the second of which is gone.
fn cut_view() -> io::Result<View> {
    let file = file()?;
    let mapping = FileMapping::options().file(&file).size(2 * page_size() as u64).create()?;
    let view = mapping.map(Access::Write)?;
    file.set_len(page_size() as u64)?;
    Ok(view)
}

/// Touches a lost page of a view of this copy's by its address, and maps the file back; 0 if it was
/// zeros, and told.
#[unsafe(no_mangle)]
pub extern "C" fn twin_zeros() -> c_int {
    c_int::from(!reads_zeros().unwrap_or(false))
}

fn reads_zeros() -> io::Result<bool> {
    let (file, page) = (file()?, page_size());
    let mapping = FileMapping::options().file(&file).size(2 * page as u64).create()?;
    let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()?;
    view.write(page, &1_u8)?;
    file.set_len(page as u64)?;
    // SAFETY: the view has two pages, and lives on.
    let lost = unsafe { view.as_ptr().wrapping_add(page).read_volatile() };
    let told = view.lost().len() == 1 && view.read::<u8>(page).is_err();
    file.set_len(2 * page as u64)?;
    let restored = view.restore()?.len() == 1 && view.read::<u8>(page)? == 0;
    Ok(lost == 0 && told && restored)
}

/// The same by the name under which a JVM looks for `Probe.zeros`, a static method.
#[unsafe(export_name = "Java_Probe_zeros")]
pub extern "C" fn java_zeros(_environment: *mut c_void, _class: *mut c_void) -> c_int {
    twin_zeros()
}

/// Returns true if accesses of several sorts next to the lost page all report it.
fn survives(view: &View) -> bool {
    const LEN: usize = 500;
    let (from, mut bytes) = (page_size() - 100, [0; LEN]);
    let done = |result: Result<(), Error>| {
        let error = result.err().filter(|error| error.kind() == ErrorKind::Lost)?;
        error.loss().map(|loss| loss.done)
    };
    done(view.read_exact_at(&mut bytes, from as u64)) == Some(100)
        && done(view.write_all_at(&bytes, from as u64)) == Some(100)
        && done(view.fill(from, LEN, 0)) == Some(100)
        && done(view.read::<u64>(page_size()).map(drop)) == Some(0)
        && view.read::<u64>(0).is_ok()
}

/// Puts this copy's handler on top; 0 is success.
#[unsafe(no_mangle)]
pub extern "C" fn twin_prepare() -> c_int {
    c_int::from(filemap::prepare_thread().is_err())
}

/// Makes a view of two pages, cuts its file after the first, and never lets it go; null if that
/// fails.
#[unsafe(no_mangle)]
pub extern "C" fn twin_view() -> *const c_void {
    cut_view().map_or(null_mut(), |view| Box::into_raw(Box::new(view)).cast::<c_void>())
}

/// Accesses the lost page of a view in several ways; 0 if each of them reported it.
///
/// # Safety
///
/// `view` is what [`twin_view`] returned, and not null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn twin_survives(view: *const c_void) -> c_int {
    // SAFETY: the caller passes what `twin_view` made, which lives on.
    let view = unsafe { &*view.cast::<View>() };
    c_int::from(!survives(view))
}

/// Does all of this with a new view; 0 if each access reported the lost page.
#[unsafe(no_mangle)]
pub extern "C" fn twin_probe() -> c_int {
    c_int::from(!cut_view().is_ok_and(|view| survives(&view)))
}

/// The same by the name under which a JVM looks for `Probe.probe`, a static method.
#[unsafe(export_name = "Java_Probe_probe")]
pub extern "C" fn java_probe(_environment: *mut c_void, _class: *mut c_void) -> c_int {
    twin_probe()
}

/// The name that a host passes; nothing if it is not text.
///
/// # Safety
///
/// `name` is not null, and ends with a zero.
unsafe fn text<'name>(name: *const c_char) -> Option<&'name str> {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(name) }.to_str().ok()
}

/// Holds a page of memory under the name until the process ends, and never closes it; 0 is success.
///
/// # Safety
///
/// `name` is not null, and ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn twin_hold(name: *const c_char) -> c_int {
    static HELD: Mutex<Vec<FileMapping>> = Mutex::new(Vec::new());
    // SAFETY: the caller's promise.
    let Some(name) = (unsafe { text(name) }) else { return 1 };
    match FileMapping::options().name(name).size(page_size() as u64).create() {
        Ok(mapping) => {
            HELD.lock().unwrap_or_else(PoisonError::into_inner).push(mapping);
            0
        }
        Err(_) => 1,
    }
}

/// Returns true if anybody holds the name, this process included: 1, or 0.
///
/// # Safety
///
/// `name` is not null, and ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn twin_is_live(name: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let Some(name) = (unsafe { text(name) }) else { return 0 };
    c_int::from(Registry::system().inspect(name).is_ok_and(|entry| entry.is_live()))
}
