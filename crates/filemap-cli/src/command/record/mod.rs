//! `filemap record`.

#[cfg(feature = "sight")]
mod verb;

#[cfg(feature = "sight")]
pub(super) use self::verb::run;

#[cfg(not(feature = "sight"))]
pub(super) fn run(
    _context: &super::Context<'_>,
    _record: &crate::args::Record,
) -> crate::failure::Result<std::process::ExitCode> {
    Err(super::lacking::failure("record", "no recordings"))
}
