//! A range of a view that reads as zeros.

use std::ops::Range;
use std::time::SystemTime;

/// A range of a view that was lost, and reads as zeros by its address: see
/// [`OnLoss::Zeros`](crate::OnLoss::Zeros).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRange {
    /// Where it is, in bytes from the start of the view.
    pub bytes: Range<usize>,
    /// When the first of its pages was replaced.
    pub since: SystemTime,
}
