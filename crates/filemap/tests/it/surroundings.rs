//! The environment of a registry: older kernels, full disks, other places, other users, many names.

#![expect(unsafe_code, reason = "a filter of system calls is set by the C library")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use filemap::{Access, Error, ErrorKind, FileMapping, PositionedIo, Registry, Rights, Scope};

use crate::support::{self, Place, Second, eventually, is_free, kind, named};

/// The root of this place's local names, which exists once a name was created.
fn root_of(place: &Place) -> PathBuf {
    place.registry.path(Scope::Local).expect("it is trusted").expect("it is there")
}

/// Installs a filter in this process that refuses the described calls with `errno`.
///
/// `argument` is the index of the call's argument in which all of `bits` must be set.
pub(crate) fn refuse(call: libc::c_long, argument: u32, bits: u32, errno: libc::c_int) {
    let statement = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter {
        code: u16::try_from(code).expect("a code"),
        jt,
        jf,
        k,
    };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let and = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let errno = u32::try_from(errno).expect("a number");
    let mut program = [
        statement(load, 0, 0, 0),
        statement(equal, u32::try_from(call).expect("a number"), 0, 4),
        // The low half of the argument, which is first on little-endian machines.
        statement(load, 16 + 8 * argument, 0, 0),
        statement(and, bits, 0, 0),
        statement(equal, bits, 0, 1),
        statement(answer, libc::SECCOMP_RET_ERRNO | errno, 0, 0),
        statement(answer, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog { len: 7, filter: program.as_mut_ptr() };
    // SAFETY: takes away a privilege that nothing here uses.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: `program` and its statements live until the call has copied them.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
    assert_eq!(set, 0, "a process can filter its own calls");
}

/// Returns true if a process can filter its own calls, and prints if not.
///
/// An emulator of user programs installs no filter, which would apply to its own calls.
pub(crate) fn can_refuse() -> bool {
    if support::emulated() {
        println!("skipped: an emulated process cannot filter its calls");
    }
    !support::emulated()
}

/// Checks what must work on every file system and kernel.
fn names_work(registry: &Registry) -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let first = named(registry, "x")?;
    assert!(!first.existed());
    first.map(Access::Write)?.write_all_at(b"x", 0)?;
    let second = named(registry, "x")?;
    assert!(second.existed());
    let mut seen = [0];
    second.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(seen, *b"x");
    let over_file = FileMapping::options().registry(registry).name("notes").file(&file).create()?;
    assert_eq!(registry.open("notes")?.size(), 5);
    let refused = FileMapping::options().registry(registry).name("x").size(1).create_new();
    assert_eq!(kind(refused), ErrorKind::AlreadyExists);
    assert_eq!(registry.list()?.len(), 2);
    assert_eq!(registry.remove_dead()?, 0);
    drop((first, second, over_file));
    assert!(is_free(registry, "x") && is_free(registry, "notes"));
    Ok(())
}

#[test]
fn names_work_without_unnamed_files() -> Result<(), Error> {
    const TEST: &str = "surroundings::names_work_without_unnamed_files";
    let call = libc::SYS_openat;
    let unnamed = u32::try_from(libc::O_TMPFILE & !libc::O_DIRECTORY).unwrap();
    if support::role().is_some() {
        refuse(call, 2, unnamed, libc::EOPNOTSUPP);
        names_work(&Registry::system())?;
        let held = named(&Registry::system(), "held")?;
        let entry = Registry::system().inspect("held")?.entry().to_owned();
        assert_eq!(fs::metadata(entry).unwrap().nlink(), 1, "one name, once it has one");
        support::say("held");
        support::hear();
        drop(held);
        return Ok(());
    }
    if !can_refuse() {
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "filtered");
    second.until("held");
    assert!(place.registry.open("held").is_ok());
    assert_eq!(place.leftovers(), ["held"]);
    second.finish();
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn races_for_names_work_without_unnamed_files() -> Result<(), Error> {
    const TEST: &str = "surroundings::races_for_names_work_without_unnamed_files";
    let unnamed = u32::try_from(libc::O_TMPFILE & !libc::O_DIRECTORY).unwrap();
    match support::role().as_deref() {
        None => {}
        Some("creates") => {
            refuse(libc::SYS_openat, 2, unnamed, libc::EOPNOTSUPP);
            let registry = Registry::system();
            support::say("creating");
            for _ in 0..3000 {
                drop(named(&registry, "x")?);
            }
            support::say("done");
            return Ok(());
        }
        Some(_) => {
            let registry = Registry::system();
            support::say("collecting");
            loop {
                registry.remove_dead()?;
            }
        }
    }
    if !can_refuse() {
        return Ok(());
    }
    let place = Place::new();
    let mut creators = ["creates", "creates"].map(|role| place.child(TEST, role));
    let mut collector = place.child(TEST, "collects");
    collector.until("collecting");
    for creator in &mut creators {
        creator.until("creating");
    }

    for creator in &mut creators {
        creator.until("done");
    }

    creators.into_iter().for_each(Second::finish);
    collector.kill();
    place.registry.remove_dead()?;
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn names_work_where_unnamed_files_are_linked_through_proc() -> Result<(), Error> {
    const TEST: &str = "surroundings::names_work_where_unnamed_files_are_linked_through_proc";
    if support::role().is_some() {
        // The error of kernels before 6.10 for unprivileged processes.
        refuse(libc::SYS_linkat, 4, 0x1000, libc::ENOENT);
        return names_work(&Registry::system());
    }
    if !can_refuse() {
        return Ok(());
    }
    let place = Place::new();
    place.child(TEST, "filtered").finish();

    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

const NO_DISK: &str = "skipped: this system gives ordinary processes no file system of their own";

/// Starts a second process with a small file system in the place's directory `full`, if the system
/// allows that.
fn with_a_small_disk(place: &Place, test: &str, options: &str) -> Option<Second> {
    fs::create_dir(place.path("full")).expect("a directory can be made");
    let script = "mount -t tmpfs -o \"$0\" tmpfs \"$FILEMAP_DIR/full\" || exit 9; exec \"$@\"";
    let plain = place.command(test, "small");
    let mut command = Command::new("unshare");
    command.args(["-r", "-m", "sh", "-c"]);
    let can = Command::new("unshare").args(["-r", "-m", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        return None;
    }
    command.arg(script).arg(options).arg(plain.get_program()).args(plain.get_args());
    for (key, value) in plain.get_envs() {
        command.env(key, value.expect("it is set"));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    Some(Second::start(command))
}

#[test]
fn a_file_that_cannot_grow_does_not_become_memory() -> Result<(), Error> {
    const TEST: &str = "surroundings::a_file_that_cannot_grow_does_not_become_memory";
    if support::role().is_some() {
        let place = PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("it is set"));
        let path = place.join("full/notes");
        fs::write(&path, [b'x'; 4096]).expect("a page fits");
        let file = File::options().read(true).write(true).open(&path).expect("it is there");
        let options = FileMapping::options().file(&file).name("notes").size(1 << 20);
        let made = options.create();
        let made = made.map(|made| made.backing()).map_err(|error| error.kind());
        assert_eq!(made, Err(ErrorKind::DiskFull));
        assert_eq!(file.metadata().expect("it is open").len(), 4096, "it is as it was");
        assert_eq!(kind(FileMapping::open("notes")), ErrorKind::NotFound);
        return Ok(());
    }
    let place = Place::new();
    match with_a_small_disk(&place, TEST, "size=4k") {
        Some(second) => second.finish(),
        None => println!("{NO_DISK}"),
    }
    Ok(())
}

#[test]
fn a_registry_without_room_leaves_the_file_as_it_was() -> Result<(), Error> {
    const TEST: &str = "surroundings::a_registry_without_room_leaves_the_file_as_it_was";
    if support::role().is_some() {
        let place = PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("it is set"));
        let registry = Registry::at(place.join("full"));
        drop(named(&registry, "x")?);
        let filler = File::create(place.join("full/filler")).expect("it can be made");
        while filler.write_at(&[1; 4096], filler.metadata().expect("open").len()).is_ok() {}
        let file = tempfile::tempfile().expect("a file can be made");
        file.set_len(10).expect("it can grow");

        let options = FileMapping::options().registry(&registry).file(&file);
        let error = options.name("notes").size(1 << 20).create().expect_err("there is no room");

        assert_eq!(error.kind(), ErrorKind::DiskFull, "{error}");
        assert_eq!(file.metadata().expect("it is open").len(), 10, "it is as it was");
        return Ok(());
    }
    let place = Place::new();
    match with_a_small_disk(&place, TEST, "size=64k") {
        Some(second) => second.finish(),
        None => println!("{NO_DISK}"),
    }
    Ok(())
}

#[test]
fn a_full_registry_frees_dead_entries() -> Result<(), Error> {
    const TEST: &str = "surroundings::a_full_registry_frees_dead_entries";
    if support::role().is_some() {
        let place = PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("it is set"));
        let registry = Registry::at(place.join("full"));
        let first = named(&registry, "first")?;
        // Dead entries of descriptors that were given away and closed.
        let mut count = 0;
        loop {
            let made = named(&registry, &format!("dead-{count}"))?;
            drop(filemap::OwnedDescriptor::from(made));
            count += 1;
            if registry.list()?.len() < count {
                break;
            }
            assert!(count < 1000, "the dead are never freed");
        }
        assert!(registry.open("first").is_ok());
        drop(first);
        return Ok(());
    }
    let place = Place::new();
    match with_a_small_disk(&place, TEST, "size=128k") {
        Some(second) => second.finish(),
        None => println!("{NO_DISK}"),
    }
    Ok(())
}

#[test]
fn another_place_is_not_used_while_the_usual_one_is_available() -> Result<(), Error> {
    const TEST: &str = "surroundings::another_place_is_not_used_while_the_usual_one_is_available";
    if support::role().is_some() {
        // Another user has created this root in the temporary directory first.
        let lesser = std::env::temp_dir().join("filemap-global");
        fs::create_dir(&lesser).expect("it can be made");
        fs::set_permissions(&lesser, Permissions::from_mode(0o1777)).expect("it is ours");
        let registry = Registry::system();
        assert_eq!(kind(registry.open("Global\\x")), ErrorKind::NotFound);
        let _held = named(&registry, "Global\\x")?;
        let entry = registry.inspect("Global\\x")?.entry().to_owned();
        assert!(entry.starts_with("/dev/shm"), "{}", entry.display());
        return Ok(());
    }
    let place = Place::new();
    let script = "mount -t tmpfs tmpfs /dev/shm || exit 9; exec \"$@\"";
    let can = Command::new("unshare").args(["-r", "-m", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        println!("{NO_DISK}");
        return Ok(());
    }
    let plain = place.command(TEST, "lesser");
    let mut command = Command::new("unshare");
    command.args(["-r", "-m", "sh", "-c", script, "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    for (key, value) in plain.get_envs() {
        command.env(key, value.expect("it is set"));
    }
    command.env_remove("FILEMAP_DIR").env("TMPDIR", place.path("."));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());

    Second::start(command).finish();
    Ok(())
}

#[test]
fn another_users_global_names_can_neither_be_opened_nor_removed() -> Result<(), Error> {
    const TEST: &str = "surroundings::another_users_global_names_can_neither_be_opened_nor_removed";
    if support::role().is_some() {
        let registry = Registry::system();
        for name in ["Global\\live", "Global\\dead"] {
            let refused = registry.open(name).unwrap_err();
            assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
            assert_eq!(kind(named(&registry, name)), ErrorKind::AccessDenied, "{name}");
        }
        assert_eq!(kind(registry.open("Global\\readable")), ErrorKind::NotFound);
        let left = named(&registry, "Global\\readable").unwrap_err();
        assert_eq!(left.kind(), ErrorKind::AccessDenied);
        assert!(left.to_string().contains("another user"), "{left}");
        assert_eq!(registry.remove_dead()?, 0);
        assert!(registry.list()?.is_empty());
        assert_eq!(kind(registry.inspect("Global\\live")), ErrorKind::AccessDenied);
        let own = named(&registry, "Global\\own")?;
        assert!(registry.open("Global\\own").is_ok());
        drop(own);
        assert_eq!(kind(registry.open("Global\\own")), ErrorKind::NotFound);
        return Ok(());
    }
    let place = Place::new();
    if fs::metadata(place.path(".")).unwrap().uid() != 0 {
        println!("skipped: only the superuser can start a process of another user");
        return Ok(());
    }
    let program = place.path("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(place.path("."), Permissions::from_mode(0o755)).unwrap();
    let live = named(&place.registry, "Global\\live")?;
    let entry = place.registry.inspect("Global\\live")?.entry().to_owned();
    for (name, mode) in [("dead", 0o600), ("readable", 0o666)] {
        fs::write(entry.with_file_name(name), "left behind").unwrap();
        let permissions = Permissions::from_mode(mode);
        fs::set_permissions(entry.with_file_name(name), permissions).unwrap();
    }
    let mut command = place.command_of(&program, TEST, "stranger");
    command.uid(65534).gid(65534).current_dir("/");

    Second::start(command).finish();

    assert!(entry.exists() && entry.with_file_name("dead").exists());
    assert!(place.registry.open("Global\\live").is_ok());
    drop(live);
    Ok(())
}

/// Starts this test's second process as the user `nobody`; `None` where that is not possible.
fn stranger(place: &Place, test: &str) -> Option<Second> {
    if fs::metadata(place.path(".")).expect("it is there").uid() != 0 {
        println!("skipped: only the superuser can start a process of another user");
        return None;
    }
    let program = place.path("program");
    fs::copy(std::env::current_exe().expect("it runs"), &program).expect("there is room");
    fs::set_permissions(place.path("."), Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = place.command_of(&program, test, "stranger");
    command.uid(65534).gid(65534).current_dir("/");
    Some(Second::start(command))
}

#[test]
fn another_user_gets_the_rights_that_the_creator_gave_and_no_others() -> Result<(), Error> {
    const TEST: &str =
        "surroundings::another_user_gets_the_rights_that_the_creator_gave_and_no_others";
    if support::role().is_some() {
        let registry = Registry::system();
        support::say("ready");
        support::hear();
        let refused = |name: &str, rights| {
            let error = registry.open_with(name, rights).unwrap_err();
            assert_eq!((error.kind(), error.win32_code()), (ErrorKind::AccessDenied, 5), "{error}");
            assert!(error.to_string().contains(name), "{error}");
        };
        refused("Global\\private", Rights::READ);
        refused("Global\\readable", Rights::READ | Rights::WRITE);
        assert_eq!(kind(named(&registry, "Global\\readable")), ErrorKind::AccessDenied);

        let readable = registry.open("Global\\readable")?;
        assert!(!readable.rights().contains(Rights::WRITE));
        let mut byte = [0];
        readable.map(Access::Read)?.read_exact_at(&mut byte, 7)?;
        assert_eq!(byte, *b"r");
        assert_eq!(kind(readable.map(Access::Write)), ErrorKind::AccessDenied);

        let writable = registry.open_with("Global\\writable", Rights::READ | Rights::WRITE)?;
        writable.map(Access::Write)?.write_all_at(b"w", 7)?;
        support::say("open");
        support::hear();
        assert!(registry.open_with("Global\\readable", Rights::READ).is_ok(), "held here alone");
        drop((readable, writable));
        for name in ["Global\\readable", "Global\\writable"] {
            // A process that another test has just forked has the creator's descriptors until its
            // `exec`.
            eventually("nobody has the name", || match registry.open_with(name, Rights::READ) {
                Ok(_) => false,
                Err(gone) => {
                    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
                    true
                }
            });
        }
        let left = named(&registry, "Global\\writable").unwrap_err();
        assert_eq!((left.kind(), left.win32_code()), (ErrorKind::AccessDenied, 5));
        assert!(left.to_string().contains("another user left the name behind"), "{left}");
        return Ok(());
    }
    let place = Place::new();
    let Some(mut second) = stranger(&place, TEST) else { return Ok(()) };
    second.until("ready");
    let make = |name: &str, permissions| {
        let options = FileMapping::options().registry(&place.registry).size(4096);
        options.name(name).permissions(permissions).create()
    };
    let private = make("Global\\private", filemap::Permissions::PRIVATE)?;
    let readable = make("Global\\readable", filemap::Permissions::READ_BY_OTHERS)?;
    let writable = make("Global\\writable", filemap::Permissions::WRITE_BY_OTHERS)?;
    readable.map(Access::Write)?.write_all_at(b"r", 7)?;
    let told = place.registry.inspect("Global\\readable")?.permissions();
    assert_eq!(told, Some(filemap::Permissions::READ_BY_OTHERS));
    second.tell("go");
    second.until("open");

    let mut byte = [0];
    writable.map(Access::Read)?.read_exact_at(&mut byte, 7)?;
    assert_eq!(byte, *b"w");
    drop((private, readable, writable));
    // The other user's handles keep these names, as all handles do.
    assert!(place.registry.inspect("Global\\readable")?.is_live());
    assert!(place.registry.open("Global\\writable").is_ok());
    second.tell("close");
    second.finish();

    assert!(is_free(&place.registry, "Global\\readable"), "the maker can free what is dead");
    assert!(!make("Global\\writable", filemap::Permissions::PRIVATE)?.existed());
    Ok(())
}

#[test]
fn permissions_do_not_depend_on_the_file_mode_mask() -> Result<(), Error> {
    const TEST: &str = "surroundings::permissions_do_not_depend_on_the_file_mode_mask";
    if support::role().is_some() {
        let registry = Registry::system();
        // SAFETY: a number of the process, which does nothing else.
        unsafe { libc::umask(0o777) };
        for permissions in [filemap::Permissions::PRIVATE, filemap::Permissions::READ_BY_OTHERS] {
            let options = FileMapping::options().name("x").size(1).permissions(permissions);
            let _made = options.create()?;
            assert_eq!(registry.inspect("x")?.permissions(), Some(permissions));
            assert!(registry.open("x").is_ok());
        }
        return Ok(());
    }
    let place = Place::new();
    drop(named(&place.registry, "first")?);
    place.child(TEST, "masked").finish();
    Ok(())
}

#[test]
fn ten_thousand_names_do_not_slow_the_next_one_down() -> Result<(), Error> {
    let place = Place::new();
    let root = {
        drop(named(&place.registry, "first")?);
        root_of(&place)
    };
    // Dead entries, which accumulate.
    for number in 0..10_000 {
        fs::write(root.join(format!("dead-{number}")), "").unwrap();
    }
    let registry = Registry::at(place.path("."));
    drop(named(&registry, "warm")?);
    let since = std::time::Instant::now();

    for _ in 0..100 {
        drop(named(&registry, "x")?);
    }

    // A process that looked at all entries would take a hundredth of this.
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    eventually("all the dead are freed", || {
        place.registry.remove_dead().is_ok() && place.leftovers().is_empty()
    });
    Ok(())
}
