//! A handle to a mapping.

use std::sync::Arc;

use crate::model::{Backing, View};
use crate::sys::{
    BorrowedDescriptor, Entry, MAPPINGS_GROW, Opened, OwnedDescriptor, Request, Section,
    SectionContract as _, Size, Space, lends_descriptor, set_inheritable,
};
use crate::types::{
    Attributes, Error, ErrorKind, Lifetime, Name, Operation, Protection, Result, Rights,
};

/// A handle to memory, or to a file, that can be mapped.
///
/// The memory behind it lives until the last handle *and* the last view are gone, in whatever
/// process; its name, if it has one, until the last handle is gone. Both also hold when a process
/// crashes or is killed.
///
/// ```
/// use filemap::{Access, FileMapping, PositionedIo, Protection};
///
/// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
/// let view = mapping.map(Access::Write)?;
/// drop(mapping); // a view outlives the handle it was made from
/// view.write_all_at(b"across two pages", 4095)?;
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Passing a handle on
///
/// A mapping converts into an [`OwnedDescriptor`] and back, so it can be a child's standard input,
/// be sent over a socket, or be inherited ([`set_inheritable`](Self::set_inheritable)). The
/// descriptor is the handle: while it is open, in whatever process, the name is kept. It is lent as
/// the standard library lends those of files, by `AsFd` on Linux and `AsHandle` on Windows.
///
/// # Panics
///
/// None of the methods panic.
#[derive(Debug)]
#[doc(alias = "HANDLE")]
#[doc(alias = "section")]
pub struct FileMapping {
    pub(in crate::model) handle: Opened,
    existed: bool,
    /// What an error calls it and its views, if it has a name.
    subject: Option<Arc<str>>,
}

impl FileMapping {
    pub(crate) fn new(handle: Opened, existed: bool) -> Self {
        let subject = handle.name.as_ref().map(|name| name.subject().into());
        Self { handle, existed, subject }
    }

    /// Returns how many bytes views can reach.
    ///
    /// As many as it was created with, whoever opens it: 100 bytes are 100, though their page is
    /// whole. A file that grows later does not make its mapping larger.
    ///
    /// The name of a [`MappedFile`](crate::MappedFile) is an exception. A mapping that is opened by
    /// it has the size that the file has at that moment, and the one that
    /// [`MappedFile::mapping`](crate::MappedFile::mapping) returns has the size of the file whenever
    /// it is asked.
    ///
    /// # Platforms
    ///
    /// On Windows the kernel knows the size of memory in whole pages. It is exact for whoever opens
    /// a name that this library created, and whole pages for memory that another program named, or
    /// that came as a descriptor without a name.
    #[must_use]
    pub fn size(&self) -> u64 {
        if self.follows_file() {
            // Nothing can be mapped of a file whose length cannot be read.
            return self.section().file_len().unwrap_or(0);
        }
        self.section().size().unwrap_or(0)
    }

    /// Returns the size, or how long the file is by now if somebody has made it longer: as much as a
    /// view can reach with [`ViewOptions::grown`](crate::ViewOptions::grown).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`](crate::ErrorKind::Device) if the file system does not answer.
    ///
    /// # Platforms
    ///
    /// On Windows it is the size: the kernel lets no mapping grow with its file.
    pub fn grown_size(&self) -> Result<u64> {
        let size = self.size();
        if !MAPPINGS_GROW || !self.section().is_file() {
            return Ok(size);
        }
        let len = self.section().file_len().map_err(|error| error.or_about(|| self.subject()))?;
        Ok(len.max(size))
    }

    /// Returns what the mapping allows its views.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.handle.protection
    }

    /// Returns how the mapping's pages are provided.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.handle.attributes
    }

    /// Returns what this handle may be used for.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.handle.rights
    }

    /// Returns the name, if the mapping has one.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.handle.name.as_ref()
    }

    /// Takes the name from the mapping, so that it is free at once.
    ///
    /// The mapping stays what it is for everybody who has a handle or a view. Nobody can open it by
    /// the name any more, and the next one who creates the name gets a new mapping. To withdraw a
    /// name twice, or one that a mapping never had, is no error. The name of another mapping that
    /// has it by now is left alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) if the handle may not write, or if
    /// only another user can free the name; [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut) if a
    /// process that was stopped is withdrawing it. The mapping then has its name.
    ///
    /// # Platforms
    ///
    /// On Windows the kernel keeps a name for as long as a handle: this does nothing and succeeds.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Access, FileMapping};
    ///
    /// let name = format!("Local\\withdrawn-{}", std::process::id());
    /// let first = FileMapping::options().name(&name).size(100).create_new()?;
    /// first.withdraw_name()?;
    ///
    /// # // Windows keeps it.
    /// # if cfg!(windows) { return Ok(()); }
    /// assert!(first.is_withdrawn());
    /// let second = FileMapping::options().name(&name).size(200).create_new()?;
    /// assert_eq!((first.size(), second.size()), (100, 200));
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "shm_unlink")]
    pub fn withdraw_name(&self) -> Result<()> {
        let Some(entry) = &self.handle.entry else { return Ok(()) };
        if !self.rights().contains(Rights::WRITE) {
            return Err(Error::new(ErrorKind::AccessDenied, Operation::WithdrawName)
                .because("a handle that may not write may not withdraw it")
                .about(self.subject()));
        }
        entry.withdraw().map_err(|error| error.or_about(|| self.subject()))
    }

    /// Returns true if the mapping has lost its [`name`](Self::name): a holder withdrew it, or
    /// another program removed the name's file.
    ///
    /// # Platforms
    ///
    /// On Windows it is false: the kernel keeps a name for as long as a handle.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.handle.entry.as_ref().is_some_and(Entry::is_withdrawn)
    }

    /// Returns true if the name existed and its mapping was opened.
    ///
    /// Then size and attributes are those of the existing mapping, and those given were ignored.
    #[must_use]
    #[doc(alias = "ERROR_ALREADY_EXISTS")]
    pub fn existed(&self) -> bool {
        self.existed
    }

    /// Returns what the mapping is made of.
    ///
    /// The path of a file is the one at which it was named; it is empty for a mapping without a
    /// name.
    #[must_use]
    pub fn backing(&self) -> Backing {
        Backing::of(&self.handle.content)
    }

    /// Returns how long the memory lives if its holders are killed; `None` for a file.
    #[must_use]
    pub fn lifetime(&self) -> Option<Lifetime> {
        self.handle.content.lifetime()
    }

    /// Returns another handle to the same mapping, with these rights.
    ///
    /// It keeps the name as this handle does. Fewer rights than this handle has are always granted.
    /// More are granted if the owner's permissions allow them to an opener; the protection still
    /// limits the views.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) if a right is not granted.
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
        // A right that the protection does not allow needs no writable descriptor.
        let write = rights.contains(Rights::WRITE) && self.protection().is_writable();
        let section = self.section().duplicate(rights, write).map_err(about)?;
        let entry = self.handle.entry.as_ref().map(|entry| entry.duplicate(rights, write));
        let entry = entry.transpose().map_err(about)?;
        let Opened { protection, attributes, .. } = self.handle;
        let (name, content) = (self.handle.name.clone(), self.handle.content.clone());
        let handle = Opened { section, entry, name, protection, attributes, rights, content };
        Ok(Self { handle, existed: self.existed, subject: self.subject.clone() })
    }

    /// Returns another handle to the same mapping, with the same rights.
    ///
    /// # Errors
    ///
    /// Those of [`duplicate`](Self::duplicate).
    #[doc(alias = "DUPLICATE_SAME_ACCESS")]
    pub fn try_clone(&self) -> Result<Self> {
        self.duplicate(self.rights())
    }

    /// Gives up all rights but these.
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, FileMapping, Protection, Rights};
    ///
    /// let mapping = FileMapping::create(4096, Protection::ReadWrite)?.limited_to(Rights::READ);
    /// assert_eq!(mapping.map(Access::Write).unwrap_err().kind(), ErrorKind::AccessDenied);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[must_use]
    pub fn limited_to(mut self, rights: Rights) -> Self {
        self.handle.rights = self.handle.rights & rights;
        self
    }

    /// The descriptor that is this handle, which it tells somebody else.
    fn lend(&self) -> BorrowedDescriptor<'_> {
        if let Some(entry) = &self.handle.entry {
            entry.lend();
        }
        self.own_descriptor()
    }

    fn own_descriptor(&self) -> BorrowedDescriptor<'_> {
        let lock = self.handle.entry.as_ref().and_then(Entry::lock);
        lock.unwrap_or_else(|| self.section().descriptor())
    }

    /// Sets whether child processes inherit the handle.
    ///
    /// By default they do not. The child has the descriptor under the same number, and takes it
    /// over with `FileMapping::try_from`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`](crate::ErrorKind::Other) with the system's error as its source.
    #[doc(alias = "bInheritHandle")]
    #[doc(alias = "SetHandleInformation")]
    pub fn set_inheritable(&self, inheritable: bool) -> Result<()> {
        set_inheritable(self.lend(), inheritable).map_err(|error| error.or_about(|| self.subject()))
    }

    /// Closes the handle. Dropping does the same, and ignores errors.
    ///
    /// # Errors
    ///
    /// The handle is closed in any case, and the name is gone if this was its last handle. An error
    /// means that the name's entry could not be removed, and that the next use of the registry
    /// removes it.
    #[doc(alias = "CloseHandle")]
    pub fn close(self) -> Result<()> {
        let Opened { section, entry, name, .. } = self.handle;
        drop(section);
        entry
            .map_or(Ok(()), Entry::release)
            .map_err(|error| error.or_about(|| name.map(|name| name.subject()).unwrap_or_default()))
    }

    /// The section behind the mapping.
    pub(crate) fn section(&self) -> &Section {
        &self.handle.section
    }

    /// Returns true if the mapping is as long as its file, whatever length that is.
    pub(crate) fn follows_file(&self) -> bool {
        self.section().is_file() && self.section().size().is_none()
    }

    /// Fixes the size of a mapping that follows its file at the file's present length.
    pub(crate) fn with_fixed_size(self) -> Result<Self> {
        if self.section().size().is_some() {
            return self.with_shared_sections();
        }
        self.with_section(|section| {
            let settled =
                section.settled(Size::FileLength, Protection::ReadOnly, Space::AtFirstStore);
            settled.map_err(|error| error.during(Operation::OpenMapping))
        })
    }

    /// Joins the memory that all mappings of an image share, if this is an image.
    pub(crate) fn with_shared_sections(self) -> Result<Self> {
        #[cfg(feature = "images")]
        if self.attributes().contains(Attributes::IMAGE) {
            return self.with_section(crate::sys::join_image);
        }
        Ok(self)
    }

    fn with_section(self, make: impl FnOnce(Section) -> Result<Section>) -> Result<Self> {
        let subject = self.subject();
        let section = make(self.handle.section).map_err(|error| error.or_about(|| subject))?;
        Ok(Self { handle: Opened { section, ..self.handle }, ..self })
    }

    /// Maps a range without comparing it with the size: a file that may grow is mapped further than
    /// it reaches.
    pub(crate) fn map_request(&self, request: Request) -> Result<View> {
        let view = View::map(self.section(), request);
        let view = view.map_err(|error| error.or_about(|| self.subject()))?;
        Ok(match &self.subject {
            Some(subject) => view.called(Arc::clone(subject)),
            None => view,
        })
    }

    /// What an error calls this mapping.
    pub(crate) fn subject(&self) -> String {
        match &self.subject {
            Some(name) => name.to_string(),
            None if self.section().is_file() => "the mapping of a file".to_owned(),
            None => "the unnamed mapping".to_owned(),
        }
    }
}

lends_descriptor!(FileMapping, lend, own_descriptor);

impl From<FileMapping> for OwnedDescriptor {
    /// Converts the handle into the descriptor that it is.
    ///
    /// The name is kept until the last copy of the descriptor is closed. A descriptor has no size: a
    /// mapping of a part of a file, without a name, converts back into a mapping of the whole file.
    fn from(mapping: FileMapping) -> Self {
        let Opened { section, entry, .. } = mapping.handle;
        entry.and_then(Entry::give_away).unwrap_or_else(|| section.into_descriptor())
    }
}
