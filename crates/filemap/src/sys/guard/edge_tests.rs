//! Every routine that this processor can run, at every distance from the end of a file.
//!
//! Inside the module, because the surface reaches only the routines that were chosen.

#![allow(clippy::multiple_unsafe_ops_per_block, reason = "tests, on a mapping of their own")]

use super::{Rest, is_inlined, machine, short};
use crate::sys::platform::fault::ensure;

/// Bytes that the file has.
const END: usize = 16 * 4096;
/// Bytes that are mapped.
const LEN: usize = END + 32 * 4096;

/// A mapping whose last pages the file does not have; bytes follow a pattern without a short period.
struct Edge {
    base: *mut u8,
    len: usize,
    /// What the file holds when no test has changed it.
    content: Vec<u8>,
}

impl Edge {
    fn with_len(len: usize) -> Edge {
        let edge = Edge {
            base: pages::cut_short(END, len),
            len,
            content: (0..END).map(pattern).collect(),
        };
        ensure().unwrap();
        edge.restore(0);
        edge
    }

    fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.len);
        self.base.wrapping_add(offset)
    }

    /// Puts the bytes from `start` on back.
    fn restore(&self, start: usize) {
        let content = &self.content[start..];
        // SAFETY: the file has these bytes, and no other thread knows of them.
        unsafe { content.as_ptr().copy_to_nonoverlapping(self.at(start), content.len()) };
    }

    /// The file's bytes from `start` on.
    fn bytes(&self, start: usize) -> &[u8] {
        // SAFETY: the file has these bytes, no other thread knows of them, and no test keeps them.
        unsafe { std::slice::from_raw_parts(self.at(start), END - start) }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SAFETY: mapped by `with_len`, and nobody refers to it.
        unsafe { pages::unmap(self.base, self.len) };
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a pattern")]
fn pattern(offset: usize) -> u8 {
    // Never 0xff, with which is filled.
    ((offset * 7 + offset / 251) % 255) as u8
}

/// Ranges by their distance from the edge and their length: all short ones, and some long ones.
fn ranges() -> impl Iterator<Item = (usize, usize)> {
    let short = (0..=150).flat_map(|before| (0..=300).map(move |len| (before, len)));
    let near = (500..540).flat_map(|before| (490..=550).step_by(3).map(move |len| (before, len)));
    let mut state = 12345_usize;
    let long = (0..4000).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 8) % END, (state >> 30) % (LEN - END))
    });
    short.chain(near).chain(long)
}

type Copy = Box<dyn Fn(*mut u8, *const u8, usize) -> Rest>;
type Fill = Box<dyn Fn(*mut u8, u8, usize) -> Rest>;

/// Every set of routines, and the inlined accesses with the routines that were chosen, which count
/// what those leave.
fn every() -> Vec<(&'static str, Copy, Fill)> {
    let chosen: (_, Copy, Fill) = (
        "chosen",
        Box::new(|to, from, len| {
            // SAFETY: the tests promise the ranges.
            if is_inlined(len) && unsafe { short::copy(to, from, len) } {
                return Rest::NONE;
            }
            // SAFETY: as above.
            unsafe { machine::copy_out(to, from, len) }
        }),
        Box::new(|to, byte, len| {
            // SAFETY: as above.
            if is_inlined(len) && unsafe { short::fill(to, byte, len) } {
                return Rest::NONE;
            }
            // SAFETY: as above.
            unsafe { machine::fill(to, byte, len) }
        }),
    );
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "there is one set"))]
    let mut every = vec![chosen];
    #[cfg(target_arch = "x86_64")]
    for (name, machine::Routines { copy, fill }) in machine::every() {
        // SAFETY: as above.
        let copy: Copy = Box::new(move |to, from, len| unsafe { copy(to, from, len) });
        // SAFETY: as above.
        let fill: Fill = Box::new(move |to, byte, len| unsafe { fill(to, byte.into(), len) });
        every.push((name, copy, fill));
    }
    every
}

#[test]
fn a_copy_out_counts_the_bytes_before_the_edge() {
    let edge = Edge::with_len(LEN);
    let mut buf = vec![0_u8; LEN + 64];
    for (name, copy, _) in every() {
        for (before, len) in ranges() {
            let (start, shift) = (END - before, (before + len) % 64);
            buf[shift..shift + len].fill(0xee);

            // The range is mapped, since `len <= LEN - END`, and the buffer is longer.
            let rest = copy(buf[shift..].as_mut_ptr(), edge.at(start), len);

            assert_eq!(rest.len, len.saturating_sub(before), "{name} {before} {len}");
            let done = len - rest.len;
            assert!(
                buf[shift..shift + done] == edge.content[start..start + done],
                "{name} {before} {len}"
            );
            if rest.len > 0 {
                assert_eq!(rest.address, edge.at(END).addr(), "{name} {before} {len}");
            }
        }
    }
}

#[test]
fn a_copy_in_and_a_fill_count_the_bytes_before_the_edge() {
    let edge = Edge::with_len(LEN);
    let bytes: Vec<u8> = (0..LEN + 64).map(|offset| pattern(offset * 13 + 5)).collect();
    let filled = vec![0xff; LEN];
    for (name, copy, fill) in every() {
        for (before, len) in ranges() {
            let (start, shift) = (END - before, (before + len) % 64);
            let check = |rest: Rest, expected: &[u8]| {
                assert_eq!(rest.len, len.saturating_sub(before), "{name} {before} {len}");
                let done = len - rest.len;
                let (written, behind) = edge.bytes(start).split_at(done);
                assert!(written == &expected[..done], "{name} {before} {len}");
                assert!(
                    behind == &edge.content[start + done..],
                    "wrote beyond: {name} {before} {len}"
                );
                edge.restore(start);
            };

            // The range is mapped, since `len <= LEN - END`, and there are more bytes.
            check(copy(edge.at(start), bytes[shift..].as_ptr(), len), &bytes[shift..]);
            check(fill(edge.at(start), 0xff, len), &filled);
        }
    }
}

/// Lengths around those at which routines change over to string instructions, or to stores that pass
/// by the caches.
const LONG: [usize; 5] =
    [16 << 10, (16 << 10) + 63, (1 << 20) + 3, (16 << 20) - 1, (16 << 20) + 321];

#[test]
fn long_copies_and_fills_count_as_well() {
    let edge = Edge::with_len(LONG[4] + 4096);
    let mut buf = vec![0_u8; LONG[4]];
    for (name, copy, fill) in every() {
        for len in LONG {
            for before in [0, 1, 70, 4096, 5000, 9000, 13_000, 16_300] {
                let start = END - before;

                // The range is mapped, and the buffer is as long.
                let read = copy(buf.as_mut_ptr(), edge.at(start), len);
                assert_eq!(read.len, len - before, "{name} {before} {len}");
                assert!(buf[..before] == edge.content[start..]);

                let written = copy(edge.at(start), buf.as_ptr(), len);
                assert_eq!(written.len, len - before, "{name} {before} {len}");

                let filled = fill(edge.at(start), 0xff, len);
                assert_eq!(filled.len, len - before, "{name} {before} {len}");
                assert!(edge.bytes(start).iter().all(|byte| *byte == 0xff));
                edge.restore(start);
            }
        }
    }
}

#[test]
fn long_copies_and_fills_are_whole() {
    let bytes: Vec<u8> = (0..LONG[4]).map(pattern).collect();
    let mut copied = vec![0_u8; LONG[4] + 128];
    for (name, copy, fill) in every() {
        for (len, shift) in LONG.into_iter().zip([0, 1, 17, 40, 63]) {
            let check = |rest: Rest, copied: &mut [u8], expected: &[u8]| {
                assert_eq!(rest.len, 0, "{name} {len}");
                assert!(copied[shift..shift + len] == expected[..len], "{name} {len}");
                let around = copied[..shift].iter().chain(copied[shift + len..].iter().take(64));
                assert!(around.copied().all(|byte| byte == 0), "{name} {len}");
                copied[..shift + len].fill(0);
            };
            let to = copied[shift..].as_mut_ptr();
            check(copy(to, bytes.as_ptr(), len), &mut copied, &bytes);
            check(fill(to, 0xff, len), &mut copied, &vec![0xff; len]);
        }
    }
}

/// Pages of which the last are not there.
#[cfg(target_os = "linux")]
mod pages {
    use std::os::fd::AsFd as _;

    use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

    /// Maps `len` bytes of a file that has only `end`.
    pub(super) fn cut_short(end: usize, len: usize) -> *mut u8 {
        let file = memfd_create(c"edge", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, end as u64).unwrap();
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice.
        unsafe { mmap(std::ptr::null_mut(), len, protection, flags, file.as_fd(), 0) }
            .unwrap()
            .cast()
    }

    /// # Safety
    ///
    /// From [`cut_short`], and nobody refers to it.
    pub(super) unsafe fn unmap(base: *mut u8, len: usize) {
        // SAFETY: the caller promises it.
        unsafe { munmap(base.cast(), len) }.unwrap();
    }
}

/// Pages of which the last are not there.
#[cfg(windows)]
mod pages {
    use windows_sys::Win32::System::Memory::{
        MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree,
    };

    /// Sets `len` bytes of addresses aside, and has memory for `end` of them.
    ///
    /// A file that lost its end cannot be had: Windows keeps mapped files from being cut.
    pub(super) fn cut_short(end: usize, len: usize) -> *mut u8 {
        // SAFETY: a new range at an address of the system's choice.
        let base = unsafe { VirtualAlloc(std::ptr::null(), len, MEM_RESERVE, PAGE_READWRITE) };
        assert!(!base.is_null());
        // SAFETY: the first bytes of the range just made.
        let committed = unsafe { VirtualAlloc(base, end, MEM_COMMIT, PAGE_READWRITE) };
        assert_eq!(committed, base);
        base.cast()
    }

    /// # Safety
    ///
    /// From [`cut_short`], and nobody refers to it.
    pub(super) unsafe fn unmap(base: *mut u8, _len: usize) {
        // SAFETY: the caller promises it.
        assert_ne!(unsafe { VirtualFree(base.cast(), 0, MEM_RELEASE) }, 0);
    }
}
