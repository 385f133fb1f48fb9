//! What lets programs of other languages find the mappings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Let C# programs that call Windows' kernel32 find these mappings.
///
/// A program that says `[DllImport("kernel32.dll")]` runs on Linux, as it was compiled, when the
/// runtime finds the library `libfilemap.so` under that name. --run runs one so, with nothing
/// installed. --install makes the folder of a program ready once and for all.
///
/// .NET (Core and later) looks for files: it takes a name as it is spelt, tries `kernel32.dll.so`
/// before others, in the program's folder and then where `LD_LIBRARY_PATH` leads. Never name
/// one `kernel32.dll`: the runtime takes `.dll` files for managed ones, and does not start.
///
/// Mono reads `PROGRAM.exe.config`, or `LIBRARY.dll.config` for what a library calls, before it
/// looks for files; its own configuration leads `kernel32.dll` to Mono itself, so that functions
/// seem to be missing (`EntryPointNotFoundException`) until one of these leads it here.
///
/// All names lead to one file. Two copies in one process would not know each other's handles.
#[derive(Debug, Args)]
#[command(
    after_help = KERNEL32_EXAMPLES,
    group = clap::ArgGroup::new("what").required(true).args(["install", "uninstall", "run"])
)]
pub(crate) struct Kernel32 {
    /// Put the library into this folder, under every name that runtimes look for, and beside each
    /// program and library in it that calls kernel32 what Mono reads.
    #[arg(long, value_name = "DIR")]
    pub(crate) install: Option<PathBuf>,
    /// Take away from this folder what --install put there.
    #[arg(long, value_name = "DIR", conflicts_with = "library")]
    pub(crate) uninstall: Option<PathBuf>,
    /// Run a command, with a temporary folder that is gone afterwards. Its exit code becomes this
    /// one's (128 and the signal's number, if a signal ended it).
    #[arg(long, requires = "command")]
    pub(crate) run: bool,
    /// The library, if it is not `libfilemap.so` beside this command, in `../lib`, or where the
    /// system looks for libraries.
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<PathBuf>,
    /// What to run.
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
