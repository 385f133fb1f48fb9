//! What becomes of a thread that touches a lost page of a view by its address.

/// What becomes of a thread that touches a lost page of a view by its address.
///
/// It is about the address that [`View::as_ptr`](crate::View::as_ptr) returns, and about nothing else:
/// the copying methods return an [`Error`](crate::Error) in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnLoss {
    /// `SIGBUS`, or an exception on Windows: the end of the process, unless it handles that.
    #[default]
    Die,
    /// Zeroed memory takes the place of the page, and the thread goes on.
    ///
    /// # The danger
    ///
    /// Who reads zeros by an address is told nothing at that moment: a program that takes them for
    /// the file's bytes goes on with wrong data, and may save it. What is stored to such a page is
    /// never in the file, and no other process sees it. So a program that wants this asks
    /// [`View::lost`](crate::View::lost) before it relies on what it read, or calls
    /// [`View::flush`](crate::View::flush), which fails if a page was lost.
    Zeros,
}
