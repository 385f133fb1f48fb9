//! Names: their rules, their scopes, and the mappings that they open.

use std::collections::BTreeSet;
use std::fs::{self, File};

use filemap::{
    Access, Attributes, Backing, Error, ErrorKind, FileMapping, Name, PageAccess, PositionedIo,
    Protection, Rights, Scope, View,
};

use crate::support::{self, Place, eventually, is_free, kind, named, wine};

fn byte(view: &View) -> Result<u8, Error> {
    let mut seen = [0];
    view.read_exact_at(&mut seen, 0)?;
    Ok(seen[0])
}

#[test]
fn a_plain_name_and_a_local_one_are_the_same() -> Result<(), Error> {
    let place = Place::new();
    let plain = named(&place.registry, "scores")?;
    let local = named(&place.registry, "Local\\scores")?;
    let twice = named(&place.registry, "Local\\Local\\scores")?;

    plain.map(Access::Write)?.write_all_at(b"x", 0)?;

    assert!(!plain.existed() && local.existed() && twice.existed());
    assert_eq!(byte(&local.map(Access::Read)?)?, b'x');
    assert_eq!(byte(&twice.map(Access::Read)?)?, b'x');
    assert_eq!(local.name(), plain.name());
    assert_eq!(plain.name().map(Name::to_string).as_deref(), Some("Local\\scores"));
    Ok(())
}

#[test]
fn a_global_and_a_local_name_are_different() -> Result<(), Error> {
    let place = Place::new();
    let local = named(&place.registry, "scores")?;
    let global = named(&place.registry, "Global\\scores")?;

    local.map(Access::Write)?.write_all_at(b"x", 0)?;

    assert!(!global.existed());
    assert_eq!(byte(&global.map(Access::Read)?)?, 0);
    assert_eq!(global.name().map(Name::scope), Some(Scope::Global));
    drop(global);
    eventually("the global name is free", || is_free(&place.registry, "Global\\scores"));
    assert!(place.registry.open("Local\\scores").is_ok());
    Ok(())
}

#[test]
fn names_are_case_sensitive() -> Result<(), Error> {
    let place = Place::new();
    let _lower = named(&place.registry, "größe")?;

    assert_eq!(kind(place.registry.open("Größe")), ErrorKind::NotFound);
    assert_eq!(kind(place.registry.open("GRÖSSE")), ErrorKind::NotFound);
    assert!(!named(&place.registry, "grÖße")?.existed());
    assert!(place.registry.open("größe").is_ok());
    Ok(())
}

#[test]
fn every_character_but_the_backslash_is_an_ordinary_one() -> Result<(), Error> {
    let names = [
        " ",
        "a b ",
        "a b",
        ".",
        "..",
        "../x",
        ".new-1-0",
        ".swept-0",
        "/",
        "/etc/passwd",
        "a/b",
        "*?<>|:\"'",
        "%41",
        "A",
        "#",
        "#0000",
        "-rf",
        "~",
        "$x$",
        "tab\there",
        "line\nbreak",
        "bell\u{7}\u{1b}[2J\u{7f}",
        "\u{85}\u{200b}\u{202e}",
        "e\u{301}",
        "é",
        "名前",
        "😀",
    ];
    let place = Place::new();
    let mut held = Vec::new();
    for (number, name) in (1..).zip(names) {
        let mapping = named(&place.registry, name)?;
        assert!(!mapping.existed(), "{name:?} is a name of its own");
        mapping.map(Access::Write)?.write_all_at(&[number], 0)?;
        held.push(mapping);
    }

    for (number, name) in (1..).zip(names) {
        let found = place.registry.open(name)?;
        assert_eq!(byte(&found.map(Access::Read)?)?, number, "{name:?}");
        assert_eq!(found.name().map(Name::base), Some(name));
    }
    let listed: BTreeSet<String> =
        place.registry.list()?.iter().map(|entry| entry.name().base().to_owned()).collect();
    assert_eq!(listed, names.iter().map(|name| (*name).to_owned()).collect());
    // Listing the directory shows nothing harmful.
    let root = place.registry.path(Scope::Local)?;
    assert_eq!(root.is_none(), cfg!(windows), "on Windows names are in no directory");
    for entry in root.into_iter().flat_map(|root| fs::read_dir(root).unwrap()) {
        let file_name = entry.unwrap().file_name();
        let file_name = file_name.to_str().unwrap();
        assert!(file_name.chars().all(|each| each.is_ascii_graphic()), "{file_name:?}");
        assert!(file_name.starts_with(".swept") || !file_name.starts_with(['.', '#']));
    }
    Ok(())
}

/// The longest name in UTF-16 units: on Windows a registry in a directory puts a prefix of 47
/// before each name, and the kernel has room for both together.
fn longest() -> usize {
    if cfg!(windows) { 32766 - 47 } else { 32766 }
}

#[test]
fn long_names_are_told_apart_by_their_last_character() -> Result<(), Error> {
    let place = Place::new();
    for len in [199, 200, 201, 255, 256, 4000, longest() - 1] {
        let names = ["a", "b"].map(|last| format!("{}{last}", "n".repeat(len)));
        let made = [named(&place.registry, &names[0])?, named(&place.registry, &names[1])?];
        made[0].map(Access::Write)?.write_all_at(b"x", 0)?;

        assert!(!made[1].existed(), "{len}");
        assert_eq!(byte(&made[1].map(Access::Read)?)?, 0, "{len}");
        assert_eq!(byte(&place.registry.open(&names[0])?.map(Access::Read)?)?, b'x', "{len}");
        assert_eq!(place.registry.inspect(&names[1])?.name().base(), names[1]);
    }
    Ok(())
}

#[test]
fn long_names_of_wide_characters_work() -> Result<(), Error> {
    let place = Place::new();
    let name = "名".repeat(longest());
    let made = named(&place.registry, &name)?;

    assert_eq!(place.registry.open(&name)?.size(), 4096);
    assert_eq!(place.registry.list()?[0].name().base(), name);
    drop(made);
    Ok(())
}

// Moves the files of entries.
#[cfg(target_os = "linux")]
#[test]
fn an_entry_under_the_hash_of_another_name_is_refused() -> Result<(), Error> {
    let place = Place::new();
    let (one, other) = ("1".repeat(300), "2".repeat(300));
    let entry_of = |name: &str| Ok::<_, Error>(place.registry.inspect(name)?.entry().to_owned());
    let held = named(&place.registry, &one)?;
    let in_place_of_other = {
        let _other = named(&place.registry, &other)?;
        entry_of(&other)?
    };
    eventually("the other name is free", || is_free(&place.registry, &other));

    fs::rename(entry_of(&one)?, &in_place_of_other).unwrap();

    assert_eq!(kind(place.registry.open(&other)), ErrorKind::DamagedEntry);
    assert_eq!(kind(named(&place.registry, &other)), ErrorKind::DamagedEntry);
    assert_eq!(kind(place.registry.inspect(&other)), ErrorKind::DamagedEntry);
    assert_eq!(kind(place.registry.open(&one)), ErrorKind::NotFound);
    drop(held);
    Ok(())
}

#[test]
fn what_is_not_a_name_is_refused_alike_by_create_and_open() {
    let long = "n".repeat(32767);
    let cases = [
        ("", ErrorKind::WrongObject, 6),
        ("Local", ErrorKind::WrongObject, 6),
        ("Global", ErrorKind::WrongObject, 6),
        ("Session", ErrorKind::WrongObject, 6),
        ("local\\x", ErrorKind::PathNotFound, 3),
        ("GLOBAL\\x", ErrorKind::PathNotFound, 3),
        ("Session\\1\\x", ErrorKind::PathNotFound, 3),
        ("a\\b", ErrorKind::PathNotFound, 3),
        ("Local\\a\\b", ErrorKind::PathNotFound, 3),
        ("C:\\x", ErrorKind::PathNotFound, 3),
        ("x\\", ErrorKind::PathNotFound, 3),
        ("..\\x", ErrorKind::PathNotFound, 3),
        ("\\", ErrorKind::InvalidPath, 161),
        ("\\x", ErrorKind::InvalidPath, 161),
        ("\\BaseNamedObjects\\x", ErrorKind::InvalidPath, 161),
        ("Local\\", ErrorKind::InvalidName, 123),
        ("Global\\", ErrorKind::InvalidName, 123),
        ("a\0b", ErrorKind::InvalidName, 123),
        (&long, ErrorKind::NameTooLong, 206),
    ];
    let place = Place::new();
    for (name, kind, code) in cases {
        let refusals = [
            named(&place.registry, name).map(drop),
            place.registry.open(name).map(drop),
            place.registry.open_with(name, Rights::READ).map(drop),
            place.registry.inspect(name).map(drop),
            FileMapping::options()
                .registry(&place.registry)
                .name(name)
                .size(1)
                .create_new()
                .map(drop),
        ];
        for refused in refusals {
            let error = refused.expect_err("a bad name is refused");
            assert_eq!((error.kind(), error.win32_code()), (kind, code), "{name:?}: {error}");
            assert!(error.to_string().len() < 600, "an error is a sentence: {error}");
        }
    }
    assert_eq!(place.leftovers(), [""; 0], "nothing was made");
}

#[test]
fn a_name_that_nobody_has_is_not_found() {
    let place = Place::new();

    let error = place.registry.open("Local\\nobody").expect_err("there is none");

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::NotFound, 2));
    assert_eq!(
        error.to_string(),
        "could not open the mapping `Local\\nobody`: there is no such name"
    );
    let rights = Rights::READ | Rights::WRITE;
    assert_eq!(kind(place.registry.open_with("nobody", rights)), ErrorKind::NotFound);
    assert_eq!(kind(place.registry.open("Global\\nobody")), ErrorKind::NotFound);
}

#[test]
fn a_second_process_opens_memory_by_its_name_alone() -> Result<(), Error> {
    const TEST: &str = "names::a_second_process_opens_memory_by_its_name_alone";
    if support::role().is_some() {
        let found = FileMapping::open("scores")?;
        assert_eq!(found.size(), 10_000);
        assert_eq!(found.protection(), Protection::ReadWrite);
        assert_eq!(found.attributes(), Attributes::RESERVE);
        assert_eq!(found.rights(), Rights::READ | Rights::WRITE);
        assert_eq!(found.backing(), Backing::Memory);
        assert!(found.existed());
        let view = found.map(Access::Write)?;
        if wine() {
            // Wine does not show a commit that reaches the end to other processes.
            view.commit(.., PageAccess::Write)?;
        }
        let mut seen = [0; 5];
        view.read_exact_at(&mut seen, 4094)?;
        assert_eq!(seen, *b"hello");
        view.write_all_at(b"!", 9999)?;
        return Ok(());
    }
    let place = Place::new();
    let attributes = Attributes::RESERVE;
    let options = FileMapping::options().registry(&place.registry).attributes(attributes);
    let made = options.name("scores").size(10_000).create_new()?;
    let view = made.map(Access::Write)?;
    view.commit(.., PageAccess::Write)?;
    view.write_all_at(b"hello", 4094)?;

    place.child(TEST, "opens").finish();

    let mut seen = [0];
    view.read_exact_at(&mut seen, 9999)?;
    assert_eq!(seen, *b"!");
    Ok(())
}

#[test]
fn a_second_process_opens_a_file_by_its_name_alone() -> Result<(), Error> {
    const TEST: &str = "names::a_second_process_opens_a_file_by_its_name_alone";
    if let Some(role) = support::role() {
        let found = FileMapping::open("Global\\notes")?;
        assert_eq!(found.size(), 5, "a file's mapping is exact");
        assert_eq!(found.protection(), Protection::ReadWrite);
        let Backing::File { path, .. } = found.backing() else { panic!("it is a file") };
        assert!(path.ends_with("notes.txt"), "{}", path.display());
        let view = found.map(Access::Write)?;
        let mut seen = [0; 5];
        view.read_exact_at(&mut seen, 0)?;
        assert_eq!(seen, *b"hello");
        assert_eq!(role, "opens");
        return view.write_all_at(b"!", 4);
    }
    let place = Place::new();
    let file = place.file("notes.txt", b"hello");
    let options = FileMapping::options().registry(&place.registry).file(&file);
    let _held = options.name("Global\\notes").create_new()?;
    let mut second = place.command(TEST, "opens");
    // Neither the path nor the working directory leads to it.
    second.current_dir("/");

    support::Second::start(second).finish();

    assert_eq!(support::read_all(&file), b"hell!");
    Ok(())
}

#[test]
fn executable_memory_is_opened_by_its_name_alone() -> Result<(), Error> {
    const TEST: &str = "names::executable_memory_is_opened_by_its_name_alone";
    if support::role().is_some() {
        let found = FileMapping::open("code")?;
        assert_eq!(found.protection(), Protection::ExecuteReadWrite);
        assert_eq!((found.size(), found.backing()), (8192, Backing::Memory));
        assert_eq!(byte(&found.map(Access::ExecuteRead)?)?, b'x');
        return Ok(());
    }
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("code").size(8192);
    let made = options.protection(Protection::ExecuteReadWrite).create()?;
    made.map(Access::Write)?.write_all_at(b"x", 0)?;

    place.child(TEST, "opens").finish();

    drop(made);
    eventually("the name is free", || is_free(&place.registry, "code"));
    Ok(())
}

#[test]
fn an_existing_mapping_keeps_its_size_whatever_is_asked_for() -> Result<(), Error> {
    let place = Place::new();
    let first = FileMapping::options().registry(&place.registry).name("x").size(8192).create()?;

    for size in [1, 8192, 1 << 40] {
        let options = FileMapping::options().registry(&place.registry).name("x").size(size);
        let again = options.attributes(Attributes::RESERVE).create()?;
        assert!(again.existed());
        assert_eq!(again.size(), 8192);
        assert_eq!(again.attributes(), first.attributes());
    }
    assert!(!first.existed());
    Ok(())
}

#[test]
fn an_existing_name_leaves_a_given_file_as_it_is() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("given", b"hello");
    let _first = named(&place.registry, "x")?;
    let options = FileMapping::options().registry(&place.registry).file(&file);

    let again = options.name("x").size(1 << 20).create()?;

    assert!(again.existed());
    assert_eq!((again.size(), again.backing()), (4096, Backing::Memory));
    assert_eq!(file.metadata().unwrap().len(), 5);
    again.map(Access::Write)?.write_all_at(b"x", 0)?;
    assert_eq!(support::read_all(&file), b"hello");
    Ok(())
}

#[test]
fn the_second_protection_decides_the_rights_and_nothing_else() -> Result<(), Error> {
    let place = Place::new();
    let create = |protection| {
        let options = FileMapping::options().registry(&place.registry).name("x").size(4096);
        options.protection(protection).create()
    };
    let first = create(Protection::ReadWrite)?;

    for protection in [Protection::ReadOnly, Protection::WriteCopy] {
        let second = create(protection)?;
        assert_eq!(second.protection(), Protection::ReadWrite, "the object's, not the call's");
        assert_eq!(second.rights(), Rights::READ);
        let denied = second.map(Access::Write).unwrap_err();
        assert_eq!((denied.kind(), denied.win32_code()), (ErrorKind::AccessDenied, 5));
        assert!(second.map(Access::Read).is_ok());
        assert!(second.map(Access::Copy).is_ok());
    }
    let executable = create(Protection::ExecuteRead)?;
    assert_eq!(executable.rights(), Rights::READ | Rights::EXECUTE);
    assert_eq!(kind(executable.map(Access::ExecuteRead)), ErrorKind::ProtectionExceeded);
    assert!(first.map(Access::Write).is_ok());
    Ok(())
}

#[test]
fn a_right_that_the_protection_does_not_allow_shows_when_a_view_is_mapped() -> Result<(), Error> {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("x").size(4096);
    let first = options.clone().protection(Protection::ReadOnly).create()?;

    let second = options.protection(Protection::ReadWrite).create()?;
    let opened = place.registry.open_with("x", Rights::READ | Rights::WRITE)?;

    assert!(second.existed());
    assert_eq!(second.protection(), Protection::ReadOnly);
    for handle in [&second, &opened] {
        assert_eq!(handle.rights(), Rights::READ | Rights::WRITE);
        let refused = handle.map(Access::Write).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::ProtectionExceeded, 87));
        assert_eq!(byte(&handle.map(Access::Read)?)?, 0);
    }
    assert_eq!(kind(first.map(Access::Write)), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn an_opener_gets_the_rights_that_it_asks_for() -> Result<(), Error> {
    let place = Place::new();
    let made = named(&place.registry, "x")?;
    let cases = [
        (Rights::READ, [true, false, true]),
        (Rights::WRITE, [false, true, false]),
        (Rights::READ | Rights::WRITE, [true, true, true]),
        (Rights::empty(), [false, false, false]),
    ];

    for (rights, expected) in cases {
        let opened = place.registry.open_with("x", rights)?;
        let views = [Access::Read, Access::Write, Access::Copy];
        assert_eq!(opened.rights(), rights);
        assert_eq!(views.map(|access| opened.map(access).is_ok()), expected, "{rights}");
    }
    assert_eq!(place.registry.open("x")?.rights(), Rights::READ | Rights::WRITE);
    drop(made);
    Ok(())
}

#[test]
fn bad_arguments_are_seen_before_the_name_is_looked_at() -> Result<(), Error> {
    let place = Place::new();
    let _held = named(&place.registry, "x")?;
    let options = || FileMapping::options().registry(&place.registry).name("x");
    let both = Attributes::COMMIT | Attributes::RESERVE;

    assert_eq!(kind(options().create()), ErrorKind::ZeroSize);
    assert_eq!(kind(options().size(1).attributes(both).create()), ErrorKind::InvalidAttributes);
    assert_eq!(kind(options().size(u64::MAX).create()), ErrorKind::SizeTooLarge);
    let no_file = if cfg!(windows) { "NUL".into() } else { place.path(".") };
    let read_only = File::open(no_file).unwrap();
    assert_eq!(kind(options().file(&read_only).create()), ErrorKind::WrongObject);
    Ok(())
}

#[test]
fn create_new_refuses_a_name_that_is_taken() -> Result<(), Error> {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("x").size(1);
    let _first = options.clone().create_new()?;

    let error = options.create_new().unwrap_err();

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::AlreadyExists, 183));
    assert!(error.to_string().contains("`Local\\x`"), "{error}");
    Ok(())
}
