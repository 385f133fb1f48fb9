//! `filemap.MappedFile`: a file by 64-bit offset.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use filemap::{Flush, MappedFile, PositionedIo as _};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::OrRaise as _;
use crate::object::{Codec, Loaded, Stored};
use crate::registry::Registry;
use crate::slots::Foreign;
use crate::view::for_kind;
use crate::words;

/// Reads and writes of so many bytes and more let other threads run meanwhile.
const LONG: usize = 1 << 20;

/// A file by offset: it grows as it is written, and heals when others cut it.
#[pyclass(frozen, module = "filemap", name = "MappedFile")]
pub(crate) struct PyMappedFile {
    /// None once it is closed.
    file: RwLock<Option<Arc<MappedFile>>>,
}

impl PyMappedFile {
    fn of(file: MappedFile) -> Self {
        Self { file: RwLock::new(Some(Arc::new(file))) }
    }

    fn file(&self) -> PyResult<Arc<MappedFile>> {
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        file.clone().ok_or_else(|| PyValueError::new_err("the file is closed"))
    }
}

#[pymethods]
impl PyMappedFile {
    #[new]
    #[pyo3(signature = (
        path, mode="a+", *, name=None, window=None, windows=None, flush_writes=None, preallocate=0,
        registry=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they have names")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        mode: &str,
        name: Option<String>,
        window: Option<usize>,
        windows: Option<usize>,
        flush_writes: Option<&Bound<'_, PyAny>>,
        preallocate: u64,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        let mut options = MappedFile::options().preallocate(preallocate);
        options = match mode {
            "r" => options.read_only(),
            "r+" => options.must_exist(),
            "x" => options.create_new(),
            "a+" => options,
            _ => return Err(PyValueError::new_err("a mode is 'r', 'r+', 'x' or 'a+'")),
        };
        if let Some(name) = name {
            options = options.name(name);
        }
        if let Some(bytes) = window {
            options = options.window(bytes);
        }
        if let Some(count) = windows {
            options = options.windows(count);
        }
        if let Some(flush) = flush_writes {
            options = options.flush_writes(words::flush(flush)?);
        }
        if let Some(registry) = &registry {
            options = options.registry(&registry.get().registry);
        }
        let opened = py.detach(|| options.open(&path));
        opened.or_raise_about(py, path.to_str()).map(Self::of)
    }

    #[staticmethod]
    #[pyo3(signature = (name, *, readonly=false, registry=None))]
    fn from_name(
        py: Python<'_>,
        name: &str,
        readonly: bool,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        let mut options = MappedFile::options();
        if readonly {
            options = options.read_only();
        }
        if let Some(registry) = &registry {
            options = options.registry(&registry.get().registry);
        }
        let opened = py.detach(|| options.open_by_name(name));
        opened.or_raise_about(py, Some(name)).map(Self::of)
    }

    #[getter]
    fn path(&self) -> PyResult<Option<String>> {
        Ok(self.file()?.path().map(|path| path.to_string_lossy().into_owned()))
    }

    #[getter]
    fn name(&self) -> PyResult<Option<String>> {
        Ok(self.file()?.name().map(ToString::to_string))
    }

    #[getter]
    fn readonly(&self) -> PyResult<bool> {
        Ok(!self.file()?.is_writable())
    }

    #[getter]
    fn closed(&self) -> bool {
        self.file.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let len = self.file()?.len().or_raise(py)?;
        usize::try_from(len).map_err(|_| PyValueError::new_err("the file is too long for `len`"))
    }

    /// Sets the file's length.
    #[pyo3(signature = (size, /))]
    fn truncate(&self, py: Python<'_>, size: u64) -> PyResult<()> {
        let file = self.file()?;
        py.detach(|| file.set_len(size)).or_raise(py)
    }

    /// Returns up to `size` bytes from an offset on: less at the end of the file.
    #[pyo3(signature = (offset, size, /))]
    fn read_at<'py>(
        &self,
        py: Python<'py>,
        offset: u64,
        size: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let file = self.file()?;
        let rest = file.len().or_raise(py)?.saturating_sub(offset);
        let size = size.min(usize::try_from(rest).unwrap_or(usize::MAX));
        let mut read = 0;
        let bytes = PyBytes::new_with(py, size, |to| {
            let count = if size < LONG {
                file.read_at(to, offset)
            } else {
                py.detach(|| file.read_at(to, offset))
            };
            read = count.or_raise(py)?;
            Ok(())
        })?;
        // Somebody may have cut the file meanwhile.
        if read == size { Ok(bytes) } else { Ok(PyBytes::new(py, &bytes.as_bytes()[..read])) }
    }

    #[pyo3(signature = (offset, buffer, /))]
    fn readinto_at(
        &self,
        py: Python<'_>,
        offset: u64,
        buffer: &Bound<'_, PyAny>,
    ) -> PyResult<usize> {
        let (file, to) = (self.file()?, Foreign::writable(buffer)?);
        let (mut at, mut piece) = (0, [0; 16384]);
        while at < to.len() {
            let piece = &mut piece[..(to.len() - at).min(16384)];
            let read = file.read_at(piece, offset.saturating_add(at as u64)).or_raise(py)?;
            to.store(at, &piece[..read]);
            at += read;
            if read < piece.len() {
                break;
            }
        }
        Ok(at)
    }

    /// Stores bytes from an offset on; the file becomes longer where it must.
    #[pyo3(signature = (offset, data, /))]
    fn write_at(&self, py: Python<'_>, offset: u64, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        let (file, data) = (self.file()?, Foreign::of(data)?);
        file.write_foreign_at(data.bytes(), offset).or_raise(py)
    }

    #[pyo3(signature = (kind, offset, /))]
    fn load<'py>(&self, py: Python<'py>, kind: &str, offset: u64) -> PyResult<Bound<'py, PyAny>> {
        let file = self.file()?;
        for_kind!(kind, Number, {
            Ok(file.read::<Number>(offset).or_raise(py)?.into_pyobject(py)?.into_any())
        })
    }

    #[pyo3(signature = (kind, offset, value, /))]
    fn store(
        &self,
        py: Python<'_>,
        kind: &str,
        offset: u64,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let file = self.file()?;
        for_kind!(kind, Number, {
            let value: Number = value.extract()?;
            file.write::<Number>(offset, &value).or_raise(py)
        })
    }

    /// Returns the object at an offset.
    #[pyo3(signature = (offset, /, *, codec=None))]
    fn read_object<'py>(
        &self,
        py: Python<'py>,
        offset: u64,
        codec: Option<&Bound<'py, Codec>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let file = self.file()?;
        match codec {
            None => Ok(file.read_object::<Loaded>(offset).or_raise(py)?.0.into_bound(py)),
            Some(codec) => {
                let codec = codec.get();
                let bytes = file.read_encoded(offset, codec.id).or_raise(py)?;
                codec.loads.bind(py).call1((PyBytes::new(py, &bytes),))
            }
        }
    }

    /// Stores a value as an object at an offset; returns how many bytes it takes.
    #[pyo3(signature = (offset, value, /, *, codec=None))]
    fn write_object(
        &self,
        py: Python<'_>,
        offset: u64,
        value: &Bound<'_, PyAny>,
        codec: Option<&Bound<'_, Codec>>,
    ) -> PyResult<u64> {
        let file = self.file()?;
        match codec {
            None => Stored::with(value, |stored| file.write_object(offset, stored)),
            Some(codec) => {
                let bytes = encoded(codec, value)?;
                file.write_encoded(offset, codec.get().id, bytes.as_bytes()).or_raise(py)
            }
        }
    }

    /// Returns how many bytes an object of a value takes.
    #[pyo3(signature = (value, /, *, codec=None))]
    fn object_size(
        &self,
        value: &Bound<'_, PyAny>,
        codec: Option<&Bound<'_, Codec>>,
    ) -> PyResult<u64> {
        /// Bytes in the header of an object.
        const HEADER: u64 = 24;
        let file = self.file()?;
        match codec {
            None => Stored::with(value, |stored| file.object_size(stored)),
            Some(codec) => Ok(HEADER + encoded(codec, value)?.as_bytes().len() as u64),
        }
    }

    /// Returns a file object of the same bytes, with a position of its own.
    #[pyo3(signature = (mode="rb"))]
    fn open<'py>(slf: &Bound<'py, Self>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("filemap._io")?.call_method1("MappedIO", (slf, mode))
    }

    #[pyo3(signature = (offset=0, size=None, *, level=None))]
    fn flush(
        &self,
        py: Python<'_>,
        offset: u64,
        size: Option<u64>,
        level: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (file, level) = (self.file()?, level.map_or(Ok(Flush::Durable), words::flush)?);
        let size = size.unwrap_or(u64::MAX - offset);
        py.detach(|| file.flush_range(offset, size, level)).or_raise(py)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let file = self.file.write().unwrap_or_else(PoisonError::into_inner).take();
        match file.and_then(Arc::into_inner) {
            Some(file) => py.detach(|| file.close()).or_raise(py),
            None => Ok(()),
        }
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyResult<PyRef<'_, Self>> {
        slf.file()?;
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        match self.file().map(|file| file.path().map(|path| path.display().to_string())) {
            Ok(Some(path)) => format!("<filemap.MappedFile {path:?}>"),
            Ok(None) => "<filemap.MappedFile>".to_owned(),
            Err(_) => "<filemap.MappedFile, closed>".to_owned(),
        }
    }
}

fn encoded<'py>(
    codec: &Bound<'py, Codec>,
    value: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = codec.get().dumps.bind(value.py()).call1((value,))?;
    bytes.cast_into().map_err(|_| PyTypeError::new_err("a codec makes bytes"))
}
