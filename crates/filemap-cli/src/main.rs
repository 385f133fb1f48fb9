//! The command `filemap`: mappings by name, from a shell.
//!
//! A front of the library `filemap`, and translation only: words from the command line into
//! calls, and what comes back into text or JSON. A rule that is found here belongs into the
//! library.

mod sys;
mod args;
mod size;
mod offset;
mod hex;
mod value;
mod dump;
mod reader;
mod progress;
mod failure;
mod output;
mod target;
mod attended;
mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match args::Arguments::try_parse() {
        Ok(arguments) => command::run(&arguments),
        Err(usage) => output::usage(&usage),
    }
}
