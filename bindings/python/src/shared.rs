//! `filemap.Shared`: a value that one writer replaces, and that everybody reads whole.

use std::sync::Arc;

use filemap::View;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::OrRaise as _;
use crate::slots::{Foreign, view_of};
use crate::waiting::{Timeout, slices};

/// Bytes in a view that one writer replaces, while any number of readers take whole copies.
#[pyclass(frozen, module = "filemap", name = "Shared")]
pub(crate) struct PyShared {
    view: Arc<View>,
    offset: usize,
    #[pyo3(get)]
    size: usize,
}

impl PyShared {
    fn open(&self) -> filemap::Result<filemap::Shared<'_, [u8]>> {
        filemap::Shared::open_bytes(&self.view, self.offset, self.size)
    }
}

type Found<'py> = Option<(u32, Bound<'py, PyBytes>)>;

#[pymethods]
impl PyShared {
    /// Makes the value, or opens one of the same size that is there already.
    #[new]
    #[pyo3(signature = (view, offset, size, *, create=true))]
    fn new(
        py: Python<'_>,
        view: &Bound<'_, PyAny>,
        offset: usize,
        size: usize,
        create: bool,
    ) -> PyResult<Self> {
        let shared = Self { view: view_of(view)?, offset, size };
        let found = if create {
            filemap::Shared::create_bytes(&shared.view, offset, size).map(drop)
        } else {
            shared.open().map(drop)
        };
        found.or_raise(py)?;
        Ok(shared)
    }

    /// Returns how many bytes of a view a value of `size` bytes takes.
    #[staticmethod]
    fn taken(size: usize) -> usize {
        filemap::Shared::taken(size)
    }

    /// Replaces the value, and returns its version. There is one writer at a time.
    fn publish(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<u32> {
        let value = Foreign::of(value)?.copied();
        if value.len() != self.size {
            return Err(PyValueError::new_err(format!(
                "the value has {} bytes, and the shared one {}",
                value.len(),
                self.size
            )));
        }
        self.open().and_then(|mut shared| shared.publish(&value)).or_raise(py)
    }

    /// Returns the version and a whole copy of the value; `None` before the first.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Found<'py>> {
        let mut value = vec![0; self.size];
        let version =
            self.open().and_then(|shared| shared.snapshot_into(&mut value)).or_raise(py)?;
        Ok(version.map(|version| (version, PyBytes::new(py, &value))))
    }

    /// The version of the value; 0 before the first.
    #[getter]
    fn version(&self, py: Python<'_>) -> PyResult<u32> {
        self.open().and_then(|shared| shared.version()).or_raise(py)
    }

    /// Waits for a value of another version than `seen`, and returns it as `snapshot` does; `None` if
    /// the time is over before.
    #[pyo3(signature = (seen=0, timeout=None))]
    fn wait_next<'py>(
        &self,
        py: Python<'py>,
        seen: u32,
        timeout: Option<f64>,
    ) -> PyResult<Found<'py>> {
        let (shared, mut value) = (self.open().or_raise(py)?, vec![0; self.size]);
        let version = slices(py, Timeout::of(timeout)?, |time| {
            shared.wait_next_into(&mut value, seen, time)
        })?;
        Ok(version.map(|version| (version, PyBytes::new(py, &value))))
    }

    fn __repr__(&self) -> String {
        format!("<filemap.Shared of {} bytes at {}>", self.size, self.offset)
    }
}
