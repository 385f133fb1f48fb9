//! `MapViewOfFile`, and the functions to unmap and flush its views.

use std::ptr::null_mut;
use std::sync::atomic::AtomicBool;

use filemap::{Access, Attributes, Flush, OnLoss};

use crate::boundary::{Code, Result, quiet};
use crate::views::{self, Mapped};
use crate::windows::{
    BOOL, DWORD, ERROR_INVALID_PARAMETER, FALSE, FILE_MAP_COPY, FILE_MAP_EXECUTE, FILE_MAP_READ,
    FILE_MAP_WRITE, HANDLE, LPCVOID, LPVOID, SIZE_T, TRUE,
};
use crate::{handles, losses};

/// Returns the access for the `FILE_MAP_` words of a view.
fn access(wanted: DWORD) -> Access {
    let executable = wanted & FILE_MAP_EXECUTE != 0;
    match wanted & !FILE_MAP_EXECUTE {
        // `FILE_MAP_COPY` is ignored beside any other word.
        FILE_MAP_COPY if executable => Access::ExecuteCopy,
        FILE_MAP_COPY => Access::Copy,
        rest if rest & FILE_MAP_WRITE != 0 && executable => Access::ExecuteWrite,
        rest if rest & FILE_MAP_WRITE != 0 => Access::Write,
        rest if rest & FILE_MAP_READ != 0 && executable => Access::ExecuteRead,
        rest if rest & FILE_MAP_READ != 0 => Access::Read,
        _ => Access::NoAccess,
    }
}

/// Maps a view. One that makes a choice of its own may reach what its file has grown by as well.
pub(crate) fn map(
    mapping: HANDLE,
    wanted: DWORD,
    offset: u64,
    len: SIZE_T,
    address: LPVOID,
    own: Option<OnLoss>,
) -> Result<LPVOID> {
    let held = handles::mapping(mapping)?;
    let mut options = held.view(access(wanted)).strict().unguarded();
    if own.is_some() && len != 0 {
        options = options.grown();
    }
    // An image is mapped as a whole, whatever range is given.
    if !held.attributes().contains(Attributes::IMAGE) {
        options = options.offset(offset);
        if len != 0 {
            options = options.len(len);
        }
    }
    if !address.is_null() {
        options = options.address(address.addr());
    }
    let view = losses::map(options, &held, own)?;
    let start = view.as_ptr();
    let attributes = held.attributes();
    let prepared = AtomicBool::new(false);
    views::insert(start.addr(), Mapped { view, kept: held.kept.clone(), attributes, prepared });
    Ok(start.cast())
}

fn unmap(address: LPCVOID) -> Result<BOOL> {
    views::close(views::take(address.addr())?)?;
    Ok(TRUE)
}

fn flush(address: LPCVOID, len: SIZE_T) -> Result<BOOL> {
    let (base, mapped) = views::find(address.addr())?;
    let start = address.addr() - base;
    let view = &mapped.view;
    let end = match len {
        0 => view.len(),
        len => start.checked_add(len).ok_or(Code(ERROR_INVALID_PARAMETER))?,
    };
    // Bytes past the view's end in its last page cannot be flushed.
    let end = if end <= mapped.whole_pages() { end.min(view.len()) } else { end };
    view.flush(start.min(end)..end, Flush::Written)?;
    Ok(TRUE)
}

/// Maps a view of a file mapping at an address that the system chooses.
///
/// The offset must be a multiple of 65536 (`ERROR_MAPPED_ALIGNMENT`); a length of 0 reaches to the
/// end of the mapping.
///
/// Returns NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn MapViewOfFile(
    hFileMappingObject: HANDLE,
    dwDesiredAccess: DWORD,
    dwFileOffsetHigh: DWORD,
    dwFileOffsetLow: DWORD,
    dwNumberOfBytesToMap: SIZE_T,
) -> LPVOID {
    let offset = u64::from(dwFileOffsetHigh) << 32 | u64::from(dwFileOffsetLow);
    quiet(null_mut(), || {
        let len = dwNumberOfBytesToMap;
        map(hFileMappingObject, dwDesiredAccess, offset, len, null_mut(), None)
    })
}

/// Maps a view of a file mapping at this address and nowhere else, or anywhere if it is NULL.
///
/// Returns NULL on failure: `ERROR_INVALID_ADDRESS` if the address is taken.
#[unsafe(no_mangle)]
pub extern "C" fn MapViewOfFileEx(
    hFileMappingObject: HANDLE,
    dwDesiredAccess: DWORD,
    dwFileOffsetHigh: DWORD,
    dwFileOffsetLow: DWORD,
    dwNumberOfBytesToMap: SIZE_T,
    lpBaseAddress: LPVOID,
) -> LPVOID {
    let offset = u64::from(dwFileOffsetHigh) << 32 | u64::from(dwFileOffsetLow);
    quiet(null_mut(), || {
        let len = dwNumberOfBytesToMap;
        map(hFileMappingObject, dwDesiredAccess, offset, len, lpBaseAddress, None)
    })
}

/// Unmaps the whole view that has the address in it.
///
/// Returns FALSE on failure: `ERROR_INVALID_ADDRESS` if there is no such view.
#[unsafe(no_mangle)]
pub extern "C" fn UnmapViewOfFile(lpBaseAddress: LPCVOID) -> BOOL {
    quiet(FALSE, || unmap(lpBaseAddress))
}

/// `UnmapViewOfFile`; the flags are a hint (`MEM_UNMAP_WITH_TRANSIENT_BOOST`), or about placeholders,
/// which are not supported (`ERROR_INVALID_PARAMETER`).
#[unsafe(no_mangle)]
pub extern "C" fn UnmapViewOfFileEx(BaseAddress: LPVOID, UnmapFlags: DWORD) -> BOOL {
    const TRANSIENT_BOOST: DWORD = 1;
    quiet(FALSE, || {
        if UnmapFlags & !TRANSIENT_BOOST != 0 {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        unmap(BaseAddress)
    })
}

/// Writes the dirty pages of a range of a view to its file; a length of 0 reaches to the end of
/// the view.
///
/// Returns FALSE on failure.
#[unsafe(no_mangle)]
pub extern "C" fn FlushViewOfFile(lpBaseAddress: LPCVOID, dwNumberOfBytesToFlush: SIZE_T) -> BOOL {
    quiet(FALSE, || flush(lpBaseAddress, dwNumberOfBytesToFlush))
}
