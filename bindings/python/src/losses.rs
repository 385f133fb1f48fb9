//! Pages that were lost under those who were lent a view: zeros take their place.

use std::ops::Range;
use std::sync::Arc;

use filemap::{ErrorKind, Result, View};
use pyo3::prelude::*;

use crate::errors::OrRaise as _;

/// Has zeros put in place of pages that are lost from now on, for those who have a view's address; does
/// nothing where no system can do that.
pub(crate) fn replace(view: &mut View) -> Result<()> {
    match view.replace_losses() {
        Err(error) if error.kind() != ErrorKind::NotSupported => Err(error),
        _ => Ok(()),
    }
}

/// Returns a view of which nobody has the address yet, so.
pub(crate) fn replaced(mut view: View) -> Result<View> {
    replace(&mut view)?;
    Ok(view)
}

/// The ranges of a view that read as zeros: where each begins, and where it ends.
pub(crate) fn lost(view: &View) -> Vec<(usize, usize)> {
    view.lost().into_iter().map(|range| (range.bytes.start, range.bytes.end)).collect()
}

/// Maps what is there again; returns the ranges.
pub(crate) fn restore(py: Python<'_>, view: &Arc<View>) -> PyResult<Vec<(usize, usize)>> {
    let restored = py.detach(|| view.restore()).or_raise(py)?;
    Ok(restored.into_iter().map(|Range { start, end }| (start, end)).collect())
}
