//! The processes that hold names or have views, found by one pass over `/proc`.

mod process;

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::file::{self, Identity, born};
use crate::sys::platform::holders::process::Process;
use crate::sys::{Content, Listed, Section, SectionContract as _};
use crate::types::{Error, ErrorKind, Holder, Holders, Operation, Result};

/// Returns the holders of each name, in the same order.
///
/// Looks at every descriptor and every mapping of every process, which is slow. The number of
/// names hardly matters.
pub(crate) fn holders(names: &[&Listed]) -> Result<Vec<Holders>> {
    let operation = Operation::UseRegistry;
    let own = own_process(operation)?;
    let mut search = Search::default();
    for (name, listed) in names.iter().enumerate() {
        search.add_name(name, listed, &own);
    }
    let mut found = search.survey(names.len(), operation)?;
    let locks = process::shared_locks();
    for (listed, holders) in names.iter().zip(&mut found) {
        let Identity { device, inode, .. } = listed.entry;
        let locks = locks.get(&(search.kernel_device(device), inode)).copied().unwrap_or(0);
        // Each handle's description has one lock, however many descriptors it has.
        let handles: usize = holders.iter().map(|holder| holder.handles).sum();
        holders.complete &= locks <= handles && (!listed.is_live || handles > 0);
    }
    Ok(found)
}

/// Returns the processes that have views of a file or of memory, under any name or none.
pub(crate) fn viewers(section: &Section) -> Result<Holders> {
    let operation = Operation::LookAt;
    let own = own_process(operation)?;
    let file = section.descriptor();
    let identity = file::identity(file).map_err(during(operation))?;
    let state = rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID);
    let mut search = Search::default();
    search.learn(identity.device, state.ok().as_ref().and_then(process::mount_of), &own);
    search.add(0, identity, Sign::Memory);
    Ok(search.survey(1, operation)?.remove(0))
}

/// Calls `each` with the files without a name that processes have open and that were in `directory`,
/// one at a time: others may have any number of them.
///
/// Those to which a name is about to be given are among them.
pub(crate) fn removed(directory: &Path, mut each: impl FnMut(OwnedFd) -> Result<()>) -> Result<()> {
    let operation = Operation::UseRegistry;
    own_process(operation)?;
    for process in process::all().map_err(during(operation))? {
        // A process that ended, or that may not be looked into, shows nothing.
        for (number, state) in process.descriptors().unwrap_or_default() {
            if state.is_some_and(|state| state.stx_nlink == 0)
                && let Some(descriptor) = process.removed(&number, directory)
            {
                each(descriptor)?;
            }
        }
    }
    Ok(())
}

fn own_process(operation: Operation) -> Result<Process> {
    Process::own().map_err(|_| {
        Error::new(ErrorKind::NotSupported, operation)
            .because("processes are looked at by /proc, which is not there")
    })
}

/// What is looked for.
#[derive(Debug, Default)]
struct Search {
    /// By inode, since a device has two numbers.
    clues: HashMap<u64, Vec<Clue>>,
    /// The kernel's own numbers of devices, by those of `stat`.
    devices: HashMap<u64, u64>,
}

/// A file that shows that a process has something of a name.
#[derive(Debug, Clone, Copy)]
struct Clue {
    /// The index of the name.
    name: usize,
    device: u64,
    /// When the file was born, since its inode's number may be another file's by now.
    born: u64,
    sign: Sign,
}

impl Clue {
    /// Returns true if it is a file of this device that was born then, as far as it is known when.
    fn is(&self, (device, born): (u64, u64)) -> bool {
        self.device == device && (self.born == born || self.born == 0)
    }
}

/// What a file is to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// The entry, a lock on which is a handle.
    Entry { has_bytes: bool },
    /// Memory, or a file, all of whose views count.
    Memory,
    /// A file whose views count in processes that have a handle. Others may not know the name.
    File,
}

/// What one process has.
#[derive(Debug)]
struct Counts {
    /// Handles and views, by the index of the name.
    names: HashMap<usize, (usize, usize)>,
    /// Whether nothing of the process was refused.
    whole: bool,
}

impl Search {
    /// Looks into every process that this one may look into, for so many names.
    fn survey(&mut self, names: usize, operation: Operation) -> Result<Vec<Holders>> {
        let mut lists = vec![Vec::new(); names];
        let (mut unseen, mut hidden) = (0, true);
        for process in process::all().map_err(during(operation))? {
            // The first process always exists. Where it is not shown, others are not either.
            hidden &= process.number != 1;
            let counts = match self.look_into(&process) {
                Ok(counts) => counts,
                // It has ended since.
                Err(Errno::NOENT | Errno::SRCH) => continue,
                Err(Errno::ACCESS | Errno::PERM) => {
                    unseen += usize::from(!process.has_nothing());
                    continue;
                }
                Err(errno) => return Err(from_errno(errno, operation)),
            };
            unseen += usize::from(!counts.whole);
            let command = if counts.names.is_empty() { String::new() } else { process.command() };
            for (name, (handles, views)) in counts.names {
                let (process, command) = (process.number, command.clone());
                lists[name].push(Holder { process, command, handles, views });
            }
        }
        let complete = unseen == 0 && !hidden;
        let holders = lists.into_iter().map(|mut list| {
            list.sort_by_key(|holder| holder.process);
            Holders { list, unseen, complete }
        });
        Ok(holders.collect())
    }

    fn add_name(&mut self, name: usize, listed: &Listed, own: &Process) {
        let has_bytes = listed.content.is_in_entry();
        self.add(name, listed.entry, Sign::Entry { has_bytes });
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC;
        let state = rustix::fs::statx(CWD, &listed.path, flags, StatxFlags::MNT_ID);
        self.learn(listed.entry.device, state.ok().as_ref().and_then(process::mount_of), own);
        match listed.content {
            Content::Memory | Content::Waitable(_) => {}
            Content::Held => self.add(name, listed.backing, Sign::Memory),
            Content::File(_) => self.add(name, listed.backing, Sign::File),
        }
    }

    fn add(&mut self, name: usize, Identity { device, inode, born, .. }: Identity, sign: Sign) {
        self.clues.entry(inode).or_default().push(Clue { name, device, born, sign });
    }

    /// Finds the kernel's own number of a device, through a mount that `process` has.
    fn learn(&mut self, device: u64, mount: Option<u64>, process: &Process) {
        if !self.devices.contains_key(&device)
            && let Some(number) = mount.and_then(|mount| process.device_of(mount))
        {
            self.devices.insert(device, number);
        }
    }

    fn kernel_device(&self, device: u64) -> u64 {
        self.devices.get(&device).copied().unwrap_or(device)
    }

    fn look_into(&mut self, process: &Process) -> Result<Counts, Errno> {
        let mut counts = Counts { names: HashMap::new(), whole: true };
        if !self.count_handles(process, &mut counts)? {
            // Nothing is open, or the first thread has ended before the others, which still show
            // what the process has.
            for thread in process.threads()? {
                if self.count_handles(&thread, &mut counts)? {
                    self.count_views(&thread, &mut counts)?;
                    return Ok(counts);
                }
            }
        }
        self.count_views(process, &mut counts)?;
        Ok(counts)
    }

    /// Counts locked descriptors of entries; false if the process has no descriptors.
    fn count_handles(&mut self, process: &Process, counts: &mut Counts) -> Result<bool, Errno> {
        let descriptors = process.descriptors()?;
        for (number, state) in &descriptors {
            let Some(state) = state else {
                counts.whole = false;
                continue;
            };
            let device = rustix::fs::makedev(state.stx_dev_major, state.stx_dev_minor);
            let file = (device, born(state));
            let clues = self.clues.get(&state.stx_ino).cloned().unwrap_or_default();
            let mut locked = None;
            for clue in clues.iter().filter(|clue| clue.is(file)) {
                match clue.sign {
                    Sign::Entry { .. } => {
                        if *locked.get_or_insert_with(|| process.has_shared_lock(number)) {
                            counts.names.entry(clue.name).or_default().0 += 1;
                        }
                    }
                    Sign::File => self.learn(clue.device, process::mount_of(state), process),
                    Sign::Memory => {}
                }
            }
        }
        Ok(!descriptors.is_empty())
    }

    fn count_views(&self, process: &Process, counts: &mut Counts) -> Result<(), Errno> {
        let counted = process.mappings(|device, inode| {
            for clue in self.clues.get(&inode).into_iter().flatten() {
                let counts_here = match clue.sign {
                    Sign::Entry { has_bytes } => has_bytes,
                    Sign::Memory => true,
                    Sign::File => counts.names.contains_key(&clue.name),
                };
                if counts_here && self.kernel_device(clue.device) == device {
                    counts.names.entry(clue.name).or_default().1 += 1;
                }
            }
        });
        match counted {
            // A process that ends loses its memory before its descriptors.
            Err(Errno::NOENT | Errno::SRCH) => Ok(()),
            counted => counted,
        }
    }
}
