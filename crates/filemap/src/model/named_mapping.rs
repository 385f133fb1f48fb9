//! A name as a registry lists it.

use std::path::Path;
use std::time::SystemTime;

use crate::model::Backing;
use crate::sys::Listed;
use crate::types::{Attributes, Lifetime, Name, ObjectKind, ObjectState, Permissions, Protection};

/// One name of a [`Registry`](crate::Registry), with what is known of its mapping, or of the mutex, the
/// event or the semaphore that has the name.
#[derive(Debug)]
pub struct NamedMapping {
    listed: Listed,
    backing: Backing,
}

impl NamedMapping {
    pub(crate) fn of(listed: Listed) -> Self {
        let backing = Backing::of(&listed.content);
        Self { listed, backing }
    }

    /// Returns the name with its scope.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.listed.name
    }

    /// Returns which kind of object has the name.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.listed.content.object()
    }

    /// Returns what a mutex, an event or a semaphore was when the name was listed, without waiting for
    /// it or holding its name; `None` of a mapping, and if it is not known.
    ///
    /// ```
    /// use filemap::{ObjectState, Registry, Semaphore};
    ///
    /// let place = tempfile::tempdir()?;
    /// let registry = Registry::at(place.path());
    /// let _held = Semaphore::options(8).count(3).registry(&registry).name("slots").create()?;
    /// let state = registry.inspect("slots")?.state();
    /// assert_eq!(state, Some(ObjectState::Semaphore { count: 3, maximum: 8 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn state(&self) -> Option<ObjectState> {
        self.listed.state
    }

    /// Returns how many threads waited for a mutex, an event or a semaphore when the name was listed;
    /// `None` of a mapping, and if it is not known.
    ///
    /// A thread that waits for several objects counts for each. Before Linux 5.16 it counts for one.
    ///
    /// # Platforms
    ///
    /// On Windows it is not known.
    #[must_use]
    pub fn waiters(&self) -> Option<u32> {
        self.listed.waiters
    }

    /// Returns the size in bytes; `None` if the mapping is as long as its file, and of what is no
    /// mapping.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.listed.size.filter(|_| self.kind() == ObjectKind::Mapping)
    }

    /// Returns what the mapping allows its views.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.listed.protection
    }

    /// Returns how its pages are provided.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.listed.attributes
    }

    /// Returns what it is made of.
    #[must_use]
    pub fn backing(&self) -> &Backing {
        &self.backing
    }

    /// Returns how long its memory lives if its holders are killed; `None` for a file, and for what is
    /// no mapping.
    #[must_use]
    pub fn lifetime(&self) -> Option<Lifetime> {
        self.listed.content.lifetime()
    }

    /// Returns who else may open it; `None` if something else than this library decided that.
    #[must_use]
    pub fn permissions(&self) -> Option<Permissions> {
        self.listed.permissions
    }

    /// Returns the number of the process that created it, which may have ended.
    ///
    /// # Platforms
    ///
    /// On Windows it is 0 if that was a program without this library, and for an object to wait for;
    /// [`created`](Self::created) is then the beginning of 1970.
    #[must_use]
    pub fn creator(&self) -> u32 {
        self.listed.creator
    }

    /// Returns when it was created.
    #[must_use]
    pub fn created(&self) -> SystemTime {
        self.listed.created
    }

    /// Returns true if a handle was open when the name was listed.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.listed.is_live
    }

    /// Returns true if the mapping had no name any more when it was listed: a holder withdrew it, or
    /// another program removed the name's file.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.listed.is_withdrawn
    }

    /// Returns the path of the name's entry.
    ///
    /// # Platforms
    ///
    /// On Linux a file. That of a mapping in memory begins with the mapping's bytes, so a program
    /// without this crate can map it. On Windows the kernel's name of it, which is not the path of a
    /// file.
    #[must_use]
    pub fn entry(&self) -> &Path {
        &self.listed.path
    }

    #[cfg(feature = "holders")]
    pub(crate) fn listed(&self) -> &Listed {
        &self.listed
    }
}
