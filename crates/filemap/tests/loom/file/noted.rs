//! Claims about lengths that threads note while others change them.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::file::changes::Changes;

/// A file's length, as the system has it and as a thread has noted it.
#[derive(Debug)]
struct File {
    len: AtomicUsize,
    known: AtomicUsize,
    changes: Changes,
}

impl File {
    fn new(len: usize) -> Arc<Self> {
        let (len, known) = (AtomicUsize::new(len), AtomicUsize::new(len));
        Arc::new(Self { len, known, changes: Changes::new() })
    }

    /// As `MappedFile::len` does.
    fn look(&self) {
        loop {
            let seen = self.changes.seen();
            // A system call, whose answer is of this moment.
            let len = self.len.fetch_add(0, Ordering::AcqRel);
            self.known.store(len, Ordering::Relaxed);
            if self.changes.are(seen) {
                return;
            }
            thread::yield_now();
        }
    }

    /// As `MappedFile::set_len` does.
    fn cut(&self, len: usize) {
        self.len.swap(len, Ordering::AcqRel);
        self.changes.count();
        self.look();
    }
}

#[test]
fn no_length_from_before_a_cut_is_noted_for_good() {
    loom::model(|| {
        let file = File::new(9);
        let looker = {
            let file = Arc::clone(&file);
            thread::spawn(move || file.look())
        };
        file.cut(3);
        looker.join().expect("it ends");

        assert_eq!(file.known.load(Ordering::Relaxed), 3);
    });
}
