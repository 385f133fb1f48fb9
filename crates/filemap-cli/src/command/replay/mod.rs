//! `filemap replay`.

#[cfg(feature = "sight")]
mod verb;

#[cfg(feature = "sight")]
pub(super) use self::verb::run;

#[cfg(not(feature = "sight"))]
pub(super) fn run(
    _context: &super::Context<'_>,
    _replay: &crate::args::Replay,
) -> crate::failure::Result<std::process::ExitCode> {
    Err(super::lacking::failure("replay", "no recordings"))
}
