//! Views as objects, and back, for the safe code of the package.

use std::sync::Arc;

use filemap::View;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::object::{Object, allocate};

/// The class `View`, once the module is there.
pub(super) static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Returns a view, which may lose pages or not, as an object.
pub(crate) fn new_view(py: Python<'_>, view: Arc<View>, loses: bool) -> PyResult<Bound<'_, PyAny>> {
    let Some(class) = CLASS.get(py) else { return Err(PyErr::fetch(py)) };
    // SAFETY: it is a type, as the module was given it, and the thread is attached, as its token says.
    let Ok(object) = (unsafe { allocate(class.as_ptr().cast()) }) else {
        return Err(PyErr::fetch(py));
    };
    // SAFETY: the object is one of the type, and nobody else knows of it yet.
    let me = unsafe { Object::at(object) };
    (me.readonly, me.is_whole) = (!view.access().can_write(), !loses);
    me.view = Some(view);
    // SAFETY: it is a live object, and the reference to it is ours.
    Ok(unsafe { Bound::from_owned_ptr(py, object) })
}

/// Returns the view of an object, unless it is closed or none.
pub(crate) fn view_of(object: &Bound<'_, PyAny>) -> PyResult<Arc<View>> {
    let py = object.py();
    let is_view = CLASS.get(py).is_some_and(|class| object.get_type().as_ptr() == class.as_ptr());
    if !is_view {
        return Err(pyo3::exceptions::PyTypeError::new_err("a View is required"));
    }
    // SAFETY: it is a live object of the type, which is never derived from, and the thread is attached.
    unsafe { super::object::view_of(object.as_ptr()) }.map_err(|_| PyErr::fetch(py))
}
