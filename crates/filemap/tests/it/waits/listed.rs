//! What a listing tells of objects, without holding their names.

use std::thread;
use std::time::Duration;

use filemap::{
    Error, Event, FileMapping, Mutex, ObjectKind, ObjectState, Registry, Semaphore, wait_any,
};

use super::{asleep, can_wait};
use crate::support::Place;

fn state(registry: &Registry, name: &str) -> Result<Option<ObjectState>, Error> {
    Ok(registry.inspect(name)?.state())
}

#[test]
fn every_name_is_listed_with_its_kind() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let _held = (
        Event::options().registry(registry).name("a").create()?,
        FileMapping::options().registry(registry).name("b").size(1).create()?,
        Mutex::options().registry(registry).name("c").create()?,
        Semaphore::options(1).registry(registry).name("d").create()?,
    );
    let listed = registry.list()?;
    let kinds: Vec<_> = listed.iter().map(filemap::NamedMapping::kind).collect();
    let all = [ObjectKind::Event, ObjectKind::Mapping, ObjectKind::Mutex, ObjectKind::Semaphore];
    assert_eq!(kinds, all);
    assert_eq!((listed[1].state(), listed[1].waiters()), (None, None));
    assert_eq!((listed[0].size(), listed[1].size()), (None, Some(1)));
    Ok(())
}

#[test]
fn the_state_of_an_object_is_told_and_stays_as_it_is() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let event = Event::options().set().registry(registry).name("e").create()?;
    let lasting = Event::options().manual_reset().registry(registry).name("l").create()?;
    let units = Semaphore::options(7).count(5).registry(registry).name("s").create()?;
    for _ in 0..2 {
        let is = |is_set, is_manual| Some(ObjectState::Event { is_set, is_manual });
        assert_eq!(state(registry, "e")?, is(true, false));
        assert_eq!(state(registry, "l")?, is(false, true));
        let count = Some(ObjectState::Semaphore { count: 5, maximum: 7 });
        assert_eq!(state(registry, "s")?, count);
    }
    assert!(event.is_set()?);
    assert!(!lasting.is_set()?);
    assert_eq!(units.count()?, 5);
    Ok(())
}

#[test]
fn the_owner_of_a_mutex_is_told_until_it_ends() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let mutex = Mutex::options().registry(registry).name("m").create()?;
    let owner = || -> Result<_, Error> {
        match state(registry, "m")? {
            Some(ObjectState::Mutex { owner, is_abandoned }) => Ok((owner, is_abandoned)),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(owner()?, (None, false));
    let guard = mutex.lock()?;
    let (found, is_abandoned) = owner()?;
    let found = found.expect("it has an owner");
    let this = Some(std::process::id());
    // Wine does not tell.
    let is_known = !crate::support::wine();
    assert_eq!((found.process, is_abandoned), (this.filter(|_| is_known), false));
    drop(guard);
    let other = mutex.try_clone()?;
    let ended = thread::spawn(move || other.lock().map(|locked| locked.either().keep()));
    ended.join().expect("no panic")?;
    assert_eq!(owner()?, (None, true));
    assert!(mutex.lock()?.is_abandoned());
    assert_eq!(owner()?, (None, false));
    Ok(())
}

// The kernel of Windows does not tell, and has no page.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_wait_are_counted_and_sleep_on() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let event = Event::options().registry(registry).name("e").create()?;
    let mutex = std::sync::Arc::new(Mutex::options().registry(registry).name("m").create()?);
    let waiters = |name: &str| registry.inspect(name).map(|listed| listed.waiters());
    assert_eq!(waiters("e")?, Some(0));

    let guard = mutex.lock()?;
    let mut asleep_now = Vec::new();
    for _ in 0..3 {
        let event = event.try_clone()?;
        asleep_now.push(asleep(move || event.wait()));
    }
    let several = (event.try_clone()?, Event::options().create()?);
    let any = asleep(move || wait_any(&[&several.1, &several.0], None).map(drop));
    let locker = {
        let mutex = std::sync::Arc::clone(&mutex);
        asleep(move || mutex.lock().map(drop))
    };
    for _ in 0..2 {
        assert_eq!(waiters("m")?, Some(1));
        let counted = waiters("e")?;
        // Before Linux 5.16 it sleeps at the first object alone.
        assert!(matches!(counted, Some(3 | 4)), "{counted:?}");
    }
    for _ in 0..4 {
        event.set()?;
    }
    drop(guard);
    for waiter in asleep_now.into_iter().chain([any, locker]) {
        waiter.join().expect("no panic")?;
    }
    assert_eq!((waiters("e")?, waiters("m")?), (Some(0), Some(0)));
    Ok(())
}

// The kernel of Windows does not tell, and has no page.
#[cfg(target_os = "linux")]
#[test]
fn a_page_with_any_bytes_is_listed() -> Result<(), Error> {
    use std::os::unix::fs::FileExt as _;
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let registry = &place.registry;
    let _mutex = Mutex::options().registry(registry).name("m").create()?;
    let _units = Semaphore::options(1).registry(registry).name("s").create()?;
    let page = filemap::page_size() as u64;
    for name in ["m", "s"] {
        let path = registry.inspect(name)?.entry().to_owned();
        let entry = std::fs::File::options().write(true).open(path).expect("it is ours");
        entry.write_all_at(&[0xff; 64], page - 64).expect("it has a page");
        let found = registry.inspect(name)?;
        match found.state() {
            Some(ObjectState::Mutex { owner: Some(owner), .. }) => {
                assert_eq!((owner.process, owner.thread), (None, Some(0x3fff_ffff)));
            }
            Some(ObjectState::Semaphore { count, maximum }) => {
                assert_eq!((count, maximum), (i32::MAX.unsigned_abs(), u32::MAX));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(found.waiters(), Some(0));
        entry.write_all_at(&[0xff; 24], 0).expect("it has a page");
        assert_eq!(
            (registry.inspect(name)?.state(), registry.inspect(name)?.waiters()),
            (None, None)
        );
    }
    Ok(())
}

#[test]
fn a_wait_for_any_of_one_event_is_released_by_a_pulse() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = Event::options().create()?;
    let other = event.try_clone()?;
    let waiter = asleep(move || wait_any(&[&other], Some(Duration::from_secs(60))));
    event.pulse()?;
    assert!(waiter.join().expect("no panic")?.is_some());
    Ok(())
}
