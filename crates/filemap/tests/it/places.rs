//! Unsuitable places for a registry: full, read-only, missing, or not a directory.

use std::env;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use filemap::{
    Access, Error, ErrorKind, FileMapping, PositionedIo, Protection, Registry, Rights, Scope,
};

use crate::namespace;
use crate::support::{self, Place, is_free, kind, named};
use crate::surroundings::{can_refuse, refuse};

/// The place of the first process, in a second one.
fn place_of_the_first() -> PathBuf {
    PathBuf::from(env::var_os("FILEMAP_DIR").expect("the first process says where"))
}

/// The files in the root of local names, without the mark of the last sweep.
fn entries(registry: &Registry) -> Vec<String> {
    let root = registry.path(Scope::Local).expect("it is trusted").expect("it is there");
    let files = fs::read_dir(root).expect("it can be read").flatten();
    let mut names: Vec<_> =
        files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with(".swept"));
    names.sort();
    names
}

/// Runs `test` again with a new file system with these `options` at `disk` in the place.
fn with_disk(test: &str, options: &str) {
    let place = Place::new();
    fs::create_dir(place.path("disk")).expect("a directory can be made");
    let mount = format!("mount -t tmpfs -o {options} tmpfs \"$FILEMAP_DIR/disk\"");
    if let Some(second) = namespace::start(&place, test, "inside", &["--mount"], &mount) {
        second.finish();
    }
}

/// Checks that a registry without space does everything that needs none.
fn stays_usable(registry: &Registry, disk: &Path, fill: impl Fn()) -> Result<(), Error> {
    let first = named(registry, "first")?;
    first.map(Access::Write)?.write_all_at(b"first", 0)?;
    fill();

    for name in ["x", "Global\\x", &"x".repeat(300)] {
        let error = named(registry, name).expect_err("there is no room");
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::DiskFull, 112), "{error}");
        assert!(is_free(registry, name), "{name}");
    }
    assert_eq!(entries(registry), ["first"], "nothing half-made");
    assert_eq!(registry.list()?.len(), 1);
    assert!(registry.inspect("first")?.is_live());
    assert_eq!(registry.remove_dead()?, 0);
    let found = registry.open("first")?;
    let mut seen = [0; 5];
    found.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(seen, *b"first");
    assert!(named(registry, "first")?.existed());
    // Another process, which has not used the registry before.
    assert!(Registry::at(disk).open("first").is_ok());
    drop((first, found));
    assert_eq!(entries(registry), [""; 0], "the last close needs no room");

    for file in fs::read_dir(disk).expect("it can be read").flatten() {
        if file.file_name().to_string_lossy().starts_with("filler") {
            fs::remove_file(file.path()).expect("it can be removed");
        }
    }
    assert!(!named(registry, "x")?.existed(), "there is room again");
    Ok(())
}

/// Fills a disk.
fn fill_space(disk: &Path) {
    use std::io::Write as _;
    let mut filler = File::create(disk.join("filler")).expect("it can be made");
    while filler.write_all(&[1; 4096]).is_ok() {}
}

#[test]
fn a_registry_without_space_creates_no_names_and_keeps_existing_ones() -> Result<(), Error> {
    const TEST: &str = "places::a_registry_without_space_creates_no_names_and_keeps_existing_ones";
    if support::role().is_none() {
        with_disk(TEST, "size=64k");
        return Ok(());
    }
    let disk = place_of_the_first().join("disk");
    stays_usable(&Registry::at(&disk), &disk, || fill_space(&disk))
}

#[test]
fn a_registry_without_space_keeps_no_unnamed_files() -> Result<(), Error> {
    const TEST: &str = "places::a_registry_without_space_keeps_no_unnamed_files";
    if support::role().is_none() {
        if can_refuse() {
            with_disk(TEST, "size=64k");
        }
        return Ok(());
    }
    // This file system has no unnamed files, so each file has a temporary name first.
    let unnamed = u32::try_from(libc::O_TMPFILE & !libc::O_DIRECTORY).expect("a number");
    refuse(libc::SYS_openat, 2, unnamed, libc::EOPNOTSUPP);
    let disk = place_of_the_first().join("disk");
    stays_usable(&Registry::at(&disk), &disk, || fill_space(&disk))
}

#[test]
fn a_registry_without_inodes_creates_no_names_and_keeps_existing_ones() -> Result<(), Error> {
    const TEST: &str = "places::a_registry_without_inodes_creates_no_names_and_keeps_existing_ones";
    if support::role().is_none() {
        with_disk(TEST, "nr_inodes=20");
        return Ok(());
    }
    let disk = place_of_the_first().join("disk");
    stays_usable(&Registry::at(&disk), &disk, || {
        let mut count = 0;
        while File::create(disk.join(format!("filler-{count}"))).is_ok() {
            count += 1;
        }
    })
}

#[test]
fn a_place_without_room_for_a_root_is_a_clear_error() -> Result<(), Error> {
    const TEST: &str = "places::a_place_without_room_for_a_root_is_a_clear_error";
    if support::role().is_none() {
        // One inode is for the root directory.
        with_disk(TEST, "nr_inodes=1");
        return Ok(());
    }
    let disk = place_of_the_first().join("disk");
    let registry = Registry::at(&disk);

    for name in ["x", "Global\\x"] {
        let error = named(&registry, name).expect_err("there is no room");

        assert_eq!(error.kind(), ErrorKind::DiskFull, "{error}");
        assert!(error.to_string().contains("disk/filemap-"), "{error}");
        assert!(is_free(&registry, name));
    }
    assert!(registry.list()?.is_empty());
    assert_eq!(fs::read_dir(&disk).expect("it can be read").count(), 0);
    Ok(())
}

#[test]
fn memory_that_finds_no_room_on_a_full_disk_is_an_error_and_no_signal() -> Result<(), Error> {
    const TEST: &str = "places::memory_that_finds_no_room_on_a_full_disk_is_an_error_and_no_signal";
    if support::role().is_none() {
        with_disk(TEST, "size=64k");
        return Ok(());
    }
    let registry = Registry::at(place_of_the_first().join("disk"));
    let options = FileMapping::options().registry(&registry).name("large").size(1 << 20);
    let refused = options.clone().create_new().expect_err("there is no room");
    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::DiskFull, 112), "{refused}");
    // A page of the name itself and one of its bytes.
    let page = named(&registry, "a page")?;
    page.map(Access::Write)?.fill(0, 1, 1)?;
    drop(page);
    let large = options.sparse().create_new()?;
    let view = large.map(Access::Write)?;

    let error = view.fill(0, 1 << 20, 1).expect_err("there is no room");

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::DiskFull, 112), "{error}");
    assert!(error.loss().is_some_and(|loss| loss.done < 64 << 10), "{error}");
    assert!(registry.open("large").is_ok());
    drop((view, large));
    assert_eq!(entries(&registry), [""; 0]);
    assert!(!named(&registry, "x")?.existed(), "its room came back");
    Ok(())
}

#[test]
fn a_registry_that_became_read_only_opens_and_lists_and_creates_nothing() -> Result<(), Error> {
    const TEST: &str =
        "places::a_registry_that_became_read_only_opens_and_lists_and_creates_nothing";
    if support::role().is_none() {
        with_disk(TEST, "mode=700");
        return Ok(());
    }
    let disk = place_of_the_first().join("disk");
    let before = Registry::at(disk.join("."));
    let held = named(&before, "held")?;
    held.map(Access::Write)?.write_all_at(b"hello", 0)?;
    drop(filemap::OwnedDescriptor::from(named(&before, "dead")?));
    for arguments in [&["--bind"][..], &["-o", "remount,bind,ro"]] {
        let mut mount = std::process::Command::new("mount");
        if arguments.len() == 1 {
            mount.args(arguments).arg(&disk);
        } else {
            mount.args(arguments);
        }
        assert!(mount.arg(&disk).status().is_ok_and(|status| status.success()));
    }

    let registry = Registry::at(&disk);

    let found = registry.open("held")?;
    assert!(!found.rights().contains(Rights::WRITE), "{:?}", found.rights());
    let mut seen = [0; 5];
    found.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(seen, *b"hello");
    assert_eq!(kind(found.map(Access::Write)), ErrorKind::AccessDenied);
    let refused = registry.open_with("held", Rights::READ | Rights::WRITE);
    assert_eq!(kind(refused), ErrorKind::AccessDenied);
    for name in ["held", "dead", "new"] {
        let error = named(&registry, name).expect_err("nothing can be made here");
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{name}: {error}");
        assert!(error.to_string().contains("ead-only"), "{name}: {error}");
    }
    let read_only = FileMapping::options().registry(&registry).protection(Protection::ReadOnly);
    assert!(read_only.clone().name("held").size(1).create()?.existed());
    let error = read_only.name("dead").size(1).create().expect_err("it cannot be freed");
    assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
    assert!(is_free(&registry, "dead") && is_free(&registry, "new"));
    assert_eq!(registry.remove_dead()?, 0, "nothing can be removed");
    assert_eq!(registry.list()?.iter().filter(|entry| entry.is_live()).count(), 1);

    // A handle from the read-only side keeps the name. Its close leaves a dead entry, which the next
    // look by a process that can remove it removes.
    held.close()?;
    assert!(before.open("held").is_ok());
    found.close()?;
    assert!(is_free(&registry, "held"));
    assert!(is_free(&before, "held") && is_free(&before, "dead"));
    assert_eq!(entries(&before), [""; 0]);
    Ok(())
}

#[test]
fn a_root_that_may_not_be_written_opens_and_lists_and_creates_nothing() -> Result<(), Error> {
    const TEST: &str = "places::a_root_that_may_not_be_written_opens_and_lists_and_creates_nothing";
    if support::role().is_some() {
        let registry = Registry::system();
        support::without_privileges().expect("a thread may give up what it may");
        support::say("ready");
        support::hear();
        let found = registry.open("held")?;
        found.map(Access::Write)?.write_all_at(b"H", 0)?;
        assert!(named(&registry, "held")?.existed());
        for name in ["new", "Global\\new"] {
            let error = named(&registry, name).expect_err("nothing can be made here");
            assert_eq!((error.kind(), error.win32_code()), (ErrorKind::AccessDenied, 5), "{error}");
            assert!(error.to_string().contains("filemap-"), "it says where: {error}");
            assert!(is_free(&registry, name));
        }
        assert_eq!(registry.list()?.len(), 1);
        assert_eq!(registry.remove_dead()?, 0);
        return Ok(());
    }
    if support::emulated() {
        println!("skipped: an emulated process keeps its privileges");
        return Ok(());
    }
    let place = Place::new();
    let held = named(&place.registry, "held")?;
    let root = place.registry.path(Scope::Local)?.expect("it is there");
    let mut second = place.child(TEST, "looks");
    second.until("ready");
    let modes = |root_mode, place_mode| {
        fs::set_permissions(&root, Permissions::from_mode(root_mode)).expect("it is ours");
        fs::set_permissions(place.dir.path(), Permissions::from_mode(place_mode)).expect("ours");
    };
    modes(0o500, 0o500);

    second.tell("look");
    second.finish();

    modes(0o700, 0o700);
    let mut seen = [0];
    held.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(seen, *b"H");
    drop(held);
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

/// Runs `test` again as `role` with an empty `/dev`, after the shell's words `make`, and without
/// `FILEMAP_DIR`. The temporary directory is `tmp` in the place.
fn with_devices(test: &str, role: &str, make: &str) {
    let place = Place::new();
    fs::create_dir(place.path("tmp")).expect("a directory can be made");
    let words = format!(
        "mount -t tmpfs tmpfs /dev\nunset XDG_RUNTIME_DIR\n{make}\n\
         export TMPDIR=\"$FILEMAP_DIR/tmp\"\nunset FILEMAP_DIR"
    );
    if let Some(second) = namespace::start(&place, test, role, &["--mount"], &words) {
        second.finish();
    }
}

#[test]
fn names_are_in_the_temporary_directory_without_shared_memory() -> Result<(), Error> {
    const TEST: &str = "places::\
        names_are_in_the_temporary_directory_without_shared_memory";
    if let Some(what) = support::role() {
        let registry = Registry::system();
        assert_eq!(kind(registry.open("x")), ErrorKind::NotFound, "{what}");
        assert!(registry.list()?.is_empty(), "{what}");
        for (name, scope) in [("x", Scope::Local), ("Global\\x", Scope::Global)] {
            let held = named(&registry, name)?;
            let path = registry.path(scope)?.expect("it was made");
            assert!(path.starts_with(env::temp_dir()), "{what}: {}", path.display());
            assert!(registry.open(name).is_ok(), "{what}");
            assert_eq!(registry.list()?.len(), 1, "{what}");
            drop(held);
            assert!(is_free(&registry, name), "{what}");
        }
        return Ok(());
    }
    for (what, make) in [
        ("missing", ":"),
        ("a link to nothing", "ln -s nothing /dev/shm"),
        ("read-only", "mkdir /dev/shm; mount -t tmpfs -o ro tmpfs /dev/shm"),
    ] {
        with_devices(TEST, what, make);
    }
    Ok(())
}

#[test]
fn local_names_are_in_the_runtime_directory_without_shared_memory() -> Result<(), Error> {
    const TEST: &str = "places::local_names_are_in_the_runtime_directory_without_shared_memory";
    if support::role().is_none() {
        let make =
            "export XDG_RUNTIME_DIR=\"$FILEMAP_DIR/run\"\nmkdir -p -m 700 \"$XDG_RUNTIME_DIR\"";
        with_devices(TEST, "runtime", make);
        return Ok(());
    }
    let registry = Registry::system();
    let _held = [named(&registry, "x")?, named(&registry, "Global\\x")?];
    let runtime = PathBuf::from(env::var_os("XDG_RUNTIME_DIR").expect("it is set"));
    assert_eq!(registry.path(Scope::Local)?, Some(runtime.join("filemap")));
    assert_eq!(registry.path(Scope::Global)?, Some(env::temp_dir().join("filemap-global")));
    assert!(registry.open("x").is_ok() && registry.open("Global\\x").is_ok());
    Ok(())
}

#[test]
fn shared_memory_may_be_a_link_to_its_directory() -> Result<(), Error> {
    const TEST: &str = "places::shared_memory_may_be_a_link_to_its_directory";
    if support::role().is_none() {
        with_devices(TEST, "link", "mkdir -m 1777 /dev/memory; ln -s memory /dev/shm");
        return Ok(());
    }
    let registry = Registry::system();
    let held = named(&registry, "x")?;
    let root = registry.path(Scope::Local)?.expect("it was made");
    let root = root.strip_prefix("/dev/shm").expect("it is there");
    assert!(Path::new("/dev/memory").join(root).join("x").exists());
    drop(held);
    assert!(is_free(&registry, "x"));
    Ok(())
}

#[test]
fn shared_memory_that_is_not_a_directory_is_not_trusted() -> Result<(), Error> {
    const TEST: &str = "places::shared_memory_that_is_not_a_directory_is_not_trusted";
    if support::role().is_none() {
        with_devices(TEST, "file", "echo precious >/dev/shm");
        return Ok(());
    }
    let registry = Registry::system();
    for name in ["x", "Global\\x"] {
        let error = named(&registry, name).expect_err("it is not a directory");
        assert_eq!(error.kind(), ErrorKind::UntrustedRegistry, "{error}");
        assert!(error.to_string().contains("/dev/shm/filemap-"), "{error}");
        assert_eq!(kind(registry.open(name)), ErrorKind::UntrustedRegistry);
    }
    assert_eq!(kind(registry.list()), ErrorKind::UntrustedRegistry);
    assert_eq!(fs::read("/dev/shm").expect("it is a file"), b"precious\n");
    assert_eq!(fs::read_dir(env::temp_dir()).expect("it is there").count(), 0);
    Ok(())
}

#[test]
fn a_place_that_moves_with_the_working_directory_is_not_used() -> Result<(), Error> {
    const TEST: &str = "places::a_place_that_moves_with_the_working_directory_is_not_used";
    if support::role().is_none() {
        let place = Place::new();
        let words = "mount -t tmpfs -o ro tmpfs /dev/shm\nmount -t tmpfs tmpfs /tmp\ncd /tmp\n\
            mkdir run temporary\nexport XDG_RUNTIME_DIR=run TMPDIR=temporary\nunset FILEMAP_DIR";
        if let Some(second) = namespace::start(&place, TEST, "inside", &["--mount"], words) {
            second.finish();
        }
        return Ok(());
    }
    let registry = Registry::system();
    let held = named(&registry, "x")?;
    let root = registry.path(Scope::Local)?.expect("it was made");
    assert_eq!(root.parent(), Some(Path::new("/tmp")), "{}", root.display());

    env::set_current_dir("/").expect("it can be entered");
    assert!(!is_free(&registry, "x") && !held.is_withdrawn());
    Ok(())
}

#[test]
fn a_file_system_that_renames_no_directories_is_named() -> Result<(), Error> {
    const TEST: &str = "places::a_file_system_that_renames_no_directories_is_named";
    if support::role().is_none() {
        if can_refuse() {
            Place::new().child(TEST, "filtered").finish();
        }
        return Ok(());
    }
    let place = Place::new();
    let registry = Registry::at(place.path("."));
    // As an overlay does whose upper layer has no attributes.
    refuse(libc::SYS_renameat2, 0, 0, libc::EXDEV);

    let error = named(&registry, "Global\\x").expect_err("it cannot be made");

    assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
    for word in ["filemap-global", "does not rename directories"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert_eq!(fs::read_dir(place.path(".")).expect("it can be read").count(), 0);
    named(&registry, "x").map(drop)
}
