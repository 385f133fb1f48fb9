//! Claims about lengths that threads note while others change them.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering, fence};
use loom::thread::{self, JoinHandle};

use crate::file::whole::Whole;
use crate::model::View;
use crate::sys::Reach;

/// A file's length, as the system has it and as threads have noted it.
#[derive(Debug)]
struct File {
    len: AtomicUsize,
    known: Reach,
}

impl File {
    fn new(len: usize) -> Arc<Self> {
        Arc::new(Self { len: AtomicUsize::new(len), known: Reach::new(len as u64) })
    }

    /// The length of this moment.
    fn len(&self) -> u64 {
        self.len.fetch_add(0, Ordering::Relaxed) as u64
    }

    /// As `MappedFile::len` does, until the length is noted.
    fn look(&self) {
        loop {
            let seen = self.known.seen();
            // A system call, of which no more is asked than that it sees what came before.
            let len = self.len.load(Ordering::Relaxed) as u64;
            if self.known.note(seen, len) {
                return;
            }
            thread::yield_now();
        }
    }

    /// Runs `act` in another thread.
    fn beside(file: &Arc<Self>, act: impl FnOnce(&Self) + 'static) -> JoinHandle<()> {
        let file = Arc::clone(file);
        thread::spawn(move || act(&file))
    }

    /// As `MappedFile::set_len` does, before it looks.
    fn cut(&self, len: usize) {
        self.len.swap(len, Ordering::Relaxed);
        self.known.cut(len as u64);
    }

    /// As whoever appends does: in one step with the length, of which nobody asks again.
    fn append(&self, end: usize) {
        let seen = self.known.seen();
        self.len.fetch_max(end, Ordering::Relaxed);
        if !self.known.note(seen, seen.bytes().max(end as u64)) {
            self.look();
        }
    }
}

#[test]
fn after_a_cut_no_length_from_before_it_is_found() {
    loom::model(|| {
        let file = File::new(9);
        // It knows less than there is, and looks.
        file.known.set(5);
        let looker = File::beside(&file, File::look);
        file.cut(3);
        let found = file.known.bytes();
        file.look();
        let found_then = file.known.bytes();
        looker.join().expect("it ends");

        assert!(found <= 3, "{found}");
        assert_eq!((found_then, file.known.bytes()), (3, 3));
    });
}

#[test]
fn after_a_cut_no_end_of_an_append_before_it_is_found() {
    loom::model(|| {
        let file = File::new(5);
        let writer = File::beside(&file, |file| file.append(9));
        file.cut(3);
        let (found, len) = (file.known.bytes(), file.len());
        writer.join().expect("it ends");

        // Nobody makes it shorter again, so there is what was found before.
        assert!(found <= len, "{found} of {len}");
        assert!(file.known.bytes() <= file.len());
    });
}

#[test]
fn of_a_file_that_was_cut_and_grew_again_no_old_length_is_found() {
    loom::model(|| {
        let file = File::new(9);
        file.known.set(5);
        let looker = File::beside(&file, File::look);
        file.cut(3);
        // What is known is then what was known before, but not by the same look.
        file.append(5);
        let found = file.known.bytes();
        looker.join().expect("it ends");

        assert!(found <= 5 && file.known.bytes() <= 5, "{found}");
    });
}

#[test]
fn a_map_that_is_put_in_place_during_a_cut_reaches_no_farther_than_the_file() {
    loom::model(|| {
        let file = Arc::new((AtomicUsize::new(9), Whole::new()));
        let mapper = {
            let file = Arc::clone(&file);
            thread::spawn(move || {
                // As `MappedFile::whole_to` does.
                let (len, whole) = &*file;
                let mapped =
                    whole.map(9, |len| Ok(View::new(0, usize::try_from(len).expect("it fits"))));
                fence(Ordering::SeqCst);
                let view = whole.view().filter(|_| mapped).expect("it is in its place");
                let seen = view.reach.seen();
                view.reach.note(seen, len.load(Ordering::Relaxed) as u64)
            })
        };
        // As `MappedFile::set_len` does.
        let (len, whole) = &*file;
        len.swap(3, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if let Some(view) = whole.view() {
            view.cut_reach(3);
        }
        mapper.join().expect("it ends");

        assert!(whole.view().is_some_and(|view| view.reach.bytes() <= 3));
    });
}
