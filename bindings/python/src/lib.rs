//! The native half of the Python package `filemap`: translation of the library's types, and no rules.
//!
//! Python's half, in `python/filemap`, has the enumerations, the exceptions, `shared_memory`, and the
//! documentation.

mod atomic;
mod block;
mod errors;
mod file;
mod losses;
mod mapping;
mod object;
mod registry;
mod shared;
mod slots;
mod view;
mod waitables;
mod waiting;
mod words;

use pyo3::prelude::*;

/// Prepares the calling thread for the loss of mapped pages, and takes the handlers back.
#[pyfunction]
fn prepare_thread(py: Python<'_>) -> PyResult<()> {
    use errors::OrRaise as _;
    filemap::prepare_thread().or_raise(py)
}

// No build without the global lock has run the tests: until one has, it takes the lock back.
#[pymodule(gil_used = true)]
fn _filemap(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("PAGESIZE", filemap::page_size())?;
    module.add("GRANULARITY", filemap::granularity())?;
    let kinds = filemap::ErrorKind::ALL.iter().map(|kind| words::upper(&format!("{kind:?}")));
    module.add("ERROR_KINDS", kinds.collect::<Vec<_>>())?;
    slots::add(module)?;
    module.add_class::<atomic::Atomic>()?;
    module.add_class::<mapping::Mapping>()?;
    module.add_class::<registry::Registry>()?;
    module.add_class::<registry::Holder>()?;
    module.add_class::<registry::Named>()?;
    module.add_class::<file::PyMappedFile>()?;
    module.add_class::<object::Codec>()?;
    module.add_function(wrap_pyfunction!(block::block, module)?)?;
    module.add_function(wrap_pyfunction!(block::withdraw, module)?)?;
    module.add_class::<shared::PyShared>()?;
    waitables::add(module)?;
    module.add_function(wrap_pyfunction!(prepare_thread, module)?)
}
