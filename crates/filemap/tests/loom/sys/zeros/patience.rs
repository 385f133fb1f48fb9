//! In place of naps: another thread goes on.

#[derive(Debug, Default)]
pub(super) struct Patience;

impl Patience {
    #[expect(clippy::unused_self, reason = "the library's counts")]
    pub(super) fn wait(&mut self) -> bool {
        loom::thread::yield_now();
        true
    }
}
