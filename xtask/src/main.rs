//! The project's automation, the same on every platform and in CI: `cargo xtask <verb>`.
//!
//! Each verb is one module with one function, which returns whether all was well.

mod report;
mod tidy;
mod test;
mod bench;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
The project's automation. CI runs these same verbs.

Usage: cargo xtask <verb>

  tidy [DIR]       Checks what no compiler checks: the direction of the layers, where `unsafe`
                   may stand, lengths of files, links of documents. Takes less than a second.
                   Reads the tree DIR, or this one.
  test [--quick]   Everything that a change must pass: format, clippy, tidy, documentation, all
                   tests, and the examples, each of them run. --quick leaves out documentation.
                   The tests keep their names in a directory of their own, removed afterwards.
  bench [ARGS...]  Measures. The arguments go to the benchmark: `cargo xtask bench --help` lists
                   them, and --quick gives rough figures in a minute.

A day's work: `cargo xtask tidy` while writing, `cargo xtask test` before a commit.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            report::say(HELP.trim_end());
            true
        }
        ["tidy"] => tidy::run(&root()),
        ["tidy", directory] if !directory.starts_with('-') => tidy::run(Path::new(directory)),
        ["test"] => test::run(&root(), test::Extent::All),
        ["test", "--quick"] => test::run(&root(), test::Extent::Quick),
        ["bench", arguments @ ..] => bench::run(&root(), arguments),
        _ => {
            let given = words.join(" ");
            report::complain(&format!("xtask: `{given}` is not understood\n\n{}", HELP.trim_end()));
            return ExitCode::from(2);
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Returns the root of the workspace that this program was started in.
fn root() -> PathBuf {
    // Cargo says at run time where the package is; a binary that is started by hand
    // still knows where it was built.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}
