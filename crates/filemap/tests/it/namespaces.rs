//! Names among containers: processes that share a registry and see neither each other's
//! numbers nor each other's files.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use filemap::{Access, Error, FileMapping, Registry};

use crate::apart;
use crate::support::{self, Place, Second, eventually, is_free, named};

/// What makes a namespace of processes that sees no others, not even in `/proc`.
const ALONE: &[&str] = &["--pid", "--mount-proc"];

/// A user who becomes the superuser of a namespace has the same global names, and other local ones.
const INSIDE: &str = "Global\\inside";
const OUTSIDE: &str = "Global\\outside";

/// In a second process: the place of the first one.
fn place_of_the_first() -> PathBuf {
    PathBuf::from(env::var_os("FILEMAP_DIR").expect("the first process says where"))
}

/// Says who holds a name as far as this process sees: whether that is all, and the handles.
fn say_holders(name: &str) -> Result<(), Error> {
    let holders = Registry::system().inspect(name)?.holders()?;
    let handles: Vec<_> = holders.iter().map(filemap::Holder::handles).collect();
    support::say(&format!("complete: {}, handles: {handles:?}", holders.is_complete()));
    Ok(())
}

/// What a name leads to: its first five bytes, or the error.
fn seen(registry: &Registry, name: &str) -> Result<String, Error> {
    Ok(match registry.open(name) {
        Ok(found) => {
            let mut bytes = [0; 5];
            found.map(Access::Read)?.read_at(0, &mut bytes)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    })
}

/// Does what it hears, until the first process is gone: what all tests here do inside.
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
                mapping.map(Access::Write)?.write_at(0, b"hello")?;
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
                let mut process = apart::third(test, "third");
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
    let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    inside.tell(&format!("hold {INSIDE}"));
    inside.until("held");
    let outside = named(&place.registry, OUTSIDE)?;
    outside.map(Access::Write)?.write_at(0, b"HELLO")?;

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
    let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, ":") else {
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

    // And the other way round: the one who looks is inside.
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
    let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, ":") else {
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
fn holders_in_a_namespace_out_of_sight_are_not_told_and_the_answer_says_so() -> Result<(), Error> {
    const TEST: &str =
        "namespaces::holders_in_a_namespace_out_of_sight_are_not_told_and_the_answer_says_so";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, ":") else {
        return Ok(());
    };
    inside.until("ready as 1");
    let outside = named(&place.registry, OUTSIDE)?;

    inside.tell(&format!("holders {OUTSIDE}"));
    inside.until("complete: false, handles: []");

    // What is inside is in sight from outside, by its number there.
    inside.tell(&format!("open {OUTSIDE}"));
    inside.until("open");
    let holders = place.registry.inspect(OUTSIDE)?.holders()?;
    assert_eq!(holders.iter().filter(|holder| holder.keeps_name()).count(), 2);
    drop(outside);
    Ok(())
}

#[test]
fn a_file_whose_holder_is_out_of_sight_is_reached_at_its_path_or_not_at_all() -> Result<(), Error> {
    const TEST: &str =
        "namespaces::a_file_whose_holder_is_out_of_sight_is_reached_at_its_path_or_not_at_all";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, ":") else {
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

    // The other way round the holder is in sight.
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

/// What puts another file behind the path of `notes`, in the namespace alone.
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
fn a_path_that_leads_elsewhere_in_another_mount_namespace_leads_to_no_other_file()
-> Result<(), Error> {
    const TEST: &str = "namespaces::\
        a_path_that_leads_elsewhere_in_another_mount_namespace_leads_to_no_other_file";
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
        let Some(mut inside) = apart::start(&place, TEST, "inside", &["--mount"], cover) else {
            return Ok(());
        };
        assert!(inside.next().starts_with("ready"));
        inside.tell(&format!("see {OUTSIDE}"));
        let from_inside = inside.next();
        // Its holder is in sight, but an ordinary user's namespace may not look into the one that
        // it is in.
        let gone = from_inside.starts_with("BackingGone") && from_inside.contains("files/notes");
        assert!(from_inside == "hello" || gone && !privileged, "{what}: {from_inside}");
        inside.tell("name files/notes");
        if inside.next() == "held" {
            // From outside the path leads to the file that was named first.
            let inner = seen(&place.registry, INSIDE)?;
            assert_eq!(inner, "WRONG", "{what}: the file that the namespace named");
        }
        inside.kill();
        eventually("the name is free", || is_free(&place.registry, INSIDE));

        let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, cover) else {
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
fn a_file_system_mounted_over_a_file_hides_it_and_puts_nothing_in_its_place() -> Result<(), Error> {
    const TEST: &str =
        "namespaces::a_file_system_mounted_over_a_file_hides_it_and_puts_nothing_in_its_place";
    if support::role().is_some() {
        return covers_what_it_named();
    }
    let place = Place::new();
    fs::create_dir(place.path("files")).unwrap();
    drop(place.file("files/notes", b"hello"));
    if let Some(second) = apart::start(&place, TEST, "inside", &["--mount"], ":") {
        second.finish();
    }
    Ok(())
}

/// Names a file of a disk, and puts other disks over it and in its place.
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

    // Named before the other disk came, and reached through the holder.
    let held = FileMapping::options().file(&file_at()).name("x").create_new()?;
    run("mount", &cover);
    assert_eq!(seen(&registry, "x")?, "hello");
    fs::write(&path, "WRONG").expect("it can be written");
    assert_eq!(seen(&registry, "x")?, "hello");
    drop(held);

    // Named on a disk that is taken away. The next one has its number, and numbers its files alike.
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
    outside.map(Access::Write)?.write_at(0, b"HELLO")?;
    for kind in ["--net", "--ipc", "--uts", "--cgroup", "--time", "--mount"] {
        let Some(mut inside) = apart::start(&place, TEST, "inside", &[kind], ":") else {
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
fn a_holder_in_sight_does_not_hide_that_others_are_out_of_sight() -> Result<(), Error> {
    const TEST: &str = "namespaces::a_holder_in_sight_does_not_hide_that_others_are_out_of_sight";
    if support::role().is_some() {
        return obey(TEST);
    }
    let place = Place::new();
    let Some(mut inside) = apart::start(&place, TEST, "inside", ALONE, ":") else {
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
