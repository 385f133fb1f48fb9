//! `filemap record`.

use std::process::ExitCode;

use super::Context;
use crate::args::Record;
use crate::failure::Result;

#[cfg(not(feature = "sight"))]
pub(super) fn run(_context: &Context<'_>, _record: &Record) -> Result<ExitCode> {
    Err(super::lacking::failure("record", "no recordings"))
}

#[cfg(feature = "sight")]
pub(super) fn run(_context: &Context<'_>, _record: &Record) -> Result<ExitCode> {
    Err(crate::failure::Failure::broken("could not record: it is not there yet"))
}
