/// How the bytes of a view will be used, so that the system can prepare for it.
///
/// Advice changes speed, never what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "madvise")]
pub enum Advice {
    /// No particular order.
    Normal,
    /// Here and there: reading ahead would be wasted.
    Random,
    /// From front to back: read far ahead, drop what was read.
    Sequential,
    /// Soon: begin to read it in.
    WillNeed,
    /// Not soon: its memory may be taken back. Nothing is lost.
    NotSoon,
    /// Use large pages where the system can: what is in memory by now is moved into them, which
    /// takes a while, and what comes later may come as such.
    ///
    /// On Linux each part of 2 MiB of which some page is in memory becomes one page, if the view
    /// is shared and its mapping is memory, or a file of a file system in memory. It may be more
    /// memory than before: what of such a part was a hole is not one then.
    LargePages,
}
