//! The registry of names that all programs share.

use std::path::Path;
use std::sync::Arc;

use crate::sys::platform::variable;
use crate::sys::{AppendList, Directory};

/// The environment variable that moves it.
const PLACE: &str = "FILEMAP_DIR";

impl Directory {
    /// The registry of this machine or session, or the one that `FILEMAP_DIR` names.
    pub(crate) fn system() -> Arc<Self> {
        static SYSTEM: AppendList<Arc<Directory>> = AppendList::new();
        let system = SYSTEM.get_or_push(|| {
            Arc::new(
                variable(PLACE).map_or_else(Self::default, |place| Self::at(Path::new(&place))),
            )
        });
        Arc::clone(system)
    }
}
