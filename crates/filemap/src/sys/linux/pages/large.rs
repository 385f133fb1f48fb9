//! Large pages: one entry of the processor's tables for what else takes hundreds.

#![expect(unsafe_code, reason = "calls on ranges of addresses")]

use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::{fs, io};

use crate::sys::platform::page_size;

/// The longest view for which an address is looked for that suits large pages. For longer ones each
/// guess takes seconds, and memory, where an emulator counts a process's pages one by one.
const LONGEST: u64 = 8 << 30;

/// No large page is shorter: shorter views need not ask the system for the size of one.
const LEAST: u64 = 1 << 20;

/// Bytes in a large page, for a view of `len` bytes whose address is to suit it; nothing if none is
/// looked for.
pub(crate) fn size_for(len: usize) -> Option<usize> {
    if !(LEAST..=LONGEST).contains(&(len as u64)) {
        return None;
    }
    size().filter(|size| *size <= len)
}

/// Bytes in a large page; nothing where the kernel makes none of ordinary memory.
fn size() -> Option<usize> {
    static SIZE: OnceLock<Option<usize>> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let told = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").ok()?;
        let size = told.trim().parse::<usize>().ok()?;
        (size.is_power_of_two() && size > page_size()).then_some(size)
    })
}

/// Moves what is in memory of a range into large pages, one for each part of which something is
/// there, as far as the kernel can.
///
/// Parts of which nothing is in memory stay as they are: a hole takes no space for this. The kernel
/// does it whatever the system's setting for memory files is, which is "never" as a rule
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html), `MADV_COLLAPSE`).
///
/// # Safety
///
/// The range is of pages that are mapped.
pub(crate) unsafe fn gather(pages: NonNull<u8>, len: usize) {
    let Some(size) = size() else { return };
    let start = pages.addr().get();
    let Some(first) = start.checked_next_multiple_of(size) else { return };
    let end = start.saturating_add(len) / size * size;
    // Neighbours are moved by one call, but a few at a time.
    let mut run: Range<usize> = first..first;
    for part in (first..end).step_by(size) {
        // SAFETY: the part lies in the range of the caller.
        let there = unsafe { is_there(part, size) };
        if there && run.end == part && run.len() < MOST {
            run.end = part + size;
            continue;
        }
        // SAFETY: the parts of the run lie in the range of the caller.
        if !unsafe { collapse(run) } {
            return;
        }
        run = part..part + if there { size } else { 0 };
    }
    // SAFETY: as above.
    unsafe { collapse(run) };
}

/// Bytes that one call moves at most.
const MOST: usize = 64 << 20;

/// Tells whether some page of a part is in memory.
///
/// # Safety
///
/// The part is mapped.
unsafe fn is_there(part: usize, len: usize) -> bool {
    let mut pages = vec![0_u8; len.div_ceil(page_size())];
    let address = ptr::without_provenance_mut(part);
    // SAFETY: the caller's pages, of which nothing is read, and a byte for each.
    let told = unsafe { libc::mincore(address, len, pages.as_mut_ptr().cast()) };
    told == 0 && pages.iter().any(|page| page & 1 != 0)
}

/// Makes large pages of a run of parts; false if that is no use here at all.
///
/// # Safety
///
/// The run is mapped.
unsafe fn collapse(run: Range<usize>) -> bool {
    /// `MADV_COLLAPSE` on every processor that filemap runs on; the C library for static programs
    /// does not have it.
    const COLLAPSE: libc::c_int = 25;
    if run.is_empty() {
        return true;
    }
    let address = ptr::without_provenance_mut(run.start);
    // SAFETY: the caller's pages, of which no byte changes.
    let done = unsafe { libc::madvise(address, run.len(), COLLAPSE) };
    // A kernel that does not know the word, or not for such files. Any other refusal is of this
    // part: pages that are in use, or no large page to be had.
    done == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL)
}
