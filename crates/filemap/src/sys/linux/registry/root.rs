//! The directory that holds the entries of one scope.

use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::registry::lock;
use crate::types::{Error, ErrorKind, Operation, Result, Scope, plain};

/// Where shared memory lives on Linux.
const SHARED_MEMORY: &str = "/dev/shm";

/// An open, verified root directory.
///
/// All work goes through the descriptor, so that nobody can put another directory in its
/// place between the check and the use.
#[derive(Debug)]
pub(crate) struct Root {
    descriptor: OwnedFd,
    path: PathBuf,
    /// Who may remove everybody's entries; nobody but this user is in a `Local\` root.
    owner: u32,
    scope: Scope,
    /// Set by the first use that looks for what crashed processes left behind.
    pub(super) swept: OnceLock<()>,
}

impl Root {
    /// Opens the root of `scope`, and makes it first if `make` says so.
    ///
    /// `None` if there is none, and none was to be made.
    pub(super) fn open(base: Option<&Path>, scope: Scope, make: bool) -> Result<Option<Self>> {
        let mut refusal = None;
        for path in candidates(base, scope) {
            match Self::open_one(&path, scope, make) {
                Ok(Some(root)) => return Ok(Some(root)),
                // Nobody has made it yet, and it is the place where it would be made.
                Ok(None) if path.parent().is_some_and(can_be_written) => return Ok(None),
                Ok(None) => {}
                // A place that cannot be written leads to the next one; a place that was
                // tampered with does not.
                Err(error)
                    if base.is_none()
                        && matches!(
                            error.kind(),
                            ErrorKind::AccessDenied | ErrorKind::NotFound
                        ) =>
                {
                    refusal.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match refusal {
            Some(error) if make => Err(error),
            _ => Ok(None),
        }
    }

    fn open_one(path: &Path, scope: Scope, make: bool) -> Result<Option<Self>> {
        let about = |error: Error| error.about(format!("the registry's directory {}", plain(path)));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            match rustix::fs::open(path, flags, Mode::empty()) {
                Ok(descriptor) => {
                    let stat =
                        rustix::fs::fstat(&descriptor).map_err(during(Operation::UseRegistry))?;
                    trusted(&stat, scope).map_err(|why| {
                        about(
                            Error::new(ErrorKind::UntrustedRegistry, Operation::UseRegistry)
                                .because(why),
                        )
                    })?;
                    let (path, owner) = (path.to_owned(), stat.st_uid);
                    let swept = OnceLock::new();
                    return Ok(Some(Self { descriptor, path, owner, scope, swept }));
                }
                Err(Errno::NOENT) if make => match make_directory(path, scope) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(about(from_errno(errno, Operation::UseRegistry))),
                },
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    return Err(about(
                        Error::new(ErrorKind::UntrustedRegistry, Operation::UseRegistry)
                            .because("something that is not a directory is in its place"),
                    ));
                }
                Err(errno) => return Err(about(from_errno(errno, Operation::UseRegistry))),
            }
        }
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether somebody removed the directory while it was open here.
    pub(super) fn is_stale(&self) -> bool {
        rustix::fs::fstat(&self.descriptor).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Tells whether a name leads to this very file.
    pub(super) fn leads_to(&self, file_name: &str, file: Inode) -> bool {
        rustix::fs::statat(&self.descriptor, file_name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|named| Inode::of(&named) == file)
    }

    /// Opens a file that is open already by its name again, for a description of its own.
    ///
    /// `None` if the name does not lead to this very file. Half the price of going through
    /// `/proc`, and the answer to [`leads_to`](Self::leads_to) besides.
    pub(super) fn open_again(
        &self,
        file_name: &str,
        flags: OFlags,
        file: Inode,
    ) -> Result<Option<OwnedFd>, Errno> {
        let descriptor = self.open_file(file_name, flags)?;
        let same = Inode::of(&rustix::fs::fstat(&descriptor)?) == file;
        Ok(same.then_some(descriptor))
    }

    /// Opens a file of the root, without following links and without waiting for a pipe's
    /// other end.
    pub(super) fn open_file(&self, file_name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.descriptor, file_name, flags, Mode::empty())
    }

    /// Tells whether this user could remove the file.
    pub(super) fn may_remove(&self, file: Inode) -> bool {
        self.scope == Scope::Local || {
            let user = rustix::process::geteuid();
            user.is_root() || [self.owner, file.owner].contains(&user.as_raw())
        }
    }

    pub(super) fn unlink(&self, file_name: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.descriptor, file_name, AtFlags::empty())
    }

    /// Creates a file without a name, or with a name that no entry can have.
    pub(super) fn create_unnamed(&self, mode: Mode) -> Result<Unnamed<'_>, Errno> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.descriptor, c".", flags | OFlags::TMPFILE, mode) {
            Ok(descriptor) => return Ok(Unnamed { descriptor, root: self, temporary: None }),
            // The file system has no unnamed files, or the kernel not the flag.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {}
            Err(errno) => return Err(errno),
        }
        self.create_temporary(mode)
    }

    fn create_temporary(&self, mode: Mode) -> Result<Unnamed<'_>, Errno> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::CREATE | OFlags::EXCL;
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let file_name = format!("{TEMPORARY}{}-{count}", std::process::id());
            match rustix::fs::openat(&self.descriptor, &*file_name, flags, mode) {
                Ok(descriptor) => {
                    // A sweep takes it for a leftover until it is locked, and may have done so.
                    let held = lock::hold(descriptor.as_fd())?;
                    if held && rustix::fs::fstat(&descriptor)?.st_nlink > 0 {
                        let temporary = Some(Temporary { root: self, file_name });
                        return Ok(Unnamed { descriptor, root: self, temporary });
                    }
                }
                // Left behind by a process that had our number once.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Which file of a root it is, for as long as somebody has it open.
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

/// What begins the names of files that have no name yet.
pub(super) const TEMPORARY: &str = ".new-";

/// A file that waits for its name; gone when dropped without one.
#[derive(Debug)]
pub(super) struct Unnamed<'root> {
    pub(super) descriptor: OwnedFd,
    root: &'root Root,
    temporary: Option<Temporary<'root>>,
}

impl Unnamed<'_> {
    /// Gives the file its name, at once and only if the name is free.
    pub(super) fn link(&self, file_name: &str) -> Result<(), Errno> {
        let root = &self.root.descriptor;
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

    /// Hands the file over, once it has its name.
    pub(super) fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }
}

/// The name that keeps a file until it has its own, where files without names are unknown.
#[derive(Debug)]
struct Temporary<'root> {
    root: &'root Root,
    file_name: String,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Only this process uses the name; if it cannot be removed now, a sweep finds it.
        let _ignored = self.root.unlink(&self.file_name);
    }
}

/// Tells whether a root could be made in a directory.
fn can_be_written(directory: &Path) -> bool {
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Where the root of a scope may be, in the order of preference.
fn candidates(base: Option<&Path>, scope: Scope) -> Vec<PathBuf> {
    let name = match scope {
        Scope::Local => format!("filemap-{}", rustix::process::geteuid().as_raw()),
        Scope::Global => "filemap-global".to_owned(),
    };
    if let Some(base) = base {
        return vec![base.join(name)];
    }
    let mut places = vec![Path::new(SHARED_MEMORY).join(&name)];
    if scope == Scope::Local
        && let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR")
    {
        places.push(Path::new(&runtime).join("filemap"));
    }
    places.push(std::env::temp_dir().join(name));
    places
}

/// Makes a root with its final mode before anybody can see it.
///
/// The process's file mode mask takes bits from what `mkdir` is told, and a root that lacks
/// them for a moment would refuse others in that moment.
fn make_directory(path: &Path, scope: Scope) -> Result<(), Errno> {
    let mode = match scope {
        Scope::Local => return rustix::fs::mkdir(path, Mode::RWXU),
        Scope::Global => Mode::RWXU | Mode::RWXG | Mode::RWXO | Mode::SVTX,
    };
    let mut hidden = path.as_os_str().to_owned();
    // One that a crash left behind, or that somebody else put there, must not be in the way.
    let unique = RandomState::new().hash_one(std::process::id());
    hidden.push(format!(".{}-{unique:016x}", std::process::id()));
    match rustix::fs::mkdir(&hidden, Mode::RWXU) {
        Err(Errno::EXIST) => return Err(Errno::BUSY),
        made => made?,
    }
    let made = rustix::fs::chmod(&hidden, mode).and_then(|()| {
        rustix::fs::renameat_with(
            rustix::fs::CWD,
            &hidden,
            rustix::fs::CWD,
            path,
            RenameFlags::NOREPLACE,
        )
    });
    if made.is_err() {
        // It is empty and only we know it.
        let _ignored = rustix::fs::rmdir(&hidden);
    }
    made
}

/// Tells why a directory cannot be trusted with names, if it cannot.
fn trusted(stat: &Stat, scope: Scope) -> Result<(), &'static str> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err("it is not a directory");
    }
    let mode = Mode::from_raw_mode(stat.st_mode);
    match scope {
        Scope::Local => {
            if stat.st_uid != rustix::process::geteuid().as_raw() {
                return Err("it belongs to another user");
            }
            if mode.intersects(Mode::RWXG | Mode::RWXO) {
                return Err("other users may enter it");
            }
        }
        // Without the sticky bit everybody could remove everybody's names.
        Scope::Global if !mode.contains(Mode::SVTX) => {
            return Err("its sticky bit is missing");
        }
        Scope::Global => {}
    }
    Ok(())
}
