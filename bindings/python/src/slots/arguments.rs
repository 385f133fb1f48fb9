//! The arguments of a call, as the interpreter passes them.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;

use filemap::View;
use pyo3::ffi;
use pyo3::prelude::*;

use super::object::{Outcome, Raised, Raw, given, none, raise, restored, view_of};

/// Returns a number of an argument, by its `__index__`.
#[inline(always)]
pub(super) unsafe fn number(argument: Raw) -> Outcome<isize> {
    let number = if ffi::PyLong_CheckExact(argument) != 0 {
        ffi::PyLong_AsSsize_t(argument)
    } else {
        ffi::PyNumber_AsSsize_t(argument, ffi::PyExc_OverflowError)
    };
    if number == -1 && !ffi::PyErr_Occurred().is_null() { Err(Raised) } else { Ok(number) }
}

/// Returns a number of an argument, or the default of one that was left out.
pub(super) unsafe fn number_or(argument: Raw, default: isize) -> Outcome<isize> {
    if argument.is_null() { Ok(default) } else { number(argument) }
}

/// Returns a byte of an argument.
pub(super) unsafe fn byte(argument: Raw) -> Outcome<u8> {
    match u8::try_from(number(argument)?) {
        Ok(byte) => Ok(byte),
        Err(_) => raise(ffi::PyExc_OverflowError, c"a byte is from 0 to 255"),
    }
}

/// Refuses a number of arguments that the function does not take.
#[inline(always)]
pub(super) unsafe fn count(count: ffi::Py_ssize_t, least: isize, most: isize) -> Outcome<()> {
    if count < least || count > most {
        return wrong_count(count, least, most);
    }
    Ok(())
}

#[cold]
unsafe fn wrong_count(count: isize, least: isize, most: isize) -> Outcome<()> {
    let takes = if least == most { format!("{most}") } else { format!("{least} to {most}") };
    restored(pyo3::exceptions::PyTypeError::new_err(format!(
        "expected {takes} arguments, got {count}"
    )))
}

/// The bytes of an argument: a `bytes`, which nobody changes, or any other buffer.
pub(super) struct Bytes {
    pub(super) start: *const u8,
    pub(super) len: usize,
    /// Nobody changes them.
    pub(super) fixed: bool,
    buffer: Option<Box<ffi::Py_buffer>>,
}

impl Bytes {
    #[inline(always)]
    pub(super) unsafe fn of(argument: Raw) -> Outcome<Self> {
        if ffi::PyBytes_CheckExact(argument) != 0 {
            let start = ffi::PyBytes_AsString(argument).cast_const().cast();
            let len = ffi::PyBytes_Size(argument).cast_unsigned();
            return Ok(Self { start, len, fixed: true, buffer: None });
        }
        Self::of_buffer(argument, ffi::PyBUF_SIMPLE)
    }

    #[inline(never)]
    pub(super) unsafe fn of_buffer(argument: Raw, flags: core::ffi::c_int) -> Outcome<Self> {
        let mut buffer = Box::new(ffi::Py_buffer::new());
        if ffi::PyObject_GetBuffer(argument, &raw mut *buffer, flags) != 0 {
            return Err(Raised);
        }
        let (start, len) = (buffer.buf.cast_const().cast::<u8>(), buffer.len.cast_unsigned());
        let start = if start.is_null() { ptr::dangling() } else { start };
        Ok(Self { start, len, fixed: false, buffer: Some(buffer) })
    }

    /// The bytes, while the argument lives and other code does not run.
    pub(super) unsafe fn foreign(&self) -> filemap::ForeignBytes<'_> {
        filemap::ForeignBytes::new(self.start, self.len)
    }

    /// The bytes of a `bytes`; a copy of those of another buffer.
    pub(super) unsafe fn fixed(&self) -> std::borrow::Cow<'_, [u8]> {
        if self.fixed {
            return std::slice::from_raw_parts(self.start, self.len).into();
        }
        let mut copy = Vec::with_capacity(self.len);
        // What others change meanwhile is old, new or mixed; each byte is read once.
        copy.extend((0..self.len).map(|at| self.start.add(at).read_volatile()));
        copy.into()
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(buffer) = &mut self.buffer {
            // SAFETY: it was filled by the interpreter, and the thread is attached, as it was then.
            unsafe { ffi::PyBuffer_Release(&raw mut **buffer) };
        }
    }
}

/// The names of a function's arguments, and which of them a call must have and may have by position.
pub(super) struct Parameters<const N: usize> {
    pub(super) names: [&'static str; N],
    pub(super) required: usize,
    pub(super) positional: usize,
}

impl<const N: usize> Parameters<N> {
    /// Sorts the arguments of a call by their names; null for one that was left out.
    pub(super) unsafe fn sort(
        &self,
        arguments: *const Raw,
        count: ffi::Py_ssize_t,
        names: Raw,
    ) -> Outcome<[Raw; N]> {
        let wrong = |text: String| restored(pyo3::exceptions::PyTypeError::new_err(text));
        let count = count.cast_unsigned();
        if count > self.positional {
            return wrong(format!("at most {} positional arguments, got {count}", self.positional));
        }
        let mut sorted = [ptr::null_mut(); N];
        for (at, place) in sorted.iter_mut().enumerate().take(count) {
            *place = *arguments.add(at);
        }
        let named = if names.is_null() { 0 } else { ffi::PyTuple_Size(names) };
        for at in 0..named {
            let name =
                Borrowed::from_ptr(Python::assume_attached(), ffi::PyTuple_GetItem(names, at));
            let name: String = name.extract().unwrap_or_default();
            match self.names.iter().position(|known| *known == name) {
                Some(place) if sorted[place].is_null() => {
                    sorted[place] = *arguments.add(count + at.cast_unsigned());
                }
                Some(_) => return wrong(format!("argument '{name}' is given twice")),
                None => return wrong(format!("'{name}' is an invalid keyword argument")),
            }
        }
        match sorted.iter().take(self.required).position(|argument| argument.is_null()) {
            Some(missing) => wrong(format!("missing required argument '{}'", self.names[missing])),
            None => Ok(sorted),
        }
    }
}

/// A method in safe code: of a view, and its arguments in the order of their names.
type Method<const N: usize> = for<'py> fn(
    Python<'py>,
    &Arc<View>,
    [Option<Bound<'py, PyAny>>; N],
) -> PyResult<Option<Bound<'py, PyAny>>>;

/// Calls a function of safe code with the object's view and the arguments.
pub(super) unsafe fn call<const N: usize>(
    address: Raw,
    parameters: Parameters<N>,
    (arguments, count, names): (*const Raw, ffi::Py_ssize_t, Raw),
    function: Method<N>,
) -> Raw {
    given((|| {
        let sorted = parameters.sort(arguments, count, names)?;
        let py = Python::assume_attached();
        let sorted = sorted.map(|argument| Bound::from_borrowed_ptr_or_opt(py, argument));
        // Held by a count of its own: the function may run other code.
        let view = view_of(address)?;
        match function(py, &view, sorted) {
            Ok(Some(object)) => Ok(object.into_ptr()),
            Ok(None) => Ok(none()),
            Err(error) => restored(error),
        }
    })())
}

/// A function that the interpreter calls, of a function of safe code.
macro_rules! method {
    ($name:literal, $function:path, [$($parameter:literal),*], $required:literal of $positional:literal) => {{
        unsafe extern "C" fn method(
            address: Raw,
            arguments: *const Raw,
            count: ffi::Py_ssize_t,
            names: Raw,
        ) -> Raw {
            let (names_of, required, positional) = ([$($parameter),*], $required, $positional);
            let parameters = Parameters { names: names_of, required, positional };
            call(address, parameters, (arguments, count, names), $function)
        }
        named($name, method)
    }};
}
pub(super) use method;

type Fast = unsafe extern "C" fn(Raw, *mut Raw, ffi::Py_ssize_t) -> Raw;
type Named = unsafe extern "C" fn(Raw, *const Raw, ffi::Py_ssize_t, Raw) -> Raw;
type Plain = unsafe extern "C" fn(Raw, Raw) -> Raw;

/// A method whose arguments have names.
pub(super) const fn named(name: &'static CStr, function: Named) -> ffi::PyMethodDef {
    let ml_meth = ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function };
    row(name, ml_meth, ffi::METH_FASTCALL | ffi::METH_KEYWORDS)
}

/// A method whose arguments have no names.
pub(super) const fn fast(name: &'static CStr, function: Fast) -> ffi::PyMethodDef {
    row(name, ffi::PyMethodDefPointer { PyCFunctionFast: function }, ffi::METH_FASTCALL)
}

/// A method without arguments.
pub(super) const fn bare(name: &'static CStr, function: Plain) -> ffi::PyMethodDef {
    row(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_NOARGS)
}

/// A method with one argument.
pub(super) const fn one(name: &'static CStr, function: Plain) -> ffi::PyMethodDef {
    row(name, ffi::PyMethodDefPointer { PyCFunction: function }, ffi::METH_O)
}

const fn row(
    name: &'static CStr,
    ml_meth: ffi::PyMethodDefPointer,
    ml_flags: core::ffi::c_int,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth, ml_flags, ml_doc: ptr::null() }
}
