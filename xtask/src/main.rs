//! The project's automation, the same on every platform and in CI: `cargo xtask <verb>`.
//!
//! Each verb is one module with one function. All run in the root of the workspace.

mod report;
mod stop;
mod process;
mod tidy;
mod test;
mod bench;
mod instructions;
mod bindings;
mod soak;
mod recordings;
mod fuzz;
mod conformance;
mod header;
mod interface;
mod licences;
mod helper;
mod package;
mod ci;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stop::{Done, Stop};

const HELP: &str = "\
The project's automation. CI runs these same verbs. What a verb lacks on this machine it names,
with the command that installs it, and skips.

Usage: cargo xtask <verb>

  tidy             Layers, platforms, circles among files, lengths, links: in under a second.
  test [--quick]   All that a change must pass: format, clippy, tidy, documentation, tests, examples.
                   --quick leaves out documentation, single features, and the tests that need
                   builds of their own.
  test --target T  All tests for another target: aarch64 (emulated), windows (Wine), or musl.
  test --types     What the compiler says of platforms that nothing here can run.
  test --loom      What threads share without a lock, in every order of its steps.
  test --sanitizer A storm of threads under ThreadSanitizer.
  test --miri      The tests of `types` under Miri.
  test --wine      The tests of `filemap wine`, with the machine's Wine.
  test --dotnet    The assemblies for .NET and Mono, on each runtime that there is, and on .NET for
                   Windows under Wine.
  test --oldest    Whether the oldest supported Rust compiles the workspace.
  bench [ARGS...]  Measures; `cargo xtask bench --help` lists the arguments. --wine measures names that
                   programs under Wine share.
  instructions [--renew]
                   Counts the instructions of paths that call no system, and fails if one has become
                   dearer than bench/instructions.toml allows. --renew writes that file.
  soak [--cycles N] [--hosts]
                   The long form of the tests of what happens by chance: N cuts of files (100,000 if
                   not said) and storms of names. --hosts: the library inside Mono and a JVM, and
                   views that are closed under their readers on each runtime of .NET.
  recordings [--seconds N]
                   What recordings promise: publishers of 10 KB and of 240 KB, recorded and replayed for
                   N seconds (60 if not said, with 0 not at all), the recorder's processor time beside
                   that of zstd; and whether Python's `mcap` reads what the command exports.
  fuzz [--seconds N] [TARGET...]
                   Made-up bytes for what reads others' bytes, 30 seconds for each target if not said.
  conformance [--area A]
                   C programs under Wine and over the library, and how their answers differ.
  conformance --managed [--class FILE]
                   C# programs under Mono and .NET Core, over the project's class or that of a page.
  header           Makes the header of the C interface from its sources.
  interface [--renew]
                   The library's public interface, beside crates/filemap/interface.txt.
                   --renew writes that file.
  helper [--check] The program for Windows that `filemap wine` starts, to target/release. --check
                   builds it twice and compares.
  licences         Licences, sources and advisories of all dependencies.
  package [--check]
                   A Debian package of the command. --check installs, uses and removes it.
  package --wheel  Wheels of the package for Python for all systems, and its sources; one is installed,
                   used and removed.
  package --nuget  A package for .NET and Mono, with the library for x86-64, musl and 64-bit ARM; a
                   program uses it on each runtime that there is.
  ci               All of these that CI runs, in order. Fails at a skip that .ci/skips does not name.

A day's work: `cargo xtask tidy` while writing, `cargo xtask test` before a commit.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = env::set_current_dir(root()).map_err(Stop::from).and_then(|()| run(&words));
    let verb = words.first().copied().unwrap_or_default();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Skipped(why)) => {
            report::skip(verb, why);
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(what)) => {
            report::complain(&format!("{verb}: FAILED: {what}"));
            ExitCode::FAILURE
        }
        Err(Stop::Misused) => {
            report::complain(&format!("xtask: `{}` is not understood\n\n{HELP}", words.join(" ")));
            ExitCode::from(2)
        }
    }
}

fn run(words: &[&str]) -> Done {
    match words {
        [] | ["help" | "--help" | "-h"] => {
            report::say(HELP);
            Ok(())
        }
        ["tidy"] => tidy::run(),
        ["test"] => test::run(test::Extent::All),
        ["test", "--quick"] => test::run(test::Extent::Quick),
        ["test", "--types"] => test::check_types(),
        ["test", "--loom"] => test::run_in_loom(),
        ["test", "--sanitizer"] => test::run_in_sanitizer(),
        ["test", "--miri"] => test::run_in_miri(),
        ["test", "--wine"] => test::run_in_wine(),
        ["test", "--oldest"] => test::check_oldest(),
        ["test", "--target", target] => test::run_for(target),
        ["bench", "--wine"] => test::bench_in_wine(),
        ["bench", arguments @ ..] if bench::run(&root(), arguments) => Ok(()),
        ["bench", ..] => stop::failed("see the lines above"),
        ["instructions"] => instructions::run(false),
        ["instructions", "--renew"] => instructions::run(true),
        ["soak", arguments @ ..] => soak::run(arguments),
        ["recordings", arguments @ ..] => recordings::run(arguments),
        ["fuzz", arguments @ ..] => fuzz::run(arguments),
        ["conformance"] => conformance::run(None),
        ["conformance", "--area", area] => conformance::run(Some(area)),
        ["conformance", "--managed"] => conformance::run_managed(None),
        ["conformance", "--managed", "--class", page] => conformance::run_managed(Some(page)),
        ["header"] => header::run(),
        ["interface"] => interface::run(false),
        ["interface", "--renew"] => interface::run(true),
        ["helper"] => helper::run(false),
        ["helper", "--check"] => helper::run(true),
        ["licences"] => licences::run(),
        ["package"] => package::run(false),
        ["package", "--check"] => package::run(true),
        ["package", "--wheel"] => bindings::run("python", "wheels"),
        ["package", "--nuget"] => bindings::run("dotnet", "nuget"),
        ["test", "--dotnet"] => bindings::run("dotnet", "test"),
        ["ci"] => ci::run(),
        _ => Err(Stop::Misused),
    }
}

/// Returns the root of the workspace that this program was started in.
fn root() -> PathBuf {
    // Cargo says at run time where the package is; a binary that is started by hand
    // still knows where it was built.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}
