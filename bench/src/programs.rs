//! Programs in other languages, which do the work in processes of their own and time it there.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::each;
use crate::{Result, report};

/// What the class of a page needs to be compiled: pages leave it out.
const USINGS: &str = "using System;\n\
                      using System.ComponentModel;\n\
                      using System.Diagnostics;\n\
                      using System.IO;\n\
                      using System.Runtime.InteropServices;\n\
                      using System.Runtime.Serialization.Formatters.Binary;\n";

/// What stands for kernel32 in C#: the functions as they are.
const FUNCTIONS: [&str; 2] = [
    include_str!("../../conformance/managed/Win32API.cs"),
    include_str!("../../conformance/managed/Exact.cs"),
];

/// A program that runs, and is told what to do by lines.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// None at the very end.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    /// Where it was compiled.
    _place: TempDir,
}

impl Program {
    /// Compiles a program in C and starts it over a file.
    ///
    /// Returns none, and says why, where there is no compiler.
    pub(crate) fn c(source: &str, file: &Path) -> Result<Option<Self>> {
        if !is_there("cc") {
            report::say("What is written in C is left out: there is no `cc`.\n");
            return Ok(None);
        }
        let place = tempfile::tempdir()?;
        let (code, program) = (place.path().join("program.c"), place.path().join("program"));
        fs::write(&code, source)?;
        let mut compiler = Command::new("cc");
        compiled(compiler.args(["-O2", "-o"]).args([&program, &code]))?;
        Self::start(Command::new(program).arg(file), place).map(Some)
    }

    /// Compiles a program in C# over kernel32 and starts it on Mono, over a file.
    ///
    /// Returns none, and says why, where there is no Mono.
    pub(crate) fn mono(sources: &[&str], file: &Path) -> Result<Option<Self>> {
        if let Some(missing) = ["mcs", "mono"].into_iter().find(|program| !is_there(program)) {
            report::say(&format!("What runs on Mono is left out: there is no `{missing}`.\n"));
            return Ok(None);
        }
        let place = tempfile::tempdir()?;
        let program = place.path().join("program.exe");
        let mut compiler = Command::new("mcs");
        // What a page's class is warned about is its own affair: an unused local.
        compiler.args(["-nologo", "-unsafe", "-nowarn:219"]);
        let mut out = "-out:".to_owned();
        out.push_str(text(&program)?);
        compiler.arg(out);
        for (number, source) in sources.iter().chain(&FUNCTIONS).enumerate() {
            let code = place.path().join(format!("{number}.cs"));
            fs::write(&code, source)?;
            compiler.arg(code);
        }
        compiled(&mut compiler)?;
        let library = library()?;
        let map = format!(
            "<configuration><dllmap dll=\"i:kernel32.dll\" target=\"{}\"/></configuration>\n",
            text(&library)?
        );
        fs::write(place.path().join("program.exe.config"), map)?;
        Self::start(Command::new("mono").args([&program, file]), place).map(Some)
    }

    fn start(command: &mut Command, place: TempDir) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // What a terminal interrupts is the first process alone.
        let mut child = command.process_group(0).spawn()?;
        let to = child.stdin.take();
        let from = child.stdout.take().ok_or("a program has no output")?;
        let mut program = Self { child, to, from: BufReader::new(from), _place: place };
        match program.line()?.as_str() {
            "ready" => Ok(program),
            _ => Err("a program of another language failed".into()),
        }
    }

    /// Has it do something `count` times, and tells how long one of them took.
    pub(crate) fn time(&mut self, what: &str, count: usize, seed: u64) -> Result<Duration> {
        let to = self.to.as_mut().ok_or("a program has no input")?;
        writeln!(to, "{what} {count} {seed}")?;
        let nanoseconds = self.line()?.parse()?;
        Ok(each(Duration::from_nanos(nanoseconds), count))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It ends where nothing is to be read any more.
        drop(self.to.take());
        let _ignored = self.child.wait();
    }
}

/// A program in C# that uses a class by another name, whatever that is.
pub(crate) fn over(class: &str, program: &str) -> String {
    [USINGS, "using Subject = global::", class, ";\n\n", program].concat()
}

/// A class of a page, which has no words before it.
pub(crate) fn alone(class: &str) -> String {
    [USINGS, "\n", class, "\n"].concat()
}

/// Tells whether a program can be started.
fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn compiled(compiler: &mut Command) -> Result<()> {
    if compiler.status()?.success() { Ok(()) } else { Err("a program was not compiled".into()) }
}

/// The library for C, which `cargo xtask bench` has built beside this program.
fn library() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("libfilemap.so");
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("{} is missing; `cargo xtask bench` builds it", path.display()).into())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()).into())
}
