//! A registry of names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::NamedMapping;
use crate::sys::Directory;
use crate::types::{Error, Name, Operation, Result, Scope};

/// The names of one machine, or of one directory.
///
/// It lists and inspects names, and separates them where that is wanted, as in tests and containers.
/// Creating and opening mappings does not need it.
///
/// ```
/// use filemap::{FileMapping, Registry};
///
/// let place = tempfile::tempdir()?;
/// let registry = Registry::at(place.path());
/// let _held = FileMapping::options().registry(&registry).name("x").size(1).create()?;
/// let names: Vec<_> = registry.list()?.iter().map(|entry| entry.name().to_string()).collect();
/// assert_eq!(names, ["Local\\x"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Platforms
///
/// On Linux the system's registry is in `/dev/shm`; where that is missing, `Local\` names are
/// in `$XDG_RUNTIME_DIR`, and all in the directory for temporary files as the last resort. The
/// variable `FILEMAP_DIR`, read at the first use, puts it elsewhere: in any directory that
/// exists.
///
/// On Windows the kernel has the names, in the session's folder and in that of all sessions, and
/// they include those of every other program's mappings. A registry in a directory, and
/// `FILEMAP_DIR`, put a prefix before each name that is made of the directory's path; nothing is
/// stored there.
#[derive(Debug, Clone)]
pub struct Registry {
    pub(in crate::model) directory: Arc<Directory>,
}

impl Registry {
    /// Returns the registry that all programs of this machine share.
    #[must_use]
    pub fn system() -> Self {
        Self { directory: Directory::system() }
    }

    /// Returns a registry in the directory `place`, which must exist when it is first used.
    #[must_use]
    pub fn at(place: impl AsRef<Path>) -> Self {
        Self { directory: Arc::new(Directory::at(place.as_ref())) }
    }

    /// Returns the names in ascending order, with what is known of each.
    ///
    /// Includes dead entries, for which [`NamedMapping::is_live`] is false, and leaves out names
    /// that this user may not read. The names of each other user are listed up to 2 MiB of memory,
    /// which are several thousand.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UntrustedRegistry`](crate::ErrorKind::UntrustedRegistry) if the registry's
    /// directory cannot be trusted, [`ErrorKind::PathNotFound`](crate::ErrorKind::PathNotFound) if the
    /// place of [`at`](Self::at) or `FILEMAP_DIR` is missing, and the errors of reading a directory.
    pub fn list(&self) -> Result<Vec<NamedMapping>> {
        Ok(self.directory.list()?.into_iter().map(NamedMapping::of).collect())
    }

    /// Returns what is known of one name, without opening the mapping.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there is no such entry, live or dead;
    /// [`ErrorKind::DamagedEntry`](crate::ErrorKind::DamagedEntry) if it cannot be read.
    pub fn inspect(&self, name: impl TryInto<Name, Error: Into<Error>>) -> Result<NamedMapping> {
        let name = name.try_into().map_err(Into::into)?;
        let listed = self.directory.inspect(&name);
        let listed = listed.map_err(|error| error.during(Operation::UseRegistry));
        name.found(listed).map(NamedMapping::of)
    }

    /// Frees the memory that crashed processes of this user left behind, and returns how many
    /// names had it.
    ///
    /// Such names are dead already: nobody can open them. Every use of the registry frees
    /// some of them, at most once a second; this frees all. A directory, a link or a socket in a
    /// name's place goes too, and is counted. Those of other users are freed by the superuser, or
    /// by the owner of the directory of `Global\` names.
    ///
    /// # Errors
    ///
    /// Those of reading the registry's directory.
    pub fn remove_dead(&self) -> Result<u64> {
        self.directory.remove_dead()
    }

    /// Returns the directory with the names of `scope`, or `None` if there never was one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UntrustedRegistry`](crate::ErrorKind::UntrustedRegistry) if it cannot be trusted.
    ///
    /// # Platforms
    ///
    /// On Windows there is none.
    pub fn path(&self, scope: Scope) -> Result<Option<PathBuf>> {
        self.directory.path(scope)
    }
}
