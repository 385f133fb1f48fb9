//! Windows' functions, with safe ones around them: the only unsafe code of the helper.

#![allow(unsafe_code, reason = "functions of kernel32 and ntdll are foreign ones")]

mod functions;
mod support;
pub(crate) mod handle;
pub(crate) mod system;
pub(crate) mod file;
pub(crate) mod section;
pub(crate) mod directory;
pub(crate) mod process;
