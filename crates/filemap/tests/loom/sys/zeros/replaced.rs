//! Claims about accesses that must not take zeros for the bytes of a file.

use std::sync::Arc as Plain;
use std::sync::atomic::AtomicBool;

use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;

use super::list;
use super::view::{FILE, ZEROS, ZerosView};
use super::zero_pages::ZeroPages;
use crate::sys::sync::Ordering;

fn pages() -> ZeroPages {
    ZeroPages::begin(ZerosView::new(10..12), Plain::new(AtomicBool::new(false)))
}

fn waits() -> bool {
    thread::yield_now();
    true
}

/// What the handler does about a lost page.
fn lose(page: usize) {
    list::enter(10).expect("the view is there").view().replace(page, waits);
}

/// Reads a page as a guarded access does; returns what it is told.
fn read(zeros: &ZeroPages, page: usize) -> Option<usize> {
    let mut seen = FILE;
    let left = zeros.around(&(page..page + 1), |len| {
        assert_eq!(len, 1);
        let entered = list::enter(10).expect("the view is there");
        seen = entered.view().pages[page].load(Ordering::Relaxed);
        0
    });
    (left == 0).then_some(seen)
}

/// The same, of an access that is made once.
fn read_once(zeros: &ZeroPages, page: usize) -> Option<usize> {
    zeros.once(&(page..page + 1), || {
        let entered = list::enter(10).expect("the view is there");
        Some(entered.view().pages[page].load(Ordering::Relaxed))
    })
}

/// Runs readers beside `others`, each in a thread of its own.
fn check(others: &'static [fn(&ZeroPages)]) {
    let reads = [read as fn(&ZeroPages, usize) -> Option<usize>, read_once];
    // The checker does not try by itself to begin with another thread.
    for (read, yields) in [(reads[0], false), (reads[0], true), (reads[1], false), (reads[1], true)]
    {
        let mut checker = Builder::new();
        checker.preemption_bound = Some(if others.len() > 1 { 2 } else { 4 });
        checker.check(move || {
            let zeros = Arc::new(pages());
            let threads: Vec<_> = others
                .iter()
                .map(|other| {
                    let zeros = Arc::clone(&zeros);
                    thread::spawn(move || other(&zeros))
                })
                .collect();
            if yields {
                thread::yield_now();
            }

            let seen = read(&zeros, 0);

            assert_ne!(seen, Some(ZEROS), "zeros were taken for the file's");
            for thread in threads {
                thread.join().expect("it ends");
            }
        });
    }
}

#[test]
fn a_guarded_access_never_takes_the_zeros_of_a_page_that_is_being_lost() {
    check(&[|_| lose(0)]);
}

#[test]
fn a_guarded_access_never_takes_the_zeros_of_a_page_that_is_being_restored() {
    check(&[|zeros| {
        lose(0);
        zeros.restore().expect("it can be");
    }]);
}

#[test]
fn a_guarded_access_never_takes_the_zeros_while_others_lose_and_restore() {
    check(&[|_| lose(0), |zeros| drop(zeros.restore().expect("it can be"))]);
}

#[test]
fn a_page_that_is_lost_behind_another_one_is_lost() {
    check(&[|_| {
        lose(1);
        lose(0);
    }]);
}

#[test]
fn what_was_restored_is_whole() {
    loom::model(|| {
        let zeros = pages();
        lose(0);
        lose(1);
        assert_eq!((read(&zeros, 0), read_once(&zeros, 1)), (None, None));

        assert_eq!(zeros.restore().expect("it can be").len(), 1);

        assert_eq!((read(&zeros, 0), read_once(&zeros, 1)), (Some(FILE), Some(FILE)));
        assert!(zeros.lost().is_empty());
    });
}
