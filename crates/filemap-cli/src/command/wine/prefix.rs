//! Which prefix is meant, and which Wine runs in it: names are those of one wineserver.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::args::At;
use crate::failure::{Failure, Result};
use crate::sys;

/// A prefix in which programs run, and the Wine that they run in.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) folder: PathBuf,
    wine: PathBuf,
    /// The `TMPDIR` of its wineserver, if that is known; empty if it has none.
    temporary: Option<OsString>,
}

/// A wineserver of this user.
#[derive(Debug)]
struct Server {
    /// The name of its folder, which has device and inode of its prefix; none if it cannot be looked
    /// into, as one whose file has capabilities.
    name: Option<String>,
    prefix: Option<PathBuf>,
    program: PathBuf,
    temporary: Option<OsString>,
}

impl Prefix {
    /// Finds the prefix that is meant: the one that was given, or that of `WINEPREFIX`, or the only one
    /// in which programs run.
    pub(super) fn find(at: &At) -> Result<Self> {
        let mut servers = servers();
        // One that this environment leads to before others.
        let own = Some(env::var_os("TMPDIR").unwrap_or_default());
        servers.sort_by_key(|server| server.temporary != own);
        let given = at.prefix.clone().or_else(|| {
            env::var_os("WINEPREFIX").filter(|folder| !folder.is_empty()).map(PathBuf::from)
        });
        Self::of(at, given, &servers)
    }

    /// Finds the prefix as [`find`](Self::find) does, or takes the one of the user, where nothing may run
    /// yet.
    pub(super) fn find_or_start(at: &At) -> Result<Self> {
        Self::find(at).or_else(|none| {
            let told = |name| env::var_os(name).filter(|folder| !folder.is_empty());
            let home = || Some(PathBuf::from(told("HOME")?).join(".wine"));
            let told = at.prefix.clone().or_else(|| told("WINEPREFIX").map(PathBuf::from));
            let wine = at.wine.clone().unwrap_or_else(|| "wine".into());
            match told.or_else(home) {
                Some(folder) if matches!(none, Failure::No(_)) => {
                    Ok(Self { folder, wine, temporary: None })
                }
                _ => Err(none),
            }
        })
    }

    fn of(at: &At, given: Option<PathBuf>, servers: &[Server]) -> Result<Self> {
        let folder = match given {
            Some(folder) => folder,
            None => {
                let mut folders: Vec<_> =
                    servers.iter().filter_map(|server| server.prefix.clone()).collect();
                folders.sort();
                folders.dedup();
                match &*folders {
                    [] => return Err(nobody(None)),
                    [folder] => folder.clone(),
                    several => return Err(ambiguous(several)),
                }
            }
        };
        // One that can be looked into is known for sure.
        let known = servers.iter().filter(|server| server.name.is_some());
        let others = servers.iter().filter(|server| server.name.is_none());
        let server = known.chain(others).find(|server| server.is_of(&folder));
        let Some(server) = server else { return Err(nobody(Some(&folder))) };
        let wine = at.wine.clone().unwrap_or_else(|| server.wine());
        Ok(Self { folder, wine, temporary: server.temporary.clone() })
    }

    /// Returns a command that runs a program in the prefix.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.wine);
        command.env("WINEPREFIX", &self.folder).stdin(Stdio::null()).stderr(Stdio::null());
        // Some versions of Wine are found there: the game may have another one, or none.
        match &self.temporary {
            Some(temporary) if temporary.is_empty() => {
                command.env_remove("TMPDIR");
            }
            Some(temporary) => {
                command.env("TMPDIR", temporary);
            }
            None => {}
        }
        command
    }

    /// The error of a Wine that cannot be started.
    pub(super) fn unstarted(&self, why: impl std::fmt::Display) -> Failure {
        Failure::broken(format!(
            "could not run `{}`: {why}; --wine says which Wine runs in the prefix",
            self.wine.display()
        ))
    }
}

impl Server {
    fn is_of(&self, prefix: &Path) -> bool {
        let Some(name) = &self.name else { return true };
        sys::identity(prefix)
            .is_ok_and(|(device, inode)| *name == format!("server-{device:x}-{inode:x}"))
    }

    /// The Wine that belongs to the server: other versions do not understand it.
    fn wine(&self) -> PathBuf {
        let folder = self.program.parent().unwrap_or(Path::new("/"));
        let beside = ["wine", "wine64"].map(|name| folder.join(name));
        beside.into_iter().find(|path| path.is_file()).unwrap_or_else(|| "wine".into())
    }
}

/// Returns the wineservers that this user runs, by what `/proc` shows of them.
fn servers() -> Vec<Server> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let server = |process: PathBuf| {
        let command = fs::read_to_string(process.join("comm")).ok()?;
        if !command.starts_with("wineserver") || users(&process) != users(Path::new("/proc/self")) {
            return None;
        }
        let program = fs::read_link(process.join("exe")).unwrap_or_default();
        let folder = match fs::read_link(process.join("cwd")) {
            Ok(folder) => Some(folder),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
            // It has ended.
            Err(_) => return None,
        };
        let readable = fs::read(process.join("environ")).ok();
        let is_readable = readable.is_some();
        let environment = readable.unwrap_or_default();
        let variable = |name: &str| {
            let mut words = environment.split(|byte| *byte == 0);
            let value = words.find_map(|word| word.strip_prefix(name.as_bytes()))?;
            Some(PathBuf::from(String::from_utf8_lossy(value).into_owned()))
        };
        let home = || Some(variable("HOME=")?.join(".wine"));
        let prefix = variable("WINEPREFIX=").or_else(home);
        let name =
            folder.as_ref().and_then(|folder| Some(folder.file_name()?.to_str()?.to_owned()));
        let temporary = || variable("TMPDIR=").unwrap_or_default().into_os_string();
        let temporary = is_readable.then(temporary);
        Some(Server { name, prefix, program, temporary })
    };
    processes.filter_map(|process| server(process.ok()?.path())).collect()
}

/// Returns whether a process is one under Wine: each has Wine's `ntdll.so` mapped.
pub(super) fn is_under_wine(process: u32) -> bool {
    let maps = fs::read(format!("/proc/{process}/maps")).unwrap_or_default();
    maps.split(|byte| *byte == b'\n').any(|line| line.ends_with(b"/ntdll.so"))
}

/// Returns the line with the users of a process, which everybody may read.
fn users(process: &Path) -> Option<String> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    status.lines().find(|line| line.starts_with("Uid:")).map(str::to_owned)
}

fn nobody(prefix: Option<&Path>) -> Failure {
    let place = prefix.map(|prefix| format!(" in the prefix `{}`", prefix.display()));
    Failure::no(format!(
        "could not find a program for Windows: none runs{}; start the game first, and say with \
         --prefix where it runs if it is not this one",
        place.unwrap_or_default()
    ))
}

fn ambiguous(prefixes: &[PathBuf]) -> Failure {
    let list: Vec<_> = prefixes.iter().map(|prefix| format!("`{}`", prefix.display())).collect();
    Failure::usage(format!(
        "programs run in several prefixes; say which with --prefix: {}",
        list.join(", ")
    ))
}
