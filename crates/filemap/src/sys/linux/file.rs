//! The file calls that sections and registry entries share.

#![expect(unsafe_code, reason = "two calls that rustix does not have")]

use std::io::IoSlice;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FallocateFlags, FileType, OFlags, Stat, Statx, StatxFlags};
use rustix::io::{Errno, ReadWriteFlags};

use crate::sys::AppendList;
use crate::sys::platform::error::{during, from_errno, from_io, last_errno};
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
pub(in crate::sys) struct Identity {
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
    // A file of a lower layer becomes one of the upper layer when it is written, and is born anew.
    let born = state.as_ref().map_or(0, born) * u64::from(!is_layered(fd));
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
#[cfg(feature = "images")]
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

/// Asks for the length of a file in bytes.
///
/// And for nothing else: who asks for the times of a file has the next write give it finer ones, which
/// a file system with a journal writes to the disk, and a durable write then takes half as long again
/// ([multigrain timestamps](https://docs.kernel.org/filesystems/multigrain-ts.html)).
pub(super) fn length_now(fd: BorrowedFd<'_>) -> Result<u64, Errno> {
    match rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::SIZE) {
        Ok(state) => Ok(state.stx_size),
        // Some sandboxes know no `statx`.
        Err(_) => Ok(length(&rustix::fs::fstat(fd)?)),
    }
}

/// Where a file is: its device and its inode.
#[cfg(guard_assembly)]
pub(super) type Place = (u32, u32, u64);

/// Asks for a file's place and length, and for nothing else: see [`length_now`].
#[cfg(guard_assembly)]
pub(super) fn place_and_length(fd: BorrowedFd<'_>) -> Result<(Place, u64), Errno> {
    match rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::SIZE | StatxFlags::INO) {
        Ok(state) => {
            Ok(((state.stx_dev_major, state.stx_dev_minor, state.stx_ino), state.stx_size))
        }
        Err(_) => {
            let stat = rustix::fs::fstat(fd)?;
            let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
            Ok(((major, minor, stat.st_ino), length(&stat)))
        }
    }
}

/// The length of a file in bytes, from its state.
pub(super) fn length(stat: &Stat) -> u64 {
    // The kernel keeps lengths in a signed type and never makes them negative.
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// The space that a file takes in bytes, from its state: blocks past its end count as well.
pub(super) fn allocated(stat: &Stat) -> u64 {
    // The unit of `st_blocks`, whatever the file system's own block is.
    u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512)
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
    let limit = own_limit();
    if len > limit {
        return too_large("the file would be larger than this process's limit on file sizes");
    }
    Ok(limit)
}

/// Returns this process's limit on the lengths of files; as good as none if a sandbox does not tell.
fn own_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the call stores one structure, in a place for one, or fails and stores nothing.
    let _unknown = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    limit.rlim_cur.min(i64::MAX.unsigned_abs())
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
/// between, and a write of the last byte would overwrite it. Allocating that byte does neither
/// ([fallocate(2)](https://man7.org/linux/man-pages/man2/fallocate.2.html)). Where the file system
/// cannot, zeros are appended, which take space.
pub(super) fn grow(fd: BorrowedFd<'_>, len: u64, operation: Operation) -> Result<()> {
    let Some(last) = len.checked_sub(1) else { return Ok(()) };
    allowed(len, operation)?;
    match allocate(fd, FallocateFlags::empty(), last, 1) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => append_zeros(fd, len).map_err(during(operation)),
        allocated => allocated.map_err(during(operation)),
    }
}

/// Appends zeros until a file is at least `len` bytes long.
///
/// Each goes to where the file ends at that moment
/// ([pwritev2(2)](https://man7.org/linux/man-pages/man2/pwritev2.2.html), `RWF_APPEND`), so that
/// nobody's bytes are overwritten; if others append as well, the file may become a little longer.
pub(super) fn append_zeros(fd: BorrowedFd<'_>, len: u64) -> Result<(), Errno> {
    /// Bytes that are appended at a time.
    const STEP: usize = 1 << 16;
    let zeros = [0; STEP];
    loop {
        let Some(missing @ 1..) = len.checked_sub(length_now(fd)?) else { return Ok(()) };
        let step = usize::try_from(missing).unwrap_or(STEP).min(STEP);
        let zeros = [IoSlice::new(&zeros[..step])];
        let append = || rustix::io::pwritev2(fd, &zeros, 0, ReadWriteFlags::APPEND);
        if rustix::io::retry_on_intr(append)? == 0 {
            return Err(Errno::IO);
        }
    }
}

/// Sets blocks aside for a range of a file, whose length and bytes stay as they are.
///
/// # Errors
///
/// [`ErrorKind::DiskFull`] if there are not so many; those that were set aside before may stay.
/// [`ErrorKind::NotSupported`] if the file system cannot.
pub(super) fn preallocate(
    fd: BorrowedFd<'_>,
    offset: u64,
    len: u64,
    operation: Operation,
) -> Result<()> {
    match allocate(fd, FallocateFlags::KEEP_SIZE, offset, len) {
        Err(errno @ (Errno::OPNOTSUPP | Errno::NOSYS)) => {
            Err(from_errno(errno, operation).because("its file system cannot set space aside"))
        }
        allocated => allocated.map_err(during(operation)),
    }
}

/// Makes a hole of a range: its bytes read as zeros and take no space, and the length stays as it is.
///
/// # Errors
///
/// [`ErrorKind::NotSupported`] if the file system cannot.
pub(super) fn discard(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Result<()> {
    let operation = Operation::Discard;
    match allocate(fd, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, len) {
        Err(errno @ (Errno::OPNOTSUPP | Errno::NOSYS)) => {
            Err(from_errno(errno, operation).because("its file system cannot make a hole"))
        }
        discarded => discarded.map_err(during(operation)),
    }
}

fn allocate(fd: BorrowedFd<'_>, flags: FallocateFlags, offset: u64, len: u64) -> Result<(), Errno> {
    match rustix::io::retry_on_intr(|| rustix::fs::fallocate(fd, flags, offset, len)) {
        // So a sandbox refuses the call: the file is open for writing.
        Err(Errno::PERM) => Err(Errno::NOSYS),
        allocated => allocated,
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
        match rustix::io::retry_on_intr(|| rustix::io::pread(fd, &mut buf[done..], at)) {
            Ok(0) => break,
            Ok(count) => done += count,
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
        let failed = |errno| Err(from_errno(errno, operation).lost(Loss { offset: at, done }));
        match rustix::io::retry_on_intr(|| rustix::io::pwrite(fd, &bytes[done..], at)) {
            Ok(0) => return failed(Errno::IO),
            Ok(count) => done += count,
            Err(errno) => return failed(errno),
        }
    }
    Ok(())
}

/// Checks that a file reaches as far as a range that was flushed.
///
/// Of bytes that were stored past its end, nothing is kept.
///
/// # Errors
///
/// [`ErrorKind::Lost`], with the end of the file as the first lost byte, or the start of the range.
pub(super) fn check_reach(fd: BorrowedFd<'_>, range: Range<u64>) -> Result<()> {
    let len = length_now(fd).map_err(during(Operation::Flush))?;
    if len >= range.end { Ok(()) } else { Err(Error::cut(len, range, Operation::Flush)) }
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
        Flush::Start => Some(libc::SYNC_FILE_RANGE_WRITE),
        Flush::Written => Some(
            libc::SYNC_FILE_RANGE_WAIT_BEFORE
                | libc::SYNC_FILE_RANGE_WRITE
                | libc::SYNC_FILE_RANGE_WAIT_AFTER,
        ),
        Flush::Durable => None,
    };
    if let Some(how) = how
        && !layered.is(fd)
    {
        match sync_range(fd, offset, len, how) {
            // Some file systems know no ranges, some sandboxes not the call: the whole file is more
            // than was asked for, and right.
            Err(Errno::SPIPE | Errno::INVAL | Errno::NOSYS | Errno::PERM) => {}
            synced => return synced.map_err(during(Operation::Flush)),
        }
    }
    rustix::fs::fdatasync(fd).map_err(during(Operation::Flush))
}

/// Whether a file is one of overlayfs, as in containers, once that was asked for.
///
/// Its pages belong to the file in a layer below, and `sync_file_range` looks for them at the
/// layered one: it finds none, writes none and succeeds.
#[derive(Debug, Default)]
pub(super) struct Layered(AppendList<bool>);

impl Layered {
    /// Returns whether the file behind `fd` is one; it is the same file at each call.
    fn is(&self, fd: BorrowedFd<'_>) -> bool {
        *self.0.get_or_push(|| is_layered(fd))
    }
}

/// Returns true if a file is one of overlayfs.
fn is_layered(fd: BorrowedFd<'_>) -> bool {
    /// `OVERLAYFS_SUPER_MAGIC` of statfs(2).
    const LAYERS: u64 = 0x794c_7630;
    rustix::fs::fstatfs(fd).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(LAYERS))
}

/// [sync_file_range(2)](https://man7.org/linux/man-pages/man2/sync_file_range.2.html).
///
/// `msync(MS_ASYNC)` would start nothing on Linux, and `MS_SYNC` waits for the device's cache.
fn sync_range(fd: BorrowedFd<'_>, offset: u64, len: u64, flags: u32) -> Result<(), Errno> {
    let offset = i64::try_from(offset).map_err(|_| Errno::INVAL)?;
    let len = i64::try_from(len).map_err(|_| Errno::INVAL)?;
    rustix::io::retry_on_intr(|| {
        // SAFETY: the call takes numbers only, and `fd` is open for the length of the borrow.
        match unsafe { libc::sync_file_range(fd.as_raw_fd(), offset, len, flags) } {
            0 => Ok(()),
            _ => Err(last_errno()),
        }
    })
}

/// Makes another descriptor of the same file, which can write or cannot. Returns whether it shares
/// the description, and so its lock; a description of its own has none.
pub(super) fn duplicate(
    fd: BorrowedFd<'_>,
    write: bool,
    operation: Operation,
) -> Result<(OwnedFd, bool)> {
    let clone = || fd.try_clone_to_owned().map(|fd| (fd, true)).map_err(from_io(operation));
    if mode(fd, operation)?.write == write {
        return clone();
    }
    let flags = if write { OFlags::RDWR } else { OFlags::RDONLY };
    match reopen(fd, flags) {
        Ok(descriptor) => Ok((descriptor, false)),
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
