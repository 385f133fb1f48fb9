//! The arguments of `kernel32`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Let C# programs that call Windows' kernel32 find these mappings.
///
/// A program with `[DllImport("kernel32.dll")]` runs on Linux, as it was compiled, if the runtime
/// finds the library `libfilemap.so` under that name. --run runs a program this way, with nothing
/// installed. --install prepares the folder of a program permanently.
///
/// .NET (Core and later) searches for files: it takes a name as it is spelled, tries
/// `kernel32.dll.so` before others, in the program's folder and then in `LD_LIBRARY_PATH`. Never name
/// a file `kernel32.dll`: the runtime takes `.dll` files for managed ones, and does not start.
///
/// Mono reads `PROGRAM.exe.config`, or `LIBRARY.dll.config` for the calls of a library, before it
/// searches for files; its own configuration maps `kernel32.dll` to Mono itself, so that functions
/// seem to be missing (`EntryPointNotFoundException`) unless one of these files maps it here.
///
/// All names lead to one file. Two copies in one process would not know each other's handles.
#[derive(Debug, Args)]
#[command(
    after_help = KERNEL32_EXAMPLES,
    group = clap::ArgGroup::new("what").required(true).args(["install", "uninstall", "run"])
)]
pub(crate) struct Kernel32 {
    /// Put the library into this folder, under every name that runtimes search for, and the
    /// configuration of Mono beside each program and library there that calls kernel32.
    #[arg(long, value_name = "DIR")]
    pub(crate) install: Option<PathBuf>,
    /// Remove from this folder what --install put there.
    #[arg(long, value_name = "DIR", conflicts_with = "library")]
    pub(crate) uninstall: Option<PathBuf>,
    /// Run a command, with the library in a temporary folder. Its exit code becomes this one's, as
    /// for `create`.
    #[arg(long, requires = "command")]
    pub(crate) run: bool,
    /// The library, if it is not `libfilemap.so` beside this command, in `../lib`, or where the
    /// system searches for libraries.
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<PathBuf>,
    /// The command to run.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["install", "uninstall"])]
    pub(crate) command: Vec<OsString>,
}

const KERNEL32_EXAMPLES: &str = "\
Examples:
  filemap kernel32 --run -- mono app.exe          a program for the .NET Framework
  filemap kernel32 --run -- dotnet app.dll        one for .NET
  filemap kernel32 --install ./app                ready for both, with nothing to set
  filemap kernel32 --install ~/kernel32           for LD_LIBRARY_PATH, and for ~/.mono/config
  filemap kernel32 --uninstall ./app";
