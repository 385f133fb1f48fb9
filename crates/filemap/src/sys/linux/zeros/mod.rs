//! Zeros in place of lost pages, for those who touch a view by its address.
//!
//! A view that was mapped with [`OnLoss::Zeros`](crate::OnLoss::Zeros) is on a list ([`list`]) that
//! the handler of `SIGBUS` looks through when a fault is none of the guard's. It maps private zeroed
//! memory over the page ([`view`]), from there to the end of the view if the file ends before it, and
//! has the instruction made again. Which pages it has replaced stands in marks ([`losses`]), set
//! before the pages are, so that guarded accesses, which look before and after, never take the zeros
//! for the file's bytes.
//!
//! One thread at a time changes pages of a view ([`claim`]). Nobody waits without a limit: whoever
//! finds a page being replaced for two seconds replaces it as well, which loses no more than what
//! was stored to zeros; and in a forked child nobody has the claim that a thread of the parent had.
//!
//! ```text
//!  handler                                   guarded access
//!    take the claim                            look
//!    mark the pages                            touch the bytes
//!    map zeros over them                       look: were they marked meanwhile?
//!    give the claim back
//!    make the instruction again
//! ```

mod claim;
mod list;
mod losses;
mod patience;
mod table;
mod view;
mod zero_pages;

use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use claim::Claim;
use losses::Losses;
use view::ZerosView;
pub(crate) use zero_pages::ZeroPages;

use crate::sys::platform::file::Place;
use crate::sys::platform::mapped_range::MappedRange;
use crate::sys::platform::mapped_view::ViewSource;
use crate::sys::platform::{fault, fork};
use crate::types::{Error, ErrorKind, Operation, Result};

/// Replaces the page of an address that was lost, if a view has it that wants that; returns whether
/// the touch is to be made again.
///
/// Called inside a signal handler. The error number may change.
pub(super) fn replace(address: usize) -> bool {
    list::enter(address).is_some_and(|entered| entered.view().replace(address))
}

/// Has the lost pages of a view replaced by zeros, until the value is dropped.
///
/// The caller drops the value before the pages are unmapped, which must not happen if `is_stuck` is
/// true then; the view keeps the descriptor open.
pub(super) fn begin(
    range: &MappedRange,
    source: &ViewSource,
    (file, place): (BorrowedFd<'_>, Place),
    is_stuck: &Arc<AtomicBool>,
) -> Result<ZeroPages> {
    fault::ensure().map_err(|error| {
        Error::new(ErrorKind::NotSupported, Operation::MapView)
            .because("this process may not handle SIGBUS, so no page can be replaced")
            .caused_by(error)
    })?;
    fork::count();
    let count = range.len() / source.unit;
    let view = ZerosView {
        base: range.start().as_ptr().expose_provenance(),
        count,
        unit: source.unit,
        access: source.access,
        descriptor: file.as_raw_fd(),
        place,
        offset: source.offset,
        claim: Claim::new(),
        losses: Losses::new(count),
        single: AtomicUsize::new(0),
    };
    Ok(ZeroPages::begin(view, Arc::clone(is_stuck)))
}
