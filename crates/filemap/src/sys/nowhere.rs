//! A platform without a backend, which the library does not compile for.
//!
//! The names that other platforms supply are here as well, and all of them stand for one error, so
//! that the compiler reports no other.

type Missing = <() as Backend<
    {
        compile_error!(
            "filemap supports Linux, and Windows on x86-64; a backend for this platform is missing"
        )
    },
>>::Missing;

/// What the compiler does not look into, since its argument is an error.
trait Backend<const PLATFORM: usize> {
    type Missing;
}

pub(crate) type Deadline = Missing;
pub(crate) type Directory = Missing;
pub(crate) type Entry = Missing;
pub(crate) type Extents = Missing;
pub(crate) type LengthLock = Missing;
pub(crate) type MappedView = Missing;
pub(crate) type OwnPages = Missing;
pub(crate) type Section = Missing;
pub(crate) type Waitable = Missing;
pub(crate) type BorrowedDescriptor<'descriptor> = Missing;
pub type OwnedDescriptor = Missing;
pub(crate) const holders: Missing = loop {};
pub(crate) const viewers: Missing = loop {};
pub(crate) const INPUT_SEES_MAPS: Missing = loop {};
pub(crate) const MAPPINGS_GROW: Missing = loop {};
pub(crate) const set_section_len: Missing = loop {};
pub(crate) const join_image: Missing = loop {};
macro_rules! lends_descriptor {
    ($type:ty, $lend:ident, $own:ident) => {};
}
pub(crate) use lends_descriptor;
macro_rules! tells_descriptor {
    ($type:ty, $own:ident) => {};
}
pub(crate) use tells_descriptor;
pub(crate) const number_of: Missing = loop {};
pub(crate) const exhausted: Missing = loop {};
pub(crate) const map_plain: Missing = loop {};
pub(crate) const open_file: Missing = loop {};
pub(crate) const page_size: Missing = loop {};
pub(crate) const prepare_thread: Missing = loop {};
pub(crate) const residency: Missing = loop {};
pub(crate) const set_file_len: Missing = loop {};
pub(crate) const set_inheritable: Missing = loop {};
pub(crate) const sleep_while: Missing = loop {};
pub(crate) const wake_sleepers: Missing = loop {};
