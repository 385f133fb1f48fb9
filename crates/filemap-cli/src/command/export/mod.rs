//! `filemap export`.

#[cfg(feature = "sight")]
mod verb;

#[cfg(feature = "sight")]
pub(super) use self::verb::run;

#[cfg(not(feature = "sight"))]
pub(super) fn run(
    _context: &super::Context<'_>,
    _export: &crate::args::Export,
) -> crate::failure::Result<()> {
    Err(super::lacking::failure("export", "no recordings"))
}
