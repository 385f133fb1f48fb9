//! Who holds names, or has views: one pass over all processes, for any number of names.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, CWD, Statx, StatxFlags};
use rustix::io::Errno;

use crate::sys::platform::Section;
use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::registry::Listed;
use crate::sys::platform::registry::process::{self, Process};
use crate::sys::{Content, SectionContract as _};
use crate::types::{Error, ErrorKind, Operation, Result};

/// What one pass over all processes found.
#[derive(Debug)]
pub(crate) struct Census {
    /// For each name that was asked about, in the same order.
    pub(crate) sighted: Vec<Vec<Sighted>>,
    /// Processes that could not be looked into, or not wholly.
    pub(crate) unseen: usize,
    /// Whether there may be processes that cannot even be counted.
    pub(crate) hidden: bool,
    /// For each name, whether more hold it than are in sight.
    pub(crate) held_elsewhere: Vec<bool>,
}

/// A process that has a name's handles, or views of its bytes.
#[derive(Debug)]
pub(crate) struct Sighted {
    pub(crate) process: u32,
    pub(crate) command: String,
    pub(crate) handles: usize,
    pub(crate) views: usize,
}

impl Census {
    /// Looks into every process that lets this one.
    ///
    /// Slow, as it looks at every descriptor and every mapped piece of every process; but the
    /// number of names hardly matters.
    pub(crate) fn take<'l>(listed: impl IntoIterator<Item = &'l Listed>) -> Result<Self> {
        let operation = Operation::UseRegistry;
        let own = Process::own().map_err(absent(operation))?;
        let mut search = Search::default();
        let mut sighted = Vec::new();
        for (name, listed) in listed.into_iter().enumerate() {
            search.add(name, listed, &own);
            sighted.push(Vec::new());
        }
        let mut census = search.survey(sighted, operation)?;
        census.held_elsewhere = vec![false; census.sighted.len()];
        for (name, locks) in search.locks() {
            // Each handle's description has one lock, however many descriptors it has.
            let seen: usize = census.sighted[name].iter().map(|sighted| sighted.handles).sum();
            census.held_elsewhere[name] = locks > seen;
        }
        Ok(census)
    }

    /// Looks for views of one file, or of one piece of memory, whatever its name is.
    pub(crate) fn of_views(section: &Section) -> Result<Self> {
        let operation = Operation::LookAt;
        let own = Process::own().map_err(absent(operation))?;
        let mut search = Search::default();
        search.add_viewed(section.descriptor(), &own).map_err(during(operation))?;
        search.survey(vec![Vec::new()], operation)
    }

    fn add(&mut self, process: &Process, found: Found) {
        self.unseen += usize::from(!found.whole);
        let mut command = None;
        for (name, Tally { handles, views }) in found.tallies {
            let Some(sighted) = self.sighted.get_mut(name) else { continue };
            let command = command.get_or_insert_with(|| process.command()).clone();
            sighted.push(Sighted { process: process.number(), command, handles, views });
        }
    }
}

fn absent(operation: Operation) -> impl Fn(Errno) -> Error {
    move |_| {
        Error::new(ErrorKind::NotSupported, operation)
            .because("processes are looked at by /proc, which is not there")
    }
}

/// What is looked for.
#[derive(Debug, Default)]
struct Search {
    /// By inode, since a device has two numbers.
    clues: HashMap<u64, Vec<Clue>>,
    /// The kernel's own number for a device, by that which `stat` tells.
    devices: HashMap<u64, u64>,
}

/// A file that shows that a process has something of a name.
#[derive(Debug, Clone, Copy)]
struct Clue {
    /// Which of the names that were asked about.
    name: usize,
    device: u64,
    sign: Sign,
}

/// What a file is to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// The entry, whose lock is a handle.
    Entry {
        /// The mapping's bytes are in it.
        with_bytes: bool,
        /// When it was born, since the number of its inode may be another entry's now.
        born: u64,
    },
    /// Memory that nothing else leads to.
    Memory,
    /// What is asked about for its own sake, and without a name.
    Viewed,
    /// A file, which processes may use that know nothing of the name.
    File {
        /// When it was born, for the same reason.
        born: u64,
    },
}

/// What a process has of one name.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    handles: usize,
    views: usize,
}

/// What a process has of all names.
#[derive(Debug)]
struct Found {
    tallies: HashMap<usize, Tally>,
    whole: bool,
}

impl Search {
    /// Looks into every process that lets this one.
    fn survey(&mut self, sighted: Vec<Vec<Sighted>>, operation: Operation) -> Result<Census> {
        let mut census = Census { sighted, unseen: 0, hidden: true, held_elsewhere: Vec::new() };
        for process in process::all().map_err(during(operation))? {
            // The first process is there as long as its system is. Where it cannot be seen,
            // others cannot either.
            census.hidden &= process.number() != 1;
            match self.look_into(&process) {
                Ok(found) => census.add(&process, found),
                // It has ended since.
                Err(Errno::NOENT | Errno::SRCH) => {}
                Err(Errno::ACCESS | Errno::PERM) if process.has_nothing() => {}
                Err(Errno::ACCESS | Errno::PERM) => census.unseen += 1,
                Err(errno) => return Err(from_errno(errno, operation)),
            }
        }
        for sighted in &mut census.sighted {
            sighted.sort_by_key(|sighted| sighted.process);
        }
        Ok(census)
    }

    fn add(&mut self, name: usize, listed: &Listed, own: &Process) {
        let Identity { device, inode, born, .. } = listed.identity();
        let with_bytes = *listed.content() == Content::Memory;
        let clues = self.clues.entry(inode).or_default();
        clues.push(Clue { name, device, sign: Sign::Entry { with_bytes, born } });
        if !self.devices.contains_key(&device) {
            let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC;
            let state = rustix::fs::statx(CWD, listed.path(), flags, StatxFlags::MNT_ID);
            let mount = state.ok().map(|state| state.stx_mnt_id);
            self.learn(device, mount, own);
        }
        let Identity { device, inode, born, .. } = listed.backing();
        let sign = match listed.content() {
            Content::Memory => return,
            Content::Held => Sign::Memory,
            Content::File(_) => Sign::File { born },
        };
        self.clues.entry(inode).or_default().push(Clue { name, device, sign });
    }

    /// Adds an open file, or memory, all of whose views count.
    fn add_viewed(&mut self, file: BorrowedFd<'_>, own: &Process) -> Result<(), Errno> {
        let Identity { device, inode, .. } = file::identity(file)?;
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let state = rustix::fs::statx(file, c"", flags, StatxFlags::MNT_ID);
        let has_mount = |state: &Statx| {
            StatxFlags::from_bits_retain(state.stx_mask).contains(StatxFlags::MNT_ID)
        };
        let mount = state.ok().filter(has_mount).map(|state| state.stx_mnt_id);
        self.learn(device, mount, own);
        self.clues.entry(inode).or_default().push(Clue { name: 0, device, sign: Sign::Viewed });
        Ok(())
    }

    /// Finds the kernel's own number for a device, through a mount that `process` has.
    fn learn(&mut self, device: u64, mount: Option<u64>, process: &Process) {
        if !self.devices.contains_key(&device)
            && let Some(own) = mount.and_then(|mount| process.device_of(mount))
        {
            self.devices.insert(device, own);
        }
    }

    /// How many locks there are on the entry of each name.
    fn locks(&self) -> impl Iterator<Item = (usize, usize)> {
        let locks = process::shared_locks();
        let entries = self
            .clues
            .iter()
            .flat_map(|(inode, clues)| clues.iter().map(move |clue| (*inode, clue)));
        entries.filter(|(_, clue)| matches!(clue.sign, Sign::Entry { .. })).map(
            move |(inode, clue)| {
                let device = self.devices.get(&clue.device).copied().unwrap_or(clue.device);
                (clue.name, locks.get(&(device, inode)).copied().unwrap_or(0))
            },
        )
    }

    fn look_into(&mut self, process: &Process) -> Result<Found, Errno> {
        let mut found = Found { tallies: HashMap::new(), whole: true };
        if self.count_handles(process, &mut found)? {
            self.count_views(process, &mut found)?;
            return Ok(found);
        }
        // It has nothing open, or its first thread has ended before the others, which is seen
        // by them alone.
        for thread in process.threads()? {
            if self.count_handles(&thread, &mut found)? {
                self.count_views(&thread, &mut found)?;
                return Ok(found);
            }
        }
        self.count_views(process, &mut found)?;
        Ok(found)
    }

    /// Counts locked descriptors; tells whether the process has any descriptors at all.
    fn count_handles(&mut self, process: &Process, found: &mut Found) -> Result<bool, Errno> {
        let Self { clues, devices } = self;
        let mut unknown = HashMap::new();
        let look = process.descriptors(|open| {
            let Identity { device, inode, born, .. } = open.identity;
            let clues = clues.get(&inode).into_iter().flatten();
            let mut locked = None;
            for clue in clues.filter(|clue| clue.device == device) {
                match clue.sign {
                    Sign::Entry { born: of_entry, .. } if of_entry == born => {
                        if *locked.get_or_insert_with(|| process.has_shared_lock(open.number)) {
                            found.tallies.entry(clue.name).or_default().handles += 1;
                        }
                    }
                    Sign::File { born: of_file } if of_file == born => {
                        if !devices.contains_key(&device) {
                            unknown.insert(device, open.mount);
                        }
                    }
                    Sign::Entry { .. } | Sign::File { .. } | Sign::Memory | Sign::Viewed => {}
                }
            }
        })?;
        found.whole &= look.whole;
        for (device, mount) in unknown {
            self.learn(device, mount, process);
        }
        Ok(look.any)
    }

    fn count_views(&self, process: &Process, found: &mut Found) -> Result<(), Errno> {
        let counted = process.mapped(|device, inode| {
            for clue in self.clues.get(&inode).into_iter().flatten() {
                let own = self.devices.get(&clue.device).copied().unwrap_or(clue.device);
                let is_view = own == device
                    && match clue.sign {
                        Sign::Entry { with_bytes, .. } => with_bytes,
                        Sign::Memory | Sign::Viewed => true,
                        // Whoever maps the file without a handle may never have heard of the name.
                        Sign::File { .. } => found.tallies.contains_key(&clue.name),
                    };
                if is_view {
                    found.tallies.entry(clue.name).or_default().views += 1;
                }
            }
        });
        match counted {
            // It is ending: its memory is gone before its descriptors are.
            Err(Errno::NOENT | Errno::SRCH) => Ok(()),
            counted => counted,
        }
    }
}
