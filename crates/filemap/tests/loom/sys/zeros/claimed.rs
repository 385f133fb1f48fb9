//! Claims about the right to change pages.

use loom::sync::Arc;
use loom::thread;

use super::claim::Claim;
use crate::sys::platform::fork::set_generation;
use crate::sys::sync::{AtomicUsize, Ordering};

fn waits() -> bool {
    thread::yield_now();
    true
}

#[test]
fn one_thread_at_a_time_has_the_right() {
    loom::model(|| {
        let shared = Arc::new((Claim::new(), AtomicUsize::new(0)));
        let change = |(claim, pages): &(Claim, AtomicUsize)| {
            let turn = claim.take(waits);
            let seen = pages.load(Ordering::Relaxed);
            pages.store(seen + 1, Ordering::Relaxed);
            assert!(claim.give_back(turn));
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || change(&shared))
        };

        change(&shared);

        other.join().expect("it ends");
        assert_eq!(shared.1.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn who_has_no_patience_takes_the_right_and_the_other_learns_of_it() {
    loom::model(|| {
        let claim = Claim::new();
        let first = claim.take(waits);
        assert!(claim.take_if_free(|| false).is_none());
        let second = claim.take(|| false);

        assert!(!claim.give_back(first));
        assert!(claim.take_if_free(|| false).is_none(), "it is the second one's");
        assert!(claim.give_back(second));
        assert!(claim.take_if_free(|| false).is_some());
    });
}

#[test]
fn in_a_child_nobody_has_the_right() {
    loom::model(|| {
        set_generation(0);
        let claim = Claim::new();
        let _gone = claim.take(waits);
        set_generation(1);

        assert!(claim.take_if_free(|| panic!("nobody has it")).is_some());
        set_generation(0);
    });
}
