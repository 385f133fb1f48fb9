//! How a lost page comes to be known: by a vectored exception handler.
//!
//! A view of a file on a failing disk or a lost network drive raises an in-page error. A file that
//! is mapped cannot be made shorter here, but an access violation is taken as a lost page as well:
//! it is what Wine reports if the file is cut behind its back, and what uncommitted pages raise.
//!
//! # What is shared with the whole process
//!
//! One vectored handler, in front of others. It acts on these exceptions, and on touched guards, at instructions of the
//! guard's table, and hands everything else on untouched. A host whose own vectored handler comes
//! first, and takes such exceptions for itself, leaves the guard without effect. A debugger sees
//! them first; they are handled when it goes on.

#![expect(unsafe_code, reason = "an exception handler")]

use std::io;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{
    EXCEPTION_ACCESS_VIOLATION, EXCEPTION_GUARD_PAGE, EXCEPTION_IN_PAGE_ERROR,
};
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, CONTEXT, EXCEPTION_CONTINUE_EXECUTION, EXCEPTION_CONTINUE_SEARCH,
    EXCEPTION_POINTERS,
};

use crate::sys::guard::{self, Registers};

/// Installs the handler, once.
///
/// # Errors
///
/// If the system has no room for another handler. Mappings must then not be touched.
pub(in crate::sys) fn ensure() -> io::Result<()> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = *INSTALLED.get_or_init(|| {
        guard::prepare();
        guard::choose();
        // SAFETY: the handler keeps to what may be done inside one, and its code stays for as long
        // as the code does that this function is part of.
        !unsafe { AddVectoredExceptionHandler(1, Some(handle)) }.is_null()
    });
    if installed { Ok(()) } else { Err(io::ErrorKind::OutOfMemory.into()) }
}

/// Sends a guarded instruction that faulted to its landing, and leaves everything else alone.
///
/// No allocation, no lock, no panic, no thread-local: a thread may be anywhere.
///
/// # Safety
///
/// For the system to call, with the exception being handled.
unsafe extern "system" fn handle(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system hands valid structures.
    let exception = unsafe { &*exception };
    // SAFETY: as above.
    let record = unsafe { &*exception.ExceptionRecord };
    let known = matches!(
        record.ExceptionCode,
        EXCEPTION_IN_PAGE_ERROR | EXCEPTION_ACCESS_VIOLATION | EXCEPTION_GUARD_PAGE
    );
    // The second parameter of each is the address that was touched.
    if !known || record.NumberParameters < 2 {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    // SAFETY: as above, and nobody else holds a reference to the context of this thread.
    let context = unsafe { &mut *exception.ContextRecord };
    let mut registers = read(context);
    if !registers.resume(record.ExceptionInformation[1]) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    write(context, &registers);
    EXCEPTION_CONTINUE_EXECUTION
}

/// Reads the registers of the interrupted thread.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a register and a `usize` are of one size here"
)]
fn read(context: &CONTEXT) -> Registers {
    Registers {
        pc: context.Rip as usize,
        to: context.Rdi as usize,
        from: context.Rsi as usize,
        len: context.Rdx as usize,
        repeat: context.Rcx as usize,
        rest: context.R8 as usize,
        fault: context.R9 as usize,
    }
}

/// Sets those registers that a landing reads, and where the thread goes on.
fn write(context: &mut CONTEXT, registers: &Registers) {
    context.Rip = registers.pc as u64;
    context.Rcx = registers.repeat as u64;
    context.R8 = registers.rest as u64;
    context.R9 = registers.fault as u64;
}
