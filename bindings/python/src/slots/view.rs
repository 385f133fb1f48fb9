//! `filemap.View`: the bytes of a mapping.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use pyo3::ffi;
use pyo3::prelude::*;

use super::arguments::{Parameters, bare, call, count, fast, method, named};
use super::bytes::{self, End};
use super::class::CLASS;
use super::object::{
    Object, Outcome, Raw, add_type, dealloc, given, held, members, none, slot, some,
};
use crate::view;

pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // The interpreter keeps all three tables as long as the type.
    let methods = Box::leak(Box::new(methods()));
    let members = Box::leak(Box::new(members()));
    let getters = Box::leak(Box::new(getters()));
    let mut slots = [
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, getters.as_mut_ptr().cast()),
        slot(ffi::Py_mp_length, bytes::length as *mut c_void),
        slot(ffi::Py_mp_subscript, bytes::subscript as *mut c_void),
        slot(ffi::Py_mp_ass_subscript, bytes::assign as *mut c_void),
        slot(ffi::Py_bf_getbuffer, bytes::lend as *mut c_void),
        slot(ffi::Py_bf_releasebuffer, bytes::take_back as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
    // SAFETY: the tables have the functions that their rows are for, and end.
    let class = unsafe { add_type(module, c"View", c"filemap.View", flags, &mut slots) }?;
    // Once per process, whatever modules are made.
    let _first = CLASS.set(module.py(), class);
    Ok(())
}

fn methods() -> [ffi::PyMethodDef; 25] {
    [
        bare(c"close", close),
        bare(c"__enter__", enter),
        fast(c"__exit__", exit),
        fast(c"find", find),
        fast(c"rfind", rfind),
        method!(c"read_at", view::read_at, ["offset", "size"], 2 of 2),
        method!(c"readinto_at", view::readinto_at, ["offset", "buffer"], 2 of 2),
        method!(c"write_at", view::write_at, ["offset", "data"], 2 of 2),
        method!(c"unpack", view::unpack, ["format", "offset"], 1 of 2),
        method!(c"load", view::load, ["kind", "offset"], 2 of 2),
        method!(c"store", view::store, ["kind", "offset", "value"], 3 of 3),
        method!(c"atomic", view::atomic, ["kind", "offset"], 2 of 2),
        method!(c"fill", view::fill, ["offset", "size", "byte"], 2 of 3),
        method!(c"copy", view::copy, ["to", "source", "at", "size"], 4 of 4),
        method!(c"compare", view::compare, ["offset", "data"], 2 of 2),
        method!(c"flush", view::flush, ["offset", "size", "level"], 0 of 2),
        method!(c"advise", view::advise, ["advice", "offset", "size"], 1 of 3),
        method!(c"prefetch", view::prefetch, ["offset", "size"], 0 of 2),
        method!(c"discard", view::discard, ["offset", "size"], 0 of 2),
        method!(c"lock", view::lock, ["offset", "size"], 0 of 2),
        method!(c"unlock", view::unlock, ["offset", "size"], 0 of 2),
        bare(c"restore", bytes::restore),
        named(c"pack", pack),
        ffi::PyMethodDef::zeroed(),
        ffi::PyMethodDef::zeroed(),
    ]
}

fn getters() -> [ffi::PyGetSetDef; 6] {
    let getter = |name: &'static std::ffi::CStr, get| ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        ..ffi::PyGetSetDef::default()
    };
    [
        getter(c"closed", closed as ffi::getter),
        getter(c"readonly", readonly),
        getter(c"offset", offset),
        getter(c"access", access),
        getter(c"lost", bytes::lost),
        ffi::PyGetSetDef::default(),
    ]
}

unsafe extern "C" fn closed(address: Raw, _: *mut c_void) -> Raw {
    held(address, || ffi::PyBool_FromLong(Object::at(address).view.is_none().into()))
}

unsafe extern "C" fn readonly(address: Raw, _: *mut c_void) -> Raw {
    held(address, || ffi::PyBool_FromLong(Object::at(address).readonly.into()))
}

unsafe extern "C" fn offset(address: Raw, _: *mut c_void) -> Raw {
    held(address, || {
        given((|| some(ffi::PyLong_FromUnsignedLongLong(Object::at(address).view()?.offset())))())
    })
}

unsafe extern "C" fn access(address: Raw, _: *mut c_void) -> Raw {
    held(address, || {
        given((|| {
            let access = Object::at(address).view()?.access();
            let py = Python::assume_attached();
            match crate::words::of(py, "Access", &format!("{access:?}")) {
                Ok(access) => Ok(access.into_ptr()),
                Err(error) => super::object::restored(error),
            }
        })())
    })
}

unsafe extern "C" fn close(address: Raw, _: Raw) -> Raw {
    held(address, || {
        Object::at(address).close();
        none()
    })
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
    held(address, || {
        Object::at(address).close();
        none()
    })
}

unsafe extern "C" fn find(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || given(search(address, arguments, n, End::First)))
}

unsafe extern "C" fn rfind(address: Raw, arguments: *mut Raw, n: ffi::Py_ssize_t) -> Raw {
    held(address, || given(search(address, arguments, n, End::Last)))
}

unsafe fn search(address: Raw, arguments: *const Raw, n: ffi::Py_ssize_t, end: End) -> Outcome {
    count(n, 1, 3)?;
    let arguments = std::slice::from_raw_parts(arguments, n.cast_unsigned());
    bytes::search(address, arguments, 0, end)
}

/// `view.pack(format, offset, *values)`
unsafe extern "C" fn pack(
    address: Raw,
    arguments: *const Raw,
    n: ffi::Py_ssize_t,
    names: Raw,
) -> Raw {
    held(address, || {
        given((|| {
            if !names.is_null() {
                return super::object::type_error(c"pack takes no keyword arguments");
            }
            count(n, 2, isize::MAX)?;
            let py = Python::assume_attached();
            let view = Arc::clone(Object::at(address).view()?);
            let arguments = std::slice::from_raw_parts(arguments, n.cast_unsigned());
            let arguments =
                arguments.iter().map(|argument| Bound::from_borrowed_ptr(py, *argument));
            match view::pack(py, &view, arguments.collect()) {
                Ok(()) => Ok(none()),
                Err(error) => super::object::restored(error),
            }
        })())
    })
}

unsafe extern "C" fn repr(address: Raw) -> Raw {
    held(address, || {
        let py = Python::assume_attached();
        let text = match &Object::at(address).view {
            Some(view) => {
                let (access, offset, len) = (view.access(), view.offset(), view.len());
                format!("<filemap.View of {len} bytes at {offset} to {access}>")
            }
            None => "<filemap.View, closed>".to_owned(),
        };
        given(text.into_pyobject(py).map(|text| text.into_ptr()).map_err(|_| super::object::Raised))
    })
}
