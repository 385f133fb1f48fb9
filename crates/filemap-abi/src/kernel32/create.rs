//! `CreateFileMapping` and `OpenFileMapping`.

use std::ptr::null_mut;
use std::sync::Arc;

use filemap::{Attributes, ErrorKind, FileMapping, KeptLength, Protection, Rights};

use crate::boundary::{Code, Last, Result, call, quiet};
use crate::handles::{self, Held, Object};
use crate::strings;
use crate::windows::{
    BOOL, DWORD, ERROR_ALREADY_EXISTS, ERROR_INVALID_PARAMETER, ERROR_SUCCESS, FILE_MAP_COPY,
    FILE_MAP_EXECUTE, FILE_MAP_READ, FILE_MAP_WRITE, GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ,
    GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE, LPCSTR, LPCWSTR, MAXIMUM_ALLOWED,
    PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY, PAGE_READONLY,
    PAGE_READWRITE, PAGE_WRITECOPY, SEC_COMMIT, SEC_IMAGE, SEC_LARGE_PAGES, SEC_NOCACHE,
    SEC_RESERVE, SEC_WRITECOMBINE, SECTION_MAP_EXECUTE, SECURITY_ATTRIBUTES,
};

/// The arguments of `CreateFileMapping` but for the name.
struct Wanted {
    file: HANDLE,
    inherit: bool,
    flags: DWORD,
    size: u64,
}

impl Wanted {
    /// # Safety
    ///
    /// `security` is null, or points to what it says.
    unsafe fn new(
        file: HANDLE,
        security: *const SECURITY_ATTRIBUTES,
        flags: DWORD,
        high: DWORD,
        low: DWORD,
    ) -> Self {
        // SAFETY: the caller vouches for it.
        let inherit = unsafe { inherits(security) };
        Self { file, inherit, flags, size: u64::from(high) << 32 | u64::from(low) }
    }
}

/// Tells whether child processes are to have the handle.
///
/// # Safety
///
/// `security` is null, or points to what it says.
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

const ATTRIBUTES: [(DWORD, Attributes); 6] = [
    (SEC_IMAGE, Attributes::IMAGE),
    (SEC_RESERVE, Attributes::RESERVE),
    (SEC_COMMIT, Attributes::COMMIT),
    (SEC_NOCACHE, Attributes::NO_CACHE),
    (SEC_WRITECOMBINE, Attributes::WRITE_COMBINE),
    (SEC_LARGE_PAGES, Attributes::LARGE_PAGES),
];

/// The `PAGE_` word for a protection.
pub(crate) fn protection_word(protection: Protection) -> DWORD {
    PROTECTIONS.iter().find(|(_, known)| *known == protection).map_or(0, |(word, _)| *word)
}

/// The `SEC_` words for attributes.
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
    if attributes.contains(Attributes::IMAGE | Attributes::NO_CACHE) {
        // One bit with two meanings: `SEC_IMAGE_NO_EXECUTE` has it.
        attributes.toggle(Attributes::NO_CACHE | Attributes::NO_EXECUTE);
    }
    let known = PROTECTIONS.iter().find(|(word, _)| *word == rest);
    let (_, protection) = known.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    Ok((*protection, attributes))
}

/// The rights that an access mask names; `None` if it is as many as are to be had.
pub(super) fn rights(access: DWORD) -> Option<Rights> {
    let any = |bits: DWORD| access & (bits | GENERIC_ALL) != 0;
    let mut rights = Rights::empty();
    rights.set(Rights::WRITE, any(FILE_MAP_WRITE | GENERIC_WRITE));
    rights.set(Rights::READ, any(FILE_MAP_READ | GENERIC_READ));
    rights.set(Rights::EXECUTE, any(SECTION_MAP_EXECUTE | GENERIC_EXECUTE));
    (access & MAXIMUM_ALLOWED == 0).then_some(rights)
}

/// The access mask that `OpenFileMapping` makes of `FILE_MAP_` words, which are those of views.
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
    let over_file = !wanted.file.is_null() && wanted.file != INVALID_HANDLE_VALUE;
    // What is wrong in itself comes before a handle that is none.
    attributes.check(over_file)?;
    let file = over_file.then(|| handles::file(wanted.file)).transpose()?;
    // Before its length is looked at, so that it is still that long when it is mapped.
    let kept = file.as_ref().and_then(|file| KeptLength::of_file(file).ok()).map(Arc::new);
    let mut options =
        FileMapping::options().size(wanted.size).protection(protection).attributes(attributes);
    if let Some(file) = &file {
        options = options.file(file);
    }
    // An empty name is none.
    if let Some(name) = name?.filter(|name| !name.is_empty()) {
        options = options.name(&name);
    }
    let mapping = options.create()?;
    if wanted.inherit {
        mapping.set_inheritable(true)?;
    }
    let existed = mapping.existed();
    // What has the name is not over the file that was given.
    let held = if existed { Held::new(mapping) } else { Held { mapping, kept } };
    let handle = handles::insert(Object::Mapping(Arc::new(held)))?;
    Ok((handle, Last::Set(if existed { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS })))
}

fn open(access: DWORD, inherit: bool, name: Result<Option<String>>) -> Result<HANDLE> {
    handles::begin();
    let name = name?.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    let mapping = match rights(opened_for(access)) {
        Some(rights) => FileMapping::open_with(&name, rights)?,
        // As many as are to be had, whatever the protection makes of them: all, or those that go
        // without writing.
        None => match FileMapping::open_with(&name, Rights::all()) {
            Err(error) if error.kind() == ErrorKind::AccessDenied => {
                FileMapping::open_with(&name, Rights::READ | Rights::EXECUTE)?
            }
            opened => opened?,
        },
    };
    if inherit {
        mapping.set_inheritable(true)?;
    }
    handles::insert(Object::Mapping(Arc::new(Held::new(mapping))))
}

/// Creates a file mapping, or opens the one that has the name.
///
/// `hFile` is a handle of `CreateFile`, a descriptor above 0, or `INVALID_HANDLE_VALUE` (or NULL)
/// for memory. `flProtect` is one `PAGE_` word with `SEC_` words. `lpName` is UTF-8.
///
/// Returns NULL on failure. `GetLastError` is 0 for a new mapping and `ERROR_ALREADY_EXISTS` for
/// one that was there.
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

/// `CreateFileMappingA`; the preferred node is a hint, which is not followed.
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

/// `CreateFileMappingW`; the preferred node is a hint, which is not followed.
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
/// Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no handle to such a mapping is open
/// anywhere.
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
