//! Where a process is in the protocol of names, or in a change of an object, for the project's own
//! tests.
//!
//! Each step of the protocol is one system call with what it answered, so that a test can hold every
//! one of them against the model in `tests/protocol`, and stop or kill a process at each. Only a build with
//! `--cfg filemap_steps` has this, and does nothing unless a variable asks:
//!
//! - `FILEMAP_STEP=Claimed:2:kill` kills the process at the second time that it has claimed an
//!   entry, `Claimed:2:stop` stops it there, and `stop` alone stops it at every step;
//! - `FILEMAP_TRACE=<path>` appends a line to this file at each step: process and step.
//!
//! Both are read at each step, so that a process can ask for it when it has come to what is to
//! be tested.

#![cfg_attr(filemap_steps, expect(unsafe_code, reason = "signals to the calling thread"))]

/// A step of the protocol: what was asked of the system, and what it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sys::platform) enum Step {
    /// A step at a mutex, an event or a semaphore is about to be done: an access to its page or to the
    /// thread's list, or a call.
    Object,
    /// A look opened the entry.
    Opened,
    /// A look, or somebody who frees, found no entry.
    NoEntry,
    /// Nobody has a lock on the entry.
    SawFree,
    /// Somebody has claimed the entry.
    SawClaimed,
    /// Somebody holds the entry.
    SawHeld,
    /// What is not in the entry was opened.
    Reached,
    /// Nobody was found who has it.
    NotReached,
    /// The shared lock was taken.
    Held,
    /// The shared lock was refused: somebody has claimed the entry.
    HoldRefused,
    /// The name still leads to the file that is locked, which was opened once more.
    OpenedAgain,
    /// The name no longer leads to the file that is locked.
    LedElsewhere,
    /// The name still leads to the file that is claimed.
    StillLinked,
    /// The exclusive lock was taken.
    Claimed,
    /// The exclusive lock of a live mapping's name was taken.
    ClaimedName,
    /// The exclusive lock was refused: somebody has a lock.
    ClaimRefused,
    /// The description cannot write, and so cannot claim.
    MayNotClaim,
    /// The entry was removed, under a claim.
    Unlinked,
    /// A look let go of everything, to start over.
    StartedOver,
    /// The names of all files were read.
    Listed,
    /// Whoever frees an entry opened it anew.
    OpenedAnew,
    /// A creator has a file without a name.
    MadeUnnamed,
    /// That file is complete.
    WroteTrailer,
    /// That file is locked.
    HeldUnnamed,
    /// That file has its name.
    Linked,
    /// The name was taken meanwhile.
    LinkTaken,
    /// A duplicate with a description of its own has a lock of its own.
    HeldDuplicate,
    /// A close gave its lock up by hand.
    LetGo,
    /// A close closed a description that others may have.
    Closed,
    /// The end of the process put another file in the place of a handle's description.
    Replaced,
}

/// Does nothing in other builds.
#[cfg(not(filemap_steps))]
#[inline(always)]
pub(in crate::sys::platform) const fn reached(_step: Step) {}

/// Reports that the process has done this step, and does to it what the environment asks for.
#[cfg(filemap_steps)]
pub(in crate::sys::platform) fn reached(step: Step) {
    asked::trace(step);
    asked::interrupt(step);
}

#[cfg(filemap_steps)]
mod asked {
    use super::Step;
    use std::env;
    use std::fs::File;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// How often the step that `FILEMAP_STEP` names was reached.
    static REACHED: AtomicU32 = AtomicU32::new(0);

    pub(super) fn trace(step: Step) {
        let Some(path) = env::var_os("FILEMAP_TRACE") else { return };
        let line = format!("{} {step:?}\n", std::process::id());
        // One output at the end of the file, whoever else writes there.
        if let Ok(mut trace) = File::options().append(true).create(true).open(path) {
            let _ignored = trace.write_all(line.as_bytes());
        }
    }

    pub(super) fn interrupt(step: Step) {
        let Ok(asked) = env::var("FILEMAP_STEP") else { return };
        let mut words = asked.split(':');
        match (words.next(), words.next(), words.next()) {
            (Some("stop"), None, None) => raise(libc::SIGSTOP),
            (Some(name), Some(count), Some(what)) if name == format!("{step:?}") => {
                let reached = REACHED.fetch_add(1, Ordering::Relaxed) + 1;
                if count.parse() == Ok(reached) {
                    raise(if what == "kill" { libc::SIGKILL } else { libc::SIGSTOP });
                }
            }
            _ => {}
        }
    }

    fn raise(signal: libc::c_int) {
        // To this thread, which therefore does not come back before the signal has had its effect.
        // SAFETY: neither signal has a handler; both act on the process as a whole.
        let _ignored = unsafe { libc::raise(signal) };
    }
}
