//! The runtimes that run compiled C# programs, Mono and .NET Core.

use crate::process;
use crate::report;
use crate::stop::{Done, about};
use std::ffi::OsString;
use std::fmt;
use std::fs;
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

/// What the programs are run on. Later than version 8, there is no `BinaryFormatter`.
const FRAMEWORK: &str = "Microsoft.NETCore.App";

impl Runtime {
    /// Returns Mono, and .NET Core if it is there.
    pub(super) fn all() -> Done<Vec<Self>> {
        let version = process::output(Command::new("mono").arg("--version=number"))?;
        let name = format!("Mono {}", version.trim());
        let mut all = vec![Self { kind: Kind::Mono, program: "mono".into(), name }];
        // The package of the Python index that carries the runtime for Linux on x86-64.
        let folder = process::target()?.join("dotnet");
        let place = folder.join("dotnetcore2").join("bin");
        if place.join("dotnet").is_file() {
            let versions = fs::read_dir(place.join("shared").join(FRAMEWORK));
            let version = versions.map_err(about(FRAMEWORK))?.flatten().next();
            let version = version.map(|version| version.file_name()).unwrap_or_default();
            let name = format!(".NET Core {}", version.display());
            all.push(Self { kind: Kind::DotNet, program: place.join("dotnet"), name });
        } else {
            let folder = folder.display();
            let remedy = format!("python3 -m pip install --no-deps --target {folder} dotnetcore2");
            report::skip(".NET Core", format!("it is not there; `{remedy}` on x86-64"));
        }
        Ok(all)
    }

    /// Returns the words that run a compiled program.
    pub(super) fn words(&self, program: &Path) -> [OsString; 2] {
        [self.program.clone().into(), program.into()]
    }
}

/// Returns what .NET Core reads beside a program that was not built by its own tools.
///
/// Without the data of languages, which machines without a desktop do not have.
pub(super) fn configuration() -> String {
    format!(
        "{{ \"runtimeOptions\": {{ \"framework\": {{ \"name\": \"{FRAMEWORK}\", \
         \"version\": \"3.1.0\" }}, \"configProperties\": {{ \
         \"System.Globalization.Invariant\": true }} }} }}\n"
    )
}
