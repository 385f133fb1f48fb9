//! Bytes by index, slice and buffer, the same for both types.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;

use filemap::{PositionedIo as _, View};
use pyo3::ffi;
use pyo3::prelude::*;

use super::arguments::{Bytes, number};
use super::object::{
    LONG, Object, Outcome, Raised, Raw, failed, given, held, raise, restored, some, type_error,
    value_error,
};

/// As many bytes are copied twice faster than the interpreter tells where a new object has them.
const SHORT: usize = 64;

/// Copies bytes out into a new `bytes`.
#[inline(always)]
pub(super) unsafe fn read(view: &Arc<View>, start: usize, len: usize) -> Outcome {
    if len == 0 {
        // Wherever it begins: a map may have become shorter than where it is read from.
        return some(ffi::PyBytes_FromStringAndSize(ptr::null(), 0));
    }
    if len <= SHORT {
        let mut buf = [0; SHORT];
        return match view.read_exact_at(&mut buf[..len], start as u64) {
            Ok(()) => some(ffi::PyBytes_FromStringAndSize(buf.as_ptr().cast(), len.cast_signed())),
            Err(error) => failed(error),
        };
    }
    let bytes = some(ffi::PyBytes_FromStringAndSize(ptr::null(), len.cast_signed()))?;
    let to: *mut MaybeUninit<u8> = ffi::PyBytes_AsString(bytes).cast();
    // Nobody else knows of the new object yet.
    let to = std::slice::from_raw_parts_mut(to, len);
    match copied_out(view, start, to) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            ffi::Py_DecRef(bytes);
            failed(error)
        }
    }
}

#[inline(always)]
unsafe fn copied_out(
    view: &Arc<View>,
    start: usize,
    to: &mut [MaybeUninit<u8>],
) -> filemap::Result<()> {
    if to.len() < LONG {
        return view.read_uninit_at(to, start as u64).map(drop);
    }
    let view = Arc::clone(view);
    let py = Python::assume_attached();
    heal();
    py.detach(|| view.read_uninit_at(to, start as u64).map(drop))
}

/// Copies bytes in.
#[inline(always)]
pub(super) unsafe fn write(view: &Arc<View>, start: usize, bytes: &Bytes) -> Outcome<()> {
    let written = if bytes.len >= LONG {
        let view = Arc::clone(view);
        let py = Python::assume_attached();
        heal();
        let foreign = Shipped(bytes.foreign());
        py.detach(move || {
            let foreign = foreign;
            view.write_foreign_at(foreign.get(), start as u64)
        })
        .map(drop)
    } else if bytes.fixed {
        let bytes = std::slice::from_raw_parts(bytes.start, bytes.len);
        view.write_all_at(bytes, start as u64)
    } else {
        view.write_foreign_at(bytes.foreign(), start as u64).map(drop)
    };
    match written {
        Ok(()) => Ok(()),
        Err(error) => failed(error),
    }
}

/// Bytes that another thread might read, which none does: a thread that lets the lock go is the same
/// afterwards.
struct Shipped<'a>(filemap::ForeignBytes<'a>);

impl<'a> Shipped<'a> {
    fn get(&self) -> filemap::ForeignBytes<'a> {
        self.0
    }
}

// SAFETY: see the type.
unsafe impl Send for Shipped<'_> {}

/// Takes the handlers of lost pages back, which a host such as `faulthandler` may have taken.
pub(super) fn heal() {
    // A process that may not handle signals could not have mapped the view.
    let _ignored = filemap::prepare_thread();
}

/// `len(view)`
pub(super) unsafe extern "C" fn length(address: Raw) -> ffi::Py_ssize_t {
    held(address, || match Object::at(address).view() {
        Ok(view) => view.len().cast_signed(),
        Err(Raised) => -1,
    })
}

/// `view[key]`
pub(super) unsafe extern "C" fn subscript(address: Raw, key: Raw) -> Raw {
    held(address, || {
        let me = Object::at(address);
        if ffi::PyLong_CheckExact(key) != 0
            && let Some(view) = &me.view
        {
            let index = ffi::PyLong_AsSsize_t(key);
            if index >= 0
                && index.cast_unsigned() < view.len()
                && let Ok(byte) = view.read::<u8>(index.cast_unsigned())
            {
                return ffi::PyLong_FromLong(byte.into());
            }
            if index == -1 && !ffi::PyErr_Occurred().is_null() {
                ffi::PyErr_Clear();
            }
        }
        if ffi::PySlice_Check(key) != 0 {
            return given(subscript_slice(address, key));
        }
        given(subscript_slow(address, key))
    })
}

#[inline(always)]
unsafe fn subscript_slice(address: Raw, key: Raw) -> Outcome {
    let slice = Slice::of(address, key)?;
    let view = Object::at(address).view()?;
    if slice.step == 1 || slice.len <= 1 {
        return read(view, slice.start, slice.len);
    }
    read_apart(view, &slice)
}

/// Copies bytes out that lie apart.
#[cold]
#[inline(never)]
unsafe fn read_apart(view: &View, slice: &Slice) -> Outcome {
    let mut bytes = Vec::with_capacity(slice.len);
    for at in slice.places() {
        match view.read::<u8>(at) {
            Ok(byte) => bytes.push(byte),
            Err(error) => return failed(error),
        }
    }
    let len = bytes.len().cast_signed();
    some(ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), len))
}

#[cold]
#[inline(never)]
unsafe fn subscript_slow(address: Raw, key: Raw) -> Outcome {
    Object::at(address).view()?;
    let at = index(address, key)?;
    match Object::at(address).view()?.read::<u8>(at) {
        Ok(byte) => some(ffi::PyLong_FromLong(byte.into())),
        Err(error) => failed(error),
    }
}

/// Returns the place of one byte.
unsafe fn index(address: Raw, key: Raw) -> Outcome<usize> {
    if ffi::PyIndex_Check(key) == 0 {
        return type_error(c"mmap indices must be integers");
    }
    let index = ffi::PyNumber_AsSsize_t(key, ffi::PyExc_IndexError);
    if index == -1 && !ffi::PyErr_Occurred().is_null() {
        return Err(Raised);
    }
    place(Object::at(address).view()?, index)
}

unsafe fn place(view: &View, index: isize) -> Outcome<usize> {
    let len = view.len();
    let at = if index < 0 { len.checked_add_signed(index) } else { Some(index.cast_unsigned()) };
    match at.filter(|at| *at < len) {
        Some(at) => Ok(at),
        None => raise(ffi::PyExc_IndexError, c"mmap index out of range"),
    }
}

/// The places of a slice.
struct Slice {
    start: usize,
    step: isize,
    len: usize,
}

impl Slice {
    #[inline(always)]
    unsafe fn of(address: Raw, key: Raw) -> Outcome<Self> {
        let (mut start, mut stop, mut step) = (0, 0, 0);
        if ffi::PySlice_Unpack(key, &raw mut start, &raw mut stop, &raw mut step) < 0 {
            return Err(Raised);
        }
        let len = Object::at(address).view()?.len().cast_signed();
        let len = ffi::PySlice_AdjustIndices(len, &raw mut start, &raw mut stop, step);
        Ok(Self { start: start.max(0).cast_unsigned(), step, len: len.cast_unsigned() })
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        let (start, step) = (self.start, self.step);
        (0..self.len).map(move |at| start.wrapping_add_signed(step.wrapping_mul(at.cast_signed())))
    }
}

/// `view[key] = value`
pub(super) unsafe extern "C" fn assign(address: Raw, key: Raw, value: Raw) -> c_int {
    held(address, || {
        let me = Object::at(address);
        if !me.readonly
            && !value.is_null()
            && ffi::PyLong_CheckExact(key) != 0
            && ffi::PyLong_CheckExact(value) != 0
            && let Some(view) = &me.view
        {
            let index = ffi::PyLong_AsSsize_t(key);
            let byte = ffi::PyLong_AsSsize_t(value);
            if index >= 0
                && index.cast_unsigned() < view.len()
                && let Ok(byte) = u8::try_from(byte)
                && view.write(index.cast_unsigned(), &byte).is_ok()
            {
                return 0;
            }
            if (index == -1 || byte == -1) && !ffi::PyErr_Occurred().is_null() {
                ffi::PyErr_Clear();
            }
        }
        let assigned = if !value.is_null() && ffi::PySlice_Check(key) != 0 {
            assign_slice(address, key, value)
        } else {
            assign_slow(address, key, value)
        };
        match assigned {
            Ok(()) => 0,
            Err(Raised) => -1,
        }
    })
}

#[inline(always)]
unsafe fn assign_slice(address: Raw, key: Raw, value: Raw) -> Outcome<()> {
    Object::at(address).writable()?;
    let bytes = Bytes::of(value)?;
    // The buffer may be given by code that has closed or resized the view.
    let slice = Slice::of(address, key)?;
    let view = Object::at(address).view()?;
    if bytes.len != slice.len {
        return raise(ffi::PyExc_IndexError, c"mmap slice assignment is wrong size");
    }
    if slice.step == 1 {
        write(view, slice.start, &bytes)
    } else {
        write_apart(view, &slice, &bytes)
    }
}

/// Copies bytes in that are to lie apart.
#[cold]
#[inline(never)]
unsafe fn write_apart(view: &View, slice: &Slice, bytes: &Bytes) -> Outcome<()> {
    for (at, byte) in slice.places().zip(bytes.fixed().iter()) {
        if let Err(error) = view.write(at, byte) {
            return failed(error);
        }
    }
    Ok(())
}

#[cold]
#[inline(never)]
unsafe fn assign_slow(address: Raw, key: Raw, value: Raw) -> Outcome<()> {
    Object::at(address).writable()?;
    if value.is_null() {
        return type_error(if ffi::PySlice_Check(key) != 0 {
            c"mmap object doesn't support slice deletion"
        } else {
            c"mmap object doesn't support item deletion"
        });
    }
    let at = index(address, key)?;
    let byte = item_byte(value)?;
    // Both may have run code that closed or resized the view.
    let at = place(Object::at(address).view()?, at.cast_signed())?;
    match Object::at(address).writable()?.write(at, &byte) {
        Ok(()) => Ok(()),
        Err(error) => failed(error),
    }
}

unsafe fn item_byte(value: Raw) -> Outcome<u8> {
    if ffi::PyIndex_Check(value) == 0 {
        return type_error(c"mmap item value must be an int");
    }
    let number = ffi::PyNumber_AsSsize_t(value, ffi::PyExc_TypeError);
    if number == -1 && !ffi::PyErr_Occurred().is_null() {
        return Err(Raised);
    }
    match u8::try_from(number) {
        Ok(byte) => Ok(byte),
        Err(_) => value_error(c"mmap item value must be in range(0, 256)"),
    }
}

/// `iter(view)`, which asks for one item after another: a `bytes` of one byte, as the standard module
/// gives.
pub(super) unsafe extern "C" fn item(address: Raw, index: ffi::Py_ssize_t) -> Raw {
    held(address, || {
        given((|| {
            let view = Object::at(address).view()?;
            let at = place(view, index)?;
            match view.read::<u8>(at) {
                Ok(byte) => some(ffi::PyBytes_FromStringAndSize((&raw const byte).cast(), 1)),
                Err(error) => failed(error),
            }
        })())
    })
}

/// Has zeros put in place of lost pages of an `mmap`, as soon as somebody is to have the address. Before
/// that nobody can touch one without being told, and accesses need not look for zeros. A `View`, which
/// atomic numbers share, has it from the start.
#[cold]
unsafe fn prepare_to_lend(address: Raw) -> Outcome<()> {
    let py = Python::assume_attached();
    loop {
        Object::at(address).view()?;
        if let Some(view) = Object::at(address).view.as_mut().and_then(Arc::get_mut) {
            if let Err(error) = crate::losses::replace(view) {
                return failed(error);
            }
            return Ok(());
        }
        // Another thread copies much of it at the moment, without the lock.
        py.detach(|| std::thread::sleep(std::time::Duration::from_micros(100)));
        if let Err(error) = py.check_signals() {
            return restored(error);
        }
    }
}

/// Lends the bytes.
///
/// A page that is lost is no error here: who asks would say that this is no buffer. What is lent
/// reads as zeros then.
pub(super) unsafe extern "C" fn lend(
    address: Raw,
    buffer: *mut ffi::Py_buffer,
    flags: c_int,
) -> c_int {
    held(address, || {
        let me = Object::at(address);
        if me.is_mmap && !me.is_whole && !me.was_lent && prepare_to_lend(address).is_err() {
            return -1;
        }
        let me = Object::at(address);
        let Ok(view) = me.view() else { return -1 };
        if !me.is_whole {
            heal();
        }
        let (start, len) = (view.as_ptr().cast(), view.len().cast_signed());
        let readonly = c_int::from(me.readonly);
        let lent = ffi::PyBuffer_FillInfo(buffer, address, start, len, readonly, flags);
        if lent == 0 {
            me.exports += 1;
            me.was_lent = true;
        }
        lent
    })
}

/// Takes a buffer back.
pub(super) unsafe extern "C" fn take_back(address: Raw, _buffer: *mut ffi::Py_buffer) {
    held(address, || {
        Object::at(address).exports -= 1;
    });
}

/// Which end a search begins at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// `view.find(sub, start, end)`
pub(super) unsafe fn search(address: Raw, arguments: &[Raw], default: usize, from: End) -> Outcome {
    let bytes = Bytes::of(arguments[0])?;
    let mut bounds = [default.cast_signed(), isize::MAX];
    for (bound, argument) in bounds.iter_mut().zip(&arguments[1..]) {
        if *argument != ffi::Py_None() {
            *bound = number(*argument)?;
        }
    }
    let view = Object::at(address).view()?;
    let len = view.len().cast_signed();
    if bounds[0] > len && finds_nothing_past_the_end() {
        return some(ffi::PyLong_FromLong(-1));
    }
    let [start, end] = bounds
        .map(|bound| if bound < 0 { (bound + len).max(0) } else { bound.min(len) }.cast_unsigned());
    if start > end {
        return some(ffi::PyLong_FromLong(-1));
    }
    let (view, sought) = (Arc::clone(view), bytes.fixed());
    let find = || match from {
        End::First => view.find(start..end, &sought),
        End::Last => view.rfind(start..end, &sought),
    };
    let found = if end - start < LONG { find() } else { Python::assume_attached().detach(find) };
    match found {
        Ok(found) => some(ffi::PyLong_FromSsize_t(found.map_or(-1, usize::cast_signed))),
        Err(error) => failed(error),
    }
}

/// Whether the standard module finds nothing from past the end on, as `bytes` has it, not even no bytes.
#[cold]
unsafe fn finds_nothing_past_the_end() -> bool {
    Python::assume_attached().version_info() >= (3, 15)
}

/// `view.lost`
pub(super) unsafe extern "C" fn lost(address: Raw, _: *mut c_void) -> Raw {
    held(address, || {
        given((|| {
            let lost = crate::losses::lost(Object::at(address).view()?);
            match lost.into_pyobject(Python::assume_attached()) {
                Ok(list) => Ok(list.into_ptr()),
                Err(error) => restored(error),
            }
        })())
    })
}

/// `view.restore()`
pub(super) unsafe extern "C" fn restore(address: Raw, _: Raw) -> Raw {
    held(address, || {
        given((|| {
            let view = Arc::clone(Object::at(address).view()?);
            let py = Python::assume_attached();
            let list = crate::losses::restore(py, &view).and_then(|list| list.into_pyobject(py));
            match list {
                Ok(list) => Ok(list.into_ptr()),
                Err(error) => restored(error),
            }
        })())
    })
}
