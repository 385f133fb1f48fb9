//! What `shared_memory` is made of: a named mapping and its view, in one call.

use std::sync::Arc;

use filemap::{Access, ErrorKind, FileMapping, Lifetime, Rights, View};
use pyo3::prelude::*;

use crate::errors::OrRaise as _;
use crate::mapping::Mapping;
use crate::{slots, words};

/// What is done with a name.
enum Does {
    Attach,
    Create { size: u64, exclusive: bool, preallocate: bool, permissions: filemap::Permissions },
}

/// Makes or opens memory under a name, and maps all of it.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "called by Python's half alone")]
pub(crate) fn block<'py>(
    py: Python<'py>,
    name: &str,
    create: bool,
    size: u64,
    exist_ok: bool,
    readonly: bool,
    preallocate: bool,
    mode: u32,
) -> PyResult<(Mapping, Bound<'py, PyAny>, usize)> {
    let does = if create {
        let permissions = words::permissions(mode)?;
        Does::Create { size, exclusive: !exist_ok, preallocate, permissions }
    } else {
        Does::Attach
    };
    let made = py.detach(|| does.make(name, readonly));
    let (mapping, view, loses) = made.or_raise_about(py, Some(name))?;
    let size = view.len();
    Ok((Mapping::of(mapping, None), slots::new_view(py, Arc::new(view), loses)?, size))
}

/// Frees a name for others, and lets those who have the mapping keep it. That no mapping has the name
/// is no failure.
#[pyfunction]
pub(crate) fn withdraw(py: Python<'_>, name: &str) -> PyResult<()> {
    let done = py.detach(|| match FileMapping::open(name) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PathNotFound) => {
            Ok(())
        }
        opened => opened?.withdraw_name(),
    });
    done.or_raise_about(py, Some(name))
}

impl Does {
    /// Returns the handle, the view, and whether the view may lose pages.
    fn make(self, name: &str, readonly: bool) -> filemap::Result<(FileMapping, View, bool)> {
        let mapping = match self {
            Self::Attach if readonly => FileMapping::open_with(name, Rights::READ)?,
            Self::Attach => FileMapping::open(name)?,
            Self::Create { size, exclusive, preallocate, permissions } => {
                let options = FileMapping::options().name(name).size(size).permissions(permissions);
                // Memory that the kernel frees with its last holder, however that ends.
                let options = options.lifetime(Lifetime::Holders);
                let options = if preallocate { options.preallocate() } else { options.sparse() };
                if exclusive { options.create_new()? } else { options.create()? }
            }
        };
        let access = if readonly { Access::Read } else { crate::mapping::most(&mapping) };
        let view = mapping.map(access)?;
        // Nobody can cut memory that only its holders reach.
        let loses = mapping.lifetime() != Some(Lifetime::Holders);
        let view = if loses { crate::losses::replaced(view)? } else { view };
        Ok((mapping, view, loses))
    }
}
