//! `filemap kernel32`: makes C# runtimes find the library when programs call Windows' kernel32.
//!
//! `docs/managed.md` lists the names that runtimes search for, and their order.

mod library;
mod links;
mod dllmap;
mod assembly;
mod installation;

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use super::Context;
use crate::args::Kernel32;
use crate::attended;
use crate::failure::{Failure, Result, Why};
use crate::sys;
use installation::Installation;
pub(super) use library::Library;

/// The file name of the library.
pub(super) const LIBRARY: &str = "libfilemap.so";

pub(super) fn run(context: &Context<'_>, kernel32: &Kernel32) -> Result<ExitCode> {
    if sys::HAS_KERNEL32 {
        return Err(Failure::broken(
            "could not install: Windows has kernel32, and programs find it without help",
        ));
    }
    let given = kernel32.library.as_deref();
    if let Some(directory) = &kernel32.install {
        let installed = Installation::at(directory).install(&Library::find(given)?)?;
        context.output.print(&installed)?;
    } else if let Some(directory) = &kernel32.uninstall {
        context.output.print(&Installation::at(directory).uninstall()?)?;
    } else if let Some((program, arguments)) = kernel32.command.split_first() {
        return run_command(context, &Library::find(given)?, program, arguments);
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a command that finds the library in a temporary folder.
fn run_command(
    context: &Context<'_>,
    library: &Library,
    program: &OsString,
    arguments: &[OsString],
) -> Result<ExitCode> {
    let (sender, events) = attended::listen()?;
    let refused = |error| {
        Failure::broken(format!("could not create a folder for the library: {}", Why(&error)))
    };
    let folder = tempfile::Builder::new().prefix("filemap-kernel32-").tempdir().map_err(refused)?;
    links::lay(folder.path(), library.path()).map_err(refused)?;
    let configuration = folder.path().join("mono.config");
    let mono = dllmap::added_to(dllmap::of_the_system().as_deref(), library.path());
    std::fs::write(&configuration, mono).map_err(refused)?;

    let mut command = Command::new(program);
    command.args(arguments);
    command.env("MONO_CONFIG", configuration);
    let mut places = OsString::from(folder.path());
    // An empty entry would mean the current folder.
    if let Some(others) = env::var_os("LD_LIBRARY_PATH").filter(|others| !others.is_empty()) {
        places.push(":");
        places.push(others);
    }
    command.env("LD_LIBRARY_PATH", places);
    context.lead_to_names(&mut command);
    let ended = attended::run(&mut command, sender, &events);
    folder.close().map_err(|error| {
        Failure::broken(format!("could not remove the folder for the library: {}", Why(&error)))
    })?;
    Ok(sys::exit_code(ended?))
}
