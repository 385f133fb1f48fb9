//! `filemap.Mutex`, `Event` and `Semaphore`, and waiting for several of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use filemap::Waitable;
use pyo3::exceptions::{PyNotImplementedError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::OrRaise as _;
use crate::mapping::Mapping;
use crate::registry::Registry;
use crate::waiting::{Timeout, slices};
use crate::{slots, words};

/// How an object is made or found.
struct Place {
    name: Option<String>,
    exclusive: bool,
    permissions: u32,
    registry: Option<Py<Registry>>,
}

impl Place {
    /// Makes the object, or opens the one that has the name.
    fn make<T: Send>(
        &self,
        py: Python<'_>,
        options: filemap::WaitableOptions<T>,
        create: impl FnOnce(filemap::WaitableOptions<T>, bool) -> filemap::Result<T> + Send,
        naming: impl FnOnce(
            filemap::WaitableOptions<T>,
            Option<&str>,
            filemap::Permissions,
            Option<&filemap::Registry>,
        ) -> filemap::WaitableOptions<T>,
    ) -> PyResult<T> {
        let registry = self.registry.as_ref().map(|registry| &registry.get().registry);
        let permissions = words::permissions(self.permissions)?;
        let options = naming(options, self.name.as_deref(), permissions, registry);
        let exclusive = self.exclusive;
        py.detach(|| create(options, exclusive)).or_raise_about(py, self.name.as_deref())
    }
}

/// What the three classes have alike.
macro_rules! waitable {
    ($class:ident, $name:literal, $object:ty $(, $field:ident: $type:ty)?) => {
        #[pyclass(frozen, module = "filemap", name = $name)]
        pub(crate) struct $class {
            object: RwLock<Option<Arc<$object>>>,
            registry: Option<Py<Registry>>,
            $($field: $type,)?
        }

        impl $class {
            fn of(object: $object, registry: Option<Py<Registry>>) -> Self {
                let object = RwLock::new(Some(Arc::new(object)));
                Self { object, registry, $($field: <$type>::default(),)? }
            }

            fn object(&self) -> PyResult<Arc<$object>> {
                let object = self.object.read().unwrap_or_else(PoisonError::into_inner);
                object.clone().ok_or_else(|| PyValueError::new_err("the object is closed"))
            }

            fn made(
                py: Python<'_>,
                place: Place,
                options: filemap::WaitableOptions<$object>,
            ) -> PyResult<Self> {
                let object = place.make(
                    py,
                    options,
                    |options, exclusive| {
                        if exclusive { options.create_new() } else { options.create() }
                    },
                    |mut options, name, permissions, registry| {
                        options = options.permissions(permissions);
                        if let Some(name) = name {
                            options = options.name(name);
                        }
                        if let Some(registry) = registry {
                            options = options.registry(registry);
                        }
                        options
                    },
                )?;
                Ok(Self::of(object, place.registry))
            }

            fn found(
                py: Python<'_>,
                name: &str,
                registry: Option<Py<Registry>>,
                options: filemap::WaitableOptions<$object>,
            ) -> PyResult<Self> {
                let place = Place { name: Some(name.to_owned()), exclusive: false, permissions: 0o600, registry };
                let object = place.make(
                    py,
                    options,
                    |options, _| options.open(),
                    |options, _, _, registry| {
                        let options = options.name(name);
                        if let Some(registry) = registry { options.registry(registry) } else { options }
                    },
                )?;
                Ok(Self::of(object, place.registry))
            }
        }
    };
}

/// The methods that the three classes have alike; each class has one block of methods.
macro_rules! methods {
    ($class:ident, $object:ty, $options:expr; $($own:tt)*) => {
        #[pymethods]
        impl $class {
            $($own)*

            /// Opens the object that has a name.
            #[staticmethod]
            #[pyo3(signature = (name, *, registry=None))]
            fn open(
                        py: Python<'_>,
                name: &str,
                registry: Option<Py<Registry>>,
            ) -> PyResult<Self> {
                Self::found(py, name, registry, $options)
            }

            /// Finds the object in a page of a mapping.
            #[staticmethod]
            fn open_at(
                        py: Python<'_>,
                mapping: &Bound<'_, Mapping>,
                offset: u64,
            ) -> PyResult<Self> {
                let handle = mapping.get().handle()?;
                Ok(Self::of($options.open_at(&handle, offset).or_raise(py)?, None))
            }

            /// Takes a descriptor over, which somebody gave away.
            #[staticmethod]
            fn from_fd(py: Python<'_>, fd: i32) -> PyResult<Self> {
                let Some(descriptor) = slots::owned(fd) else {
                    return Err(PyValueError::new_err("a descriptor is not negative"));
                };
                Ok(Self::of(<$object>::try_from(descriptor).or_raise(py)?, None))
            }

            #[getter]
            fn name(&self) -> PyResult<Option<String>> {
                Ok(self.object()?.name().map(ToString::to_string))
            }

            #[getter]
            fn existed(&self) -> PyResult<bool> {
                Ok(self.object()?.existed())
            }

            #[getter]
            fn closed(&self) -> bool {
                self.object.read().unwrap_or_else(PoisonError::into_inner).is_none()
            }

            /// Takes its name from the object: the name is free at once, and the handles stay.
            fn withdraw(&self, py: Python<'_>) -> PyResult<()> {
                let object = self.object()?;
                py.detach(|| object.withdraw_name()).or_raise(py)
            }

            /// Returns the descriptor of the handle, which stays its owner.
            fn fileno(&self) -> PyResult<i32> {
                slots::number_of(&*self.object()?)
                    .ok_or_else(|| PyNotImplementedError::new_err("it has no descriptor"))
            }

            fn close(&self) {
                drop(self.object.write().unwrap_or_else(PoisonError::into_inner).take());
            }

            fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
                let registry = slf.get().registry.as_ref();
                slf.py().import("filemap._pickle")?.call_method1("waitable", (slf, registry))
            }

            fn __repr__(&self) -> String {
                let class = stringify!($class);
                match self.object().map(|object| object.name().map(ToString::to_string)) {
                    Ok(Some(name)) => format!("<filemap.{class} '{name}'>"),
                    Ok(None) => format!("<filemap.{class}>"),
                    Err(_) => format!("<filemap.{class}, closed>"),
                }
            }
        }
    };
}

waitable!(Mutex, "Mutex", filemap::Mutex, abandoned: AtomicBool);
waitable!(Event, "Event", filemap::Event);
waitable!(Semaphore, "Semaphore", filemap::Semaphore);

impl Mutex {
    fn take(&self, py: Python<'_>, timeout: Timeout) -> PyResult<bool> {
        let object = self.object()?;
        let taken = slices(py, timeout, |time| {
            let locked = match time {
                Some(time) => object.lock_for(time)?,
                None => Some(object.lock()?),
            };
            Ok(locked.map(|locked| {
                let abandoned = locked.is_abandoned();
                locked.either().keep();
                abandoned
            }))
        })?;
        if let Some(abandoned) = taken {
            self.abandoned.store(abandoned, Ordering::Relaxed);
        }
        Ok(taken.is_some())
    }
}

methods! { Mutex, filemap::Mutex, filemap::Mutex::options();
    #[new]
    #[pyo3(signature = (name=None, *, owned=false, exclusive=false, permissions=0o600, registry=None))]
    fn new(
        py: Python<'_>,
        name: Option<String>,
        owned: bool,
        exclusive: bool,
        permissions: u32,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        let options = filemap::Mutex::options();
        let options = if owned { options.owned() } else { options };
        Self::made(py, Place { name, exclusive, permissions, registry }, options)
    }

    /// Makes a mutex in a page of a mapping, or finds the one that is there.
    #[staticmethod]
    fn place(py: Python<'_>, mapping: &Bound<'_, Mapping>, offset: u64) -> PyResult<Self> {
        let placed = filemap::Mutex::options().place(&*mapping.get().handle()?, offset);
        Ok(Self::of(placed.or_raise(py)?, None))
    }

    /// Waits until this thread owns the mutex, or the time is over; returns whether it does. Then
    /// `abandoned` says whether the owner before it ended without a release.
    #[pyo3(signature = (timeout=None))]
    fn acquire(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.take(py, Timeout::of(timeout)?)
    }

    fn release(&self, py: Python<'_>) -> PyResult<()> {
        let object = self.object()?;
        object.unlock().or_raise(py)
    }

    /// Whether the owner before this one ended without a release: what it was changing may be half
    /// done.
    #[getter]
    fn abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    fn __enter__<'py>(slf: PyRef<'py, Self>, py: Python<'py>) -> PyResult<PyRef<'py, Self>> {
        slf.take(py, Timeout::of(None)?)?;
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, PyAny>) -> PyResult<()> {
        self.release(py)
    }
}

methods! { Event, filemap::Event, filemap::Event::options();
    #[new]
    #[pyo3(signature = (
        name=None, *, manual_reset=false, is_set=false, exclusive=false, permissions=0o600, registry=None,
    ))]
    fn new(
        py: Python<'_>,
        name: Option<String>,
        manual_reset: bool,
        is_set: bool,
        exclusive: bool,
        permissions: u32,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        Self::made(py, Place { name, exclusive, permissions, registry }, event(manual_reset, is_set))
    }

    /// Makes an event in a page of a mapping, or finds the one that is there.
    #[staticmethod]
    #[pyo3(signature = (mapping, offset, *, manual_reset=false, is_set=false))]
    fn place(
        py: Python<'_>,
        mapping: &Bound<'_, Mapping>,
        offset: u64,
        manual_reset: bool,
        is_set: bool,
    ) -> PyResult<Self> {
        let placed = event(manual_reset, is_set).place(&*mapping.get().handle()?, offset);
        Ok(Self::of(placed.or_raise(py)?, None))
    }

    fn set(&self, py: Python<'_>) -> PyResult<()> {
        self.object()?.set().or_raise(py)
    }

    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.object()?.reset().or_raise(py)
    }

    fn pulse(&self, py: Python<'_>) -> PyResult<()> {
        self.object()?.pulse().or_raise(py)
    }

    fn is_set(&self, py: Python<'_>) -> PyResult<bool> {
        self.object()?.is_set().or_raise(py)
    }

    /// Waits until the event is set, or the time is over; returns whether it was.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let object = self.object()?;
        let set = slices(py, Timeout::of(timeout)?, |time| match time {
            Some(time) => Ok(object.wait_for(time)?.then_some(())),
            None => object.wait().map(Some),
        })?;
        Ok(set.is_some())
    }
}

fn event(manual_reset: bool, is_set: bool) -> filemap::WaitableOptions<filemap::Event> {
    let options = filemap::Event::options();
    let options = if manual_reset { options.manual_reset() } else { options };
    if is_set { options.set() } else { options }
}

/// The most that a semaphore counts.
const MOST: u32 = i32::MAX.cast_unsigned();

impl Semaphore {
    fn take(&self, py: Python<'_>, timeout: Timeout) -> PyResult<bool> {
        let object = self.object()?;
        let taken = slices(py, timeout, |time| match time {
            Some(time) => Ok(object.acquire_for(time)?.then_some(())),
            None => object.acquire().map(Some),
        })?;
        Ok(taken.is_some())
    }
}

methods! { Semaphore, filemap::Semaphore, filemap::Semaphore::options(MOST);
    #[new]
    #[pyo3(signature = (
        name=None, *, value=1, maximum=MOST, exclusive=false, permissions=0o600, registry=None,
    ))]
    fn new(
        py: Python<'_>,
        name: Option<String>,
        value: u32,
        maximum: u32,
        exclusive: bool,
        permissions: u32,
        registry: Option<Py<Registry>>,
    ) -> PyResult<Self> {
        let options = filemap::Semaphore::options(maximum).count(value);
        Self::made(py, Place { name, exclusive, permissions, registry }, options)
    }

    /// Makes a semaphore in a page of a mapping, or finds the one that is there.
    #[staticmethod]
    #[pyo3(signature = (mapping, offset, *, value=1, maximum=MOST))]
    fn place(
        py: Python<'_>,
        mapping: &Bound<'_, Mapping>,
        offset: u64,
        value: u32,
        maximum: u32,
    ) -> PyResult<Self> {
        let options = filemap::Semaphore::options(maximum).count(value);
        Ok(Self::of(options.place(&*mapping.get().handle()?, offset).or_raise(py)?, None))
    }

    /// Waits until there is a unit, and takes it, or until the time is over; returns whether it did.
    #[pyo3(signature = (timeout=None))]
    fn acquire(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.take(py, Timeout::of(timeout)?)
    }

    /// Adds units; returns how many there were.
    #[pyo3(signature = (count=1))]
    fn release(&self, py: Python<'_>, count: u32) -> PyResult<u32> {
        self.object()?.release(count).or_raise(py)
    }

    #[getter]
    fn value(&self, py: Python<'_>) -> PyResult<u32> {
        self.object()?.count().or_raise(py)
    }

    fn __enter__<'py>(slf: PyRef<'py, Self>, py: Python<'py>) -> PyResult<PyRef<'py, Self>> {
        slf.take(py, Timeout::of(None)?)?;
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, py: Python<'_>, _args: &Bound<'_, PyAny>) -> PyResult<()> {
        self.release(py, 1).map(drop)
    }
}

/// An object of any of the three classes.
enum Any {
    Mutex(Arc<filemap::Mutex>),
    Event(Arc<filemap::Event>),
    Semaphore(Arc<filemap::Semaphore>),
}

impl Any {
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(mutex) = object.cast::<Mutex>() {
            return mutex.get().object().map(Self::Mutex);
        }
        if let Ok(event) = object.cast::<Event>() {
            return event.get().object().map(Self::Event);
        }
        if let Ok(semaphore) = object.cast::<Semaphore>() {
            return semaphore.get().object().map(Self::Semaphore);
        }
        Err(PyTypeError::new_err("only a Mutex, an Event or a Semaphore is waited for"))
    }

    fn waitable(&self) -> &dyn Waitable {
        match self {
            Self::Mutex(object) => &**object,
            Self::Event(object) => &**object,
            Self::Semaphore(object) => &**object,
        }
    }
}

/// Waits until one of the objects is signalled, or the time is over: `None`.
#[pyfunction]
#[pyo3(signature = (objects, timeout=None))]
pub(crate) fn wait_any(
    py: Python<'_>,
    objects: Vec<Bound<'_, PyAny>>,
    timeout: Option<f64>,
) -> PyResult<Option<Signalled>> {
    several(py, &objects, timeout, filemap::wait_any)
}

/// Waits until all of the objects are signalled at once, and takes all of them, or until the time is
/// over: `None`.
#[pyfunction]
#[pyo3(signature = (objects, timeout=None))]
pub(crate) fn wait_all(
    py: Python<'_>,
    objects: Vec<Bound<'_, PyAny>>,
    timeout: Option<f64>,
) -> PyResult<Option<Signalled>> {
    several(py, &objects, timeout, filemap::wait_all)
}

type Wait = fn(
    &[&dyn Waitable],
    Option<std::time::Duration>,
) -> filemap::Result<Option<filemap::Signalled>>;

fn several(
    py: Python<'_>,
    objects: &[Bound<'_, PyAny>],
    timeout: Option<f64>,
    wait: Wait,
) -> PyResult<Option<Signalled>> {
    let held: Vec<_> = objects.iter().map(Any::of).collect::<PyResult<_>>()?;
    let waitables: Vec<_> = held.iter().map(Any::waitable).collect();
    let signalled = slices(py, Timeout::of(timeout)?, |time| wait(&waitables, time))?;
    Ok(signalled
        .map(|signalled| Signalled { index: signalled.index, abandoned: signalled.is_abandoned }))
}

/// Which object was signalled, and whether it is a mutex whose owner ended.
#[pyclass(frozen, get_all, module = "filemap")]
pub(crate) struct Signalled {
    index: usize,
    abandoned: bool,
}

#[pymethods]
impl Signalled {
    fn __repr__(&self) -> String {
        let abandoned = if self.abandoned { ", abandoned" } else { "" };
        format!("<filemap.Signalled {}{abandoned}>", self.index)
    }
}

/// Adds the classes and functions to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Mutex>()?;
    module.add_class::<Event>()?;
    module.add_class::<Semaphore>()?;
    module.add_class::<Signalled>()?;
    module.add_function(wrap_pyfunction!(wait_any, module)?)?;
    module.add_function(wrap_pyfunction!(wait_all, module)?)
}
