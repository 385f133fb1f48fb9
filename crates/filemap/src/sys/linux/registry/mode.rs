//! The mode of an entry's file: who may open the name, and who may say where it leads.

use rustix::fs::{Mode, Stat};

use crate::sys::Content;
use crate::types::Permissions;

/// The bit of the owner that says that the entry leads elsewhere, and has no memory.
const LEADS_ELSEWHERE: u32 = 0o100;

/// The bits by which group and others may write.
const WRITING: u32 = 0o022;

/// Returns the mode of the entry of an object.
///
/// Whoever may write an entry may write what it says. An entry that leads to a file, or to memory that
/// its holders have, can be written by its maker alone, and tells by the bits for execution who may
/// write what it leads to. Only its owner can change a file's mode, so none that has memory becomes
/// one that leads elsewhere.
pub(super) fn of(permissions: Permissions, content: &Content) -> Mode {
    let mode = permissions.mode();
    Mode::from_raw_mode(match content {
        Content::Memory | Content::Waitable(_) => mode,
        Content::File(_) | Content::Held => {
            (mode & !WRITING) | LEADS_ELSEWHERE | (mode & WRITING) >> 1
        }
    })
}

/// Returns what the mode of an entry permits; `None` if it is not one that [`of`] gives.
pub(super) fn permissions(stat: &Stat) -> Option<Permissions> {
    let mode = stat.st_mode & 0o7777;
    Permissions::from_mode(if mode & LEADS_ELSEWHERE == 0 {
        mode
    } else {
        (mode & !0o111) | (mode << 1 & WRITING)
    })
    .ok()
}

/// Returns true if what an entry says of an object elsewhere is its maker's word.
pub(super) fn is_makers_alone(stat: &Stat) -> bool {
    stat.st_mode & (LEADS_ELSEWHERE | WRITING) == LEADS_ELSEWHERE
}

/// Returns true if this user may write what an entry leads to, as far as the entry decides that.
pub(super) fn permits_writing(stat: &Stat) -> bool {
    let is_group = |group: u32| {
        rustix::process::getegid().as_raw() == group
            || rustix::process::getgroups()
                .is_ok_and(|groups| groups.iter().any(|one| one.as_raw() == group))
    };
    let bit = if rustix::process::geteuid().as_raw() == stat.st_uid {
        0o100
    } else if is_group(stat.st_gid) {
        0o010
    } else {
        0o001
    };
    stat.st_mode & bit != 0
}
