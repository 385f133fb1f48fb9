//! Views: found by any address in their pages.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use filemap::{View, page_size};

use crate::boundary::{Code, Result};
use crate::windows::ERROR_INVALID_ADDRESS;

/// All views of this process, by the addresses of their first bytes.
static VIEWS: RwLock<BTreeMap<usize, Arc<View>>> = RwLock::new(BTreeMap::new());

// Nothing under the lock leaves it half changed, so a panic does not spoil it.
fn reading() -> RwLockReadGuard<'static, BTreeMap<usize, Arc<View>>> {
    VIEWS.read().unwrap_or_else(PoisonError::into_inner)
}

fn writing() -> RwLockWriteGuard<'static, BTreeMap<usize, Arc<View>>> {
    VIEWS.write().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of a view's pages: what is behind its end in the last of them can be touched too.
pub(crate) fn whole_pages(view: &View) -> usize {
    view.len().next_multiple_of(page_size())
}

/// Notes a view that begins at `base`.
pub(crate) fn insert(base: usize, view: View) {
    writing().insert(base, Arc::new(view));
}

fn base_of(views: &BTreeMap<usize, Arc<View>>, address: usize) -> Option<usize> {
    let (base, view) = views.range(..=address).next_back()?;
    (address - base < whole_pages(view)).then_some(*base)
}

/// Finds the view that has `address` in its pages, and where it begins.
pub(crate) fn find(address: usize) -> Result<(usize, Arc<View>)> {
    let views = reading();
    let base = base_of(&views, address).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    let view = views.get(&base).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    Ok((base, Arc::clone(view)))
}

/// Takes the view that has `address` in its pages; it is the caller's to unmap.
pub(crate) fn take(address: usize) -> Result<Arc<View>> {
    let mut views = writing();
    let base = base_of(&views, address).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    views.remove(&base).ok_or(Code(ERROR_INVALID_ADDRESS))
}
