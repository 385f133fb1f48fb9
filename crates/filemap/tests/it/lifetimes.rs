//! Lifetimes of names: the last handle frees them, in whatever process and however it is closed.

use filemap::{
    Access, Error, ErrorKind, FileMapping, Name, OwnedDescriptor, PositionedIo, Protection,
    Registry, Rights, View,
};

use crate::support::{self, Place, alone, eventually, is_free, kind, named};

fn byte(view: &View) -> Result<u8, Error> {
    let mut seen = [0];
    view.read_exact_at(&mut seen, 0)?;
    Ok(seen[0])
}

/// A second process that has one handle until it is told to continue.
fn hold(mapping: FileMapping) -> FileMapping {
    support::say("held");
    support::hear();
    mapping
}

#[test]
fn the_last_close_frees_the_name_at_once() -> Result<(), Error> {
    alone("lifetimes::the_last_close_frees_the_name_at_once", |registry| {
        for name in ["x", "Global\\x"] {
            let first = named(registry, name)?;
            let second = registry.open(name)?;
            let third = registry.open_with(name, Rights::READ)?;
            first.map(Access::Write)?.write_all_at(b"x", 0)?;

            drop(first);
            assert!(named(registry, name)?.existed(), "the creator's close changes nothing");
            second.close()?;
            assert!(registry.open(name).is_ok());
            third.close()?;

            assert_eq!(kind(registry.open(name)), ErrorKind::NotFound);
            assert_eq!(kind(registry.inspect(name)), ErrorKind::NotFound, "no entry is left");
            let anew = named(registry, name)?;
            assert!(!anew.existed());
            assert_eq!(byte(&anew.map(Access::Read)?)?, 0);
        }
        assert_eq!(registry.remove_dead()?, 0);
        Ok(())
    })
}

#[test]
fn a_refused_create_new_leaves_nothing_behind() -> Result<(), Error> {
    alone("lifetimes::a_refused_create_new_leaves_nothing_behind", |registry| {
        let options = FileMapping::options().registry(registry).name("x").size(1);
        let first = options.clone().create_new()?;
        assert_eq!(kind(options.create_new()), ErrorKind::AlreadyExists);

        drop(first);

        assert_eq!(kind(registry.open("x")), ErrorKind::NotFound);
        Ok(())
    })
}

#[test]
fn a_duplicate_keeps_the_name_whatever_its_rights() -> Result<(), Error> {
    alone("lifetimes::a_duplicate_keeps_the_name_whatever_its_rights", |registry| {
        let protections =
            [Protection::ReadWrite, Protection::ReadOnly, Protection::ExecuteReadWrite];
        for protection in protections {
            for rights in [Rights::READ | Rights::WRITE, Rights::READ, Rights::empty()] {
                for first_goes_first in [true, false] {
                    let options = FileMapping::options().registry(registry).name("x").size(1);
                    let first = options.protection(protection).create_new()?;
                    let second = first.duplicate(rights)?;
                    assert_eq!(second.rights(), rights);
                    assert_eq!(second.name(), first.name());

                    let (goes, stays) =
                        if first_goes_first { (first, second) } else { (second, first) };
                    drop(goes);
                    let found = registry.open("x");
                    assert!(found.is_ok(), "{protection}, {rights}, {first_goes_first}");
                    drop(found);
                    let again = stays.try_clone()?;
                    drop(stays);
                    assert!(registry.open("x").is_ok(), "a duplicate of a duplicate");
                    again.close()?;

                    assert_eq!(kind(registry.open("x")), ErrorKind::NotFound);
                }
            }
        }
        Ok(())
    })
}

#[test]
fn views_of_memory_do_not_keep_its_name() -> Result<(), Error> {
    alone("lifetimes::views_of_memory_do_not_keep_its_name", |registry| {
        let mapping = named(registry, "x")?;
        let view = mapping.map(Access::Write)?;
        view.write_all_at(b"x", 0)?;

        mapping.close()?;

        assert_eq!(kind(registry.open("x")), ErrorKind::NotFound);
        let anew = named(registry, "x")?;
        assert!(!anew.existed());
        let other = anew.map(Access::Write)?;
        assert_eq!(byte(&other)?, 0, "a new object, and zero");
        other.write_all_at(b"y", 0)?;
        assert_eq!(byte(&view)?, b'x', "the view's memory lives on, by itself");
        Ok(())
    })
}

#[test]
fn no_kind_of_view_keeps_a_name() -> Result<(), Error> {
    alone("lifetimes::no_kind_of_view_keeps_a_name", |registry| {
        let place = Place::new();
        let file = place.file("file", b"hello");
        for protection in [
            Protection::ReadOnly,
            Protection::ReadWrite,
            Protection::WriteCopy,
            Protection::ExecuteRead,
            Protection::ExecuteReadWrite,
        ] {
            for over in [None, Some(&file)] {
                let options = FileMapping::options().registry(registry).protection(protection);
                let options = options.name("x").size(if over.is_some() { 0 } else { 4096 });
                let mapping = match over {
                    Some(file) => options.file(file).create_new()?,
                    None => options.create_new()?,
                };
                let duplicate = mapping.duplicate(Rights::READ)?;
                let opened = registry.open("x")?;
                let views = [
                    mapping.map(Access::Read)?,
                    mapping.map(Access::Copy)?,
                    mapping.map(Access::NoAccess)?,
                    duplicate.map(Access::Read)?,
                    opened.map(Access::Read)?,
                ];

                drop((mapping, duplicate, opened));

                let what = format!("{protection}, over a file: {}", over.is_some());
                assert!(is_free(registry, "x"), "{what}");
                assert!(byte(&views[0]).is_ok(), "{what}");
            }
        }
        Ok(())
    })
}

#[test]
fn a_view_in_another_process_does_not_keep_the_name() -> Result<(), Error> {
    const TEST: &str = "lifetimes::a_view_in_another_process_does_not_keep_the_name";
    if support::role().is_some() {
        let view = FileMapping::open("x")?.map(Access::Write)?;
        support::say("only a view");
        support::hear();
        assert_eq!(byte(&view)?, b'x');
        return Ok(());
    }
    let place = Place::new();
    let made = named(&place.registry, "x")?;
    made.map(Access::Write)?.write_all_at(b"x", 0)?;
    let mut second = place.child(TEST, "views");
    second.until("only a view");

    drop(made);

    eventually("the name is free", || is_free(&place.registry, "x"));
    let anew = named(&place.registry, "x")?;
    assert!(!anew.existed());
    assert_eq!(byte(&anew.map(Access::Read)?)?, 0);
    second.finish();
    Ok(())
}

#[test]
fn another_process_keeps_the_name() -> Result<(), Error> {
    const TEST: &str = "lifetimes::another_process_keeps_the_name";
    if support::role().is_some() {
        drop(hold(FileMapping::open_with("x", Rights::READ)?));
        support::say("closed");
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let made = named(&place.registry, "x")?;
    made.map(Access::Write)?.write_all_at(b"x", 0)?;
    let mut second = place.child(TEST, "holds");
    second.until("held");

    drop(made);

    let found = place.registry.open("x")?;
    assert_eq!(byte(&found.map(Access::Read)?)?, b'x');
    drop(found);
    assert!(named(&place.registry, "x")?.existed());
    second.tell("close");
    second.until("closed");
    eventually("the name is free", || is_free(&place.registry, "x"));
    second.finish();
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn a_name_over_a_file_dies_with_its_last_handle_and_the_file_stays() -> Result<(), Error> {
    const TEST: &str = "lifetimes::a_name_over_a_file_dies_with_its_last_handle_and_the_file_stays";
    alone(TEST, |registry| {
        let place = Place::new();
        let file = place.file("notes", b"hello");
        let options = || FileMapping::options().registry(registry).file(&file).name("notes");
        let first = options().create_new()?;
        let second = first.duplicate(Rights::READ)?;
        first.map(Access::Write)?.write_all_at(b"J", 0)?;

        drop(first);
        assert_eq!(registry.open("notes")?.size(), 5);
        drop(second);

        assert_eq!(kind(registry.open("notes")), ErrorKind::NotFound);
        assert_eq!(support::read_all(&file), b"Jello");
        let longer = options().size(8).create_new()?;
        assert_eq!(longer.size(), 8);
        Ok(())
    })
}

#[test]
fn a_descriptor_that_was_given_away_keeps_the_name_until_it_is_closed() -> Result<(), Error> {
    const TEST: &str =
        "lifetimes::a_descriptor_that_was_given_away_keeps_the_name_until_it_is_closed";
    alone(TEST, |registry| {
        let place = Place::new();
        let file = place.file("file", b"hello");
        let options = || FileMapping::options().registry(registry).name("x");
        let made = [
            options().size(1).create_new(),
            options().file(&file).create_new(),
            options().size(1).protection(Protection::ExecuteRead).create_new(),
        ];
        drop(made);
        for number in 0..3 {
            // Wine reports the path of the file as the name of its mapping.
            if number == 1 && support::wine() {
                continue;
            }
            let mapping = match number {
                0 => options().size(1).create_new(),
                1 => options().file(&file).create_new(),
                _ => options().size(1).protection(Protection::ReadOnly).create_new(),
            }?;
            let descriptor = OwnedDescriptor::from(mapping);
            assert!(registry.open("x").is_ok(), "{number}");
            let copy = descriptor.try_clone().unwrap();
            drop(descriptor);
            assert!(registry.open("x").is_ok(), "{number}");
            let back = FileMapping::try_from(copy)?;
            assert_eq!(back.name().map(Name::base), Some("x"), "{number}");
            drop(OwnedDescriptor::from(back));

            assert_eq!(kind(registry.open("x")), ErrorKind::NotFound, "{number}");
        }
        Ok(())
    })
}

#[test]
fn a_killed_last_holder_leaves_no_name() -> Result<(), Error> {
    const TEST: &str = "lifetimes::a_killed_last_holder_leaves_no_name";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "x")?;
        let view = mapping.map(Access::Write)?;
        view.fill(0, 4096, b'x')?;
        let global = named(&Registry::system(), "Global\\x")?;
        drop(hold(mapping));
        drop(global);
        return Ok(());
    }
    let place = Place::new();
    for openers_first in [true, false] {
        let mut second = place.child(TEST, "holds");
        second.until("held");
        assert!(place.registry.inspect("x")?.is_live());
        second.kill();

        // On Windows the kernel leaves no entry.
        let left = if cfg!(windows) { 0 } else { 2 };
        assert_eq!(place.leftovers().len(), left, "what is left is dead");
        if openers_first {
            assert_eq!(kind(place.registry.open("x")), ErrorKind::NotFound);
            assert_eq!(kind(place.registry.open("Global\\x")), ErrorKind::NotFound);
            assert_eq!(place.leftovers(), [""; 0], "and freed by the first who looks");
        }
        let anew = named(&place.registry, "x")?;
        assert!(!anew.existed());
        assert_eq!(byte(&anew.map(Access::Read)?)?, 0);
        assert!(!named(&place.registry, "Global\\x")?.existed());
        drop(anew);
        eventually("both names are free", || {
            is_free(&place.registry, "x") && is_free(&place.registry, "Global\\x")
        });
    }
    Ok(())
}

#[test]
fn a_killed_creator_leaves_the_name_to_those_who_hold_it() -> Result<(), Error> {
    const TEST: &str = "lifetimes::a_killed_creator_leaves_the_name_to_those_who_hold_it";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "x")?;
        mapping.map(Access::Write)?.write_all_at(b"written by the dead", 0)?;
        drop(hold(mapping));
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "holds");
    second.until("held");
    let mine = place.registry.open("x")?;
    second.kill();

    let found = named(&place.registry, "x")?;

    assert!(found.existed());
    let mut seen = [0; 19];
    found.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(seen, *b"written by the dead");
    drop((mine, found));
    eventually("the name is free", || is_free(&place.registry, "x"));
    Ok(())
}

#[test]
fn a_view_outlives_the_process_that_created_the_memory() -> Result<(), Error> {
    const TEST: &str = "lifetimes::a_view_outlives_the_process_that_created_the_memory";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "x")?;
        mapping.map(Access::Write)?.write_all_at(b"x", 0)?;
        drop(hold(mapping));
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "holds");
    second.until("held");
    let view = place.registry.open("x")?.map(Access::Write)?;

    second.kill();

    eventually("the name is free", || is_free(&place.registry, "x"));
    assert_eq!(byte(&view)?, b'x');
    let anew = named(&place.registry, "x")?;
    assert_eq!((anew.existed(), byte(&anew.map(Access::Read)?)?), (false, 0));
    Ok(())
}
