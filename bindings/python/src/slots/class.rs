//! Views as objects, and back, for the safe code of the package.

use std::sync::Arc;

use filemap::View;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::object::{Object, allocate, held};

/// The class `View`, once the module is there.
pub(super) static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Returns a view, which may lose pages or not, as an object.
pub(crate) fn new_view(py: Python<'_>, view: Arc<View>, loses: bool) -> PyResult<Bound<'_, PyAny>> {
    let Some(class) = CLASS.get(py) else { return Err(PyErr::fetch(py)) };
    // SAFETY: it is a type, of which the new object is.
    unsafe {
        let Ok(object) = allocate(class.as_ptr().cast()) else { return Err(PyErr::fetch(py)) };
        let me = Object::at(object);
        (me.readonly, me.is_whole) = (!view.access().can_write(), !loses);
        me.view = Some(view);
        Ok(Bound::from_owned_ptr(py, object))
    }
}

/// Returns the view of an object, unless it is closed or none.
pub(crate) fn view_of(object: &Bound<'_, PyAny>) -> PyResult<Arc<View>> {
    let py = object.py();
    let is_view = CLASS.get(py).is_some_and(|class| object.get_type().as_ptr() == class.as_ptr());
    if !is_view {
        return Err(pyo3::exceptions::PyTypeError::new_err("a View is required"));
    }
    // SAFETY: it is an object of the type, which is never derived from.
    match unsafe { held(object.as_ptr(), || Object::at(object.as_ptr()).view().map(Arc::clone)) } {
        Ok(view) => Ok(view),
        Err(_) => Err(PyErr::fetch(py)),
    }
}
