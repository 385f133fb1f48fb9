//! Errors of the library as exceptions.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The Python function that makes an exception of what an error says.
static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Returns the exception of an error.
#[cold]
pub(crate) fn of(py: Python<'_>, error: &filemap::Error) -> PyErr {
    about(py, error, None)
}

/// Returns the exception of an error about a name or a path.
#[cold]
pub(crate) fn about(py: Python<'_>, error: &filemap::Error, filename: Option<&str>) -> PyErr {
    let made = MAKE
        .get_or_try_init(py, || Ok(py.import("filemap._errors")?.getattr("make")?.unbind()))
        .and_then(|make| {
            let kind = format!("{:?}", error.kind());
            let loss = error.loss().map(|loss| (loss.offset, loss.done));
            let (number, code) = (error.raw_os_error(), error.win32_code());
            make.call1(py, (kind, number, error.to_string(), filename, code, loss))
        });
    match made {
        Ok(exception) => PyErr::from_value(exception.into_bound(py)),
        Err(error) => error,
    }
}

/// Returns the exception of an error of the system.
#[cold]
pub(crate) fn of_system(py: Python<'_>, error: &std::io::Error) -> PyErr {
    let number = error.raw_os_error().unwrap_or_default();
    let text = py.import("os").and_then(|os| os.call_method1("strerror", (number,)));
    match text {
        Ok(text) => PyOSError::new_err((number, text.unbind())),
        Err(error) => error,
    }
}

/// Makes the exception of what failed.
pub(crate) trait OrRaise<T> {
    /// Passes the value on, or the exception of the error.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;

    /// The same, about a name or a path.
    fn or_raise_about(self, py: Python<'_>, filename: Option<&str>) -> PyResult<T>;
}

impl<T> OrRaise<T> for filemap::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| of(py, &error))
    }

    fn or_raise_about(self, py: Python<'_>, filename: Option<&str>) -> PyResult<T> {
        self.map_err(|error| about(py, &error, filename))
    }
}
