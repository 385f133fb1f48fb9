//! The mutex, the event or the semaphore that has a name.

use filemap::{ErrorKind, Event, Mutex, ObjectKind, Registry, Semaphore, Waitable};

use crate::failure::{Failure, Result};
use crate::output::Printable;
use crate::target::remedy;

/// An object that can be waited for, of any kind.
#[derive(Debug)]
pub(crate) enum Object {
    Mutex(Mutex),
    Event(Event),
    Semaphore(Semaphore),
}

impl Object {
    /// Opens what has this name; `purpose` follows "could not" in a failure.
    ///
    /// # Errors
    ///
    /// [`Failure::No`] if nobody holds the name; an error if it is that of a mapping.
    pub(crate) fn open(name: &str, registry: &Registry, purpose: &str) -> Result<Self> {
        let missing = || {
            Failure::no_as(
                ErrorKind::NotFound,
                format!(
                    "could not {purpose} `{}`: there is no such name{}",
                    Printable(name),
                    remedy(name)
                ),
            )
        };
        let listed = match registry.inspect(name) {
            Ok(listed) if listed.is_live() => listed,
            Ok(_) => return Err(missing()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing()),
            Err(error) => return Err(error.into()),
        };
        let name = listed.name();
        Ok(match listed.kind() {
            ObjectKind::Mutex => {
                Self::Mutex(Mutex::options().registry(registry).name(name).open()?)
            }
            ObjectKind::Event => {
                Self::Event(Event::options().registry(registry).name(name).open()?)
            }
            ObjectKind::Semaphore => {
                Self::Semaphore(Semaphore::options(1).registry(registry).name(name).open()?)
            }
            kind => {
                let name = name.to_string();
                return Err(Failure::broken_as(
                    ErrorKind::WrongObject,
                    format!(
                        "could not {purpose} `{}`: the name is that of a {kind}",
                        Printable(&name)
                    ),
                ));
            }
        })
    }

    /// Returns it as what is waited for.
    pub(crate) fn waitable(&self) -> &dyn Waitable {
        match self {
            Self::Mutex(mutex) => mutex,
            Self::Event(event) => event,
            Self::Semaphore(semaphore) => semaphore,
        }
    }

    pub(crate) fn kind(&self) -> ObjectKind {
        match self {
            Self::Mutex(_) => ObjectKind::Mutex,
            Self::Event(_) => ObjectKind::Event,
            Self::Semaphore(_) => ObjectKind::Semaphore,
        }
    }

    /// Returns its name with the scope.
    pub(crate) fn name(&self) -> String {
        let name = match self {
            Self::Mutex(mutex) => mutex.name(),
            Self::Event(event) => event.name(),
            Self::Semaphore(semaphore) => semaphore.name(),
        };
        name.map(ToString::to_string).unwrap_or_default()
    }

    /// Returns whether somebody else had created it.
    pub(crate) fn existed(&self) -> bool {
        match self {
            Self::Mutex(mutex) => mutex.existed(),
            Self::Event(event) => event.existed(),
            Self::Semaphore(semaphore) => semaphore.existed(),
        }
    }
}
