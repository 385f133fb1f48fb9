//! Layouts as TOML documents.

mod document;
mod reader;
mod writer;
