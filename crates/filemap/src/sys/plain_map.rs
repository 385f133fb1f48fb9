//! What only one system knows of maps: its flags, and its advice.

/// How a view is mapped that follows no rules but the system's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainMap {
    /// The system's own bits.
    pub(crate) flags: i32,
    /// Whether the view keeps the file open.
    pub(crate) keeps_descriptor: bool,
}

/// Advice by the system's own number: `MADV_*` on Linux.
///
/// [`Advice`](crate::Advice) has what every system knows, and changes no byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemAdvice(i32);

#[expect(unsafe_code, reason = "some advice takes pages away")]
impl SystemAdvice {
    /// Returns the advice with this number.
    ///
    /// # Safety
    ///
    /// The pages that it is given for stay mapped, in this process and in those that it forks while
    /// they use the view, and may be accessed as before. Their bytes may change.
    #[must_use]
    pub unsafe fn new(number: i32) -> Self {
        Self(number)
    }

    /// The number.
    #[cfg_attr(windows, expect(dead_code, reason = "no system but Linux has any"))]
    pub(super) fn number(self) -> i32 {
        self.0
    }
}
