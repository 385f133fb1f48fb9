//! Names of objects: the same as those of mappings, and gone with their last handle.

use filemap::{Error, ErrorKind, Event, FileMapping, Mutex, OwnedDescriptor, Semaphore};

use super::can_wait;
use crate::support::{self, Place, kind};

#[test]
fn objects_of_all_kinds_share_one_set_of_names() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let mapping = FileMapping::options().registry(registry).name("x").size(1).create_new()?;
    let event = || Event::options().registry(registry).name("x");
    assert_eq!(kind(event().create()), ErrorKind::WrongObject);
    assert_eq!(kind(event().open()), ErrorKind::WrongObject);
    drop(mapping);
    let made = event().create_new()?;
    assert_eq!(kind(event().create_new()), ErrorKind::AlreadyExists);
    assert_eq!(kind(Mutex::options().registry(registry).name("x").open()), ErrorKind::WrongObject);
    assert_eq!(kind(registry.open("x")), ErrorKind::WrongObject);
    let mapping = || FileMapping::options().registry(registry).name("x").size(1);
    assert_eq!(kind(mapping().create()), ErrorKind::WrongObject);
    let other = event().open()?;
    assert!(other.existed() && !made.existed());
    drop(made);
    other.set()?;
    drop(other);
    assert_eq!(kind(event().open()), ErrorKind::NotFound);
    assert_eq!(place.leftovers(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_refusal_tells_which_kind_of_object_has_the_name() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let semaphore = || Semaphore::options(1).registry(registry).name("x");
    let _mutex = Mutex::options().registry(registry).name("x").create_new()?;
    let refused = [
        semaphore().create().map(drop),
        semaphore().open().map(drop),
        registry.open("x").map(drop),
        FileMapping::options().registry(registry).name("x").size(1).create().map(drop),
    ];
    for refused in refused {
        let refused = refused.expect_err("the name is a mutex's");
        assert!(refused.to_string().ends_with(": the name is that of a mutex"), "{refused}");
    }
    Ok(())
}

#[test]
fn an_object_exists_as_it_was_made_whoever_creates_it_again() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let made = |maximum| Semaphore::options(maximum).registry(&place.registry).name("s");
    let first = made(2).count(2).create()?;
    let second = made(9).count(9).create()?;
    assert!(second.existed());
    assert_eq!(second.count()?, 2);
    assert_eq!(kind(first.release(1)), ErrorKind::SemaphoreFull);
    Ok(())
}

#[test]
fn the_name_of_an_object_is_gone_when_its_process_is_killed() -> Result<(), Error> {
    const TEST: &str = "waits::names::the_name_of_an_object_is_gone_when_its_process_is_killed";
    if support::role().is_some() {
        let _held = (Event::create("e")?, Mutex::create("m")?, Semaphore::create("s")?);
        support::say("held");
        support::hear();
        return Ok(());
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mut holder = place.child(TEST, "hold");
    holder.until("held");
    let event = || Event::options().registry(&place.registry).name("e").open();
    event()?.set()?;
    holder.kill();
    assert_eq!(kind(event()), ErrorKind::NotFound);
    place.registry.remove_dead()?;
    assert_eq!(place.leftovers(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_handle_passes_to_others_as_its_descriptor_with_a_name_and_without() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let nameless = Event::options().create()?;
    let copy: OwnedDescriptor = nameless.try_clone()?.into_descriptor()?;
    let adopted = Event::try_from(copy)?;
    adopted.set()?;
    assert!(nameless.is_set()?);
    let copy = nameless.try_clone()?.into_descriptor()?;
    assert_eq!(kind(Mutex::try_from(copy)), ErrorKind::WrongObject);
    let copy = nameless.try_clone()?.into_descriptor()?;
    assert_eq!(kind(FileMapping::try_from(copy)), ErrorKind::WrongObject);
    let memory = FileMapping::create(4096, filemap::Protection::ReadWrite)?;
    assert_eq!(kind(Event::try_from(OwnedDescriptor::from(memory))), ErrorKind::WrongObject);
    Ok(())
}

#[test]
fn a_name_can_be_taken_from_an_object() -> Result<(), Error> {
    if !can_wait() || cfg!(windows) {
        return Ok(());
    }
    let place = Place::new();
    let event = || Event::options().registry(&place.registry).name("e");
    let first = event().create_new()?;
    first.withdraw_name()?;
    assert!(first.is_withdrawn());
    let second = event().create_new()?;
    second.set()?;
    assert!(!first.is_set()?);
    Ok(())
}

#[test]
fn every_object_is_refused_where_the_system_has_no_lists_of_robust_locks() {
    if !support::emulated() {
        return;
    }
    assert_eq!(kind(Event::options().create()), ErrorKind::NotSupported);
    assert_eq!(kind(Mutex::options().create()), ErrorKind::NotSupported);
    assert_eq!(kind(Semaphore::options(1).create()), ErrorKind::NotSupported);
}
