//! Views: found by any address in their pages.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use filemap::{Attributes, KeptLength, View, page_size};

use crate::boundary::{Code, Result};
use crate::windows::ERROR_INVALID_ADDRESS;

/// A view that a program has the address of.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) view: View,
    /// The hold on its file's length, which views have as well as handles.
    pub(crate) kept: Option<Arc<KeptLength>>,
    /// How the pages of its mapping are provided.
    pub(crate) attributes: Attributes,
    /// Whether the process is ready for the loss of its pages.
    pub(crate) prepared: AtomicBool,
}

impl Mapped {
    /// The bytes of the view's pages: what is behind its end in the last of them can be touched
    /// too.
    pub(crate) fn whole_pages(&self) -> usize {
        self.view.len().next_multiple_of(page_size())
    }
}

/// All views of this process, by the addresses of their first bytes.
static VIEWS: RwLock<BTreeMap<usize, Arc<Mapped>>> = RwLock::new(BTreeMap::new());

// Nothing under the lock leaves it half changed, so a panic does not spoil it.
fn reading() -> RwLockReadGuard<'static, BTreeMap<usize, Arc<Mapped>>> {
    VIEWS.read().unwrap_or_else(PoisonError::into_inner)
}

fn writing() -> RwLockWriteGuard<'static, BTreeMap<usize, Arc<Mapped>>> {
    VIEWS.write().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a view that begins at `base`.
pub(crate) fn insert(base: usize, mapped: Mapped) {
    writing().insert(base, Arc::new(mapped));
}

fn base_of(views: &BTreeMap<usize, Arc<Mapped>>, address: usize) -> Option<usize> {
    let (base, mapped) = views.range(..=address).next_back()?;
    (address - base < mapped.whole_pages()).then_some(*base)
}

/// Finds the view that has `address` in its pages, and where it begins.
pub(crate) fn find(address: usize) -> Result<(usize, Arc<Mapped>)> {
    let views = reading();
    let base = base_of(&views, address).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    let mapped = views.get(&base).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    Ok((base, Arc::clone(mapped)))
}

/// Takes the view that has `address` in its pages; it is the caller's to unmap.
pub(crate) fn take(address: usize) -> Result<Arc<Mapped>> {
    let mut views = writing();
    let base = base_of(&views, address).ok_or(Code(ERROR_INVALID_ADDRESS))?;
    views.remove(&base).ok_or(Code(ERROR_INVALID_ADDRESS))
}
