//! Which pages of a private range have been copied, and are the view's own.

use std::fs::File;
use std::os::fd::AsFd as _;

use zerocopy::IntoBytes as _;

use crate::sys::platform::{file, page_size};
use crate::types::Operation;

/// Entries that are read at a time.
const STEP: usize = 512;

/// A page of the process's own: in memory or swapped out, and neither a file's nor shared
/// ([pagemap](https://docs.kernel.org/admin-guide/mm/pagemap.html)).
fn is_own(entry: u64) -> bool {
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const SHARED: u64 = 1 << 61;
    entry & (PRESENT | SWAPPED) != 0 && entry & SHARED == 0
}

/// Returns whether the page at `address` has been copied, and how many of the `count` pages from
/// there on are like it.
///
/// Pages of which the kernel does not tell it count as copied: what a page has of its own would be
/// lost if it were taken for one of the section's.
pub(super) fn run(address: usize, count: usize) -> (bool, usize) {
    let Ok(map) = File::open("/proc/self/pagemap") else { return (true, count) };
    let mut first = None;
    let mut done = 0;
    let mut entries = [0_u64; STEP];
    while done < count {
        let step = STEP.min(count - done);
        let at = (address / page_size() + done) as u64 * 8;
        let room = entries[..step].as_mut_bytes();
        let Ok(read) = file::read_at(map.as_fd(), at, room, Operation::QueryPages) else { break };
        for entry in &entries[..read / 8] {
            let own = is_own(*entry);
            if *first.get_or_insert(own) != own {
                return (!own, done);
            }
            done += 1;
        }
        if read < step * 8 {
            break;
        }
    }
    first.map_or((true, count), |own| (own, done))
}
