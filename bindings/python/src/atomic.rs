//! `filemap.Atomic`: a number in a view on which threads and processes agree.

use std::sync::Arc;

use filemap::View;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::OrRaise as _;
use crate::waiting::{self, Timeout};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    U32,
    I32,
    U64,
    I64,
}

/// A number in a view on which threads and processes agree.
#[pyclass(frozen, module = "filemap")]
pub(crate) struct Atomic {
    view: Arc<View>,
    kind: Kind,
    offset: usize,
}

/// Does the same for each kind of number that is agreed on.
macro_rules! with_cell {
    ($self:ident, $py:ident, $cell:ident, $number:ident, $does:expr) => {
        match $self.kind {
            Kind::U32 => {
                type $number = u32;
                let $cell = $self.view.atomic::<u32>($self.offset).or_raise($py)?;
                $does
            }
            Kind::I32 => {
                type $number = i32;
                let $cell = $self.view.atomic::<i32>($self.offset).or_raise($py)?;
                $does
            }
            Kind::U64 => {
                type $number = u64;
                let $cell = $self.view.atomic::<u64>($self.offset).or_raise($py)?;
                $does
            }
            Kind::I64 => {
                type $number = i64;
                let $cell = $self.view.atomic::<i64>($self.offset).or_raise($py)?;
                $does
            }
        }
    };
}

impl Atomic {
    pub(crate) fn new(
        py: Python<'_>,
        view: Arc<View>,
        kind: &str,
        offset: usize,
    ) -> PyResult<Self> {
        let kind = match kind {
            "u32" => Kind::U32,
            "i32" => Kind::I32,
            "u64" => Kind::U64,
            "i64" => Kind::I64,
            _ => return Err(PyValueError::new_err("an atomic is u32, i32, u64 or i64")),
        };
        let atomic = Self { view, kind, offset };
        // Refused now, and not at the first use.
        with_cell!(atomic, py, cell, Number, {
            let _: &filemap::AtomicCell<'_, Number> = &cell;
        });
        Ok(atomic)
    }
}

macro_rules! operations {
    ($($name:ident = $method:ident),*) => {
        #[pymethods]
        impl Atomic {
            $(fn $name<'py>(&self, py: Python<'py>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                with_cell!(self, py, cell, Number, {
                    let value: Number = value.extract()?;
                    Ok(cell.$method(value).or_raise(py)?.into_pyobject(py)?.into_any())
                })
            })*

            fn load<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                with_cell!(self, py, cell, Number, {
                    let value: Number = cell.load().or_raise(py)?;
                    Ok(value.into_pyobject(py)?.into_any())
                })
            }

            fn store(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
                with_cell!(self, py, cell, Number, {
                    let value: Number = value.extract()?;
                    cell.store(value).or_raise(py)
                })
            }

            fn compare_exchange<'py>(
                &self,
                py: Python<'py>,
                current: &Bound<'py, PyAny>,
                new: &Bound<'py, PyAny>,
            ) -> PyResult<(bool, Bound<'py, PyAny>)> {
                with_cell!(self, py, cell, Number, {
                    let (current, new): (Number, Number) = (current.extract()?, new.extract()?);
                    Ok(match cell.compare_exchange(current, new).or_raise(py)? {
                        Ok(before) => (true, before.into_pyobject(py)?.into_any()),
                        Err(now) => (false, now.into_pyobject(py)?.into_any()),
                    })
                })
            }

            /// Sleeps while the number is `value`; returns whether it may have changed.
            #[pyo3(signature = (value, timeout=None))]
            fn wait(&self, py: Python<'_>, value: &Bound<'_, PyAny>, timeout: Option<f64>) -> PyResult<bool> {
                let timeout = Timeout::of(timeout)?;
                match self.kind {
                    Kind::U32 => {
                        let value: u32 = value.extract()?;
                        let cell = self.view.atomic::<u32>(self.offset).or_raise(py)?;
                        waiting::slices(py, timeout, |time| {
                            Ok(cell.wait(value, time)?.then_some(()))
                        })
                    }
                    Kind::I32 => {
                        let value: i32 = value.extract()?;
                        let cell = self.view.atomic::<i32>(self.offset).or_raise(py)?;
                        waiting::slices(py, timeout, |time| {
                            Ok(cell.wait(value, time)?.then_some(()))
                        })
                    }
                    _ => return Err(only_words()),
                }
                .map(|woken| woken.is_some())
            }

            /// Wakes one thread that waits.
            fn notify_one(&self, py: Python<'_>) -> PyResult<()> {
                match self.kind {
                    Kind::U32 => self.view.atomic::<u32>(self.offset).and_then(|cell| cell.notify_one()),
                    Kind::I32 => self.view.atomic::<i32>(self.offset).and_then(|cell| cell.notify_one()),
                    _ => return Err(only_words()),
                }
                .or_raise(py)
            }

            /// Wakes all threads that wait.
            fn notify_all(&self, py: Python<'_>) -> PyResult<()> {
                match self.kind {
                    Kind::U32 => self.view.atomic::<u32>(self.offset).and_then(|cell| cell.notify_all()),
                    Kind::I32 => self.view.atomic::<i32>(self.offset).and_then(|cell| cell.notify_all()),
                    _ => return Err(only_words()),
                }
                .or_raise(py)
            }
        }
    };
}

operations! {
    swap = swap, add = fetch_add, sub = fetch_sub, bit_and = fetch_and, bit_or = fetch_or,
    bit_xor = fetch_xor, max = fetch_max, min = fetch_min
}

fn only_words() -> PyErr {
    PyTypeError::new_err("threads wait at numbers of 32 bits")
}
