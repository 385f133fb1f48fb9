//! The registry: its listing, its directories, and what crashes leave in it.

#![expect(unsafe_code, reason = "the file mode mask is the C library's")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use filemap::{
    Access, Attributes, Backing, Error, ErrorKind, FileMapping, MappedFile, PositionedIo,
    Protection, Registry, Scope,
};

use crate::support::{self, Place, is_free, kind, named};

fn mode_of(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

/// The root of this place's local names, which exists once a name was created.
fn root_of(place: &Place) -> PathBuf {
    place.registry.path(Scope::Local).expect("it is trusted").expect("it is there")
}

/// Where the root of local names is created.
fn local_root(place: &Place) -> PathBuf {
    let other = Place::new();
    drop(named(&other.registry, "x").expect("a name can be created"));
    place.dir.path().join(root_of(&other).file_name().expect("it has a name"))
}

/// Creates the names, with a page of memory each, and kills this process.
fn leave_dead(place: &Place, test: &str) {
    let mut second = place.child(test, "dies");
    second.until("held");
    second.kill();
}

fn hold_and_die(names: &[&str]) -> Result<(), Error> {
    let registry = Registry::system();
    let held: Vec<_> = names.iter().map(|name| named(&registry, name)).collect();
    support::say("held");
    support::hear();
    drop(held);
    Ok(())
}

#[test]
fn a_listing_is_sorted_and_describes_each_name() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes.txt", b"hello");
    let before = SystemTime::now();
    let options = || FileMapping::options().registry(&place.registry);
    let reserve = Attributes::RESERVE;
    let _held = [
        options().name("b").size(5000).attributes(reserve).create()?,
        options().name("Global\\a").size(1).protection(Protection::ReadOnly).create()?,
        options().name("a").file(&file).protection(Protection::WriteCopy).create()?,
        options().name("B").size(1).protection(Protection::ExecuteReadWrite).create()?,
    ];
    let after = SystemTime::now();

    let listed = place.registry.list()?;

    let names: Vec<_> = listed.iter().map(|entry| entry.name().to_string()).collect();
    assert_eq!(names, ["Local\\B", "Local\\a", "Local\\b", "Global\\a"]);
    let [code, notes, memory, global] = &listed[..] else { panic!("four entries") };
    for entry in &listed {
        assert!(entry.is_live());
        assert_eq!(entry.creator(), std::process::id());
        assert!((before..=after).contains(&entry.created()), "{:?}", entry.created());
        assert!(entry.entry().is_file());
    }
    assert_eq!((code.size(), code.protection()), (Some(1), Protection::ExecuteReadWrite));
    assert_eq!(code.backing(), &Backing::Memory);
    assert_eq!((notes.size(), notes.protection()), (Some(5), Protection::WriteCopy));
    let Backing::File { path, .. } = notes.backing() else { panic!("it is a file") };
    assert_eq!(path, &place.path("notes.txt").canonicalize().unwrap());
    assert_eq!((memory.size(), memory.attributes()), (Some(5000), reserve));
    assert_eq!((global.size(), global.protection()), (Some(1), Protection::ReadOnly));
    Ok(())
}

#[test]
fn inspecting_a_name_returns_what_listing_returns() -> Result<(), Error> {
    let place = Place::new();
    let _held = named(&place.registry, "x")?;

    let inspected = place.registry.inspect("x")?;

    let listed = &place.registry.list()?[0];
    assert_eq!(inspected.name(), listed.name());
    assert_eq!(inspected.size(), listed.size());
    assert_eq!(inspected.created(), listed.created());
    assert_eq!(inspected.entry(), listed.entry());
    let missing = place.registry.inspect("y").unwrap_err();
    assert_eq!((missing.kind(), missing.win32_code()), (ErrorKind::NotFound, 2));
    assert!(missing.to_string().contains("`Local\\y`"), "{missing}");
    Ok(())
}

#[test]
fn a_mapping_that_follows_its_file_is_listed_without_a_size() -> Result<(), Error> {
    let place = Place::new();
    drop(place.file("notes", b"hello"));
    let options = MappedFile::options().registry(&place.registry).name("notes");
    let file = options.open(place.path("notes"))?;

    file.write_all_at(b" again", 5)?;

    assert_eq!(place.registry.inspect("notes")?.size(), None);
    assert_eq!(place.registry.open("notes")?.size(), 11);
    Ok(())
}

#[test]
fn an_entry_begins_with_the_mappings_own_bytes() -> Result<(), Error> {
    let place = Place::new();
    let mapping = named(&place.registry, "x")?;
    let view = mapping.map(Access::Write)?;
    view.write_all_at(b"bytes", 4090)?;
    let entry = place.registry.inspect("x")?.entry().to_owned();

    let file = File::options().read(true).write(true).open(entry).unwrap();
    let mut seen = [0; 5];
    file.read_exact_at(&mut seen, 4090).unwrap();
    file.write_all_at(b"B", 4090).unwrap();

    assert_eq!(&seen, b"bytes");
    view.read_exact_at(&mut seen, 4090)?;
    assert_eq!(&seen, b"Bytes");
    Ok(())
}

#[test]
fn listing_a_registry_creates_nothing() -> Result<(), Error> {
    let place = Place::new();

    assert!(place.registry.list()?.is_empty());
    assert_eq!(place.registry.remove_dead()?, 0);
    assert_eq!(kind(place.registry.open("x")), ErrorKind::NotFound);
    assert_eq!(kind(place.registry.inspect("x")), ErrorKind::NotFound);
    assert_eq!(place.registry.path(Scope::Local)?, None);

    assert_eq!(fs::read_dir(place.path(".")).unwrap().count(), 0);
    Ok(())
}

#[test]
fn a_missing_registry_directory_is_a_clear_error() -> Result<(), Error> {
    let place = Place::new();
    let registry = Registry::at(place.path("missing"));

    let errors = [
        named(&registry, "x").unwrap_err(),
        registry.open("x").unwrap_err(),
        registry.inspect("x").unwrap_err(),
        registry.list().unwrap_err(),
        registry.remove_dead().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::PathNotFound, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("missing/filemap-") && text.ends_with(": its folder does not exist"),
            "{text}"
        );
    }
    Ok(())
}

#[test]
fn a_variable_moves_the_systems_registry() -> Result<(), Error> {
    const TEST: &str = "registry::a_variable_moves_the_systems_registry";
    if support::role().is_some() {
        let registry = Registry::system();
        let _held = FileMapping::options().name("x").size(1).create()?;
        support::say(&registry.path(Scope::Local)?.expect("it is there").display().to_string());
        support::say(&registry.list()?[0].name().to_string());
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "moved");

    assert_eq!(second.next(), local_root(&place).display().to_string());
    assert_eq!(second.next(), "Local\\x");
    assert!(place.registry.open("x").is_ok());
    second.finish();
    Ok(())
}

#[test]
fn registries_in_different_places_share_no_names() -> Result<(), Error> {
    let (one, other) = (Place::new(), Place::new());
    let _held = named(&one.registry, "x")?;

    assert!(is_free(&other.registry, "x"));
    assert!(!named(&other.registry, "x")?.existed());
    Ok(())
}

#[test]
fn local_names_are_private_and_global_names_are_shared() -> Result<(), Error> {
    const TEST: &str = "registry::local_names_are_private_and_global_names_are_shared";
    if let Some(mask) = support::role() {
        // SAFETY: changes the mask of this process alone, which makes no other files.
        unsafe { libc::umask(libc::mode_t::from_str_radix(&mask, 8).expect("a mask")) };
        let registry = Registry::system();
        let held = [named(&registry, "x")?, named(&registry, "Global\\x")?];
        support::say("made");
        support::hear();
        drop(held);
        return Ok(());
    }
    for mask in ["000", "022", "077"] {
        let place = Place::new();
        let mut second = place.child(TEST, mask);
        second.until("made");

        assert_eq!(mode_of(&local_root(&place)), 0o700, "{mask}");
        assert_eq!(mode_of(&place.path("filemap-global")), 0o1777, "{mask}");
        for name in ["x", "Global\\x"] {
            assert_eq!(mode_of(place.registry.inspect(name)?.entry()), 0o600, "{mask}, {name}");
        }
        let strangers = fs::read_dir(place.path(".")).unwrap().count() - 2;
        assert_eq!(strangers, 0, "nothing else is left of making them");
        second.finish();
    }
    Ok(())
}

#[test]
fn a_root_that_others_may_enter_is_not_trusted() -> Result<(), Error> {
    let place = Place::new();
    let root = local_root(&place);
    fs::create_dir(&root).unwrap();
    for mode in [0o777, 0o1777, 0o755, 0o750, 0o701] {
        fs::set_permissions(&root, Permissions::from_mode(mode)).unwrap();
        let registry = Registry::at(place.path("."));

        let error = named(&registry, "x").unwrap_err();

        let untrusted = (ErrorKind::UntrustedRegistry, 5);
        assert_eq!((error.kind(), error.win32_code()), untrusted, "{mode:o}");
        assert!(error.to_string().contains(root.file_name().unwrap().to_str().unwrap()), "{error}");
        assert_eq!(kind(registry.open("x")), ErrorKind::UntrustedRegistry);
        assert_eq!(kind(registry.list()), ErrorKind::UntrustedRegistry);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
    fs::set_permissions(&root, Permissions::from_mode(0o700)).unwrap();
    assert!(named(&place.registry, "x").is_ok());
    Ok(())
}

#[test]
fn a_global_root_without_its_sticky_bit_is_not_trusted() {
    let place = Place::new();
    let root = place.path("filemap-global");
    fs::create_dir(&root).unwrap();
    fs::set_permissions(&root, Permissions::from_mode(0o777)).unwrap();

    assert_eq!(kind(named(&place.registry, "Global\\x")), ErrorKind::UntrustedRegistry);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    assert!(named(&place.registry, "x").is_ok(), "local names are not its business");
}

#[test]
fn a_root_that_is_not_a_directory_is_refused() {
    for what in ["link", "dangling", "file", "pipe"] {
        let place = Place::new();
        let elsewhere = Place::new();
        let root = local_root(&place);
        match what {
            "link" => symlink(elsewhere.path("."), &root).unwrap(),
            "dangling" => symlink("/nowhere/at/all", &root).unwrap(),
            "file" => fs::write(&root, "").unwrap(),
            _ => assert!(Command::new("mkfifo").arg(&root).status().unwrap().success()),
        }

        let error = named(&place.registry, "x").unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedRegistry, "{what}: {error}");
        assert!(error.to_string().contains(root.to_str().unwrap()), "{what}: {error}");
        assert_eq!(kind(place.registry.open("x")), ErrorKind::UntrustedRegistry, "{what}");
        assert_eq!(kind(place.registry.list()), ErrorKind::UntrustedRegistry, "{what}");
        assert_eq!(fs::read_dir(elsewhere.path(".")).unwrap().count(), 0, "{what}");
    }
}

#[test]
fn a_root_removed_while_it_is_open_is_created_again() -> Result<(), Error> {
    let place = Place::new();
    let held = named(&place.registry, "x")?;
    let view = held.map(Access::Write)?;
    let root = root_of(&place);

    fs::remove_dir_all(&root).unwrap();

    view.write_all_at(b"x", 0)?;
    assert_eq!(kind(place.registry.open("x")), ErrorKind::NotFound);
    assert!(held.map(Access::Read).is_ok(), "handles work on");
    let anew = named(&place.registry, "x")?;
    assert!(!anew.existed());
    assert_eq!(place.registry.list()?.len(), 1);
    held.close()?;
    assert!(place.registry.open("x").is_ok(), "the old handle's close is not the new one's");
    Ok(())
}

#[test]
fn a_renamed_root_is_noticed_like_a_removed_one() -> Result<(), Error> {
    for name in ["x", "Global\\x"] {
        let place = Place::new();
        let others = Registry::at(place.path("."));
        let held = named(&place.registry, name)?;
        drop(named(&others, name)?);
        let root = held_root(&place, name)?;
        let aside = place.path("aside");

        fs::rename(&root, &aside).unwrap();

        assert!(held.is_withdrawn(), "{name}");
        assert!(is_free(&place.registry, name), "{name}");
        assert!(place.registry.list()?.is_empty(), "{name}");
        let anew = named(&others, name)?;
        assert!(!anew.existed(), "{name}");
        anew.map(Access::Write)?.write_all_at(b"n", 0)?;
        let mut seen = [0];
        let found = named(&place.registry, name)?;
        assert!(found.existed(), "{name}");
        found.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
        assert_eq!(seen, *b"n", "{name}");
        held.close()?;
        assert!(!aside.join("x").exists(), "its own entry is gone");
        assert!(others.open(name).is_ok(), "the old handle's close is not the new one's");
    }
    Ok(())
}

/// The root of a name that exists.
fn held_root(place: &Place, name: &str) -> Result<PathBuf, Error> {
    let entry = place.registry.inspect(name)?.entry().to_owned();
    Ok(entry.parent().expect("it is in a root").to_owned())
}

#[test]
fn a_root_renamed_between_two_creations_is_created_again() -> Result<(), Error> {
    for name in ["x", "Global\\x"] {
        let place = Place::new();
        let root = {
            let _first = named(&place.registry, name)?;
            held_root(&place, name)?
        };
        let file = place.file("notes", b"hello");
        let options = || FileMapping::options().registry(&place.registry).name(name);
        let holders = filemap::Lifetime::Holders;
        for (number, options) in
            [options().size(1), options().file(&file), options().size(1).lifetime(holders)]
                .into_iter()
                .enumerate()
        {
            let aside = place.path(&format!("aside-{number}"));
            fs::rename(&root, &aside).unwrap();

            let made = options.create_new()?;

            assert!(!aside.join("x").exists() && root.join("x").exists(), "{name} {number}");
            assert!(Registry::at(place.path(".")).open(name).is_ok(), "{name} {number}");
            drop(made);
            assert!(!root.join("x").exists(), "{name} {number}");
        }
    }
    Ok(())
}

#[test]
fn a_removed_root_is_created_again_by_the_next_creation() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", b"hello");
    drop(named(&place.registry, "x")?);

    fs::remove_dir_all(root_of(&place)).unwrap();

    let options = FileMapping::options().registry(&place.registry).file(&file);
    let made = options.name("notes").size(8).create().inspect_err(|_| {
        assert_eq!(file.metadata().unwrap().len(), 5, "a failure changes nothing");
    })?;
    assert_eq!(made.size(), 8);
    Ok(())
}

#[test]
fn a_listing_finds_a_root_that_others_removed_and_created_again() -> Result<(), Error> {
    let place = Place::new();
    drop(named(&place.registry, "x")?);
    fs::remove_dir_all(root_of(&place)).unwrap();

    let _held = named(&Registry::at(place.path(".")), "y")?;

    assert_eq!(place.registry.list()?.len(), 1);
    assert!(place.registry.inspect("y").is_ok());
    Ok(())
}

#[test]
fn leftovers_of_creating_a_global_root_block_nobody() -> Result<(), Error> {
    const TEST: &str = "registry::leftovers_of_creating_a_global_root_block_nobody";
    if support::role().is_some() {
        let hidden = format!("filemap-global.{}", std::process::id());
        let place = PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("it is set"));
        fs::create_dir(place.join(hidden)).expect("it can be made");
        assert!(named(&Registry::system(), "Global\\x").is_ok());
        support::say("made");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "makes");

    second.until("made");
    second.finish();
    Ok(())
}

#[test]
fn threads_that_create_the_global_root_at_once_all_use_it() -> Result<(), Error> {
    for _ in 0..50 {
        let place = Place::new();
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let registry = Registry::at(place.path("."));
                    scope.spawn(move || named(&registry, "Global\\x"))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Result<_, _>>()
        })?;
        assert_eq!(made.iter().filter(|made| !made.existed()).count(), 1);
        let left = fs::read_dir(place.path(".")).unwrap().count();
        assert_eq!(left, 1, "only the root is left of making it");
    }
    Ok(())
}

#[test]
fn what_a_killed_process_leaves_is_listed_as_dead_and_collected() -> Result<(), Error> {
    const TEST: &str = "registry::what_a_killed_process_leaves_is_listed_as_dead_and_collected";
    if support::role().is_some() {
        return hold_and_die(&["a", "b", "Global\\c"]);
    }
    let place = Place::new();
    let live = named(&place.registry, "live")?;
    leave_dead(&place, TEST);

    for _ in 0..2 {
        let listed = place.registry.list()?;
        let seen: Vec<_> =
            listed.iter().map(|entry| (entry.name().base(), entry.is_live())).collect();
        assert_eq!(seen, [("a", false), ("b", false), ("live", true), ("c", false)]);
        assert_ne!(listed[0].creator(), std::process::id());
        assert!(!place.registry.inspect("a")?.is_live());
    }
    assert_eq!(place.registry.remove_dead()?, 3);

    assert_eq!(place.registry.list()?.len(), 1);
    assert_eq!(place.registry.remove_dead()?, 0);
    assert!(place.registry.open("live").is_ok());
    drop(live);
    Ok(())
}

#[test]
fn the_first_use_by_another_process_frees_what_a_killed_one_left() -> Result<(), Error> {
    const TEST: &str = "registry::the_first_use_by_another_process_frees_what_a_killed_one_left";
    match support::role().as_deref() {
        None => {}
        Some("dies") => return hold_and_die(&["a", "b"]),
        Some(_) => {
            // Another name, which does not even exist.
            assert_eq!(kind(FileMapping::open("other")), ErrorKind::NotFound);
            return Ok(());
        }
    }
    let place = Place::new();
    let live = named(&place.registry, "live")?;
    leave_dead(&place, TEST);
    assert_eq!(place.leftovers().len(), 3);
    forget_the_last_sweep(&place);

    place.child(TEST, "uses").finish();

    assert_eq!(place.leftovers(), ["live"]);
    assert!(place.registry.open("live").is_ok());
    drop(live);
    Ok(())
}

/// Puts the time of the last sweep back: there is none for a second after it.
fn forget_the_last_sweep(place: &Place) {
    for entry in fs::read_dir(root_of(place)).expect("a root can be read").flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(".swept") {
            let mark = File::options().write(true).open(path).expect("a mark can be opened");
            mark.set_modified(SystemTime::now() - Duration::from_secs(3600))
                .expect("a mark has a time");
        }
    }
}

#[test]
fn whoever_goes_on_using_the_registry_frees_what_is_left_meanwhile() -> Result<(), Error> {
    const TEST: &str = "registry::whoever_goes_on_using_the_registry_frees_what_is_left_meanwhile";
    if support::role().is_some() {
        return hold_and_die(&["a", "b"]);
    }
    let place = Place::new();
    let live = named(&place.registry, "live")?;

    for uses in ["opens", "creates", "closes"] {
        leave_dead(&place, TEST);
        support::eventually("nothing of the dead is left", || {
            match uses {
                "opens" => assert!(place.registry.open("live").is_ok()),
                "creates" => assert!(named(&place.registry, "new").is_ok()),
                _ => drop(live.try_clone()),
            }
            place.leftovers() == ["live"]
        });
    }
    Ok(())
}

#[test]
fn a_sweep_goes_on_where_the_last_one_ended() -> Result<(), Error> {
    const TEST: &str = "registry::a_sweep_goes_on_where_the_last_one_ended";
    let names: Vec<_> = (0..600).map(|number| format!("n{number}")).collect();
    if support::role().is_some() {
        return hold_and_die(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let place = Place::new();
    let _live: Vec<_> = (0..300)
        .map(|number| named(&place.registry, &format!("live{number}")))
        .collect::<Result<_, _>>()?;
    leave_dead(&place, TEST);

    let mut freed = Vec::new();
    // A child that another test is starting has what this process has open, for a moment, and with it
    // the lock of those who sweep.
    support::eventually("the dead are freed", || {
        forget_the_last_sweep(&place);
        let before = place.leftovers().len();
        assert!(is_free(&Registry::at(place.dir.path()), "nobody's"));
        freed.extend(Some(before - place.leftovers().len()).filter(|count| *count > 0));
        place.leftovers().len() == 300
    });

    assert!(freed.len() <= 5 && freed.iter().all(|count| *count <= 256), "{freed:?}");
    Ok(())
}

#[test]
fn files_that_are_not_entries_are_not_listed() -> Result<(), Error> {
    let place = Place::new();
    let _held = named(&place.registry, "x")?;
    let root = root_of(&place);
    for file_name in ["%41", "a b", "#12", ".hidden", "x~", "Zoë", "%zz", "%2"] {
        fs::write(root.join(file_name), "not an entry").unwrap();
    }

    assert_eq!(place.registry.list()?.len(), 1);
    assert!(place.registry.remove_dead().is_ok());
    assert!(place.registry.open("x").is_ok());
    Ok(())
}
