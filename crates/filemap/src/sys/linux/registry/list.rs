//! All entries of a registry: listing them, and removing the dead ones.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{Dir, OFlags, Stat};
use rustix::io::Errno;

use crate::sys::platform::error::during;
use crate::sys::platform::file;
#[cfg(feature = "holders")]
use crate::sys::platform::holders;
use crate::sys::platform::registry::lock::{self, State};
#[cfg(feature = "holders")]
use crate::sys::platform::registry::root;
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::trailer::{Trailer, damaged};
use crate::sys::platform::registry::{Directory, file_name, mode, removal};
use crate::sys::platform::step::{self, Step};
use crate::sys::platform::waitable;
use crate::sys::{Content, Listed};
use crate::types::{Name, Operation, Result, Scope};

const OPERATION: Operation = Operation::UseRegistry;

/// How many file names are read at a time.
const PART: usize = 1024;

impl Directory {
    /// Lists the entries that this user may read, by scope and name.
    pub(crate) fn list(&self) -> Result<Vec<Listed>> {
        let mut list = List::default();
        for scope in [Scope::Local, Scope::Global] {
            let Some(root) = self.root(scope, false)? else { continue };
            root.each_file_name(|file_name| {
                // What is no entry, is damaged, or is removed meanwhile, could not be opened.
                if !file_name.starts_with('.')
                    && let Ok(Some((entry, owner))) =
                        inspect(&root, scope, file_name, |owner| list.has_room(owner))
                {
                    list.add(entry, owner);
                }
            })?;
        }
        list.entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(list.entries)
    }

    /// Lists the mappings that have handles and lost their names, by what processes have open.
    #[cfg(feature = "holders")]
    pub(crate) fn withdrawn(&self) -> Result<Vec<Listed>> {
        let mut list = List::default();
        for scope in [Scope::Local, Scope::Global] {
            // Whoever removed the entries may have removed their directory as well.
            let paths = match self.root(scope, false)? {
                Some(root) => vec![root.path().to_owned()],
                None => root::candidates(self.base.as_deref(), scope),
            };
            for path in paths {
                Self::add_withdrawn(&mut list, &path, scope)?;
            }
        }
        Ok(list.entries)
    }

    /// Adds the mappings that had their names in the directory `root`.
    #[cfg(feature = "holders")]
    fn add_withdrawn(list: &mut List, root: &Path, scope: Scope) -> Result<()> {
        // As the system tells it, without links.
        let real = root.parent().and_then(|parent| parent.canonicalize().ok());
        let real = real.zip(root.file_name()).map(|(parent, name)| parent.join(name));
        holders::removed(real.as_deref().unwrap_or(root), |descriptor| {
            // By now a file has its name that was without one because it was new.
            let stat = rustix::fs::fstat(&descriptor).map_err(during(OPERATION))?;
            let is_new = list.entries.iter().all(|known| known.entry.inode != stat.st_ino);
            if stat.st_nlink == 0
                && is_new
                && lock::state(descriptor.as_fd()) == Ok(State::Held)
                && let Ok(Some(trailer)) = Trailer::read(descriptor.as_fd(), &stat, OPERATION)
            {
                list.add(listed(root, scope, (descriptor, stat), trailer, true)?, stat.st_uid);
            }
            Ok(())
        })
    }

    /// Reads the entry of one name without opening the mapping.
    pub(crate) fn inspect(&self, name: &Name) -> Result<Option<Listed>> {
        let Some(root) = self.root(name.scope(), false)? else { return Ok(None) };
        let found = inspect(&root, name.scope(), &file_name::encode(name.base()), |_| true)?;
        Ok(found.map(|(listed, _)| listed))
    }

    /// Removes all dead entries that this user may remove; returns how many.
    ///
    /// A root that somebody else spoiled does not keep those of the other.
    pub(crate) fn remove_dead(&self) -> Result<u64> {
        let removed = [Scope::Local, Scope::Global]
            .map(|scope| self.root(scope, false)?.map_or(Ok(0), |root| root.remove_dead()));
        removed.into_iter().sum()
    }
}

impl Root {
    /// Removes all dead entries of the root, and what can be no entry; returns how many there were.
    pub(super) fn remove_dead(&self) -> Result<u64> {
        let mut count = 0;
        self.each_file_name(|file_name| {
            let removed =
                self.remove_if_dead(file_name) || removal::remove_obstacle(self, file_name);
            count += u64::from(removed);
        })?;
        Ok(count)
    }

    /// Calls `each` with the names of all files in the root, entries or not.
    ///
    /// They are read a part at a time: others may have put any number of files there.
    fn each_file_name(&self, mut each: impl FnMut(&str)) -> Result<()> {
        // The listing has a description of its own, which starts at the first file.
        let mut directory = Dir::read_from(self.descriptor()).map_err(during(OPERATION))?;
        loop {
            let part: Vec<_> = directory.by_ref().take(PART).collect();
            step::reached(Step::Listed);
            let is_last = part.len() < PART;
            for entry in part {
                let entry = entry.map_err(during(OPERATION))?;
                // The registry's own file names are ASCII.
                if let Ok(name) = entry.file_name().to_str()
                    && !matches!(name, "." | "..")
                {
                    each(name);
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// What was listed, which is bounded in what other users add to it.
#[derive(Debug, Default)]
struct List {
    entries: Vec<Listed>,
    /// Bytes that the entries of each other user take.
    others: BTreeMap<u32, usize>,
}

impl List {
    /// The most bytes that one other user takes in a list.
    const MOST: usize = 2 << 20;

    /// Returns true if more entries of their owner can be added.
    fn has_room(&self, owner: u32) -> bool {
        self.others.get(&owner).is_none_or(|taken| *taken < Self::MOST)
    }

    /// Adds an entry, unless its owner is another user who has so many that the rest is left out.
    fn add(&mut self, listed: Listed, owner: u32) {
        if owner != rustix::process::geteuid().as_raw() {
            let path = match &listed.content {
                Content::File(path) => path.as_os_str().len(),
                _ => 0,
            };
            let taken = self.others.entry(owner).or_default();
            *taken += size_of::<Listed>() + listed.name.base().len() + path;
            if *taken > Self::MOST {
                return;
            }
        }
        self.entries.push(listed);
    }
}

/// Reads an entry, if it is `wanted` of the user who made it; returns what it says, and that user.
fn inspect(
    root: &Root,
    scope: Scope,
    file_name: &str,
    wanted: impl Fn(u32) -> bool,
) -> Result<Option<(Listed, u32)>> {
    let not_a_file = || damaged("it is not a file", OPERATION);
    let descriptor = match root.open_file(file_name, OFlags::RDONLY) {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(not_a_file()),
        Err(errno) => return Err(during(OPERATION)(errno)),
    };
    let stat = file::regular(descriptor.as_fd(), OPERATION).map_err(|_| not_a_file())?;
    if !wanted(stat.st_uid) {
        return Ok(None);
    }
    let state = lock::state(descriptor.as_fd()).map_err(during(OPERATION))?;
    if !root.leads_to(file_name, Inode::of(&stat)) {
        return Ok(None);
    }
    let trailer = Trailer::read(descriptor.as_fd(), &stat, OPERATION)?
        .ok_or_else(|| damaged("it does not end as an entry does", OPERATION))?;
    if file_name::encode(&trailer.base) != file_name {
        return Err(damaged("it belongs to another name", OPERATION));
    }
    let is_live = state == State::Held;
    let listed = listed(root.path(), scope, (descriptor, stat), trailer, is_live)?;
    Ok(Some((listed, stat.st_uid)))
}

fn listed(
    root: &Path,
    scope: Scope,
    (descriptor, stat): (OwnedFd, Stat),
    trailer: Trailer,
    is_live: bool,
) -> Result<Listed> {
    let (state, waiters) = match trailer.content {
        Content::Waitable(kind) => waitable::look(descriptor.as_fd(), kind),
        Content::Memory | Content::Held | Content::File(_) => (None, None),
    };
    #[cfg(not(feature = "holders"))]
    drop(descriptor);
    Ok(Listed {
        name: Name::parse(&format!("{scope}\\{}", trailer.base))?,
        size: trailer.size,
        protection: trailer.protection,
        attributes: trailer.attributes,
        content: trailer.content,
        state,
        waiters,
        creator: trailer.creator,
        created: trailer.created,
        is_live,
        is_withdrawn: stat.st_nlink == 0,
        path: root.join(file_name::encode(&trailer.base)),
        permissions: mode::permissions(&stat),
        #[cfg(feature = "holders")]
        entry: file::place_of(descriptor.as_fd(), &stat),
        #[cfg(feature = "holders")]
        backing: trailer.backing,
    })
}
