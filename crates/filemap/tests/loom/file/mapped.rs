//! Claims about the maps that threads use while others exchange them.

use loom::sync::Arc;
use loom::thread;

use crate::file::whole::Whole;
use crate::file::windows::{Missing, Shape, Windows};
use crate::model::{View, granularity};

/// Windows of which one is kept.
fn one_window() -> Arc<Windows> {
    Arc::new(Windows::new(Shape { window: granularity(), count: 1, forced: false }))
}

/// Gets a window and touches it, if there is one to be had; its bytes are those of its offset.
fn touch(windows: &Windows, offset: u64) {
    let got = windows.get(offset, 1, Missing::Map, |at, len| Ok(View::new(at, len)));
    if let Some(view) = got {
        assert_eq!((view.offset(), view.touch()), (offset, offset));
    }
    windows.with(offset, |view, at| assert_eq!((view.touch(), at), (offset, 0)));
}

#[test]
fn a_window_is_the_one_that_was_asked_for_and_is_mapped_while_it_is_used() {
    loom::model(|| {
        let windows = one_window();
        let other = {
            let windows = Arc::clone(&windows);
            thread::spawn(move || touch(&windows, granularity() as u64))
        };
        touch(&windows, 0);
        other.join().expect("it ends");
    });
}

#[test]
fn windows_that_are_given_up_stay_mapped_for_those_who_use_them() {
    loom::model(|| {
        let windows = one_window();
        let other = {
            let windows = Arc::clone(&windows);
            thread::spawn(move || windows.clear())
        };
        touch(&windows, 0);
        other.join().expect("it ends");
    });
}

#[test]
fn the_longest_map_of_a_whole_file_is_the_one_that_is_used() {
    const MIB: u64 = 1 << 20;
    loom::model(|| {
        let whole = Arc::new(Whole::new());
        let mappers = [1, 2].map(|mib| {
            let whole = Arc::clone(&whole);
            thread::spawn(move || {
                let map = |len: u64| Ok(View::new(0, usize::try_from(len).expect("it fits")));
                let mapped = whole.map(mib * MIB, map);
                assert!(mapped, "each level is begun once");
            })
        });
        if let Some(view) = whole.view() {
            assert_eq!(view.touch(), 0);
        }
        for mapper in mappers {
            mapper.join().expect("it ends");
        }

        assert_eq!(whole.view().map(View::len), Some(2 << 20));
    });
}
