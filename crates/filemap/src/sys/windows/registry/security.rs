//! The security descriptor for the permissions of a name.

#![expect(unsafe_code, reason = "calls that read a token and build a descriptor")]

use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle, RawHandle};
use std::ptr::{from_ref, null_mut};

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER,
    TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use crate::sys::platform::error::last;
use crate::types::{Operation, Permissions, Result};

/// The access rights that others get who may read an object, and who may write it.
pub(super) struct Granted {
    reader: u32,
    writer: u32,
}

/// A reader may query, read the permissions, and map for reading and executing.
pub(super) const SECTION: Granted = Granted { reader: 0x2_000d, writer: 0x2_000f };

/// What has the permissions of a section, and is written by its creator alone.
pub(super) const RECORD: Granted = Granted { writer: SECTION.reader, ..SECTION };

/// A reader may query, and read the permissions; a writer may also wait for it and signal it.
pub(super) const WAITABLE: Granted = Granted { reader: 0x2_0001, writer: 0x12_0003 };

/// A security descriptor of the kernel's form.
pub(super) struct Security {
    descriptor: PSECURITY_DESCRIPTOR,
    attributes: SECURITY_ATTRIBUTES,
}

impl Security {
    /// Returns the descriptor for these permissions; `None` if the kernel's default is the same.
    ///
    /// The bits of the group have no counterpart and are ignored.
    pub(super) fn of(permissions: Permissions, granted: &Granted) -> Result<Option<Self>> {
        let mask = match permissions.mode() & 0o7 {
            0 => return Ok(None),
            6 => granted.writer,
            _ => granted.reader,
        };
        // All rights for the system and for this user, and those of the mask for everybody.
        let text = format!("D:(A;;GA;;;SY)(A;;GA;;;{})(A;;{mask:#x};;;WD)", user()?);
        let text: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
        // SAFETY: the text ends with a NUL, and there is room for the address of what is made.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        };
        if made == 0 {
            return Err(last(Operation::CreateMapping));
        }
        let attributes = SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
            lpSecurityDescriptor: descriptor,
            bInheritHandle: 0,
        };
        Ok(Some(Self { descriptor, attributes }))
    }

    /// The argument of a call that creates an object; valid as long as this value.
    pub(super) fn attributes(&self) -> &SECURITY_ATTRIBUTES {
        &self.attributes
    }
}

impl Drop for Security {
    fn drop(&mut self) {
        // SAFETY: the call that made it requires that it is freed so, and nobody uses it.
        let _ignored = unsafe { LocalFree(self.descriptor) };
    }
}

/// Returns the user of this process in the form of textual descriptors.
fn user() -> Result<String> {
    let operation = Operation::CreateMapping;
    let mut token: RawHandle = null_mut();
    // SAFETY: has no preconditions.
    let this = unsafe { GetCurrentProcess() };
    // SAFETY: there is room for the handle.
    if unsafe { OpenProcessToken(this, TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(last(operation));
    }
    // SAFETY: the call made it, and nobody else knows of it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // Aligned for the structure; an identifier has at most 68 bytes.
    let mut room = [0_u64; 32];
    let len = u32::try_from(size_of_val(&room)).unwrap_or(0);
    let (place, mut needed) = (room.as_mut_ptr().cast(), 0);
    // SAFETY: the token is open, and the place has the length that is told.
    let told = unsafe {
        GetTokenInformation(token.as_raw_handle(), TokenUser, place, len, &raw mut needed)
    };
    if told == 0 {
        return Err(last(operation));
    }
    // SAFETY: the call has written the structure, and the room is aligned for it.
    let user = unsafe { &*from_ref(&room).cast::<TOKEN_USER>() };
    let mut text = null_mut();
    // SAFETY: the identifier is in `room`, where the call has written it.
    if unsafe { ConvertSidToStringSidW(user.User.Sid, &raw mut text) } == 0 {
        return Err(last(operation));
    }
    let mut units = Vec::new();
    // SAFETY: the text ends with a NUL, and the loop with it.
    while let unit @ 1.. = unsafe { text.wrapping_add(units.len()).read() } {
        units.push(unit);
    }
    // SAFETY: the call that made it requires that it is freed so.
    let _ignored = unsafe { LocalFree(text.cast()) };
    Ok(String::from_utf16_lossy(&units))
}
