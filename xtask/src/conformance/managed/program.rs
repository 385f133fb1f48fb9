//! The C# programs, each compiled once for all runtimes.

use super::page::Class;
use super::runtime;
use crate::process;
use crate::stop::Done;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    /// Compiles the cases over the project's own class.
    pub(super) fn own(place: &Path) -> Done<Self> {
        Self::of_cases(
            "own",
            &[],
            &["OwnSubject.cs", "SharedFile.cs", "Functions.cs", "Handles.cs"],
            &[],
            place,
        )
    }

    /// Compiles the cases over the class of a page: with numbers split as they are meant to be, and
    /// as programs once split them.
    pub(super) fn of_page(class: &Class<'_>, place: &Path) -> Done<Vec<Self>> {
        let page = place.join("Page.cs");
        fs::write(&page, [USINGS, class.source, "\n"].concat())?;
        let subject = place.join("Subject.cs");
        let named = format!("using PageClass = global::{};\n", class.name);
        fs::write(&subject, named + &fs::read_to_string(source("PageSubject.cs"))?)?;
        let made = [page, subject];
        // What a page's class is warned about is its own affair: an unused local.
        let quiet = "-nowarn:219";
        let [exact, historical] = [["Win32API.cs", "Exact.cs"], ["Win32API.cs", "Historical.cs"]];
        Ok(vec![
            Self::of_cases("exact", &[quiet], &exact, &made, place)?,
            Self::of_cases(
                "historical",
                &[quiet, "-define:HISTORICAL"],
                &historical,
                &made,
                place,
            )?,
        ])
    }

    /// Compiles the example that a reader sees first.
    pub(super) fn example(place: &Path) -> Done<Self> {
        Self::compile("example", &[], &["examples/csharp/TwoProcesses.cs".into()], place)
    }

    fn of_cases(
        name: &'static str,
        options: &[&str],
        own: &[&str],
        made: &[PathBuf],
        place: &Path,
    ) -> Done<Self> {
        let files = CASES.iter().chain(own).map(|file| source(file));
        let files: Vec<_> = files.chain(made.iter().cloned()).collect();
        Self::compile(name, options, &files, place)
    }

    fn compile(
        name: &'static str,
        options: &[&str],
        files: &[PathBuf],
        place: &Path,
    ) -> Done<Self> {
        let folder = place.join(name);
        fs::create_dir(&folder)?;
        let program = Self { name, folder };
        let mut out = OsString::from("-out:");
        out.push(program.file(&program.folder));
        let mut compiler = Command::new("mcs");
        compiler.args(["-nologo", "-unsafe", "-warnaserror"]).args(options).arg(out).args(files);
        process::run(&mut compiler)?;
        let beside = program.folder.join(format!("{name}.runtimeconfig.json"));
        fs::write(beside, runtime::configuration())?;
        Ok(program)
    }

    /// Returns where the program is in this folder.
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.exe", self.name))
    }

    /// Copies it into a new folder.
    pub(super) fn copy_to(&self, folder: &Path) -> Done {
        fs::create_dir(folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        Ok(())
    }
}

fn source(file: &str) -> PathBuf {
    Path::new("conformance/managed").join(file)
}
