//! The arguments of `dotnet`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Give .NET programs the names of mappings that .NET refuses on Linux.
///
/// A program that was compiled against System.IO.MemoryMappedFiles runs as it is: the runtime is told to
/// take another assembly of that name, which maps memory and files under names through libfilemap.so.
/// Programs that it starts get it as well. For .NET Core 3.1 and later; a program that is published with
/// a runtime of its own, or as a single file, is started as it is, and a line says so.
#[derive(Debug, Args)]
#[command(after_help = DOTNET_EXAMPLES)]
pub(crate) struct Dotnet {
    /// Run a command. Its exit code becomes this one's, as for `create`.
    #[arg(long, required = true, requires = "command")]
    pub(crate) run: bool,
    /// The assembly, if it is not `System.IO.MemoryMappedFiles.dll` beside this command, or in
    /// `../lib/filemap`.
    #[arg(long, value_name = "PATH")]
    pub(crate) assembly: Option<PathBuf>,
    /// The library, if it is not `libfilemap.so` beside this command, in `../lib`, or where the
    /// system searches for libraries.
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<PathBuf>,
    /// The command to run.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const DOTNET_EXAMPLES: &str = "\
Examples:
  filemap dotnet --run -- dotnet app.dll          a program for .NET
  filemap dotnet --run -- ./app                   the same by its own executable";
