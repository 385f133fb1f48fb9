//! Looking a name up, and giving a name.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::object::{
    Draft, Found, Opened, damaged, enter, publish, reach, read_trailer,
};
use crate::sys::platform::registry::patience::Patience;
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::step::{self, Step};
use crate::sys::platform::registry::trailer::Trailer;
use crate::sys::platform::registry::{entry, file_name};
use crate::sys::platform::{Section, file, set_inheritable};
use crate::sys::{Content, Wanted};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Protection, Result, Rights, Scope,
};

/// The environment variable that moves the system's registry.
const PLACE: &str = "FILEMAP_DIR";

/// The names of one registry: two roots, one for each scope.
#[derive(Debug)]
pub(crate) struct Directory {
    base: Option<PathBuf>,
    local: RwLock<Option<Arc<Root>>>,
    global: RwLock<Option<Arc<Root>>>,
}

/// What a descriptor from another handle turned out to be.
#[derive(Debug)]
pub(crate) enum Adopted {
    /// The handle of a name in this registry.
    Named(Found),
    /// An object that has a name in another registry, or no longer has one.
    Unnamed {
        section: Section,
        protection: Protection,
        attributes: Attributes,
        rights: Rights,
        content: Content,
    },
    /// Not an entry: some file or memory.
    Foreign(OwnedFd),
}

/// What a look at a name found.
enum Sight {
    Absent,
    /// Nobody holds it, and it is not ours to remove.
    Immovable,
    Live(OwnedFd, Opened),
    StartOver,
}

impl Directory {
    /// The registry of this machine, or the one that `FILEMAP_DIR` names.
    pub(crate) fn system() -> Arc<Self> {
        static SYSTEM: OnceLock<Arc<Directory>> = OnceLock::new();
        let system = SYSTEM.get_or_init(|| {
            let place = std::env::var_os(PLACE).filter(|place| !place.is_empty());
            Arc::new(Self::with_base(place.map(PathBuf::from)))
        });
        Arc::clone(system)
    }

    /// A registry of its own in the directory `base`.
    pub(crate) fn at(base: &Path) -> Self {
        Self::with_base(Some(base.to_owned()))
    }

    fn with_base(base: Option<PathBuf>) -> Self {
        Self { base, local: RwLock::new(None), global: RwLock::new(None) }
    }

    /// Where the entries of `scope` are, if any were ever made.
    pub(crate) fn path(&self, scope: Scope) -> Result<Option<PathBuf>> {
        Ok(self.root(scope, false)?.map(|root| root.path().to_owned()))
    }

    /// Opens the object called `name`, if there is one.
    pub(crate) fn open(&self, name: &Name, wanted: Wanted) -> Result<Option<Found>> {
        let operation = Operation::OpenMapping;
        let file_name = file_name::encode(name.base());
        let mut patience = Patience::default();
        loop {
            let Some(root) = self.remembered(name.scope(), false)? else { return Ok(None) };
            root.sweep_once();
            match look(&root, &file_name, wanted, operation)? {
                Sight::Live(held, opened) => {
                    return enter(root, &file_name, held, opened, name, wanted, operation)
                        .map(Some);
                }
                Sight::Absent if root.is_stale() => self.forget(name.scope(), &root),
                Sight::Absent | Sight::Immovable => return Ok(None),
                Sight::StartOver => {
                    step::reached(Step::StartedOver);
                    patience.wait(operation)?;
                }
            }
        }
    }

    /// Gives the drafted object the name, or opens the object that has it; tells which.
    pub(crate) fn create(&self, name: &Name, mut draft: Draft) -> Result<(Found, bool)> {
        let operation = Operation::CreateMapping;
        let wanted = Wanted::Exactly(draft.protection.rights());
        let file_name = file_name::encode(name.base());
        let mut patience = Patience::default();
        let mut collected = false;
        loop {
            let root = self.remembered(name.scope(), true)?.ok_or_else(|| {
                Error::new(ErrorKind::NotFound, operation)
                    .because("there is no place for a registry of names")
            })?;
            root.sweep_once();
            match look(&root, &file_name, wanted, operation)? {
                Sight::Live(held, opened) => {
                    let found = enter(root, &file_name, held, opened, name, wanted, operation)?;
                    return Ok((found, true));
                }
                Sight::Immovable => {
                    return Err(Error::new(ErrorKind::AccessDenied, operation).because(
                        "another user left the name behind, and only that user can free it",
                    ));
                }
                Sight::StartOver => {
                    step::reached(Step::StartedOver);
                    patience.wait(operation)?;
                    continue;
                }
                Sight::Absent => {}
            }
            match publish(&root, &file_name, name, &mut draft) {
                Ok(Some(found)) => return Ok((found, false)),
                Ok(None) if root.is_stale() => self.forget(name.scope(), &root),
                // Somebody else was faster.
                Ok(None) => {
                    step::reached(Step::StartedOver);
                    patience.wait(operation)?;
                }
                Err(error) if error.kind() == ErrorKind::DiskFull && !collected => {
                    collected = true;
                    root.collect()?;
                }
                Err(_) if root.is_stale() => self.forget(name.scope(), &root),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes over a descriptor that another handle gave away.
    pub(crate) fn adopt(&self, descriptor: OwnedFd) -> Result<Adopted> {
        let operation = Operation::AdoptDescriptor;
        let stat = file::regular(descriptor.as_fd(), operation)?;
        set_inheritable(descriptor.as_fd(), false)?;
        let mode = file::mode(descriptor.as_fd(), operation)?;
        if !mode.read {
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .because("the descriptor is not open for reading"));
        }
        let Some(trailer) = read_trailer(descriptor.as_fd(), &stat, operation)? else {
            return Ok(Adopted::Foreign(descriptor));
        };
        let rights = trailer.protection.rights();
        let wanted =
            if mode.write { Wanted::Most } else { Wanted::Exactly(rights - Rights::WRITE) };
        let file_name = file_name::encode(&trailer.base);
        let inode = Inode::of(&stat);
        let opened = Opened { again: None, stat, writable: mode.write };
        for scope in [Scope::Local, Scope::Global] {
            let Some(root) = self.root(scope, false)? else { continue };
            if !root.leads_to(&file_name, inode) {
                continue;
            }
            // The giver's lock came along with its description, which shows through another one.
            // A description that somebody opened by hand brings no lock, and a dead name stays so.
            let mut patience = Patience::default();
            let held = loop {
                let state = match root.open_again(&file_name, OFlags::RDONLY, inode) {
                    Ok(Some(other)) => lock::state(other.as_fd()).map_err(during(operation))?,
                    Ok(None) => State::Free,
                    // Out of reach, as another user's may be: the giver's word is taken.
                    Err(_) => State::Held,
                };
                if state == State::Free {
                    break false;
                }
                if state == State::Held
                    && lock::hold(descriptor.as_fd()).map_err(during(operation))?
                {
                    break true;
                }
                patience.wait(operation)?;
            };
            if held && root.leads_to(&file_name, inode) {
                let name = Name::parse(&format!("{scope}\\{}", trailer.base))?;
                let found = enter(root, &file_name, descriptor, opened, &name, wanted, operation)?;
                // The giver may still have the description, and with it this very lock.
                found.entry.lend();
                return Ok(Adopted::Named(found));
            }
        }
        let (section, rights) = reach(&trailer, descriptor.as_fd(), opened, wanted, operation)?;
        let Trailer { protection, attributes, content, .. } = trailer;
        Ok(Adopted::Unnamed { section, protection, attributes, rights, content })
    }

    fn slot(&self, scope: Scope) -> &RwLock<Option<Arc<Root>>> {
        match scope {
            Scope::Local => &self.local,
            Scope::Global => &self.global,
        }
    }

    /// The root of `scope`, opened at its first use, and again if somebody removed it.
    pub(super) fn root(&self, scope: Scope, make: bool) -> Result<Option<Arc<Root>>> {
        match self.remembered(scope, make)? {
            // What is at its path now is another one.
            Some(root) if root.is_stale() => self.forget(scope, &root),
            known => return Ok(known),
        }
        self.remembered(scope, make)
    }

    /// The same for who sees by itself that a root was removed: nothing is in it, and nothing
    /// can be linked into it.
    fn remembered(&self, scope: Scope, make: bool) -> Result<Option<Arc<Root>>> {
        let slot = self.slot(scope);
        let known = slot.read().unwrap_or_else(PoisonError::into_inner).clone();
        if known.is_some() {
            return Ok(known);
        }
        let Some(opened) = Root::open(self.base.as_deref(), scope, make)? else {
            return Ok(None);
        };
        let mut slot = slot.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Arc::clone(slot.get_or_insert_with(|| Arc::new(opened)))))
    }

    /// Lets go of a root that somebody removed, so that the next use looks for it again.
    fn forget(&self, scope: Scope, stale: &Arc<Root>) {
        let mut slot = self.slot(scope).write().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|root| Arc::ptr_eq(root, stale)) {
            *slot = None;
        }
    }
}

/// Looks whether a name is alive, and removes what a dead one left behind.
fn look(root: &Root, file_name: &str, wanted: Wanted, operation: Operation) -> Result<Sight> {
    let mut flags = match wanted {
        Wanted::Exactly(rights) if !rights.contains(Rights::WRITE) => OFlags::RDONLY,
        Wanted::Exactly(_) | Wanted::Most => OFlags::RDWR,
    };
    let mut opened = root.open_file(file_name, flags);
    if wanted == Wanted::Most && matches!(opened, Err(Errno::ACCESS | Errno::ROFS)) {
        flags = OFlags::RDONLY;
        opened = root.open_file(file_name, flags);
    }
    let held = match opened {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => {
            step::reached(Step::NoEntry);
            return Ok(Sight::Absent);
        }
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
            return Err(damaged("it is not a file", operation));
        }
        Err(errno) => return Err(from_errno(errno, operation)),
    };
    step::reached(Step::Opened);
    let stat = || rustix::fs::fstat(&held).map_err(during(operation));
    match lock::state(held.as_fd()).map_err(during(operation))? {
        State::Held => step::reached(Step::SawHeld),
        State::Claimed => {
            step::reached(Step::SawClaimed);
            return Ok(Sight::StartOver);
        }
        // Nobody holds the name. Unless somebody else saw that first, it is ours to remove.
        State::Free => {
            step::reached(Step::SawFree);
            let inode = Inode::of(&stat()?);
            let freed = entry::free(root, file_name, inode, held.as_fd());
            return Ok(match freed {
                Ok(true) | Err(Errno::NOENT) => Sight::Absent,
                Ok(false) => Sight::StartOver,
                Err(Errno::PERM | Errno::ACCESS | Errno::ROFS) => Sight::Immovable,
                Err(Errno::ISDIR) => return Err(damaged("it is a directory", operation)),
                Err(errno) => return Err(from_errno(errno, operation)),
            });
        }
    }
    // The holder may have gone since, and the entry with it: then it is claimed, or no longer
    // what the name leads to.
    if !lock::hold(held.as_fd()).map_err(during(operation))? {
        step::reached(Step::HoldRefused);
        return Ok(Sight::StartOver);
    }
    step::reached(Step::Held);
    let stat = stat()?;
    let inode = Inode::of(&stat);
    // Whether the name still leads to what was locked shows in opening it once more, and what
    // is opened is needed: views are mapped through a description without a lock.
    let again = match root.open_again(file_name, flags, inode) {
        Ok(Some(again)) => Some(again),
        Err(_) if root.leads_to(file_name, inode) => None,
        Ok(None) | Err(_) => {
            step::reached(Step::LedElsewhere);
            return Ok(Sight::StartOver);
        }
    };
    step::reached(Step::OpenedAgain);
    let writable = flags == OFlags::RDWR;
    Ok(Sight::Live(held, Opened { again, stat, writable }))
}
