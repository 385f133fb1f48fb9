//! `cargo xtask conformance --managed`: C# programs that call kernel32, under Mono and .NET Core.
//!
//! The programs are in `conformance/managed`. Each is compiled once, and runs on both runtimes as
//! it is: alone at its limits, and as two processes that know each other by a name, in every pair
//! of runtimes. The class that they are about is the project's own, or that of a page of text,
//! unchanged.

mod page;
mod runtime;
mod program;
mod play;
mod traps;

use crate::report;
use page::Class;
use play::{Delivery, Stage};
use program::Program;
use runtime::Runtime;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Runs the programs over the class in the file, or over the project's own.
pub(crate) fn run(root: &Path, class: Option<&Path>) -> bool {
    if let Some(missing) = program::missing() {
        report::say(&format!("managed: skipped: {missing}"));
        return true;
    }
    match compare(root, class) {
        Ok(claims) => {
            report::say(&format!("managed: passed, {claims} claims"));
            true
        }
        Err(err) => {
            report::complain(&format!("managed: FAILED: {err}"));
            false
        }
    }
}

fn compare(root: &Path, class: Option<&Path>) -> io::Result<u64> {
    let sources = root.join("conformance/managed");
    let page = class.map(read).transpose()?;
    let class = page.as_deref().map(Class::of).transpose().map_err(io::Error::other)?;
    let place = tempfile::Builder::new().prefix("filemap-managed-").tempdir()?;
    let programs = match &class {
        Some(class) => {
            report::say(&format!(
                "managed: the class `{}` of the page, {} bytes, as they are",
                class.name,
                class.source.len()
            ));
            Program::of_page(&sources, class, place.path())?
        }
        None => vec![Program::own(&sources, place.path())?],
    };
    let built = build(root)?;
    let runtimes = Runtime::all(&built)?;

    report::say(&format!("{:<12} {:<36} {:>6}", "program", "runtimes", "claims"));
    let mut claims = 0;
    for program in &programs {
        let stage = Stage::new(program, &built, place.path())?;
        for runtime in &runtimes {
            stage.is_lost_without_the_library(runtime)?;
            let made = stage.limits(runtime)?;
            tell(program.name, &format!("{runtime} alone"), made);
            claims += made;
        }
        for first in &runtimes {
            for second in &runtimes {
                let made = stage.pair(first, second)?;
                tell(program.name, &format!("{first} with {second}"), made);
                claims += made;
            }
        }
    }
    if let Some(own) = programs.first().filter(|_| class.is_none()) {
        let stage = Stage::new(own, &built, &fresh(&place, "traps")?)?;
        for runtime in &runtimes {
            let held = traps::spring(&stage, runtime)?;
            tell("traps", &runtime.to_string(), held);
            claims += held;
        }
        let example = Program::example(root, place.path())?;
        let stage = Stage::new(&example, &built, place.path())?;
        for runtime in &runtimes {
            for delivery in [Delivery::Installed, Delivery::Run] {
                stage.example(runtime, delivery)?;
                tell(example.name, &format!("{runtime}, {delivery}"), 1);
                claims += 1;
            }
        }
    }
    Ok(claims)
}

fn read(page: &Path) -> io::Result<String> {
    fs::read_to_string(page).map_err(|err| {
        io::Error::other(format!("could not read the page `{}`: {err}", page.display()))
    })
}

/// Makes a folder.
fn fresh(place: &TempDir, name: &str) -> io::Result<PathBuf> {
    let folder = place.path().join(name);
    fs::create_dir(&folder)?;
    Ok(folder)
}

fn tell(program: &str, who: &str, claims: u64) {
    report::say(&format!("{program:<12} {who:<36} {claims:>6}"));
}

/// Where cargo puts what the programs need.
struct Built {
    command: PathBuf,
    library: PathBuf,
    /// The folder above, which outlives the builds.
    target: PathBuf,
}

fn build(root: &Path) -> io::Result<Built> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "filemap-cli", "--package", "filemap-abi"]);
    if !command.current_dir(root).status()?.success() {
        return Err(io::Error::other("could not build the command and the library"));
    }
    // This very program is where cargo puts what it builds.
    let this = env::current_exe()?;
    let folder = this.parent().ok_or_else(|| io::Error::other("could not find this program"))?;
    Ok(Built {
        command: folder.join("filemap"),
        library: folder.join("libfilemap.so"),
        target: folder.parent().unwrap_or(folder).to_owned(),
    })
}
