//! The most memory that a mapping can commit.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::Space;
use crate::sys::platform::control_group;
use crate::types::{Error, ErrorKind, Operation, Result};

/// From how many bytes on it is asked what is left: to ask costs as much as to take some hundred
/// pages.
pub(super) const ASKED: u64 = 4 << 20;

/// Refuses memory that the machine and the process's control groups do not have, as the commit limit
/// of Windows does.
///
/// Linux would grant it, and kill this process or another one at some later store.
pub(super) fn check(size: u64, space: Space) -> Result<()> {
    let operation = Operation::CreateMapping;
    let most = at_least(size);
    if size > most {
        return Err(refused(size, &format!("the {most} bytes of memory and swap"), operation));
    }
    if space == Space::AtFirstStore { Ok(()) } else { check_left(size, operation) }
}

/// Refuses memory of which there is not so much left at the moment.
pub(super) fn check_left(size: u64, operation: Operation) -> Result<()> {
    if size < ASKED {
        return Ok(());
    }
    if let Some(left) = left().filter(|left| size > *left) {
        let what = format!("the {left} bytes of memory and swap that nobody uses");
        return Err(refused(size, &what, operation));
    }
    if let Some((group, left)) = control_group::least().filter(|(_, left)| size > *left) {
        let what = format!("the {left} bytes that the control group {} has left", group.display());
        return Err(refused(size, &what, operation));
    }
    Ok(())
}

#[cold]
fn refused(size: u64, what: &str, operation: Operation) -> Error {
    let hint = match operation {
        Operation::CreateMapping => "; the attribute `reserve` asks for no promise",
        _ => "",
    };
    Error::new(ErrorKind::CommitLimit, operation)
        .because(format!("{size} bytes are more than {what}{hint}"))
}

/// Returns how many bytes of memory and swap the machine has, or had when it was last asked, if
/// `size` is not more than that.
pub(super) fn at_least(size: u64) -> u64 {
    /// A machine seldom loses memory, and asking costs as much as any other step of a creation.
    static LAST: AtomicU64 = AtomicU64::new(0);
    let last = LAST.load(Ordering::Relaxed);
    if size <= last {
        return last;
    }
    let system = rustix::system::sysinfo();
    let pages = system.totalram.saturating_add(system.totalswap);
    let most = pages.saturating_mul(system.mem_unit.into());
    LAST.store(most, Ordering::Relaxed);
    most
}

/// Returns how many bytes can be had without taking any from a program; `None` where the system does
/// not tell.
fn left() -> Option<u64> {
    let told = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_end_matches("kB").trim().parse::<u64>().ok()
    };
    let kilobytes = kilobytes("MemAvailable:")?.saturating_add(kilobytes("SwapFree:")?);
    Some(kilobytes.saturating_mul(1024))
}
