//! `mmap(fileno, length, ...)`: what is mapped, by the rules of the standard module.

use std::ffi::{c_int, c_longlong};
use std::ptr;
use std::sync::Arc;

use filemap::{Access, FileMapping, Protection, View};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::descriptor::{Lent, lent};
use super::object::{
    Backing, Details, Object, Outcome, Raised, Raw, allocate, failed, given, raise, restored,
    system_error, value_error,
};

pub(super) const ACCESS_DEFAULT: i32 = 0;
pub(super) const ACCESS_READ: i32 = 1;
const ACCESS_WRITE: i32 = 2;
pub(super) const ACCESS_COPY: i32 = 3;

/// The numbers of Linux, which mean nothing on Windows.
const MAP_SHARED: c_int = 1;
const MAP_PRIVATE: c_int = 2;
const MAP_ANONYMOUS: c_int = 0x20;
const PROT_READ: c_int = 1;
const PROT_WRITE: c_int = 2;
const PROT_EXEC: c_int = 4;

/// The standard module's numbers of errors.
const EBADF: i32 = 9;
const EINVAL: i32 = 22;

/// What was asked for.
struct Asked {
    fileno: c_int,
    length: ffi::Py_ssize_t,
    flags: c_int,
    prot: c_int,
    access: c_int,
    offset: c_longlong,
    name: Option<String>,
    trackfd: bool,
}

/// `mmap.__new__`
pub(super) unsafe extern "C" fn new(
    class: *mut ffi::PyTypeObject,
    arguments: Raw,
    keywords: Raw,
) -> Raw {
    given(parsed(arguments, keywords).and_then(|asked| made(class, asked)))
}

unsafe fn parsed(arguments: Raw, keywords: Raw) -> Outcome<Asked> {
    let (mut fileno, mut length, mut access, mut offset) = (0, 0, ACCESS_DEFAULT, 0);
    let (mut flags, mut prot, mut trackfd): (c_int, c_int, c_int) =
        (MAP_SHARED, PROT_READ | PROT_WRITE, 1);
    let mut name: Raw = ptr::null_mut();
    let parsed = if cfg!(windows) {
        let names = [c"fileno", c"length", c"tagname", c"access", c"offset"];
        let [a, b, c, d, e] = names.map(|name| name.as_ptr().cast_mut());
        let mut names = [a, b, c, d, e, ptr::null_mut()];
        ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"in|OiL:mmap".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut fileno,
            &raw mut length,
            &raw mut name,
            &raw mut access,
            &raw mut offset,
        )
    } else {
        let names =
            [c"fileno", c"length", c"flags", c"prot", c"access", c"offset", c"tagname", c"trackfd"];
        let [a, b, c, d, e, f, g, h] = names.map(|name| name.as_ptr().cast_mut());
        let mut names = [a, b, c, d, e, f, g, h, ptr::null_mut()];
        ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"in|iiiL$Op:mmap".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut fileno,
            &raw mut length,
            &raw mut flags,
            &raw mut prot,
            &raw mut access,
            &raw mut offset,
            &raw mut name,
            &raw mut trackfd,
        )
    };
    if parsed == 0 {
        return Err(Raised);
    }
    let name = if name.is_null() || name == ffi::Py_None() {
        None
    } else {
        let given = Borrowed::from_ptr(Python::assume_attached(), name);
        let Ok(name) = given.extract::<String>() else {
            let class = given.get_type();
            let wrong = format!("tagname must be str or None, not {class}");
            return restored(pyo3::exceptions::PyTypeError::new_err(wrong));
        };
        Some(name).filter(|name| !name.is_empty())
    };
    Ok(Asked { fileno, length, flags, prot, access, offset, name, trackfd: trackfd != 0 })
}

unsafe fn made(class: *mut ffi::PyTypeObject, mut asked: Asked) -> Outcome {
    if asked.length < 0 {
        return raise(ffi::PyExc_OverflowError, c"memory mapped length must be positive");
    }
    let Ok(offset) = u64::try_from(asked.offset) else {
        return raise(ffi::PyExc_OverflowError, c"memory mapped offset must be positive");
    };
    let access = asked.decide()?;
    audit(&asked)?;
    let file = lent(asked.fileno);
    if file.is_none() && asked.fileno != -1 {
        return system_error(EBADF);
    }
    let length = asked.measured(file.as_ref(), offset)?;
    let (view, named) = asked.mapped(file.as_ref(), access, offset, length)?;
    let kept = match &file {
        Some(file) if named.is_some() => match file.try_clone() {
            Ok(file) => Some(file),
            Err(error) => return system_error(error.raw_os_error().unwrap_or(EBADF)),
        },
        _ => None,
    };
    let object = allocate(class)?;
    let me = Object::at(object);
    let backing = match &named {
        Some(_) => Backing::Memory,
        None if !asked.trackfd => Backing::Untracked,
        None if asked.fileno == -1 => Backing::Memory,
        None => Backing::Descriptor,
    };
    (me.is_mmap, me.readonly) = (true, asked.access == ACCESS_READ);
    me.is_whole = cfg!(unix) && asked.fileno == -1 && named.is_none();
    me.view = Some(Arc::new(view));
    let flags = asked.flags | if asked.fileno == -1 { MAP_ANONYMOUS } else { 0 };
    me.details =
        Some(Box::new(Details { access: asked.access, offset, file: kept, named, backing, flags }));
    Ok(object)
}

/// Calls the hooks of the interpreter, as the standard module does.
#[cfg(unix)]
unsafe fn audit(asked: &Asked) -> Outcome<()> {
    use std::ffi::c_char;
    type Audit = unsafe extern "C" fn(*const c_char, *const c_char, ...) -> c_int;
    /// Every interpreter has it, and not every version in the interface that stays the same.
    static AUDIT: std::sync::OnceLock<Option<Audit>> = std::sync::OnceLock::new();
    let audit = AUDIT.get_or_init(|| {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"PySys_Audit".as_ptr());
        // The function of this name has this type.
        (!found.is_null()).then(|| std::mem::transmute::<*mut libc::c_void, Audit>(found))
    });
    let Some(audit) = audit else { return audit_slow(asked) };
    let (event, format) = (c"mmap.__new__".as_ptr(), c"iniL".as_ptr());
    let Asked { fileno, length, access, offset, .. } = *asked;
    match audit(event, format, fileno, length, access, offset) {
        0 => Ok(()),
        _ => Err(Raised),
    }
}

#[cfg(windows)]
use audit_slow as audit;

/// Calls the hooks by `sys.audit`.
unsafe fn audit_slow(asked: &Asked) -> Outcome<()> {
    static AUDIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = Python::assume_attached();
    let Asked { fileno, length, access, offset, .. } = *asked;
    let audit = AUDIT.get_or_try_init(py, || py.import("sys")?.getattr("audit").map(Bound::unbind));
    let told =
        audit.and_then(|audit| audit.call1(py, ("mmap.__new__", fileno, length, access, offset)));
    told.map(drop).or_else(|error| restored(error))
}

impl Asked {
    /// Decides what the view may do, and what its access is called.
    unsafe fn decide(&mut self) -> Outcome<Access> {
        let both = PROT_READ | PROT_WRITE;
        if self.access != ACCESS_DEFAULT && (self.flags != MAP_SHARED || self.prot != both) {
            return value_error(c"mmap can't specify both access and flags, prot.");
        }
        match self.access {
            ACCESS_DEFAULT => {
                self.access = match self.prot & both {
                    PROT_WRITE => ACCESS_WRITE,
                    prot if prot == both => ACCESS_DEFAULT,
                    _ => ACCESS_READ,
                };
            }
            ACCESS_READ => self.prot = PROT_READ,
            ACCESS_WRITE => {}
            ACCESS_COPY => self.flags = MAP_PRIVATE,
            _ => return value_error(c"mmap invalid access parameter."),
        }
        let is_private = self.flags & 3 == MAP_PRIVATE;
        if self.flags & 3 == 0 {
            return system_error(EINVAL);
        }
        let (write, execute) = (self.prot & PROT_WRITE != 0, self.prot & PROT_EXEC != 0);
        Ok(match (write, execute, is_private) {
            (false, false, _) if self.prot & PROT_READ == 0 => Access::NoAccess,
            (false, false, _) => Access::Read,
            (false, true, _) => Access::ExecuteRead,
            (true, false, false) => Access::Write,
            (true, false, true) => Access::Copy,
            (true, true, false) => Access::ExecuteWrite,
            (true, true, true) => Access::ExecuteCopy,
        })
    }

    /// Compares the length with the file's, which a length of 0 stands for.
    unsafe fn measured(&self, file: Option<&Lent>, offset: u64) -> Outcome<usize> {
        let length = self.length.cast_unsigned();
        let Some(file) = file else { return Ok(length) };
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return system_error(error.raw_os_error().unwrap_or(EBADF)),
        };
        if !metadata.is_file() {
            return Ok(length);
        }
        let size = metadata.len();
        // Windows makes the file longer.
        let grows = cfg!(windows) && self.access != ACCESS_READ;
        match (length, size.checked_sub(offset)) {
            (0, _) if size == 0 => value_error(c"cannot mmap an empty file"),
            (0, None | Some(0)) => value_error(c"mmap offset is greater than file size"),
            (0, Some(rest)) => match isize::try_from(rest) {
                Ok(rest) => Ok(rest.cast_unsigned()),
                Err(_) => value_error(c"mmap length is too large"),
            },
            (_, Some(rest)) if rest >= length as u64 => Ok(length),
            _ if grows => Ok(length),
            _ => value_error(c"mmap length is greater than file size"),
        }
    }

    /// Maps it.
    unsafe fn mapped(
        &self,
        file: Option<&Lent>,
        access: Access,
        offset: u64,
        length: usize,
    ) -> Outcome<(View, Option<FileMapping>)> {
        let py = Python::assume_attached();
        if self.name.is_some() || cfg!(windows) {
            let asked = (self, file.cloned());
            let mapped =
                py.detach(|| asked.0.by_mapping(asked.1.as_deref(), access, offset, length));
            return match mapped {
                Ok((view, mapping)) => Ok((view, Some(mapping))),
                Err(error) => restored(crate::errors::about(py, &error, self.name.as_deref())),
            };
        }
        let mut options = View::options(access, length).offset(offset).flags(self.flags);
        if let Some(file) = file {
            options = options.file(file);
        }
        if !self.trackfd {
            options = options.without_descriptor();
        }
        // Populating pages takes long; nothing else does.
        let mapped = if self.flags == MAP_SHARED || self.flags == MAP_PRIVATE {
            options.map()
        } else {
            py.detach(|| options.map())
        };
        match mapped {
            Ok(view) => Ok((view, None)),
            Err(error) => failed(error),
        }
    }

    /// Maps it through a handle, as Windows does all of it.
    fn by_mapping(
        &self,
        file: Option<&std::fs::File>,
        access: Access,
        offset: u64,
        length: usize,
    ) -> filemap::Result<(View, FileMapping)> {
        let protection = match access {
            Access::Read => Protection::ReadOnly,
            Access::Copy => Protection::WriteCopy,
            _ => Protection::ReadWrite,
        };
        // Memory can be written, or nobody could have given it content.
        let protection = if file.is_none() { Protection::ReadWrite } else { protection };
        let mut options =
            FileMapping::options().size(offset + length as u64).protection(protection);
        if let Some(name) = &self.name {
            options = options.name(name.as_str());
        }
        if let Some(file) = file {
            options = options.file(file);
        }
        let mapping = options.create()?;
        let view = mapping.view(access).offset(offset).len(length).map()?;
        Ok((view, mapping))
    }
}
