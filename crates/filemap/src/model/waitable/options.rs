//! Options for a new object that can be waited for.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::model::waitable::handle::{FromHandle, Handle, subject};
use crate::model::{FileMapping, Registry, page_size};
use crate::sys::{Directory, Initial, NewWaitable, Waitable, WaitableContract as _};
use crate::types::{Error, ErrorKind, GivenName, Name, Operation, Permissions, Result, Rights};

/// Options for a [`Mutex`](crate::Mutex), an [`Event`](crate::Event) or a
/// [`Semaphore`](crate::Semaphore): what it is when it is created, its name, and who may open it.
///
/// ```
/// use filemap::Event;
///
/// let name = format!("Local\\ready-{}", std::process::id());
/// let ready = Event::options().manual_reset().name(&name).create()?;
/// Event::open(&name)?.set()?;
/// assert!(ready.is_set()?);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WaitableOptions<T> {
    pub(super) initial: Initial,
    pub(super) is_owned: bool,
    name: Option<GivenName>,
    permissions: Permissions,
    directory: Option<Arc<Directory>>,
    object: PhantomData<fn() -> T>,
}

impl<T: FromHandle> WaitableOptions<T> {
    pub(super) fn new(initial: Initial) -> Self {
        Self {
            initial,
            is_owned: false,
            name: None,
            permissions: Permissions::PRIVATE,
            directory: None,
            object: PhantomData,
        }
    }

    /// Sets the name: a [`Name`], or a text that [`Name::parse`] reads.
    ///
    /// Mappings and objects of all kinds share one set of names.
    #[must_use]
    pub fn name(mut self, name: impl TryInto<Name, Error: Into<Error>>) -> Self {
        self.name = Some(GivenName::new(name));
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
    /// Whoever may wait must be able to write: permissions to read alone let others list the name.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Creates the object, or opens the one that has the name, which stays what it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongObject`] if the name is that of another kind of object;
    /// [`ErrorKind::AccessDenied`] if its owner does not allow this user to write;
    /// [`ErrorKind::NotSupported`] where the system has no lists of robust locks, and for an object of
    /// another PID namespace; those of [`Name::parse`].
    ///
    /// # Platforms
    ///
    /// On Linux an object is of one PID namespace, and of processes whose addresses have one size.
    pub fn create(self) -> Result<T> {
        self.make().map(T::from_handle)
    }

    /// Creates the object, and refuses if the name is taken.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], and those of [`create`](Self::create).
    pub fn create_new(self) -> Result<T> {
        let handle = self.make()?;
        if handle.existed {
            return Err(Error::new(ErrorKind::AlreadyExists, Operation::CreateMapping)
                .about(handle.subject()));
        }
        Ok(T::from_handle(handle))
    }

    /// Opens the object that has the name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none, [`ErrorKind::InvalidArgument`] if no name was given,
    /// and those of [`create`](Self::create).
    pub fn open(self) -> Result<T> {
        let operation = Operation::OpenMapping;
        let name = self.given_name().map_err(|error| error.during(operation))?;
        let Some(name) = name else {
            return Err(Error::new(ErrorKind::InvalidArgument, operation)
                .about(subject(T::KIND, None))
                .because("an object is opened by its name"));
        };
        let directory = self.directory();
        let opened = Waitable::open(&directory, &name, T::KIND)
            .and_then(|found| found.ok_or_else(|| Error::new(ErrorKind::NotFound, operation)));
        let opened = opened.map_err(|error| error.or_about(|| subject(T::KIND, Some(&name))))?;
        Ok(T::from_handle(Handle::new(opened, true)))
    }

    /// Makes the object in a mapping, in the page at `offset`, whose bytes it takes.
    ///
    /// `offset` is a multiple of [`page_size`](crate::page_size), and the mapping must be writable. The
    /// program says which process makes it, and when others may open it. The object lives as long as
    /// the mapping's memory; a name that was given is not used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Misaligned`], [`ErrorKind::InvalidRange`] if the page ends past the mapping,
    /// [`ErrorKind::AccessDenied`] if it may not be written, [`ErrorKind::InvalidArgument`] for counts that
    /// no semaphore has.
    ///
    /// # Platforms
    ///
    /// On Windows [`ErrorKind::NotSupported`].
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{FileMapping, Protection, Semaphore, page_size};
    ///
    /// let page = page_size() as u64;
    /// let mapping = FileMapping::create(2 * page, Protection::ReadWrite)?;
    /// # if cfg!(windows) { return Ok(()); }
    /// let filled = Semaphore::options(8).place(&mapping, page)?;
    /// let same = Semaphore::options(8).open_at(&mapping, page)?;
    /// filled.release(3)?;
    /// assert_eq!(same.count()?, 3);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    pub fn place(self, mapping: &FileMapping, offset: u64) -> Result<T> {
        let new = self.plan().map_err(|error| error.about(subject(T::KIND, None)))?;
        placed(mapping, offset, Some(new))
    }

    /// Opens the object that [`place`](Self::place) made in a mapping.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongObject`] if there is none of this kind, and those of [`place`](Self::place).
    ///
    /// # Platforms
    ///
    /// On Windows [`ErrorKind::NotSupported`].
    pub fn open_at(self, mapping: &FileMapping, offset: u64) -> Result<T> {
        placed(mapping, offset, None)
    }

    /// Returns what is to be made.
    fn plan(&self) -> Result<NewWaitable> {
        let Self { initial, is_owned, permissions, .. } = *self;
        if let Initial::Semaphore { count, maximum } = initial {
            check_counts(count, maximum)?;
        }
        Ok(NewWaitable { initial, is_owned, permissions })
    }

    fn given_name(&self) -> Result<Option<Name>> {
        self.name.as_ref().map(GivenName::get).transpose().map(Option::<&Name>::cloned)
    }

    fn directory(&self) -> Arc<Directory> {
        self.directory.clone().unwrap_or_else(Directory::system)
    }

    /// Creates the object, or opens the one that has the name.
    fn make(&self) -> Result<Handle> {
        let name = self.given_name();
        let shown = name.as_ref().ok().cloned().flatten();
        let made = self.plan().and_then(|new| match name? {
            Some(name) => {
                let (object, existed) = Waitable::create(&self.directory(), &name, new)?;
                Ok(Handle::new(object, existed))
            }
            None => Ok(Handle::new(Waitable::nameless(new)?, false)),
        });
        made.map_err(|error| {
            let error = error.during(Operation::CreateMapping);
            error.or_about(|| subject(T::KIND, shown.as_ref()))
        })
    }
}

/// Takes or makes an object in a page of a mapping.
fn placed<T: FromHandle>(
    mapping: &FileMapping,
    offset: u64,
    new: Option<NewWaitable>,
) -> Result<T> {
    let operation = if new.is_some() { Operation::CreateMapping } else { Operation::OpenMapping };
    let about = |error: Error| {
        error
            .or_about(|| format!("{} at {offset} of {}", T::KIND.with_article(), mapping.subject()))
    };
    let page = page_size() as u64;
    let end = offset.checked_add(page);
    if end.is_none_or(|end| end > mapping.size().next_multiple_of(page)) {
        return Err(about(Error::new(ErrorKind::InvalidRange, operation)));
    }
    if !mapping.rights().contains(Rights::WRITE) || !mapping.protection().is_writable() {
        return Err(about(
            Error::new(ErrorKind::AccessDenied, operation)
                .because("whoever waits for an object must be able to write it"),
        ));
    }
    let object = Waitable::placed(mapping.section(), offset, new).map_err(about)?;
    let found = object.kind().object();
    if found != T::KIND {
        return Err(about(
            Error::new(ErrorKind::WrongObject, operation)
                .because(format!("it is {}", found.with_article())),
        ));
    }
    Ok(T::from_handle(Handle::new(object, new.is_none())))
}

/// The most that a count can be, as on Windows.
pub(super) const MOST_UNITS: u32 = i32::MAX.unsigned_abs();

fn check_counts(count: u32, maximum: u32) -> Result<()> {
    if maximum == 0 || maximum > MOST_UNITS || count > maximum {
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::CreateMapping).because(
            format!(
                "a maximum is from 1 to {MOST_UNITS}, and a count not above it; {count} of {maximum} \
                 is neither"
            ),
        ));
    }
    Ok(())
}
