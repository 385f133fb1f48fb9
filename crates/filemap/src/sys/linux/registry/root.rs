//! The directory with the entries of one scope.

use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use crate::sys::platform::environment::variable;
use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::registry::last_look::LastLook;
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::user::User;
use crate::types::{Error, ErrorKind, Operation, Result, Scope, plain};

/// The file system of shared memory on Linux.
const SHARED_MEMORY: &str = "/dev/shm";

/// With these, opening has no effect on what is opened, and waits for nobody.
const HARMLESS: OFlags =
    OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// An open directory whose owner and mode were checked.
///
/// Everything goes through the descriptor, so nobody can replace the directory between the check
/// and the use.
#[derive(Debug)]
pub(crate) struct Root {
    descriptor: OwnedFd,
    path: PathBuf,
    /// Its owner may remove everybody's entries. A `Local\` root has only entries of this user.
    inode: Inode,
    scope: Scope,
    pub(super) last_look: LastLook,
    /// Whether its file system was seen to show locks, which not every one does.
    shares_locks: AtomicBool,
}

impl Root {
    /// Opens the root of `scope`, and creates it first if `make` is set.
    ///
    /// `None` if there is none, and `make` is not set.
    pub(super) fn open(base: Option<&Path>, scope: Scope, make: bool) -> Result<Option<Self>> {
        let mut refusal = None;
        for path in candidates(base, scope) {
            match Self::open_at(&path, scope, make) {
                Ok(Some(root)) => return Ok(Some(root)),
                // Whoever names a place has misspelt it, or means one that is gone.
                Ok(None) if base.is_some_and(|base| !base.exists()) => {
                    return Err(folder_missing(&path));
                }
                // It would be created here, and nobody has done so.
                Ok(None) if path.parent().is_some_and(can_be_written) => return Ok(None),
                Ok(None) => {}
                Err(error) => match error.kind() {
                    // The next place is used if nothing is here, and nothing can be. What exists is
                    // trusted or refused: others may be using it, or going to.
                    ErrorKind::AccessDenied | ErrorKind::PathNotFound if base.is_none() => {
                        refusal.get_or_insert(error);
                    }
                    _ => return Err(error),
                },
            }
        }
        refusal.filter(|_| make).map_or(Ok(None), Err)
    }

    fn open_at(path: &Path, scope: Scope, make: bool) -> Result<Option<Self>> {
        let operation = Operation::UseRegistry;
        let about = |error| about(error, path);
        let untrusted =
            |why| about(Error::new(ErrorKind::UntrustedRegistry, operation).because(why));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = loop {
            match rustix::fs::open(path, flags, Mode::empty()) {
                Ok(descriptor) => break descriptor,
                Err(Errno::NOENT) if make => match create(path, scope) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(Errno::NOENT) => return Err(folder_missing(path)),
                    Err(Errno::XDEV) => {
                        return Err(about(
                            Error::new(ErrorKind::NotSupported, operation)
                                .because("its file system does not rename directories"),
                        ));
                    }
                    Err(errno) => return Err(about(from_errno(errno, operation))),
                },
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    return Err(untrusted("something that is not a directory is in its place"));
                }
                Err(errno) => {
                    return Err(match rustix::fs::lstat(path) {
                        Ok(stat) if errno == Errno::ACCESS => {
                            untrusted(check(&stat, scope).err().unwrap_or("it may not be entered"))
                        }
                        _ => about(from_errno(errno, operation)),
                    });
                }
            }
        };
        let stat = rustix::fs::fstat(&descriptor).map_err(during(operation))?;
        check(&stat, scope).map_err(untrusted)?;
        Ok(Some(Self {
            descriptor,
            path: path.to_owned(),
            inode: Inode::of(&stat),
            scope,
            last_look: LastLook::default(),
            shares_locks: AtomicBool::new(false),
        }))
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if the names of this user are in this directory, which changes with the user
    /// that the process acts for.
    pub(super) fn is_ours(&self) -> bool {
        self.scope == Scope::Global || self.inode.owner == rustix::process::geteuid().as_raw()
    }

    /// Returns true if the directory was removed or renamed since it was opened, or another file
    /// system was mounted over it: others use, or will create, another one in its place.
    pub(super) fn is_stale(&self) -> bool {
        match rustix::fs::lstat(&self.path) {
            Ok(stat) => Inode::of(&stat) != self.inode,
            Err(errno) => matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::LOOP),
        }
    }

    /// Returns true if a name leads to this file, by the path that others take.
    pub(super) fn leads_to(&self, file_name: &str, file: Inode) -> bool {
        rustix::fs::lstat(self.path.join(file_name)).is_ok_and(|named| Inode::of(&named) == file)
    }

    /// Returns true if the directory has this file under this name, wherever it is by now.
    pub(super) fn has(&self, file_name: &str, file: Inode) -> bool {
        self.state(file_name).is_ok_and(|named| Inode::of(&named) == file)
    }

    /// Opens an open file once more by its name, for a second description, by the path that others
    /// take.
    ///
    /// `None` if the name does not lead to this file, as [`leads_to`](Self::leads_to) would
    /// report. This takes half the time of opening it through `/proc`.
    pub(super) fn open_again(
        &self,
        file_name: &str,
        flags: OFlags,
        file: Inode,
    ) -> Result<Option<OwnedFd>, Errno> {
        let flags = flags | HARMLESS;
        let descriptor = rustix::fs::open(self.path.join(file_name), flags, Mode::empty())?;
        let same = Inode::of(&rustix::fs::fstat(&descriptor)?) == file;
        Ok(same.then_some(descriptor))
    }

    /// Returns true if a second description of an entry was seen to show the lock of the first.
    pub(super) fn is_known_to_share_locks(&self) -> bool {
        self.shares_locks.load(Ordering::Relaxed)
    }

    /// Returns true if a second description of an entry shows the lock of the first, which is asked
    /// once.
    pub(super) fn shares_locks(&self, second: BorrowedFd<'_>) -> bool {
        self.is_known_to_share_locks() || {
            let shares = lock::state_at(second, lock::ENTRY) == Ok(State::Held);
            self.shares_locks.store(shares, Ordering::Relaxed);
            shares
        }
    }

    /// Opens a file of the root. Does not follow links, and does not wait for the other end of a
    /// pipe.
    pub(super) fn open_file(&self, file_name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        rustix::fs::openat(&self.descriptor, file_name, flags | HARMLESS, Mode::empty())
    }

    /// Opens this user's file for a purpose, which begins with a dot and is not an entry, for a
    /// description of its own.
    pub(super) fn open_own(&self, purpose: &str) -> Result<OwnedFd, Errno> {
        let file_name = match self.scope {
            Scope::Local => format!("{purpose}{}", rustix::process::geteuid().as_raw()),
            // Users of containers come here too, and have the same numbers.
            Scope::Global => format!("{purpose}{}", User::current()),
        };
        let flags = OFlags::RDWR | OFlags::CREATE | HARMLESS;
        let mode = Mode::RUSR | Mode::WUSR;
        let opened = rustix::fs::openat(&self.descriptor, &*file_name, flags, mode)?;
        // Others may have put a file of theirs there, or a link to any other.
        if self.scope == Scope::Global {
            let stat = rustix::fs::fstat(&opened)?;
            let user = rustix::process::geteuid().as_raw();
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile
                || stat.st_uid != user
                || stat.st_nlink > 1
            {
                return Err(Errno::ACCESS);
            }
        }
        Ok(opened)
    }

    /// Returns true if this user can remove the file.
    pub(super) fn may_remove(&self, file: Inode) -> bool {
        self.scope == Scope::Local || {
            let user = rustix::process::geteuid();
            user.is_root() || [self.inode.owner, file.owner].contains(&user.as_raw())
        }
    }

    pub(super) fn unlink(&self, file_name: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.descriptor, file_name, AtFlags::empty())
    }

    /// Removes a directory without content, and nothing else.
    pub(super) fn unlink_directory(&self, file_name: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.descriptor, file_name, AtFlags::REMOVEDIR)
    }

    /// Gives a file a name that no entry has, and returns that; with the `end` of a directory's name
    /// it does so to a directory alone.
    pub(super) fn take_aside(&self, file_name: &str, end: &str) -> Result<String, Errno> {
        let unique = RandomState::new().hash_one(std::process::id());
        let aside = format!(".aside-{unique:016x}");
        let root = &self.descriptor;
        rustix::fs::renameat(root, file_name, root, format!("{aside}{end}"))?;
        Ok(aside)
    }

    /// Gives a file that was taken aside its name again, unless another one has it by now.
    pub(super) fn put_back(&self, aside: &str, file_name: &str) -> Result<(), Errno> {
        let root = &self.descriptor;
        rustix::fs::renameat_with(root, aside, root, file_name, RenameFlags::NOREPLACE)
    }

    /// The state of a file, without following links.
    pub(super) fn state(&self, file_name: &str) -> Result<Stat, Errno> {
        rustix::fs::statat(&self.descriptor, file_name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Creates a file without a name, or with a temporary one that no entry can have.
    pub(super) fn create_unnamed(&self, mode: Mode) -> Result<Unnamed<'_>, Errno> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.descriptor, c".", flags | OFlags::TMPFILE, mode) {
            Ok(descriptor) => return Ok(Unnamed { descriptor, temporary: None }),
            // The file system has no unnamed files, or the kernel not the flag.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {}
            Err(errno) => return Err(errno),
        }
        let flags = flags | OFlags::CREATE | OFlags::EXCL;
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let file_name = format!("{TEMPORARY}{}-{count}", std::process::id());
            match rustix::fs::openat(&self.descriptor, &*file_name, flags, mode) {
                Ok(descriptor) => {
                    // A sweep removes it if it looks before the lock is taken.
                    let held = lock::hold(descriptor.as_fd(), lock::ENTRY)?;
                    if held && rustix::fs::fstat(&descriptor)?.st_nlink > 0 {
                        let temporary = Some(Temporary { root: self, file_name });
                        return Ok(Unnamed { descriptor, temporary });
                    }
                }
                // Left behind by a crashed process that had this process's number.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Which file of a root it is, while the file is open somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inode {
    device: u64,
    number: u64,
    owner: u32,
}

impl Inode {
    pub(super) fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, number: stat.st_ino, owner: stat.st_uid }
    }
}

/// The beginning of temporary file names.
pub(super) const TEMPORARY: &str = ".new-";

/// A file that has no name yet, and is removed if it is dropped without one.
#[derive(Debug)]
pub(super) struct Unnamed<'root> {
    pub(super) descriptor: OwnedFd,
    temporary: Option<Temporary<'root>>,
}

impl Unnamed<'_> {
    /// Gives the file its name, atomically, and only if the name is free.
    pub(super) fn link(&self, root: &Root, file_name: &str) -> Result<(), Errno> {
        let root = &root.descriptor;
        if let Some(Temporary { file_name: temporary, .. }) = &self.temporary {
            return rustix::fs::linkat(root, &**temporary, root, file_name, AtFlags::empty());
        }
        // The cheaper way is open to everybody since Linux 6.10, and before to the privileged.
        match rustix::fs::linkat(&self.descriptor, c"", root, file_name, AtFlags::EMPTY_PATH) {
            Err(Errno::NOENT | Errno::PERM | Errno::ACCESS) => {}
            other => return other,
        }
        let path = format!("/proc/self/fd/{}", self.descriptor.as_raw_fd());
        rustix::fs::linkat(rustix::fs::CWD, path, root, file_name, AtFlags::SYMLINK_FOLLOW)
    }
}

/// The temporary name of a file, where the file system has no files without a name.
#[derive(Debug)]
struct Temporary<'root> {
    root: &'root Root,
    file_name: String,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Only this process uses the name. If it cannot be removed now, a sweep removes it.
        let _ignored = self.root.unlink(&self.file_name);
    }
}

/// Adds a root to an error about it.
fn about(error: Error, path: &Path) -> Error {
    error.about(format!("the registry's directory {}", plain(path)))
}

/// Returns the error for a root whose place does not exist.
fn folder_missing(path: &Path) -> Error {
    let error = Error::new(ErrorKind::PathNotFound, Operation::UseRegistry);
    about(error.because("its folder does not exist"), path)
}

/// Returns true if a root can be created in a directory, by the user that the process acts for.
fn can_be_written(directory: &Path) -> bool {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    match rustix::fs::accessat(rustix::fs::CWD, directory, access, AtFlags::EACCESS) {
        // Kernels before 5.8 do not know the call, and some sandboxes refuse it.
        Err(Errno::NOSYS | Errno::PERM) => rustix::fs::access(directory, access).is_ok(),
        answer => answer.is_ok(),
    }
}

/// Returns where the root of a scope may be, in order of preference.
pub(super) fn candidates(base: Option<&Path>, scope: Scope) -> Vec<PathBuf> {
    let name = match scope {
        Scope::Local => format!("filemap-{}", User::current()),
        Scope::Global => "filemap-global".to_owned(),
    };
    if let Some(base) = base {
        return vec![base.join(name)];
    }
    // A place that moves with the working directory is none: others would look elsewhere.
    let told = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let mut places = vec![Path::new(SHARED_MEMORY).join(&name)];
    if scope == Scope::Local
        && let Some(runtime) = told("XDG_RUNTIME_DIR")
    {
        places.push(runtime.join("filemap"));
    }
    let temporary = told("TMPDIR").unwrap_or_else(|| "/tmp".into());
    places.push(temporary.join(name));
    places
}

/// Creates a root that has its final mode from the start.
///
/// The process's file mode mask takes bits from the mode that `mkdir` is given. A `Global\` root
/// that lacked them for a moment would refuse other users, so it is created under another name.
fn create(path: &Path, scope: Scope) -> Result<(), Errno> {
    let mode = match scope {
        Scope::Local => return rustix::fs::mkdir(path, Mode::RWXU),
        Scope::Global => Mode::RWXU | Mode::RWXG | Mode::RWXO | Mode::SVTX,
    };
    let mut hidden = path.as_os_str().to_owned();
    // Random, so that nothing which a crash or another user left behind is in the way.
    let unique = RandomState::new().hash_one(std::process::id());
    hidden.push(format!(".{}-{unique:016x}", std::process::id()));
    match rustix::fs::mkdir(&hidden, Mode::RWXU) {
        Err(Errno::EXIST) => return Err(Errno::BUSY),
        made => made?,
    }
    let (here, flags) = (rustix::fs::CWD, RenameFlags::NOREPLACE);
    let rename = || match rustix::fs::renameat_with(here, &hidden, here, path, flags) {
        // Not every file system can refuse to replace. Only an empty directory is replaced anyway,
        // which is noticed like any other removal of a root.
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::rename(&hidden, path),
        renamed => renamed,
    };
    let made = rustix::fs::chmod(&hidden, mode).and_then(|()| rename());
    // Another process was faster, whatever it may have made.
    let is_there = |errno| if rustix::fs::lstat(path).is_ok() { Errno::EXIST } else { errno };
    let made = made.map_err(is_there);
    if made.is_err() {
        // It is empty, and nobody else knows its name.
        let _ignored = rustix::fs::rmdir(&hidden);
    }
    made
}

/// Refuses a directory that cannot be trusted with names, and returns why.
fn check(stat: &Stat, scope: Scope) -> Result<(), &'static str> {
    let mode = Mode::from_raw_mode(stat.st_mode);
    let is_local = scope == Scope::Local;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        Err("it is not a directory")
    } else if is_local && stat.st_uid != rustix::process::geteuid().as_raw() {
        Err("it belongs to another user")
    } else if is_local && mode.intersects(Mode::RWXG | Mode::RWXO) {
        Err("other users may enter it")
    } else if !is_local && !mode.contains(Mode::SVTX) {
        // Without the sticky bit everybody could remove everybody's names.
        Err("its sticky bit is missing")
    } else {
        Ok(())
    }
}
