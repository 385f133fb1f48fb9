//! Compiles the programs, each of them once for all runtimes.

use super::page::Class;
use super::runtime;
use crate::installed::is_on_the_path;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Tells what has to be installed first, and how, if anything.
pub(super) fn missing() -> Option<String> {
    let needed = [("mcs", "mono-mcs"), ("mono", "mono-runtime")];
    let absent: Vec<_> =
        needed.into_iter().filter(|(program, _)| !is_on_the_path(program)).collect();
    if absent.is_empty() {
        return None;
    }
    let programs: Vec<_> = absent.iter().map(|(program, _)| format!("`{program}`")).collect();
    Some(format!(
        "no {}; `apt install --no-install-recommends mono-runtime mono-mcs` brings it",
        programs.join(", ")
    ))
}

/// What every program of the cases is made of.
const CASES: [&str; 3] = ["Cases.cs", "Check.cs", "Values.cs"];

/// What the class of a page needs to be compiled: pages leave it out.
const USINGS: &str = "using System;\n\
                      using System.ComponentModel;\n\
                      using System.IO;\n\
                      using System.Runtime.InteropServices;\n\
                      using System.Runtime.Serialization.Formatters.Binary;\n\n";

/// A compiled program.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// It has `name`.exe in it, and what .NET Core reads beside that.
    pub(super) folder: PathBuf,
}

impl Program {
    /// The cases over the project's own class.
    pub(super) fn own(sources: &Path, place: &Path) -> io::Result<Self> {
        let mut files: Vec<PathBuf> = CASES.iter().map(|file| sources.join(file)).collect();
        files.extend(
            ["OwnSubject.cs", "SharedFile.cs", "Functions.cs"].map(|file| sources.join(file)),
        );
        Self::compile("own", &["-warnaserror"], &files, place)
    }

    /// The cases over the class of a page: with numbers split as they are meant to be, and as
    /// programs once split them.
    pub(super) fn of_page(
        sources: &Path,
        class: &Class<'_>,
        place: &Path,
    ) -> io::Result<Vec<Self>> {
        let page = place.join("Page.cs");
        fs::write(&page, [USINGS, class.source, "\n"].concat())?;
        let subject = place.join("Subject.cs");
        let named = format!("using PageClass = global::{};\n", class.name);
        fs::write(&subject, named + &fs::read_to_string(sources.join("PageSubject.cs"))?)?;

        let compile = |name, options: &[&str], companion| {
            let mut files: Vec<PathBuf> = CASES.iter().map(|file| sources.join(file)).collect();
            files.extend([sources.join("Win32API.cs"), sources.join(companion)]);
            files.extend([page.clone(), subject.clone()]);
            Self::compile(name, options, &files, place)
        };
        // What a page's class is warned about is its own affair: an unused local.
        let quiet = "-nowarn:219";
        Ok(vec![
            compile("exact", &["-warnaserror", quiet], "Exact.cs")?,
            compile("historical", &["-warnaserror", quiet, "-define:HISTORICAL"], "Historical.cs")?,
        ])
    }

    /// The example that a reader sees first.
    pub(super) fn example(root: &Path, place: &Path) -> io::Result<Self> {
        let source = root.join("examples/csharp/TwoProcesses.cs");
        Self::compile("example", &["-warnaserror"], &[source], place)
    }

    fn compile(
        name: &'static str,
        options: &[&str],
        files: &[PathBuf],
        place: &Path,
    ) -> io::Result<Self> {
        let folder = place.join(name);
        fs::create_dir(&folder)?;
        let program = Self { name, folder };
        let mut out = OsString::from("-out:");
        out.push(program.file(&program.folder));
        let mut command = Command::new("mcs");
        command.args(["-nologo", "-unsafe"]).args(options).arg(out).args(files);
        if !command.status()?.success() {
            return Err(io::Error::other(format!("mcs could not compile the program `{name}`")));
        }
        let beside = program.folder.join(format!("{name}.runtimeconfig.json"));
        fs::write(beside, runtime::configuration())?;
        Ok(program)
    }

    /// Where the program is in this folder.
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.exe", self.name))
    }

    /// Copies it into a folder.
    pub(super) fn copy_to(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        Ok(())
    }
}
