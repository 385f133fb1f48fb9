//! `filemap.FileMapping`: a handle to memory or a file that can be mapped.

use std::fs::File;
use std::sync::{Arc, PoisonError, RwLock};

use filemap::{Access, Attributes, FileMapping, MappingOptions, Protection, Rights};
use pyo3::exceptions::{PyNotImplementedError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::OrRaise as _;
use crate::registry::Registry;
use crate::{slots, words};

/// A handle to memory or a file that can be mapped, perhaps under a name.
#[pyclass(frozen, module = "filemap", name = "FileMapping")]
pub(crate) struct Mapping {
    /// None once it is closed.
    handle: RwLock<Option<Arc<FileMapping>>>,
    /// The registry that has the name, if it is not the system's.
    registry: Option<Py<Registry>>,
}

impl Mapping {
    pub(crate) fn of(mapping: FileMapping, registry: Option<Py<Registry>>) -> Self {
        Self { handle: RwLock::new(Some(Arc::new(mapping))), registry }
    }

    /// Returns the handle, unless it is closed.
    pub(crate) fn handle(&self) -> PyResult<Arc<FileMapping>> {
        let handle = self.handle.read().unwrap_or_else(PoisonError::into_inner);
        handle.clone().ok_or_else(|| PyValueError::new_err("the mapping is closed"))
    }
}

/// What is mapped: a descriptor, an object that has one, or a path.
enum Given {
    Open(slots::Lent),
    Path(String),
}

impl Given {
    fn of(file: &Bound<'_, PyAny>) -> PyResult<Self> {
        let number =
            if file.hasattr("fileno")? { file.call_method0("fileno")? } else { file.clone() };
        if let Ok(number) = number.extract::<i32>() {
            let lent = slots::lent(number);
            return lent
                .map(Self::Open)
                .ok_or_else(|| PyValueError::new_err("a descriptor is not negative"));
        }
        let path = file.py().import("os")?.call_method1("fspath", (file,))?;
        Ok(Self::Path(path.extract().map_err(|_| PyTypeError::new_err("a path is a str"))?))
    }

    /// Opens a path, for writing if the mapping can be written.
    fn open(self, protection: Protection) -> std::io::Result<Result<slots::Lent, (File, String)>> {
        match self {
            Self::Open(file) => Ok(Ok(file)),
            Self::Path(path) => {
                let write = protection.is_writable();
                let file = File::options().read(true).write(write).open(&path)?;
                Ok(Err((file, path)))
            }
        }
    }
}

#[pymethods]
impl Mapping {
    #[staticmethod]
    #[pyo3(signature = (
        name=None, size=0, *, file=None, protection=None, exclusive=false, preallocate=false,
        sparse=false, large_pages=false, lifetime=None, permissions=0o600, registry=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they have names")]
    fn create(
        py: Python<'_>,
        name: Option<String>,
        size: u64,
        file: Option<&Bound<'_, PyAny>>,
        protection: Option<&Bound<'_, PyAny>>,
        exclusive: bool,
        preallocate: bool,
        sparse: bool,
        large_pages: bool,
        lifetime: Option<&Bound<'_, PyAny>>,
        permissions: u32,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        let protection = protection.map_or(Ok(Protection::ReadWrite), words::protection)?;
        let mut options = FileMapping::options()
            .size(size)
            .protection(protection)
            .permissions(words::permissions(permissions)?);
        if let Some(name) = &name {
            options = options.name(name.as_str());
        }
        if let Some(registry) = &registry {
            options = options.registry(&registry.get().registry);
        }
        if let Some(lifetime) = lifetime {
            options = options.lifetime(words::lifetime(lifetime)?);
        }
        if preallocate {
            options = options.preallocate();
        }
        if sparse {
            options = options.sparse();
        }
        if large_pages {
            options = options.attributes(Attributes::COMMIT | Attributes::LARGE_PAGES);
        }
        let made = match file.map(Given::of).transpose()? {
            None => py.detach(|| finish(options, exclusive)),
            Some(given) => {
                let path = if let Given::Path(path) = &given { Some(path.clone()) } else { None };
                match given.open(protection) {
                    Ok(Ok(file)) => py.detach(|| finish(options.file(&file), exclusive)),
                    Ok(Err((file, path))) => py.detach(|| {
                        finish(options.file(&file).path(std::path::Path::new(&path)), exclusive)
                    }),
                    Err(error) => return Err(named(py, error, path)),
                }
            }
        };
        let mapping = made.or_raise_about(py, name.as_deref())?;
        Ok(Self::of(mapping, registry))
    }

    #[staticmethod]
    #[pyo3(signature = (name, *, rights=None, registry=None))]
    fn open(
        py: Python<'_>,
        name: &str,
        rights: Option<&Bound<'_, PyAny>>,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        let system = filemap::Registry::system();
        let place = registry.as_ref().map_or(&system, |registry| &registry.get().registry);
        let rights = rights.map(words::rights).transpose()?;
        let opened = py.detach(|| match rights {
            Some(rights) => place.open_with(name, rights),
            None => place.open(name),
        });
        Ok(Self::of(opened.or_raise_about(py, Some(name))?, registry))
    }

    /// Takes a descriptor over, which somebody gave away.
    #[staticmethod]
    fn from_fd(py: Python<'_>, fd: i32) -> PyResult<Self> {
        let Some(descriptor) = slots::owned(fd) else {
            return Err(PyValueError::new_err("a descriptor is not negative"));
        };
        let mapping = FileMapping::try_from(descriptor).or_raise(py)?;
        Ok(Self::of(mapping, None))
    }

    #[getter]
    fn name(&self) -> PyResult<Option<String>> {
        Ok(self.handle()?.name().map(ToString::to_string))
    }

    #[getter]
    fn size(&self) -> PyResult<u64> {
        Ok(self.handle()?.size())
    }

    #[getter]
    fn protection<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        words::of(py, "Protection", &format!("{:?}", self.handle()?.protection()))
    }

    #[getter]
    fn rights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        words::of_rights(py, self.handle()?.rights())
    }

    #[getter]
    fn lifetime<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let lifetime = self.handle()?.lifetime();
        lifetime.map(|lifetime| words::of(py, "Lifetime", &format!("{lifetime:?}"))).transpose()
    }

    #[getter]
    fn existed(&self) -> PyResult<bool> {
        Ok(self.handle()?.existed())
    }

    #[getter]
    fn withdrawn(&self) -> PyResult<bool> {
        Ok(self.handle()?.is_withdrawn())
    }

    #[getter]
    fn path(&self) -> PyResult<Option<String>> {
        Ok(match self.handle()?.backing() {
            filemap::Backing::File { path, .. } if !path.as_os_str().is_empty() => {
                Some(path.to_string_lossy().into_owned())
            }
            _ => None,
        })
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Maps a range; all from the offset on, if no length is given.
    #[pyo3(signature = (offset=0, length=None, *, access=None))]
    fn map<'py>(
        &self,
        py: Python<'py>,
        offset: u64,
        length: Option<usize>,
        access: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let handle = self.handle()?;
        let access = access.map_or_else(|| Ok(most(&handle)), words::access)?;
        let options = handle.view(access).offset(offset);
        let options = if let Some(length) = length { options.len(length) } else { options };
        let name = handle.name().map(ToString::to_string);
        let mapped = py.detach(|| crate::losses::replaced(options.map()?));
        slots::new_view(py, Arc::new(mapped.or_raise_about(py, name.as_deref())?), true)
    }

    /// Returns another handle, with these rights or all.
    #[pyo3(signature = (rights=None))]
    fn duplicate(&self, py: Python<'_>, rights: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let (handle, rights) = (self.handle()?, rights.map(words::rights).transpose()?);
        let twin = match rights {
            Some(rights) => handle.duplicate(rights),
            None => handle.try_clone(),
        };
        let registry = self.registry.as_ref().map(|registry| registry.clone_ref(py));
        Ok(Self::of(twin.or_raise(py)?, registry))
    }

    /// Takes its name from the mapping: the name is free at once, and the handles stay.
    fn withdraw(&self, py: Python<'_>) -> PyResult<()> {
        let handle = self.handle()?;
        py.detach(|| handle.withdraw_name()).or_raise(py)
    }

    /// Returns the descriptor of the handle, which stays its owner.
    fn fileno(&self) -> PyResult<i32> {
        slots::number_of(&*self.handle()?)
            .ok_or_else(|| PyNotImplementedError::new_err("handles here have no descriptor"))
    }

    /// Lets processes that are started from now on inherit the handle, or not.
    #[pyo3(signature = (inheritable, /))]
    fn set_inheritable(&self, py: Python<'_>, inheritable: bool) -> PyResult<()> {
        self.handle()?.set_inheritable(inheritable).or_raise(py)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let handle = self.handle.write().unwrap_or_else(PoisonError::into_inner).take();
        // A call that runs in another thread closes it when it returns.
        match handle.and_then(Arc::into_inner) {
            Some(handle) => py.detach(|| handle.close()).or_raise(py),
            None => Ok(()),
        }
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyResult<PyRef<'_, Self>> {
        slf.handle()?;
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let registry = slf.get().registry.as_ref();
        slf.py().import("filemap._pickle")?.call_method1("mapping", (slf, registry))
    }

    fn __repr__(&self) -> String {
        match self.handle() {
            Ok(handle) => {
                let name = handle.name().map_or_else(String::new, |name| format!(" '{name}'"));
                format!(
                    "<filemap.FileMapping{name} of {} bytes, {}>",
                    handle.size(),
                    handle.protection()
                )
            }
            Err(_) => "<filemap.FileMapping, closed>".to_owned(),
        }
    }
}

/// Returns the most that a view of a handle may do, without executing.
pub(crate) fn most(handle: &FileMapping) -> Access {
    let may = |access: Access| {
        handle.rights().contains(access.needs()) && handle.protection().permits(access)
    };
    match () {
        () if may(Access::Write) => Access::Write,
        () if handle.protection() == Protection::WriteCopy => Access::Copy,
        () if handle.rights().contains(Rights::READ) => Access::Read,
        () => Access::NoAccess,
    }
}

fn finish(options: MappingOptions<'_>, exclusive: bool) -> filemap::Result<FileMapping> {
    if exclusive { options.create_new() } else { options.create() }
}

/// Returns the exception of a file that cannot be opened.
fn named(py: Python<'_>, error: std::io::Error, path: Option<String>) -> PyErr {
    let exception = crate::errors::of_system(py, &error);
    // It is an OSError, which has a place for the path.
    let _ignored = exception.value(py).setattr("filename", path);
    exception
}
