//! What a build without all features refuses.

use crate::types::{Attributes, Error, ErrorKind, Operation, Result};

/// Refuses a mapping whose attributes need a feature that this build lacks.
///
/// # Errors
///
/// [`ErrorKind::NotSupported`], which names the feature.
pub(super) fn check(attributes: Attributes, operation: Operation) -> Result<()> {
    let needed = [
        (Attributes::RESERVE, "pages", cfg!(feature = "pages")),
        (Attributes::IMAGE, "images", cfg!(feature = "images")),
    ];
    match needed.iter().find(|(attribute, _, there)| attributes.contains(*attribute) && !there) {
        None => Ok(()),
        Some((attribute, feature, _)) => Err(Error::new(ErrorKind::NotSupported, operation)
            .because(format!(
                "a mapping with the attribute `{attribute}` needs the feature `{feature}`, \
                 which this build of filemap lacks"
            ))),
    }
}
