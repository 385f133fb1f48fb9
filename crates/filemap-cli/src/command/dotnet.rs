//! `filemap dotnet`: makes .NET take an assembly with named mappings in place of its own.
//!
//! The runtime is told of it by a list of additional dependencies, and finds it in a shared store
//! (<https://learn.microsoft.com/dotnet/core/dependency-loading/default-probing>). A store has a folder
//! for each framework; a program whose framework has none does not start, so there is one for each.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use filemap::ErrorKind;
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use super::kernel32::{LIBRARY, Library};
use crate::args::Dotnet;
use crate::attended;
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::sys;

/// The file name of the assembly, which is its name for the runtime.
const ASSEMBLY: &str = "System.IO.MemoryMappedFiles.dll";

/// By which the assembly is told from the runtime's own: a function that it calls.
const SIGN: &[u8] = b"filemap_pin_view";

/// What the store and the list call it.
const PACKAGE: &str = "filemap.memorymappedfiles/99.0.0";

/// The framework that a program is for: `netcoreapp3.1`, `net8.0`.
struct Framework(String);

pub(super) fn run(context: &Context<'_>, dotnet: &Dotnet) -> Result<ExitCode> {
    if sys::HAS_KERNEL32 {
        return Err(Failure::broken(
            "could not help: .NET has names for mappings on Windows itself",
        ));
    }
    let Some((program, arguments)) = dotnet.command.split_first() else {
        return Err(Failure::usage("expected a command"));
    };
    // What is given is looked at before anything is searched for.
    let given = dotnet.assembly.as_deref().map(checked).transpose()?;
    let library = Library::find(dotnet.library.as_deref())?;
    let assembly = given.map_or_else(assembly, Ok)?;
    let (sender, events) = attended::listen()?;
    let mut command = Command::new(program);
    command.args(arguments);
    context.lead_to_names(&mut command);
    let folder = match framework(&dotnet.command) {
        Ok(framework) => {
            let folder = lay(&framework, &assembly, library.path()).map_err(|error| {
                let why = Why(&error);
                Failure::broken(format!("could not create a folder for the assembly: {why}"))
            })?;
            lead(&mut command, folder.path());
            Some(folder)
        }
        Err(why) => {
            context.output.print_aside(&AsItIs { program: shown(program), why })?;
            None
        }
    };
    let ended = attended::run(&mut command, sender, &events);
    if let Some(folder) = folder {
        folder.close().map_err(|error| {
            let why = Why(&error);
            Failure::broken(format!("could not remove the folder for the assembly: {why}"))
        })?;
    }
    Ok(sys::exit_code(ended?))
}

/// What is said of a program that runs without the assembly.
#[derive(Debug, Serialize)]
struct AsItIs {
    program: String,
    why: String,
}

impl fmt::Display for AsItIs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, why } = self;
        write!(f, "filemap: `{}` is started as it is: {}", Printable(program), Printable(why))
    }
}

fn shown(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

/// Finds the assembly beside this command, or in `../lib/filemap`.
fn assembly() -> Result<PathBuf> {
    // Links resolved: it is beside the command itself, not beside a link to it.
    let program = env::current_exe().and_then(fs::canonicalize).unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("."));
    let places = [folder.to_owned(), folder.join("../lib/filemap")];
    let mut files = places.into_iter().map(|folder| folder.join(ASSEMBLY));
    match files.find(|path| path.is_file()) {
        Some(path) => checked(&path),
        None => Err(Failure::broken_as(
            ErrorKind::NotFound,
            format!(
                "could not find {ASSEMBLY}: it is neither beside this command nor in \
                 `../lib/filemap`; say where with --assembly, or build it with \
                 `cargo xtask package --nuget`"
            ),
        )),
    }
}

/// Returns the path of an assembly that is one with named mappings.
fn checked(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    let content = fs::read(path).map_err(|error| {
        Failure::broken(format!(
            "could not read the assembly `{shown}`: {}; --assembly takes the path of {ASSEMBLY}",
            Why(&error)
        ))
    })?;
    let is_ours = content.windows(SIGN.len()).any(|bytes| bytes == SIGN);
    if content.starts_with(b"MZ") && is_ours {
        return Ok(path.to_owned());
    }
    Err(Failure::broken_as(
        ErrorKind::WrongObject,
        format!("could not use `{shown}`: it is no assembly with named mappings"),
    ))
}

/// Returns the framework that the program of a command is for, or why none can be told.
fn framework(command: &[OsString]) -> std::result::Result<Framework, String> {
    let is_dll = |word: &&OsString| {
        Path::new(word).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("dll"))
    };
    let program =
        command.iter().find(is_dll).or(command.first()).map_or(OsStr::new(""), |word| word);
    let place = found(Path::new(program));
    // `app.dll` and the executable `app` both have `app.runtimeconfig.json`.
    let name = match place.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("dll") => place.with_extension(""),
        _ => place,
    };
    let mut configuration = name.into_os_string();
    configuration.push(".runtimeconfig.json");
    let configuration = Path::new(&configuration);
    let text = fs::read_to_string(configuration).map_err(|error| {
        format!("could not read `{}`: {}", configuration.display(), Why(&error))
    })?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| format!("could not understand `{}`: {error}", configuration.display()))?;
    let options = &value["runtimeOptions"];
    if options.get("includedFrameworks").is_some() {
        return Err("it has a runtime of its own, which takes no other assembly".to_owned());
    }
    let named = options["tfm"].as_str().filter(|tfm| {
        !tfm.is_empty() && tfm.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '.')
    });
    let Some(tfm) = named else {
        return Err(format!("`{}` names no framework (`tfm`)", configuration.display()));
    };
    Ok(Framework(tfm.to_owned()))
}

/// Returns the path of a program, which may be in a folder of `PATH`.
fn found(program: &Path) -> PathBuf {
    if program.components().count() > 1 || program.is_file() {
        return program.to_owned();
    }
    let places = env::var_os("PATH").unwrap_or_default();
    let mut files = env::split_paths(&places).map(|place| place.join(program));
    let file = files.find(|file| file.is_file()).unwrap_or_else(|| program.to_owned());
    fs::canonicalize(&file).unwrap_or(file)
}

/// Lays the store, the list and the library.
fn lay(framework: &Framework, assembly: &Path, library: &Path) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("filemap-dotnet-").tempdir()?;
    let assembly = fs::canonicalize(assembly)?;
    let inside = format!("lib/netstandard2.0/{ASSEMBLY}");
    // Its children may be for other frameworks.
    let others = (5..=12).map(|version| format!("net{version}.0"));
    let all = ["netcoreapp3.1".to_owned(), framework.0.clone()].into_iter().chain(others);
    for architecture in ["x64", "arm64"] {
        for framework in all.clone() {
            let place = folder.path().join("store").join(architecture).join(framework);
            let file = place.join(PACKAGE).join(&inside);
            if let Some(parent) = file.parent().filter(|parent| !parent.exists()) {
                fs::create_dir_all(parent)?;
                sys::link(&assembly, &file)?;
            }
        }
    }
    let versions = json!({ "assemblyVersion": "99.0.0.0", "fileVersion": "99.0.0.0" });
    let target = ".NETCoreApp,Version=v3.1";
    let list = json!({
        "runtimeTarget": { "name": target },
        "targets": { target: { PACKAGE: { "runtime": { inside: versions } } } },
        "libraries": { PACKAGE: {
            "type": "package", "serviceable": false, "sha512": "", "path": PACKAGE,
        } },
    });
    fs::write(folder.path().join("filemap.deps.json"), list.to_string())?;
    sys::link(library, &folder.path().join(LIBRARY))?;
    Ok(folder)
}

/// Leads the runtimes of a command, and of what it starts, to the assembly and the library.
fn lead(command: &mut Command, folder: &Path) {
    let list = folder.join("filemap.deps.json");
    for (variable, separator, place) in [
        ("DOTNET_ADDITIONAL_DEPS", ";", list.as_path()),
        ("DOTNET_SHARED_STORE", ":", &folder.join("store")),
        ("LD_LIBRARY_PATH", ":", folder),
    ] {
        let mut places = OsString::from(place);
        // An empty entry would mean the current folder.
        if let Some(others) = env::var_os(variable).filter(|others| !others.is_empty()) {
            places.push(separator);
            places.push(others);
        }
        command.env(variable, places);
    }
}
