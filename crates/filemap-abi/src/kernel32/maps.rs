//! What the kernel has mapped in this process
//! ([proc_pid_maps(5)](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html)).

use std::fs;
use std::io;

/// A range of addresses that are mapped alike.
pub(super) struct MappedRange {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) reads: bool,
    pub(super) writes: bool,
    pub(super) runs: bool,
}

/// Returns all ranges, in the order of their addresses.
pub(super) fn ranges() -> io::Result<Vec<MappedRange>> {
    Ok(fs::read_to_string("/proc/self/maps")?.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<MappedRange> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |digits| usize::from_str_radix(digits, 16).ok();
    let allows = |index, sign| rest.as_bytes().get(index) == Some(&sign);
    Some(MappedRange {
        start: number(start)?,
        end: number(end)?,
        reads: allows(0, b'r'),
        writes: allows(1, b'w'),
        runs: allows(2, b'x'),
    })
}
