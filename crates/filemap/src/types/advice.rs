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
    /// Use large pages where the system can.
    LargePages,
}
