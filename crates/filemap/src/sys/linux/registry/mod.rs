//! Names that live exactly as long as a handle, without a daemon.
//!
//! One name is one file, `root/encoded-name`: the object's own pages and a trailer
//! that describes it. Every handle owns an open description of that file and keeps a *shared*
//! `flock` on it. The kernel drops the lock when the description's last descriptor is closed,
//! by `close`, `exit`, a crash or `SIGKILL`
//! ([flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html)). So whoever gets the
//! *exclusive* lock has proof that no handle exists, and may remove the file.
//!
//! ```text
//!                                   exclusive lock?
//!  look:   open file ---- absent ----------------------------------------> no such name
//!             |                       granted: is it still linked? -- yes: unlink --^
//!             |                          | no: start over
//!             |                       refused: shared lock?  refused: start over
//!             |                          granted: is it still linked?  no: start over
//!             +-----------------------------> yes: a live handle
//!
//!  create: look; absent: unnamed file, size, trailer, shared lock, then link
//!                        (the link exists already: start over, keeping the file)
//!
//!  close:  close the descriptor, then open anew: exclusive lock and still linked: unlink
//! ```
//!
//! "Is it still linked" closes the gap between opening a file and locking it, in which somebody
//! else may have found it dead. Nobody removes a file without its exclusive lock, so a file
//! that is linked and locked stays what its name leads to. Nobody waits for a lock:
//! `patience` bounds the starting over. `docs/registry.md` goes through every crash and race.

mod directory;
mod entry;
mod exit;
mod object;
mod list;
mod root;
mod trailer;
mod file_name;
mod holders;
mod patience;

pub(crate) use directory::{Adopted, Directory};
pub(crate) use entry::Entry;
pub(crate) use list::Listed;
pub(crate) use object::{Draft, Found};
