//! Names of objects to wait for, which are among those of sections.

use std::os::windows::io::{BorrowedHandle, OwnedHandle};

use crate::sys::NewWaitable;
use crate::sys::platform::registry::directory::Directory;
use crate::sys::platform::registry::objects;
use crate::sys::platform::registry::security::{self, Security};
use crate::sys::platform::waitable;
use crate::types::{Name, ObjectKind, Operation, Result};

impl Directory {
    /// Creates an object to wait for under a name, or opens the one that has the name: then true is
    /// returned beside it.
    pub(in crate::sys::platform) fn create_waitable(
        &self,
        name: &Name,
        new: NewWaitable,
    ) -> Result<(OwnedHandle, bool)> {
        let path = self.path_of(name, "", Operation::CreateMapping)?;
        let security = Security::of(new.permissions, &security::WAITABLE)?;
        waitable::create(new, Some(&path), security.as_ref().map(Security::attributes))
            .map_err(|error| objects::explained(error, &path))
    }

    /// Opens the object to wait for that has a name; `None` if there is none.
    pub(in crate::sys::platform) fn open_waitable(
        &self,
        name: &Name,
        kind: ObjectKind,
    ) -> Result<Option<OwnedHandle>> {
        let operation = Operation::OpenMapping;
        let path = self.path_of(name, "", operation)?;
        objects::open(kind, &path, waitable::access(kind), operation)
    }

    /// Returns the name in this registry of the object behind a handle, if it has one.
    pub(in crate::sys::platform) fn name_of(&self, object: BorrowedHandle<'_>) -> Option<Name> {
        self.name_at(&objects::name_of(object)?)
    }
}
