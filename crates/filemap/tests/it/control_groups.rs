//! Memory in a control group: what is promised is there, and nobody is killed for it.

use std::fs;
use std::path::{Path, PathBuf};

use filemap::{Access, Error, ErrorKind, FileMapping, Lifetime, Registry, View};

use crate::support::{self, Place};

/// The most that the group of these tests may take.
const LIMIT: usize = 64 << 20;

/// A control group with a limit, which is removed with the test.
struct Group(PathBuf);

impl Group {
    /// Makes one, if this user may.
    fn new() -> Option<Self> {
        let name = format!("filemap-test-{}", std::process::id());
        for (root, limit) in
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
        {
            let folder = Path::new(root).join(&name);
            if !Path::new(root).join("cgroup.procs").exists() || fs::create_dir(&folder).is_err() {
                continue;
            }
            let group = Self(folder);
            if fs::write(group.0.join(limit), LIMIT.to_string()).is_ok() {
                return Some(group);
            }
        }
        println!("skipped: this user may not make a control group with a limit");
        None
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that has just ended may still be in it.
        support::eventually("the group is empty", || fs::remove_dir(&self.0).is_ok());
    }
}

#[test]
fn memory_that_a_control_group_does_not_have_is_an_error_and_kills_nobody() -> Result<(), Error> {
    const TEST: &str =
        "control_groups::memory_that_a_control_group_does_not_have_is_an_error_and_kills_nobody";
    if support::role().is_none() {
        let place = Place::new();
        let Some(group) = Group::new() else { return Ok(()) };
        let mut second = place.child(TEST, "inside");
        second.next();
        let number = second.process.id().to_string();
        fs::write(group.0.join("cgroup.procs"), number).expect("it may be moved");
        second.tell("moved");
        second.finish();
        assert_eq!(place.leftovers(), [""; 0]);
        return Ok(());
    }
    support::say("ready");
    support::hear();
    let registry = Registry::system();
    let options = FileMapping::options().registry(&registry).size(2 * LIMIT as u64);
    for begun in [
        options.clone().name("x"),
        options.clone().name("x").lifetime(Lifetime::Holders),
        options.clone(),
    ] {
        let error = begun.create().expect_err("there is no room");
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::CommitLimit, 1455), "{error}");
        assert!(error.to_string().contains("the control group"), "{error}");
    }
    let error = View::anonymous(2 * LIMIT).expect_err("there is no room");
    assert_eq!(error.kind(), ErrorKind::CommitLimit, "{error}");
    assert!(options.sparse().create().is_ok(), "nothing is promised");

    let half = FileMapping::options().registry(&registry).size(LIMIT as u64 / 2).name("half");
    let half = half.create_new()?;
    half.map(Access::Write)?.fill(0, LIMIT / 2, 7)?;
    Ok(())
}
