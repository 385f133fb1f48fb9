//! What creating and opening a mutex, an event or a semaphore have in common.

use filemap::{Permissions, WaitableOptions};

use crate::boundary::{Code, Last, Result};
use crate::handles;
use crate::kernel32::create;
use crate::kernel32::security;
use crate::waitables::{Kind, Waitable};
use crate::windows::{
    ACCESS_SYSTEM_SECURITY, DWORD, ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS,
    ERROR_INVALID_PARAMETER, ERROR_PRIVILEGE_NOT_HELD, ERROR_SUCCESS, GENERIC_ALL, GENERIC_EXECUTE,
    GENERIC_READ, GENERIC_WRITE, HANDLE, MAXIMUM_ALLOWED, SECURITY_ATTRIBUTES,
};

/// The arguments of a creation that are the same for all kinds.
pub(super) struct Wanted {
    inherit: bool,
    permissions: Result<Permissions>,
    access: DWORD,
    name: Result<Option<String>>,
}

impl Wanted {
    /// # Safety
    ///
    /// `security` is null, or points to its structure, and that to a descriptor or to nothing.
    pub(super) unsafe fn new<T: Kind>(
        security: *const SECURITY_ATTRIBUTES,
        access: DWORD,
        name: Result<Option<String>>,
    ) -> Self {
        // SAFETY: the caller vouches for it.
        let inherit = unsafe { create::inherits(security) };
        // SAFETY: as above.
        let permissions = unsafe { security::permissions_to_wait(security, T::ACCESS) };
        // An empty name means no name.
        let name = name.map(|name| name.filter(|name| !name.is_empty()));
        Self { inherit, permissions, access, name }
    }

    /// Creates an object, or opens the one that has the name.
    pub(super) fn create<T: Kind>(self, options: WaitableOptions<T>) -> Result<(HANDLE, Last)> {
        handles::begin();
        check::<T>(self.access)?;
        let made = T::create(options, self.name?.as_deref(), self.permissions?)?;
        let last = if made.existed() { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS };
        let handle = handles::insert_waitable(Waitable::new(made, self.access), self.inherit)?;
        Ok((handle, Last::Set(last)))
    }
}

/// Refuses flags that are none of the known ones.
pub(super) fn check_flags(flags: DWORD, known: DWORD) -> Result<()> {
    if flags & !known == 0 { Ok(()) } else { Err(Code(ERROR_INVALID_PARAMETER)) }
}

/// Refuses an access that objects of a kind do not have.
fn check<T: Kind>(access: DWORD) -> Result<()> {
    let generic = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
    if access & ACCESS_SYSTEM_SECURITY != 0 {
        return Err(Code(ERROR_PRIVILEGE_NOT_HELD));
    }
    if access & !(T::ACCESS.all | MAXIMUM_ALLOWED | generic) != 0 {
        return Err(Code(ERROR_ACCESS_DENIED));
    }
    Ok(())
}

/// Opens the object of a kind that has a name.
pub(super) fn open<T: Kind>(
    access: DWORD,
    inherit: bool,
    name: Result<Option<String>>,
) -> Result<HANDLE> {
    handles::begin();
    let name = name?.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    let object = T::open(&name)?;
    // After the name, which may be unknown: as on Windows, where an object is found before its access
    // is checked.
    check::<T>(access)?;
    if access == 0 {
        return Err(Code(ERROR_ACCESS_DENIED));
    }
    handles::insert_waitable(Waitable::new(object, access), inherit)
}
