use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::model::mapping::described;
use crate::model::{Backing, FileMapping, Holders};
use crate::sys::{Census, Directory, Listed, Wanted};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Permissions, Protection, Result, Rights, Scope,
};

/// The names of one machine, or of one directory.
///
/// Nobody needs it to create and open mappings; it lists and inspects them, and it keeps names
/// apart where that is wanted, in tests and containers.
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
/// they are those of every program's mappings. A registry of a directory's own, and `FILEMAP_DIR`,
/// put a prefix before each name that is made of the directory's path; nothing is stored there.
#[derive(Debug, Clone)]
pub struct Registry {
    directory: Arc<Directory>,
}

impl Registry {
    /// The registry that all programs of this machine share.
    #[must_use]
    pub fn system() -> Self {
        Self { directory: Directory::system() }
    }

    /// A registry of its own in the directory `place`, which must exist when it is first used.
    #[must_use]
    pub fn at(place: impl AsRef<Path>) -> Self {
        Self { directory: Arc::new(Directory::at(place.as_ref())) }
    }

    pub(crate) fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Opens the mapping that has this name here, as [`FileMapping::open`] does.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open`].
    pub fn open(&self, name: &str) -> Result<FileMapping> {
        FileMapping::open_in(&self.directory, name, Wanted::Most)?.measured()
    }

    /// Opens the mapping that has this name here, as [`FileMapping::open_with`] does.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open_with`].
    pub fn open_with(&self, name: &str, rights: Rights) -> Result<FileMapping> {
        FileMapping::open_in(&self.directory, name, Wanted::Exactly(rights))?.measured()
    }

    /// Opens the mapping as it is, without asking a file that it follows for its length; with
    /// these rights, or with as many as are to be had.
    pub(crate) fn open_following(&self, name: &str, rights: Option<Rights>) -> Result<FileMapping> {
        FileMapping::open_in(&self.directory, name, rights.map_or(Wanted::Most, Wanted::Exactly))
    }

    /// Lists the names, sorted, with what their entries tell.
    ///
    /// Dead entries are listed too, and told apart by [`NamedMapping::is_live`]; names that
    /// this user may not read are not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UntrustedRegistry`] if the registry's directory is not to be trusted, and what
    /// reading it may meet.
    pub fn list(&self) -> Result<Vec<NamedMapping>> {
        Ok(self.directory.list()?.into_iter().map(NamedMapping::of).collect())
    }

    /// Tells what the entry of one name tells, without opening the mapping.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such entry, live or dead;
    /// [`ErrorKind::DamagedEntry`] if it cannot be read.
    pub fn inspect(&self, name: &str) -> Result<NamedMapping> {
        let operation = Operation::UseRegistry;
        let name = Name::parse(name)?;
        match self.directory.inspect(&name) {
            Ok(Some(listed)) => Ok(NamedMapping::of(listed)),
            Ok(None) => {
                Err(Error::new(ErrorKind::NotFound, Operation::OpenMapping).about(described(&name)))
            }
            Err(error) => Err(error.during(operation).or_about(|| described(&name))),
        }
    }

    /// Tells who holds each of these names, in the same order.
    ///
    /// Slow: it looks at everything that every process has open or mapped, this one included. It
    /// does so once for all names, so that a whole listing costs little more than one name.
    ///
    /// ```
    /// use filemap::{FileMapping, Registry};
    ///
    /// let place = tempfile::tempdir()?;
    /// let registry = Registry::at(place.path());
    /// let _held = FileMapping::options().registry(&registry).name("x").size(1).create()?;
    ///
    /// # // Windows does not tell.
    /// # if cfg!(windows) { return Ok(()); }
    /// let names = registry.list()?;
    /// for (name, holders) in names.iter().zip(registry.holders(&names)?) {
    ///     assert_eq!((name.name().base(), holders.len()), ("x", 1));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`] if the system does not show its processes, and what looking
    /// may meet, such as [`ErrorKind::TooManyOpenFiles`].
    ///
    /// # Platforms
    ///
    /// On Linux processes are looked at through `/proc`. Those of other users can be looked into
    /// by the superuser alone. Windows does not tell: [`ErrorKind::NotSupported`].
    pub fn holders<'names>(
        &self,
        names: impl IntoIterator<Item = &'names NamedMapping>,
    ) -> Result<Vec<Holders>> {
        holders(names)
    }

    /// Frees the memory that crashed processes of this user left behind, and returns of how
    /// many names.
    ///
    /// Such names are dead already: nobody can open them. Using the registry frees some of
    /// them along the way; this frees all.
    ///
    /// # Errors
    ///
    /// What reading the registry's directory may meet.
    pub fn collect(&self) -> Result<u64> {
        self.directory.collect()
    }

    /// Tells the directory that holds the names of `scope`, if there were ever any.
    ///
    /// On Windows there is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UntrustedRegistry`] if it is not to be trusted.
    pub fn path(&self, scope: Scope) -> Result<Option<PathBuf>> {
        self.directory.path(scope)
    }
}

fn holders<'names>(names: impl IntoIterator<Item = &'names NamedMapping>) -> Result<Vec<Holders>> {
    let listed: Vec<_> = names.into_iter().map(|name| &name.listed).collect();
    let Census { sighted, unseen, hidden, held_elsewhere } = Census::take(listed.iter().copied())?;
    let names = listed.iter().zip(sighted).zip(held_elsewhere);
    let holders = names.map(|((name, sighted), elsewhere)| {
        Holders::new(sighted, unseen, hidden || elsewhere, name.is_live())
    });
    Ok(holders.collect())
}

/// What a registry tells about one name.
#[derive(Debug)]
pub struct NamedMapping {
    listed: Listed,
    backing: Backing,
}

impl NamedMapping {
    fn of(listed: Listed) -> Self {
        let backing = Backing::of(listed.content());
        Self { listed, backing }
    }

    /// The name with its scope.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.listed.name()
    }

    /// The size in bytes; `None` if the mapping is as long as its file.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        Some(self.listed.size()).filter(|size| *size > 0)
    }

    /// What the mapping allows its views.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.listed.protection()
    }

    /// How its pages are provided.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.listed.attributes()
    }

    /// What it is made of.
    #[must_use]
    pub fn backing(&self) -> &Backing {
        &self.backing
    }

    /// Who else may open it; `None` if that was changed to something no mapping is created with.
    #[must_use]
    pub fn permissions(&self) -> Option<Permissions> {
        self.listed.permissions()
    }

    /// The number of the process that created it, which may be gone.
    ///
    /// # Platforms
    ///
    /// On Windows it is 0 if that was a program without this library, and
    /// [`created`](Self::created) is then the beginning of 1970.
    #[must_use]
    pub fn creator(&self) -> u32 {
        self.listed.creator()
    }

    /// When it was created.
    #[must_use]
    pub fn created(&self) -> SystemTime {
        self.listed.created()
    }

    /// Tells whether any handle was open at the moment of the look.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.listed.is_live()
    }

    /// Tells who has the name's handles, and who has views without a handle.
    ///
    /// As slow as [`Registry::holders`], which asks for many names at once. The object is the one
    /// that was looked at, also if the name has gone to another one since.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::holders`].
    pub fn holders(&self) -> Result<Holders> {
        Ok(holders([self])?.remove(0))
    }

    /// The entry itself.
    ///
    /// # Platforms
    ///
    /// On Linux a file; that of a mapping in memory begins with the mapping's own bytes, so a
    /// program that knows nothing of this crate can map it. On Windows the name that the kernel has
    /// for it, which is no path of a file.
    #[must_use]
    pub fn entry(&self) -> &Path {
        self.listed.path()
    }
}
