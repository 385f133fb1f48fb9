//! Names in containers: processes that share a registry, but not process numbers or file systems.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use filemap::{Access, Error, ErrorKind, FileMapping, Lifetime, PositionedIo, Registry};

use crate::namespace;
use crate::support::{self, Place, Second, eventually, is_free, named};

/// The options for a PID namespace with a `/proc` that shows its own processes alone.
const ALONE: &[&str] = &["--pid", "--mount-proc"];

/// The superuser of a user namespace shares global names with the outside, and no local ones.
const INSIDE: &str = "Global\\inside";
const OUTSIDE: &str = "Global\\outside";

/// The place of the first process, in a second one.
fn place_of_the_first() -> PathBuf {
    PathBuf::from(env::var_os("FILEMAP_DIR").expect("the first process says where"))
}

/// Prints the holders of a name: whether the list is complete, and the handles of each.
fn say_holders(name: &str) -> Result<(), Error> {
    let holders = Registry::system().inspect(name)?.holders()?;
    let handles: Vec<_> = holders.iter().map(filemap::Holder::handles).collect();
    support::say(&format!("complete: {}, handles: {handles:?}", holders.is_complete()));
    Ok(())
}

/// The first five bytes of a name's mapping, or the error.
fn seen(registry: &Registry, name: &str) -> Result<String, Error> {
    Ok(match registry.open(name) {
        Ok(found) => {
            let mut bytes = [0; 5];
            found.map(Access::Read)?.read_exact_at(&mut bytes, 0)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    })
}

/// Runs the commands of the first process until that ends: the part of all tests inside.
fn obey(test: &str) -> Result<(), Error> {
    let registry = Registry::system();
    let mut held: Vec<FileMapping> = Vec::new();
    let mut child: Option<Second> = None;
    support::say(&format!("ready as {}", std::process::id()));
    loop {
        let heard = support::hear();
        let (word, about) = heard.split_once(' ').unwrap_or((&heard, ""));
        match word {
            "hold" => {
                let mapping = named(&registry, about)?;
                mapping.map(Access::Write)?.write_all_at(b"hello", 0)?;
                held.push(mapping);
                support::say("held");
            }
            "open" => {
                held.push(registry.open(about)?);
                support::say("open");
            }
            "name" => {
                let path = place_of_the_first().join(about);
                match fs::File::options().read(true).write(true).open(path) {
                    Ok(file) => {
                        let options = FileMapping::options().file(&file).name(INSIDE);
                        held.push(options.create_new()?);
                        support::say("held");
                    }
                    Err(_) => support::say("no file"),
                }
            }
            "see" => support::say(&seen(&registry, about)?),
            "holders" => say_holders(about)?,
            "start" => {
                let mut process = namespace::third(test, "third");
                process.next();
                process.tell(&format!("hold {about}"));
                process.until("held");
                child = Some(process);
                support::say("held");
            }
            "kill" => {
                child.take().expect("it was started").kill();
                support::say("killed");
            }
            _ => return Ok(()),
        }
    }
}

#[test]
fn processes_in_two_pid_namespaces_share_names() -> Result<(), Error> {
    const TEST: &str = "namespaces::processes_in_two_pid_namespaces_share_names";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    inside.tell(&format!("hold {INSIDE}"));
    inside.until("held");
    let outside = named(&place.registry, OUTSIDE)?;
    outside.map(Access::Write)?.write_all_at(b"HELLO", 0)?;

    assert_eq!(seen(&place.registry, INSIDE)?, "hello");
    inside.tell(&format!("see {OUTSIDE}"));
    inside.until("HELLO");
    assert!(named(&place.registry, INSIDE)?.existed());

    inside.tell(&format!("open {OUTSIDE}"));
    inside.until("open");
    drop(outside);
    assert!(place.registry.open(OUTSIDE).is_ok(), "it is held inside alone");
    inside.kill();
    eventually("both names are free", || {
        is_free(&place.registry, INSIDE) && is_free(&place.registry, OUTSIDE)
    });
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn a_holder_killed_in_one_pid_namespace_frees_its_name_in_the_other() -> Result<(), Error> {
    const TEST: &str =
        "namespaces::a_holder_killed_in_one_pid_namespace_frees_its_name_in_the_other";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    inside.tell(&format!("start {INSIDE}"));
    inside.until("held");
    assert!(place.registry.open(INSIDE).is_ok());

    inside.tell("kill");
    inside.until("killed");

    assert!(is_free(&place.registry, INSIDE));
    assert_eq!(place.leftovers(), [""; 0]);

    // The other way round: the process that looks is inside.
    let mut outside = place.child(TEST, "outside");
    outside.next();
    outside.tell(&format!("hold {OUTSIDE}"));
    outside.until("held");
    inside.tell(&format!("see {OUTSIDE}"));
    inside.until("hello");
    outside.kill();
    inside.tell(&format!("see {OUTSIDE}"));
    assert!(inside.next().starts_with("NotFound"));
    Ok(())
}

#[test]
fn names_die_with_the_first_process_of_a_pid_namespace() -> Result<(), Error> {
    const TEST: &str = "namespaces::names_die_with_the_first_process_of_a_pid_namespace";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    inside.tell(&format!("hold {INSIDE}"));
    inside.until("held");
    inside.tell("start Global\\of-its-child");
    inside.until("held");
    assert!(place.registry.open("Global\\of-its-child").is_ok());

    inside.kill();

    eventually("all names of the namespace are free", || {
        is_free(&place.registry, INSIDE) && is_free(&place.registry, "Global\\of-its-child")
    });
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn holders_in_an_invisible_pid_namespace_make_the_list_incomplete() -> Result<(), Error> {
    const TEST: &str = "namespaces::holders_in_an_invisible_pid_namespace_make_the_list_incomplete";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    let outside = named(&place.registry, OUTSIDE)?;

    inside.tell(&format!("holders {OUTSIDE}"));
    inside.until("complete: false, handles: []");

    // Processes inside are shown outside, by their numbers there.
    inside.tell(&format!("open {OUTSIDE}"));
    inside.until("open");
    let holders = place.registry.inspect(OUTSIDE)?.holders()?;
    assert_eq!(holders.iter().filter(|holder| holder.keeps_name()).count(), 2);
    drop(outside);
    Ok(())
}

#[test]
fn a_file_with_an_invisible_holder_is_reached_only_by_its_path() -> Result<(), Error> {
    const TEST: &str = "namespaces::a_file_with_an_invisible_holder_is_reached_only_by_its_path";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    let file = place.file("notes", b"hello");
    let path = place.path("notes").canonicalize().unwrap();
    let outside = FileMapping::options().registry(&place.registry).file(&file).name(OUTSIDE);
    let _outside = outside.create_new()?;
    let mut ask = |wanted: &dyn Fn(&str) -> bool| {
        inside.tell(&format!("see {OUTSIDE}"));
        let seen = inside.next();
        assert!(wanted(&seen), "{seen}");
    };
    let is_gone = |seen: &str| {
        seen.starts_with("BackingGone") && seen.contains(path.to_str().expect("it is ASCII"))
    };

    ask(&|seen| seen == "hello");
    fs::rename(&path, place.path("renamed")).unwrap();
    ask(&is_gone);
    drop(place.file("notes", b"WRONG"));
    ask(&is_gone);
    fs::remove_file(&path).unwrap();
    fs::rename(place.path("renamed"), &path).unwrap();
    ask(&|seen| seen == "hello");

    // The other way round the holder is shown.
    drop(place.file("other", b"other"));
    inside.tell("name other");
    inside.until("held");
    fs::rename(place.path("other"), place.path("moved")).unwrap();
    drop(place.file("other", b"WRONG"));
    assert_eq!(seen(&place.registry, INSIDE)?, "other");
    inside.kill();
    eventually("the name is free", || is_free(&place.registry, INSIDE));
    Ok(())
}

/// The shell's words that mount another file over the path of `notes`, in the namespace alone.
const COVERS: [(&str, &str); 4] = [
    ("another file", "mount --bind \"$FILEMAP_DIR/other/notes\" \"$FILEMAP_DIR/files/notes\""),
    ("another directory", "mount --bind \"$FILEMAP_DIR/other\" \"$FILEMAP_DIR/files\""),
    ("an empty disk", "mount -t tmpfs tmpfs \"$FILEMAP_DIR/files\""),
    (
        "a disk with a file",
        "mount -t tmpfs tmpfs \"$FILEMAP_DIR/files\"; printf WRONG >\"$FILEMAP_DIR/files/notes\"",
    ),
];

#[test]
fn a_path_to_another_file_in_a_mount_namespace_opens_no_other_file() -> Result<(), Error> {
    const TEST: &str = "namespaces::\
        a_path_to_another_file_in_a_mount_namespace_opens_no_other_file";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    for directory in ["files", "other"] {
        fs::create_dir(place.path(directory)).unwrap();
    }
    let file = place.file("files/notes", b"hello");
    drop(place.file("other/notes", b"WRONG"));
    let outside = FileMapping::options().registry(&place.registry).file(&file).name(OUTSIDE);
    let _outside = outside.create_new()?;
    let privileged = fs::metadata(place.dir.path()).unwrap().uid() == 0;

    for (what, cover) in COVERS {
        let Some(mut inside) = namespace::start(&place, TEST, "inside", &["--mount"], cover) else {
            return Ok(());
        };
        assert!(inside.next().starts_with("ready"));
        inside.tell(&format!("see {OUTSIDE}"));
        let from_inside = inside.next();
        // Its holder is shown, but a process in an ordinary user's namespace may not look into one
        // outside.
        let gone = from_inside.starts_with("BackingGone") && from_inside.contains("files/notes");
        assert!(from_inside == "hello" || gone && !privileged, "{what}: {from_inside}");
        inside.tell("name files/notes");
        if inside.next() == "held" {
            // Outside, the path leads to the file that was named first.
            let inner = seen(&place.registry, INSIDE)?;
            assert_eq!(inner, "WRONG", "{what}: the file that the namespace named");
        }
        inside.kill();
        eventually("the name is free", || is_free(&place.registry, INSIDE));

        let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, cover) else {
            return Ok(());
        };
        inside.until("ready as 1");
        inside.tell(&format!("see {OUTSIDE}"));
        let seen = inside.next();
        assert!(seen.starts_with("BackingGone") && seen.contains("files/notes"), "{what}: {seen}");
    }
    Ok(())
}

#[test]
fn a_file_hidden_by_a_mount_is_not_replaced_by_another() -> Result<(), Error> {
    const TEST: &str = "namespaces::a_file_hidden_by_a_mount_is_not_replaced_by_another";
    if support::role().is_some() {
        return covers_what_it_named();
    }
    let place = Place::new();
    fs::create_dir(place.path("files")).unwrap();
    drop(place.file("files/notes", b"hello"));
    if let Some(second) = namespace::start(&place, TEST, "inside", &["--mount"], ":") {
        second.finish();
    }
    Ok(())
}

/// Names a file of a disk, and mounts other disks over it and in its place.
fn covers_what_it_named() -> Result<(), Error> {
    let registry = Registry::system();
    let directory = place_of_the_first().join("files");
    let path = directory.join("notes");
    let run = |program: &str, arguments: &[&str]| {
        let status = std::process::Command::new(program).args(arguments).arg(&directory).status();
        assert!(status.is_ok_and(|status| status.success()), "{program} {arguments:?}");
    };
    let file_at = || fs::File::options().read(true).write(true).open(&path).expect("it is there");
    let cover = ["-t", "tmpfs", "tmpfs"];

    // Named before the other disk was mounted, and reached through the holder.
    let held = FileMapping::options().file(&file_at()).name("x").create_new()?;
    run("mount", &cover);
    assert_eq!(seen(&registry, "x")?, "hello");
    fs::write(&path, "WRONG").expect("it can be written");
    assert_eq!(seen(&registry, "x")?, "hello");
    drop(held);

    // Named on a disk that is unmounted. The next one has the same device and inode numbers.
    fs::write(&path, "first").expect("it can be written");
    let first = fs::metadata(&path).expect("it is there");
    let descriptor = FileMapping::options().file(&file_at()).name("x").create_new()?;
    let descriptor = filemap::OwnedDescriptor::from(descriptor);
    run("umount", &[]);
    run("mount", &cover);
    fs::write(&path, "WRONG").expect("it can be written");
    let second = fs::metadata(&path).expect("it is there");
    let number = |of: &fs::Metadata| (of.dev(), of.ino());
    println!("the same numbers on the next disk: {}", number(&first) == number(&second));
    let seen = seen(&registry, "x")?;
    assert!(seen.starts_with("BackingGone") && seen.contains("files/notes"), "{seen}");
    drop(descriptor);
    Ok(())
}

#[test]
fn namespaces_of_other_kinds_make_no_difference() -> Result<(), Error> {
    const TEST: &str = "namespaces::namespaces_of_other_kinds_make_no_difference";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let outside = named(&place.registry, OUTSIDE)?;
    outside.map(Access::Write)?.write_all_at(b"HELLO", 0)?;
    for kind in ["--net", "--ipc", "--uts", "--cgroup", "--time", "--mount"] {
        let Some(mut inside) = namespace::start(&place, TEST, "inside", &[kind], ":") else {
            continue;
        };
        assert!(inside.next().starts_with("ready"));
        inside.tell(&format!("see {OUTSIDE}"));
        assert_eq!(inside.next(), "HELLO", "{kind}");
        inside.tell(&format!("hold {INSIDE}"));
        inside.until("held");
        assert_eq!(seen(&place.registry, INSIDE)?, "hello", "{kind}");
        inside.kill();
        eventually("the name is free", || is_free(&place.registry, INSIDE));
    }
    Ok(())
}

#[test]
fn a_visible_holder_does_not_make_the_list_complete() -> Result<(), Error> {
    const TEST: &str = "namespaces::a_visible_holder_does_not_make_the_list_complete";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = namespace::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    let _outside = named(&place.registry, OUTSIDE)?;
    inside.tell(&format!("open {OUTSIDE}"));
    inside.until("open");

    inside.tell(&format!("holders {OUTSIDE}"));

    inside.until("complete: false, handles: [1]");
    Ok(())
}

#[test]
fn memory_of_its_holders_is_refused_where_proc_does_not_show_them() -> Result<(), Error> {
    const TEST: &str = "namespaces::memory_of_its_holders_is_refused_where_proc_does_not_show_them";
    if support::role().is_some() {
        let options = FileMapping::options().size(100).name("x");
        let refused = options.clone().lifetime(Lifetime::Holders).create();
        let error = refused.expect_err("nobody could open it");
        assert_eq!(error.kind(), ErrorKind::NotSupported);
        assert!(error.to_string().contains("/proc"), "{error}");
        assert_eq!(seen(&Registry::system(), "x")?.split(':').next(), Some("NotFound"));

        let made = options.create_new()?;
        assert_eq!(made.lifetime(), Some(Lifetime::Entry));
        return Ok(());
    }
    let place = Place::new();
    // Another file system in its place, and a `/proc` that belongs to other processes.
    for (kinds, first) in
        [(&["--mount"][..], "mount -t tmpfs tmpfs /proc"), (&["--mount", "--pid"], ":")]
    {
        if let Some(second) = namespace::start(&place, TEST, "inside", kinds, first) {
            second.finish();
        }
    }
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}
