//! Other users, containers, and programs with more rights than whoever starts them: real ones, on a
//! `/dev/shm` of their own.

#![expect(unsafe_code, reason = "a process changes its user by the C library")]

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{
    FileExt as _, MetadataExt as _, PermissionsExt as _, chown, lchown, symlink,
};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use filemap::{Access, Error, FileMapping, PositionedIo as _, Registry, Rights, Scope, View};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use crate::entries::{footer, lie};
use crate::namespace;
use crate::support::{self, Place, Second, is_free, named};

/// Ordinary users.
pub(crate) const ONE: u32 = 4001;
pub(crate) const OTHER: u32 = 4343;

/// A process of a user, in the namespace of a container whose superuser that is.
const CONTAINER: &[&str] = &["unshare", "--user", "--map-root-user"];

/// Runs `test` again as the superuser, with an empty `/dev/shm`, where system registries then are.
///
/// Returns false in the process that is to do the test.
pub(crate) fn staged(test: &str) -> bool {
    staged_in(test, "mount -t tmpfs -o mode=1777 tmpfs /dev/shm")
}

/// [`staged`] with these mounts.
fn staged_in(test: &str, mounts: &str) -> bool {
    if support::role().is_some() {
        return false;
    }
    let place = Place::new();
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only the superuser can start a process of another user");
        return true;
    }
    let words = format!("{mounts}\nunset FILEMAP_DIR XDG_RUNTIME_DIR TMPDIR");
    if let Some(second) = namespace::start(&place, test, "stage", &["--mount"], &words) {
        second.finish();
    }
    true
}

/// A place whose program every user can start.
pub(crate) struct Stage {
    place: Place,
    program: PathBuf,
    test: &'static str,
}

impl Stage {
    pub(crate) fn new(test: &'static str) -> Self {
        let place = Place::new();
        let program = place.path("program");
        // Copied by another process: see `holders`.
        let own = std::env::current_exe().expect("it runs");
        let copied = Command::new("cp").arg(own).arg(&program).status();
        assert!(copied.is_ok_and(|status| status.success()));
        fs::set_permissions(place.path("."), Permissions::from_mode(0o755)).expect("it is ours");
        Self { place, program, test }
    }

    /// The command that starts the program as a user, by these words.
    fn command(&self, user: u32, words: &[&str], role: &str) -> Command {
        let plain = self.place.command_of(&self.program, self.test, role);
        let mut command = Command::new("setpriv");
        let user = user.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]).args(words);
        command.arg(plain.get_program()).args(plain.get_args()).current_dir("/");
        for (key, value) in plain.get_envs() {
            command.env(key, value.unwrap_or_default());
        }
        command.env_remove("FILEMAP_DIR").stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// A process of a user that does what it is told.
    pub(crate) fn user(&self, user: u32, words: &[&str]) -> Told {
        Told(Second::start(self.command(user, words, "obeys")))
    }
}

/// A process that does what it is told, and tells how it went.
pub(crate) struct Told(Second);

impl Told {
    pub(crate) fn ask(&mut self, what: &str) -> String {
        self.0.tell(what);
        self.0.next()
    }

    pub(crate) fn does(&mut self, what: &str) {
        assert_eq!(self.ask(what), "done", "{what}");
    }
}

/// Does what it is told until its input ends.
fn obey() {
    let registry = Registry::system();
    let mut held: Vec<FileMapping> = Vec::new();
    let (mut views, mut kept): (Vec<View>, Vec<File>) = Default::default();
    loop {
        let heard = support::hear();
        let (word, about) = heard.split_once(' ').unwrap_or((&heard, ""));
        let done: Result<String, Error> = match word {
            "create" => named(&registry, about).and_then(|mapping| {
                let is_new = !mapping.existed();
                if is_new {
                    mapping.map(Access::Write)?.write_all_at(b"hello", 0)?;
                }
                held.push(mapping);
                Ok(if is_new { "done" } else { "existed" }.to_owned())
            }),
            "share" => {
                let all = filemap::Permissions::WRITE_BY_OTHERS;
                let options = FileMapping::options().registry(&registry).size(4096);
                options.name(about).permissions(all).create_new().map(|mapping| {
                    held.push(mapping);
                    "done".to_owned()
                })
            }
            "open" => registry.open(about).map(|mapping| {
                held.push(mapping);
                "done".to_owned()
            }),
            "read" => registry.open(about).and_then(|mapping| {
                let mut bytes = [0; 5];
                mapping.map(Access::Read)?.read_exact_at(&mut bytes, 0)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }),
            "root" => registry.path(Scope::Local).map(|path| format!("{path:?}")),
            "list" => registry.list().map(|list| {
                let names: Vec<_> = list.iter().map(|entry| entry.name().to_string()).collect();
                format!("{names:?}")
            }),
            "gc" => registry.remove_dead().map(|count| count.to_string()),
            "share-file" => {
                let all = filemap::Permissions::WRITE_BY_OTHERS;
                let (name, path) = about.split_once(' ').expect("a name and a path");
                let file = File::options().read(true).write(true).open(path).expect("it is ours");
                let options = FileMapping::options().registry(&registry).file(&file);
                options.name(name).permissions(all).create_new().map(|mapping| {
                    held.push(mapping);
                    "done".to_owned()
                })
            }
            "write" => {
                registry.open_with(about, Rights::READ | Rights::WRITE).and_then(|mapping| {
                    mapping.try_clone()?.map(Access::Write)?.write_all_at(b"HELLO", 0)?;
                    Ok("done".to_owned())
                })
            }
            "view" => held[0].map(Access::Write).map(|view| {
                views.push(view);
                "done".to_owned()
            }),
            "peek" => {
                let mut bytes = [0; 5];
                let seen = views[0].read_exact_at(&mut bytes, 0);
                seen.map(|()| String::from_utf8_lossy(&bytes).into_owned())
            }
            "withdrawn" => Ok(held[0].is_withdrawn().to_string()),
            "attack" => {
                let done = attack(about, &mut kept).map(|()| "done".to_owned());
                Ok(done.unwrap_or_else(|error| format!("{:?}", error.kind())))
            }
            "drop" => {
                held.clear();
                Ok("done".to_owned())
            }
            _ => return,
        };
        support::say(&done.unwrap_or_else(|error| format!("{:?}: {error}", error.kind())));
    }
}

/// Does to files of the registry what anybody can try.
fn attack(what: &str, kept: &mut Vec<File>) -> io::Result<()> {
    let words: Vec<_> = what.split(' ').collect();
    let path = Path::new("/dev/shm").join(words[1]);
    let open = |write| File::options().read(true).write(write).open(&path);
    match words[0] {
        "rewrite" => rewrite(&path, Path::new(words[2])),
        "read" => open(false).map(drop),
        "write" => open(true).map(drop),
        "cut" => open(true)?.set_len(0),
        "create" => File::create(&path).map(drop),
        "list" => fs::read_dir(&path).map(drop),
        "remove" => fs::remove_file(&path),
        "rename" => fs::rename(&path, Path::new("/dev/shm").join(words[2])),
        "mode" => {
            let mode = u32::from_str_radix(words[2], 8).expect("a mode");
            fs::set_permissions(&path, Permissions::from_mode(mode))
        }
        // Whoever opens the file would wait until this is given up, or the system takes it away.
        "lease" => {
            let file = File::create_new(&path)?;
            file.set_permissions(Permissions::from_mode(0o666))?;
            // SAFETY: who breaks the lease sends this signal, which is not to kill.
            unsafe { libc::signal(libc::SIGIO, libc::SIG_IGN) };
            // SAFETY: the descriptor is open.
            let leased = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) };
            if leased == -1 {
                return Err(io::Error::last_os_error());
            }
            kept.push(file);
            Ok(())
        }
        // Who may not write may not claim either, and so blocks nobody.
        "claim" => {
            let file = open(true).or_else(|_| open(false))?;
            support::try_claim(&file)?;
            kept.push(file);
            Ok(())
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Makes a page of memory with a name lead to a file, as whoever may write the entry can.
fn rewrite(entry: &Path, target: &Path) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(entry)?;
    let state = fs::metadata(target)?;
    let born = statx(CWD, target, AtFlags::empty(), StatxFlags::BTIME)?.stx_btime;
    let nanoseconds = born.tv_sec.unsigned_abs() * 1_000_000_000 + u64::from(born.tv_nsec);
    let name = entry.file_name().expect("it has a name").len() as u64;
    let path = target.as_os_str().as_bytes();
    let start = file.metadata()?.len() - 4096;
    file.write_all_at(path, start + name)?;
    let len = u32::try_from(path.len()).expect("a short path");
    let changes: [(u64, &[u8]); 6] = [
        (footer::CONTENT, &[1]),
        (footer::SIZE, &[0; 8]),
        (footer::PATH_LEN, &len.to_le_bytes()),
        (footer::DEVICE, &state.dev().to_le_bytes()),
        (footer::INODE, &state.ino().to_le_bytes()),
        (footer::BORN, &nanoseconds.to_le_bytes()),
    ];
    lie(entry, 4096, &changes);
    Ok(())
}

/// Whether this process is one that obeys.
pub(crate) fn obeyed() -> bool {
    let obeys = support::role().as_deref() == Some("obeys");
    if obeys {
        obey();
    }
    obeys
}

/// Creates a directory of a user.
pub(crate) fn directory_of(user: u32, path: &str, mode: u32) {
    fs::create_dir(path).expect("it can be made");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    chown(path, Some(user), Some(user)).expect("the superuser can");
}

#[test]
fn a_root_that_another_user_made_first_is_an_error_that_names_it() {
    const TEST: &str = "users::a_root_that_another_user_made_first_is_an_error_that_names_it";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    for mode in [0o700, 0o711, 0o000, 0o1700] {
        for (root, name) in
            [("/dev/shm/filemap-4001", "x"), ("/dev/shm/filemap-global", "Global\\x")]
        {
            directory_of(OTHER, root, mode);
            let mut one = stage.user(ONE, &[]);

            for ask in ["create", "open", "list"] {
                let told = one.ask(&format!("{ask} {name}"));
                assert!(told.starts_with("UntrustedRegistry"), "{ask} {mode:o}: {told}");
                assert!(told.contains(root), "{ask} {mode:o}: {told}");
            }
            assert_eq!(fs::read_dir(root).expect("it can be read").count(), 0);

            // Once it is gone there is one place, and all agree on it.
            fs::remove_dir(root).expect("it can be removed");
            one.does(&format!("create {name}"));
            assert_eq!(stage.user(ONE, &[]).ask(&format!("read {name}")), "hello");
            drop(one);
            fs::remove_dir_all(root).expect("it is in use, and nowhere else");
        }
    }
}

#[test]
fn a_process_that_changes_its_user_finds_that_users_names() -> Result<(), Error> {
    const TEST: &str = "users::a_process_that_changes_its_user_finds_that_users_names";
    if staged(TEST) {
        return Ok(());
    }
    let become_user = |user| {
        // SAFETY: a number of the process, all of whose threads get it.
        assert_eq!(unsafe { libc::seteuid(user) }, 0);
    };
    let registry = Registry::system();
    let root_of = |user: u32| Some(PathBuf::from(format!("/dev/shm/filemap-{user}")));
    become_user(OTHER);
    let others = named(&registry, "x")?;
    assert_eq!(registry.path(Scope::Local)?, root_of(OTHER));

    become_user(0);
    assert!(is_free(&registry, "x"));
    let own = named(&registry, "x")?;
    assert!(!own.existed());
    assert_eq!(registry.path(Scope::Local)?, root_of(0));
    assert_eq!(registry.inspect("x")?.entry(), Path::new("/dev/shm/filemap-0/x"));

    become_user(OTHER);
    drop(own);
    assert!(named(&registry, "x")?.existed());
    others.close()?;
    assert!(is_free(&registry, "x"));
    Ok(())
}

#[test]
fn a_process_that_changed_its_user_looks_where_that_user_can_write() -> Result<(), Error> {
    const TEST: &str = "users::a_process_that_changed_its_user_looks_where_that_user_can_write";
    let only_the_superuser = "mount -t tmpfs -o mode=755 tmpfs /dev/shm\n\
        mount -t tmpfs -o mode=1777 tmpfs /tmp";
    if staged_in(TEST, only_the_superuser) {
        return Ok(());
    }
    // As that user's processes make it, who cannot write the usual place.
    directory_of(OTHER, "/tmp/filemap-4343", 0o700);
    // SAFETY: a number of the process, all of whose threads get it.
    assert_eq!(unsafe { libc::seteuid(OTHER) }, 0);

    let root = Registry::system().path(Scope::Local)?;

    assert_eq!(root, Some(PathBuf::from("/tmp/filemap-4343")));
    Ok(())
}

#[test]
fn a_program_with_more_rights_than_its_caller_does_not_obey_its_variables() {
    const TEST: &str =
        "users::a_program_with_more_rights_than_its_caller_does_not_obey_its_variables";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let elsewhere = stage.place.path("elsewhere");
    fs::create_dir(&elsewhere).expect("it can be made");
    fs::set_permissions(&elsewhere, Permissions::from_mode(0o1777)).expect("it is ours");
    for (mode, is_obeyed) in [(0o755, true), (0o4755, false), (0o2755, false)] {
        chown(&stage.program, Some(OTHER), Some(OTHER)).expect("the superuser can");
        fs::set_permissions(&stage.program, Permissions::from_mode(mode)).expect("it is ours");
        let mut command = stage.command(ONE, &[], "obeys");
        for variable in ["FILEMAP_DIR", "TMPDIR", "XDG_RUNTIME_DIR"] {
            command.env(variable, &elsewhere);
        }
        let mut started = Told(Second::start(command));

        started.does("create x");

        let root = started.ask("root");
        assert_eq!(root.contains("elsewhere"), is_obeyed, "{mode:o}: {root}");
        assert_eq!(root.contains("/dev/shm/filemap-"), !is_obeyed, "{mode:o}: {root}");
    }

    // The variables beside it are for where there is no `/dev/shm`.
    fs::set_permissions("/dev/shm", Permissions::from_mode(0o755)).expect("it is ours");
    fs::remove_dir_all("/dev/shm/filemap-4001").expect("it is there");
    let mut command = stage.command(ONE, &[], "obeys");
    for variable in ["TMPDIR", "XDG_RUNTIME_DIR"] {
        command.env(variable, &elsewhere);
    }
    let mut started = Told(Second::start(command));
    started.does("create x");
    let root = started.ask("root");
    assert!(root.contains("/tmp/filemap-4001"), "{root}");
    drop(started);
    fs::remove_dir_all("/tmp/filemap-4001").expect("it was made");
}

#[test]
fn a_container_and_its_host_have_roots_of_their_own_and_share_global_names() {
    const TEST: &str =
        "users::a_container_and_its_host_have_roots_of_their_own_and_share_global_names";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let nested: Vec<_> = CONTAINER.iter().chain(CONTAINER).copied().collect();
    let same = ["unshare", "--user", "--map-current-user"];
    let processes: [(&str, u32, &[&str]); 7] = [
        ("the superuser of a user's container", ONE, CONTAINER),
        ("the same of another user", OTHER, CONTAINER),
        ("a container in a container", ONE, &nested),
        ("the same of another user", OTHER, &nested),
        ("a namespace with the same number", ONE, &same),
        ("the host's superuser", 0, &[]),
        ("the user", ONE, &[]),
    ];
    let starts =
        |(what, user, words): &(&'static str, u32, &[&str])| (*what, stage.user(*user, words));
    // Whoever comes first.
    for is_reverse in [false, true] {
        let mut all: Vec<_> = processes.iter().map(starts).collect();
        if is_reverse {
            all.reverse();
        }
        let mut roots = Vec::new();
        for (what, process) in &mut all {
            assert_eq!(process.ask("create x"), "done", "{what}");
            assert_eq!(process.ask("list"), r#"["Local\\x"]"#, "{what}");
            let root = process.ask("root");
            assert!(root.contains("/dev/shm/filemap-"), "{what}: {root}");
            roots.push(root);
        }
        roots.sort();
        roots.dedup();
        assert_eq!(roots.len(), all.len(), "{roots:?}");

        // What they share on purpose.
        all[0].1.does("share Global\\shared");
        for (what, process) in &mut all[1..] {
            assert_eq!(process.ask("open Global\\shared"), "done", "{what}");
            assert_eq!(process.ask("create Global\\shared"), "existed", "{what}");
        }
        drop(all);
        for entry in fs::read_dir("/dev/shm").expect("it can be read").flatten() {
            fs::remove_dir_all(entry.path()).expect("a root");
        }
    }
    // The host's user and the own container have a directory of their own for that.
    let shared = stage.place.path("shared");
    directory_of(ONE, shared.to_str().expect("it is ASCII"), 0o700);
    let within = |words| {
        let mut command = stage.command(ONE, words, "obeys");
        command.env("FILEMAP_DIR", &shared);
        Told(Second::start(command))
    };
    let (mut host, mut container) = (within(&[]), within(CONTAINER));
    container.does("create Global\\private");
    container.does("create x");
    host.does("create x");
    assert_eq!(host.ask("read Global\\private"), "hello");
    assert!(stage.user(OTHER, &[]).ask("read Global\\private").starts_with("NotFound"));
}

#[test]
fn a_containers_superuser_frees_what_its_own_processes_left_among_global_names() {
    const TEST: &str =
        "users::a_containers_superuser_frees_what_its_own_processes_left_among_global_names";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let mut superuser = stage.user(0, &[]);
    superuser.does("create Global\\own");
    let mut dies = stage.user(ONE, CONTAINER);
    dies.does("create Global\\x");
    // The process that is started becomes the one that holds the name.
    dies.0.kill();
    let entry = Path::new("/dev/shm/filemap-global/x");
    assert!(entry.exists());

    let mut uses = stage.user(ONE, CONTAINER);

    support::eventually("its memory is freed", || {
        assert!(uses.ask("open Global\\nobodys").starts_with("NotFound"));
        !entry.exists()
    });
    assert_eq!(superuser.ask("list"), r#"["Global\\own"]"#);
}

/// Creates a file of a user in `/dev/shm`.
pub(crate) fn file_of(user: u32, name: &str, mode: u32) -> String {
    let path = format!("/dev/shm/{name}");
    fs::write(&path, "secret").expect("there is room");
    fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
    chown(&path, Some(user), Some(user)).expect("the superuser can");
    path
}

#[test]
fn whoever_may_write_a_name_cannot_make_it_lead_to_another_file() {
    const TEST: &str = "users::whoever_may_write_a_name_cannot_make_it_lead_to_another_file";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let secret = file_of(ONE, "secret", 0o600);
    let (mut one, mut other) = (stage.user(ONE, &[]), stage.user(OTHER, &[]));
    let mut superuser = stage.user(0, &[]);

    // Memory that everybody may write, and with it the entry.
    one.does("share Global\\memory");
    other.does("write Global\\memory");
    assert_eq!(one.ask("read Global\\memory"), "HELLO");
    other.does(&format!("attack rewrite filemap-global/memory {secret}"));
    for process in [&mut one, &mut other, &mut superuser] {
        for ask in ["open", "create"] {
            let told = process.ask(&format!("{ask} Global\\memory"));
            assert!(told.starts_with("DamagedEntry") && told.contains("maker"), "{ask}: {told}");
        }
    }
    // A name that nobody else may open, whose descriptor another user got.
    one.does("create Global\\private");
    superuser.does(&format!("attack rewrite filemap-global/private {secret}"));
    for process in [&mut one, &mut superuser] {
        let told = process.ask("open Global\\private");
        assert!(told.starts_with("DamagedEntry"), "{told}");
    }
    assert_eq!(fs::read(&secret).expect("it can be read"), b"secret");

    // A file: its own mode says who may write it, and only the maker writes the entry.
    let notes = file_of(ONE, "notes", 0o666);
    one.does(&format!("share-file Global\\file {notes}"));
    let rewritten = other.ask(&format!("attack rewrite filemap-global/file {secret}"));
    assert_eq!(rewritten, "PermissionDenied");
    other.does("open Global\\file");
    other.does("write Global\\file");
    assert_eq!(fs::read(&notes).expect("it can be read"), b"HELLOt");
    assert_eq!(one.ask("read Global\\file"), "HELLO");
    let told = Registry::system().inspect("Global\\file").expect("it is there").permissions();
    assert_eq!(told, Some(filemap::Permissions::WRITE_BY_OTHERS));
    // The other user holds the name, and its maker can free it afterwards.
    one.does("drop");
    assert_eq!(one.ask("read Global\\file"), "HELLO");
    other.does("drop");
    assert!(other.ask("open Global\\file").starts_with("NotFound"));
    one.does(&format!("share-file Global\\file {notes}"));
}

#[test]
fn the_superuser_frees_a_global_name_that_another_user_blocks() {
    const TEST: &str = "users::the_superuser_frees_a_global_name_that_another_user_blocks";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let (mut one, mut superuser) = (stage.user(ONE, &[]), stage.user(0, &[]));
    superuser.does("create Global\\own");
    one.does("create Global\\live");
    let root = Path::new("/dev/shm/filemap-global");
    let target = file_of(OTHER, "target", 0o666);
    fs::create_dir(root.join("directory")).expect("it can be made");
    fs::create_dir_all(root.join("full/of/something")).expect("it can be made");
    symlink(&target, root.join("link")).expect("it can be made");
    symlink("nowhere", root.join("dangling")).expect("it can be made");
    drop(UnixListener::bind(root.join("socket")).expect("it can be made"));
    let names = ["directory", "full", "link", "dangling", "socket"];
    for name in names {
        lchown(root.join(name), Some(OTHER), Some(OTHER)).expect("the superuser can");
    }
    for process in [&mut one, &mut superuser] {
        for name in names {
            let told = process.ask(&format!("create Global\\{name}"));
            assert!(told.starts_with("DamagedEntry"), "{name}: {told}");
        }
    }

    assert_eq!(one.ask("gc"), "0", "it is another user's");
    assert_eq!(superuser.ask("gc"), "5");

    for name in names {
        one.does(&format!("create Global\\{name}"));
    }
    assert_eq!(one.ask("read Global\\live"), "hello");
    assert_eq!(fs::read(&target).expect("nothing was followed"), b"secret");
    assert_eq!(superuser.ask("gc"), "0", "what is in the directory stays aside");
}
