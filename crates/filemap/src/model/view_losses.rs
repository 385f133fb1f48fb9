//! The pages of a view that were lost, and read as zeros by its address.

use std::ops::Range;

use crate::model::View;
use crate::sys::exhausted;
use crate::types::{LostRange, Result};

/// What is done about lost pages of a view that was mapped with
/// [`OnLoss::Zeros`](crate::OnLoss::Zeros).
impl View {
    /// Has lost pages read as zeros from now on, as [`OnLoss::Zeros`](crate::OnLoss::Zeros) does from
    /// the start, of a view whose address nobody has yet: its accesses are faster before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) where that cannot be, as on Windows.
    pub fn replace_losses(&mut self) -> Result<()> {
        self.region.replace_losses()
    }

    /// Returns the ranges of the view that read as zeros by its address because they were lost, in
    /// their order, and since when they do.
    ///
    /// A page is among them from the moment on at which somebody touched it in vain, until
    /// [`restore`](Self::restore) has replaced it. A page that is gone, and that nobody has touched
    /// yet, is not. A view without the option has none.
    ///
    /// ```no_run
    /// # use filemap::{Access, FileMapping, OnLoss};
    /// # let mapping = FileMapping::open("Local\\scores")?;
    /// let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()?;
    /// // ... after somebody else's code has worked on `view.as_ptr()`:
    /// for range in view.lost() {
    ///     eprintln!("bytes {:?} are zeros since {:?}", range.bytes, range.since);
    /// }
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[must_use]
    pub fn lost(&self) -> Vec<LostRange> {
        self.region.zeros()
    }

    /// Maps the file back over ranges that read as zeros, as far as it reaches again, and returns the
    /// ranges that it has replaced.
    ///
    /// What was stored to the zeros is gone, and locks and advice for these pages end. A page whose
    /// disk still fails is replaced by zeros again when it is next touched. See
    /// [`ViewOptions::on_loss`](crate::ViewOptions::on_loss) for an example.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BackingGone`](crate::ErrorKind::BackingGone) if somebody has closed the view's
    /// descriptor; [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut) if a thread that is replacing
    /// pages was stopped; [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory) if the process has
    /// reached the kernel's limit of mappings. What was not replaced is still [`lost`](Self::lost).
    pub fn restore(&self) -> Result<Vec<Range<usize>>> {
        self.region.restore().map_err(exhausted)
    }
}
