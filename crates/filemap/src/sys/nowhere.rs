//! A platform without a backend: one error says so.
//!
//! The names that other platforms supply are here as well, and all of them stand for that error.
//! So the compiler has nothing else to complain about.

type Missing = <() as Backend<
    {
        compile_error!(
            "filemap supports Linux, and Windows on x86-64; a backend for this platform is missing"
        )
    },
>>::Missing;

/// What the compiler knows nothing of, and does not ask about: its argument is an error.
trait Backend<const PLATFORM: usize> {
    type Missing;
}

/// A type itself, as its variants are named.
pub(crate) enum Adopted {
    Named(Missing),
    Unnamed {
        section: Missing,
        protection: Missing,
        attributes: Missing,
        rights: Missing,
        content: Missing,
    },
    Foreign(Missing),
}

pub(crate) type Census = Missing;
pub(crate) type Directory = Missing;
pub(crate) type Draft = Missing;
pub(crate) type Entry = Missing;
pub(crate) type Extents = Missing;
pub(crate) type Found = Missing;
pub(crate) type KeptLength = Missing;
pub(crate) type Listed = Missing;
pub(crate) type Region = Missing;
pub(crate) type Section = Missing;
pub(crate) type Sighted = Missing;
pub type BorrowedDescriptor<'descriptor> = Missing;
pub type OwnedDescriptor = Missing;
pub type RawDescriptor = Missing;
pub(crate) const INPUT_SEES_MAPS: Missing = loop {};
pub(crate) const number: Missing = loop {};
pub(crate) const open_file: Missing = loop {};
pub(crate) const page_size: Missing = loop {};
pub(crate) const prepare_thread: Missing = loop {};
pub(crate) const residency: Missing = loop {};
pub(crate) const set_file_len: Missing = loop {};
pub(crate) const set_inheritable: Missing = loop {};

pub(crate) mod barrier {
    pub(crate) const everywhere: super::Missing = loop {};
    pub(crate) const prepare: super::Missing = loop {};
}
