//! Consoles of Windows, and Ctrl-C at one of them.

#![expect(unsafe_code, reason = "the standard library has no functions for consoles")]

use std::io;
use std::os::windows::process::CommandExt as _;
use std::process::Command;

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Console::{
    AttachConsole, CTRL_C_EVENT, FreeConsole, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};
use windows_sys::core::BOOL;

/// Starts the process in a hidden console of its own, which no other test interrupts.
pub(super) fn with_its_own(command: &mut Command) {
    command.creation_flags(CREATE_NO_WINDOW);
}

/// Interrupts all processes that share the console of `process`, by a process that joins them.
pub(super) fn interrupt(process: u32) {
    let words = super::this("create::ctrl_c_lets_go_and_leaves_nothing_behind");
    let mut visitor = Command::new(&words[0]);
    visitor.args(&words[1..]).env(super::ROLE, process.to_string());
    let outcome = super::finish(visitor, b"");
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

/// Interrupts the console, in the process that has joined it.
pub(crate) fn interrupt_here(process: u32) {
    survive();
    // SAFETY: the function has no arguments, and may fail if there is no console.
    unsafe { FreeConsole() };
    // SAFETY: the function accepts any number.
    let attached = unsafe { AttachConsole(process) };
    if attached == 0 {
        // A process that has ended has no console; the caller notices if that was too soon.
        let error = io::Error::last_os_error();
        assert!(is_over(process), "no console of {process}: {error}");
        return;
    }
    // SAFETY: the function accepts any numbers; 0 stands for all processes of this console.
    let told = unsafe { GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) };
    assert_ne!(told, 0, "{process} cannot be interrupted: {}", io::Error::last_os_error());
}

/// Returns whether a process has ended, though others may still have handles to it.
fn is_over(process: u32) -> bool {
    // SAFETY: the function accepts any numbers; the handle is closed when this process ends.
    let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, process) };
    // SAFETY: a handle to a process, or null, which the function refuses.
    handle.is_null() || unsafe { WaitForSingleObject(handle, 0) } == WAIT_OBJECT_0
}

/// Makes this process ignore interrupts of its console.
///
/// By a handler, because children would inherit the flag that ignores Ctrl-C.
pub(crate) fn survive() {
    // SAFETY: the handler is a function, which exists as long as the process.
    let set = unsafe { SetConsoleCtrlHandler(Some(go_on), 1) };
    assert_ne!(set, 0, "{}", io::Error::last_os_error());
}

extern "system" fn go_on(_event: u32) -> BOOL {
    1
}
