//! A look at an object without a handle, for listings.
//!
//! Nothing of the page is believed but that it has numbers: whoever may write it may have written
//! any. They are read as a file is, so that a page that is cut off is no fault.

use std::fs;
use std::os::fd::BorrowedFd;

use rustix::mm::{MapFlags, ProtFlags};

use crate::sys::WaitableKind;
use crate::sys::platform::mapped_range::{MapArguments, MappedRange};
use crate::sys::platform::waitable::layout::{self, DIED, THREAD};
use crate::sys::platform::waitable::page::{kind_of, namespace};
use crate::sys::platform::waitable::state::WATCHED;
use crate::sys::platform::{file, futex, page_size};
use crate::types::{MutexOwner, ObjectState, Operation};

/// Returns the state of the object in an entry that is open for reading, and how many threads wait
/// for it; none of what is not known.
pub(in crate::sys::platform) fn look(
    entry: BorrowedFd<'_>,
    kind: WaitableKind,
) -> (Option<ObjectState>, Option<u32>) {
    let Some(page) = read(entry).filter(|page| page.kind() == Some(kind)) else {
        return (None, None);
    };
    (Some(page.state(kind)), waiters(entry, kind))
}

/// What the page of an object says.
#[derive(Debug)]
struct Said {
    header: [u8; layout::HEADER],
    line: [u8; layout::LINE],
}

fn read(entry: BorrowedFd<'_>) -> Option<Said> {
    let mut said = Said { header: [0; layout::HEADER], line: [0; layout::LINE] };
    let line_at = (page_size() - layout::LINE) as u64;
    for (at, part) in [(0, &mut said.header[..]), (line_at, &mut said.line)] {
        let read = file::read_at(entry, at, part, Operation::UseRegistry).ok()?;
        if read < part.len() {
            return None;
        }
    }
    Some(said)
}

impl Said {
    fn kind(&self) -> Option<WaitableKind> {
        kind_of(self.header[layout::KIND]).filter(|_| self.header.starts_with(&layout::MAGIC))
    }

    fn state(&self, kind: WaitableKind) -> ObjectState {
        let (lock, state) = (self.number(layout::LOCK), self.number(layout::STATE) & !WATCHED);
        match kind {
            WaitableKind::Mutex => {
                let thread = lock & THREAD;
                ObjectState::Mutex {
                    owner: (thread != 0).then(|| MutexOwner {
                        process: self.process_of(thread),
                        thread: Some(thread),
                    }),
                    is_abandoned: thread == 0 && lock & DIED != 0,
                }
            }
            WaitableKind::AutoEvent => ObjectState::Event { is_set: state != 0, is_manual: false },
            WaitableKind::ManualEvent => ObjectState::Event { is_set: state != 0, is_manual: true },
            WaitableKind::Semaphore => {
                ObjectState::Semaphore { count: state, maximum: self.number(layout::MAXIMUM) }
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the kernel reads numbers as the machine has them"
    )]
    fn number(&self, at: usize) -> u32 {
        self.line[at..].first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }

    /// Returns the process of a thread, whose number is one of the object's PID namespace.
    fn process_of(&self, thread: u32) -> Option<u32> {
        let theirs = self.header[layout::NAMESPACE..].first_chunk().copied();
        let (theirs, ours) = (theirs.map_or(0, u64::from_le_bytes), namespace());
        if theirs != 0 && ours != 0 && theirs != ours {
            return None;
        }
        let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
        let process = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
        process.trim().parse().ok()
    }
}

/// Counts the threads that sleep at the words of the object, by the kernel's own queues.
fn waiters(entry: BorrowedFd<'_>, kind: WaitableKind) -> Option<u32> {
    let unit = page_size();
    // Nothing of it is read here: its addresses are where others sleep.
    let arguments = MapArguments {
        len: unit,
        protection: ProtFlags::READ,
        sharing: MapFlags::SHARED,
        file: entry,
        offset: 0,
    };
    let range = MappedRange::of_file(arguments, 0).ok()?;
    let words: &[_] = match kind {
        WaitableKind::Mutex => &[layout::LOCK],
        _ => &[layout::TURN, layout::NEWS],
    };
    let mut count = 0_u32;
    for word in words {
        let at = unit - layout::LINE + word;
        let (word, _) = range.part(&(at..at + 4));
        count = count.saturating_add(u32::try_from(futex::sleepers(word.cast()).ok()?).ok()?);
    }
    Some(count)
}
