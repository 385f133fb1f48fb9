//! Processes that may end in any way, and what shows in them that accesses are guarded.

#![cfg_attr(
    filemap_portable_copies,
    allow(dead_code, reason = "copies by system calls meet no signals, so fewer tests end by one")
)]

use std::any::type_name;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio, exit};
use std::sync::mpsc;
use std::thread;

use filemap::{Access, Error, FileMapping, PositionedIo, View};
use rustix::fs::{MemfdFlags, memfd_create};

use crate::support::{DEADLINE, Place, page, role};

/// What a child exits with whose body ran to its end. Not 0: a child without a test says that.
const DONE: i32 = 86;

/// How a child ended.
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) complaint: String,
}

impl Ended {
    /// Asserts that the body ran to its end.
    #[track_caller]
    pub(crate) fn came_through(&self) {
        self.exited_with(DONE);
    }

    #[track_caller]
    pub(crate) fn exited_with(&self, code: i32) {
        assert_eq!(self.status.code(), Some(code), "{}\n{}", self.status, self.complaint);
    }

    #[track_caller]
    pub(crate) fn died_of(&self, signal: i32) {
        assert_eq!(self.status.signal(), Some(signal), "{}\n{}", self.status, self.complaint);
    }
}

/// Runs `body`, a closure of the calling test, in a child: that test, executed again alone.
pub(crate) fn in_child<Body: FnOnce()>(body: Body) -> Ended {
    if role().is_some() {
        body();
        #[expect(clippy::exit, reason = "the child has nothing more to do")]
        exit(DONE);
    }
    // The closure is named after the test: `faults::chain::a_claim::{{closure}}`.
    let path = type_name::<Body>().trim_end_matches("::{{closure}}");
    let (_, test) = path.split_once("::").expect("a test is in a crate");
    let place = Place::new();
    let mut command = place.command(test, "child");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the test binary can be started");
    let mut stderr = child.stderr.take().expect("standard error is piped");
    let (to, from) = mpsc::channel();
    // It ends with the child, which is so waited for without being asked again and again.
    thread::spawn(move || {
        let mut complaint = String::new();
        stderr.read_to_string(&mut complaint).map(|_| to.send(complaint))
    });
    let complaint = from.recv_timeout(DEADLINE);
    if complaint.is_err() {
        let _ignored = child.kill();
    }
    let status = child.wait().expect("a child can be waited for");
    let complaint = complaint.unwrap_or_else(|_| panic!("{test} did not end in time"));
    Ended { status, complaint }
}

/// A view of two pages, the second of which is gone.
pub(crate) fn cut_view() -> Result<View, Error> {
    // Memory that a mapping makes for itself is sealed, and cannot be cut.
    let file = memfd_create(c"cut", MemfdFlags::CLOEXEC).expect("a file in memory can be made");
    let file = File::from(file);
    file.set_len(2 * page() as u64).expect("the file can be made longer");
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    file.set_len(page() as u64).expect("the file can be cut");
    Ok(view)
}

/// Accesses of several sorts to a new view next to a lost page all report it, and go on.
pub(crate) fn guard_works() -> bool {
    cut_view().is_ok_and(|view| guard_works_on(&view))
}

/// The same, on a view made earlier.
pub(crate) fn guard_works_on(view: &View) -> bool {
    const LEN: usize = 500;
    let (from, mut bytes) = (page() - 96, [0; LEN]);
    let done = |result: Result<(), Error>| Some(result.err()?.loss()?.done);
    done(view.read_exact_at(&mut bytes, from as u64)) == Some(96)
        && done(view.write_all_at(&bytes, from as u64)) == Some(96)
        && done(view.fill(from, LEN, 0)) == Some(96)
        && done(view.compare(from, &[0; LEN]).map(drop)) == Some(96)
        && done(view.read::<u64>(page()).map(drop)) == Some(0)
        && done(view.atomic::<u64>(page()).and_then(|cell| cell.fetch_add(1)).map(drop)) == Some(0)
        && view.read::<u64>(0).is_ok()
}
