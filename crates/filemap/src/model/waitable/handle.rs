//! A handle to an object that can be waited for, of any kind.

use std::sync::Arc;
use std::time::Duration;

use crate::sys::{
    BorrowedDescriptor, Directory, OwnedDescriptor, Satisfied, Waitable, WaitableContract as _,
    set_inheritable,
};
use crate::types::{Error, ErrorKind, Name, ObjectKind, Operation, Result};

/// A handle: the object, and what errors call it.
#[derive(Debug)]
pub struct Handle {
    pub(super) object: Waitable,
    pub(super) existed: bool,
    subject: Arc<str>,
}

/// A kind of object, whose handles are values of the type.
pub trait FromHandle: Sized {
    /// What the object is.
    const KIND: ObjectKind;

    /// Makes an object of its handle.
    fn from_handle(handle: Handle) -> Self;
}

/// What has a handle that can be waited for.
pub trait HasHandle {
    /// Returns it.
    fn handle(&self) -> &Handle;
}

/// What an error calls an object.
pub(super) fn subject(kind: ObjectKind, name: Option<&Name>) -> String {
    match name {
        Some(name) => name.subject_of(kind),
        None => format!("the unnamed {kind}"),
    }
}

impl Handle {
    pub(super) fn new(object: Waitable, existed: bool) -> Self {
        let subject = subject(object.kind().object(), object.name()).into();
        Self { object, existed, subject }
    }

    /// Returns what an error calls the object.
    pub(super) fn subject(&self) -> String {
        self.subject.to_string()
    }

    /// Takes over a descriptor of an object of this kind.
    pub(super) fn adopt(descriptor: OwnedDescriptor, kind: ObjectKind) -> Result<Self> {
        let object = Waitable::adopt(&Directory::system(), descriptor)?;
        let found = object.kind().object();
        if found != kind {
            return Err(Error::new(ErrorKind::WrongObject, Operation::AdoptDescriptor).because(
                format!("it is {}, and not {}", found.with_article(), kind.with_article()),
            ));
        }
        Ok(Self::new(object, true))
    }

    /// Does something with the object, and names it where that fails.
    #[inline(always)]
    pub(super) fn act<T>(&self, act: impl FnOnce(&Waitable) -> Result<T>) -> Result<T> {
        act(&self.object).map_err(|error| error.or_about(|| self.subject()))
    }

    /// Waits for an event or a semaphore.
    #[inline(always)]
    pub(super) fn wait(&self) -> Result<()> {
        if self.object.take_at_once() { Ok(()) } else { self.wait_slowly().map(drop) }
    }

    /// Waits so long at most for an event or a semaphore; returns false if the time is over.
    #[inline(always)]
    pub(super) fn wait_for(&self, time: Duration) -> Result<bool> {
        Ok(self.object.take_at_once() || self.wait_slowly_for(time)?.is_some())
    }

    /// Waits for what could not be taken at once.
    #[cold]
    pub(super) fn wait_slowly(&self) -> Result<Satisfied> {
        loop {
            if let Some(satisfied) = self.act(|object| object.wait(None))? {
                return Ok(satisfied);
            }
        }
    }

    /// Waits so long at most for what could not be taken at once; `None` if the time is over.
    #[cold]
    pub(super) fn wait_slowly_for(&self, time: Duration) -> Result<Option<Satisfied>> {
        self.act(|object| object.wait(Some(time)))
    }

    pub(super) fn duplicate(&self) -> Result<Self> {
        let object = self.act(Waitable::duplicate)?;
        Ok(Self { object, existed: self.existed, subject: Arc::clone(&self.subject) })
    }

    pub(super) fn descriptor(&self) -> Result<BorrowedDescriptor<'_>> {
        let missing = || {
            Error::new(ErrorKind::NotSupported, Operation::DuplicateHandle)
                .about(self.subject())
                .because("an object in a mapping is passed on as the mapping")
        };
        self.object.descriptor().ok_or_else(missing)
    }

    pub(super) fn set_inheritable(&self, inheritable: bool) -> Result<()> {
        set_inheritable(self.descriptor()?, inheritable)
    }

    pub(super) fn into_descriptor(self) -> Result<OwnedDescriptor> {
        let subject = self.subject;
        self.object.into_descriptor().map_err(|error| error.or_about(|| subject.to_string()))
    }
}

/// What the handles of all kinds of objects have in common.
macro_rules! handle_methods {
    ($type:ident, $kind:expr, $what:literal, $options:expr) => {
        impl $type {
            #[doc = concat!("Creates ", $what, " under a name, or opens the one that has it.")]
            ///
            /// # Errors
            ///
            /// Those of [`WaitableOptions::create`](crate::WaitableOptions::create).
            pub fn create(
                name: impl TryInto<crate::types::Name, Error: Into<crate::types::Error>>,
            ) -> crate::types::Result<Self> {
                $options.name(name).create()
            }

            #[doc = concat!("Opens ", $what, " by its name.")]
            ///
            /// # Errors
            ///
            /// Those of [`WaitableOptions::open`](crate::WaitableOptions::open).
            pub fn open(
                name: impl TryInto<crate::types::Name, Error: Into<crate::types::Error>>,
            ) -> crate::types::Result<Self> {
                $options.name(name).open()
            }

            /// Returns true if the name existed and its object was opened.
            #[must_use]
            #[doc(alias = "ERROR_ALREADY_EXISTS")]
            pub fn existed(&self) -> bool {
                self.handle.existed
            }

            /// Returns the name, if the object has one.
            #[must_use]
            pub fn name(&self) -> Option<&crate::types::Name> {
                crate::sys::WaitableContract::name(&self.handle.object)
            }

            /// Returns another handle to the same object, which keeps its name as this one does.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::TooManyOpenFiles`](crate::ErrorKind::TooManyOpenFiles).
            #[doc(alias = "DuplicateHandle")]
            pub fn try_clone(&self) -> crate::types::Result<Self> {
                self.handle.duplicate().map(|handle| Self { handle })
            }

            /// Takes the name from the object, as
            /// [`FileMapping::withdraw_name`](crate::FileMapping::withdraw_name) does.
            ///
            /// # Errors
            ///
            /// Those of that function.
            pub fn withdraw_name(&self) -> crate::types::Result<()> {
                self.handle.act(crate::sys::WaitableContract::withdraw)
            }

            /// Returns true if the object has lost its name.
            #[must_use]
            pub fn is_withdrawn(&self) -> bool {
                crate::sys::WaitableContract::is_withdrawn(&self.handle.object)
            }

            /// Sets whether child processes inherit the handle, whose number is that of its
            /// [`descriptor`](Self::descriptor).
            ///
            /// # Errors
            ///
            /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) of an object in a mapping.
            #[doc(alias = "bInheritHandle")]
            pub fn set_inheritable(&self, inheritable: bool) -> crate::types::Result<()> {
                self.handle.set_inheritable(inheritable)
            }

            /// Lends the descriptor that is the handle.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) of an object in a mapping,
            /// which is passed on as the mapping is.
            pub fn descriptor(&self) -> crate::types::Result<crate::sys::BorrowedDescriptor<'_>> {
                self.handle.descriptor()
            }

            /// Converts the handle into the descriptor that it is.
            ///
            /// # Errors
            ///
            /// Those of [`descriptor`](Self::descriptor).
            pub fn into_descriptor(self) -> crate::types::Result<crate::sys::OwnedDescriptor> {
                self.handle.into_descriptor()
            }
        }

        impl $type {
            fn own_descriptor(&self) -> Option<crate::sys::BorrowedDescriptor<'_>> {
                crate::sys::WaitableContract::own_descriptor(&self.handle.object)
            }
        }

        crate::sys::tells_descriptor!($type, own_descriptor);

        impl crate::model::waitable::handle::FromHandle for $type {
            const KIND: crate::types::ObjectKind = $kind;

            fn from_handle(handle: crate::model::waitable::handle::Handle) -> Self {
                Self { handle }
            }
        }

        impl crate::model::waitable::handle::HasHandle for $type {
            fn handle(&self) -> &crate::model::waitable::handle::Handle {
                &self.handle
            }
        }

        impl TryFrom<crate::sys::OwnedDescriptor> for $type {
            type Error = crate::types::Error;

            /// Takes over a descriptor that another handle was converted into, here or in another
            /// process.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::WrongObject`](crate::ErrorKind::WrongObject) if it is anything else. The
            /// descriptor is then closed.
            fn try_from(descriptor: crate::sys::OwnedDescriptor) -> crate::types::Result<Self> {
                let handle = crate::model::waitable::handle::Handle::adopt(descriptor, $kind)?;
                Ok(Self { handle })
            }
        }
    };
}

pub(super) use handle_methods;
