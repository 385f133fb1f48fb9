//! Going through all entries of a root: to list them, and to free the dead ones.

use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::sys::Content;
use crate::sys::platform::error::during;
use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::object::{damaged, read_trailer};
use crate::sys::platform::registry::root::{Inode, Root, TEMPORARY};
use crate::sys::platform::registry::step::{self, Step};
use crate::sys::platform::registry::trailer::Trailer;
use crate::sys::platform::registry::{Directory, entry, file_name};
use crate::types::{Attributes, Name, Operation, Permissions, Protection, Result, Scope};

/// The file whose time tells when the dead were last looked for.
const SWEPT: &str = ".swept-";

/// How long one process's sweep is enough for all processes.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// The most entries that a sweep looks at: a first use must not wait for ten thousand.
const SWEEP_MOST: usize = 256;

/// An entry as a listing shows it.
#[derive(Debug)]
pub(crate) struct Listed {
    name: Name,
    trailer: Trailer,
    live: bool,
    path: PathBuf,
    /// Which file the entry is.
    identity: Identity,
    permissions: Option<Permissions>,
}

impl Listed {
    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// Bytes; 0 if the object is as long as its file.
    pub(crate) fn size(&self) -> u64 {
        self.trailer.size
    }

    pub(crate) fn protection(&self) -> Protection {
        self.trailer.protection
    }

    pub(crate) fn attributes(&self) -> Attributes {
        self.trailer.attributes
    }

    pub(crate) fn content(&self) -> &Content {
        &self.trailer.content
    }

    /// The process that made it.
    pub(crate) fn creator(&self) -> u32 {
        self.trailer.creator
    }

    pub(crate) fn created(&self) -> SystemTime {
        self.trailer.created
    }

    /// Whether anybody held it when it was looked at.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Who else may open it; nothing, if somebody gave its file a mode that no name is made with.
    pub(crate) fn permissions(&self) -> Option<Permissions> {
        self.permissions
    }

    /// Where the entry is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Which file the entry is; its generation is not told.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Which file or memory is behind it; nothing, if its memory is in the entry.
    pub(super) fn backing(&self) -> Identity {
        self.trailer.backing
    }
}

impl Directory {
    /// Lists the entries that this user may read, by scope and name.
    pub(crate) fn list(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for scope in [Scope::Local, Scope::Global] {
            let Some(root) = self.root(scope, false)? else { continue };
            for file_name in root.file_names()? {
                if !file_name::is_entry(&file_name) {
                    continue;
                }
                // What goes away or is damaged while it is looked at is left out: it is not
                // an object that could be opened.
                if let Ok(Some(entry)) = inspect(&root, scope, &file_name) {
                    listed.push(entry);
                }
            }
        }
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listed)
    }

    /// Looks at one name without opening its object.
    pub(crate) fn inspect(&self, name: &Name) -> Result<Option<Listed>> {
        match self.root(name.scope(), false)? {
            Some(root) => inspect(&root, name.scope(), &file_name::encode(name.base())),
            None => Ok(None),
        }
    }

    /// Frees everything that crashed processes of this user left behind; returns how many.
    pub(crate) fn collect(&self) -> Result<u64> {
        let mut count = 0;
        for scope in [Scope::Local, Scope::Global] {
            if let Some(root) = self.root(scope, false)? {
                count += root.collect()?;
            }
        }
        Ok(count)
    }
}

impl Root {
    /// Frees all dead entries of the root; returns how many there were.
    pub(super) fn collect(&self) -> Result<u64> {
        let freed = self.file_names()?.into_iter().filter(|file_name| self.free_if_dead(file_name));
        Ok(u64::try_from(freed.count()).unwrap_or(u64::MAX))
    }

    /// At the first use by this process, frees some of what others left behind.
    ///
    /// A dead name is invisible without this; it is about the memory. Failing is no failure
    /// of what the caller came for.
    pub(super) fn sweep_once(&self) {
        self.swept.get_or_init(|| {
            let _ignored = self.sweep();
        });
    }

    fn sweep(&self) -> Result<()> {
        let stamp = format!("{SWEPT}{}", rustix::process::geteuid().as_raw());
        let stat = rustix::fs::statat(self.descriptor(), &*stamp, AtFlags::SYMLINK_NOFOLLOW);
        let swept_at = stat.ok().and_then(|stat| {
            let seconds = u64::try_from(stat.st_mtime).ok()?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
        });
        if swept_at.and_then(|at| at.elapsed().ok()).is_some_and(|age| age < SWEEP_INTERVAL) {
            return Ok(());
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let stamp = rustix::fs::openat(self.descriptor(), &*stamp, flags, mode)
            .map_err(during(Operation::UseRegistry))?;
        // One process at a time; the stamp is no entry, and its lock no handle's.
        match rustix::fs::flock(&stamp, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(()),
            Err(errno) => return Err(during(Operation::UseRegistry)(errno)),
        }
        let now = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
        let times = rustix::fs::Timestamps { last_access: now, last_modification: now };
        rustix::fs::futimens(&stamp, &times).map_err(during(Operation::UseRegistry))?;
        let file_names = self.file_names()?;
        // Another part of a long list each time, so that all of it has its turn.
        let start = match u64::try_from(file_names.len()) {
            Ok(len) if len > SWEEP_MOST as u64 => RandomState::new().hash_one(len) % len,
            _ => 0,
        };
        let start = usize::try_from(start).unwrap_or(0);
        for file_name in
            file_names.iter().cycle().skip(start).take(SWEEP_MOST.min(file_names.len()))
        {
            self.free_if_dead(file_name);
        }
        Ok(())
    }

    fn free_if_dead(&self, file_name: &str) -> bool {
        if file_name.starts_with('.') && !file_name.starts_with(TEMPORARY) {
            return false;
        }
        entry::free_if_dead(self, file_name).unwrap_or(false)
    }

    /// The files in the root, with those that are no entries.
    fn file_names(&self) -> Result<Vec<String>> {
        let failed = during(Operation::UseRegistry);
        let mut names = Vec::new();
        // Reading goes through a description of its own, which starts at the first entry.
        for entry in Dir::read_from(self.descriptor()).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            // Entries are named in ASCII; what is not was not made here.
            if let Ok(name) = entry.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                names.push(name.to_owned());
            }
        }
        step::reached(Step::Listed);
        Ok(names)
    }
}

fn inspect(root: &Root, scope: Scope, file_name: &str) -> Result<Option<Listed>> {
    let operation = Operation::UseRegistry;
    let descriptor = match root.open_file(file_name, OFlags::RDONLY) {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
            return Err(damaged("it is not a file", operation));
        }
        Err(errno) => return Err(during(operation)(errno)),
    };
    let regular = file::regular(descriptor.as_fd(), operation);
    let stat = regular.map_err(|_| damaged("it is not a file", operation))?;
    let live = lock::state(descriptor.as_fd()).map_err(during(operation))? == State::Held;
    if !root.leads_to(file_name, Inode::of(&stat)) {
        return Ok(None);
    }
    let trailer = read_trailer(descriptor.as_fd(), &stat, operation)?
        .ok_or_else(|| damaged("it does not end as an entry does", operation))?;
    if file_name::encode(&trailer.base) != file_name {
        return Err(damaged("it belongs to another name", operation));
    }
    let name = Name::parse(&format!("{scope}\\{}", trailer.base))?;
    let identity = file::place_of(descriptor.as_fd(), &stat);
    let permissions = Permissions::from_mode(stat.st_mode & 0o7777).ok();
    let path = root.path().join(file_name);
    Ok(Some(Listed { name, trailer, live, path, identity, permissions }))
}
