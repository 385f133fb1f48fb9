//! What becomes of a program that touches a lost page of a view.

use std::sync::atomic::{AtomicU32, Ordering};

use filemap::{Attributes, ErrorKind, FileMapping, OnLoss, View, ViewOptions};

use crate::boundary::Result;

/// What the program, or whoever started it, has chosen for the views that are mapped from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Nobody has: zeros, where that is possible.
    Default,
    Is(OnLoss),
}

/// Nobody was asked yet.
const UNKNOWN: u32 = 0;
const DEFAULT: u32 = 1;
const DIE: u32 = 2;
const ZEROS: u32 = 3;

static CHOICE: AtomicU32 = AtomicU32::new(UNKNOWN);

/// Chooses for the views that are mapped from now on.
pub(crate) fn choose(on_loss: OnLoss) {
    let choice = if on_loss == OnLoss::Zeros { ZEROS } else { DIE };
    CHOICE.store(choice, Ordering::Relaxed);
}

fn choice() -> Choice {
    let mut choice = CHOICE.load(Ordering::Relaxed);
    if choice == UNKNOWN {
        choice = chosen_outside();
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        if let Err(chosen) = CHOICE.compare_exchange(UNKNOWN, choice, success, failure) {
            choice = chosen;
        }
    }
    match choice {
        DIE => Choice::Is(OnLoss::Die),
        ZEROS => Choice::Is(OnLoss::Zeros),
        _ => Choice::Default,
    }
}

/// Reads the variable `FILEMAP_ON_LOSS`, which a program with more rights than its caller ignores.
fn chosen_outside() -> u32 {
    // SAFETY: takes a number, and looks it up in what the kernel gave the process.
    let has_more_rights = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    match std::env::var("FILEMAP_ON_LOSS").as_deref() {
        Ok("die") if !has_more_rights => DIE,
        Ok("zeros") if !has_more_rights => ZEROS,
        _ => DEFAULT,
    }
}

/// Maps a view, whose lost pages do what was chosen, for it alone or for all.
pub(crate) fn map(
    options: ViewOptions<'_>,
    mapping: &FileMapping,
    own: Option<OnLoss>,
) -> Result<View> {
    // A program lies in memory of its own, of which no page is lost.
    if mapping.attributes().contains(Attributes::IMAGE) {
        return Ok(options.map()?);
    }
    let zeros = || options.clone().on_loss(OnLoss::Zeros).map();
    match own.map_or_else(choice, Choice::Is) {
        Choice::Is(OnLoss::Zeros) => Ok(zeros()?),
        Choice::Default => match zeros() {
            // Where signals may not be handled, lost pages are as ever.
            Err(error) if error.kind() == ErrorKind::NotSupported => Ok(options.map()?),
            mapped => Ok(mapped?),
        },
        Choice::Is(_) => Ok(options.map()?),
    }
}
