//! File systems that lack what names need, or that do it otherwise.

#![expect(unsafe_code, reason = "a file system is mounted by the C library")]

use std::env;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use filemap::{
    Access, Error, ErrorKind, FileMapping, Lifetime, MappedFile, PositionedIo as _, Protection,
    Registry, Rights,
};

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags};

use crate::entries::{footer, lie};
use crate::namespace;
use crate::support::{self, Place, eventually, is_free, kind, named};
use crate::surroundings::{can_refuse, refuse};

/// Runs `test` again where what it mounts is not seen outside.
///
/// Returns the place of the first process in the one that is to do the test.
fn apart(test: &str) -> Option<PathBuf> {
    if support::role().is_some() {
        return Some(place_of_the_first());
    }
    let place = Place::new();
    let mount = "mount -t tmpfs tmpfs \"$FILEMAP_DIR\"";
    if let Some(second) = namespace::start(&place, test, "apart", &["--mount"], mount) {
        second.finish();
    }
    None
}

fn place_of_the_first() -> PathBuf {
    PathBuf::from(env::var_os("FILEMAP_DIR").expect("the first process says where"))
}

/// Makes directories in a place.
fn directories<const COUNT: usize>(place: &Path, names: [&str; COUNT]) -> [PathBuf; COUNT] {
    names.map(|name| {
        let path = place.join(name);
        fs::create_dir(&path).expect("it can be made");
        path
    })
}

#[test]
fn a_file_system_that_cannot_refuse_to_replace_has_global_names() -> Result<(), Error> {
    const TEST: &str = "file_systems::a_file_system_that_cannot_refuse_to_replace_has_global_names";
    if support::role().is_some() {
        // `RENAME_NOREPLACE`.
        refuse(libc::SYS_renameat2, 4, 1, libc::EINVAL);
        let registry = Registry::system();
        let held = named(&registry, "Global\\x")?;
        assert!(registry.open("Global\\x").is_ok());
        drop(held);
        assert!(is_free(&registry, "Global\\x"));
        let threads: Vec<_> = (0..50)
            .map(|number| {
                let place = Place::new();
                let both: Vec<_> = std::thread::scope(|scope| {
                    let start =
                        || scope.spawn(|| named(&Registry::at(place.path(".")), "Global\\x"));
                    [start(), start(), start()].map(|one| one.join().expect("no panic")).into()
                });
                let both: Result<Vec<_>, _> = both.into_iter().collect();
                both.map(|both| (number, both.iter().filter(|made| !made.existed()).count()))
            })
            .collect::<Result<_, _>>()?;
        assert!(threads.iter().all(|(_, new)| *new == 1), "{threads:?}");
        return Ok(());
    }
    if can_refuse() {
        Place::new().child(TEST, "filtered").finish();
    }
    Ok(())
}

#[test]
fn a_file_system_without_links_or_locks_is_named_in_the_error() -> Result<(), Error> {
    const TEST: &str = "file_systems::a_file_system_without_links_or_locks_is_named_in_the_error";
    if let Some(role) = support::role() {
        let lacking = match &*role {
            "links" => {
                refuse(libc::SYS_linkat, 1, 0, libc::EPERM);
                "link"
            }
            _ => {
                refuse(libc::SYS_fcntl, 1, 37, libc::ENOLCK);
                "lock"
            }
        };
        let registry = Registry::system();
        for name in ["x", "Global\\x"] {
            let error = named(&registry, name).expect_err("it cannot be");
            assert_eq!(error.kind(), ErrorKind::NotSupported, "{lacking}: {error}");
            assert!(error.to_string().contains("filemap-"), "{lacking}: {error}");
            assert!(error.to_string().contains(lacking), "{error}");
        }
        return Ok(());
    }
    if can_refuse() {
        for role in ["links", "locks"] {
            Place::new().child(TEST, role).finish();
        }
    }
    Ok(())
}

#[test]
fn a_limit_that_a_sandbox_does_not_tell_is_none() -> Result<(), Error> {
    const TEST: &str = "file_systems::a_limit_that_a_sandbox_does_not_tell_is_none";
    if let Some(role) = support::role() {
        let errno = if role == "denied" { libc::EPERM } else { libc::ENOSYS };
        refuse(libc::SYS_prlimit64, 0, 0, errno);
        refuse(libc::SYS_getrlimit, 0, 0, errno);
        let registry = Registry::system();
        drop(named(&registry, "x")?);
        drop(FileMapping::options().size(1 << 20).create()?);
        let file = tempfile::tempfile().expect("a file can be made");
        let mapping = FileMapping::options().file(&file).size(5000).create()?;
        assert_eq!((mapping.size(), file.metadata().expect("it is open").len()), (5000, 5000));
        let file = MappedFile::options().open(place_of_the_first().join("notes"))?;
        file.write_all_at(b"hello", 1 << 20)?;
        file.set_len(1 << 21)?;
        assert_eq!(file.len()?, 1 << 21);
        return Ok(());
    }
    if can_refuse() {
        for role in ["denied", "unknown"] {
            Place::new().child(TEST, role).finish();
        }
    }
    Ok(())
}

/// A running server of a file system.
struct Server(Child, PathBuf);

impl Drop for Server {
    fn drop(&mut self) {
        let _ignored = Command::new("umount").arg("--lazy").arg(&self.1).status();
        let _ignored = self.0.kill();
        let _ignored = self.0.wait();
    }
}

/// Shows a directory at another place by bindfs; `None` and a reason where that is not to be had.
fn bindfs(from: &Path, to: &Path, options: &[&str]) -> Option<Server> {
    let before = fs::metadata(to).expect("it is there").dev();
    let started = Command::new("bindfs").arg("-f").args(options).args([from, to]).spawn();
    let Ok(child) = started else {
        println!("skipped: no bindfs; apt install bindfs");
        return None;
    };
    let mut server = Server(child, to.to_owned());
    let mut ended = false;
    eventually("it is mounted", || {
        ended = server.0.try_wait().is_ok_and(|end| end.is_some());
        ended || fs::metadata(to).is_ok_and(|now| now.dev() != before)
    });
    if ended {
        println!("skipped: this system serves no file systems of users");
        return None;
    }
    Some(server)
}

#[test]
fn a_name_is_refused_where_nobody_could_open_it() -> Result<(), Error> {
    const TEST: &str = "file_systems::a_name_is_refused_where_nobody_could_open_it";
    let Some(place) = apart(TEST) else { return Ok(()) };
    let [below, shown] = directories(&place, ["below", "shown"]);
    for options in [&[][..], &["--multithreaded"]] {
        let Some(server) = bindfs(&below, &shown, options) else { return Ok(()) };
        let registry = Registry::at(&shown);
        let path = place.join("notes");
        fs::write(&path, "hello").expect("there is room");
        let file = File::options().read(true).write(true).open(path).expect("it is there");
        let create = |name: &str, over_file: bool| {
            let options = FileMapping::options().registry(&registry).name(name);
            if over_file { options.file(&file).create() } else { options.size(1).create() }
        };
        for name in ["x", "Global\\x"] {
            for over_file in [false, true] {
                match create(name, over_file) {
                    // What was created can be opened.
                    Ok(held) => {
                        assert!(Registry::at(&shown).open(name).is_ok(), "{name}");
                        drop(held);
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::NotSupported, "{name}: {error}");
                        let told = error.to_string();
                        assert!(told.contains("shown/filemap-"), "{told}");
                        println!("refused: {told}");
                    }
                }
                assert_eq!(kind(registry.open(name)), ErrorKind::NotFound, "{name}");
            }
        }
        for root in fs::read_dir(&below).expect("it can be read").flatten() {
            for left in fs::read_dir(root.path()).expect("it can be read").flatten() {
                assert!(left.file_name().to_string_lossy().starts_with('.'), "{left:?}");
            }
        }
        drop(server);
    }
    Ok(())
}

#[test]
fn a_file_of_a_lower_layer_keeps_its_name_when_it_is_written() -> Result<(), Error> {
    const TEST: &str = "file_systems::a_file_of_a_lower_layer_keeps_its_name_when_it_is_written";
    let Some(place) = apart(TEST) else { return Ok(()) };
    let [lower, _, _, merged] = directories(&place, ["lower", "upper", "work", "merged"]);
    fs::write(lower.join("notes"), "hello").expect("there is room");
    let options =
        format!("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work", place.display());
    let mut mount = Command::new("mount");
    mount.args(["-t", "overlay", "-o", &options, "overlay"]).arg(&merged);
    if !mount.status().is_ok_and(|status| status.success()) {
        println!("skipped: this user may not mount a file system of layers");
        return Ok(());
    }
    let path = merged.join("notes");
    let registry = Registry::at(&place);
    let file = File::open(&path).expect("it is there");
    let options = FileMapping::options().registry(&registry).file(&file).name("x");
    let held = options.protection(Protection::ReadOnly).create()?;
    // A file born later than the one below.
    let birth = |path: &Path| {
        let (here, flags) = (rustix::fs::CWD, AtFlags::empty());
        let told = rustix::fs::statx(here, path, flags, StatxFlags::BTIME);
        let birth = told.expect("the system tells").stx_btime;
        (birth.tv_sec, birth.tv_nsec)
    };
    eventually("a clock ticks", || {
        let later = tempfile::NamedTempFile::new_in(&place).expect("there is room");
        birth(later.path()) > birth(&lower.join("notes"))
    });

    let mut written = File::options().append(true).open(&path).expect("it can be written");
    written.write_all(b", hello").expect("there is room");

    assert!(lower.parent().expect("the place").join("upper/notes").exists(), "it was copied up");
    let found = registry.open("x")?;
    let mut seen = [0; 5];
    found.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(&seen, b"hello");
    let holders = registry.inspect("x")?.holders()?;
    assert_eq!(holders.iter().map(filemap::Holder::handles).collect::<Vec<_>>(), [2]);
    drop(held);
    assert!(registry.open("x").is_ok());

    // Another file is still another one.
    drop(found);
    let found = FileMapping::options().registry(&registry).file(&written).name("y").create();
    assert!(found.is_err() || fs::rename(&path, merged.join("renamed")).is_ok());
    Ok(())
}

#[test]
fn a_named_file_is_opened_by_its_path_without_proc() -> Result<(), Error> {
    const TEST: &str = "file_systems::a_named_file_is_opened_by_its_path_without_proc";
    if support::role().as_deref() == Some("opens") {
        let registry = Registry::system();
        let found = registry.open_with("x", Rights::READ | Rights::WRITE)?;
        found.map(Access::Write)?.write_all_at(b"HELLO", 0)?;
        assert_eq!(kind(registry.open("unknown")), ErrorKind::BackingGone);
        let file = MappedFile::options().open_by_name("file")?;
        file.write_all_at(b"F", 0)?;
        return Ok(());
    }
    let Some(place) = apart(TEST) else { return Ok(()) };
    fs::write(place.join("notes"), "hello").expect("there is room");
    fs::write(place.join("other"), "hello").expect("there is room");
    let open = |name: &str| File::options().read(true).write(true).open(place.join(name));
    let (notes, other) = (open("notes").expect("it is there"), open("other").expect("it is there"));
    let opener = Place::new();
    let mut command = opener.command(TEST, "opens");
    command.env("FILEMAP_DIR", &place);
    let hidden = Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/proc"]).status();
    assert!(hidden.is_ok_and(|status| status.success()));
    let registry = Registry::system();
    let options = || FileMapping::options().registry(&registry);

    let held = options().name("x").file(&notes).path(&place.join("notes")).create_new()?;
    let unknown = options().name("unknown").file(&other).create_new()?;
    let file = MappedFile::options().name("file").open(place.join("other"))?;

    // The process that made them needs no path.
    for name in ["x", "unknown", "file"] {
        let found = registry.open_with(name, Rights::READ | Rights::WRITE)?;
        let mut seen = [0; 5];
        found.map(Access::Write)?.read_exact_at(&mut seen, 0)?;
        assert_eq!(&seen, b"hello", "{name}");
    }
    support::Second::start(command).finish();
    assert_eq!(fs::read(place.join("notes")).expect("it is there"), b"HELLO");
    assert_eq!(fs::read(place.join("other")).expect("it is there"), b"Fello");
    drop((held, unknown, file));
    assert!(is_free(&registry, "x") && is_free(&registry, "unknown") && is_free(&registry, "file"));
    Ok(())
}

/// A file system whose server answers nothing, not even the first question, until this is dropped.
struct Silent {
    _server: File,
    place: PathBuf,
}

impl Silent {
    /// Mounts it over a directory; `None` and a reason where that is not possible.
    fn over(place: &Path) -> Option<Self> {
        let Ok(server) = File::options().read(true).write(true).open("/dev/fuse") else {
            println!("skipped: this system serves no file systems of users");
            return None;
        };
        let options =
            format!("fd={},rootmode=40000,user_id=0,group_id=0,allow_other\0", server.as_raw_fd());
        let target = CString::new(place.as_os_str().as_bytes()).expect("no NUL");
        let kind = c"fuse".as_ptr();
        // SAFETY: all of them are texts that end with a NUL, and live until the call has read them.
        let mounted =
            unsafe { libc::mount(kind, target.as_ptr(), kind, 0, options.as_ptr().cast()) };
        assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
        Some(Self { _server: server, place: place.to_owned() })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ignored = Command::new("umount").arg("--lazy").arg(&self.place).status();
    }
}

#[test]
fn a_name_over_a_file_system_that_does_not_answer_makes_nobody_wait_for_ever() -> Result<(), Error>
{
    const TEST: &str = "file_systems::\
        a_name_over_a_file_system_that_does_not_answer_makes_nobody_wait_for_ever";
    let Some(place) = apart(TEST) else { return Ok(()) };
    let [disk] = directories(&place, ["disk"]);
    fs::write(disk.join("notes"), "hello").expect("there is room");
    let file = File::open(disk.join("notes")).expect("it is there");
    let registry = Registry::at(&place);
    let options = |name: &str| {
        let options = FileMapping::options().registry(&registry).file(&file);
        options.protection(Protection::ReadOnly).name(name).create()
    };
    let held = options("x")?;
    let Some(silent) = Silent::over(&disk) else { return Ok(()) };

    for error in [registry.open("x").map(drop), options("x").map(drop)] {
        let error = error.expect_err("it does not answer");
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!(error.to_string().contains("disk/notes"), "{error}");
        assert!(error.to_string().contains("does not answer"), "{error}");
    }
    let listed = registry.inspect("x")?;
    assert!(listed.is_live() && registry.list()?.len() == 1);
    assert_eq!(listed.holders()?.iter().map(filemap::Holder::handles).sum::<usize>(), 1);
    assert!(named(&registry, "other").is_ok(), "others are not concerned");
    // It is looked for through processes, one of which has something open there.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let _open = rustix::fs::open(&disk, flags, Mode::empty()).expect("nobody is asked");
    let unmounted = Command::new("umount").arg("--lazy").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    fs::rename(disk.join("notes"), disk.join("renamed")).expect("it is there");
    let found = registry.open("x")?;
    let mut seen = [0; 5];
    found.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(&seen, b"hello");
    drop((held, found, silent));
    Ok(())
}

#[test]
fn memory_that_is_looked_for_where_nothing_answers_makes_nobody_wait_for_ever() -> Result<(), Error>
{
    const TEST: &str = "file_systems::\
        memory_that_is_looked_for_where_nothing_answers_makes_nobody_wait_for_ever";
    let Some(place) = apart(TEST) else { return Ok(()) };
    let [disk] = directories(&place, ["disk"]);
    let registry = Registry::at(&place);
    let options = FileMapping::options().registry(&registry).size(4096).name("x");
    let held = options.lifetime(Lifetime::Holders).create()?;
    let entry = registry.inspect("x")?.entry().to_owned();
    let Some(silent) = Silent::over(&disk) else { return Ok(()) };
    // Whoever may write the entry says that the memory is what a process has open there.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let open = rustix::fs::open(&disk, flags, Mode::empty()).expect("nobody is asked");
    let (flags, asked) = (AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC, StatxFlags::INO);
    let told = rustix::fs::statx(&open, c"", flags, asked).expect("nobody is asked");
    let device = rustix::fs::makedev(told.stx_dev_major, told.stx_dev_minor);
    let changes = [
        // Nowhere in particular.
        (96, &[0; 8][..]),
        (footer::DEVICE, &device.to_le_bytes()),
        (footer::INODE, &told.stx_ino.to_le_bytes()),
    ];
    lie(&entry, 4096, &changes);

    let error = registry.open_with("x", Rights::READ).expect_err("nothing answers");

    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains("in time"), "{error}");
    drop((held, silent));
    Ok(())
}
