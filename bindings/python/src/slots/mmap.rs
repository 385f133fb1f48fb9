//! `filemap.mmap.mmap`: the type of the standard module.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;

use filemap::{Flush, SystemAdvice};
use pyo3::ffi;
use pyo3::prelude::*;

use super::arguments::{Bytes, Parameters, bare, byte, count, fast, named, number, number_or, one};
use super::bytes::{self, End};
use super::object::{
    Backing, Object, Outcome, Raised, Raw, add_type, dealloc, failed, given, held, members, none,
    raise, slot, some, system_error, value_error,
};
use super::open::{self, ACCESS_COPY, ACCESS_READ};
use super::resize::{file_of, resize};

const EINVAL: i32 = 22;
const EBADF: i32 = 9;

pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // The interpreter keeps all three tables as long as the type.
    let methods = Box::leak(Box::new(methods()));
    let members = Box::leak(Box::new(members()));
    let getters = Box::leak(Box::new(getters()));
    let mut slots = [
        slot(ffi::Py_tp_new, open::new as *mut c_void),
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, getters.as_mut_ptr().cast()),
        slot(ffi::Py_sq_length, bytes::length as *mut c_void),
        slot(ffi::Py_sq_item, bytes::item as *mut c_void),
        slot(ffi::Py_mp_length, bytes::length as *mut c_void),
        slot(ffi::Py_mp_subscript, bytes::subscript as *mut c_void),
        slot(ffi::Py_mp_ass_subscript, bytes::assign as *mut c_void),
        slot(ffi::Py_bf_getbuffer, bytes::lend as *mut c_void),
        slot(ffi::Py_bf_releasebuffer, bytes::take_back as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE;
    // SAFETY: the tables have the functions that their rows are for, and end.
    unsafe { add_type(module, c"mmap", c"filemap.mmap.mmap", flags, &mut slots) }.map(drop)
}

fn methods() -> [ffi::PyMethodDef; 23] {
    [
        bare(c"close", close),
        fast(c"find", find),
        fast(c"rfind", rfind),
        named(c"flush", flush),
        fast(c"madvise", madvise),
        fast(c"move", move_),
        fast(c"read", read),
        bare(c"read_byte", read_byte),
        bare(c"readline", readline),
        one(c"resize", resize_),
        fast(c"seek", seek),
        bare(c"seekable", seekable),
        one(c"set_name", set_name),
        bare(c"size", size),
        bare(c"tell", tell),
        one(c"write", write),
        one(c"write_byte", write_byte),
        bare(c"__enter__", enter),
        fast(c"__exit__", exit),
        bare(c"restore", bytes::restore),
        bare(c"__sizeof__", sizeof),
        ffi::PyMethodDef::zeroed(),
        ffi::PyMethodDef::zeroed(),
    ]
}

fn getters() -> [ffi::PyGetSetDef; 4] {
    let getter = |name: &'static std::ffi::CStr, get| ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        ..ffi::PyGetSetDef::default()
    };
    [
        getter(c"closed", closed as ffi::getter),
        getter(c"lost", bytes::lost),
        getter(c"_named", has_name),
        ffi::PyGetSetDef::default(),
    ]
}

unsafe extern "C" fn closed(address: Raw, _: *mut c_void) -> Raw {
    held(address, || ffi::PyBool_FromLong(Object::at(address).view.is_none().into()))
}

unsafe extern "C" fn has_name(address: Raw, _: *mut c_void) -> Raw {
    held(address, || {
        let me = Object::at(address);
        let named = me.details.as_ref().and_then(|details| details.named.as_ref());
        ffi::PyBool_FromLong(named.is_some_and(|named| named.name().is_some()).into())
    })
}

unsafe extern "C" fn close(address: Raw, _: Raw) -> Raw {
    held(address, || given(close_(address)))
}

unsafe fn close_(address: Raw) -> Outcome {
    let me = Object::at(address);
    if me.exports > 0 && me.view.is_some() {
        return raise(ffi::PyExc_BufferError, c"cannot close exported pointers exist");
    }
    me.close();
    Ok(none())
}

unsafe extern "C" fn enter(address: Raw, _: Raw) -> Raw {
    held(address, || {
        given(Object::at(address).view().map(|_| {
            ffi::Py_IncRef(address);
            address
        }))
    })
}

unsafe extern "C" fn exit(address: Raw, _: *mut Raw, _: ffi::Py_ssize_t) -> Raw {
    held(address, || given(close_(address)))
}

unsafe extern "C" fn find(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || given(search(address, arguments, n, End::First)))
}

unsafe extern "C" fn rfind(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || given(search(address, arguments, n, End::Last)))
}

unsafe fn search(address: Raw, arguments: *const Raw, n: ffi::Py_ssize_t, end: End) -> Outcome {
    count(n, 1, 3)?;
    let me = Object::at(address);
    me.view()?;
    let arguments = std::slice::from_raw_parts(arguments, n.cast_unsigned());
    bytes::search(address, arguments, me.position, end)
}

unsafe extern "C" fn flush(
    address: Raw,
    arguments: *const Raw,
    n: ffi::Py_ssize_t,
    names: Raw,
) -> Raw {
    held(address, || {
        const MS_ASYNC: isize = 1;
        let parameters =
            Parameters { names: ["offset", "size", "flags"], required: 0, positional: 2 };
        given((|| {
            let [offset, size, flags] = parameters.sort(arguments, n, names)?;
            let len = Object::at(address).view()?.len();
            let offset = number_or(offset, 0)?;
            let size = number_or(size, len.cast_signed().saturating_sub(offset))?;
            let flags = number_or(flags, 0)?;
            let view = Arc::clone(Object::at(address).view()?);
            let range = match (usize::try_from(offset), usize::try_from(size)) {
                (Ok(offset), Ok(size))
                    if view.len().checked_sub(offset).is_some_and(|rest| rest >= size) =>
                {
                    offset..offset + size
                }
                _ => return value_error(c"flush values out of range"),
            };
            if cfg!(unix) && (range.start % filemap::page_size() != 0 || !(0..8).contains(&flags)) {
                return system_error(EINVAL);
            }
            let access = Object::at(address).details()?.access;
            if access == ACCESS_READ || access == ACCESS_COPY {
                return Ok(none());
            }
            let level = if flags & MS_ASYNC == 0 { Flush::Durable } else { Flush::Start };
            match Python::assume_attached().detach(|| view.flush(range, level)) {
                Ok(()) => Ok(none()),
                Err(error) => failed(error),
            }
        })())
    })
}

unsafe extern "C" fn madvise(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || {
        given((|| {
            count(n, 1, 3)?;
            let option = number(*arguments)?;
            let start = if n > 1 { number(*arguments.add(1))? } else { 0 };
            let length = if n > 2 { Some(number(*arguments.add(2))?) } else { None };
            let view = Arc::clone(Object::at(address).view()?);
            let len = view.len().cast_signed();
            if start < 0 || start >= len {
                return value_error(c"madvise start out of bounds");
            }
            let length = length.unwrap_or(len);
            if length < 0 {
                return value_error(c"madvise length invalid");
            }
            if isize::MAX - start < length {
                return raise(ffi::PyExc_OverflowError, c"madvise length too large");
            }
            let range = start.cast_unsigned()..len.min(start + length).cast_unsigned();
            let Ok(option) = i32::try_from(option) else { return system_error(EINVAL) };
            if range.start % filemap::page_size() != 0 {
                return system_error(EINVAL);
            }
            // What takes pages away is asked for by the number that says so, as in the standard module.
            let advice = SystemAdvice::new(option);
            match Python::assume_attached().detach(|| view.advise_as(range, advice)) {
                Ok(()) => Ok(none()),
                Err(error) => failed(error),
            }
        })())
    })
}

unsafe extern "C" fn move_(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || {
        given((|| {
            count(n, 3, 3)?;
            let [to, from, len] = [0, 1, 2].map(|at| *arguments.add(at));
            let (to, from, len) = (number(to)?, number(from)?, number(len)?);
            let view = Object::at(address).writable()?;
            let whole = view.len().cast_signed();
            if to < 0 || from < 0 || len < 0 || whole - to < len || whole - from < len {
                return value_error(c"source, destination, or count out of range");
            }
            let [to, from, len] = [to, from, len].map(isize::cast_unsigned);
            match view.copy_from(to, view, from, len) {
                Ok(()) => Ok(none()),
                Err(error) => failed(error),
            }
        })())
    })
}

unsafe extern "C" fn read(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || {
        given((|| {
            count(n, 0, 1)?;
            let wanted = match n {
                1 if *arguments != ffi::Py_None() => number(*arguments)?,
                _ => -1,
            };
            let me = Object::at(address);
            let view = me.view()?;
            let rest = view.len().saturating_sub(me.position);
            let len = usize::try_from(wanted).map_or(rest, |wanted| wanted.min(rest));
            let bytes = bytes::read(view, me.position, len)?;
            // Another thread may have read as well, while a long copy was made.
            Object::at(address).position += len;
            Ok(bytes)
        })())
    })
}

unsafe extern "C" fn read_byte(address: Raw, _: Raw) -> Raw {
    held(address, || {
        given((|| {
            let me = Object::at(address);
            let view = me.view()?;
            if me.position >= view.len() {
                return value_error(c"read byte out of range");
            }
            match view.read::<u8>(me.position) {
                Ok(byte) => {
                    me.position += 1;
                    some(ffi::PyLong_FromLong(byte.into()))
                }
                Err(error) => failed(error),
            }
        })())
    })
}

unsafe extern "C" fn readline(address: Raw, _: Raw) -> Raw {
    held(address, || {
        given((|| {
            let me = Object::at(address);
            let view = me.view()?;
            let start = me.position.min(view.len());
            let end = match view.find(start.., b"\n") {
                Ok(found) => found.map_or(view.len(), |at| at + 1),
                Err(error) => return failed(error),
            };
            let line = bytes::read(view, start, end - start)?;
            Object::at(address).position = end;
            Ok(line)
        })())
    })
}

unsafe extern "C" fn write(address: Raw, argument: Raw) -> Raw {
    held(address, || {
        given((|| {
            let me = Object::at(address);
            me.writable()?;
            let bytes = Bytes::of(argument)?;
            let me = Object::at(address);
            let (position, view) = (me.position, me.writable()?);
            if view.len().checked_sub(position).is_none_or(|rest| rest < bytes.len) {
                return value_error(c"data out of range");
            }
            bytes::write(view, position, &bytes)?;
            Object::at(address).position = position + bytes.len;
            some(ffi::PyLong_FromSsize_t(bytes.len.cast_signed()))
        })())
    })
}

unsafe extern "C" fn write_byte(address: Raw, argument: Raw) -> Raw {
    held(address, || {
        given((|| {
            let byte = byte(argument)?;
            let me = Object::at(address);
            let position = me.position;
            let view = me.writable()?;
            if position >= view.len() {
                return value_error(c"write byte out of range");
            }
            match view.write(position, &byte) {
                Ok(()) => {
                    me.position = position + 1;
                    Ok(none())
                }
                Err(error) => failed(error),
            }
        })())
    })
}

unsafe extern "C" fn resize_(address: Raw, argument: Raw) -> Raw {
    held(address, || given(number(argument).and_then(|len| resize(address, len)).map(|()| none())))
}

unsafe extern "C" fn seek(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || {
        given((|| {
            count(n, 1, 2)?;
            let distance = number(*arguments)?;
            let whence = if n > 1 { number(*arguments.add(1))? } else { 0 };
            let me = Object::at(address);
            let len = me.view()?.len();
            let from = match whence {
                0 => 0,
                1 => me.position,
                2 => len,
                _ => return value_error(c"unknown seek type"),
            };
            match from.checked_add_signed(distance).filter(|at| *at <= len) {
                Some(at) => me.position = at,
                None => return value_error(c"seek out of range"),
            }
            some(ffi::PyLong_FromSsize_t(me.position.cast_signed()))
        })())
    })
}

unsafe extern "C" fn seekable(_: Raw, _: Raw) -> Raw {
    ffi::PyBool_FromLong(1)
}

unsafe extern "C" fn tell(address: Raw, _: Raw) -> Raw {
    held(address, || {
        let me = Object::at(address);
        given(me.view().and_then(|_| some(ffi::PyLong_FromSsize_t(me.position.cast_signed()))))
    })
}

unsafe extern "C" fn size(address: Raw, _: Raw) -> Raw {
    held(address, || {
        given((|| {
            let me = Object::at(address);
            let mapped = me.view()?.len() as u64;
            let details = me.details()?;
            let size = match details.backing {
                Backing::Untracked if Python::assume_attached().version_info() < (3, 15) => {
                    return system_error(EBADF);
                }
                Backing::Untracked => return value_error(c"can't get size with trackfd=False"),
                Backing::Memory => match &details.file {
                    None => Ok(mapped),
                    Some(file) => file.metadata().map(|metadata| metadata.len()),
                },
                Backing::Descriptor => match file_of(me.view()?) {
                    None => Ok(mapped),
                    Some(file) => file.metadata().map(|metadata| metadata.len()),
                },
            };
            match size {
                Ok(size) => some(ffi::PyLong_FromUnsignedLongLong(size)),
                Err(error) => system_error(error.raw_os_error().unwrap_or(EINVAL)),
            }
        })())
    })
}

/// Gives anonymous memory a name that `/proc/self/maps` shows.
unsafe extern "C" fn set_name(address: Raw, argument: Raw) -> Raw {
    held(address, || {
        /// The longest name of the kernel, and what the interpreter sets before it.
        const LONGEST: usize = 80;
        const PREFIX: &str = "cpython:mmap:";
        given((|| {
            let py = Python::assume_attached();
            let name: String = match Borrowed::from_ptr(py, argument).extract() {
                Ok(name) => name,
                Err(error) => return super::object::restored(error),
            };
            let me = Object::at(address);
            let view = Arc::clone(me.view()?);
            if name.len() + PREFIX.len() >= LONGEST {
                return value_error(c"name is too long");
            }
            let Ok(name) = std::ffi::CString::new(format!("{PREFIX}{name}")) else {
                return value_error(c"embedded null character");
            };
            if me.details()?.flags & MAP_ANONYMOUS == 0 || me.details()?.named.is_some() {
                return value_error(c"Cannot set annotation on non-anonymous mappings");
            }
            match annotate(view.as_ptr(), view.len(), &name) {
                Ok(()) => Ok(none()),
                Err(error) => system_error(error.raw_os_error().unwrap_or(EINVAL)),
            }
        })())
    })
}

const MAP_ANONYMOUS: c_int = 0x20;

#[cfg(target_os = "linux")]
unsafe fn annotate(start: *mut u8, len: usize, name: &std::ffi::CStr) -> std::io::Result<()> {
    let len = len.next_multiple_of(filemap::page_size());
    // The kernel changes nothing but the name of these pages, which it copies.
    match libc::prctl(libc::PR_SET_VMA, libc::PR_SET_VMA_ANON_NAME, start, len, name.as_ptr()) {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
unsafe fn annotate(_: *mut u8, _: usize, _: &std::ffi::CStr) -> std::io::Result<()> {
    Err(std::io::Error::from_raw_os_error(EINVAL))
}

unsafe extern "C" fn sizeof(_: Raw, _: Raw) -> Raw {
    ffi::PyLong_FromSsize_t(size_of::<Object>().cast_signed())
}

unsafe extern "C" fn repr(address: Raw) -> Raw {
    held(address, || {
        let me = Object::at(address);
        let py = Python::assume_attached();
        let class = ffi::Py_TYPE(address);
        let name: PyResult<String> = Borrowed::from_ptr(py, class.cast())
            .getattr("__name__")
            .and_then(|name| name.extract());
        let name = name.unwrap_or_default();
        // As the standard type is called.
        let name = if name == "mmap" { "mmap.mmap" } else { &name };
        let text = match (&me.view, &me.details) {
            (Some(view), Some(details)) => {
                let access = match details.access {
                    1 => "ACCESS_READ",
                    2 => "ACCESS_WRITE",
                    3 => "ACCESS_COPY",
                    _ => "ACCESS_DEFAULT",
                };
                let (len, at, offset) = (view.len(), me.position, details.offset);
                format!(
                    "<{name} closed=False, access={access}, length={len}, pos={at}, offset={offset}>"
                )
            }
            _ => format!("<{name} closed=True>"),
        };
        given(text.into_pyobject(py).map(|text| text.into_ptr()).map_err(|_| Raised))
    })
}
