//! One process as `/proc` shows it: its descriptors, its mappings, and its command.

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, Statx, StatxFlags};
use rustix::io::Errno;

/// The longest command that the kernel keeps, without the NUL after it
/// ([proc_pid_comm(5)](https://man7.org/linux/man-pages/man5/proc_pid_comm.5.html)).
const LONGEST_COMMAND: usize = 15;

/// The longest name of a file, `NAME_MAX`.
const LONGEST_FILE_NAME: usize = 255;

/// A process, which may end at any time.
///
/// Its directory stays open. When the process has ended, nothing is found there, even if another
/// process got its number.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) number: u32,
    directory: OwnedFd,
}

/// Returns all processes that `/proc` shows, in no order.
pub(super) fn all() -> Result<impl Iterator<Item = Process>, Errno> {
    numbered(directory(CWD, c"/proc", OFlags::RDONLY)?)
}

/// Returns the processes, or the threads, that have directories in `place`.
fn numbered(place: OwnedFd) -> Result<impl Iterator<Item = Process>, Errno> {
    let mut entries = Dir::read_from(&place)?;
    let entries = std::iter::from_fn(move || entries.read());
    Ok(entries.map_while(Result::ok).filter_map(move |entry| {
        let number = entry.file_name().to_str().ok()?.parse().ok()?;
        let directory = directory(&place, entry.file_name(), OFlags::PATH).ok()?;
        Some(Process { number, directory })
    }))
}

fn directory(place: impl AsFd, name: &CStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(place, name, flags, Mode::empty())
}

/// Returns the mount in a file's state; not known before Linux 5.8.
pub(super) fn mount_of(state: &Statx) -> Option<u64> {
    let known = StatxFlags::from_bits_retain(state.stx_mask).contains(StatxFlags::MNT_ID);
    known.then_some(state.stx_mnt_id)
}

impl Process {
    /// This process.
    pub(super) fn own() -> Result<Self, Errno> {
        let directory = directory(CWD, c"/proc/self", OFlags::PATH)?;
        Ok(Self { number: std::process::id(), directory })
    }

    /// Its threads, each of which has a directory like that of a process.
    pub(super) fn threads(&self) -> Result<impl Iterator<Item = Self>, Errno> {
        numbered(directory(&self.directory, c"task", OFlags::RDONLY)?)
    }

    /// Returns its open descriptors, each with its file's state unless that is refused.
    pub(super) fn descriptors(&self) -> Result<Vec<(CString, Option<Statx>)>, Errno> {
        let mut entries = Dir::new(directory(&self.directory, c"fd", OFlags::RDONLY)?)?;
        let mut descriptors = Vec::new();
        // What is known here is enough; a file server need not be asked.
        let flags = AtFlags::STATX_DONT_SYNC;
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID;
        while let Some(entry) = entries.read() {
            let entry = entry?;
            let number = entry.file_name().to_owned();
            if matches!(number.to_bytes(), b"." | b"..") {
                continue;
            }
            match rustix::fs::statx(entries.fd()?, &number, flags, wanted) {
                Ok(state) => descriptors.push((number, Some(state))),
                Err(Errno::ACCESS | Errno::PERM) => descriptors.push((number, None)),
                // Closed since.
                Err(_) => {}
            }
        }
        Ok(descriptors)
    }

    /// Returns true if a descriptor's description has a shared lock, by `flock` or `F_OFD_SETLK`
    /// ([proc_pid_fdinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html)).
    pub(super) fn has_shared_lock(&self, number: &CStr) -> bool {
        // What cannot be read was closed since.
        self.lines(&[b"fdinfo/", number.to_bytes()].concat()).is_ok_and(|lines| {
            lines.split(is_end).any(|line| {
                let mut words = words(line);
                words.next() == Some("lock:")
                    && matches!(words.nth(1), Some("FLOCK" | "OFDLCK"))
                    && words.nth(1) == Some("READ")
            })
        })
    }

    /// Opens a file that was in `directory`, by its descriptor.
    pub(super) fn removed(&self, number: &CStr, directory: &Path) -> Option<OwnedFd> {
        let place = [b"fd/", number.to_bytes()].concat();
        let path = rustix::fs::readlinkat(&self.directory, &*place, Vec::new()).ok()?;
        let is_there = Path::new(OsStr::from_bytes(path.to_bytes())).parent() == Some(directory);
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.directory, &*place, flags, Mode::empty()).ok();
        is_there.then(open).flatten()
    }

    /// Calls `each` with device and inode of every mapping of a file. The device is the kernel's
    /// own number.
    ///
    /// The kernel splits a mapping where protection or advice change. Mappings that are adjacent
    /// both in memory and in their file count as one.
    pub(super) fn mappings(&self, mut each: impl FnMut(u64, u64)) -> Result<(), Errno> {
        // A line at a time: another user's process may have a great many.
        let mut last: Option<Mapped> = None;
        for line in BufReader::new(self.open(b"maps")?).split(b'\n') {
            let line = line.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
            let Some(mapped) = Mapped::parse(&line) else { continue };
            if mapped.inode != 0 && !last.is_some_and(|last| last.is_continued_by(&mapped)) {
                each(mapped.device, mapped.inode);
            }
            last = Some(mapped);
        }
        Ok(())
    }

    /// Returns the kernel's own number of the device behind a mount of this process.
    ///
    /// `maps` has this number. That of `stat` differs where a file system has subvolumes, as btrfs.
    pub(super) fn device_of(&self, mount: u64) -> Option<u64> {
        self.lines(b"mountinfo").ok()?.split(is_end).find_map(|line| {
            let mut words = words(line);
            if words.next()?.parse() != Ok(mount) {
                return None;
            }
            device(words.nth(1)?, 10)
        })
    }

    /// Returns its command as the kernel has it, or in full if the kernel has cut it.
    pub(super) fn command(&self) -> String {
        let command = self.lines(b"comm").unwrap_or_default();
        let command = command.strip_suffix(b"\n").unwrap_or(&command);
        let arguments = match command.len() {
            LONGEST_COMMAND => self.lines(b"cmdline").unwrap_or_default(),
            _ => Vec::new(),
        };
        let program = arguments.split(|byte| *byte == 0).next().unwrap_or_default();
        let program = program.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let is_whole = program.starts_with(command) && program.len() <= LONGEST_FILE_NAME;
        let whole = if is_whole { program } else { command };
        String::from_utf8_lossy(whole).into_owned()
    }

    /// Returns true if it cannot have anything open: a kernel thread, or a process that has ended
    /// and waits for its parent
    /// ([proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)).
    pub(super) fn has_nothing(&self) -> bool {
        /// `PF_KTHREAD` of the kernel's `sched.h`.
        const KERNEL_THREAD: u32 = 0x0020_0000;
        let line = self.lines(b"stat").unwrap_or_default();
        // The command before the last parenthesis may hold anything.
        let Some(fields) = line.rsplit(|byte| *byte == b')').next() else { return false };
        let fields: Vec<_> = words(fields).collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u32>().ok());
        let has_ended = matches!(fields.first(), Some(&("Z" | "X")));
        number(6).is_some_and(|flags| flags & KERNEL_THREAD != 0)
            || (has_ended && number(17).is_some_and(|threads| threads <= 1))
    }

    /// Reads a file in its directory.
    fn lines(&self, name: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut bytes = Vec::new();
        let read = self.open(name)?.read_to_end(&mut bytes);
        read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        Ok(bytes)
    }

    fn open(&self, name: &[u8]) -> Result<File, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.directory, name, flags, Mode::empty()).map(File::from)
    }
}

fn is_end(byte: &u8) -> bool {
    *byte == b'\n'
}

/// Returns the words of a line, up to the first that is not text.
fn words(line: &[u8]) -> impl Iterator<Item = &str> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map_while(|word| std::str::from_utf8(word).ok())
}

/// Parses a device's number: two numbers with a colon between.
fn device(word: &str, radix: u32) -> Option<u64> {
    let (major, minor) = word.split_once(':')?;
    let part = |word| u32::from_str_radix(word, radix).ok();
    Some(rustix::fs::makedev(part(major)?, part(minor)?))
}

/// Counts the shared locks of descriptions, by the kernel's own number of the device and by inode
/// ([proc_locks(5)](https://man7.org/linux/man-pages/man5/proc_locks.5.html)).
///
/// Includes locks of processes that are not shown, as in another PID namespace. Empty where the
/// system does not tell.
pub(super) fn shared_locks() -> HashMap<(u64, u64), usize> {
    let mut locks = HashMap::new();
    // 1: OFDLCK ADVISORY  READ -1 00:1a:4711 0 EOF
    for line in std::fs::read_to_string("/proc/locks").unwrap_or_default().lines() {
        let mut words = line.split_whitespace().skip(1);
        let (kind, access, place) = (words.next(), words.nth(1), words.nth(1));
        if let (Some("OFDLCK"), Some("READ"), Some(place)) = (kind, access, place)
            && let Some((number, inode)) = place.rsplit_once(':')
            && let (Some(number), Ok(inode)) = (device(number, 16), inode.parse())
        {
            *locks.entry((number, inode)).or_default() += 1;
        }
    }
    locks
}

/// A line of `maps`
/// ([proc_pid_maps(5)](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html)).
#[derive(Debug, Clone, Copy)]
struct Mapped {
    start: u64,
    end: u64,
    /// The offset of its start in the file.
    offset: u64,
    device: u64,
    inode: u64,
}

impl Mapped {
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = words(line);
        let hexadecimal = |word: &str| u64::from_str_radix(word, 16).ok();
        let (start, end) = words.next()?.split_once('-')?;
        let (start, end) = (hexadecimal(start)?, hexadecimal(end)?);
        let offset = hexadecimal(words.nth(1)?)?;
        let device = device(words.next()?, 16)?;
        Some(Self { start, end, offset, device, inode: words.next()?.parse().ok()? })
    }

    fn is_continued_by(&self, next: &Self) -> bool {
        self.end == next.start
            && self.offset.checked_add(self.end.saturating_sub(self.start)) == Some(next.offset)
            && (self.device, self.inode) == (next.device, next.inode)
    }
}
