//! Claims about the count of forks.

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::sys::fork_count::ForkCount;

/// A handle, whose lock a child may share.
#[derive(Debug, Default)]
struct Handle {
    /// Whether there is one that a child would get.
    is_open: AtomicBool,
    /// Whether its lock was taken from all who share it.
    is_unlocked: AtomicBool,
}

/// Forks, and returns whether the child has the handle: the child's memory is what the parent's is
/// at this moment.
fn fork(forks: &ForkCount, handle: &Handle) -> bool {
    forks.begin();
    let has_it = handle.is_open.load(Ordering::Relaxed);
    forks.end();
    has_it
}

/// Opens a handle and closes it, and takes the lock from all if nobody else seems to have it.
fn open_and_close(forks: &ForkCount, handle: &Handle) {
    let opened = forks.get();
    handle.is_open.store(true, Ordering::Relaxed);
    handle.is_open.store(false, Ordering::Relaxed);
    if opened.is_some() && opened == forks.get() {
        handle.is_unlocked.store(true, Ordering::Relaxed);
    }
}

fn check(forkers: usize) {
    let mut checker = Builder::new();
    // With more threads than two all orders would take hours; most faults show in few switches.
    checker.preemption_bound = (forkers > 1).then_some(2);
    checker.check(move || {
        let (forks, handle) = (Arc::new(ForkCount::new()), Arc::new(Handle::default()));
        let forkers: Vec<_> = (0..forkers)
            .map(|_| {
                let (forks, handle) = (Arc::clone(&forks), Arc::clone(&handle));
                thread::spawn(move || fork(&forks, &handle))
            })
            .collect();
        open_and_close(&forks, &handle);
        let mut had_it = false;
        for forker in forkers {
            had_it |= forker.join().expect("it ends");
        }

        assert!(!(had_it && handle.is_unlocked.load(Ordering::Relaxed)));
        assert!(forks.get().is_some(), "no fork is under way");
    });
}

#[test]
fn a_handle_that_a_child_has_keeps_its_lock() {
    check(1);
}

#[test]
fn a_handle_that_one_of_two_children_has_keeps_its_lock() {
    check(2);
}

#[test]
fn in_a_child_no_fork_is_under_way() {
    loom::model(|| {
        let forks = ForkCount::new();
        forks.begin();
        forks.begin();
        assert_eq!(forks.get(), None);
        forks.end_all();
        assert_eq!(forks.get(), Some(2));
    });
}
