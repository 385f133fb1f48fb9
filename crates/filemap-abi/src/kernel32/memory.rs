//! Pages: what is known of them, and what may be done with those of a view.

use std::fs;
use std::ptr::{null_mut, without_provenance_mut};

use filemap::{Access, page_size};

use crate::boundary::{Code, Result, quiet};
use crate::views;
use crate::windows::{
    DWORD, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, LPCVOID, MEM_COMMIT, MEM_FREE, MEM_MAPPED,
    MEM_PRIVATE, MEMORY_BASIC_INFORMATION, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY, PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, SIZE_T,
};

/// The word for what pages may do.
fn protection(access: Access) -> DWORD {
    match access {
        Access::NoAccess => PAGE_NOACCESS,
        Access::Read => PAGE_READONLY,
        Access::Write => PAGE_READWRITE,
        Access::Copy => PAGE_WRITECOPY,
        Access::ReadExecute => PAGE_EXECUTE_READ,
        Access::WriteExecute => PAGE_EXECUTE_READWRITE,
        Access::CopyExecute => PAGE_EXECUTE_WRITECOPY,
    }
}

fn query(address: usize) -> Result<MEMORY_BASIC_INFORMATION> {
    let page = address - address % page_size();
    let Ok((base, view)) = views::find(address) else { return elsewhere(page) };
    let protection = protection(view.access());
    Ok(MEMORY_BASIC_INFORMATION {
        BaseAddress: without_provenance_mut(page),
        AllocationBase: without_provenance_mut(base),
        AllocationProtect: protection,
        PartitionId: 0,
        RegionSize: base + views::whole_pages(&view) - page,
        State: MEM_COMMIT,
        Protect: protection,
        Type: MEM_MAPPED,
    })
}

/// What the system says of addresses that are in no view
/// ([proc_pid_maps(5)](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html)).
fn elsewhere(page: usize) -> Result<MEMORY_BASIC_INFORMATION> {
    let (_, last) = super::system::ADDRESSES;
    if page > last {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mut end = last + 1;
    for line in maps.lines() {
        let Some((range, rest)) = line.split_once(' ') else { continue };
        let Some((from, to)) = range.split_once('-') else { continue };
        let number = |digits| usize::from_str_radix(digits, 16);
        let (Ok(from), Ok(to)) = (number(from), number(to)) else { continue };
        if page < from {
            end = end.min(from);
            break;
        }
        if page < to {
            let protection = match rest.get(..3) {
                Some("r--") => PAGE_READONLY,
                Some("rw-" | "-w-") => PAGE_READWRITE,
                Some("r-x" | "--x") => PAGE_EXECUTE_READ,
                Some("rwx" | "-wx") => PAGE_EXECUTE_READWRITE,
                _ => PAGE_NOACCESS,
            };
            return Ok(MEMORY_BASIC_INFORMATION {
                BaseAddress: without_provenance_mut(page),
                AllocationBase: without_provenance_mut(from),
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

/// Tells what is known of the pages from an address on that are alike.
///
/// Returns how many bytes of the structure were filled in, and 0 on failure.
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
            // `ERROR_BAD_LENGTH`.
            return Err(Code(24));
        }
        if lpBuffer.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        let found = query(lpAddress.addr())?;
        // SAFETY: it is not null and long enough, by the caller's word.
        unsafe { lpBuffer.write_unaligned(found) };
        Ok(len)
    })
}
