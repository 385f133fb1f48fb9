//! Claims about the views that a handler of signals finds.

#![expect(unsafe_code, reason = "a handler reaches what it finds by a pointer")]

use loom::thread;

use super::page_snapshot::PageSnapshot;
use super::watch::{self, Watch};

/// What a handler does at a touch of a view: it finds it, and uses what it found.
fn touch(address: usize) -> usize {
    let found = watch::find(address).expect("who touches a view has it");
    // SAFETY: whoever touches a view keeps it; the checker finds out whether that is so.
    unsafe { found.as_ref() }.number.get()
}

#[test]
fn a_handler_finds_the_view_that_was_touched_while_others_come_and_go() {
    loom::model(|| {
        let own = Watch::begin(PageSnapshot::new(22..28));
        let before = Watch::begin(PageSnapshot::new(10..20));
        let others = thread::spawn(move || {
            drop(before);
            // In the slot of the one before.
            let behind = Watch::begin(PageSnapshot::new(30..40));
            assert_eq!(touch(35), 30);
            drop(behind);
        });

        // Neither the one before nor the one behind has it, nor has a mixture of both.
        assert_eq!(touch(25), 22);

        others.join().expect("it ends");
        drop(own);
        assert!(watch::find(25).is_none());
    });
}

#[test]
fn two_threads_that_begin_at_once_get_a_slot_each() {
    loom::model(|| {
        drop(Watch::begin(PageSnapshot::new(1..2)));
        let other = thread::spawn(|| {
            let view = Watch::begin(PageSnapshot::new(10..20));
            assert_eq!(touch(15), 10);
            view
        });
        let view = Watch::begin(PageSnapshot::new(30..40));
        assert_eq!(touch(35), 30);

        let other = other.join().expect("it ends");
        assert_eq!((touch(15), touch(35)), (10, 30));
        drop((view, other));
    });
}
