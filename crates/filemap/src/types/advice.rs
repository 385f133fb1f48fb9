//! How the bytes of a view will be used.

/// How the bytes of a view will be used, so that the system can prepare for it.
///
/// Advice changes speed, never what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "madvise")]
#[non_exhaustive]
pub enum Advice {
    /// No particular order.
    Normal,
    /// In random order: reading ahead would be wasted.
    Random,
    /// In ascending order: read far ahead, drop what was read.
    Sequential,
    /// Soon: begin to read it in.
    WillNeed,
    /// Not soon: its memory may be taken back. Nothing is lost.
    Cold,
    /// Use large pages where the system can: pages that are in memory are moved into large ones,
    /// which takes a while, and later ones may be allocated as such.
    ///
    /// On Linux each 2 MiB of which some page is in memory become one page, if the view is shared
    /// and its mapping is memory, or a file of a file system in memory. That may need more memory:
    /// holes in them are filled.
    LargePages,
}
