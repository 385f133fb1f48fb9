//! The files of `file`.

#[path = "../../../src/file/whole.rs"]
mod whole;
#[path = "../../../src/file/windows.rs"]
mod windows;

mod noted;
mod mapped;
