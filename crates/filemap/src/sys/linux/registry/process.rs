//! One process as `/proc` shows it: what it has open, what it has mapped, and what it runs.
//!
//! Knows nothing of names and entries.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, StatxFlags};
use rustix::io::Errno;

use crate::sys::platform::file::{self, Identity};

/// The longest name that the kernel keeps of what a thread runs, without the NUL after it
/// ([proc_pid_comm(5)](https://man7.org/linux/man-pages/man5/proc_pid_comm.5.html)).
const LONGEST_COMMAND: usize = 15;

/// A process, which may end at any time.
///
/// Its directory stays open: when the process has ended, nothing is found there any more, also
/// if another one has got its number.
#[derive(Debug)]
pub(super) struct Process {
    number: u32,
    directory: OwnedFd,
}

/// A descriptor of a process.
#[derive(Debug)]
pub(super) struct Open<'number> {
    pub(super) number: &'number CStr,
    /// What it leads to.
    pub(super) identity: Identity,
    /// The mount that it was opened through; not known before Linux 5.8.
    pub(super) mount: Option<u64>,
}

/// How far a look at a process came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// There was something to look at.
    pub(super) any: bool,
    /// Nothing of it was refused.
    pub(super) whole: bool,
}

/// All processes that can be seen, in no order.
pub(super) fn all() -> Result<impl Iterator<Item = Process>, Errno> {
    numbered(directory(CWD, c"/proc", OFlags::RDONLY)?)
}

/// The processes, or the threads of one, that have directories in `place`.
fn numbered(place: OwnedFd) -> Result<impl Iterator<Item = Process>, Errno> {
    let mut entries = Dir::read_from(&place)?;
    let entries = std::iter::from_fn(move || entries.read());
    Ok(entries.map_while(Result::ok).filter_map(move |entry| {
        let number = entry.file_name().to_str().ok()?.parse().ok()?;
        let directory = directory(&place, entry.file_name(), OFlags::PATH).ok()?;
        Some(Process { number, directory })
    }))
}

fn directory(place: impl std::os::fd::AsFd, name: &CStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(place, name, flags, Mode::empty())
}

impl Process {
    /// This process.
    pub(super) fn own() -> Result<Self, Errno> {
        let directory = directory(CWD, c"/proc/self", OFlags::PATH)?;
        Ok(Self { number: std::process::id(), directory })
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Its threads, each of which has the same directory as a process.
    pub(super) fn threads(&self) -> Result<impl Iterator<Item = Self>, Errno> {
        numbered(directory(&self.directory, c"task", OFlags::RDONLY)?)
    }

    /// Calls `each` for every descriptor that is open.
    pub(super) fn descriptors(&self, mut each: impl FnMut(&Open<'_>)) -> Result<Look, Errno> {
        let mut entries = Dir::new(directory(&self.directory, c"fd", OFlags::RDONLY)?)?;
        let mut look = Look { any: false, whole: true };
        // A server's file on the network is not asked for what is known here already.
        let flags = AtFlags::STATX_DONT_SYNC;
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID;
        while let Some(entry) = entries.read() {
            let entry = entry?;
            let number = entry.file_name();
            if matches!(number.to_bytes(), b"." | b"..") {
                continue;
            }
            look.any = true;
            let state = match rustix::fs::statx(entries.fd()?, number, flags, wanted) {
                Ok(state) => state,
                Err(Errno::ACCESS | Errno::PERM) => {
                    look.whole = false;
                    continue;
                }
                // Closed since.
                Err(_) => continue,
            };
            let has_mount = StatxFlags::from_bits_retain(state.stx_mask);
            let identity = Identity {
                device: rustix::fs::makedev(state.stx_dev_major, state.stx_dev_minor),
                inode: state.stx_ino,
                born: file::born(&state),
                generation: 0,
            };
            let mount = has_mount.contains(StatxFlags::MNT_ID).then_some(state.stx_mnt_id);
            each(&Open { number, identity, mount });
        }
        Ok(look)
    }

    /// Tells whether a descriptor's description has a lock that others can share.
    ///
    /// Both kinds that belong to a description count, `flock` and `F_OFD_SETLK`; those of a
    /// process do not
    /// ([proc_pid_fdinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html)).
    pub(super) fn has_shared_lock(&self, number: &CStr) -> bool {
        let mut name = b"fdinfo/".to_vec();
        name.extend(number.to_bytes());
        // What cannot be read was closed since.
        self.read(&name, usize::MAX).is_ok_and(|told| told.split(|byte| *byte == b'\n').any(shares))
    }

    /// Calls `each` with device and inode of everything mapped, once for each piece.
    ///
    /// The kernel splits a piece where protection or advice change; what goes on both in memory
    /// and in its file is one piece here. The device is the kernel's own number for it.
    pub(super) fn mapped(&self, mut each: impl FnMut(u64, u64)) -> Result<(), Errno> {
        let told = self.read(b"maps", usize::MAX)?;
        let mut last: Option<Piece> = None;
        for piece in told.split(|byte| *byte == b'\n').filter_map(Piece::parse) {
            if piece.inode != 0 && !last.is_some_and(|last| last.goes_on_as(&piece)) {
                each(piece.device, piece.inode);
            }
            last = Some(piece);
        }
        Ok(())
    }

    /// The kernel's own number for the device behind a mount of this process.
    ///
    /// What `stat` tells is another one on file systems with parts, such as btrfs; maps tell
    /// this one.
    pub(super) fn device_of(&self, mount: u64) -> Option<u64> {
        let told = self.read(b"mountinfo", usize::MAX).ok()?;
        told.split(|byte| *byte == b'\n').find_map(|line| {
            let mut words = words(line);
            if words.next()?.parse() != Ok(mount) {
                return None;
            }
            let (major, minor) = words.nth(1)?.split_once(':')?;
            Some(rustix::fs::makedev(major.parse().ok()?, minor.parse().ok()?))
        })
    }

    /// What it runs: the kernel's word for it, or the whole of a word that the kernel cut.
    pub(super) fn command(&self) -> String {
        let command = self.read(b"comm", usize::MAX).unwrap_or_default();
        let command = command.strip_suffix(b"\n").unwrap_or(&command);
        let arguments = if command.len() == LONGEST_COMMAND {
            self.read(b"cmdline", 1 << 12).unwrap_or_default()
        } else {
            Vec::new()
        };
        let program = arguments.split(|byte| *byte == 0).next().unwrap_or_default();
        let program = program.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let whole = if program.starts_with(command) { program } else { command };
        String::from_utf8_lossy(whole).into_owned()
    }

    /// Tells whether it can have nothing open: a thread of the kernel, or a process that has
    /// ended and waits for its parent
    /// ([proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)).
    pub(super) fn has_nothing(&self) -> bool {
        /// `PF_KTHREAD` of the kernel's `sched.h`.
        const KERNEL_THREAD: u32 = 0x0020_0000;
        let told = self.read(b"stat", usize::MAX).unwrap_or_default();
        // The command before it may hold anything.
        let Some(end) = told.iter().rposition(|byte| *byte == b')') else { return false };
        let fields: Vec<_> = words(told.get(end + 1..).unwrap_or_default()).collect();
        let [state, .., _] = fields[..] else { return false };
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u32>().ok());
        let threads = number(17);
        number(6).is_some_and(|flags| flags & KERNEL_THREAD != 0)
            || (matches!(state, "Z" | "X") && threads.is_some_and(|threads| threads <= 1))
    }

    /// The first `most` bytes of a file in its directory.
    fn read(&self, name: &[u8], most: usize) -> Result<Vec<u8>, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(self.directory.as_fd(), name, flags, Mode::empty())?;
        let mut bytes = Vec::new();
        let read = File::from(file).take(most as u64).read_to_end(&mut bytes);
        read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        Ok(bytes)
    }
}

/// Tells whether a line of `fdinfo` is a lock of the description that others can share.
fn shares(line: &[u8]) -> bool {
    let mut words = words(line);
    words.next() == Some("lock:")
        && matches!(words.nth(1), Some("FLOCK" | "OFDLCK"))
        && words.nth(1) == Some("READ")
}

/// The words of a line; one that is not text ends it.
fn words(line: &[u8]) -> impl Iterator<Item = &str> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map_while(|word| std::str::from_utf8(word).ok())
}

/// A line of `maps`
/// ([proc_pid_maps(5)](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html)).
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: u64,
    end: u64,
    /// Where it begins in its file.
    offset: u64,
    device: u64,
    inode: u64,
}

/// Counts the shared locks of descriptions on files, by device and inode, whoever has them; the
/// device is the kernel's own number
/// ([proc_locks(5)](https://man7.org/linux/man-pages/man5/proc_locks.5.html)).
///
/// Also those of processes that are not in sight, as in another PID namespace. None, where the
/// system does not tell.
pub(super) fn shared_locks() -> HashMap<(u64, u64), usize> {
    let mut locks = HashMap::new();
    let told = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    // 1: OFDLCK ADVISORY  READ -1 00:1a:4711 0 EOF
    for line in told.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (kind, access, place) = (words.next(), words.nth(1), words.nth(1));
        if let (Some("OFDLCK"), Some("READ"), Some(place)) = (kind, access, place)
            && let Some((device, inode)) = place.rsplit_once(':')
            && let (Some(device), Ok(inode)) = (device_of(device), inode.parse())
        {
            *locks.entry((device, inode)).or_default() += 1;
        }
    }
    locks
}

/// The number of a device that is written as two hexadecimal ones with a colon between.
fn device_of(word: &str) -> Option<u64> {
    let (major, minor) = word.split_once(':')?;
    let part = |word| u32::from_str_radix(word, 16).ok();
    Some(rustix::fs::makedev(part(major)?, part(minor)?))
}

impl Piece {
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = words(line);
        let hexadecimal = |word: &str| u64::from_str_radix(word, 16).ok();
        let (start, end) = words.next()?.split_once('-')?;
        let offset = words.nth(1)?;
        let device = device_of(words.next()?)?;
        Some(Self {
            start: hexadecimal(start)?,
            end: hexadecimal(end)?,
            offset: hexadecimal(offset)?,
            device,
            inode: words.next()?.parse().ok()?,
        })
    }

    fn goes_on_as(&self, next: &Self) -> bool {
        let len = self.end.saturating_sub(self.start);
        self.end == next.start
            && self.offset.checked_add(len) == Some(next.offset)
            && (self.device, self.inode) == (next.device, next.inode)
    }
}
