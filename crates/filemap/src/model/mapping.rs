use std::ops::RangeBounds;

use crate::model::{Backing, MappingOptions, Registry, View, ViewOptions};
use crate::sys::{
    Adopted, BorrowedDescriptor, Content, Directory, Entry, Found, OwnedDescriptor, RawDescriptor,
    Section, SectionContract as _, Space, Wanted, number,
};
use crate::types::{
    Access, Attributes, Error, ErrorKind, Name, Operation, Protection, Result, Rights, quoted,
};

/// A handle to memory, or to a file, that can be mapped.
///
/// The object behind it lives until the last handle *and* the last view are gone, in whatever
/// process; its name, if it has one, until the last handle is gone. Both hold when a process
/// crashes or is killed.
///
/// ```
/// use filemap::{Access, FileMapping, Protection};
///
/// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
/// let view = mapping.map(Access::Write)?;
/// drop(mapping); // a view outlives the handle it was made from
/// view.write_at(4095, b"across two pages")?;
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Passing a handle on
///
/// A mapping turns into an [`OwnedDescriptor`] and back, so it can be handed to a child as its
/// standard input, sent over a socket, or inherited ([`set_inheritable`](Self::set_inheritable)).
/// The descriptor is the handle: while it is open, in whatever process, a name stays alive.
///
/// # Panics
///
/// None of the methods panic.
#[derive(Debug)]
#[doc(alias = "HANDLE")]
#[doc(alias = "section")]
pub struct FileMapping {
    section: Section,
    entry: Option<Entry>,
    name: Option<Name>,
    protection: Protection,
    attributes: Attributes,
    rights: Rights,
    content: Content,
    existed: bool,
}

impl FileMapping {
    /// Begins a mapping with everything that can be said about it.
    #[must_use]
    pub fn options<'file>() -> MappingOptions<'file> {
        MappingOptions::new()
    }

    /// Creates memory without a name.
    ///
    /// `size` is in bytes and is rounded up to whole pages, as [`size`](Self::size) then tells;
    /// the memory is zero.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ZeroSize`], [`ErrorKind::SizeTooLarge`] and [`ErrorKind::CommitLimit`] for
    /// sizes that cannot be.
    #[doc(alias = "CreateFileMapping")]
    pub fn create(size: u64, protection: Protection) -> Result<Self> {
        Self::options().size(size).protection(protection).create()
    }

    /// Opens the mapping that has this name, with as many rights as its protection and its
    /// owner's permissions allow.
    ///
    /// Neither a path nor a size is needed: the name tells.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if no handle with this name is open anywhere;
    /// [`ErrorKind::AccessDenied`] if the owner allows this user nothing;
    /// [`ErrorKind::BackingGone`] if its file cannot be reached any more; the kinds of
    /// [`Name::parse`].
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{ErrorKind, FileMapping};
    ///
    /// let name = format!("Local\\open-{}", std::process::id());
    /// let made = FileMapping::options().name(&name).size(10_000).create_new()?;
    /// assert_eq!(FileMapping::open(&name)?.size(), 12288);
    ///
    /// drop(made);
    /// assert_eq!(FileMapping::open(&name).unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "OpenFileMapping")]
    pub fn open(name: &str) -> Result<Self> {
        Registry::system().open(name)
    }

    /// Opens the mapping that has this name, with exactly these rights.
    ///
    /// The mapping's protection is not looked at: a right that it does not allow shows when a
    /// view is mapped.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`ErrorKind::AccessDenied`] also if one of the rights is
    /// not to be had.
    #[doc(alias = "OpenFileMapping")]
    pub fn open_with(name: &str, rights: Rights) -> Result<Self> {
        Registry::system().open_with(name, rights)
    }

    pub(crate) fn of_found(found: Found, existed: bool) -> Self {
        let Found { section, entry, name, protection, attributes, rights, content } = found;
        let (entry, name) = (Some(entry), Some(name));
        Self { section, entry, name, protection, attributes, rights, content, existed }
    }

    pub(crate) fn unnamed(
        section: Section,
        protection: Protection,
        attributes: Attributes,
    ) -> Self {
        let content = if section.is_file() {
            Content::File(std::path::PathBuf::new())
        } else {
            Content::Held
        };
        let rights = protection.rights();
        let (entry, name, existed) = (None, None, false);
        Self { section, entry, name, protection, attributes, rights, content, existed }
    }

    /// Tells how many bytes views can reach.
    ///
    /// Exact over a file, whole pages of memory; the same for every handle to the mapping, and
    /// fixed when it is created: a file that grows later does not make its mapping larger.
    ///
    /// # Platforms
    ///
    /// A name made by a [`MappedFile`](crate::MappedFile) stands for the file as it is: opened by
    /// that name, a mapping has the size that the file had at that moment; the one that
    /// [`MappedFile::mapping`](crate::MappedFile::mapping) lends has the size of the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        if self.follows_file() {
            // A file that does not answer has no bytes that could be mapped.
            return self.section.file_len().unwrap_or(0);
        }
        self.section.size()
    }

    /// Tells what the mapping allows its views.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Tells how the mapping's pages are provided.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }

    /// Tells what this handle may be used for.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// Tells the name, if the mapping has one.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// Tells whether creating found the name taken and opened what had it.
    ///
    /// Then size and attributes are the existing mapping's, and those given were ignored.
    #[must_use]
    #[doc(alias = "ERROR_ALREADY_EXISTS")]
    pub fn existed(&self) -> bool {
        self.existed
    }

    /// Tells what the mapping is made of.
    ///
    /// The path of a file is the one at which it was named; unnamed mappings do not know it.
    #[must_use]
    pub fn backing(&self) -> Backing {
        Backing::of(&self.content)
    }

    /// Maps all of it.
    ///
    /// # Errors
    ///
    /// Those of [`ViewOptions::map`].
    #[doc(alias = "MapViewOfFile")]
    #[doc(alias = "mmap")]
    pub fn map(&self, access: Access) -> Result<View> {
        self.view(access).map()
    }

    /// Maps a range of it, at any offset and of any length, in bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ViewTooLarge`] if the range ends past the mapping,
    /// [`ErrorKind::InvalidArgument`] if it is empty or inverted, and those of
    /// [`ViewOptions::map`].
    #[doc(alias = "MapViewOfFile")]
    pub fn map_range(&self, access: Access, range: impl RangeBounds<u64>) -> Result<View> {
        self.view(access).range(range)?.map()
    }

    /// Begins a view with everything that can be said about it.
    #[must_use]
    #[doc(alias = "MapViewOfFileEx")]
    pub fn view(&self, access: Access) -> ViewOptions<'_> {
        ViewOptions::of(self, access)
    }

    /// Makes another handle to the same mapping, with these rights.
    ///
    /// It counts as a handle: it keeps the name. Fewer rights than this handle has are always
    /// granted. More are granted if the object's owner would grant them to an opener, as
    /// Windows does; the protection still limits the views.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] if a right is not to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, FileMapping, Protection, Rights};
    ///
    /// let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
    /// let reader = mapping.duplicate(Rights::READ)?;
    /// assert_eq!(reader.map(Access::Write).unwrap_err().kind(), ErrorKind::AccessDenied);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "DuplicateHandle")]
    pub fn duplicate(&self, rights: Rights) -> Result<Self> {
        let about =
            |error: Error| error.during(Operation::DuplicateHandle).or_about(|| self.subject());
        // A right that the protection does not allow needs no descriptor that could do it.
        let write = rights.contains(Rights::WRITE) && self.protection.is_writable();
        let section = self.section.duplicate(rights, write).map_err(about)?;
        let entry = self.entry.as_ref().map(|entry| entry.duplicate(rights, write));
        Ok(Self {
            entry: entry.transpose().map_err(about)?,
            section,
            name: self.name.clone(),
            protection: self.protection,
            attributes: self.attributes,
            rights,
            content: self.content.clone(),
            existed: self.existed,
        })
    }

    /// Makes another handle to the same mapping, with the same rights.
    ///
    /// # Errors
    ///
    /// Those of [`duplicate`](Self::duplicate).
    #[doc(alias = "DUPLICATE_SAME_ACCESS")]
    pub fn try_clone(&self) -> Result<Self> {
        self.duplicate(self.rights)
    }

    /// Lends the descriptor that is this handle.
    ///
    /// It is the one that carries the name, and the one that
    /// [`OwnedDescriptor::from`] gives.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedDescriptor<'_> {
        let lock = self.entry.as_ref().and_then(|entry| {
            entry.lend();
            entry.lock()
        });
        lock.unwrap_or_else(|| self.section.descriptor())
    }

    /// Tells the number of the descriptor that is this handle, by which handles can be told apart.
    ///
    /// It lends nothing: who is to pass the handle on takes the [`descriptor`](Self::descriptor).
    #[must_use]
    pub fn number(&self) -> RawDescriptor {
        let lock = self.entry.as_ref().and_then(Entry::lock);
        number(lock.unwrap_or_else(|| self.section.descriptor()))
    }

    /// Decides whether processes that this one starts inherit the handle.
    ///
    /// Handles are not inherited unless this says so. The child has the descriptor under the
    /// same number and takes it over with `FileMapping::try_from`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`] with the system's error as its source.
    #[doc(alias = "bInheritHandle")]
    #[doc(alias = "SetHandleInformation")]
    pub fn set_inheritable(&self, inheritable: bool) -> Result<()> {
        crate::sys::set_inheritable(self.descriptor(), inheritable)
            .map_err(|error| error.or_about(|| self.subject()))
    }

    /// Closes the handle and tells whether that worked; dropping does the same in silence.
    ///
    /// # Errors
    ///
    /// The handle is closed, and the name is free if this was its last handle, in any case; an
    /// error means that the name's entry could not be removed and waits for the next use of
    /// the registry.
    #[doc(alias = "CloseHandle")]
    pub fn close(self) -> Result<()> {
        let Self { section, entry, name, .. } = self;
        drop(section);
        match entry {
            Some(entry) => entry.release().map_err(|error| {
                error.or_about(|| name.map(|name| described(&name)).unwrap_or_default())
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn section(&self) -> &Section {
        &self.section
    }

    /// What an error calls this mapping.
    pub(crate) fn subject(&self) -> String {
        match &self.name {
            Some(name) => described(name),
            None if self.section.is_file() => "the mapping of a file".to_owned(),
            None => "the unnamed mapping".to_owned(),
        }
    }
}

/// What an error calls the mapping of this name.
pub(crate) fn described(name: &Name) -> String {
    format!("the mapping {}", quoted(&name.to_string()))
}

impl TryFrom<OwnedDescriptor> for FileMapping {
    type Error = Error;

    /// Takes over a descriptor that another handle became, here or in another process.
    ///
    /// A named mapping is recognised, with all that its name tells, if it belongs to the
    /// system's registry. Memory without a name, and any file, becomes a mapping of its whole
    /// length; whether it can be written shows from the descriptor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongObject`] if it is neither memory nor a file,
    /// [`ErrorKind::AccessDenied`] if it is not open for reading, [`ErrorKind::EmptyFile`] if
    /// there is nothing to map. The descriptor is then closed.
    fn try_from(descriptor: OwnedDescriptor) -> Result<Self> {
        match Directory::system().adopt(descriptor)? {
            Adopted::Named(found) => Self::of_found(found, true).measured(),
            Adopted::Unnamed { section, protection, attributes, rights, content } => Self {
                section,
                entry: None,
                name: None,
                protection,
                attributes,
                rights,
                content,
                existed: true,
            }
            .measured(),
            Adopted::Foreign(descriptor) => {
                let (section, protection, attributes) = Section::adopt(descriptor)?;
                Ok(Self { existed: true, ..Self::unnamed(section, protection, attributes) })
            }
        }
    }
}

impl FileMapping {
    /// Gives a mapping that follows its file the size that the file has now.
    pub(crate) fn measured(self) -> Result<Self> {
        if self.section.size() > 0 {
            return Ok(self);
        }
        let subject = self.subject();
        let section = self
            .section
            .settled(0, Protection::ReadOnly, Space::AtFirstStore)
            .map_err(|error| error.during(Operation::OpenMapping).or_about(|| subject))?;
        Ok(Self { section, ..self })
    }
}

impl From<FileMapping> for OwnedDescriptor {
    /// Gives up the handle for the descriptor that is it.
    ///
    /// The name stays alive until the last copy of the descriptor is closed. A descriptor
    /// carries no size: a mapping of a part of a file, without a name, comes back from it as a
    /// mapping of the whole file.
    fn from(mapping: FileMapping) -> Self {
        let FileMapping { section, entry, .. } = mapping;
        entry.and_then(Entry::give_away).unwrap_or_else(|| section.into_descriptor())
    }
}

impl FileMapping {
    /// Opens a name in `directory`.
    pub(crate) fn open_in(directory: &Directory, name: &str, wanted: Wanted) -> Result<Self> {
        let operation = Operation::OpenMapping;
        let name = Name::parse(name).map_err(|error| error.during(operation))?;
        match directory.open(&name, wanted) {
            Ok(Some(found)) => Ok(Self::of_found(found, true)),
            Ok(None) => Err(Error::new(ErrorKind::NotFound, operation).about(described(&name))),
            Err(error) => Err(error.or_about(|| described(&name))),
        }
    }
}
