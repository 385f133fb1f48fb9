//! The types whose every call counts, written by hand for the interpreter: `mmap` and `View`. All
//! `unsafe` of the package is in this folder.
//!
//! # Safety
//!
//! Every function with the interpreter's calling convention is reached only through the tables of the
//! two types, by the interpreter, which promises what the proofs in this folder rest on:
//!
//! - the calling thread is attached: it holds the lock of the interpreter or, in a build without one,
//!   takes that of the object (`held`), and so nobody else is in the object until other Python code
//!   runs or the lock is let go;
//! - the first argument is an object of the type, or of a class that was derived from it, so that its
//!   memory begins with an [`Object`]; the interpreter has zeroed it, which is a valid value;
//! - arguments are live objects that the caller keeps, `args` has `count` of them, and a table of
//!   names is a tuple of strings or null.
//!
//! Whoever runs other Python code (an `__index__`, a buffer of another type) or lets the lock go looks
//! at the object anew afterwards: it may be closed or resized by then. An access without the lock
//! holds the view by a count of its own.

#![expect(unsafe_code, reason = "types for the interpreter, in its own terms")]
#![allow(
    unsafe_op_in_unsafe_fn,
    clippy::missing_safety_doc,
    reason = "all of these functions have the one contract above"
)]
#![allow(
    clippy::fn_to_numeric_cast_any,
    reason = "the interpreter's tables have functions by their addresses"
)]

mod arguments;
mod bytes;
mod class;
mod descriptor;
mod detached;
mod foreign;
mod mmap;
mod object;
mod open;
mod resize;
mod view;

use pyo3::prelude::*;

pub(crate) use class::{new_view, view_of};
pub(crate) use descriptor::{Lent, lent, number_of, owned};
pub(crate) use detached::without_lock;
pub(crate) use foreign::Foreign;

/// Adds both types to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    mmap::add(module)?;
    view::add(module)
}
