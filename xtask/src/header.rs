//! `cargo xtask header`: makes `filemap.h` from the sources of the C interface.

use crate::process;
use crate::stop::Done;

/// Runs the test that compares the two, which also writes the header if it is told to.
pub(crate) fn run() -> Done {
    let mut test = process::cargo(["test", "--quiet", "--package", "filemap-abi", "--test", "abi"]);
    process::run(test.args(["--", "the_header"]).env("FILEMAP_WRITE_HEADER", "1"))
}
