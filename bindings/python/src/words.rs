//! The library's words as members of Python's enumerations, which have the same names in upper case.

use std::fmt::Debug;

use filemap::{Access, Advice, Flush, Lifetime, Permissions, Protection, Rights};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// Returns `UpperCase` as `UPPER_CASE`.
pub(crate) fn upper(name: &str) -> String {
    let mut upper = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.extend(letter.to_uppercase());
    }
    upper
}

/// Returns the member of an enumeration that has this name.
pub(crate) fn of<'py>(py: Python<'py>, class: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("filemap._words")?.getattr(class)?.getattr(upper(name))
}

/// Returns the word that a member of an enumeration stands for.
fn word<T: Debug + Copy>(member: &Bound<'_, PyAny>, class: &str, all: &[T]) -> PyResult<T> {
    let wrong = || PyTypeError::new_err(format!("a member of filemap.{class} is required"));
    let enumeration = member.py().import("filemap._words")?.getattr(class)?;
    if !member.is_instance(&enumeration)? {
        return Err(wrong());
    }
    let name: String = member.getattr("name")?.extract()?;
    let found = all.iter().find(|word| upper(&format!("{word:?}")) == name);
    found.copied().ok_or_else(wrong)
}

pub(crate) fn access(member: &Bound<'_, PyAny>) -> PyResult<Access> {
    word(member, "Access", &Access::ALL)
}

pub(crate) fn protection(member: &Bound<'_, PyAny>) -> PyResult<Protection> {
    word(member, "Protection", &Protection::ALL)
}

pub(crate) fn flush(member: &Bound<'_, PyAny>) -> PyResult<Flush> {
    word(member, "Flush", &[Flush::Start, Flush::Written, Flush::Durable])
}

pub(crate) fn lifetime(member: &Bound<'_, PyAny>) -> PyResult<Lifetime> {
    word(member, "Lifetime", &Lifetime::ALL)
}

pub(crate) fn advice(member: &Bound<'_, PyAny>) -> PyResult<Advice> {
    use Advice::{Cold, LargePages, Normal, Random, Sequential, WillNeed};
    word(member, "Advice", &[Normal, Random, Sequential, WillNeed, Cold, LargePages])
}

pub(crate) fn rights(member: &Bound<'_, PyAny>) -> PyResult<Rights> {
    let bits: u8 = member.getattr("value")?.extract()?;
    Rights::from_bits(bits)
        .ok_or_else(|| PyTypeError::new_err("members of filemap.Rights are required"))
}

/// Returns rights as members of their enumeration.
pub(crate) fn of_rights(py: Python<'_>, rights: Rights) -> PyResult<Bound<'_, PyAny>> {
    py.import("filemap._words")?.getattr("Rights")?.call1((rights.bits(),))
}

/// Returns the permissions of a mode, as `os.chmod` has it.
pub(crate) fn permissions(mode: u32) -> PyResult<Permissions> {
    Permissions::from_mode(mode).map_err(|error| PyValueError::new_err(error.to_string()))
}
