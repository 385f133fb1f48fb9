use std::fs::File;
use std::sync::Arc;

use crate::model::mapping::described;
use crate::model::{FileMapping, Registry};
use crate::sys::{Directory, Draft, Section, SectionContract as _, Space};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Permissions, Protection, Result,
};

/// What a new mapping is to be: memory or a file, how large, for what, under which name.
///
/// ```
/// use filemap::{FileMapping, Protection};
///
/// let name = format!("Local\\options-{}", std::process::id());
/// let first = FileMapping::options().name(&name).size(4096).create()?;
/// let second = FileMapping::options().name(&name).size(9999).create()?;
/// assert!(!first.existed());
/// assert!(second.existed());
/// assert_eq!(second.size(), 4096); // an existing mapping stays what it is
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # What is checked, in this order
///
/// The arguments by themselves; then what the file was opened for; then the name. If a mapping
/// has the name, it is opened, with the rights that [`Protection::rights`] tells, and nothing
/// else is looked at. Otherwise the size is compared with the file's, and the file is made
/// longer if it must be. Whatever fails leaves the file as it was.
#[derive(Debug, Clone)]
#[doc(alias = "CreateFileMapping")]
pub struct MappingOptions<'file> {
    name: Option<String>,
    size: u64,
    protection: Protection,
    attributes: Attributes,
    file: Option<&'file File>,
    follows_file: bool,
    space: Space,
    permissions: Permissions,
    directory: Option<Arc<Directory>>,
}

impl Default for MappingOptions<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'file> MappingOptions<'file> {
    /// Begins with nothing but [`Protection::ReadWrite`]; memory needs a size at least.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: None,
            size: 0,
            protection: Protection::ReadWrite,
            attributes: Attributes::empty(),
            file: None,
            follows_file: false,
            space: Space::AtFirstStore,
            permissions: Permissions::PRIVATE,
            directory: None,
        }
    }

    /// Gives it a name, as [`Name::parse`] reads it.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Sets the size in bytes.
    ///
    /// Memory is rounded up to whole pages. Over a file 0, the default, is the file's length;
    /// fewer bytes map its beginning, and more make a file longer whose mapping is writable:
    /// when the mapping is created, with a hole that takes no space, and for good.
    #[must_use]
    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// Sets what views may do.
    #[must_use]
    pub fn protection(mut self, protection: Protection) -> Self {
        self.protection = protection;
        self
    }

    /// Sets how pages are provided.
    #[must_use]
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// Maps this file instead of memory.
    ///
    /// It must be open for reading, and for writing if views are to write. The mapping keeps
    /// the file; `file` itself may be closed.
    #[must_use]
    pub fn file(mut self, file: &'file File) -> Self {
        self.file = Some(file);
        self
    }

    /// Keeps the name in this registry instead of the system's.
    #[must_use]
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.directory = Some(registry.directory());
        self
    }

    /// Sets who else may open the name: nobody, if this is not called.
    ///
    /// It is about the name and memory that goes with it. A file has permissions of its own, which
    /// are asked for as well. An existing name keeps those that it has.
    ///
    /// # Platforms
    ///
    /// On Linux executable memory and large pages, which no file of the registry can hold, are
    /// opened through a process that holds them, and so by the same user alone.
    #[must_use]
    #[doc(alias = "lpFileMappingAttributes")]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Sets memory or disk space aside for all of it at once.
    ///
    /// Without this a page gets its space at the first store to it, and if there is none left,
    /// that store fails with [`ErrorKind::DiskFull`]. With it the creation fails, and later
    /// stores do not, for want of space. A mapping that cannot be written sets none aside in
    /// its file.
    #[must_use]
    #[doc(alias = "fallocate")]
    pub fn preallocate(mut self) -> Self {
        self.space = Space::AtOnce;
        self
    }

    /// Makes the mapping as long as its file, whatever that will be.
    pub(crate) fn follow_file(mut self) -> Self {
        self.follows_file = true;
        self
    }

    /// Creates the mapping, or opens the one that has the name:
    /// [`FileMapping::existed`] tells which.
    ///
    /// Of several processes that do this at once with one name, one creates and all get the
    /// same mapping.
    ///
    /// # Errors
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | memory of size 0 | [`ZeroSize`](ErrorKind::ZeroSize) |
    /// | attributes that exclude each other, or a file | [`InvalidAttributes`](ErrorKind::InvalidAttributes) |
    /// | a size that no mapping can have, or that a read-only mapping's file does not have | [`SizeTooLarge`](ErrorKind::SizeTooLarge) |
    /// | more memory than the machine has, without [`Attributes::RESERVE`] | [`CommitLimit`](ErrorKind::CommitLimit) |
    /// | a file not open for what the protection needs | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | a directory, pipe, socket or device | [`WrongObject`](ErrorKind::WrongObject) |
    /// | a program that is none, or whose tables cannot be | [`BadImage`](ErrorKind::BadImage) |
    /// | a program smaller than its mapping is to be | [`SizeTooLarge`](ErrorKind::SizeTooLarge) |
    /// | an empty file and size 0 | [`EmptyFile`](ErrorKind::EmptyFile) |
    /// | no space, or a limit on file sizes, in the way of a longer file | [`DiskFull`](ErrorKind::DiskFull), [`FileTooLarge`](ErrorKind::FileTooLarge) |
    /// | a name that is not well formed | those of [`Name::parse`] |
    /// | a name whose owner does not allow these rights | [`AccessDenied`](ErrorKind::AccessDenied) |
    ///
    /// # Platforms
    ///
    /// On Linux a file is as executable as its file system: the file's own `x` bits are not
    /// asked for, as no descriptor carries them.
    #[doc(alias = "CreateFileMapping")]
    pub fn create(self) -> Result<FileMapping> {
        let has_file = self.file.is_some();
        let named = self.name.as_deref().map(Name::parse).transpose();
        let name = named.as_ref().ok().cloned().flatten();
        self.create_as(named).map_err(|error| {
            error.during(Operation::CreateMapping).or_about(|| match &name {
                Some(name) => described(name),
                None if has_file => "a mapping of the file".to_owned(),
                None => "an unnamed mapping".to_owned(),
            })
        })
    }

    /// Creates the mapping, and refuses if the name is taken.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], and those of [`create`](Self::create).
    pub fn create_new(self) -> Result<FileMapping> {
        let mapping = self.create()?;
        if mapping.existed() {
            return Err(Error::new(ErrorKind::AlreadyExists, Operation::CreateMapping)
                .about(mapping.subject()));
        }
        Ok(mapping)
    }

    /// A name that is not well formed is refused when its turn comes, after arguments and file.
    fn create_as(self, name: Result<Option<Name>>) -> Result<FileMapping> {
        let Self { size, protection, follows_file, space, permissions, .. } = self;
        let operation = Operation::CreateMapping;
        if self.file.is_none() && size == 0 {
            return Err(Error::new(ErrorKind::ZeroSize, operation));
        }
        if i64::try_from(size).is_err() {
            return Err(Error::new(ErrorKind::SizeTooLarge, operation)
                .because("no mapping can be larger than 2^63 - 1 bytes"));
        }
        let attributes = self.attributes.settled(self.file.is_some())?;
        let file = self.file.map(|file| Section::over(file, protection, attributes)).transpose()?;
        let file = match file {
            Some(file) if attributes.contains(Attributes::IMAGE) => {
                Some(file.laid_out(size, protection, attributes)?)
            }
            other => other,
        };
        let Some(name) = name? else {
            let section = match file {
                Some(file) if follows_file => file,
                Some(file) => file.settled(size, protection, space)?,
                None => Section::memory(size, protection, attributes, space)?,
            };
            return Ok(FileMapping::unnamed(section, protection, attributes));
        };
        let draft = Draft { protection, attributes, size, file, follows_file, space, permissions };
        let directory = self.directory.unwrap_or_else(Directory::system);
        let (found, existed) = directory.create(&name, draft)?;
        let mapping = FileMapping::of_found(found, existed);
        if follows_file { Ok(mapping) } else { mapping.measured() }
    }
}
