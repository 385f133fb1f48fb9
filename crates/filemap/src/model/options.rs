//! Options for a new mapping.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::model::{FileMapping, Registry};
use crate::sys::{Directory, Draft, Opened, Section, SectionContract as _, Size, Space};
use crate::types::{
    Attributes, Error, ErrorKind, GivenName, Lifetime, Name, Operation, Permissions, Protection,
    Result,
};

/// Options for a new mapping: its memory or file, size, protection and name.
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
/// has the name, it is opened, with the rights of [`Protection::rights`], and nothing else is
/// checked. Otherwise the size is compared with the file's, and the file is made longer if it must
/// be. A failure leaves the file as it was.
#[derive(Debug, Clone)]
#[doc(alias = "CreateFileMapping")]
pub struct MappingOptions<'file> {
    name: Option<GivenName>,
    size: Size,
    protection: Protection,
    attributes: Attributes,
    file: Option<&'file File>,
    path: Option<&'file Path>,
    space: Option<Space>,
    lifetime: Lifetime,
    permissions: Permissions,
    generations: bool,
    directory: Option<Arc<Directory>>,
}

impl<'file> MappingOptions<'file> {
    /// Returns options for [`Protection::ReadWrite`] and nothing else; memory needs a size as well.
    fn new() -> Self {
        Self {
            name: None,
            size: Size::FileLength,
            protection: Protection::ReadWrite,
            attributes: Attributes::empty(),
            file: None,
            path: None,
            space: None,
            lifetime: Lifetime::Entry,
            permissions: Permissions::PRIVATE,
            generations: false,
            directory: None,
        }
    }

    /// Sets the name: a [`Name`], or a text that [`Name::parse`] reads.
    #[must_use]
    pub fn name(mut self, name: impl TryInto<Name, Error: Into<Error>>) -> Self {
        self.name = Some(GivenName::new(name));
        self
    }

    /// Sets the size in bytes.
    ///
    /// Of memory any number but 0. Over a file 0, the default, is the file's length; fewer bytes map
    /// its beginning, and more make the file of a writable mapping longer, permanently, by a hole
    /// that takes no space.
    #[must_use]
    pub fn size(mut self, size: u64) -> Self {
        self.size = if size == 0 { Size::FileLength } else { Size::Bytes(size) };
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
    /// It must be open for reading, and for writing if views are to write. The mapping keeps the
    /// file open; `file` itself may be closed.
    #[must_use]
    pub fn file(mut self, file: &'file File) -> Self {
        self.file = Some(file);
        self
    }

    /// Sets the path of the file, for systems that do not have it.
    ///
    /// Others open the file of a name by its path, and compare it with the one that was named.
    ///
    /// # Platforms
    ///
    /// Linux without `/proc` does not tell the path of an open file: without this one, only the process
    /// that created the name can open it there. Elsewhere it has no effect.
    #[must_use]
    pub fn path(mut self, path: &'file Path) -> Self {
        self.path = Some(path);
        self
    }

    /// Keeps the name in this registry instead of the system's.
    #[must_use]
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.directory = Some(Arc::clone(&registry.directory));
        self
    }

    /// Sets who else may open the name; nobody by default.
    ///
    /// They apply to the name and its memory. A file has its own permissions, which are checked as
    /// well. An existing name keeps the permissions that it has.
    ///
    /// # Platforms
    ///
    /// On Linux, executable memory and large pages cannot be in a file of the registry. They are
    /// opened through a process that holds them, and so only by the same user.
    #[must_use]
    #[doc(alias = "lpFileMappingAttributes")]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Sets how long the memory of a name lives if its holders are killed; [`Lifetime::Entry`] by
    /// default.
    ///
    /// Memory without a name always lives as long as its holders.
    ///
    /// ```
    /// use filemap::{FileMapping, Lifetime};
    ///
    /// let name = format!("Local\\lifetime-{}", std::process::id());
    /// let options = FileMapping::options().name(&name).size(1 << 20);
    /// let made = options.lifetime(Lifetime::Holders).create()?;
    /// assert_eq!(made.lifetime(), Some(Lifetime::Holders));
    /// assert_eq!(FileMapping::open(&name)?.size(), 1 << 20);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Platforms
    ///
    /// On Linux, executable memory and large pages live as long as their holders where they cannot
    /// be in a file of the registry. On Windows all memory does.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Allocates memory or disk space for the whole mapping when it is created.
    ///
    /// Memory under a name does so by default, unless its pages are to be committed later
    /// ([`Attributes::RESERVE`]). For everything else a page gets its space at the first store to it,
    /// and if there is none left, that store fails with [`ErrorKind::DiskFull`]. With this the
    /// creation fails instead. A mapping that cannot be written allocates none in its file.
    #[must_use]
    #[doc(alias = "fallocate")]
    pub fn preallocate(mut self) -> Self {
        self.space = Some(Space::AtOnce);
        self
    }

    /// Allocates memory for a page at the first store to it, under a name as well, and asks for no
    /// more than the machine could ever have.
    ///
    /// If there is none left, that store fails with [`ErrorKind::DiskFull`], or the system ends a
    /// process.
    ///
    /// # Platforms
    ///
    /// On Windows all committed memory is promised, and this does nothing.
    #[must_use]
    #[doc(alias = "overcommit")]
    pub fn sparse(mut self) -> Self {
        self.space = Some(Space::AtFirstStore);
        self
    }

    /// Lets the mapping's bytes become those of the past: see [`FileMapping::end_generation`].
    ///
    /// For who gives a name to bytes that another program keeps. Everybody who opens the name has a
    /// descriptor more, by which [`View::generation_changed`](crate::View::generation_changed) looks. It
    /// has no effect without a name.
    ///
    /// # Platforms
    ///
    /// On Windows it has no effect.
    #[must_use]
    pub fn generations(mut self) -> Self {
        self.generations = true;
        self
    }

    /// Makes the mapping as long as its file, whenever it is asked for its size.
    pub(crate) fn follow_file(mut self) -> Self {
        self.size = Size::FollowsFile;
        self
    }

    /// Creates the mapping, or opens the one that has the name: see [`FileMapping::existed`].
    ///
    /// If several processes do this with one name, one creates the mapping and all get it.
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
    /// | a directory, pipe, socket or device, or a name of another kind of object | [`WrongObject`](ErrorKind::WrongObject) |
    /// | a file, with [`Lifetime::Holders`] | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | no way for others to this process's memory, for [`Lifetime::Holders`] | [`NotSupported`](ErrorKind::NotSupported) |
    /// | a file that is not a program, or has invalid tables | [`BadImage`](ErrorKind::BadImage) |
    /// | a program smaller than its mapping is to be | [`SizeTooLarge`](ErrorKind::SizeTooLarge) |
    /// | an empty file and size 0 | [`EmptyFile`](ErrorKind::EmptyFile) |
    /// | no space for a longer file, or a limit on file sizes | [`DiskFull`](ErrorKind::DiskFull), [`FileTooLarge`](ErrorKind::FileTooLarge) |
    /// | a name that is not well formed | those of [`Name::parse`] |
    /// | a name whose owner does not allow these rights | [`AccessDenied`](ErrorKind::AccessDenied) |
    ///
    /// # Platforms
    ///
    /// On Linux a file is executable if its file system is; the file's own `x` bits are not
    /// checked, since no descriptor carries them.
    #[doc(alias = "CreateFileMapping")]
    pub fn create(self) -> Result<FileMapping> {
        let has_file = self.file.is_some();
        let named = self.name.as_ref().map(GivenName::get).transpose().map(Option::<&Name>::cloned);
        let name = named.as_ref().ok().cloned().flatten();
        self.create_as(named).map_err(|error| {
            error.during(Operation::CreateMapping).or_about(|| match &name {
                Some(name) => name.subject(),
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

    /// The result of parsing the name is used last: errors of arguments and file come first.
    fn create_as(self, name: Result<Option<Name>>) -> Result<FileMapping> {
        let Self { size, protection, lifetime, permissions, generations, .. } = self;
        let operation = Operation::CreateMapping;
        let has_file = self.file.is_some();
        let bytes = size.bytes();
        if bytes == 0 && !has_file {
            return Err(Error::new(ErrorKind::ZeroSize, operation));
        }
        if i64::try_from(bytes).is_err() {
            return Err(Error::new(ErrorKind::SizeTooLarge, operation)
                .because("no mapping can be larger than 2^63 - 1 bytes"));
        }
        if has_file && lifetime == Lifetime::Holders {
            return Err(Error::new(ErrorKind::InvalidArgument, operation)
                .because("the bytes of a file live as long as the file"));
        }
        let attributes = self.attributes.for_backing(has_file)?;
        // Nobody limits memory without a name but the machine, which is asked.
        let space = self.space.unwrap_or(match name {
            _ if has_file || !attributes.contains(Attributes::COMMIT) => Space::AtFirstStore,
            Ok(None) => Space::IfThereIsRoom,
            _ => Space::AtOnce,
        });
        let object =
            self.file.map(|file| Section::over(file, protection, attributes)).transpose()?;
        #[cfg(feature = "images")]
        let object = if attributes.contains(Attributes::IMAGE) {
            object.map(|file| file.laid_out(size, protection, attributes)).transpose()?
        } else {
            object
        };
        let Some(name) = name? else {
            let section = match object {
                Some(file) => file.settled(size, protection, space)?,
                None => Section::memory(bytes, protection, attributes, space)?,
            };
            let opened = Opened::unnamed(section, protection, attributes);
            return FileMapping::new(opened, false).with_shared_sections();
        };
        let path = self.path.and_then(|path| std::path::absolute(path).ok());
        let draft = Draft {
            protection,
            attributes,
            object,
            path,
            size,
            space,
            lifetime,
            generations,
            permissions,
        };
        let directory = self.directory.unwrap_or_else(Directory::system);
        let (handle, existed) = directory.create(&name, draft)?;
        let mapping = FileMapping::new(handle, existed);
        if size == Size::FollowsFile { Ok(mapping) } else { mapping.with_fixed_size() }
    }
}

impl FileMapping {
    /// Returns options for a new mapping: name, size, protection, attributes, file.
    #[must_use]
    pub fn options<'file>() -> MappingOptions<'file> {
        MappingOptions::new()
    }

    /// Creates memory without a name.
    ///
    /// `size` is in bytes; the memory is zero.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ZeroSize`], [`ErrorKind::SizeTooLarge`] and [`ErrorKind::CommitLimit`] for
    /// sizes that are not possible.
    #[doc(alias = "CreateFileMapping")]
    pub fn create(size: u64, protection: Protection) -> Result<Self> {
        Self::options().size(size).protection(protection).create()
    }
}
