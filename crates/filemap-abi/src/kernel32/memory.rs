//! Pages: their state, protection, commitment and locking.

use std::ops::Range;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::Arc;

use filemap::{Attributes, PageAccess, PageProtection, PageState, page_size};

use crate::boundary::{Code, Result, quiet};
use crate::kernel32::create::NO_CACHE;
use crate::kernel32::maps::{self, MappedRange};
use crate::kernel32::system::ADDRESSES;
use crate::views::{self, Mapped};
use crate::windows::{
    BOOL, DWORD, ERROR_BAD_LENGTH, ERROR_CALL_NOT_IMPLEMENTED, ERROR_INVALID_ADDRESS,
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, FALSE, HANDLE,
    INVALID_HANDLE_VALUE, LPCVOID, LPVOID, MEM_COMMIT, MEM_DECOMMIT, MEM_FREE, MEM_IMAGE,
    MEM_MAPPED, MEM_PRIVATE, MEM_RELEASE, MEM_RESERVE, MEM_RESET, MEMORY_BASIC_INFORMATION,
    PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY, PAGE_GUARD,
    PAGE_NOACCESS, PAGE_NOCACHE, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, SIZE_T, TRUE,
    WIN32_MEMORY_RANGE_ENTRY,
};

/// The access of pages, and the `PAGE_` words for it.
const WORDS: [(PageAccess, DWORD); 8] = [
    (PageAccess::NoAccess, PAGE_NOACCESS),
    (PageAccess::Read, PAGE_READONLY),
    (PageAccess::Write, PAGE_READWRITE),
    (PageAccess::Copy, PAGE_WRITECOPY),
    (PageAccess::Execute, PAGE_EXECUTE),
    (PageAccess::ExecuteRead, PAGE_EXECUTE_READ),
    (PageAccess::ExecuteWrite, PAGE_EXECUTE_READWRITE),
    (PageAccess::ExecuteCopy, PAGE_EXECUTE_WRITECOPY),
];

fn word(access: PageAccess) -> DWORD {
    WORDS.iter().find(|(known, _)| *known == access).map_or(PAGE_NOACCESS, |(_, word)| *word)
}

/// Returns the protection for a word, with or without `PAGE_GUARD`.
fn protection(word: DWORD) -> Result<PageProtection> {
    let plain = word & !PAGE_GUARD;
    let known = WORDS.iter().find(|(_, known)| *known == plain);
    let (access, _) = known.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    Ok(if word & PAGE_GUARD != 0 { access.guarded() } else { (*access).into() })
}

/// Returns the word for a protection, as pages of this view report it.
fn told(mapped: &Mapped, protection: PageProtection) -> DWORD {
    let guard = if protection.is_guarded() { PAGE_GUARD } else { 0 };
    word(protection.access()) | guard | cache(mapped)
}

fn is_image(mapped: &Mapped) -> bool {
    mapped.attributes.contains(Attributes::IMAGE)
}

fn cache(mapped: &Mapped) -> DWORD {
    if mapped.attributes.contains(NO_CACHE) { PAGE_NOCACHE } else { 0 }
}

/// Returns the view that has `address` in its pages, and the range of `len` bytes from there.
///
/// # Errors
///
/// `ERROR_INVALID_ADDRESS` if there is none; `outside` if the range ends past its pages, or past all
/// addresses.
fn part(address: LPCVOID, len: SIZE_T, outside: DWORD) -> Result<(Arc<Mapped>, Range<usize>)> {
    let (base, mapped) = views::find(address.addr())?;
    let start = address.addr() - base;
    let end = start.checked_add(len).filter(|end| *end <= mapped.whole_pages());
    Ok((mapped, start..end.ok_or(Code(outside))?))
}

fn query(address: usize) -> Result<MEMORY_BASIC_INFORMATION> {
    let page = address - address % page_size();
    let Ok((base, mapped)) = views::find(address) else { return elsewhere(page) };
    let run = mapped.view.pages_at(page - base)?;
    Ok(MEMORY_BASIC_INFORMATION {
        BaseAddress: without_provenance_mut(page),
        AllocationBase: without_provenance_mut(base),
        AllocationProtect: word(run.mapped()) | cache(&mapped),
        PartitionId: 0,
        RegionSize: run.len(),
        State: match run.state() {
            PageState::Reserved => MEM_RESERVE,
            PageState::Committed => MEM_COMMIT,
        },
        Protect: run.protection().map_or(0, |protection| told(&mapped, protection)),
        Type: if is_image(&mapped) { MEM_IMAGE } else { MEM_MAPPED },
    })
}

/// Returns what the system knows of addresses that are in no view.
fn elsewhere(page: usize) -> Result<MEMORY_BASIC_INFORMATION> {
    let (_, last) = ADDRESSES;
    if page > last {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    let mut end = last + 1;
    for MappedRange { start, end: to, reads, writes, runs } in maps::ranges()? {
        if page < start {
            end = end.min(start);
            break;
        }
        if page < to {
            let protection = match (reads, writes, runs) {
                (_, true, true) => PAGE_EXECUTE_READWRITE,
                (_, true, false) => PAGE_READWRITE,
                (_, false, true) => PAGE_EXECUTE_READ,
                (true, false, false) => PAGE_READONLY,
                (false, false, false) => PAGE_NOACCESS,
            };
            return Ok(MEMORY_BASIC_INFORMATION {
                BaseAddress: without_provenance_mut(page),
                AllocationBase: without_provenance_mut(start),
                AllocationProtect: protection,
                PartitionId: 0,
                RegionSize: to - page,
                State: MEM_COMMIT,
                Protect: protection,
                Type: MEM_PRIVATE,
            });
        }
    }
    Ok(MEMORY_BASIC_INFORMATION {
        BaseAddress: without_provenance_mut(page),
        AllocationBase: null_mut(),
        AllocationProtect: 0,
        PartitionId: 0,
        RegionSize: end - page,
        State: MEM_FREE,
        Protect: PAGE_NOACCESS,
        Type: 0,
    })
}

fn allocate(address: LPVOID, len: SIZE_T, kind: DWORD, word: DWORD) -> Result<LPVOID> {
    let known = MEM_COMMIT | MEM_RESERVE | MEM_RESET;
    if kind & known == 0 || len == 0 {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    let protection = protection(word)?;
    let copies = matches!(word & !PAGE_GUARD, PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY);
    if copies && (address.is_null() || kind & MEM_RESERVE != 0) {
        // Memory of a process has nothing to copy from.
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    if address.is_null() {
        // Memory without a mapping is the business of `mmap` and `malloc`.
        return Err(Code(ERROR_CALL_NOT_IMPLEMENTED));
    }
    let (mapped, range) = part(address, len, ERROR_INVALID_ADDRESS)?;
    let page = address.addr() - address.addr() % page_size();
    match kind {
        MEM_COMMIT => mapped.view.commit(range, protection)?,
        // `MEM_RESET` is a hint, and the bytes of a file must be kept anyway.
        MEM_RESET => {}
        // The addresses of a view cannot be reserved again.
        _ if kind & MEM_RESERVE != 0 => return Err(Code(ERROR_INVALID_ADDRESS)),
        _ => return Err(Code(ERROR_INVALID_PARAMETER)),
    }
    Ok(address.with_addr(page))
}

/// Stores the state and protection of an address, and how many pages from there on have the same.
///
/// Returns the number of bytes stored, and 0 on failure.
///
/// # Safety
///
/// `lpBuffer` is null or has room for the structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualQuery(
    lpAddress: LPCVOID,
    lpBuffer: *mut MEMORY_BASIC_INFORMATION,
    dwLength: SIZE_T,
) -> SIZE_T {
    quiet(0, || {
        let len = size_of::<MEMORY_BASIC_INFORMATION>();
        if dwLength < len {
            return Err(Code(ERROR_BAD_LENGTH));
        }
        let found = query(lpAddress.addr())?;
        if lpBuffer.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        // SAFETY: it is not null, and the caller vouches for its length.
        unsafe { lpBuffer.write_unaligned(found) };
        Ok(len)
    })
}

/// Changes the protection of pages of a view, within the one that the view was mapped with.
///
/// Returns FALSE on failure, and then changes nothing: `ERROR_INVALID_PARAMETER` for a protection
/// that the view does not allow and for a range that ends past its pages, `ERROR_INVALID_ADDRESS`
/// for pages that are only reserved and for addresses that are in no view.
///
/// # Safety
///
/// `lpflOldProtect` is null or has room for the protection that the first page had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn VirtualProtect(
    lpAddress: LPVOID,
    dwSize: SIZE_T,
    flNewProtect: DWORD,
    lpflOldProtect: *mut DWORD,
) -> BOOL {
    quiet(FALSE, || {
        if lpflOldProtect.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        let protection = protection(flNewProtect)?;
        let (mapped, range) = part(lpAddress, dwSize, ERROR_INVALID_PARAMETER)?;
        let old = mapped.view.protect(range, protection)?;
        // SAFETY: it is not null, so the caller vouches for it.
        unsafe { lpflOldProtect.write_unaligned(told(&mapped, old)) };
        Ok(TRUE)
    })
}

/// Commits pages of a view (`MEM_COMMIT`), or declares their bytes unneeded (`MEM_RESET`).
///
/// Memory that belongs to no mapping is not supported (`ERROR_CALL_NOT_IMPLEMENTED`).
///
/// Returns the address of the first page, and NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn VirtualAlloc(
    lpAddress: LPVOID,
    dwSize: SIZE_T,
    flAllocationType: DWORD,
    flProtect: DWORD,
) -> LPVOID {
    quiet(null_mut(), || allocate(lpAddress, dwSize, flAllocationType, flProtect))
}

/// Fails: pages of a view are released by `UnmapViewOfFile` alone (`ERROR_INVALID_PARAMETER`), and
/// other addresses do not belong to this library (`ERROR_INVALID_ADDRESS`).
#[unsafe(no_mangle)]
pub extern "C" fn VirtualFree(lpAddress: LPVOID, _dwSize: SIZE_T, dwFreeType: DWORD) -> BOOL {
    quiet(FALSE, || {
        if !matches!(dwFreeType, MEM_DECOMMIT | MEM_RELEASE) {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let _mapped = views::find(lpAddress.addr())?;
        Err(Code(ERROR_INVALID_PARAMETER))
    })
}

/// Locks a range of a view in memory.
///
/// Returns FALSE on failure: `ERROR_WORKING_SET_QUOTA` if the process may not lock so much,
/// `ERROR_NOACCESS` if the range is not in one view.
#[unsafe(no_mangle)]
pub extern "C" fn VirtualLock(lpAddress: LPVOID, dwSize: SIZE_T) -> BOOL {
    quiet(FALSE, || {
        let (mapped, range) = locked(lpAddress, dwSize)?;
        mapped.view.lock(range)?;
        Ok(TRUE)
    })
}

/// Unlocks a range of a view, which may then leave memory.
///
/// Returns FALSE on failure: `ERROR_NOACCESS` if the range is not in one view.
#[unsafe(no_mangle)]
pub extern "C" fn VirtualUnlock(lpAddress: LPVOID, dwSize: SIZE_T) -> BOOL {
    quiet(FALSE, || {
        let (mapped, range) = locked(lpAddress, dwSize)?;
        mapped.view.unlock(range)?;
        Ok(TRUE)
    })
}

/// Returns the range of a view to lock or unlock for a range of addresses. These may reach past the
/// view's end in its last page, which is locked as a whole.
fn locked(address: LPCVOID, len: SIZE_T) -> Result<(Arc<Mapped>, Range<usize>)> {
    let found = part(address, len, ERROR_NOACCESS).map_err(|_| Code(ERROR_NOACCESS));
    let (mapped, Range { start, end }) = found?;
    let end = end.min(mapped.view.len());
    Ok((mapped, start.min(end)..end))
}

/// Reads ranges of views into memory, so that their first access does not wait; other addresses are
/// ignored.
///
/// # Safety
///
/// `VirtualAddresses` is null or points to the given number of ranges.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PrefetchVirtualMemory(
    hProcess: HANDLE,
    NumberOfEntries: usize,
    VirtualAddresses: *const WIN32_MEMORY_RANGE_ENTRY,
    Flags: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        if hProcess != INVALID_HANDLE_VALUE {
            return Err(Code(ERROR_INVALID_HANDLE));
        }
        if NumberOfEntries == 0 || Flags != 0 {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        if VirtualAddresses.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        for index in 0..NumberOfEntries {
            // SAFETY: it is not null, so the caller vouches for the given number.
            let place = unsafe { VirtualAddresses.add(index) };
            // SAFETY: as above.
            let entry = unsafe { place.read_unaligned() };
            if let Ok((mapped, range)) = locked(entry.VirtualAddress, entry.NumberOfBytes) {
                mapped.view.prefetch(range)?;
            }
        }
        Ok(TRUE)
    })
}
