//! The verbs, one file each.

mod demo;
mod create;
mod ls;
mod info;
mod gc;
mod read;
mod write;
mod put;
mod get;
mod kernel32;

use std::path::absolute;
use std::process::{Command, ExitCode};

use filemap::Registry;

use crate::args::{Arguments, Common, Verb};
use crate::failure::Result;
use crate::output::Output;

/// What every verb gets: the names it may use, and where to print.
#[derive(Debug)]
struct Context<'a> {
    registry: Registry,
    output: Output,
    common: &'a Common,
}

impl Context<'_> {
    /// Makes a command that is run find the names that this one uses.
    fn lead_to_names(&self, command: &mut Command) {
        if let Some(directory) = &self.common.registry {
            // Wherever the command goes.
            command.env("FILEMAP_DIR", absolute(directory).unwrap_or_else(|_| directory.clone()));
        }
    }
}

/// Does what the arguments ask for, reports a failure, and tells the exit code.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.common.json);
    dispatch(arguments, output).unwrap_or_else(|failure| output.failed(&failure))
}

fn dispatch(arguments: &Arguments, output: Output) -> Result<ExitCode> {
    let common = &arguments.common;
    let registry = match &common.registry {
        Some(directory) => Registry::at(directory),
        None => Registry::system(),
    };
    let context = Context { registry, output, common };
    match &arguments.verb {
        Verb::Create(create) => return create::run(&context, create),
        Verb::Kernel32(kernel32) => return kernel32::run(&context, kernel32),
        Verb::Demo(_) => demo::run(&context)?,
        Verb::DemoPartner(partner) => demo::partner(&context, partner)?,
        Verb::Ls(ls) => ls::run(&context, ls)?,
        Verb::Info(info) => info::run(&context, info)?,
        Verb::Gc(gc) => gc::run(&context, gc)?,
        Verb::Read(read) => read::run(&context, read)?,
        Verb::Write(write) => write::run(&context, write)?,
        Verb::Put(put) => put::run(&context, put)?,
        Verb::Get(get) => get::run(&context, get)?,
    }
    Ok(ExitCode::SUCCESS)
}
