//! The names of one registry: opening and creating mappings by name.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::registry::backoff::Backoff;
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::object::{
    EntryFile, Live, access, check_kind, enter, reach, trailer_of,
};
use crate::sys::platform::registry::publish::{Plan, publish};
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::trailer::{Trailer, damaged};
use crate::sys::platform::registry::{file_name, mode, removal};
use crate::sys::platform::step::{self, Step};
use crate::sys::platform::{Section, file, memory_file, page_size, set_inheritable, waitable};
use crate::sys::{Draft, NewWaitable, Opened, SectionContract as _, Size, Space, Wanted};
use crate::types::{
    Attributes, Error, ErrorKind, Lifetime, Name, Operation, Protection, Result, Rights, Scope,
};

/// Two roots, one for each scope, which are opened when they are first used. By default they are
/// where all programs of this machine look.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(super) base: Option<PathBuf>,
    /// Without a lock, which a thread that is no more might hold in a forked child.
    roots: [ArcSwapOption<Root>; 2],
}

/// How long an opener looks for a process that has what it opens, while the name is held.
const OUT_OF_REACH: Duration = Duration::from_millis(200);

/// What a look at a name found.
enum Look {
    Absent,
    /// Dead, and this user may not remove its entry.
    Immovable,
    Live(Box<Live>),
    /// Held, and nobody who has the object is found.
    OutOfReach(Error),
    StartOver,
}

impl Directory {
    /// A registry of its own in the directory `base`.
    pub(crate) fn at(base: &Path) -> Self {
        // The same place, wherever the process goes.
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
        Self { base: Some(base), roots: Default::default() }
    }

    /// Returns the directory with the entries of `scope`; `None` if it was never created.
    pub(crate) fn path(&self, scope: Scope) -> Result<Option<PathBuf>> {
        Ok(self.root(scope, false)?.map(|root| root.path().to_owned()))
    }

    /// Opens the mapping that has a name; `None` if there is none.
    pub(crate) fn open(&self, name: &Name, wanted: Wanted) -> Result<Option<Opened>> {
        let found = self.find(name, wanted, Operation::OpenMapping, None)?;
        Ok(found.map(|(opened, _)| opened))
    }

    /// Creates a mapping under a name, or opens the one that has the name: then true is returned
    /// beside it.
    pub(crate) fn create(&self, name: &Name, mut draft: Draft) -> Result<(Opened, bool)> {
        let operation = Operation::CreateMapping;
        let wanted = Wanted::Exactly(draft.protection.rights());
        let plan = Plan { draft: &mut draft, waitable: None };
        self.find(name, wanted, operation, Some(plan))?.ok_or_else(no_place)
    }

    /// Creates an object to wait for under a name, or opens the one that has the name.
    pub(in crate::sys::platform) fn create_waitable(
        &self,
        name: &Name,
        waitable: &mut waitable::Draft,
    ) -> Result<(Opened, bool)> {
        let NewWaitable { initial, permissions, .. } = waitable.new;
        let mut draft = Draft {
            protection: Protection::ReadWrite,
            attributes: Attributes::COMMIT,
            object: None,
            path: None,
            size: Size::Bytes(page_size() as u64),
            space: Space::AtOnce,
            lifetime: Lifetime::Entry,
            generations: false,
            permissions,
        };
        let wanted = Wanted::Waitable(initial.kind().object());
        let plan = Plan { draft: &mut draft, waitable: Some(waitable) };
        self.find(name, wanted, Operation::CreateMapping, Some(plan))?.ok_or_else(no_place)
    }

    /// Opens a name, or creates it if there is a draft, and returns whether it existed.
    fn find(
        &self,
        name: &Name,
        wanted: Wanted,
        operation: Operation,
        mut draft: Option<Plan<'_>>,
    ) -> Result<Option<(Opened, bool)>> {
        let (scope, file_name) = (name.scope(), file_name::encode(name.base()));
        let (mut backoff, mut collected) = (Backoff::default(), false);
        loop {
            let Some(root) = self.known_root(scope, draft.is_some())? else { return Ok(None) };
            root.sweep();
            match (look(&root, (&file_name, name), wanted, operation)?, &mut draft) {
                (Look::Live(live), _) => {
                    let opened = enter(root, &file_name, name, *live, wanted, operation)?;
                    return Ok(Some((opened, true)));
                }
                (Look::StartOver, _) => {}
                // Who is being killed has its lock for a moment longer than its memory.
                (Look::OutOfReach(error), _) if backoff.is_longer_than(OUT_OF_REACH) => {
                    return Err(error);
                }
                (Look::OutOfReach(_), _) => {}
                (Look::Absent, Some(plan)) => match published(&root, &file_name, name, plan) {
                    Ok(Some(opened)) => return Ok(Some((opened, false))),
                    Err(_) if self.forget_if_stale(scope, &root) => {}
                    // Another process was faster.
                    Ok(None) => {}
                    Err(error) if error.kind() == ErrorKind::DiskFull && !collected => {
                        collected = true;
                        root.remove_dead()?;
                        continue;
                    }
                    Err(error) => return Err(error),
                },
                (Look::Absent, None) if self.forget_if_stale(scope, &root) => {}
                (Look::Immovable, Some(_)) => {
                    return Err(Error::new(ErrorKind::AccessDenied, operation).because(
                        "another user left the name behind, and only that user can free it",
                    ));
                }
                (Look::Absent | Look::Immovable, None) => return Ok(None),
            }
            step::reached(Step::StartedOver);
            self.forget_if_stale(scope, &root);
            backoff.wait(operation)?;
        }
    }

    /// Takes over a descriptor that another handle gave away, or any other memory or file.
    pub(crate) fn adopt(&self, descriptor: OwnedFd) -> Result<Opened> {
        self.adopt_as(descriptor, false)
    }

    /// Takes over the descriptor of an object to wait for.
    pub(in crate::sys::platform) fn adopt_waitable(&self, descriptor: OwnedFd) -> Result<Opened> {
        self.adopt_as(descriptor, true)
    }

    fn adopt_as(&self, descriptor: OwnedFd, is_waitable: bool) -> Result<Opened> {
        let operation = Operation::AdoptDescriptor;
        let stat = file::regular(descriptor.as_fd(), operation)?;
        set_inheritable(descriptor.as_fd(), false)?;
        let file::Mode { read, write } = file::mode(descriptor.as_fd(), operation)?;
        if !read {
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because("the descriptor is not open for reading"));
        }
        let Some(trailer) = Trailer::read(descriptor.as_fd(), &stat, operation)? else {
            if memory_file::is_waitable(descriptor.as_fd(), &stat) != is_waitable {
                let what = if is_waitable { "no object" } else { "an object" };
                return Err(Error::new(ErrorKind::WrongObject, operation)
                    .because(format!("it is {what} to wait for")));
            }
            let (section, protection, attributes) = Section::adopt(descriptor)?;
            return Ok(Opened::unnamed(section, protection, attributes));
        };
        let reading = Wanted::Exactly(trailer.protection.rights() - Rights::WRITE);
        let wanted = match (write, trailer.content.object()) {
            (_, object) if is_waitable => Wanted::Waitable(object),
            (true, _) => Wanted::Most,
            (false, _) => reading,
        };
        check_kind(&trailer.content, wanted, operation)?;
        let (file_name, inode) = (file_name::encode(&trailer.base), Inode::of(&stat));
        let entry_file = EntryFile { second: None, stat, is_writable: write };
        for scope in [Scope::Local, Scope::Global] {
            let Some(root) = self.root(scope, false)? else { continue };
            if root.leads_to(&file_name, inode)
                && keep_hold(&root, &file_name, inode, descriptor.as_fd())?
                && root.leads_to(&file_name, inode)
            {
                let name = Name::parse(&format!("{scope}\\{}", trailer.base))?;
                let live = Live { lock: descriptor, file: entry_file, trailer, object: None };
                let opened = enter(root, &file_name, &name, live, wanted, operation)?;
                // The giver may still have the description, and with it the lock.
                opened.entry.iter().for_each(|entry| entry.lend());
                return Ok(opened);
            }
        }
        // The name belongs to another registry, or is gone.
        let (section, rights) = reach(&trailer, descriptor.as_fd(), entry_file, wanted, operation)?;
        Ok(trailer.opened(section, rights, None))
    }

    /// The root of `scope`, opened at its first use, and again if it was removed or renamed.
    pub(super) fn root(&self, scope: Scope, make: bool) -> Result<Option<Arc<Root>>> {
        match self.known_root(scope, make)? {
            Some(root) if self.forget_if_stale(scope, &root) => self.known_root(scope, make),
            known => Ok(known),
        }
    }

    /// [`root`](Self::root) for callers that find out themselves that another one is used by now:
    /// no name in it leads to a file by its path.
    fn known_root(&self, scope: Scope, make: bool) -> Result<Option<Arc<Root>>> {
        let slot = &self.roots[scope as usize];
        let known = slot.load_full();
        if let Some(root) = &known {
            if root.is_ours() {
                return Ok(known);
            }
            self.forget(scope, root);
        }
        let Some(opened) = Root::open(self.base.as_deref(), scope, make)? else {
            return Ok(None);
        };
        let opened = Arc::new(opened);
        let nobody: Option<Arc<Root>> = None;
        let before = slot.compare_and_swap(&nobody, Some(Arc::clone(&opened)));
        // Another thread was faster, perhaps for another user.
        let other = Guard::into_inner(before).filter(|other| other.is_ours());
        Ok(Some(other.unwrap_or(opened)))
    }

    /// Drops a root that is no longer where names are, so that the next use opens its successor.
    fn forget_if_stale(&self, scope: Scope, root: &Arc<Root>) -> bool {
        let is_stale = root.is_stale();
        if is_stale {
            self.forget(scope, root);
        }
        is_stale
    }

    fn forget(&self, scope: Scope, root: &Arc<Root>) {
        self.roots[scope as usize].compare_and_swap(&Some(Arc::clone(root)), None);
    }
}

/// Creates the entry of a name; `None` if the name is taken.
fn published(
    root: &Arc<Root>,
    file_name: &str,
    name: &Name,
    plan: &mut Plan<'_>,
) -> Result<Option<Opened>> {
    let published = publish(root, file_name, name, plan);
    if let (Ok(None) | Err(_), Some(waitable)) = (&published, &mut plan.waitable) {
        waitable.discard();
    }
    published
}

fn no_place() -> Error {
    Error::new(ErrorKind::PathNotFound, Operation::CreateMapping)
        .because("there is no place for a registry of names")
}

/// Looks whether a name is live, and removes the entry of a dead one.
///
/// What is not in the entry is opened before the lock is taken. So whoever has the lock has the
/// object, and nobody keeps a name whose memory is gone.
fn look(
    root: &Root,
    (file_name, name): (&str, &Name),
    wanted: Wanted,
    operation: Operation,
) -> Result<Look> {
    let mut flags = match wanted {
        Wanted::Exactly(rights) => access(rights.contains(Rights::WRITE)),
        Wanted::Most | Wanted::Waitable(_) => OFlags::RDWR,
    };
    let mut opened = root.open_file(file_name, flags);
    // An entry that others may not write may lead to what they may.
    let refusal = match opened {
        Err(errno @ (Errno::ACCESS | Errno::ROFS)) if flags == OFlags::RDWR => Some(errno),
        _ => None,
    };
    if refusal.is_some() {
        flags = OFlags::RDONLY;
        opened = root.open_file(file_name, flags);
    }
    let held = match opened {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => {
            step::reached(Step::NoEntry);
            return Ok(Look::Absent);
        }
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
            return Err(damaged("it is not a file", operation));
        }
        Err(errno) => return Err(from_errno(errno, operation)),
    };
    step::reached(Step::Opened);
    let stat = || rustix::fs::fstat(&held).map_err(during(operation));
    match lock::state(held.as_fd()).map_err(during(operation))? {
        State::Held => {}
        State::Claimed => return Ok(Look::StartOver),
        State::Free => {
            if let (Some(Errno::ROFS), Wanted::Exactly(_) | Wanted::Waitable(_)) = (refusal, wanted)
            {
                return Err(from_errno(Errno::ROFS, operation));
            }
            let inode = Inode::of(&stat()?);
            return Ok(match removal::remove(root, file_name, inode, held.as_fd()) {
                Ok(true) | Err(Errno::NOENT) => Look::Absent,
                Ok(false) => Look::StartOver,
                Err(Errno::PERM | Errno::ACCESS | Errno::ROFS) => Look::Immovable,
                Err(Errno::ISDIR) => return Err(damaged("it is a directory", operation)),
                Err(errno) => return Err(from_errno(errno, operation)),
            });
        }
    }
    let stat = stat()?;
    let (inode, is_writable) = (Inode::of(&stat), flags == OFlags::RDWR);
    let trailer = trailer_of(name, held.as_fd(), &stat, operation)?;
    check_kind(&trailer.content, wanted, operation)?;
    let wanted = match (refusal, wanted) {
        (None, wanted) => wanted,
        (Some(_), wanted) if !trailer.content.is_in_entry() && mode::permits_writing(&stat) => {
            wanted
        }
        (Some(errno), Wanted::Exactly(_) | Wanted::Waitable(_)) => {
            return Err(from_errno(errno, operation));
        }
        (Some(_), Wanted::Most) => Wanted::Exactly(trailer.protection.rights() - Rights::WRITE),
    };
    let object = if trailer.content.is_in_entry() {
        None
    } else {
        let file = EntryFile { second: None, stat, is_writable };
        match reach(&trailer, held.as_fd(), file, wanted, operation) {
            Err(error) if error.kind() == ErrorKind::BackingGone => {
                step::reached(Step::NotReached);
                return Ok(Look::OutOfReach(error));
            }
            reached => {
                step::reached(Step::Reached);
                Some(reached?)
            }
        }
    };
    // The holder may have closed since. The entry is then claimed, or removed: the lock is refused,
    // or the name leads elsewhere.
    if !lock::hold(held.as_fd(), lock::ENTRY).map_err(during(operation))? {
        drop(object);
        step::reached(Step::HoldRefused);
        return Ok(Look::StartOver);
    }
    step::reached(Step::Held);
    // Looking at the name once more shows whether it still leads to the locked file. Opening it gives
    // the second description, through which views of memory in the entry are mapped.
    let again = match &object {
        None => root.open_again(file_name, flags, inode),
        Some(_) => Ok(None),
    };
    let second = match again {
        Ok(Some(second)) => Some(second),
        Err(_) if root.leads_to(file_name, inode) => None,
        Ok(None) if object.is_some() && root.leads_to(file_name, inode) => None,
        Ok(None) | Err(_) => {
            drop(object);
            step::reached(Step::LedElsewhere);
            return Ok(Look::StartOver);
        }
    };
    step::reached(Step::OpenedAgain);
    let file = EntryFile { second, stat, is_writable };
    Ok(Look::Live(Box::new(Live { lock: held, file, trailer, object })))
}

/// Makes sure that a description which another handle gave away has its lock; false if the name is
/// dead.
///
/// A description that was opened by other means has no lock, and does not revive a dead name.
fn keep_hold(root: &Root, file_name: &str, inode: Inode, given: BorrowedFd<'_>) -> Result<bool> {
    let operation = Operation::AdoptDescriptor;
    let mut backoff = Backoff::default();
    loop {
        let state = match root.open_again(file_name, OFlags::RDONLY, inode) {
            // A second description shows the lock of the given one.
            Ok(Some(second)) => lock::state(second.as_fd()).map_err(during(operation))?,
            Ok(None) => State::Free,
            // Another user's entry may not be readable. Then the giver is believed.
            Err(_) => State::Held,
        };
        match state {
            State::Free => return Ok(false),
            State::Held if lock::hold(given, lock::ENTRY).map_err(during(operation))? => {
                return Ok(true);
            }
            State::Held | State::Claimed => backoff.wait(operation)?,
        }
    }
}
