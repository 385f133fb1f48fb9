//! Security descriptors, as far as Linux has what they say: who else may open a name.

use std::ptr::null_mut;

use filemap::Permissions;

use crate::boundary::{Code, Result, quiet};
use crate::kernel32::allocated::allocate;
use crate::kernel32::sddl::{self, Sid};
use crate::strings;
use crate::waitables::Access;
use crate::windows::{
    BOOL, DWORD, ERROR_INVALID_ACL, ERROR_INVALID_PARAMETER, ERROR_INVALID_SECURITY_DESCR,
    ERROR_NOACCESS, ERROR_UNKNOWN_REVISION, FALSE, FILE_MAP_READ, FILE_MAP_WRITE, GENERIC_ALL,
    GENERIC_READ, GENERIC_WRITE, LPCSTR, LPCWSTR, LPVOID, SECURITY_ATTRIBUTES, SECURITY_DESCRIPTOR,
    SYNCHRONIZE, TRUE, WORD,
};

const REVISION: u8 = 1;
const SE_DACL_PRESENT: WORD = 0x0004;
const SE_DACL_DEFAULTED: WORD = 0x0008;
const SE_SELF_RELATIVE: WORD = 0x8000;

const ACCESS_ALLOWED: u8 = 0;
const ACCESS_DENIED: u8 = 1;
/// An entry that is for objects below this one alone.
const INHERIT_ONLY: u8 = 0x8;

/// Returns who else may open a name: what a descriptor allows to everybody, to those who have logged
/// in, or to all users. What it says of certain users and groups has no counterpart.
///
/// # Errors
///
/// `ERROR_UNKNOWN_REVISION` and `ERROR_INVALID_ACL` for what is no descriptor.
///
/// # Safety
///
/// `security` is null, or points to its structure, and that to a descriptor or to nothing.
pub(super) unsafe fn permissions(security: *const SECURITY_ATTRIBUTES) -> Result<Permissions> {
    // Whoever may store can read what is there: a view for stores shows its bytes.
    let permitted = |granted| match granted {
        rights if rights & FILE_MAP_WRITE != 0 => Permissions::WRITE_BY_OTHERS,
        rights if rights & FILE_MAP_READ != 0 => Permissions::READ_BY_OTHERS,
        _ => Permissions::PRIVATE,
    };
    // SAFETY: the caller vouches for it.
    Ok(unsafe { granted(security, &rights) }?.map_or(Permissions::PRIVATE, permitted))
}

/// Returns who else may open the name of an object that can be waited for.
///
/// Whoever waits changes the object, or could: so others may, if they are given the right to wait as
/// well as that to change it, which a mutex has no need of.
///
/// # Errors
///
/// Those of [`permissions`].
///
/// # Safety
///
/// That of [`permissions`].
pub(super) unsafe fn permissions_to_wait(
    security: *const SECURITY_ATTRIBUTES,
    access: Access,
) -> Result<Permissions> {
    let needed = SYNCHRONIZE | access.write;
    // SAFETY: the caller vouches for it.
    let granted = unsafe { granted(security, &|mask| access.granted(mask)) }?;
    let may = granted.is_some_and(|rights| rights & needed == needed);
    Ok(if may { Permissions::WRITE_BY_OTHERS } else { Permissions::PRIVATE })
}

/// Returns what a descriptor grants to everybody, all to have if it has no list; `None` without a
/// descriptor, or if it says nothing. `rights` are what a mask stands for.
///
/// # Safety
///
/// That of [`permissions`].
unsafe fn granted(
    security: *const SECURITY_ATTRIBUTES,
    rights: &dyn Fn(DWORD) -> DWORD,
) -> Result<Option<DWORD>> {
    if security.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not null, so the caller vouches for it; it may lie anywhere.
    let security = unsafe { security.read_unaligned() };
    if security.lpSecurityDescriptor.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let Some(list) = (unsafe { list_of(security.lpSecurityDescriptor) })? else {
        return Ok(None);
    };
    if list.is_null() {
        // No list at all: everybody may do everything.
        return Ok(Some(DWORD::MAX));
    }
    // SAFETY: as above: the list says how long it is.
    let list = unsafe { copied(list) }?;
    granted_by(&list, rights).ok_or(Code(ERROR_INVALID_ACL)).map(Some)
}

/// Returns the list of who may do what, null for everybody; `None` if the descriptor says nothing.
///
/// # Safety
///
/// It points to a descriptor.
unsafe fn list_of(descriptor: LPVOID) -> Result<Option<*const u8>> {
    // SAFETY: the caller vouches for it. Both forms begin alike.
    let head = unsafe { descriptor.cast::<[u8; 4]>().read() };
    if head[0] != REVISION {
        return Err(Code(ERROR_UNKNOWN_REVISION));
    }
    let control = WORD::from_le_bytes([head[2], head[3]]);
    if control & SE_DACL_PRESENT == 0 {
        return Ok(None);
    }
    if control & SE_SELF_RELATIVE == 0 {
        // SAFETY: as above; this form is the structure.
        let whole = unsafe { descriptor.cast::<SECURITY_DESCRIPTOR>().read_unaligned() };
        return Ok(Some(whole.Dacl.cast_const().cast()));
    }
    // SAFETY: as above; this form has offsets of 32 bits, that of this list last.
    let place = unsafe { descriptor.byte_add(16) };
    // SAFETY: as above.
    let offset = unsafe { place.cast::<u32>().read_unaligned() };
    Ok(Some(match usize::try_from(offset) {
        Ok(offset) if offset > 0 => descriptor.cast_const().cast::<u8>().wrapping_add(offset),
        _ => null_mut::<u8>().cast_const(),
    }))
}

/// Returns a copy of a list.
///
/// # Safety
///
/// It points to a list, which begins with its revision and its length.
unsafe fn copied(list: *const u8) -> Result<Vec<u8>> {
    // SAFETY: the caller vouches for it.
    let head = unsafe { list.cast::<[u8; 8]>().read() };
    let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
    if !matches!(head[0], 2..=4) || len < head.len() {
        return Err(Code(ERROR_INVALID_ACL));
    }
    let mut bytes = vec![0; len];
    // SAFETY: as above: the list has so many bytes, and the copy is new.
    unsafe { list.copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
    Ok(bytes)
}

/// Returns what a list grants to everybody; `None` if it is no list.
fn granted_by(list: &[u8], rights: &dyn Fn(DWORD) -> DWORD) -> Option<DWORD> {
    let number = |bytes: &[u8]| Some(u16::from_le_bytes(bytes.try_into().ok()?));
    let (mut granted, mut denied) = (0, 0);
    let mut rest = list.get(8..)?;
    for _ in 0..number(list.get(4..6)?)? {
        let len = usize::from(number(rest.get(2..4)?)?);
        let (entry, behind) = rest.split_at_checked(len)?;
        rest = behind;
        let (kind, flags) = (*entry.first()?, *entry.get(1)?);
        if !matches!(kind, ACCESS_ALLOWED | ACCESS_DENIED) || flags & INHERIT_ONLY != 0 {
            continue;
        }
        let mask = rights(DWORD::from_le_bytes(entry.get(4..8)?.try_into().ok()?));
        if !Sid::read(entry.get(8..)?)?.is_everybody() {
            continue;
        }
        // The first entry that names a right decides on it.
        match kind {
            ACCESS_ALLOWED => granted |= mask & !denied,
            _ => denied |= mask & !granted,
        }
    }
    Some(granted)
}

/// Returns the `FILE_MAP_` words that a mask stands for.
fn rights(mask: DWORD) -> DWORD {
    let any = |bits: DWORD| mask & (bits | GENERIC_ALL) != 0;
    let read = if any(FILE_MAP_READ | GENERIC_READ) { FILE_MAP_READ } else { 0 };
    let write = if any(FILE_MAP_WRITE | GENERIC_WRITE) { FILE_MAP_WRITE } else { 0 };
    read | write
}

/// Makes a security descriptor that says nothing. `dwRevision` is `SECURITY_DESCRIPTOR_REVISION`
/// (`ERROR_UNKNOWN_REVISION`).
///
/// # Safety
///
/// `pSecurityDescriptor` is null or has room for the structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeSecurityDescriptor(
    pSecurityDescriptor: LPVOID,
    dwRevision: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        if dwRevision != REVISION.into() {
            return Err(Code(ERROR_UNKNOWN_REVISION));
        }
        if pSecurityDescriptor.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        let empty = SECURITY_DESCRIPTOR {
            Revision: REVISION,
            Sbz1: 0,
            Control: 0,
            Owner: null_mut(),
            Group: null_mut(),
            Sacl: null_mut(),
            Dacl: null_mut(),
        };
        // SAFETY: it is not null, so the caller vouches for it.
        unsafe { pSecurityDescriptor.cast::<SECURITY_DESCRIPTOR>().write_unaligned(empty) };
        Ok(TRUE)
    })
}

/// Puts a list of who may do what into a security descriptor; NULL stands for everybody and
/// everything. Without `bDaclPresent` the descriptor says nothing of it.
///
/// # Safety
///
/// `pSecurityDescriptor` is null or points to a descriptor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityDescriptorDacl(
    pSecurityDescriptor: LPVOID,
    bDaclPresent: BOOL,
    pDacl: LPVOID,
    bDaclDefaulted: BOOL,
) -> BOOL {
    quiet(FALSE, || {
        if pSecurityDescriptor.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        let place = pSecurityDescriptor.cast::<SECURITY_DESCRIPTOR>();
        // SAFETY: it is not null, so the caller vouches for it. Both forms begin alike.
        let head = unsafe { pSecurityDescriptor.cast::<[u8; 4]>().read() };
        if head[0] != REVISION {
            return Err(Code(ERROR_UNKNOWN_REVISION));
        }
        if WORD::from_le_bytes([head[2], head[3]]) & SE_SELF_RELATIVE != 0 {
            return Err(Code(ERROR_INVALID_SECURITY_DESCR));
        }
        // SAFETY: as above, and this form is the structure.
        let mut whole = unsafe { place.read_unaligned() };
        whole.Control &= !SE_DACL_PRESENT;
        if bDaclPresent != FALSE {
            let defaulted = if bDaclDefaulted == FALSE { 0 } else { SE_DACL_DEFAULTED };
            whole.Control = whole.Control & !SE_DACL_DEFAULTED | SE_DACL_PRESENT | defaulted;
            whole.Dacl = pDacl;
        }
        // SAFETY: as above.
        unsafe { place.write_unaligned(whole) };
        Ok(TRUE)
    })
}

/// Makes a descriptor of a text, and stores its address and its length.
///
/// # Safety
///
/// The places are null or have room for their types.
unsafe fn converted(
    text: Option<String>,
    revision: DWORD,
    place: *mut LPVOID,
    len: *mut DWORD,
) -> Result<BOOL> {
    let text = text.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    if place.is_null() {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    if revision != REVISION.into() {
        return Err(Code(ERROR_UNKNOWN_REVISION));
    }
    let bytes = sddl::parse(&text)?;
    let descriptor = allocate(bytes.len());
    // SAFETY: the memory is new, and as long as the bytes.
    unsafe { bytes.as_ptr().copy_to_nonoverlapping(descriptor.cast(), bytes.len()) };
    // SAFETY: it is not null, so the caller vouches for it.
    unsafe { place.write_unaligned(descriptor) };
    if !len.is_null() {
        // SAFETY: as above.
        unsafe { len.write_unaligned(DWORD::try_from(bytes.len()).unwrap_or(0)) };
    }
    Ok(TRUE)
}

/// Makes a security descriptor of a text such as `D:(A;;GA;;;WD)`, which gives everybody everything.
/// The program frees it by `LocalFree`.
///
/// Returns FALSE on failure: `ERROR_INVALID_PARAMETER` for what is no such text, `ERROR_INVALID_ACL`
/// for a wrong entry, `ERROR_INVALID_SID` for a user or a group that is not known by two letters.
///
/// # Safety
///
/// The text is null or ends with a NUL; the places are null or have room for their types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertStringSecurityDescriptorToSecurityDescriptorA(
    StringSecurityDescriptor: LPCSTR,
    StringSDRevision: DWORD,
    SecurityDescriptor: *mut LPVOID,
    SecurityDescriptorSize: *mut DWORD,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointers.
        let text = unsafe { strings::narrow_text(StringSecurityDescriptor) };
        // SAFETY: as above.
        unsafe { converted(text, StringSDRevision, SecurityDescriptor, SecurityDescriptorSize) }
    })
}

/// `ConvertStringSecurityDescriptorToSecurityDescriptorA` with a text in UTF-16.
///
/// # Safety
///
/// Those of `ConvertStringSecurityDescriptorToSecurityDescriptorA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertStringSecurityDescriptorToSecurityDescriptorW(
    StringSecurityDescriptor: LPCWSTR,
    StringSDRevision: DWORD,
    SecurityDescriptor: *mut LPVOID,
    SecurityDescriptorSize: *mut DWORD,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointers.
        let text = unsafe { strings::wide_text(StringSecurityDescriptor) };
        // SAFETY: as above.
        unsafe { converted(text, StringSDRevision, SecurityDescriptor, SecurityDescriptorSize) }
    })
}
