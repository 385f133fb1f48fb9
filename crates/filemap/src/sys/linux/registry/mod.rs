//! Names that live exactly as long as a handle, without a daemon.
//!
//! One name is one file, `root/encoded-name`: the object's own pages and a trailer
//! that describes it. Every handle owns an open description of that file and keeps a *shared*
//! lock on it. The kernel drops the lock when the description's last descriptor is closed,
//! by `close`, `exit`, a crash or `SIGKILL`. So whoever gets the *exclusive* lock, who *claims* the
//! file, has proof that no handle exists, and may remove it. Locks can be looked at without being
//! taken: see `lock`.
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
//! "Is it still linked" closes the gap between opening a file and locking it, in which somebody
//! else may have found it dead. Nobody removes a file without a claim, so a file
//! that is linked and locked stays what its name leads to. Nobody waits for a lock:
//! `patience` bounds the starting over. `docs/registry.md` goes through every crash and race.

mod directory;
mod entry;
mod exit;
mod lock;
mod step;
mod object;
mod list;
mod root;
mod trailer;
mod file_name;
mod holders;
mod process;
mod census;
mod patience;
mod length;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;

pub(crate) use census::{Census, Sighted};
pub(crate) use directory::{Adopted, Directory};
pub(crate) use entry::Entry;
pub(in crate::sys::platform) use length::set_len;
pub(crate) use length::{KeptLength, set_file_len};
pub(crate) use list::Listed;
pub(crate) use object::{Draft, Found};
