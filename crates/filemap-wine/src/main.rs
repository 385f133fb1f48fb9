//! What `filemap wine` starts inside Wine: it names sections, lists them, and hands them to native
//! programs. <https://learn.microsoft.com/windows/win32/memory/file-mapping>
//!
//! It uses nothing but kernel32 and ntdll, so that it runs in every version of Wine, and no standard
//! library, which needs more. It is told what to do by a file of lines, and answers in lines; fields
//! are separated by tabs, and written as `field` says.

#![no_std]
#![no_main]

extern crate alloc;

mod sys;
mod field;
mod task;
mod report;
mod section;
mod names;
mod list;
mod run;
mod hand_over;
mod publish;

use alloc::string::String;

use crate::sys::system;

/// The exit code of a helper that could not do what it was told to.
const REFUSED: u32 = 125;

/// Called by the system in place of `main`, which the standard library would supply.
fn start() -> u32 {
    let line = system::command_line();
    let (_program, rest) = system::split_word(&line);
    let (verb, rest) = system::split_word(rest);
    let (path, rest) = system::split_word(rest);
    match (String::from_utf16_lossy(verb).as_str(), path) {
        ("list", _) => list::run(),
        ("run", path) => run::run(&String::from_utf16_lossy(path), rest),
        ("hand-over", path) => hand_over::run(&String::from_utf16_lossy(path)),
        ("publish", path) => publish::run(&String::from_utf16_lossy(path)),
        _ => REFUSED,
    }
}
