//! A registry, a prefix and a game, and looking at what they do until a deadline.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, ErrorKind, FileMapping, Registry, View};

use crate::support::{DEADLINE, Place, TEMPORARY, finish};

/// The variable with the folder that `cargo xtask test --wine` prepares: a prefix and a game.
const FOLDER: &str = "FILEMAP_TEST_WINE";

/// Where the offsets of the game's numbers are: its count, what others write, what it is told.
pub(crate) const COUNT: usize = 0;
pub(crate) const WRITTEN: usize = 4;
pub(crate) const TOLD: usize = 8;

pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) prefix: PathBuf,
    folder: PathBuf,
    /// The words before each command, which say as whom and where it runs.
    pub(crate) before: Vec<String>,
}

impl World {
    /// None, and a line that says why, without a prefix.
    pub(crate) fn new() -> Option<Self> {
        let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
            println!("skipped: no prefix of Wine; `cargo xtask test --wine` makes one");
            return None;
        };
        let prefix = folder.join("prefix");
        Some(Self { place: Place::new(), prefix, folder, before: Vec::new() })
    }

    /// A world with the other prefix, which is of one test at a time.
    pub(crate) fn second() -> Option<(Self, MutexGuard<'static, ()>)> {
        static SECOND: Mutex<()> = Mutex::new(());
        let mut world = Self::new()?;
        world.prefix = world.folder.join("second");
        Some((world, SECOND.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Ends what runs in the prefix.
    pub(crate) fn end_server(&self) {
        for word in ["--kill", "--wait"] {
            finish(self.of("wineserver", &[word]), b"");
        }
    }

    /// Waits until the prefix has no wineserver, whose end is some seconds after the last program's.
    pub(crate) fn until_nothing_runs(&self) {
        let prefix = fs::metadata(&self.prefix).unwrap();
        let folder = format!("server-{:x}-{:x}", prefix.dev(), prefix.ino());
        let is_of = |pid: i32| {
            let folders = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            // Its folder may have been removed, which the link then says behind the name.
            folders.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&folder))
        };
        until("no wineserver runs", || (!processes(&[]).into_iter().any(is_of)).then_some(()));
    }

    /// The world of an ordinary user, who is this one if it is one. None, and a line that says why, if
    /// there can be none.
    pub(crate) fn of_user() -> Option<Self> {
        let mut world = Self::new()?;
        let home = world.folder.join("user");
        world.prefix = home.join("prefix");
        let user = fs::metadata(&home).unwrap().uid();
        if user != rustix::process::geteuid().as_raw() {
            let id = user.to_string();
            world.before = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]
                .map(str::to_owned)
                .to_vec();
            for folder in [world.place.registry(), &world.place.path(".")] {
                chown(folder, Some(user), Some(user)).unwrap();
            }
            let mut reaches = world.of("test", &["-x", &world.game()]);
            if !reaches.status().unwrap().success() {
                println!("skipped: another user cannot reach the folder of this build");
                return None;
            }
        }
        Some(world)
    }

    /// Returns a command of this world, not started yet.
    pub(crate) fn of(&self, program: impl AsRef<OsStr>, words: &[&str]) -> Command {
        let mut command = match &*self.before {
            [] => self.place.other_command(program),
            [first, rest @ ..] => {
                let mut command = self.place.other_command(first);
                command.args(rest).arg(program);
                command
            }
        };
        if !self.before.is_empty() {
            command.env("HOME", self.prefix.parent().unwrap());
        }
        // Some versions of Wine have a wineserver for each of these folders, and others none.
        command.args(words).env("WINEPREFIX", &self.prefix).env_remove(TEMPORARY);
        command.env("XDG_CACHE_HOME", self.cache());
        command
    }

    /// Returns the command `filemap`, not started yet.
    pub(crate) fn filemap(&self, words: &[&str]) -> Command {
        self.of(env!("CARGO_BIN_EXE_filemap"), words)
    }

    pub(crate) fn game(&self) -> String {
        self.folder.join("game.exe").to_str().unwrap().to_owned()
    }

    /// Where the package for Python is.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("python")
    }

    pub(crate) fn helper(&self) -> PathBuf {
        self.folder.join("filemap-wine.exe")
    }

    /// Where the command's folders are.
    pub(crate) fn cache(&self) -> PathBuf {
        self.place.path("cache")
    }

    /// Returns `filemap wine VERB`, not started yet.
    pub(crate) fn wine(&self, verb: &str) -> Command {
        let mut command = self.filemap(&["wine", verb, "--helper"]);
        command.arg(self.helper());
        command
    }

    /// Returns a program for Windows, not started yet.
    pub(crate) fn program(&self, words: &[&str]) -> Command {
        let mut command = self.of("wine", &[&self.game()]);
        command.args(words);
        command
    }

    pub(crate) fn registry(&self) -> Registry {
        Registry::at(self.place.registry())
    }

    /// Waits until the name is there.
    pub(crate) fn open(&self, name: &str) -> FileMapping {
        let registry = self.registry();
        until(&format!("{name} is there"), || registry.open(name).ok())
    }

    /// Waits until a game counts in the name, and returns a view of it.
    pub(crate) fn counting(&self, name: &str) -> View {
        let view = self.open(name).map(Access::Write).unwrap();
        let start = count(&view);
        until("the game counts", || (count(&view) != start).then_some(()));
        view
    }

    /// Asserts that a name is gone, and that nothing is left of it.
    pub(crate) fn assert_nothing_is_left(&self, name: &str) {
        let error = self.registry().open(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(self.place.entries(), crate::support::NOTHING);
        self.assert_no_work_is_left();
    }

    /// Asserts that no file is left of a command that has ended, and that no process of it is, which may
    /// take a moment to notice.
    pub(crate) fn assert_no_work_is_left(&self) {
        let cache = self.cache();
        assert!(!cache.join("filemap").exists(), "{:?}", files(&cache));
        // Each helper is told the path of its task.
        let own = ["filemap-wine.exe", cache.to_str().unwrap()];
        until("no helper is left", || processes(&own).is_empty().then_some(()));
    }
}

pub(crate) fn count(view: &View) -> u32 {
    view.read(COUNT).unwrap()
}

/// Looks until there is something, and fails after the deadline.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "it did not happen that {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns the processes that have all these texts among their words.
pub(crate) fn processes(texts: &[&str]) -> Vec<i32> {
    let number = |path: &Path| path.file_name()?.to_str()?.parse().ok();
    let has_all = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        texts.iter().all(|text| words.contains(text))
    };
    let all = fs::read_dir("/proc").unwrap();
    all.filter_map(|process| number(&process.unwrap().path())).filter(has_all).collect()
}

/// Kills a process by SIGKILL.
pub(crate) fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let files = files.map(|file| file.unwrap().path());
    files
        .flat_map(|path| self::files(&path).into_iter().chain([path.clone()]).collect::<Vec<_>>())
        .collect()
}
