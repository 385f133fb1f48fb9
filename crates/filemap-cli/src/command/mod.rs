//! The verbs, one file each.

mod demo;
mod create;
mod hold;
mod state;
mod wait;
mod signal;
mod lock;
mod open;
mod ls;
mod info;
mod residency;
mod gc;
mod read;
mod write;
mod fill;
mod find;
mod cmp;
mod copy;
mod watch;
mod layout;
mod record;
mod replay;
mod export;
#[cfg(feature = "sight")]
mod recording;
#[cfg(not(feature = "sight"))]
mod lacking;
mod flush;
mod completions;
mod man;
mod put;
mod get;
mod kernel32;
mod dotnet;
mod wine;

use std::path::absolute;
use std::process::{Command, ExitCode};

use filemap::Registry;

use crate::args::{Arguments, Common, Verb};
use crate::failure::Result;
use crate::output::Output;
use crate::sys;

/// The context of every verb: the registry of names, and the output.
#[derive(Debug)]
struct Context<'a> {
    registry: Registry,
    output: Output,
    common: &'a Common,
}

impl Context<'_> {
    /// Makes a child command use the same registry.
    fn lead_to_names(&self, command: &mut Command) {
        if let Some(directory) = &self.common.registry {
            // Absolute, because the child may change its directory.
            command.env("FILEMAP_DIR", absolute(directory).unwrap_or_else(|_| directory.clone()));
        }
    }
}

/// Runs the verb, reports a failure, and returns the exit code.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(&arguments.common);
    dispatch(arguments, output).unwrap_or_else(|failure| output.failed(&failure))
}

fn dispatch(arguments: &Arguments, output: Output) -> Result<ExitCode> {
    let common = &arguments.common;
    let registry = match &common.registry {
        Some(directory) => Registry::at(directory),
        None => Registry::system(),
    };
    let context = Context { registry, output, common };
    // These verbs handle interrupts themselves.
    let own = matches!(
        arguments.verb,
        Verb::Create(_)
            | Verb::Open(_)
            | Verb::Demo(_)
            | Verb::Copy(_)
            | Verb::Watch(_)
            | Verb::Record(_)
            | Verb::Replay(_)
            | Verb::Kernel32(_)
            | Verb::Dotnet(_)
            | Verb::Wine(_)
            | Verb::Wait(_)
            | Verb::Lock(_)
    );
    if !own {
        // If no handler can be set, an interrupt kills the process, which is the default.
        drop(sys::end_when_interrupted());
    }
    match &arguments.verb {
        Verb::Open(open) => return open::run(&context, open),
        Verb::Create(create) => return create::run(&context, create),
        Verb::Wait(wait) => return wait::run(&context, wait),
        Verb::Lock(lock) => return lock::run(&context, lock),
        Verb::Wine(wine) => return wine::run(&context, wine),
        Verb::Dotnet(dotnet) => return dotnet::run(&context, dotnet),
        Verb::Kernel32(kernel32) => return kernel32::run(&context, kernel32),
        Verb::Record(record) => return record::run(&context, record),
        Verb::Replay(replay) => return replay::run(&context, replay),
        Verb::Demo(_) => demo::run(&context)?,
        Verb::DemoPartner(partner) => demo::partner(&context, partner)?,
        Verb::WineReceiver(receiver) => wine::hand_over(receiver)?,
        Verb::Ls(ls) => ls::run(&context, ls)?,
        Verb::Signal(signal) => signal::run(&context, signal)?,
        Verb::Info(info) => info::run(&context, info)?,
        Verb::Gc(gc) => gc::run(&context, gc)?,
        Verb::Read(read) => read::run(&context, read)?,
        Verb::Write(write) => write::run(&context, write)?,
        Verb::Fill(fill) => fill::run(&context, fill)?,
        Verb::Find(find) => find::run(&context, find)?,
        Verb::Cmp(cmp) => return cmp::run(&context, cmp),
        Verb::Copy(copy) => copy::run(&context, copy)?,
        Verb::Watch(watch) => watch::run(&context, watch)?,
        Verb::Layout(layout) => layout::run(&context, layout)?,
        Verb::Export(export) => export::run(&context, export)?,
        Verb::Flush(flush) => flush::run(&context, flush)?,
        Verb::Completions(completions) => completions::run(&context, completions)?,
        Verb::Man(man) => man::run(&context, man)?,
        Verb::Put(put) => put::run(&context, put)?,
        Verb::Get(get) => get::run(&context, get)?,
    }
    Ok(ExitCode::SUCCESS)
}
