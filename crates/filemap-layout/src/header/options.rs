//! How a header is read.

use std::path::PathBuf;

use super::abi::Abi;

/// How a header is read: what is defined, where its includes are, for which compiler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderOptions {
    /// Macros, as `NAME` or `NAME=VALUE`.
    pub defines: Vec<String>,
    /// Directories in which the headers that it includes are looked for, besides its own.
    pub includes: Vec<PathBuf>,
    /// What comes before the header: files, or lines such as `#include <windows.h>`.
    pub before: Vec<String>,
    /// The compiler whose sizes and offsets it gets.
    pub abi: Abi,
}
