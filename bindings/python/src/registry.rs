//! `filemap.Registry`: which names there are, and who holds them.

use std::path::PathBuf;

use filemap::{NamedMapping, ObjectState, Scope};
use pyo3::prelude::*;

use crate::errors::OrRaise as _;
use crate::words;

/// A directory of names.
#[pyclass(frozen, module = "filemap")]
pub(crate) struct Registry {
    pub(crate) registry: filemap::Registry,
    place: Option<PathBuf>,
}

#[pymethods]
impl Registry {
    #[new]
    fn at(path: PathBuf) -> Self {
        Self { registry: filemap::Registry::at(&path), place: Some(path) }
    }

    /// Returns the registry of the system: that of names without another.
    #[staticmethod]
    fn system() -> Self {
        Self { registry: filemap::Registry::system(), place: None }
    }

    /// Returns all names, dead ones as well.
    fn names(&self, py: Python<'_>) -> PyResult<Vec<Named>> {
        let listed = py.detach(|| self.registry.list()).or_raise(py)?;
        listed.iter().map(|name| Named::of(py, name)).collect()
    }

    fn inspect(&self, py: Python<'_>, name: &str) -> PyResult<Named> {
        let found = py.detach(|| self.registry.inspect(name)).or_raise_about(py, Some(name))?;
        Named::of(py, &found)
    }

    /// Frees what killed processes left; returns how many names were.
    fn collect(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.registry.remove_dead()).or_raise(py)
    }

    /// Returns the processes that hold a name.
    fn holders(&self, py: Python<'_>, name: &str) -> PyResult<Vec<Holder>> {
        let holders = py.detach(|| self.registry.inspect(name)?.holders());
        let holders = holders.or_raise_about(py, Some(name))?;
        Ok(holders.iter().map(Holder::of).collect())
    }

    /// Returns where the names of this user are.
    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let path = self.registry.path(Scope::Local).or_raise(py)?;
        Ok(path.map(|path| path.to_string_lossy().into_owned()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("filemap._pickle")?.call_method1("registry", (self.place.clone(),))
    }

    fn __repr__(&self) -> String {
        match &self.place {
            Some(place) => format!("filemap.Registry({:?})", place.display().to_string()),
            None => "filemap.Registry.system()".to_owned(),
        }
    }
}

/// A process that holds a name.
#[pyclass(frozen, get_all, module = "filemap")]
pub(crate) struct Holder {
    process: u32,
    command: String,
    handles: usize,
    views: usize,
}

impl Holder {
    fn of(holder: &filemap::Holder) -> Self {
        Self {
            process: holder.pid(),
            command: holder.command().to_owned(),
            handles: holder.handles(),
            views: holder.views(),
        }
    }
}

#[pymethods]
impl Holder {
    fn __repr__(&self) -> String {
        let Self { process, command, handles, views } = self;
        format!("<filemap.Holder {process} {command:?}: {handles} handles, {views} views>")
    }
}

/// A name as a registry lists it.
#[pyclass(frozen, get_all, module = "filemap", name = "NamedMapping")]
pub(crate) struct Named {
    name: String,
    kind: Py<PyAny>,
    size: Option<u64>,
    protection: Py<PyAny>,
    lifetime: Option<Py<PyAny>>,
    path: Option<String>,
    creator: u32,
    created: f64,
    is_live: bool,
    waiters: Option<u32>,
    state: Option<String>,
}

impl Named {
    fn of(py: Python<'_>, named: &NamedMapping) -> PyResult<Self> {
        let word = |class: &str, word: String| words::of(py, class, &word).map(Bound::unbind);
        let path = match named.backing() {
            filemap::Backing::File { path, .. } => Some(path.to_string_lossy().into_owned()),
            _ => None,
        };
        let created = named.created().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let lifetime = named.lifetime().map(|lifetime| word("Lifetime", format!("{lifetime:?}")));
        Ok(Self {
            name: named.name().to_string(),
            kind: word("ObjectKind", format!("{:?}", named.kind()))?,
            size: named.size(),
            protection: word("Protection", format!("{:?}", named.protection()))?,
            lifetime: lifetime.transpose()?,
            path,
            creator: named.creator(),
            created: created.as_secs_f64(),
            is_live: named.is_live(),
            waiters: named.waiters(),
            state: named.state().map(|state| told(&state)),
        })
    }
}

fn told(state: &ObjectState) -> String {
    match state {
        ObjectState::Mutex { owner: Some(owner), .. } => match owner.process {
            Some(process) => format!("owned by process {process}"),
            None => "owned".to_owned(),
        },
        ObjectState::Mutex { is_abandoned: true, .. } => "abandoned".to_owned(),
        ObjectState::Mutex { .. } => "free".to_owned(),
        ObjectState::Event { is_set: true, .. } => "set".to_owned(),
        ObjectState::Event { .. } => "not set".to_owned(),
        ObjectState::Semaphore { count, maximum, .. } => format!("{count} of {maximum}"),
        _ => format!("{state:?}"),
    }
}

#[pymethods]
impl Named {
    fn __repr__(&self) -> String {
        format!(
            "<filemap.NamedMapping '{}'{}>",
            self.name,
            if self.is_live { "" } else { ", dead" }
        )
    }
}
