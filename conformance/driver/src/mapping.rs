//! `CreateFileMapping` and `OpenFileMapping`.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use filemap::{Attributes, FileMapping, Protection, Rights};

use crate::error::{self, ALREADY_EXISTS, Code, INVALID_PARAMETER, UNSUPPORTED};
use crate::handle::{self, Handle, NO_FILE, Object};
use crate::text;

/// `SECURITY_ATTRIBUTES`.
#[repr(C)]
pub(crate) struct Security {
    length: u32,
    descriptor: *const c_void,
    inherit: c_int,
}

/// The arguments of `CreateFileMapping` but for the name.
struct Wanted {
    file: Handle,
    inherit: bool,
    described: bool,
    flags: u32,
    size: u64,
}

impl Wanted {
    /// # Safety
    ///
    /// `security` is null, or points to what it says.
    unsafe fn new(
        file: Handle,
        security: *const Security,
        flags: u32,
        high: u32,
        low: u32,
    ) -> Self {
        // SAFETY: the caller vouches for it.
        let security = unsafe { security.as_ref() };
        Self {
            file,
            inherit: security.is_some_and(|security| security.inherit != 0),
            described: security.is_some_and(|security| !security.descriptor.is_null()),
            flags,
            size: u64::from(high) << 32 | u64::from(low),
        }
    }
}

/// The protection that the low bits of `flags` name.
fn protection(flags: u32) -> Option<Protection> {
    Some(match flags {
        0x02 => Protection::ReadOnly,
        0x04 => Protection::ReadWrite,
        0x08 => Protection::WriteCopy,
        0x20 => Protection::ExecuteRead,
        0x40 => Protection::ExecuteReadWrite,
        0x80 => Protection::ExecuteWriteCopy,
        _ => return None,
    })
}

/// Splits `flags` into what the library has words for.
fn split(flags: u32) -> Result<(Protection, Attributes), Code> {
    const IMAGE: u32 = 0x0100_0000;
    const WORDS: [(u32, Attributes); 5] = [
        (0x0400_0000, Attributes::RESERVE),
        (0x0800_0000, Attributes::COMMIT),
        (0x1000_0000, Attributes::NO_CACHE),
        (0x4000_0000, Attributes::WRITE_COMBINE),
        (0x8000_0000, Attributes::LARGE_PAGES),
    ];
    let mut rest = flags;
    let mut attributes = Attributes::empty();
    for (bit, attribute) in WORDS {
        attributes.set(attribute, flags & bit != 0);
        rest &= !bit;
    }
    let protection = protection(rest & !IMAGE).ok_or(Code(INVALID_PARAMETER))?;
    if rest & IMAGE != 0 {
        // Of a program this bit says something else.
        attributes.set(Attributes::NO_EXECUTE, attributes.contains(Attributes::NO_CACHE));
        attributes = attributes - Attributes::NO_CACHE | Attributes::IMAGE;
    }
    Ok((protection, attributes))
}

/// The rights that the bits of `access` name; `None` if it is as many as are to be had.
pub(crate) fn rights(access: u32) -> Option<Rights> {
    const MAXIMUM: u32 = 0x0200_0000;
    const GENERIC_ALL: u32 = 0x1000_0000;
    let mut rights = Rights::empty();
    rights.set(Rights::WRITE, access & (0x2 | 0x4000_0000 | GENERIC_ALL) != 0);
    rights.set(Rights::READ, access & (0x4 | 0x8000_0000 | GENERIC_ALL) != 0);
    rights.set(Rights::EXECUTE, access & (0x8 | 0x2000_0000 | GENERIC_ALL) != 0);
    (access & MAXIMUM == 0).then_some(rights)
}

/// The bits that `OpenFileMapping` makes of `FILE_MAP_` words, which are those of views.
fn opened_for(access: u32) -> u32 {
    const EXECUTE: u32 = 0x20;
    match access {
        // A copy alone needs what reading needs.
        0x1 => 0x4,
        access if access & EXECUTE != 0 => access & !EXECUTE | 0x8,
        access => access,
    }
}

fn create(wanted: &Wanted, name: Option<String>) -> Result<Handle, Code> {
    let (protection, attributes) = split(wanted.flags)?;
    if wanted.described {
        return Err(Code(UNSUPPORTED));
    }
    let file = match wanted.file {
        NO_FILE | 0 => None,
        file => Some(handle::file(file)?),
    };
    let mut options =
        FileMapping::options().size(wanted.size).protection(protection).attributes(attributes);
    if let Some(file) = &file {
        options = options.file(file);
    }
    // An empty name is none.
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        options = options.name(&name);
    }
    let mapping = options.create()?;
    mapping.set_inheritable(wanted.inherit)?;
    let existed = mapping.existed();
    let handle = handle::insert(Object::Mapping(Arc::new(mapping)))?;
    error::set(if existed { ALREADY_EXISTS } else { 0 });
    Ok(handle)
}

fn open(access: u32, inherit: bool, name: Option<String>) -> Result<Handle, Code> {
    let name = name.ok_or(Code(INVALID_PARAMETER))?;
    let mapping = match rights(opened_for(access)) {
        Some(rights) => FileMapping::open_with(&name, rights)?,
        None => FileMapping::open(&name)?,
    };
    mapping.set_inheritable(inherit)?;
    handle::insert(Object::Mapping(Arc::new(mapping)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn CreateFileMappingA(
    file: Handle,
    security: *const Security,
    flags: u32,
    high: u32,
    low: u32,
    name: *const c_char,
) -> Handle {
    handle::begin();
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let wanted = unsafe { Wanted::new(file, security, flags, high, low) };
    // SAFETY: as above.
    let name = unsafe { text::ansi_name(name) };
    error::or(0, name.and_then(|name| create(&wanted, name)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn CreateFileMappingW(
    file: Handle,
    security: *const Security,
    flags: u32,
    high: u32,
    low: u32,
    name: *const u16,
) -> Handle {
    handle::begin();
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let wanted = unsafe { Wanted::new(file, security, flags, high, low) };
    // SAFETY: as above.
    let name = unsafe { text::wide_name(name) };
    error::or(0, name.and_then(|name| create(&wanted, name)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OpenFileMappingA(access: u32, inherit: c_int, name: *const c_char) -> Handle {
    handle::begin();
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let name = unsafe { text::ansi_name(name) };
    error::or(0, name.and_then(|name| open(access, inherit != 0, name)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OpenFileMappingW(access: u32, inherit: c_int, name: *const u16) -> Handle {
    handle::begin();
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let name = unsafe { text::wide_name(name) };
    error::or(0, name.and_then(|name| open(access, inherit != 0, name)))
}
