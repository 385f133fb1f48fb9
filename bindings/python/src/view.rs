//! What a view does besides single bytes, slices and buffers.

use std::ops::Range;
use std::sync::Arc;

use filemap::{Flush, PositionedIo as _, View};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::atomic::Atomic;
use crate::errors::OrRaise as _;
use crate::slots::{Foreign, view_of};
use crate::words;

/// What a method was given, in the order of the names.
type Arguments<'py, const N: usize> = [Option<Bound<'py, PyAny>>; N];

/// What it returns: nothing is `None`.
type Returned<'py> = PyResult<Option<Bound<'py, PyAny>>>;

/// Returns an argument, or the default of one that was left out or is `None`.
fn or<'py, T: for<'a> FromPyObject<'a, 'py, Error: Into<PyErr>>>(
    argument: Option<&Bound<'py, PyAny>>,
    default: T,
) -> PyResult<T> {
    match argument.filter(|argument| !argument.is_none()) {
        Some(argument) => argument.extract().map_err(Into::into),
        None => Ok(default),
    }
}

/// Returns an argument that the call has.
fn given<'a, 'py>(argument: &'a Option<Bound<'py, PyAny>>) -> PyResult<&'a Bound<'py, PyAny>> {
    argument.as_ref().ok_or_else(|| PyTypeError::new_err("an argument is missing"))
}

/// Returns the range of an offset and a size, which reaches to the end if there is none.
fn range(
    view: &View,
    offset: Option<&Bound<'_, PyAny>>,
    size: Option<&Bound<'_, PyAny>>,
) -> PyResult<Range<usize>> {
    let offset = or(offset, 0)?;
    let size = or(size, view.len().saturating_sub(offset))?;
    within(view, offset, size)?;
    Ok(offset..offset + size)
}

/// Refuses bytes that the view does not have.
fn within(view: &View, offset: usize, size: usize) -> PyResult<()> {
    if view.len().checked_sub(offset).is_some_and(|rest| rest >= size) {
        return Ok(());
    }
    Err(PyIndexError::new_err(format!(
        "{size} bytes at {offset} are not in the view, which has {}",
        view.len()
    )))
}

pub(crate) fn read_at<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [offset, size]: Arguments<'py, 2>,
) -> Returned<'py> {
    let (offset, size): (usize, usize) = (given(&offset)?.extract()?, given(&size)?.extract()?);
    within(view, offset, size)?;
    let bytes =
        PyBytes::new_with(py, size, |to| view.read_exact_at(to, offset as u64).or_raise(py))?;
    Ok(Some(bytes.into_any()))
}

pub(crate) fn readinto_at<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [offset, buffer]: Arguments<'py, 2>,
) -> Returned<'py> {
    let offset: usize = given(&offset)?.extract()?;
    let to = Foreign::writable(given(&buffer)?)?;
    let size = to.len().min(view.len().saturating_sub(offset));
    let (mut at, mut piece) = (0, [0; 4096]);
    // By pieces: nobody may be given a reference to bytes that other threads change.
    while at < size {
        let piece = &mut piece[..(size - at).min(4096)];
        view.read_exact_at(piece, (offset + at) as u64).or_raise(py)?;
        to.store(at, piece);
        at += piece.len();
    }
    Ok(Some(size.into_pyobject(py)?.into_any()))
}

pub(crate) fn write_at<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [offset, data]: Arguments<'py, 2>,
) -> Returned<'py> {
    let (offset, data) = (given(&offset)?.extract()?, Foreign::of(given(&data)?)?);
    within(view, offset, data.len())?;
    let written = view.write_foreign_at(data.bytes(), offset as u64).or_raise(py)?;
    Ok(Some(written.into_pyobject(py)?.into_any()))
}

pub(crate) fn unpack<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [format, offset]: Arguments<'py, 2>,
) -> Returned<'py> {
    let (format, offset) = (given(&format)?, or(offset.as_ref(), 0_usize)?);
    let module = py.import("struct")?;
    let size: usize = module.call_method1("calcsize", (format,))?.extract()?;
    within(view, offset, size)?;
    let mut bytes = vec![0; size];
    view.read_exact_at(&mut bytes, offset as u64).or_raise(py)?;
    module.call_method1("unpack", (format, PyBytes::new(py, &bytes))).map(Some)
}

/// `view.pack(format, offset, *values)`
pub(crate) fn pack(
    py: Python<'_>,
    view: &Arc<View>,
    mut arguments: Vec<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let offset: usize = arguments.remove(1).extract()?;
    let packed = py.import("struct")?.getattr("pack")?.call1(PyTuple::new(py, arguments)?)?;
    let packed = packed.cast::<PyBytes>()?;
    within(view, offset, packed.as_bytes().len())?;
    view.write_all_at(packed.as_bytes(), offset as u64).or_raise(py)
}

/// Does the same for each kind of number.
macro_rules! for_kind {
    ($kind:expr, $number:ident, $does:expr) => {
        match $kind {
            "u8" => {
                type $number = u8;
                $does
            }
            "i8" => {
                type $number = i8;
                $does
            }
            "u16" => {
                type $number = u16;
                $does
            }
            "i16" => {
                type $number = i16;
                $does
            }
            "u32" => {
                type $number = u32;
                $does
            }
            "i32" => {
                type $number = i32;
                $does
            }
            "u64" => {
                type $number = u64;
                $does
            }
            "i64" => {
                type $number = i64;
                $does
            }
            "f32" => {
                type $number = f32;
                $does
            }
            "f64" => {
                type $number = f64;
                $does
            }
            kind => Err(PyValueError::new_err(format!("{kind:?} is no kind of number"))),
        }
    };
}

pub(crate) use for_kind;

pub(crate) fn load<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [kind, offset]: Arguments<'py, 2>,
) -> Returned<'py> {
    let (kind, offset): (String, usize) = (given(&kind)?.extract()?, given(&offset)?.extract()?);
    for_kind!(kind.as_str(), Number, {
        within(view, offset, size_of::<Number>())?;
        Ok(Some(view.read::<Number>(offset).or_raise(py)?.into_pyobject(py)?.into_any()))
    })
}

pub(crate) fn store<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [kind, offset, value]: Arguments<'py, 3>,
) -> Returned<'py> {
    let (kind, offset): (String, usize) = (given(&kind)?.extract()?, given(&offset)?.extract()?);
    let value = given(&value)?;
    for_kind!(kind.as_str(), Number, {
        within(view, offset, size_of::<Number>())?;
        view.write::<Number>(offset, &value.extract()?).or_raise(py).map(|()| None)
    })
}

pub(crate) fn atomic<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [kind, offset]: Arguments<'py, 2>,
) -> Returned<'py> {
    let kind: String = given(&kind)?.extract()?;
    let atomic = Atomic::new(py, Arc::clone(view), &kind, given(&offset)?.extract()?)?;
    Ok(Some(Bound::new(py, atomic)?.into_any()))
}

pub(crate) fn fill<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [offset, size, byte]: Arguments<'py, 3>,
) -> Returned<'py> {
    let range = range(view, offset.as_ref(), size.as_ref())?;
    let byte = or(byte.as_ref(), 0_u8)?;
    py.detach(|| view.fill(range.start, range.len(), byte)).or_raise(py).map(|()| None)
}

pub(crate) fn copy<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [to, source, at, size]: Arguments<'py, 4>,
) -> Returned<'py> {
    let (to, at, size): (usize, usize, usize) =
        (given(&to)?.extract()?, given(&at)?.extract()?, given(&size)?.extract()?);
    let source = view_of(given(&source)?)?;
    within(view, to, size)?;
    within(&source, at, size)?;
    py.detach(|| view.copy_from(to, &source, at, size)).or_raise(py).map(|()| None)
}

pub(crate) fn compare<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [offset, data]: Arguments<'py, 2>,
) -> Returned<'py> {
    let (offset, data) = (given(&offset)?.extract()?, Foreign::of(given(&data)?)?);
    within(view, offset, data.len())?;
    let bytes = data.copied();
    let differs = py.detach(|| view.compare(offset, &bytes)).or_raise(py)?;
    differs.map(|at| Ok(at.into_pyobject(py)?.into_any())).transpose()
}

pub(crate) fn flush<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [offset, size, level]: Arguments<'py, 3>,
) -> Returned<'py> {
    let range = range(view, offset.as_ref(), size.as_ref())?;
    let level = level.as_ref().map_or(Ok(Flush::Durable), words::flush)?;
    py.detach(|| view.flush(range, level)).or_raise(py).map(|()| None)
}

pub(crate) fn advise<'py>(
    py: Python<'py>,
    view: &Arc<View>,
    [advice, offset, size]: Arguments<'py, 3>,
) -> Returned<'py> {
    let range = range(view, offset.as_ref(), size.as_ref())?;
    let advice = words::advice(given(&advice)?)?;
    py.detach(|| view.advise(range, advice)).or_raise(py).map(|()| None)
}

/// A method of an offset and a size.
macro_rules! ranged {
    ($($name:ident),*) => {
        $(pub(crate) fn $name<'py>(
            py: Python<'py>,
            view: &Arc<View>,
            [offset, size]: Arguments<'py, 2>,
        ) -> Returned<'py> {
            let range = range(view, offset.as_ref(), size.as_ref())?;
            py.detach(|| view.$name(range)).or_raise(py).map(|()| None)
        })*
    };
}

ranged!(prefetch, discard, lock, unlock);
