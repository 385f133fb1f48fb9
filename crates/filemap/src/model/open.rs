//! Opening a mapping by its name, or by a descriptor of it.

use crate::model::{FileMapping, Registry};
use crate::sys::{Directory, OwnedDescriptor, Wanted};
use crate::types::{Error, Name, Operation, Result, Rights};

impl FileMapping {
    /// Opens the mapping that has this name, with as many rights as its protection and its
    /// owner's permissions allow.
    ///
    /// Neither a path nor a size is needed: the name is enough.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if no handle with this name is open
    /// anywhere; [`ErrorKind::PathNotFound`](crate::ErrorKind::PathNotFound) if the place for names that
    /// was chosen, as by `FILEMAP_DIR`, does not exist; [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) if the owner allows
    /// this user nothing; [`ErrorKind::BackingGone`](crate::ErrorKind::BackingGone) if its file
    /// cannot be reached any more; the errors of [`Name::parse`].
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{ErrorKind, FileMapping};
    ///
    /// let name = format!("Local\\open-{}", std::process::id());
    /// let made = FileMapping::options().name(&name).size(10_000).create_new()?;
    /// assert_eq!(FileMapping::open(&name)?.size(), 10_000);
    ///
    /// drop(made);
    /// assert_eq!(FileMapping::open(&name).unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "OpenFileMapping")]
    pub fn open(name: impl TryInto<Name, Error: Into<Error>>) -> Result<Self> {
        Registry::system().open(name)
    }

    /// Opens the mapping that has this name, with exactly these rights.
    ///
    /// The mapping's protection is not compared with them: a right that it does not allow is
    /// refused when a view is mapped.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied)
    /// also if one of the rights is not granted.
    #[doc(alias = "OpenFileMapping")]
    pub fn open_with(name: impl TryInto<Name, Error: Into<Error>>, rights: Rights) -> Result<Self> {
        Registry::system().open_with(name, rights)
    }
}

impl Registry {
    /// Opens the mapping that has this name here, as [`FileMapping::open`] does.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open`].
    pub fn open(&self, name: impl TryInto<Name, Error: Into<Error>>) -> Result<FileMapping> {
        open(&self.directory, name, Wanted::Most)?.with_fixed_size()
    }

    /// Opens the mapping that has this name here, as [`FileMapping::open_with`] does.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open_with`].
    pub fn open_with(
        &self,
        name: impl TryInto<Name, Error: Into<Error>>,
        rights: Rights,
    ) -> Result<FileMapping> {
        open(&self.directory, name, Wanted::Exactly(rights))?.with_fixed_size()
    }

    /// Opens the mapping without fixing the size of one that follows its file; with these rights,
    /// or with as many as are granted.
    pub(crate) fn open_following(
        &self,
        name: impl TryInto<Name, Error: Into<Error>>,
        rights: Option<Rights>,
    ) -> Result<FileMapping> {
        open(&self.directory, name, rights.map_or(Wanted::Most, Wanted::Exactly))
    }
}

impl TryFrom<OwnedDescriptor> for FileMapping {
    type Error = Error;

    /// Takes over a descriptor that another handle was converted into, here or in another process.
    ///
    /// A mapping that has a name in the system's registry gets it back. Memory without a name, and
    /// any file, becomes a mapping of its whole length, which is writable if the descriptor is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongObject`](crate::ErrorKind::WrongObject) if it is neither memory nor a
    /// file, [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) if it is not open for
    /// reading, [`ErrorKind::EmptyFile`](crate::ErrorKind::EmptyFile) if there is nothing to map.
    /// The descriptor is then closed.
    fn try_from(descriptor: OwnedDescriptor) -> Result<Self> {
        let handle = Directory::system().adopt(descriptor)?;
        Self::new(handle, true).with_fixed_size()
    }
}

fn open(
    directory: &Directory,
    name: impl TryInto<Name, Error: Into<Error>>,
    wanted: Wanted,
) -> Result<FileMapping> {
    let operation = Operation::OpenMapping;
    let name = name.try_into().map_err(|error| error.into().during(operation))?;
    let handle = name.found(directory.open(&name, wanted))?;
    Ok(FileMapping::new(handle, true))
}
