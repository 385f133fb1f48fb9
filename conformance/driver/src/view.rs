//! `MapViewOfFile` and what is done with its addresses.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use filemap::{Access, Attributes, Flush, PageAccess, PageState, View, page_size};

use crate::error::{self, Code, INVALID_ADDRESS, INVALID_PARAMETER, UNSUPPORTED};
use crate::handle::{self, Handle};

/// All views of this process, by their addresses.
fn views() -> MutexGuard<'static, BTreeMap<usize, View>> {
    static VIEWS: Mutex<BTreeMap<usize, View>> = Mutex::new(BTreeMap::new());
    // Nothing under the lock leaves it half changed.
    VIEWS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The address of a view that has `address` in its pages.
fn base_of(views: &BTreeMap<usize, View>, address: usize) -> Option<usize> {
    let (base, view) = views.range(..=address).next_back()?;
    (address - base < whole_pages(view)).then_some(*base)
}

fn whole_pages(view: &View) -> usize {
    view.len().next_multiple_of(page_size())
}

/// What `wanted` asks of a view's pages.
fn access(wanted: u32) -> Access {
    const EXECUTE: u32 = 0x20;
    let executable = wanted & EXECUTE != 0;
    match wanted & !EXECUTE {
        0x1 if executable => Access::CopyExecute,
        0x1 => Access::Copy,
        rest if rest & 0x2 != 0 && executable => Access::WriteExecute,
        rest if rest & 0x2 != 0 => Access::Write,
        rest if rest & 0x4 != 0 && executable => Access::ReadExecute,
        rest if rest & 0x4 != 0 => Access::Read,
        _ => Access::NoAccess,
    }
}

fn map(
    mapping: Handle,
    wanted: u32,
    offset: u64,
    len: usize,
    address: usize,
) -> Result<*mut c_void, Code> {
    let mapping = handle::mapping(mapping)?;
    let mut options = mapping.view(access(wanted)).strict();
    // A program is mapped as a whole, whatever is asked for.
    let is_image = mapping.attributes().contains(Attributes::IMAGE);
    if !is_image {
        options = options.offset(offset);
    }
    if len != 0 && !is_image {
        options = options.len(len);
    }
    if address != 0 {
        options = options.address(address);
    }
    let view = options.map()?;
    // SAFETY: the pointer goes to a program that has taken the door's terms upon itself: this is
    // what it is to map a view in C.
    let start = unsafe { view.raw().pointer() }.as_ptr();
    views().insert(start.addr(), view);
    Ok(start.cast())
}

fn unmap(address: usize) -> Result<c_int, Code> {
    let mut views = views();
    let base = base_of(&views, address).ok_or(Code(INVALID_ADDRESS))?;
    let view = views.remove(&base).ok_or(Code(INVALID_ADDRESS))?;
    view.unmap()?;
    Ok(1)
}

fn flush(address: usize, len: usize) -> Result<c_int, Code> {
    let views = views();
    let base = base_of(&views, address).ok_or(Code(INVALID_ADDRESS))?;
    let view = views.get(&base).ok_or(Code(INVALID_ADDRESS))?;
    let start = address - base;
    let whole = whole_pages(view);
    let end = match len {
        0 => view.len(),
        len => start.checked_add(len).ok_or(Code(INVALID_PARAMETER))?,
    };
    // What belongs to the last page and not to the view is nothing that could be flushed.
    let end = if end <= whole { end.min(view.len()) } else { end };
    view.flush(start.min(end)..end, Flush::Written)?;
    Ok(1)
}

/// `MEMORY_BASIC_INFORMATION`.
#[repr(C)]
struct Information {
    address: *mut c_void,
    base: *mut c_void,
    first_protection: u32,
    partition: u32,
    size: usize,
    state: u32,
    protection: u32,
    kind: u32,
}

fn protection(access: PageAccess) -> u32 {
    match access {
        PageAccess::NoAccess => 0x01,
        PageAccess::Read => 0x02,
        PageAccess::Write => 0x04,
        PageAccess::Copy => 0x08,
        PageAccess::Execute => 0x10,
        PageAccess::ReadExecute => 0x20,
        PageAccess::WriteExecute => 0x40,
        PageAccess::CopyExecute => 0x80,
    }
}

fn query(address: usize) -> Result<Information, Code> {
    const COMMIT: u32 = 0x1000;
    const RESERVE: u32 = 0x2000;
    const MAPPED: u32 = 0x40000;
    let views = views();
    // Of addresses that are in no view the library knows nothing.
    let base = base_of(&views, address).ok_or(Code(UNSUPPORTED))?;
    let view = views.get(&base).ok_or(Code(UNSUPPORTED))?;
    let page = address - address % page_size();
    let run = view.pages_at(page - base)?;
    Ok(Information {
        address: without_provenance_mut(page),
        base: without_provenance_mut(base),
        first_protection: protection(run.mapped()),
        partition: 0,
        size: run.len(),
        state: if run.state() == PageState::Committed { COMMIT } else { RESERVE },
        protection: run.protection().map_or(0, |now| protection(now.access())),
        kind: MAPPED,
    })
}

#[unsafe(no_mangle)]
extern "C" fn MapViewOfFile(
    mapping: Handle,
    wanted: u32,
    high: u32,
    low: u32,
    len: usize,
) -> *mut c_void {
    handle::begin();
    error::or(null_mut(), map(mapping, wanted, u64::from(high) << 32 | u64::from(low), len, 0))
}

#[unsafe(no_mangle)]
extern "C" fn MapViewOfFileEx(
    mapping: Handle,
    wanted: u32,
    high: u32,
    low: u32,
    len: usize,
    address: usize,
) -> *mut c_void {
    handle::begin();
    let offset = u64::from(high) << 32 | u64::from(low);
    error::or(null_mut(), map(mapping, wanted, offset, len, address))
}

#[unsafe(no_mangle)]
extern "C" fn UnmapViewOfFile(address: usize) -> c_int {
    error::or(0, unmap(address))
}

#[unsafe(no_mangle)]
extern "C" fn FlushViewOfFile(address: usize, len: usize) -> c_int {
    error::or(0, flush(address, len))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn VirtualQuery(
    address: usize,
    information: *mut Information,
    len: usize,
) -> usize {
    error::or(0, {
        if information.is_null() || len < size_of::<Information>() {
            Err(Code(INVALID_PARAMETER))
        } else {
            query(address).map(|found| {
                // SAFETY: it was just seen to be there and long enough, by the caller's word.
                unsafe { information.write(found) };
                size_of::<Information>()
            })
        }
    })
}
