//! Views by the rules of the system's own call, which are those of mappings here.

use std::fs::File;

use crate::sys::region::Region;
use crate::sys::{PlainMap, Request};
use crate::types::{Error, ErrorKind, Operation, Result};

/// Refuses: every view is of a mapping.
pub(crate) fn map_plain(
    _file: Option<&File>,
    _request: Request,
    _plain: PlainMap,
) -> Result<Region> {
    Err(Error::new(ErrorKind::NotSupported, Operation::MapView))
}
