//! Headers in directories, and whether libclang is there.

use std::fs;
use std::path::{Path, PathBuf};

use filemap_layout::{Abi, Header, HeaderOptions};

/// Returns false, and says so, where no header can be read.
pub(crate) fn can_read() -> bool {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("one.h");
    fs::write(&path, "struct One { int one; };").unwrap();
    match Header::read(&path, &HeaderOptions::default()) {
        Ok(_) => true,
        Err(error) if error.to_string().contains("libclang1") => {
            println!("skipped: no libclang here");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// Returns the path of a header that is written for these tests.
pub(crate) fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/headers/h").join(name)
}

pub(crate) fn options(abi: Abi) -> HeaderOptions {
    HeaderOptions { abi, ..HeaderOptions::default() }
}
