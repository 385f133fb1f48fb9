//! Views, by any address in their pages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use filemap::{Attributes, LengthLock, View, page_size};

use crate::boundary::{Code, Result};
use crate::fork_lock::ForkLock;
use crate::windows::ERROR_INVALID_ADDRESS;

/// A view whose address a program has.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) view: View,
    /// The lock on its file's length, which views keep as well as handles.
    pub(crate) kept: Option<Arc<LengthLock>>,
    /// The attributes of its mapping.
    pub(crate) attributes: Attributes,
    /// Whether the process is prepared for the loss of its pages.
    pub(crate) prepared: AtomicBool,
}

impl Mapped {
    /// Returns the length of the view's pages, which can be accessed to the end of the last one.
    pub(crate) fn whole_pages(&self) -> usize {
        self.view.len().next_multiple_of(page_size())
    }
}

/// All views of this process, by the addresses of their first bytes.
static VIEWS: ForkLock<BTreeMap<usize, Arc<Mapped>>> = ForkLock::new(BTreeMap::new());

/// Records a view that begins at `base`.
pub(crate) fn insert(base: usize, mapped: Mapped) {
    VIEWS.write().insert(base, Arc::new(mapped));
}

fn base_of(views: &BTreeMap<usize, Arc<Mapped>>, address: usize) -> Option<usize> {
    let (base, mapped) = views.range(..=address).next_back()?;
    (address - base < mapped.whole_pages()).then_some(*base)
}

/// Returns the view that has `address` in its pages, and its first address.
pub(crate) fn find(address: usize) -> Result<(usize, Arc<Mapped>)> {
    let views = VIEWS.read();
    let base = base_of(&views, address).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    let mapped = views.get(&base).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    Ok((base, Arc::clone(mapped)))
}

/// Removes the view that has `address` in its pages, and returns it for the caller to unmap.
pub(crate) fn take(address: usize) -> Result<Arc<Mapped>> {
    let mut views = VIEWS.write();
    let base = base_of(&views, address).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    views.remove(&base).ok_or(Code(ERROR_INVALID_ADDRESS))
}

/// Unmaps a view that was taken, or leaves that to who still uses it: a copy in progress in another
/// thread, or a pin.
pub(crate) fn close(mapped: Arc<Mapped>) -> Result<()> {
    if let Some(Mapped { view, kept, .. }) = Arc::into_inner(mapped) {
        view.unmap()?;
        drop(kept);
    }
    Ok(())
}
