//! Values of Python as objects of a file, in the format that all languages read.

use std::cell::RefCell;
use std::fmt;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use crate::errors::OrRaise as _;

/// A program's own way to make bytes of values.
#[pyclass(frozen, module = "filemap")]
pub(crate) struct Codec {
    #[pyo3(get)]
    pub(crate) id: u8,
    pub(crate) dumps: Py<PyAny>,
    pub(crate) loads: Py<PyAny>,
}

#[pymethods]
impl Codec {
    #[new]
    fn new(id: u8, dumps: Py<PyAny>, loads: Py<PyAny>) -> PyResult<Self> {
        if id < 128 {
            return Err(PyValueError::new_err("codecs of programs have the numbers 128 to 255"));
        }
        Ok(Self { id, dumps, loads })
    }

    fn __repr__(&self) -> String {
        format!("<filemap.Codec {}>", self.id)
    }
}

/// How deep values are nested at most, as everywhere in the format.
const DEEPEST: usize = 128;

/// A value that is stored.
pub(crate) struct Stored<'a, 'py> {
    value: &'a Bound<'py, PyAny>,
    depth: usize,
    /// The exception that stopped it.
    failure: &'a RefCell<Option<PyErr>>,
}

impl<'a, 'py> Stored<'a, 'py> {
    /// Calls a function of the library with a value.
    pub(crate) fn with<T>(
        value: &'a Bound<'py, PyAny>,
        store: impl FnOnce(&Stored<'_, 'py>) -> filemap::Result<T>,
    ) -> PyResult<T> {
        let failure = RefCell::new(None);
        let stored = store(&Stored { value, depth: 0, failure: &failure });
        match failure.take() {
            Some(exception) => Err(exception),
            None => stored.or_raise(value.py()),
        }
    }

    fn inner<'b>(&'b self, value: &'b Bound<'py, PyAny>) -> Stored<'b, 'py> {
        Stored { value, depth: self.depth + 1, failure: self.failure }
    }

    fn stopped<E: ser::Error>(&self, exception: PyErr) -> E {
        let text = exception.to_string();
        self.failure.replace(Some(exception));
        E::custom(text)
    }
}

impl Serialize for Stored<'_, '_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let value = self.value;
        if self.depth > DEEPEST {
            return Err(self.stopped(PyValueError::new_err("the value is nested too deep")));
        }
        if value.is_none() {
            return to.serialize_unit();
        }
        if let Ok(text) = value.cast::<PyString>() {
            return match text.to_cow() {
                Ok(text) => to.serialize_str(&text),
                Err(exception) => Err(self.stopped(exception)),
            };
        }
        if let Ok(truth) = value.cast::<PyBool>() {
            return to.serialize_bool(truth.is_true());
        }
        if value.is_instance_of::<PyInt>() {
            if let Ok(number) = value.extract::<i64>() {
                return to.serialize_i64(number);
            }
            return match value.extract::<u64>() {
                Ok(number) => to.serialize_u64(number),
                Err(exception) => Err(self.stopped(exception)),
            };
        }
        if let Ok(number) = value.cast::<PyFloat>() {
            return to.serialize_f64(number.value());
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return to.serialize_bytes(bytes.as_bytes());
        }
        if let Ok(bytes) = value.cast::<PyByteArray>() {
            return to.serialize_bytes(&bytes.to_vec());
        }
        if let Ok(list) = value.cast::<PyList>() {
            let mut sequence = to.serialize_seq(Some(list.len()))?;
            for item in list {
                sequence.serialize_element(&self.inner(&item))?;
            }
            return sequence.end();
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            let mut sequence = to.serialize_seq(Some(tuple.len()))?;
            for item in tuple {
                sequence.serialize_element(&self.inner(&item))?;
            }
            return sequence.end();
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            let mut map = to.serialize_map(Some(dict.len()))?;
            for (key, value) in dict {
                map.serialize_entry(&self.inner(&key), &self.inner(&value))?;
            }
            return map.end();
        }
        let class = value.get_type();
        Err(self.stopped(PyTypeError::new_err(format!(
            "no object is made of {class}: only of None, bool, int, float, str, bytes, list, tuple and dict"
        ))))
    }
}

/// A value that was stored.
pub(crate) struct Loaded(pub(crate) Py<PyAny>);

impl<'de> Deserialize<'de> for Loaded {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Maker)
    }
}

/// Makes the value of Python.
struct Maker;

/// Passes a value on that is made by code that does not fail, or not for another reason than memory.
fn made<E: de::Error>(
    make: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
) -> Result<Loaded, E> {
    Python::attach(|py| make(py).map(|value| Loaded(value.unbind())).map_err(E::custom))
}

macro_rules! visits {
    ($($name:ident: $type:ty),*) => {
        $(fn $name<E: de::Error>(self, value: $type) -> Result<Loaded, E> {
            made(|py| Ok(value.into_pyobject(py)?.to_owned().into_any()))
        })*
    };
}

impl<'de> Visitor<'de> for Maker {
    type Value = Loaded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    visits!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: de::Error>(self) -> Result<Loaded, E> {
        made(|py| Ok(py.None().into_bound(py)))
    }

    fn visit_none<E: de::Error>(self) -> Result<Loaded, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Loaded, D::Error> {
        Loaded::deserialize(from)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<Loaded, D::Error> {
        Loaded::deserialize(from)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Loaded, E> {
        made(|py| Ok(PyBytes::new(py, bytes).into_any()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Loaded, A::Error> {
        let mut items = Vec::new();
        while let Some(Loaded(item)) = sequence.next_element()? {
            items.push(item);
        }
        made(|py| Ok(PyList::new(py, items)?.into_any()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loaded, A::Error> {
        let mut items = Vec::new();
        while let Some((Loaded(key), Loaded(value))) = map.next_entry()? {
            items.push((key, value));
        }
        made(|py| {
            let dict = PyDict::new(py);
            for (key, value) in items {
                dict.set_item(hashable(key.into_bound(py))?, value)?;
            }
            Ok(dict.into_any())
        })
    }
}

/// Returns a key as what can be one: a list as a tuple.
fn hashable(key: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    match key.cast::<PyList>() {
        Ok(list) => {
            let items = list.iter().map(hashable).collect::<PyResult<Vec<_>>>()?;
            Ok(PyTuple::new(key.py(), items)?.into_any())
        }
        Err(_) => Ok(key),
    }
}
