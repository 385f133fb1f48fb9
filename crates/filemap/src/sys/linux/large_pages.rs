//! Large pages: one entry of the processor's tables for what else takes hundreds.

#![expect(unsafe_code, reason = "calls on ranges of addresses")]

use std::ops::{Range, RangeInclusive};
use std::{fs, io};

use crate::sys::AppendList;
use crate::sys::platform::mapped_range::MappedRange;
use crate::sys::platform::page_size;

/// Views of other lengths are not aligned to large pages: no large page is shorter, so short views
/// need not ask the system for its size; and some emulators take seconds to map a longer range.
const LENGTHS: RangeInclusive<u64> = 1 << 20..=8 << 30;

/// Returns how many bytes a large page has, for a view of `len` bytes that is to be aligned to it.
pub(super) fn size_for(len: usize) -> Option<usize> {
    if !LENGTHS.contains(&(len as u64)) {
        return None;
    }
    size().filter(|size| *size <= len)
}

/// Returns how many bytes a large page has, if the kernel makes any of ordinary memory.
fn size() -> Option<usize> {
    static SIZE: AppendList<Option<usize>> = AppendList::new();
    *SIZE.get_or_push(|| {
        let size = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").ok()?;
        let size = size.trim().parse::<usize>().ok()?;
        (size.is_power_of_two() && size > page_size()).then_some(size)
    })
}

/// Moves what is in memory of some bytes of a range into large pages, as far as the kernel can.
///
/// Where nothing of a large page is in memory it stays so: a hole takes no space for this. The
/// kernel does it whatever the system's setting for memory files is, which is "never" as a rule
/// ([madvise(2)](https://man7.org/linux/man-pages/man2/madvise.2.html), `MADV_COLLAPSE`).
pub(super) fn gather(range: &MappedRange, bytes: &Range<usize>) {
    /// Bytes that one call moves at most.
    const MOST: usize = 64 << 20;
    let Some(size) = size() else { return };
    let start = range.start().addr().get();
    let (first, len) = range.part(bytes);
    let Some(first) = first.addr().get().checked_next_multiple_of(size) else { return };
    let end = start.saturating_add(bytes.start + len) / size * size;
    let mut run = first - start..first - start;
    for at in (first..end).step_by(size).map(|address| address - start) {
        let is_there = range.in_memory(&(at..at + size)).is_ok_and(|pages| pages > 0);
        if is_there && run.end == at && run.len() < MOST {
            run.end = at + size;
            continue;
        }
        if !collapse(range, run) {
            return;
        }
        run = at..at + if is_there { size } else { 0 };
    }
    collapse(range, run);
}

/// Makes large pages of some bytes; returns false if no other call can succeed either.
fn collapse(range: &MappedRange, bytes: Range<usize>) -> bool {
    /// `MADV_COLLAPSE` on every processor that filemap runs on; the C library for static programs
    /// does not have it.
    const COLLAPSE: libc::c_int = 25;
    let (start, len) = range.part(&bytes);
    if len == 0 {
        return true;
    }
    // SAFETY: the pages are mapped, and no byte changes.
    let result = unsafe { libc::madvise(start.as_ptr().cast(), len, COLLAPSE) };
    // A kernel that does not know the call, or not for such files. Any other refusal is about these
    // pages: they are in use, or there is no large page.
    result == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL)
}
