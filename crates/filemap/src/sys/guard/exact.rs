//! Every routine that this processor can run, at every distance from the end of a file.
//!
//! Inside the module, because the surface reaches only the routines that were chosen.

#![allow(clippy::multiple_unsafe_ops_per_block, reason = "tests, on a mapping of their own")]

use std::convert::identity;
use std::num::NonZeroUsize;

use super::machine::{self, Routines};
use super::{Lost, Rest};
use crate::sys::platform::fault::ensure;

const END: usize = 16 * 4096;
const LEN: usize = END + 32 * 4096;

/// A mapping whose last pages the file does not have; bytes follow a pattern without a short period.
struct Edge {
    base: *mut u8,
    len: usize,
    /// What the file holds when no test has changed it.
    content: Vec<u8>,
}

impl Edge {
    fn new() -> Edge {
        Edge::with_len(LEN)
    }

    fn with_len(len: usize) -> Edge {
        let base = pages::cut_short(END, len);
        let edge = Edge { base, len, content: (0..END).map(pattern).collect() };
        ensure().unwrap();
        edge.restore(0, END);
        edge
    }

    fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.len);
        self.base.wrapping_add(offset)
    }

    fn restore(&self, start: usize, end: usize) {
        let content = &self.content[start..end];
        // SAFETY: the file has these bytes, and no other thread knows of them.
        unsafe { content.as_ptr().copy_to_nonoverlapping(self.at(start), content.len()) };
    }

    fn bytes(&self, start: usize, len: usize) -> Vec<u8> {
        assert!(start + len <= END);
        let mut bytes = vec![0; len];
        // SAFETY: the file has these bytes, and no other thread knows of them.
        unsafe { bytes.as_mut_ptr().copy_from_nonoverlapping(self.at(start), len) };
        bytes
    }

    fn byte(&self, offset: usize) -> u8 {
        assert!(offset < END);
        // SAFETY: the file has this byte.
        unsafe { self.at(offset).read() }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nobody refers to it.
        unsafe { pages::unmap(self.base, self.len) };
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a pattern")]
fn pattern(offset: usize) -> u8 {
    // Never 0xff, which is what `find` looks for.
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

fn each_set(mut test: impl FnMut(&str, Routines)) {
    for (name, routines) in machine::available() {
        test(name, routines);
    }
}

/// A copy, whatever its calling convention.
type Copy<'copy> = &'copy dyn Fn(*mut u8, *const u8, usize) -> Rest;

/// Every copy of the routines, and `inlined`, which is what callers get.
fn each_copy(mut test: impl FnMut(&str, Copy<'_>)) {
    each_set(|name, routines| {
        for copy in [routines.copy_out, routines.copy_in] {
            test(name, &|to, from, len| {
                // SAFETY: the tests promise the ranges.
                unsafe { copy(to, from, len) }
            });
        }
    });
    test("inlined", &|to, from, len| {
        // SAFETY: the tests promise the ranges.
        let copied = unsafe {
            match super::is_inlined(len) {
                true => super::copy_inlined(to, from, len),
                false => super::copy_out(to, from, len),
            }
        };
        // SAFETY: as above, and it is what the copy left.
        rest_of(len, copied.map_err(|unfinished| unsafe { unfinished.copy_lost(to, from, len) }))
    });
}

/// A fill, whatever its calling convention.
type Fill<'fill> = &'fill dyn Fn(*mut u8, u8, usize) -> Rest;

/// Every fill of the routines, and `inlined`, which is what callers get.
fn each_fill(mut test: impl FnMut(&str, Fill<'_>)) {
    each_set(|name, routines| {
        test(name, &|to, byte, len| {
            // SAFETY: the tests promise the range.
            unsafe { (routines.fill)(to, byte.into(), len) }
        });
    });
    test("inlined", &|to, byte, len| {
        // SAFETY: the tests promise the range.
        rest_of(len, unsafe { super::fill(to, byte, len, identity) })
    });
}

/// What the guard makes known of `len` bytes, as a routine says it.
fn rest_of(len: usize, result: Result<(), Lost>) -> Rest {
    result.map_or_else(
        |lost| Rest { len: len - lost.done, address: lost.address.map_or(0, NonZeroUsize::get) },
        |()| Rest { len: 0, address: 0 },
    )
}

#[test]
fn a_copy_out_counts_the_bytes_before_the_edge() {
    let edge = Edge::new();
    each_copy(|name, copy| {
        let mut buf = vec![0_u8; LEN + 64];
        for (before, len) in ranges() {
            let (start, shift) = (END - before, (before + len) % 64);
            buf[shift..shift + len].fill(0xee);

            // The range is mapped, since `len <= LEN - END`, and the buffer is longer.
            let rest = copy(buf[shift..].as_mut_ptr(), edge.at(start), len);

            assert_eq!(rest.len, len.saturating_sub(before), "{name} {before} {len}");
            let done = len - rest.len;
            let expected = &edge.content[start..start + done];
            assert!(buf[shift..shift + done] == *expected, "{name} {before} {len}");
            if rest.len > 0 {
                assert_eq!(rest.address, edge.at(END).addr(), "{name} {before} {len}");
            }
        }
    });
}

#[test]
fn a_copy_in_counts_the_bytes_before_the_edge() {
    let edge = Edge::new();
    let bytes: Vec<u8> = (0..LEN + 64).map(|offset| pattern(offset * 13 + 5)).collect();
    each_copy(|name, copy| {
        for (before, len) in ranges() {
            let (start, shift) = (END - before, (before + len) % 64);

            // The range is mapped, since `len <= LEN - END`, and there are more bytes.
            let rest = copy(edge.at(start), bytes[shift..].as_ptr(), len);

            assert_eq!(rest.len, len.saturating_sub(before), "{name} {before} {len}");
            let done = len - rest.len;
            let written = edge.bytes(start, done);
            assert!(written == bytes[shift..shift + done], "{name} {before} {len}");
            if start + done < END {
                assert_eq!(
                    edge.byte(start + done),
                    pattern(start + done),
                    "wrote beyond the range"
                );
            }
            edge.restore(start, start + done);
        }
    });
}

#[test]
fn a_fill_counts_the_bytes_before_the_edge() {
    let edge = Edge::new();
    each_fill(|name, fill| {
        for (before, len) in ranges() {
            let start = END - before;

            // The range is mapped, since `len <= LEN - END`.
            let rest = fill(edge.at(start), 0xff, len);

            assert_eq!(rest.len, len.saturating_sub(before), "{name} {before} {len}");
            let done = len - rest.len;
            let filled = edge.bytes(start, done);
            assert!(filled.iter().all(|byte| *byte == 0xff), "{name} {before} {len}");
            if start + done < END {
                assert_eq!(
                    edge.byte(start + done),
                    pattern(start + done),
                    "wrote beyond the range"
                );
            }
            edge.restore(start, start + done);
        }
    });
}

#[test]
fn a_comparison_ends_at_the_first_difference_or_at_the_edge() {
    let edge = Edge::new();
    each_set(|name, routines| {
        let mut twin: Vec<u8> = (0..LEN + 64).map(pattern).collect();
        for (before, len) in ranges() {
            let start = END - before;
            let readable = len.min(before);
            let check = |twin: &[u8], differs: Option<usize>| {
                // SAFETY: the range is mapped, since `len <= LEN - END`, and so long is the twin.
                let found = unsafe { (routines.compare)(edge.at(start), twin.as_ptr(), len) };

                let expected = differs.filter(|at| *at < readable).unwrap_or(readable);
                assert_eq!(found.at, expected, "{name} {before} {len} {differs:?}");
                let lost = expected == readable && readable < len;
                assert_eq!(found.address != 0, lost, "{name} {before} {len} {differs:?}");
            };
            if start + len <= twin.len() {
                check(&twin[start..], None);
                for at in [0, len / 3, len.saturating_sub(1), readable.saturating_sub(1)] {
                    if at < len {
                        twin[start + at] ^= 0x10;
                        check(&twin[start..], Some(at));
                        twin[start + at] ^= 0x10;
                    }
                }
            }
        }
    });
}

#[test]
fn a_search_ends_at_the_byte_or_at_the_edge() {
    let edge = Edge::new();
    each_set(|name, routines| {
        for (before, len) in ranges() {
            let start = END - before;
            let readable = len.min(before);
            let check = |expected: Option<usize>| {
                // SAFETY: the range is mapped, since `len <= LEN - END`.
                let found = unsafe { (routines.find)(edge.at(start), 0xff, len) };

                assert_eq!(found.at, expected.unwrap_or(readable), "{name} {before} {len}");
                let lost = expected.is_none() && readable < len;
                assert_eq!(found.address != 0, lost, "{name} {before} {len}");
            };
            check(None);
            for at in [0, readable / 3, readable.saturating_sub(1)] {
                if at < readable {
                    // SAFETY: the file has this byte.
                    unsafe { edge.at(start + at).write(0xff) };
                    check(Some(at));
                    edge.restore(start + at, start + at + 1);
                }
            }
        }
    });
}

/// Lengths at which routines change over to stores that pass by the caches, or to string
/// instructions.
const HUGE: [usize; 3] = [(1 << 20) + 321, (8 << 20) + 321, (16 << 20) + 321];

#[test]
fn huge_copies_and_fills_count_as_well() {
    let edge = Edge::with_len(HUGE[2] + 4096);
    let mut buf = vec![0_u8; HUGE[2]];
    each_set(|name, routines| {
        for len in HUGE {
            for before in [0, 1, 70, 4096, 5000, 9000, 13000, 16_500, END / 2 + 3, END] {
                let start = END - before;
                let expected = len - before;

                // SAFETY: the range is mapped, and the buffer is as long.
                let read = unsafe { (routines.copy_out)(buf.as_mut_ptr(), edge.at(start), len) };
                assert_eq!(read.len, expected, "{name} {before} {len}");
                assert!(buf[..before] == edge.content[start..]);

                // SAFETY: as above.
                let written = unsafe { (routines.copy_in)(edge.at(start), buf.as_ptr(), len) };
                assert_eq!(written.len, expected, "{name} {before} {len}");

                // SAFETY: as above.
                let filled = unsafe { (routines.fill)(edge.at(start), 0xff, len) };
                assert_eq!(filled.len, expected, "{name} {before} {len}");
                assert!(edge.bytes(start, before).iter().all(|byte| *byte == 0xff));
                edge.restore(start, END);
            }
        }
    });
}

#[test]
fn huge_copies_and_fills_are_whole() {
    const LEN: usize = (16 << 20) + 321;
    // Just at the changes, and where blocks of pages leave much or nothing over.
    let lens = [16 << 10, (1 << 20) + 3, (1 << 20) + (12 << 10), (8 << 20) + 63, LEN];
    let bytes: Vec<u8> = (0..LEN).map(pattern).collect();
    let mut copied = vec![0_u8; LEN + 64];
    each_set(|name, routines| {
        for copy in [routines.copy_out, routines.copy_in] {
            for (len, shift) in lens.into_iter().zip([0, 1, 17, 40, 63]) {
                copied.fill(0);
                let to = copied[shift..].as_mut_ptr();
                // SAFETY: both are as long.
                let rest = unsafe { copy(to, bytes.as_ptr(), len) };
                assert_eq!(rest.len, 0, "{name} {len}");
                assert!(copied[shift..shift + len] == bytes[..len], "{name} {len}");
                let around = copied[..shift].iter().chain(copied[shift + len..].iter().take(64));
                assert!(around.copied().all(|byte| byte == 0), "{name} {len}");
            }
        }

        copied[..LEN].copy_from_slice(&bytes);
        // SAFETY: the buffer is as long.
        let rest = unsafe { (routines.fill)(copied.as_mut_ptr().add(5), 0xff, LEN - 12) };
        assert_eq!(rest.len, 0);
        assert!(copied[5..LEN - 7].iter().all(|byte| *byte == 0xff), "{name}");
        assert!(copied[..5] == bytes[..5] && copied[LEN - 7..LEN] == bytes[LEN - 7..], "{name}");
    });
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
