//! A plain value whose accesses the model checker watches.

#![expect(unsafe_code, reason = "plain accesses, which the checker finds to race or not")]

use loom::cell::UnsafeCell;

/// A number that is written where it is made and where it is dropped, and read in between: any of
/// these at once are a race.
#[derive(Debug)]
pub(crate) struct Tracked(UnsafeCell<usize>);

// SAFETY: the checker ends the execution at the first race.
unsafe impl Send for Tracked {}
// SAFETY: as above.
unsafe impl Sync for Tracked {}

impl Tracked {
    pub(crate) fn new(number: usize) -> Self {
        Self(UnsafeCell::new(number))
    }

    pub(crate) fn get(&self) -> usize {
        // SAFETY: the checker ends the execution if somebody writes meanwhile.
        self.0.with(|number| unsafe { *number })
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        // SAFETY: as above.
        self.0.with_mut(|number| unsafe { *number = usize::MAX });
    }
}
