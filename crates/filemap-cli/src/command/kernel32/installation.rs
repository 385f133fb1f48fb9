//! An installation of the library in a folder, under every name.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf, absolute};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::library::Library;
use super::{LIBRARY, assembly, dllmap, links};
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::sys;

/// The configuration for all programs of a user, with the library's whole path.
const MONO_CONFIG: &str = "mono.config";

/// The list of installed names, one a line, so that removal touches nothing else.
const RECORD: &str = "filemap-kernel32.txt";

/// A folder that has the library, or will have it.
#[derive(Debug)]
pub(super) struct Installation {
    folder: PathBuf,
}

impl Installation {
    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: absolute(folder).unwrap_or_else(|_| folder.to_owned()) }
    }

    /// Installs the library and everything that leads to it. Repeating it renews all of it.
    pub(super) fn install(&self, library: &Library) -> Result<Installed> {
        self.lay(library).map_err(|error| self.refused("install", &error))
    }

    /// Removes what is recorded as installed, unless it was changed since.
    pub(super) fn uninstall(&self) -> Result<Uninstalled> {
        match self.take_away() {
            Ok(uninstalled) => Ok(uninstalled),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::no(format!(
                "could not uninstall: nothing was installed in `{}`",
                self.folder.display()
            ))),
            Err(error) => Err(self.refused("uninstall", &error)),
        }
    }

    fn refused(&self, verb: &str, error: &io::Error) -> Failure {
        Failure::broken(format!(
            "could not {verb} in `{}`: {}; --{verb} takes the folder of a program",
            self.folder.display(),
            Why(error)
        ))
    }

    fn lay(&self, library: &Library) -> io::Result<Installed> {
        if !self.folder.exists() {
            fs::create_dir(&self.folder)?;
        }
        let names = links::names();
        let before = self.recorded().unwrap_or_default();
        // Everything is checked before anything is changed.
        for name in names.iter().map(String::as_str).chain([LIBRARY, MONO_CONFIG]) {
            self.check_is_free(name, library, &before)?;
        }
        let configurations = self.configurations()?;
        let is_ours = |name: &str| before.iter().any(|known| known == name);
        // The library itself is in this folder already, and stays.
        let copies = !self.is_in_place(library);
        let written = configurations.iter().filter(|one| one.state == State::Written);
        let record: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .chain((copies || is_ours(LIBRARY)).then_some(LIBRARY))
            .chain([MONO_CONFIG])
            .chain(written.clone().map(|one| one.name.as_str()))
            .collect();
        // Written first, so that an interrupted installation can be removed.
        self.place(RECORD, (record.join("\n") + "\n").as_bytes())?;

        if copies {
            let copy = self.temporary()?;
            // Copies the permissions, too.
            fs::copy(library.path(), copy.path())?;
            copy.persist(self.folder.join(LIBRARY))?;
        }
        for name in &names {
            if fs::symlink_metadata(self.folder.join(name)).is_err() {
                sys::link(Path::new(LIBRARY), &self.folder.join(name))?;
            }
        }
        let whole = self.folder.join(LIBRARY);
        let mono = dllmap::added_to(dllmap::of_the_system().as_deref(), &whole);
        self.place(MONO_CONFIG, mono.as_bytes())?;
        for one in written {
            self.place(&one.name, dllmap::alone(Path::new(LIBRARY)).as_bytes())?;
        }
        Ok(Installed {
            library: library.path().display().to_string(),
            folder: self.folder.display().to_string(),
            names,
            mono_config: self.folder.join(MONO_CONFIG).display().to_string(),
            configurations,
        })
    }

    /// Creates a temporary file in the folder, with the permissions of any new file.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().make_in(&self.folder, |path| File::create_new(path))
    }

    /// Writes a whole file, and replaces the one of its name atomically.
    fn place(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut file = self.temporary()?;
        file.write_all(content)?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }

    /// Refuses a name that is taken by something else, which would be lost.
    fn check_is_free(&self, name: &str, library: &Library, before: &[String]) -> io::Result<()> {
        let path = self.folder.join(name);
        let Ok(metadata) = fs::symlink_metadata(&path) else { return Ok(()) };
        let is_recorded = before.iter().any(|known| known == name);
        let is_ours = match name {
            LIBRARY => self.is_in_place(library) || (metadata.is_file() && is_recorded),
            MONO_CONFIG => metadata.is_file() && is_recorded,
            // A file in place of a link would be a second copy of the library.
            _ => fs::read_link(&path).is_ok_and(|target| target == Path::new(LIBRARY)),
        };
        if is_ours {
            return Ok(());
        }
        let message = format!("`{name}` is there already, and was not put there by this command");
        Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
    }

    fn is_in_place(&self, library: &Library) -> bool {
        fs::canonicalize(self.folder.join(LIBRARY)).is_ok_and(|place| place == library.path())
    }

    /// Returns the state of Mono's configuration for each program and library that needs one.
    fn configurations(&self) -> io::Result<Vec<Configuration>> {
        let mut configurations = Vec::new();
        for caller in assembly::callers(&self.folder)? {
            let path = self.folder.join(format!("{caller}.config"));
            let state = match fs::read_to_string(&path) {
                Ok(text) if text == dllmap::alone(Path::new(LIBRARY)) => State::Written,
                Ok(text) if leads_here(&text) => State::Ready,
                Ok(_) => State::AddByHand,
                Err(error) if error.kind() == io::ErrorKind::NotFound => State::Written,
                Err(error) => return Err(error),
            };
            configurations.push(Configuration { name: format!("{caller}.config"), state });
        }
        Ok(configurations)
    }

    /// Returns the names that are recorded as installed.
    fn recorded(&self) -> io::Result<Vec<String>> {
        let text = fs::read_to_string(self.folder.join(RECORD))?;
        // The list may be forged: only names within this folder are removed.
        let is_name =
            |line: &&str| !line.is_empty() && !line.contains('/') && !line.starts_with('.');
        Ok(text.lines().filter(is_name).map(str::to_owned).collect())
    }

    fn take_away(&self) -> io::Result<Uninstalled> {
        let mut removed = Vec::new();
        let mut kept = Vec::new();
        for name in self.recorded()? {
            let path = self.folder.join(&name);
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let is_ours = if metadata.is_symlink() {
                fs::read_link(&path)? == Path::new(LIBRARY)
            } else if name == LIBRARY || name == MONO_CONFIG {
                metadata.is_file()
            } else {
                fs::read_to_string(&path)
                    .is_ok_and(|text| text == dllmap::alone(Path::new(LIBRARY)))
            };
            if is_ours {
                fs::remove_file(&path)?;
                removed.push(name);
            } else {
                kept.push(name);
            }
        }
        fs::remove_file(self.folder.join(RECORD))?;
        Ok(Uninstalled { folder: self.folder.display().to_string(), removed, kept })
    }
}

/// Returns whether a configuration has the two lines already.
fn leads_here(text: &str) -> bool {
    dllmap::lines(Path::new(LIBRARY)).iter().all(|line| text.contains(line))
}

/// The state of a configuration that Mono reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It was written.
    Written,
    /// It existed, and leads to the library.
    Ready,
    /// It existed, with other content.
    AddByHand,
}

#[derive(Debug, Serialize)]
struct Configuration {
    name: String,
    state: State,
}

/// The report of an installation.
#[derive(Debug, Serialize)]
pub(super) struct Installed {
    library: String,
    folder: String,
    names: Vec<String>,
    mono_config: String,
    configurations: Vec<Configuration>,
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { library, folder, names, mono_config, configurations } = self;
        let (folder, mono_config) = (Printable(folder), Printable(mono_config));
        writeln!(f, "installed `{}` in `{folder}`", Printable(library))?;
        writeln!(
            f,
            "  .NET  {} names; a program elsewhere: LD_LIBRARY_PATH={folder}",
            names.len()
        )?;
        for Configuration { name, state } in configurations {
            let name = Printable(name);
            match state {
                State::Written => writeln!(f, "  Mono  {name} written")?,
                State::Ready => writeln!(f, "  Mono  {name} leads here already")?,
                State::AddByHand => {
                    writeln!(f, "  Mono  {name} is there already; add to it by hand:")?;
                    for line in dllmap::lines(Path::new(LIBRARY)) {
                        writeln!(f, "          {line}")?;
                    }
                }
            }
        }
        write!(f, "  Mono  a program elsewhere: MONO_CONFIG={mono_config}, or as ~/.mono/config")
    }
}

/// The report of a removal: what was removed, and what stays because it was changed.
#[derive(Debug, Serialize)]
pub(super) struct Uninstalled {
    folder: String,
    removed: Vec<String>,
    kept: Vec<String>,
}

impl fmt::Display for Uninstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "removed {} files from `{}`", self.removed.len(), Printable(&self.folder))?;
        for name in &self.kept {
            write!(f, "\nkept `{}`, which was changed since", Printable(name))?;
        }
        Ok(())
    }
}
