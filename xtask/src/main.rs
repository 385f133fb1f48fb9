//! The project's automation, the same on every platform and in CI: `cargo xtask <verb>`.
//!
//! Each verb is one module with one function, which returns whether all was well.

mod report;
mod installed;
mod tidy;
mod test;
mod bench;
mod instructions;
mod soak;
mod fuzz;
mod conformance;
mod header;
mod package;

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
                   tests, and the examples, each of them run. --quick leaves out documentation
                   and the tests of the portable copies.
                   The tests keep their names in a directory of their own, removed afterwards.
  test --target T  All tests for another target: aarch64, which is emulated where the machine is
                   none; windows, which Wine runs; or musl. Says what is missing, and how to get it.
  test --types     Lets the compiler check what nothing here can run: Windows with Microsoft's
                   libraries must pass; macOS and FreeBSD must stop with one error. Needs nightly Rust.
  bench [ARGS...]  Measures. The arguments go to the benchmark: `cargo xtask bench --help` lists
                   them, and --quick gives rough figures in two minutes.
  instructions [--renew]
                   Counts the instructions of the paths that call no system, by Valgrind, and fails
                   if one has become dearer than bench/instructions.toml allows. --renew writes it.
                   Says how to get Valgrind.
  soak [--cycles N] [--hosts]
                   Goes on with the tests of what happens by chance: files that are cut N times
                   (100,000 if not said) under threads and processes, and a storm of names. Takes
                   minutes. --hosts also runs the library inside Mono and a JVM, if they are
                   installed; with --cycles 0, nothing else.
  fuzz [--seconds N] [TARGET...]
                   Shows made-up bytes to what reads others' bytes, 30 seconds for each target if
                   not said: trailer, file_name, name, object, entry. Needs nightly Rust and
                   cargo-fuzz, and says how to get them. What it finds stays in fuzz/corpus.
  conformance [--area A]
                   Builds the programs in conformance/ twice, runs them under Wine and over the
                   library, and compares their answers, area by area or one area alone. Fails if
                   a difference remains that conformance/differences.toml does not explain. Needs
                   gcc, mingw and Wine, and says how to get them.
  conformance --managed [--class FILE]
                   Runs C# programs that call kernel32 under Mono and .NET Core, in pairs of
                   processes. Over the project's own class, or over the class in the page FILE,
                   unchanged. Says how to get the runtimes.
  header           Makes the header of the C interface of its sources.
  package [--check]
                   Builds a Debian package of the command, its manual and its completions; needs
                   cargo-deb, and says how to get it. --check also installs it, uses what it
                   brings, and removes it, if this is the superuser's doing.

A day's work: `cargo xtask tidy` while writing, `cargo xtask test` before a commit.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            report::say(HELP.trim_end());
            Some(true)
        }
        ["tidy"] => Some(tidy::run(&root())),
        ["tidy", directory] if !directory.starts_with('-') => Some(tidy::run(Path::new(directory))),
        ["test"] => Some(test::run(&root(), test::Extent::All)),
        ["test", "--quick"] => Some(test::run(&root(), test::Extent::Quick)),
        ["test", "--types"] => Some(test::check_types(&root())),
        ["test", "--target", target] => test::run_for(&root(), target),
        ["bench", arguments @ ..] => Some(bench::run(&root(), arguments)),
        ["instructions", arguments @ ..] => instructions::run(&root(), arguments),
        ["soak", arguments @ ..] => soak::run(&root(), arguments),
        ["fuzz", arguments @ ..] => fuzz::run(&root(), arguments),
        ["conformance"] => Some(conformance::run(&root(), None)),
        ["conformance", "--area", area] => Some(conformance::run(&root(), Some(area))),
        ["conformance", "--managed"] => Some(conformance::run_managed(&root(), None)),
        ["conformance", "--managed", "--class", page] => {
            Some(conformance::run_managed(&root(), Some(Path::new(page))))
        }
        ["header"] => Some(header::run(&root())),
        ["package"] => Some(package::run(&root(), package::Extent::Build)),
        ["package", "--check"] => Some(package::run(&root(), package::Extent::Check)),
        _ => None,
    };
    let Some(done) = done else {
        let given = words.join(" ");
        report::complain(&format!("xtask: `{given}` is not understood\n\n{}", HELP.trim_end()));
        return ExitCode::from(2);
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
