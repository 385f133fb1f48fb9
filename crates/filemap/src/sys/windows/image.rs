//! Programs, which the kernel lays out: how it is asked to, and what it reports of one.

use windows_sys::Win32::System::Memory::{
    PAGE_PROTECTION_FLAGS, SEC_IMAGE, SEC_IMAGE_NO_EXECUTE, SEC_NOCACHE,
};

use crate::types::{Access, Attributes};

/// Returns the flag that asks for a program; nothing, if none is asked for.
pub(super) fn flag(attributes: Attributes) -> PAGE_PROTECTION_FLAGS {
    if !attributes.contains(Attributes::IMAGE) {
        return 0;
    }
    if attributes.contains(Attributes::NO_EXECUTE) { SEC_IMAGE_NO_EXECUTE } else { SEC_IMAGE }
}

/// Returns the attributes of a program by its flags; nothing, if they are of another section.
pub(super) fn attributes(flags: PAGE_PROTECTION_FLAGS) -> Option<Attributes> {
    let mut attributes = Attributes::IMAGE;
    // Of other sections this bit says something else.
    attributes.set(Attributes::NO_EXECUTE, flags & SEC_NOCACHE != 0);
    (flags & SEC_IMAGE != 0).then_some(attributes)
}

/// Returns what a view of a program may give its pages at most; nothing, if it is not one.
pub(super) fn access(attributes: Attributes) -> Option<Access> {
    let runs = !attributes.contains(Attributes::NO_EXECUTE);
    let access = if runs { Access::ExecuteCopy } else { Access::Copy };
    attributes.contains(Attributes::IMAGE).then_some(access)
}
