//! What this build lacks, and how to get a command that has it.

use crate::failure::Failure;

/// Returns the failure of a verb that needs the feature `sight`; `verb` is what could not be done.
pub(super) fn failure(verb: &str, lacking: &str) -> Failure {
    Failure::broken(format!(
        "could not {verb}: this build has {lacking}, and `cargo install --path crates/filemap-cli \
         --features sight` builds a command that does"
    ))
}
