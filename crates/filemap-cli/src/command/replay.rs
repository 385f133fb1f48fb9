//! `filemap replay`.

use std::process::ExitCode;

use super::Context;
use crate::args::Replay;
use crate::failure::Result;

#[cfg(not(feature = "sight"))]
pub(super) fn run(_context: &Context<'_>, _replay: &Replay) -> Result<ExitCode> {
    Err(super::lacking::failure("replay", "no recordings"))
}

#[cfg(feature = "sight")]
pub(super) fn run(_context: &Context<'_>, _replay: &Replay) -> Result<ExitCode> {
    Err(crate::failure::Failure::broken("could not replay: it is not there yet"))
}
