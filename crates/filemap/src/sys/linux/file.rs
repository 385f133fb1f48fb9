//! The file calls that sections and registry entries share.

#![expect(unsafe_code, reason = "two calls that rustix does not have")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FallocateFlags, FileType, OFlags, Stat, Statx, StatxFlags};
use rustix::io::Errno;
use rustix::process::Resource;

use crate::sys::platform::error::{during, from_errno, from_io};
use crate::types::{Error, ErrorKind, Flush, Loss, Operation, Result};

/// What a descriptor was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) read: bool,
    pub(super) write: bool,
}

/// Asks for the mode of `fd`, once it has been seen to be a file that can be mapped.
///
/// Appending is no right to write: the kernel would map such a descriptor for writing, while
/// every `write` to it lands at the end. Windows refuses it, and so does this.
pub(super) fn mode(fd: BorrowedFd<'_>, operation: Operation) -> Result<Mode> {
    let flags = rustix::fs::fcntl_getfl(fd).map_err(during(operation))?;
    if flags.contains(OFlags::PATH) {
        return Ok(Mode { read: false, write: false });
    }
    let access = flags & OFlags::ACCMODE;
    Ok(Mode {
        read: access == OFlags::RDONLY || access == OFlags::RDWR,
        write: access != OFlags::RDONLY && !flags.contains(OFlags::APPEND),
    })
}

/// Asks for the state of a file that is to be mapped.
///
/// # Errors
///
/// [`ErrorKind::WrongObject`] if it is not a regular file.
pub(super) fn regular(fd: BorrowedFd<'_>, operation: Operation) -> Result<Stat> {
    let stat = rustix::fs::fstat(fd).map_err(during(operation))?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(stat),
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "not a file",
    };
    Err(Error::new(ErrorKind::WrongObject, operation)
        .because(format!("it is {kind}, and only files can be mapped")))
}

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    /// When the inode was born, in nanoseconds since 1970, and 0 where that is not known.
    ///
    /// The number of an inode is used again when its file is gone.
    pub(super) born: u64,
    /// Which of the files that had this number it is, and 0 where that is not known: two may be
    /// born between two ticks of the kernel's clock. A descriptor that only names a place
    /// (`O_PATH`) does not tell it, nor do file systems that use no number twice.
    pub(super) generation: u32,
}

impl Identity {
    /// What a descriptor that only names a place tells of it.
    pub(super) fn as_place(self) -> Self {
        Self { generation: 0, ..self }
    }
}

/// Asks which file `fd` is.
pub(super) fn identity(fd: BorrowedFd<'_>) -> Result<Identity, Errno> {
    let stat = rustix::fs::fstat(fd)?;
    Ok(Identity { generation: generation(fd), ..place_of(fd, &stat) })
}

/// Which file `fd` is, as a place tells it: by its state and its birth, without its generation.
pub(super) fn place_of(fd: BorrowedFd<'_>, stat: &Stat) -> Identity {
    let state = rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::BTIME);
    let born = state.as_ref().map_or(0, born);
    Identity { device: stat.st_dev, inode: stat.st_ino, born, generation: 0 }
}

/// Which of the files that had its number an open file is, or 0
/// ([ioctl_fs](https://man7.org/linux/man-pages/man2/FS_IOC_GETVERSION.2const.html)).
fn generation(fd: BorrowedFd<'_>) -> u32 {
    const GET: rustix::ioctl::Opcode = rustix::ioctl::opcode::read::<std::ffi::c_long>(b'v', 1);
    // The request's number tells of a `long`, and file systems store an `int`: both fit.
    let mut told = [0_u32; 2];
    // SAFETY: the kernel stores no more than a `long` where it is told to.
    let request = unsafe { rustix::ioctl::Updater::<GET, _>::new(&mut told) };
    // SAFETY: the request changes nothing about the file.
    match unsafe { rustix::ioctl::ioctl(fd, request) } {
        Ok(()) => told[0],
        Err(_) => 0,
    }
}

/// When a file was last changed, in nanoseconds since 1970, and 0 where that is not known.
pub(super) fn changed(fd: BorrowedFd<'_>) -> u64 {
    let state = rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::MTIME);
    state.map_or(0, |state| nanoseconds(state.stx_mtime.tv_sec, state.stx_mtime.tv_nsec))
}

fn nanoseconds(seconds: i64, rest: u32) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest.into())
}

/// When an inode was born, as an [`Identity`] tells it.
pub(super) fn born(state: &Statx) -> u64 {
    if !StatxFlags::from_bits_retain(state.stx_mask).contains(StatxFlags::BTIME) {
        return 0;
    }
    nanoseconds(state.stx_btime.tv_sec, state.stx_btime.tv_nsec)
}

/// The length of a file in bytes, from its state.
pub(super) fn length(stat: &Stat) -> u64 {
    // The kernel keeps lengths in a signed type and never makes them negative.
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Refuses a length that would bring the process a `SIGXFSZ` instead of an error.
///
/// Growing a file past `RLIMIT_FSIZE` raises that signal, which kills by default
/// ([setrlimit(2)](https://man7.org/linux/man-pages/man2/setrlimit.2.html)).
pub(super) fn allowed(len: u64, operation: Operation) -> Result<()> {
    limit_for(len, operation).map(drop)
}

/// The longest that this process may make a file, if that is at least `len`.
fn limit_for(len: u64, operation: Operation) -> Result<u64> {
    let too_large =
        |why: &'static str| Err(Error::new(ErrorKind::FileTooLarge, operation).because(why));
    if i64::try_from(len).is_err() {
        return too_large("no file can be longer than 2^63 - 1 bytes");
    }
    match rustix::process::getrlimit(Resource::Fsize).current {
        Some(limit) if len > limit => {
            too_large("the file would be larger than this process's limit on file sizes")
        }
        limit => Ok(limit.unwrap_or(i64::MAX.unsigned_abs())),
    }
}

/// A length that the process was allowed a moment ago: who appends a little at a time asks for its
/// limit now and then, and not each time, which would cost as much as a third of the output.
///
/// A limit that is lowered while a file grows so is met this many bytes too late at most.
#[derive(Debug, Default)]
pub(super) struct Allowance(AtomicU64);

impl Allowance {
    /// How much further than asked for it is good.
    const AHEAD: u64 = 256 << 10;

    /// Refuses what [`allowed`] refuses.
    pub(super) fn check(&self, len: u64, operation: Operation) -> Result<()> {
        let known = self.0.load(Ordering::Relaxed);
        if len <= known && known - len <= Self::AHEAD {
            return Ok(());
        }
        let ahead = len.saturating_add(Self::AHEAD);
        let enough = limit_for(len, operation)? >= ahead;
        self.0.store(if enough { ahead } else { 0 }, Ordering::Relaxed);
        Ok(())
    }
}

/// Makes a file at least `len` bytes long, and never shorter, with a hole before the end.
///
/// `ftruncate` after a look at the length would cut off what another process appended in
/// between; allocating the last byte cannot
/// ([fallocate(2)](https://man7.org/linux/man-pages/man2/fallocate.2.html)).
pub(super) fn grow(fd: BorrowedFd<'_>, len: u64, operation: Operation) -> Result<()> {
    let Some(last) = len.checked_sub(1) else { return Ok(()) };
    allowed(len, operation)?;
    loop {
        match rustix::fs::fallocate(fd, FallocateFlags::empty(), last, 1) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => break,
            Err(errno) => return Err(from_errno(errno, operation)),
        }
    }
    let stat = rustix::fs::fstat(fd).map_err(during(operation))?;
    if length(&stat) < len {
        rustix::fs::ftruncate(fd, len).map_err(during(operation))?;
    }
    Ok(())
}

/// Sets space aside for the first `len` bytes of a file, whose length stays as it is.
///
/// # Errors
///
/// [`ErrorKind::DiskFull`] if there is not so much; what was set aside past the end of the file
/// is given back.
pub(super) fn reserve(fd: BorrowedFd<'_>, len: u64, operation: Operation) -> Result<()> {
    let before = length(&rustix::fs::fstat(fd).map_err(during(operation))?);
    loop {
        match rustix::fs::fallocate(fd, FallocateFlags::KEEP_SIZE, 0, len) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                return Err(Error::new(ErrorKind::NotSupported, operation)
                    .because("its file system cannot set space aside"));
            }
            Err(errno) => {
                // Blocks past the end are freed by a truncation to the same length. If somebody
                // made the file longer meanwhile, the blocks are theirs to keep.
                let now = rustix::fs::fstat(fd).map(|stat| length(&stat));
                if len > before && now == Ok(before) {
                    let _ignored = rustix::fs::ftruncate(fd, before);
                }
                return Err(from_errno(errno, operation));
            }
        }
    }
}

/// Sets space aside for a range, whose bytes stay as they are, and so waits for the file's own
/// lock: for whoever is making it longer at this moment.
pub(super) fn settle(
    fd: BorrowedFd<'_>,
    offset: u64,
    len: u64,
    operation: Operation,
) -> Result<()> {
    loop {
        match rustix::fs::fallocate(fd, FallocateFlags::KEEP_SIZE, offset, len) {
            // File systems without it have their own ways, and none is known to need this.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(from_errno(errno, operation)),
        }
    }
}

/// Reads at `offset` until `buf` is full or the file ends; returns how many bytes there were.
pub(super) fn read_at(
    fd: BorrowedFd<'_>,
    offset: u64,
    buf: &mut [u8],
    operation: Operation,
) -> Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        let at = offset.saturating_add(done as u64);
        match rustix::io::pread(fd, &mut buf[done..], at) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(from_errno(errno, operation)),
        }
    }
    Ok(done)
}

/// Writes all of `bytes` at `offset`, growing the file if it ends before.
///
/// # Errors
///
/// What was written before a failure stays written; the error's loss tells how much.
pub(super) fn write_at(
    fd: BorrowedFd<'_>,
    offset: u64,
    bytes: &[u8],
    operation: Operation,
) -> Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let at = offset.saturating_add(done as u64);
        match rustix::io::pwrite(fd, &bytes[done..], at) {
            Ok(0) => return Err(from_errno(Errno::IO, operation).lost(Loss { offset: at, done })),
            Ok(count) => done += count,
            Err(Errno::INTR) => {}
            Err(errno) => {
                return Err(from_errno(errno, operation).lost(Loss { offset: at, done }));
            }
        }
    }
    Ok(())
}

/// Sends a range of a file towards the disk; a length of 0 reaches to the end of the file.
pub(super) fn flush(
    fd: BorrowedFd<'_>,
    layered: &Layered,
    offset: u64,
    len: u64,
    flush: Flush,
) -> Result<()> {
    let how = match flush {
        Flush::Start => libc::SYNC_FILE_RANGE_WRITE,
        Flush::Written => {
            libc::SYNC_FILE_RANGE_WAIT_BEFORE
                | libc::SYNC_FILE_RANGE_WRITE
                | libc::SYNC_FILE_RANGE_WAIT_AFTER
        }
        Flush::Durable => {
            return rustix::fs::fdatasync(fd).map_err(during(Operation::Flush));
        }
    };
    if layered.is(fd) {
        return rustix::fs::fdatasync(fd).map_err(during(Operation::Flush));
    }
    match sync_range(fd, offset, len, how) {
        Ok(()) => Ok(()),
        // Some file systems know no ranges, some sandboxes not the call: the whole file is more
        // than was asked for, and right.
        Err(Errno::SPIPE | Errno::INVAL | Errno::NOSYS | Errno::PERM) => {
            rustix::fs::fdatasync(fd).map_err(during(Operation::Flush))
        }
        Err(errno) => Err(from_errno(errno, Operation::Flush)),
    }
}

/// Whether a file is one of overlayfs, as in containers, once that was asked for.
///
/// Its pages belong to the file in a layer below, and `sync_file_range` looks for them at the
/// layered one: it finds none, writes none and succeeds.
#[derive(Debug, Default)]
pub(super) struct Layered(OnceLock<bool>);

impl Layered {
    /// Tells it of the file behind `fd`, which is always the same one.
    fn is(&self, fd: BorrowedFd<'_>) -> bool {
        /// `OVERLAYFS_SUPER_MAGIC` of statfs(2).
        const LAYERS: u64 = 0x794c_7630;
        *self.0.get_or_init(|| {
            rustix::fs::fstatfs(fd).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(LAYERS))
        })
    }
}

/// [sync_file_range(2)](https://man7.org/linux/man-pages/man2/sync_file_range.2.html).
///
/// `msync(MS_ASYNC)` would start nothing on Linux, and `MS_SYNC` waits for the device's cache.
fn sync_range(fd: BorrowedFd<'_>, offset: u64, len: u64, flags: u32) -> Result<(), Errno> {
    let offset = i64::try_from(offset).map_err(|_| Errno::INVAL)?;
    let len = i64::try_from(len).map_err(|_| Errno::INVAL)?;
    loop {
        // SAFETY: the call takes numbers only, and `fd` is open for the length of the borrow.
        let result = unsafe { libc::sync_file_range(fd.as_raw_fd(), offset, len, flags) };
        if result == 0 {
            return Ok(());
        }
        match Errno::from_io_error(&std::io::Error::last_os_error()) {
            Some(Errno::INTR) => {}
            Some(errno) => return Err(errno),
            None => return Err(Errno::IO),
        }
    }
}

/// Another descriptor of the same file.
#[derive(Debug)]
pub(super) enum Twin {
    /// It shares the description, and so its lock.
    SameDescription(OwnedFd),
    /// It has a description of its own, without a lock.
    NewDescription(OwnedFd),
}

impl Twin {
    pub(super) fn into_descriptor(self) -> OwnedFd {
        match self {
            Self::SameDescription(descriptor) | Self::NewDescription(descriptor) => descriptor,
        }
    }
}

/// Makes another descriptor of the same file, which can write or cannot.
pub(super) fn duplicate(fd: BorrowedFd<'_>, write: bool, operation: Operation) -> Result<Twin> {
    let clone = || fd.try_clone_to_owned().map(Twin::SameDescription).map_err(from_io(operation));
    if mode(fd, operation)?.write == write {
        return clone();
    }
    let flags = if write { OFlags::RDWR } else { OFlags::RDONLY };
    match reopen(fd, flags) {
        Ok(descriptor) => Ok(Twin::NewDescription(descriptor)),
        // Without `/proc`, or where the file's permissions forbid by now what they allowed, a
        // lesser handle is still lesser in this process: the model checks the rights.
        Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) if !write => clone(),
        Err(errno) => Err(from_errno(errno, operation)),
    }
}

/// Opens the same file again, with another mode and so with rights of its own.
///
/// # Errors
///
/// Those of `open`, on `/proc`: the file's permissions are checked anew.
pub(super) fn reopen(fd: impl AsFd, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    rustix::fs::open(path, flags | OFlags::CLOEXEC, rustix::fs::Mode::empty())
}
