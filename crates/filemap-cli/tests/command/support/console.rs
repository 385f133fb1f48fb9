//! Consoles, and Ctrl-C at one of them.

#![expect(unsafe_code, reason = "the standard library knows no consoles")]

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

/// Gives the process a console of its own, which nobody sees and no other test interrupts.
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

/// In the process that joins them: does it.
pub(crate) fn interrupt_here(process: u32) {
    survive();
    // SAFETY: takes nothing; that this process may have no console is as good.
    unsafe { FreeConsole() };
    // SAFETY: takes a number, whatever that is.
    let attached = unsafe { AttachConsole(process) };
    if attached == 0 {
        // Who has ended meanwhile has no console; whether that was too soon is the caller's to see.
        let error = io::Error::last_os_error();
        assert!(is_over(process), "no console of {process}: {error}");
        return;
    }
    // SAFETY: takes numbers; 0 is everybody at this process's console.
    let told = unsafe { GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) };
    assert_ne!(told, 0, "{process} cannot be interrupted: {}", io::Error::last_os_error());
}

/// Whether a process has ended, which others still have a handle of.
fn is_over(process: u32) -> bool {
    // SAFETY: takes numbers; the handle goes when this process does.
    let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, process) };
    // SAFETY: a handle, or nothing, which is no process either.
    handle.is_null() || unsafe { WaitForSingleObject(handle, 0) } == WAIT_OBJECT_0
}

/// Makes this process go on when its console is interrupted.
///
/// By a handler, as the flag that ignores Ctrl-C would be passed on to the processes it starts.
pub(crate) fn survive() {
    // SAFETY: the handler is a function, and so is there as long as the process.
    let set = unsafe { SetConsoleCtrlHandler(Some(go_on), 1) };
    assert_ne!(set, 0, "{}", io::Error::last_os_error());
}

extern "system" fn go_on(_event: u32) -> BOOL {
    1
}
