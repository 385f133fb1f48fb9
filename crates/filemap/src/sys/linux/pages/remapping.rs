//! Pages that are mapped anew, by somebody who does not know what they allow.

#![expect(unsafe_code, reason = "a signal handler reaches what it finds by a pointer")]

use rustix::mm::ProtFlags;

use crate::sys::platform::pages::watch;

/// Returns whether the pages of the view that has an address may differ in what they allow.
///
/// Called inside a signal handler.
pub(in crate::sys::platform) fn differ(address: usize) -> bool {
    watch::find(address).is_some()
}

/// Maps the page of an address anew, by a function that gets what the page is to allow, and whether
/// it is private; returns whether there is such a page, and the function had success.
///
/// Called inside a signal handler. The caller keeps the view from being dropped meanwhile.
pub(in crate::sys::platform) fn remap(
    address: usize,
    map: impl Fn(ProtFlags, bool) -> bool,
) -> bool {
    watch::find(address).is_some_and(|snapshot| {
        // SAFETY: the address lies in a view that is there: its region drops what the handlers of
        // lost pages know of it first, then its watch, and the snapshot with that.
        let snapshot = unsafe { snapshot.as_ref() };
        snapshot.page_of(address).is_some_and(|page| snapshot.remap(page, map))
    })
}
