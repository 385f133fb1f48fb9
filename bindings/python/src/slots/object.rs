//! The memory of an object, and how errors are told.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;

use filemap::{FileMapping, View};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;

use crate::errors;

/// An object of the interpreter, by its address.
pub(super) type Raw = *mut ffi::PyObject;

/// Copies of so many bytes and more let other threads run meanwhile. For fewer it costs more than the
/// copy: whoever lets the lock go beside a busy thread waits for it for milliseconds.
pub(super) const LONG: usize = 16 << 20;

/// What both types have.
#[repr(C)]
pub(super) struct Object {
    head: ffi::PyObject,
    /// The weak references, whose list the interpreter keeps here.
    pub(super) weak: Raw,
    /// None once it is closed.
    pub(super) view: Option<Arc<View>>,
    /// What was closed after buffers of it were lent: the pages stay as long as the object.
    pub(super) lent: Option<Arc<View>>,
    /// How many buffers are lent.
    pub(super) exports: usize,
    /// Whether a buffer ever was, and zeros take the place of lost pages since.
    pub(super) was_lent: bool,
    /// Where the next `read` begins.
    pub(super) position: usize,
    pub(super) readonly: bool,
    pub(super) is_mmap: bool,
    /// Whether it is memory that nobody can cut, and so loses no page.
    pub(super) is_whole: bool,
    pub(super) details: Option<Box<Details>>,
}

/// What an `mmap` needs seldom.
pub(super) struct Details {
    /// `ACCESS_DEFAULT`, `ACCESS_READ`, `ACCESS_WRITE` or `ACCESS_COPY`.
    pub(super) access: i32,
    pub(super) offset: u64,
    /// The handle that keeps the name, if it has one.
    pub(super) named: Option<FileMapping>,
    /// The file behind that handle.
    pub(super) file: Option<std::fs::File>,
    pub(super) backing: Backing,
    pub(super) flags: i32,
}

/// What is behind an `mmap`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Backing {
    /// Memory without a descriptor, or under a name.
    Memory,
    /// A descriptor that is kept.
    Descriptor,
    /// A descriptor that is not.
    Untracked,
}

/// An exception was set.
#[derive(Debug)]
pub(super) struct Raised;

pub(super) type Outcome<T = Raw> = Result<T, Raised>;

/// Sets an exception of this type.
pub(super) unsafe fn raise<T>(kind: Raw, text: &CStr) -> Outcome<T> {
    ffi::PyErr_SetString(kind, text.as_ptr());
    Err(Raised)
}

pub(super) unsafe fn value_error<T>(text: &CStr) -> Outcome<T> {
    raise(ffi::PyExc_ValueError, text)
}

pub(super) unsafe fn type_error<T>(text: &CStr) -> Outcome<T> {
    raise(ffi::PyExc_TypeError, text)
}

/// Sets the exception of an error number.
pub(super) unsafe fn system_error<T>(number: i32) -> Outcome<T> {
    let error = std::io::Error::from_raw_os_error(number);
    restored(errors::of_system(Python::assume_attached(), &error))
}

/// Sets the exception of an error of the library.
#[cold]
#[inline(never)]
pub(super) unsafe fn failed<T>(error: filemap::Error) -> Outcome<T> {
    restored(errors::of(Python::assume_attached(), &error))
}

/// Sets an exception.
#[cold]
pub(super) unsafe fn restored<T>(error: PyErr) -> Outcome<T> {
    error.restore(Python::assume_attached());
    Err(Raised)
}

/// Gives the interpreter what a function returned.
pub(super) fn given(outcome: Outcome) -> Raw {
    outcome.unwrap_or(ptr::null_mut())
}

/// Returns a new reference to `None`.
pub(super) unsafe fn none() -> Raw {
    let none = ffi::Py_None();
    ffi::Py_IncRef(none);
    none
}

/// Passes an object on that may be null, when an exception was set.
pub(super) fn some(object: Raw) -> Outcome {
    if object.is_null() { Err(Raised) } else { Ok(object) }
}

impl Object {
    /// Returns the object at an address.
    pub(super) unsafe fn at<'a>(address: Raw) -> &'a mut Self {
        &mut *address.cast::<Self>()
    }

    /// Returns the view, unless it is closed.
    #[inline(always)]
    pub(super) unsafe fn view(&self) -> Outcome<&Arc<View>> {
        match &self.view {
            Some(view) => Ok(view),
            None => self.closed(),
        }
    }

    #[cold]
    unsafe fn closed<T>(&self) -> Outcome<T> {
        value_error(if self.is_mmap { c"mmap closed or invalid" } else { c"the view is closed" })
    }

    /// Returns the view for stores, unless it is closed or refuses them.
    #[inline(always)]
    pub(super) unsafe fn writable(&self) -> Outcome<&Arc<View>> {
        if self.readonly && self.view.is_some() {
            return type_error(if self.is_mmap {
                c"mmap can't modify a readonly memory map."
            } else {
                c"the view is read-only"
            });
        }
        self.view()
    }

    /// Returns what an `mmap` needs seldom.
    pub(super) unsafe fn details(&mut self) -> Outcome<&mut Details> {
        match &mut self.details {
            Some(details) => Ok(&mut **details),
            None => value_error(c"mmap closed or invalid"),
        }
    }

    /// Closes the object: the name is given up at once. Pages that were never lent are as well; others
    /// with the object, as numpy gives a buffer back at once, and then relies on its owner.
    pub(super) fn close(&mut self) {
        let view = self.view.take();
        if self.was_lent && !self.is_mmap && view.is_some() {
            self.lent = view;
        }
        if let Some(details) = &mut self.details {
            details.named = None;
        }
    }
}

/// Calls a function while no other thread is in the object, as they are not where the interpreter has a
/// lock: without one, the object has its own. It is let go where that one would be.
#[inline(always)]
pub(super) unsafe fn held<T>(address: Raw, function: impl FnOnce() -> T) -> T {
    // Spares the shortest calls the look.
    std::hint::assert_unchecked(!address.is_null());
    let object = Borrowed::from_ptr(Python::assume_attached(), address);
    with_critical_section(&object, function)
}

/// Returns the view of an object, unless it is closed, by a count of its own: for code that others may
/// close the object under.
pub(super) unsafe fn view_of(address: Raw) -> Outcome<Arc<View>> {
    held(address, || Object::at(address).view().map(Arc::clone))
}

/// Makes an object of a type, with nothing in it.
pub(super) unsafe fn allocate(class: *mut ffi::PyTypeObject) -> Outcome {
    let alloc = ffi::PyType_GetSlot(class, ffi::Py_tp_alloc);
    // The slot of this number has a function of this type.
    let alloc: ffi::allocfunc = std::mem::transmute(alloc);
    some(alloc(class, 0))
}

/// Frees an object.
pub(super) unsafe extern "C" fn dealloc(address: Raw) {
    let me = Object::at(address);
    if !me.weak.is_null() {
        ffi::PyObject_ClearWeakRefs(address);
    }
    let (view, lent, details) = (me.view.take(), me.lent.take(), me.details.take());
    drop((view, lent, details));
    let class = ffi::Py_TYPE(address);
    // The slot of this number has a function of this type.
    let free: ffi::freefunc = std::mem::transmute(ffi::PyType_GetSlot(class, ffi::Py_tp_free));
    free(address.cast());
    ffi::Py_DecRef(class.cast());
}

/// Where the interpreter finds the list of weak references.
pub(super) fn members() -> [ffi::PyMemberDef; 2] {
    let weak = ffi::PyMemberDef {
        name: c"__weaklistoffset__".as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: std::mem::offset_of!(Object, weak).cast_signed(),
        flags: ffi::Py_READONLY,
        doc: ptr::null(),
    };
    [weak, ffi::PyMemberDef::default()]
}

/// Makes a type of a table of slots, which ends by itself, and adds it to the module.
pub(super) unsafe fn add_type(
    module: &Bound<'_, PyModule>,
    name: &'static CStr,
    full: &'static CStr,
    flags: core::ffi::c_ulong,
    slots: &mut [ffi::PyType_Slot],
) -> PyResult<Py<PyAny>> {
    let mut spec = ffi::PyType_Spec {
        name: full.as_ptr(),
        basicsize: i32::try_from(size_of::<Object>())?,
        itemsize: 0,
        flags: u32::try_from(flags)?,
        slots: slots.as_mut_ptr(),
    };
    let class = ffi::PyType_FromSpec(&raw mut spec);
    let class = Bound::from_owned_ptr_or_err(module.py(), class)?;
    module.add(name.to_str().unwrap_or_default(), &class)?;
    Ok(class.unbind())
}

/// A row of a table of slots.
pub(super) fn slot(number: core::ffi::c_int, function: *mut core::ffi::c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot { slot: number, pfunc: function }
}
