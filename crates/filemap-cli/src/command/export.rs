//! `filemap export`.

use super::Context;
use crate::args::Export;
use crate::failure::Result;

#[cfg(not(feature = "sight"))]
pub(super) fn run(_context: &Context<'_>, _export: &Export) -> Result<()> {
    Err(super::lacking::failure("export", "no recordings"))
}

#[cfg(feature = "sight")]
pub(super) fn run(_context: &Context<'_>, _export: &Export) -> Result<()> {
    Err(crate::failure::Failure::broken("could not export: it is not there yet"))
}
