//! The command `filemap`: mappings by name, from a shell.
//!
//! A front of the library `filemap`, which only translates: arguments into calls, and results into
//! text or JSON. Rules belong into the library.

#[cfg(feature = "sight")]
mod meaning;
#[cfg(feature = "sight")]
mod recorded;
mod sys;
mod args;
mod size;
mod offset;
mod hex;
mod from_json;
mod to_json;
mod value;
mod dump;
mod reader;
mod progress;
mod failure;
mod output;
mod own;
#[cfg(feature = "sight")]
mod shipped;
mod target;
mod text;
mod object;
mod written;
mod attended;
mod interruption;
mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match args::Arguments::try_parse() {
        Ok(arguments) => command::run(&arguments),
        Err(usage) => output::usage(&usage),
    }
}
