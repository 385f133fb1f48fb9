//! Consoles, and Ctrl-C at one of them.

#![expect(unsafe_code, reason = "the standard library knows no consoles")]

use std::io;
use std::os::windows::process::CommandExt as _;
use std::process::Command;

use windows_sys::Win32::System::Console::{
    AttachConsole, CTRL_C_EVENT, FreeConsole, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;
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
    assert_ne!(attached, 0, "no console of {process}: {}", io::Error::last_os_error());
    // SAFETY: takes numbers; 0 is everybody at this process's console.
    let told = unsafe { GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) };
    assert_ne!(told, 0, "{process} cannot be interrupted: {}", io::Error::last_os_error());
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
