//! Claims about the views whose lost pages are replaced, and that a handler finds.

use loom::thread;

use super::list::{self, Watch};
use super::view::ZerosView;
use crate::sys::platform::fork::set_generation;

/// What a handler does at a touch of a view: it enters it, and uses what it found.
fn touch(address: usize) -> Option<usize> {
    list::enter(address).map(|entered| entered.view().number.get())
}

fn waits() -> bool {
    thread::yield_now();
    true
}

#[test]
fn a_view_stays_until_no_handler_is_in_it() {
    loom::model(|| {
        let view = Watch::begin(ZerosView::new(10..12));
        // One who has no right to: the view may be gone.
        let stranger = thread::spawn(|| touch(11));

        assert!(view.end(waits));

        assert!([None, Some(10)].contains(&stranger.join().expect("it ends")));
        assert_eq!(touch(11), None);
    });
}

#[test]
fn a_handler_finds_its_view_while_others_come_and_go() {
    loom::model(|| {
        let own = Watch::begin(ZerosView::new(22..24));
        let before = Watch::begin(ZerosView::new(10..12));
        let others = thread::spawn(move || {
            assert!(before.end(waits));
            // In the slot of the one before.
            let behind = Watch::begin(ZerosView::new(30..32));
            assert_eq!(touch(31), Some(30));
            assert!(behind.end(waits));
        });

        assert_eq!(touch(23), Some(22));

        others.join().expect("it ends");
        assert!(own.end(waits));
    });
}

#[test]
fn a_child_waits_for_no_handler_of_its_parent() {
    loom::model(|| {
        set_generation(0);
        let view = Watch::begin(ZerosView::new(10..12));
        let inside = list::enter(11).expect("it is there");
        // The thread that is inside is not in the child.
        std::mem::forget(inside);
        set_generation(1);

        assert!(view.end(|| panic!("nobody is inside")));
        set_generation(0);
    });
}

#[test]
fn a_view_with_a_handler_that_is_stuck_is_never_freed() {
    loom::model(|| {
        let view = Watch::begin(ZerosView::new(10..12));
        let inside = list::enter(11).expect("it is there");

        assert!(!view.end(|| false));

        assert_eq!(inside.view().number.get(), 10);
        assert_eq!(touch(11), None, "and nobody else comes in");
        // Nobody frees it, which the checker would miss.
        #[expect(unsafe_code, reason = "the memory is the test's now")]
        // SAFETY: `end` has left it for ever, and the one inside does not use it any more.
        drop(unsafe { Box::from_raw(std::ptr::from_ref(inside.view()).cast_mut()) });
    });
}
