//! What pages of a view allow: `VirtualAlloc`, `VirtualProtect` and `VirtualQuery`.

#![expect(unsafe_code, reason = "changing what pages of a view allow")]

use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_COMMITMENT_LIMIT, ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER,
};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY,
    PAGE_GUARD, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY, PAGE_READWRITE,
    PAGE_WRITECOPY, VirtualAlloc, VirtualProtect,
};

use crate::sys::MappedViewContract as _;
use crate::sys::platform::error::{code, from_io};
use crate::sys::platform::mapped_range::state;
use crate::sys::platform::{MappedView, page_size};
use crate::sys::span::{GUARD_GONE, Span, Touch, not_committed, refused};
use crate::types::{Error, ErrorKind, Operation, PageAccess, PageProtection, Result};

/// Each access with its flag.
const FLAGS: [(PageAccess, PAGE_PROTECTION_FLAGS); 8] = [
    (PageAccess::NoAccess, PAGE_NOACCESS),
    (PageAccess::Read, PAGE_READONLY),
    (PageAccess::Write, PAGE_READWRITE),
    (PageAccess::Copy, PAGE_WRITECOPY),
    (PageAccess::Execute, PAGE_EXECUTE),
    (PageAccess::ExecuteRead, PAGE_EXECUTE_READ),
    (PageAccess::ExecuteWrite, PAGE_EXECUTE_READWRITE),
    (PageAccess::ExecuteCopy, PAGE_EXECUTE_WRITECOPY),
];

fn flags(protection: PageProtection) -> PAGE_PROTECTION_FLAGS {
    let found = FLAGS.iter().find(|(access, _)| *access == protection.access());
    let guard = if protection.is_guarded() { PAGE_GUARD } else { 0 };
    found.map_or(PAGE_NOACCESS, |(_, flag)| *flag) | guard
}

/// Returns what flags mean; others than those of an access and of a guard are about caches.
fn protection(flags: PAGE_PROTECTION_FLAGS) -> PageProtection {
    let found = FLAGS.iter().find(|(_, flag)| *flag == flags & 0xff);
    let access = found.map_or(PageAccess::NoAccess, |(access, _)| *access);
    if flags & PAGE_GUARD != 0 { access.guarded() } else { access.into() }
}

/// What the pages of a view allow, once they may not all allow the same.
///
/// Others may change them at any time, and only to more: but the kernel answers in less time than
/// a copy takes, and so nothing is kept here, and each range is asked about.
#[derive(Debug)]
pub(crate) struct OwnPages {
    may_differ: AtomicBool,
    start: NonNull<u8>,
    len: usize,
    /// Bytes of the first page that come before the span.
    lead: usize,
}

impl OwnPages {
    /// The pages of a view of which `lead` bytes come before its span.
    ///
    /// # Safety
    ///
    /// The caller drops the value before the view.
    pub(in crate::sys) unsafe fn new(view: &MappedView, lead: usize) -> Self {
        let (start, len) = (view.start(), view.len());
        Self { may_differ: AtomicBool::new(false), start, len, lead }
    }

    /// Asks the pages of each range from now on: others may commit them.
    #[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
    pub(in crate::sys::platform) fn reserve(&mut self, _size: u64) -> Result<()> {
        *self.may_differ.get_mut() = true;
        Ok(())
    }

    /// Does something with the pages.
    pub(crate) fn keeping<T>(
        &self,
        _operation: Operation,
        act: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        act()
    }

    pub(crate) fn are_kept(&self) -> bool {
        self.may_differ.load(Ordering::Relaxed)
    }

    /// Has each page asked for.
    #[allow(clippy::unused_self, reason = "other platforms look at the pages")]
    pub(crate) fn set_limit(&self, span: &Span, touch: Touch, _changed: usize) {
        span.set_limit(touch, 0);
    }

    fn change(&self, range: Range<usize>, span: &Span) -> Pages {
        self.may_differ.store(true, Ordering::Relaxed);
        for touch in [Touch::Read, Touch::Write] {
            self.set_limit(span, touch, 0);
        }
        self.around(range)
    }

    /// The pages around a range of bytes of the span, as far as the view has them.
    fn around(&self, range: Range<usize>) -> Pages {
        let page = page_size();
        let end = self.lead.saturating_add(range.end).min(self.len).next_multiple_of(page);
        let first = ((self.lead + range.start) / page * page).min(end);
        let start = self.start.as_ptr().wrapping_add(first);
        Pages { start, len: end - first, offset: first.saturating_sub(self.lead) }
    }

    /// Returns what the page of an offset allows, nothing if it is not committed, and how many bytes
    /// from the start of the page on are like it.
    pub(crate) fn run_at(&self, offset: usize) -> Result<(Option<PageProtection>, usize)> {
        let mut rest = self.around(offset..self.len);
        let all = rest.len;
        let (protection, mut run) = rest.first(Operation::QueryPages)?;
        // Wine reports neighbours one by one.
        while rest.skip(run) {
            let (next, more) = rest.first(Operation::QueryPages)?;
            if next != protection {
                break;
            }
            run = more;
        }
        Ok((protection, all - rest.len))
    }

    /// Commits pages, and gives them `protection`.
    pub(crate) fn commit(
        &self,
        range: Range<usize>,
        protection: PageProtection,
        span: &Span,
    ) -> Result<()> {
        let Pages { start, len, .. } = self.change(range, span);
        // SAFETY: the pages are the view's; committed ones keep their content, and what they allow
        // is nothing that Rust relies on.
        let committed = unsafe { VirtualAlloc(start.cast(), len, MEM_COMMIT, flags(protection)) };
        if committed.is_null() { Err(not_changed(Operation::CommitPages)) } else { Ok(()) }
    }

    /// Gives pages `protection`; returns what the first one had.
    pub(crate) fn protect(
        &self,
        range: Range<usize>,
        protection: PageProtection,
        span: &Span,
    ) -> Result<PageProtection> {
        let operation = Operation::ProtectPages;
        let pages = self.change(range, span);
        // Also while a page is reserved it has a protection, which the system would return.
        let (mut rest, mut before) = (pages, None);
        while rest.len > 0 {
            let (found, len) = rest.first(operation)?;
            let Some(found) = found else { return Err(not_committed(rest.offset, operation)) };
            before.get_or_insert(found);
            rest.skip(len);
        }
        pages.protect(protection)?;
        Ok(before.unwrap_or(protection))
    }

    pub(crate) fn ask(
        &self,
        touch: Touch,
        range: Range<usize>,
        operation: Operation,
        _span: &Span,
    ) -> Result<()> {
        self.check(touch, range, operation)
    }

    /// Checks that all pages of a range allow a touch.
    fn check(&self, touch: Touch, range: Range<usize>, operation: Operation) -> Result<()> {
        let mut rest = self.around(range);
        while rest.len > 0 {
            let (protection, len) = rest.first(operation)?;
            let Some(protection) = protection else {
                return Err(not_committed(rest.offset, operation));
            };
            let access = protection.access();
            if protection.is_guarded() {
                // Gone, as if the access had touched it.
                let _ignored = Pages { len: page_size(), ..rest }.protect(access.into());
                return Err(refused(rest.offset, GUARD_GONE, operation));
            }
            if !touch.is_allowed_by(access) {
                return Err(refused(rest.offset, &format!("it allows: {access}"), operation));
            }
            rest.skip(len);
        }
        Ok(())
    }

    /// Explains a fault at an address, if what its page allows is the cause.
    pub(crate) fn explain(
        &self,
        touch: Touch,
        address: usize,
        operation: Operation,
    ) -> Option<Error> {
        let at = address.checked_sub(self.start.addr().get())?;
        if !self.are_kept() || at >= self.len {
            return None;
        }
        let at = at.saturating_sub(self.lead);
        self.check(touch, at..at + 1, operation).err()
    }
}

/// Some pages of a view, from the first one of a range on.
#[derive(Debug, Clone, Copy)]
struct Pages {
    start: *mut u8,
    /// Bytes: whole pages of the view.
    len: usize,
    /// Where in the span they begin, in bytes; 0 also if they begin before it.
    offset: usize,
}

impl Pages {
    /// Leaves the first bytes out, whole pages; returns whether any are left.
    fn skip(&mut self, bytes: usize) -> bool {
        let bytes = bytes.min(self.len);
        self.start = self.start.wrapping_add(bytes);
        self.len -= bytes;
        self.offset += bytes;
        self.len > 0
    }

    /// Returns what the first page allows, nothing if it is not committed, and how many bytes from
    /// there on are like it.
    fn first(&self, operation: Operation) -> Result<(Option<PageProtection>, usize)> {
        let state =
            state(self.start).map_err(|error| from_io(operation)(error).about("the view"))?;
        let is_committed = state.State == MEM_COMMIT;
        let len = state.RegionSize.clamp(1, self.len.max(1));
        Ok((is_committed.then(|| protection(state.Protect)), len))
    }

    fn protect(&self, wanted: PageProtection) -> Result<()> {
        let (start, mut before) = (self.start.cast(), 0);
        // SAFETY: the pages are the view's, and what they allow is nothing that Rust relies on.
        if unsafe { VirtualProtect(start, self.len, flags(wanted), &raw mut before) } == 0 {
            return Err(not_changed(Operation::ProtectPages));
        }
        Ok(())
    }
}

/// Returns why pages could not be changed whose range is right.
fn not_changed(operation: Operation) -> Error {
    let error = io::Error::last_os_error();
    let kind = match code(&error) {
        Some(ERROR_INVALID_PARAMETER) => ErrorKind::ProtectionExceeded,
        Some(ERROR_ACCESS_DENIED) => ErrorKind::AccessDenied,
        Some(ERROR_INVALID_ADDRESS) => ErrorKind::NotCommitted,
        Some(ERROR_COMMITMENT_LIMIT) => ErrorKind::CommitLimit,
        _ => return from_io(operation)(error).about("the view"),
    };
    Error::new(kind, operation).about("the view").caused_by(error)
}
