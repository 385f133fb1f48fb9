//! Where the table is, in the format of programs that Windows has.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::Entry;

/// The first entry, once it was looked for.
pub(super) static START: AtomicPtr<Entry> = AtomicPtr::new(std::ptr::null_mut());
/// How many entries there are; stored before the start is.
pub(super) static COUNT: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// The first byte of the program or library that this code is part of; every linker defines it.
    static __ImageBase: u8;
}

/// Looks through the sections of the image
/// ([PE format](https://learn.microsoft.com/windows/win32/debug/pe-format)).
pub(super) fn find() {
    /// Where an image tells where its headers are.
    const HEADERS: usize = 0x3c;
    /// Where the headers tell how many sections there are, and how long the optional header is.
    const SECTIONS: usize = 6;
    const OPTIONAL: usize = 20;
    /// Bytes before the optional header, and in the header of a section.
    const FIXED: usize = 24;
    const SECTION: usize = 40;
    let name = section!().as_bytes();
    let base = &raw const __ImageBase;
    let number = |at: usize| -> usize {
        // SAFETY: the headers of a loaded image stay mapped, and every number that is read here
        // lies in them, as the format says.
        unsafe { base.wrapping_add(at).cast::<u32>().read_unaligned() as usize }
    };
    let short = |at: usize| number(at) & 0xffff;
    let headers = number(HEADERS);
    let first = headers + FIXED + short(headers + OPTIONAL);
    for header in (0..short(headers + SECTIONS)).map(|index| first + index * SECTION) {
        // SAFETY: as above; a header begins with the eight bytes of its section's name.
        let found = unsafe { base.wrapping_add(header).cast::<[u8; 8]>().read_unaligned() };
        if found.starts_with(name) && found[name.len()..].iter().all(|byte| *byte == 0) {
            let (len, offset) = (number(header + 8), number(header + 12));
            #[expect(clippy::cast_ptr_alignment, reason = "sections begin at pages")]
            let start = base.wrapping_add(offset).cast_mut().cast::<Entry>();
            COUNT.store(len / size_of::<Entry>(), Ordering::Relaxed);
            START.store(start, Ordering::Release);
            return;
        }
    }
}
