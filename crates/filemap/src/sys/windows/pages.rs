//! What pages of a view allow: `VirtualAlloc`, `VirtualProtect` and `VirtualQuery`.

#![expect(unsafe_code, reason = "changing what pages of a view allow")]

use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_COMMITMENT_LIMIT, ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER,
};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEMORY_BASIC_INFORMATION, PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY, PAGE_GUARD, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY,
    PAGE_READWRITE, PAGE_WRITECOPY, VirtualAlloc, VirtualProtect, VirtualQuery,
};

use crate::sys::platform::error::{code, from_io};
use crate::sys::platform::page_size;
use crate::sys::span::{Span, Touch};
use crate::types::{Error, ErrorKind, Operation, PageAccess, PageProtection, PageRun, Result};

/// Each access with its flag.
const FLAGS: [(PageAccess, PAGE_PROTECTION_FLAGS); 8] = [
    (PageAccess::NoAccess, PAGE_NOACCESS),
    (PageAccess::Read, PAGE_READONLY),
    (PageAccess::Write, PAGE_READWRITE),
    (PageAccess::Copy, PAGE_WRITECOPY),
    (PageAccess::Execute, PAGE_EXECUTE),
    (PageAccess::ReadExecute, PAGE_EXECUTE_READ),
    (PageAccess::WriteExecute, PAGE_EXECUTE_READWRITE),
    (PageAccess::CopyExecute, PAGE_EXECUTE_WRITECOPY),
];

fn flags(protection: PageProtection) -> PAGE_PROTECTION_FLAGS {
    let found = FLAGS.iter().find(|(access, _)| *access == protection.access());
    let guard = if protection.is_guarded() { PAGE_GUARD } else { 0 };
    found.map_or(PAGE_NOACCESS, |(_, flag)| *flag) | guard
}

/// What flags mean; others than those of an access and of a guard are about caches.
fn protection(flags: PAGE_PROTECTION_FLAGS) -> PageProtection {
    let found = FLAGS.iter().find(|(_, flag)| *flag == flags & 0xff);
    let access = found.map_or(PageAccess::NoAccess, |(access, _)| *access);
    if flags & PAGE_GUARD != 0 { access.guarded() } else { access.into() }
}

/// Some pages of a view.
///
/// Invariant: mapped as long as the span is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages<'span> {
    start: NonNull<u8>,
    len: usize,
    /// Where in the view they begin, in bytes; 0 also if they begin before it.
    offset: usize,
    span: PhantomData<&'span Span>,
}

impl<'span> Pages<'span> {
    /// The pages around `len` bytes at `offset`, which is in the view or in its last page.
    pub(super) fn around(span: &'span Span, offset: usize, len: usize) -> Self {
        let page = page_size();
        let lead = span.start().addr().get() % page;
        let whole = (lead + span.len()).next_multiple_of(page);
        let first = (lead + offset) / page * page;
        let end = (lead + offset + len).next_multiple_of(page).min(whole);
        // SAFETY: pages are mapped as wholes, so that of the first byte is mapped from its start.
        let base = unsafe { span.start().sub(lead) };
        let first = first.min(end);
        // SAFETY: `first` is at most `whole`, the length of what is mapped from there.
        let start = unsafe { base.add(first) };
        Self { start, len: end - first, offset: first.saturating_sub(lead), span: PhantomData }
    }

    /// What is at the first page, and how far that goes on.
    pub(super) fn run(&self, mapped: PageAccess, operation: Operation) -> Result<PageRun> {
        let (protection, mut len) = self.state(operation)?;
        // Wine tells of neighbours one by one.
        while len < self.len {
            let (next, more) = self.from(len).state(operation)?;
            if next != protection {
                break;
            }
            len += more;
        }
        Ok(PageRun { protection, mapped, len: len.min(self.len) })
    }

    /// What is left of them after so many bytes, whole pages, at most all.
    fn from(&self, bytes: usize) -> Self {
        let bytes = bytes.min(self.len);
        // SAFETY: at most the length of what there is, so the sum stays inside it.
        let start = unsafe { self.start.add(bytes) };
        Self { start, len: self.len - bytes, offset: self.offset + bytes, ..*self }
    }

    /// What the first page allows, nothing if it is not committed, and how far that goes on.
    fn state(&self, operation: Operation) -> Result<(Option<PageProtection>, usize)> {
        let mut state = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
        let len = size_of::<MEMORY_BASIC_INFORMATION>();
        // SAFETY: looks at an address, whatever it is, and has the room that it is told of.
        let written = unsafe { VirtualQuery(self.start.as_ptr().cast(), state.as_mut_ptr(), len) };
        if written == 0 {
            return Err(from_io(operation)(io::Error::last_os_error()).about("the view"));
        }
        // SAFETY: zeros are a value of each of its fields, and the call wrote others.
        let state = unsafe { state.assume_init() };
        let is_committed = state.State == MEM_COMMIT;
        Ok((is_committed.then(|| protection(state.Protect)), state.RegionSize.max(1)))
    }

    /// Tells whether all of them allow a touch.
    ///
    /// A guard is touched by the access itself, and takes that for an error as well.
    pub(super) fn ask(&self, touch: Touch, operation: Operation) -> Result<()> {
        let mut rest = *self;
        while rest.len > 0 {
            let (protection, len) = rest.state(operation)?;
            let Some(protection) = protection else {
                return Err(Error::new(ErrorKind::NotCommitted, operation)
                    .about("the view")
                    .because(format!(
                        "its page at byte {} is reserved, and not committed",
                        rest.offset
                    )));
            };
            let access = protection.access();
            let refused = |why: String| {
                Error::new(ErrorKind::AccessDenied, operation)
                    .about("the view")
                    .because(format!("of its page at byte {}, {why}", rest.offset))
            };
            if protection.is_guarded() {
                rest.take_guard(access);
                return Err(refused("its guard was touched, and is gone".to_owned()));
            }
            let allows = match touch {
                Touch::Read => access.can_read(),
                Touch::Write => access.can_write(),
            };
            if !allows {
                return Err(refused(format!("it allows: {access}")));
            }
            rest = rest.from(len);
        }
        Ok(())
    }

    /// Takes the guard from the first page, as a touch would.
    fn take_guard(&self, access: PageAccess) {
        let mut before = 0;
        let (page, len) = (self.start.as_ptr().cast(), page_size());
        // SAFETY: the page is one of the view's, and what it allows is nothing that Rust relies on.
        unsafe { VirtualProtect(page, len, flags(access.into()), &raw mut before) };
    }

    /// Commits them, with this protection.
    pub(super) fn commit(&self, protection: PageProtection, operation: Operation) -> Result<()> {
        let (pages, flags) = (self.start.as_ptr().cast(), flags(protection));
        // SAFETY: the pages are the view's; committed ones keep their content, and what they allow
        // is nothing that Rust relies on.
        let committed = unsafe { VirtualAlloc(pages, self.len, MEM_COMMIT, flags) };
        if committed.is_null() { Err(refused(operation)) } else { Ok(()) }
    }

    /// Gives them this protection, and tells what the first one had.
    pub(super) fn protect(&self, wanted: PageProtection) -> Result<PageProtection> {
        let operation = Operation::ProtectPages;
        // Also while a page is reserved it has a protection, of which the system tells.
        let mut rest = *self;
        while rest.len > 0 {
            let (state, len) = rest.state(operation)?;
            if state.is_none() {
                return Err(Error::new(ErrorKind::NotCommitted, operation)
                    .about("the view")
                    .because(format!(
                        "its page at byte {} is reserved, and not committed",
                        rest.offset
                    )));
            }
            rest = rest.from(len);
        }
        let (before, _) = self.state(operation)?;
        let mut told = 0;
        let (pages, flags) = (self.start.as_ptr().cast(), flags(wanted));
        // SAFETY: the pages are the view's, and what they allow is nothing that Rust relies on.
        if unsafe { VirtualProtect(pages, self.len, flags, &raw mut told) } == 0 {
            return Err(refused(operation));
        }
        Ok(before.unwrap_or_else(|| protection(told)))
    }
}

/// Why pages could not be changed whose range is right.
fn refused(operation: Operation) -> Error {
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
