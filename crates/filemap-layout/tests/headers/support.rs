//! Headers in directories, and whether libclang is there.

use std::fs;
use std::path::{Path, PathBuf};

use filemap_layout::{Abi, Header, HeaderOptions, Layout};

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

/// Returns the only layout, or the named one, of a text.
pub(crate) fn layout_of(text: &str, name: Option<&str>, abi: Abi) -> Result<Layout, String> {
    layout_in("test.h", text, name, &options(abi))
}

pub(crate) fn layout_in(
    file: &str,
    text: &str,
    name: Option<&str>,
    options: &HeaderOptions,
) -> Result<Layout, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(file);
    fs::write(&path, text).unwrap();
    let header = Header::read(&path, options).map_err(|error| error.to_string())?;
    header.layout(name).map_err(|error| error.to_string())
}

/// Returns the fields with a value, one a line: `8 f64 time`.
pub(crate) fn lines(layout: &Layout) -> Vec<String> {
    layout.leaves().map(|leaf| format!("{} {} {}", leaf.offset, leaf.kind, leaf.path)).collect()
}
