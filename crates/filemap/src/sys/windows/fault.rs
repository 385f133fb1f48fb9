//! The vectored exception handler by which a lost page becomes an error.
//!
//! A view of a file on a failing disk or a lost network drive raises an in-page error. A file that
//! is mapped cannot be made shorter here, but an access violation is taken as a lost page as well:
//! it is what Wine reports if the file was cut from outside, and what uncommitted pages raise.
//!
//! # What is shared with the whole process
//!
//! One vectored handler, in front of others. It acts on these exceptions, and on touched guards, at instructions of the
//! guard's table, and passes everything else on untouched. A host whose own vectored handler comes
//! first, and takes such exceptions for itself, leaves the guard without effect. A debugger sees
//! them first; they are handled when it continues.

#![expect(unsafe_code, reason = "an exception handler")]

use std::io;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{
    EXCEPTION_ACCESS_VIOLATION, EXCEPTION_DATATYPE_MISALIGNMENT, EXCEPTION_GUARD_PAGE,
    EXCEPTION_IN_PAGE_ERROR,
};
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, CONTEXT, EXCEPTION_CONTINUE_EXECUTION, EXCEPTION_CONTINUE_SEARCH,
    EXCEPTION_POINTERS,
};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
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
        stay();
        guard::prepare();
        guard::choose();
        // SAFETY: the handler keeps to what may be done inside one, and its code is never unloaded.
        !unsafe { AddVectoredExceptionHandler(1, Some(handle)) }.is_null()
    });
    if installed { Ok(()) } else { Err(io::ErrorKind::OutOfMemory.into()) }
}

/// Keeps the library that this code is part of from being unloaded: the system has the handler's
/// address, and others may have installed theirs after it. A program is never unloaded.
fn stay() {
    let (this, mut library) = ((handle as *const ()).cast(), std::ptr::null_mut());
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    // SAFETY: the address is in a library or a program that is loaded, and the place has the room.
    unsafe { GetModuleHandleExW(flags, this, &raw mut library) };
}

/// Resumes a guarded instruction that faulted at its landing, and leaves everything else alone.
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
    if record.ExceptionCode == EXCEPTION_DATATYPE_MISALIGNMENT {
        // SAFETY: as above, and nobody else holds a reference to the context of this thread.
        return repeat_unaligned(unsafe { &mut *exception.ContextRecord });
    }
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

/// Repeats a guarded instruction that the processor refused because its address is not aligned.
///
/// It checks that while the thread has the flag `AC` set, which is cleared: no code of Rust or C can
/// rely on it, as their own accesses need not be aligned either.
fn repeat_unaligned(context: &mut CONTEXT) -> i32 {
    const CHECKS: u32 = 1 << 18;
    if context.EFlags & CHECKS == 0 || !read(context).is_guarded() {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    context.EFlags &= !CHECKS;
    EXCEPTION_CONTINUE_EXECUTION
}

/// Returns the registers of the interrupted thread.
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

/// Sets those registers that a landing reads, and the address at which the thread resumes.
fn write(context: &mut CONTEXT, registers: &Registers) {
    context.Rip = registers.pc as u64;
    context.Rcx = registers.repeat as u64;
    context.R8 = registers.rest as u64;
    context.R9 = registers.fault as u64;
}
