//! Names that live exactly as long as a handle, without a daemon.
//!
//! A name is one file, `root/encoded-name`: the mapping's own pages, and a trailer that describes
//! it. Every handle owns an open description of that file and has a *shared* lock on it. The kernel
//! drops the lock when the description's last descriptor is closed, by `close`, `exit`, a crash or
//! `SIGKILL`. So a process that gets the *exclusive* lock (it *claims* the entry) has proof that no
//! handle exists, and may remove the file. Locks can be read without being taken: see `lock`.
//!
//! ```text
//!                                locks of others?
//!  look:   open file --- absent --------------------------------------------> no such name
//!             |                    none: claim it. still linked? -- yes: unlink ---^
//!             |                       |  refused: start over  | no: start over
//!             |                    claimed: start over
//!             |                    held: shared lock?  refused: start over
//!             |                       granted: is it still linked?  no: start over
//!             +--------------------------> yes: a live handle
//!
//!  create: look; absent: unnamed file, size, trailer, shared lock, then link
//!                        (the link exists already: start over)
//!
//!  close:  give up the shared lock, then claim: granted and still linked: unlink
//! ```
//!
//! Between opening a file and locking it, another process may have found it dead and removed it.
//! That is why each lock is followed by the question whether the file is still linked. Nobody
//! removes a file without a claim, so a file that is linked and locked keeps its name. Nobody waits
//! for a lock: `backoff` limits the attempts. `docs/registry.md` describes every crash and race.

mod directory;
mod publish;
mod object;
mod entry;
mod removal;
mod exit;
mod lock;
mod list;
mod sweep;
mod last_look;
mod root;
mod user;
mod trailer;
mod mode;
mod file_name;
mod proc_fd;
mod backoff;
mod length;

pub(crate) use directory::Directory;
pub(crate) use entry::Entry;
pub(crate) use length::{LengthLock, set_file_len, set_section_len};
