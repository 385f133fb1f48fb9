//! The objects that this process has mapped, each once.
//!
//! A mutex that a thread owns is its own through every handle, and its link is in the thread's list.
//! So all handles of an object share its pages, which stay mapped while a thread of this process owns
//! it, though no handle may be left.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::sys::WaitableKind;
use crate::sys::platform::fork::{self, PerProcess};
use crate::sys::platform::waitable::page::{Identity, Page};
use crate::sys::platform::waitable::thread::Thread;
use crate::types::{Error, ErrorKind, Operation, Result};

/// Nobody waits for anything while it is locked.
static TABLES: PerProcess<Mutex<Table>> = PerProcess::new([const { Mutex::new(Table::new()) }; _]);

#[derive(Debug)]
struct Table {
    pages: BTreeMap<Identity, Weak<Page>>,
    /// Those without a handle that a thread owns.
    owned: Vec<Arc<Page>>,
}

impl Table {
    const fn new() -> Self {
        Self { pages: BTreeMap::new(), owned: Vec::new() }
    }
}

/// Returns the pages of the object at an offset of a file, which are mapped unless they are.
pub(super) fn page_of(
    file: BorrowedFd<'_>,
    offset: u64,
    kind: Option<WaitableKind>,
    operation: Operation,
) -> Result<Arc<Page>> {
    let identity = Identity::of(file, offset, operation)?;
    let map = || match kind {
        Some(kind) => Page::map_as(file, identity, kind, operation),
        None => Page::map(file, identity, operation),
    };
    fork::count();
    let Some(mut table) = ours() else {
        // Two maps of one mutex would not know of each other's owner.
        return Err(Error::new(ErrorKind::NotSupported, operation)
            .because("this process is more than seven forks from a program that was executed"));
    };
    let known = table.pages.get(&identity).and_then(Weak::upgrade);
    if let Some(page) = known.or_else(|| inherited(identity)) {
        return Ok(page);
    }
    let page = Arc::new(map()?);
    table.pages.insert(identity, Arc::downgrade(&page));
    Ok(page)
}

/// Gives up a handle's share of an object.
pub(super) fn release(page: Arc<Page>) {
    if page.owner().load(Ordering::Relaxed) != 0 {
        // A forked child has its own list from now on.
        let _ignored = Thread::current();
    }
    let mut unused = Vec::new();
    let Some(mut table) = ours() else {
        // The link in a thread's list must stay.
        if page.is_owned() {
            let _kept = ManuallyDrop::new(page);
        }
        return;
    };
    let Table { pages, owned } = &mut *table;
    owned.push(page);
    let (kept, free) = std::mem::take(owned).into_iter().partition(|page| {
        // Others are made from the table alone, which is locked.
        Arc::strong_count(page) == 1 && page.is_owned()
    });
    *owned = kept;
    for page in free {
        if Arc::strong_count(&page) == 1 {
            pages.remove(&page.identity());
        }
        unused.push(page);
    }
    drop(table);
    drop(unused);
}

/// The table of this process; none after too many forks in a row.
fn ours() -> Option<MutexGuard<'static, Table>> {
    TABLES.get().map(|table| table.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Returns the pages that a process before the fork has mapped.
///
/// Its table is left alone if a thread of it had locked it then: the object is mapped once more.
fn inherited(identity: Identity) -> Option<Arc<Page>> {
    let earlier = TABLES.before().iter().rev();
    earlier
        .filter_map(|table| table.try_lock().ok())
        .find_map(|table| table.pages.get(&identity).and_then(Weak::upgrade))
}
