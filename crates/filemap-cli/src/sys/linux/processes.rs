//! Other processes, whose end is looked for.

use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Processes by descriptors, which keep their numbers from being taken for those of others.
#[derive(Debug)]
pub(crate) struct Processes(Vec<OwnedFd>);

impl Processes {
    /// Those of these processes that run.
    pub(crate) fn new(numbers: impl IntoIterator<Item = u32>) -> Self {
        let open = |number: u32| {
            let pid = Pid::from_raw(i32::try_from(number).ok()?)?;
            pidfd_open(pid, PidfdFlags::empty()).ok()
        };
        Self(numbers.into_iter().filter_map(open).collect())
    }

    /// Returns whether there are none.
    pub(crate) fn are_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether there were some, and all have ended.
    pub(crate) fn have_ended(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(has_ended)
    }
}

fn has_ended(process: &OwnedFd) -> bool {
    let mut asked = [PollFd::new(process, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok_and(|count| count > 0)
}
