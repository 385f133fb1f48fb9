//! `CreateFileMapping` and `OpenFileMapping`.

use std::ptr::null_mut;
use std::sync::Arc;

use filemap::{Attributes, ErrorKind, FileMapping, LengthLock, Permissions, Protection, Rights};

use crate::boundary::{Code, Last, Result, call, quiet};
use crate::handles;
use crate::kernel32::security;
use crate::objects::Held;
use crate::programs;
use crate::strings;
use crate::windows::{
    ACCESS_SYSTEM_SECURITY, BOOL, DWORD, ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS,
    ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_PRIVILEGE_NOT_HELD, ERROR_SUCCESS,
    FILE_MAP_COPY, FILE_MAP_EXECUTE, FILE_MAP_READ, FILE_MAP_WRITE, GENERIC_ALL, GENERIC_EXECUTE,
    GENERIC_READ, GENERIC_WRITE, HANDLE, LPCSTR, LPCWSTR, MAXIMUM_ALLOWED, PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY,
    SEC_COMMIT, SEC_IMAGE, SEC_LARGE_PAGES, SEC_NOCACHE, SEC_RESERVE, SEC_WRITECOMBINE,
    SECTION_ALL_ACCESS, SECTION_MAP_EXECUTE, SECURITY_ATTRIBUTES,
};

/// The arguments of `CreateFileMapping` but for the name.
struct Wanted {
    file: HANDLE,
    inherit: bool,
    permissions: Result<Permissions>,
    flags: DWORD,
    size: u64,
}

impl Wanted {
    /// # Safety
    ///
    /// `security` is null, or points to its structure, and that to a descriptor or to nothing.
    unsafe fn new(
        file: HANDLE,
        security: *const SECURITY_ATTRIBUTES,
        flags: DWORD,
        high: DWORD,
        low: DWORD,
    ) -> Self {
        // SAFETY: the caller vouches for it.
        let inherit = unsafe { inherits(security) };
        // SAFETY: as above.
        let permissions = unsafe { security::permissions(security) };
        Self { file, inherit, permissions, flags, size: u64::from(high) << 32 | u64::from(low) }
    }
}

/// Returns whether child processes are to inherit the handle.
///
/// # Safety
///
/// `security` is null, or points to its structure.
pub(super) unsafe fn inherits(security: *const SECURITY_ATTRIBUTES) -> bool {
    if security.is_null() {
        return false;
    }
    // SAFETY: it is not null, so the caller vouches for it; it may lie anywhere.
    let security = unsafe { security.read_unaligned() };
    security.bInheritHandle != 0
}

const PROTECTIONS: [(DWORD, Protection); 6] = [
    (PAGE_READONLY, Protection::ReadOnly),
    (PAGE_READWRITE, Protection::ReadWrite),
    (PAGE_WRITECOPY, Protection::WriteCopy),
    (PAGE_EXECUTE_READ, Protection::ExecuteRead),
    (PAGE_EXECUTE_READWRITE, Protection::ExecuteReadWrite),
    (PAGE_EXECUTE_WRITECOPY, Protection::ExecuteWriteCopy),
];

/// `SEC_NOCACHE`. The library keeps and reports this bit of [`Attributes`] without a name for it,
/// as Linux has no switch for the processor's cache.
pub(super) const NO_CACHE: Attributes = Attributes::from_bits(1 << 2).unwrap();
/// `SEC_WRITECOMBINE`, likewise.
const WRITE_COMBINE: Attributes = Attributes::from_bits(1 << 3).unwrap();

const ATTRIBUTES: [(DWORD, Attributes); 6] = [
    (SEC_IMAGE, Attributes::IMAGE),
    (SEC_RESERVE, Attributes::RESERVE),
    (SEC_COMMIT, Attributes::COMMIT),
    (SEC_NOCACHE, NO_CACHE),
    (SEC_WRITECOMBINE, WRITE_COMBINE),
    (SEC_LARGE_PAGES, Attributes::LARGE_PAGES),
];

/// Returns the `PAGE_` word for a protection.
pub(crate) fn protection_word(protection: Protection) -> DWORD {
    PROTECTIONS.iter().find(|(_, known)| *known == protection).map_or(0, |(word, _)| *word)
}

/// Returns the `SEC_` words for attributes.
pub(crate) fn attribute_words(attributes: Attributes) -> DWORD {
    let set = ATTRIBUTES.iter().filter(|(_, attribute)| attributes.contains(*attribute));
    let words: DWORD = set.map(|(word, _)| word).sum();
    words | if attributes.contains(Attributes::NO_EXECUTE) { SEC_NOCACHE } else { 0 }
}

/// Splits `flags` into protection and attributes.
fn split(flags: DWORD) -> Result<(Protection, Attributes)> {
    let mut rest = flags;
    let mut attributes = Attributes::empty();
    for (word, attribute) in ATTRIBUTES {
        attributes.set(attribute, flags & word != 0);
        rest &= !word;
    }
    if attributes.contains(Attributes::IMAGE | NO_CACHE) {
        // One bit with two meanings: `SEC_IMAGE_NO_EXECUTE` has it.
        attributes.set(NO_CACHE, false);
        attributes.set(Attributes::NO_EXECUTE, true);
    }
    let known = PROTECTIONS.iter().find(|(word, _)| *word == rest);
    let (_, protection) = known.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    Ok((*protection, attributes))
}

/// Returns the rights that an access mask names; `None` for as many as possible.
pub(super) fn rights(access: DWORD) -> Option<Rights> {
    let any = |bits: DWORD| access & (bits | GENERIC_ALL) != 0;
    let mut rights = Rights::empty();
    rights.set(Rights::WRITE, any(FILE_MAP_WRITE | GENERIC_WRITE));
    rights.set(Rights::READ, any(FILE_MAP_READ | GENERIC_READ));
    rights.set(Rights::EXECUTE, any(SECTION_MAP_EXECUTE | GENERIC_EXECUTE));
    (access & MAXIMUM_ALLOWED == 0).then_some(rights)
}

/// Returns the access mask for the `FILE_MAP_` words of `OpenFileMapping`, which are those of views.
fn opened_for(access: DWORD) -> DWORD {
    match access {
        // A copy alone needs what reading needs.
        FILE_MAP_COPY => FILE_MAP_READ,
        access if access & FILE_MAP_EXECUTE != 0 => {
            access & !FILE_MAP_EXECUTE | SECTION_MAP_EXECUTE
        }
        access => access,
    }
}

fn create(wanted: &Wanted, name: Result<Option<String>>) -> Result<(HANDLE, Last)> {
    handles::begin();
    let (protection, attributes) = split(wanted.flags)?;
    let over_file = !wanted.file.is_null() && !handles::is_invalid(wanted.file);
    // Windows reports wrong arguments before an invalid handle.
    attributes.check(over_file)?;
    let file = over_file.then(|| handles::file(wanted.file)).transpose()?;
    file.as_ref().map_or(Ok(()), |file| file.check(protection))?;
    // Before its length is read, so that it is still that long when it is mapped.
    let kept = file.as_ref().and_then(|file| LengthLock::of_file(file).ok()).map(Arc::new);
    // An empty name means no name.
    let name = name.map(|name| name.filter(|name| !name.is_empty()));
    // The descriptor of a mapping without a name is the file's, and is not to be the program's own.
    let own = match (&file, &name) {
        (Some(file), Ok(None)) => file.for_mapping(protection),
        _ => None,
    };
    let is_shared = file.is_some() && own.is_none();
    let mut options = FileMapping::options()
        .size(wanted.size)
        .protection(protection)
        .attributes(attributes)
        .permissions(wanted.permissions?);
    if let Some(file) = own.as_ref().or(file.as_ref().map(|file| &***file)) {
        options = options.file(file);
    }
    if let Some(name) = name? {
        options = options.name(&name);
    }
    let mapping = options.create().map_err(|error| match error.kind() {
        // A file system has its own limit; Windows compares with that of mappings first.
        ErrorKind::FileTooLarge => Code(ERROR_NOT_ENOUGH_MEMORY),
        _ => error.into(),
    })?;
    let existed = mapping.existed();
    if let (Some(file), Some(kept)) = (&file, &kept)
        && attributes.contains(Attributes::IMAGE)
        && !existed
    {
        programs::mapped(file, kept);
    }
    // The existing mapping is not over the given file.
    let held = if existed { Held::new(mapping) } else { Held::with_lock(mapping, kept) };
    let is_shared = is_shared && held.is_the_file();
    let handle = handles::insert_mapping(held, wanted.inherit, is_shared)?;
    Ok((handle, Last::Set(if existed { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS })))
}

/// Checks the access that a program asks for when it opens a name: some right, and none that mappings
/// do not have.
fn check(access: DWORD) -> Result<()> {
    let generic = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
    if access & ACCESS_SYSTEM_SECURITY != 0 {
        return Err(Code(ERROR_PRIVILEGE_NOT_HELD));
    }
    if access == 0 || access & !(SECTION_ALL_ACCESS | MAXIMUM_ALLOWED | generic) != 0 {
        return Err(Code(ERROR_ACCESS_DENIED));
    }
    Ok(())
}

fn open(access: DWORD, inherit: bool, name: Result<Option<String>>) -> Result<HANDLE> {
    handles::begin();
    let name = name?.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    let access = opened_for(access);
    let mapping = match rights(access) {
        Some(rights) => FileMapping::open_with(&name, rights)?,
        // As many as possible: all, or those without writing.
        None => match FileMapping::open_with(&name, Rights::all()) {
            Err(error) if error.kind() == ErrorKind::AccessDenied => {
                FileMapping::open_with(&name, Rights::READ | Rights::EXECUTE)?
            }
            opened => opened?,
        },
    };
    // After the name, which may be unknown: as on Windows, where an object is found before its access
    // is checked.
    check(access)?;
    handles::insert_mapping(Held::new(mapping), inherit, false)
}

/// Creates a file mapping, or opens the one that has the name.
///
/// `hFile` is a handle of `CreateFile`, a descriptor above 0, or `INVALID_HANDLE_VALUE` (or NULL)
/// for memory. `flProtect` is one `PAGE_` word with `SEC_` words. `lpName` is UTF-8. A security
/// descriptor tells whether others than this user may open the name, to read or to write: it is what
/// it allows to everybody, or to all users.
///
/// Returns NULL on failure. `GetLastError` is 0 for a new mapping and `ERROR_ALREADY_EXISTS` for an
/// existing one.
///
/// # Safety
///
/// `lpFileMappingAttributes` is null or points to its structure; `lpName` is null or ends with a
/// NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileMappingA(
    hFile: HANDLE,
    lpFileMappingAttributes: *const SECURITY_ATTRIBUTES,
    flProtect: DWORD,
    dwMaximumSizeHigh: DWORD,
    dwMaximumSizeLow: DWORD,
    lpName: LPCSTR,
) -> HANDLE {
    call(null_mut(), || {
        let (high, low) = (dwMaximumSizeHigh, dwMaximumSizeLow);
        // SAFETY: the caller vouches for its pointers.
        let wanted = unsafe { Wanted::new(hFile, lpFileMappingAttributes, flProtect, high, low) };
        // SAFETY: as above.
        create(&wanted, unsafe { strings::narrow_name(lpName) })
    })
}

/// `CreateFileMappingA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateFileMappingA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileMappingW(
    hFile: HANDLE,
    lpFileMappingAttributes: *const SECURITY_ATTRIBUTES,
    flProtect: DWORD,
    dwMaximumSizeHigh: DWORD,
    dwMaximumSizeLow: DWORD,
    lpName: LPCWSTR,
) -> HANDLE {
    call(null_mut(), || {
        let (high, low) = (dwMaximumSizeHigh, dwMaximumSizeLow);
        // SAFETY: the caller vouches for its pointers.
        let wanted = unsafe { Wanted::new(hFile, lpFileMappingAttributes, flProtect, high, low) };
        // SAFETY: as above.
        create(&wanted, unsafe { strings::wide_name(lpName) })
    })
}

/// `CreateFileMappingA`; the preferred node is a hint, which is ignored.
///
/// # Safety
///
/// Those of `CreateFileMappingA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileMappingNumaA(
    hFile: HANDLE,
    lpFileMappingAttributes: *const SECURITY_ATTRIBUTES,
    flProtect: DWORD,
    dwMaximumSizeHigh: DWORD,
    dwMaximumSizeLow: DWORD,
    lpName: LPCSTR,
    _nndPreferred: DWORD,
) -> HANDLE {
    let (high, low) = (dwMaximumSizeHigh, dwMaximumSizeLow);
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateFileMappingA(hFile, lpFileMappingAttributes, flProtect, high, low, lpName) }
}

/// `CreateFileMappingW`; the preferred node is a hint, which is ignored.
///
/// # Safety
///
/// Those of `CreateFileMappingA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileMappingNumaW(
    hFile: HANDLE,
    lpFileMappingAttributes: *const SECURITY_ATTRIBUTES,
    flProtect: DWORD,
    dwMaximumSizeHigh: DWORD,
    dwMaximumSizeLow: DWORD,
    lpName: LPCWSTR,
    _nndPreferred: DWORD,
) -> HANDLE {
    let (high, low) = (dwMaximumSizeHigh, dwMaximumSizeLow);
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateFileMappingW(hFile, lpFileMappingAttributes, flProtect, high, low, lpName) }
}

/// Opens the file mapping that has the name, in UTF-8.
///
/// Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to such a mapping,
/// `ERROR_ACCESS_DENIED` for an access of 0, one that its maker does not give, and one that mappings
/// do not have, such as `SYNCHRONIZE`.
///
/// # Safety
///
/// `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenFileMappingA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        open(dwDesiredAccess, bInheritHandle != 0, unsafe { strings::narrow_name(lpName) })
    })
}

/// Opens the file mapping that has the name, in UTF-16.
///
/// # Safety
///
/// `lpName` is null or ends with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenFileMappingW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        open(dwDesiredAccess, bInheritHandle != 0, unsafe { strings::wide_name(lpName) })
    })
}
