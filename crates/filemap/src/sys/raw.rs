#![expect(unsafe_code, reason = "this is the one door to mapped bytes that copies nothing")]

use std::fmt;
use std::ptr::NonNull;

use crate::sys::{Copying as _, Region};

/// The fenced door to a view's own bytes: an address and a length.
///
/// For those who must hand an address to other code. Everything that the copying methods of
/// [`View`](crate::View) promise ends here: other threads and other processes may change the
/// bytes at any time, and a file that becomes shorter takes pages away, after which a touch
/// kills the process.
pub struct RawBytes<'view> {
    region: &'view Region,
}

impl<'view> RawBytes<'view> {
    pub(crate) fn of(region: &'view Region) -> Self {
        Self { region }
    }

    /// How many bytes there are from [`pointer`](Self::pointer) on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.region.span().len()
    }

    /// Tells whether there are no bytes; a view has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the address of the view's first byte.
    ///
    /// # Safety
    ///
    /// The caller must
    /// - stop using the address when the view is unmapped or dropped;
    /// - touch no more than [`len`](Self::len) bytes, and only as the view's
    ///   [`Access`](crate::Access) and the page allow
    ///   ([`View::pages_at`](crate::View::pages_at)): any other touch is an access violation,
    ///   `SIGSEGV` on Linux; pages that somebody commits open by themselves;
    /// - make no reference to the bytes unless nothing, in this process or another, changes
    ///   them while the reference lives; single bytes are best read and written as volatile or
    ///   atomic accesses;
    /// - accept that a page which the file has lost raises `SIGBUS`, or an exception on Windows.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Access, FileMapping, Protection};
    ///
    /// let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
    /// let view = mapping.map(Access::Write)?;
    /// view.write_at(0, b"x")?;
    /// // SAFETY: the view lives to the end of the statement, has 4096 bytes, and its memory has
    /// // no name by which anybody else could reach it.
    /// let first = unsafe { view.raw().pointer().read_volatile() };
    /// assert_eq!(first, b'x');
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[must_use]
    pub unsafe fn pointer(&self) -> NonNull<u8> {
        self.region.span().start()
    }
}

impl fmt::Debug for RawBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBytes").field("len", &self.len()).finish_non_exhaustive()
    }
}
