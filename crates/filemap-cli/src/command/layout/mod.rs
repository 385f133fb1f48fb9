//! `filemap layout`: shows fields with their offsets, sizes and types.

#[cfg(feature = "sight")]
mod shown;

#[cfg(feature = "sight")]
pub(super) use self::shown::run;

#[cfg(not(feature = "sight"))]
pub(super) fn run(
    _context: &super::Context<'_>,
    _layout: &crate::args::LayoutArguments,
) -> crate::failure::Result<()> {
    Err(super::lacking::failure("show a layout", "no layouts"))
}
