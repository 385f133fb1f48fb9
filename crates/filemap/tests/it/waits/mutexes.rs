//! One owner at a time, however owners end.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use filemap::{Error, ErrorKind, Locked, Mutex, Registry};

use super::{asleep, can_wait};
use crate::support::{self, Place, kind};

const SHORT: Duration = Duration::from_millis(30);

fn made(place: &Place, name: &str) -> Result<Mutex, Error> {
    Mutex::options().registry(&place.registry).name(name).create_new()
}

#[test]
fn a_mutex_has_one_owner_who_may_take_it_again() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = Arc::new(made(&place, "m")?);
    let first = mutex.lock()?;
    let second = mutex.try_lock()?.expect("it is this thread's");
    let other = Arc::clone(&mutex);
    let tried = thread::spawn(move || {
        let (at_once, later) = (other.try_lock()?.is_some(), other.lock_for(SHORT)?.is_some());
        Ok::<_, Error>((at_once, later, other.unlock().map_err(|error| error.kind())))
    });
    let tried = tried.join().expect("no panic")?;
    assert_eq!(tried, (false, false, Err(ErrorKind::NotOwner)));
    drop(second);
    let other = Arc::clone(&mutex);
    let is_free = move || other.try_lock().map(|locked| locked.is_some());
    assert!(!thread::spawn(is_free.clone()).join().expect("no panic")?);
    drop(first);
    assert!(thread::spawn(is_free).join().expect("no panic")?);
    assert_eq!(kind(mutex.unlock()), ErrorKind::NotOwner);
    Ok(())
}

#[test]
fn a_thread_owns_a_mutex_through_every_handle_and_gives_it_back_by_any() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let first = made(&place, "m")?;
    let opened = Mutex::options().registry(&place.registry).name("m").open()?;
    let copy = first.try_clone()?;
    first.lock()?.either().keep();
    opened.try_lock()?.expect("it is this thread's").either().keep();
    copy.unlock()?;
    copy.unlock()?;
    assert_eq!(kind(opened.unlock()), ErrorKind::NotOwner);
    Ok(())
}

#[test]
fn a_mutex_whose_owning_thread_ends_is_abandoned_which_is_told_once() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = Arc::new(made(&place, "m")?);
    let other = Arc::clone(&mutex);
    let ended = thread::spawn(move || other.lock().map(|locked| locked.either().keep()));
    ended.join().expect("no panic")?;
    assert!(mutex.lock()?.is_abandoned());
    assert!(!mutex.lock()?.is_abandoned());
    Ok(())
}

#[test]
fn a_mutex_whose_owning_process_is_killed_is_abandoned() -> Result<(), Error> {
    const TEST: &str = "waits::mutexes::a_mutex_whose_owning_process_is_killed_is_abandoned";
    if support::role().is_some() {
        let mutex = Mutex::open("m")?;
        let _guard = mutex.lock()?;
        support::say("locked");
        support::hear();
        return Ok(());
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = Arc::new(made(&place, "m")?);
    for _ in 0..20 {
        let mut owner = place.child(TEST, "owner");
        owner.until("locked");
        let other = Arc::clone(&mutex);
        let waiter = asleep(move || other.lock().map(|locked| locked.is_abandoned()));
        owner.kill();
        assert!(waiter.join().expect("no panic")?);
    }
    Ok(())
}

#[test]
fn a_new_mutex_can_have_its_owner_before_anybody_opens_it() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let options = || Mutex::options().registry(&place.registry).name("m");
    let mutex = options().owned().create()?;
    let again = options().owned().create()?;
    assert!(again.existed());
    let registry = place.registry.clone();
    let tried = thread::spawn(move || {
        let mutex = Mutex::options().registry(&registry).name("m").open()?;
        mutex.try_lock().map(|locked| locked.is_some())
    });
    assert!(!tried.join().expect("no panic")?);
    mutex.unlock()?;
    assert_eq!(kind(again.unlock()), ErrorKind::NotOwner);
    Ok(())
}

#[test]
fn a_mutex_that_loses_its_last_handle_while_it_is_owned_is_gone_and_harms_nothing()
-> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    for _ in 0..3 {
        let mutex = made(&place, "m")?;
        mutex.lock()?.either().keep();
        drop(mutex);
        let open = Mutex::options().registry(&place.registry).name("m").open();
        assert_eq!(kind(open), ErrorKind::NotFound);
    }
    // The thread's list of locks is whole: others still work, and are still told.
    let other = Arc::new(made(&place, "other")?);
    let locked = Arc::clone(&other);
    thread::spawn(move || locked.lock().map(|locked| locked.either().keep()))
        .join()
        .expect("no panic")?;
    assert!(matches!(other.lock()?, Locked::Abandoned(_)));
    Ok(())
}

#[test]
fn a_handle_in_the_same_process_waits_no_longer_than_it_is_told() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = Arc::new(made(&place, "m")?);
    let _guard = mutex.lock()?;
    let other = Arc::clone(&mutex);
    let waited = thread::spawn(move || {
        let since = std::time::Instant::now();
        other.lock_for(SHORT).map(|locked| (locked.is_some(), since.elapsed()))
    });
    let (locked, elapsed) = waited.join().expect("no panic")?;
    assert!(!locked);
    assert!(elapsed >= SHORT, "it waited {elapsed:?}");
    Ok(())
}

#[test]
fn processes_exclude_each_other() -> Result<(), Error> {
    const TEST: &str = "waits::mutexes::processes_exclude_each_other";
    const TURNS: u64 = 20_000;
    use filemap::{Access, FileMapping};
    let count = |registry: &Registry, mutex: &Mutex| -> Result<(), Error> {
        let mapping = FileMapping::options().registry(registry).name("count").size(8).create()?;
        let view = mapping.map(Access::Write)?;
        for _ in 0..TURNS {
            let _guard = mutex.lock()?;
            let count: u64 = view.read(0)?;
            view.write(0, &(count + 1))?;
        }
        Ok(())
    };
    if support::role().is_some() {
        let registry = Registry::system();
        let mutex = Mutex::create("m")?;
        support::say("ready");
        support::hear();
        return count(&registry, &mutex);
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = made(&place, "m")?;
    let mapping =
        FileMapping::options().registry(&place.registry).name("count").size(8).create()?;
    let mut others: Vec<_> = (0..3).map(|_| place.child(TEST, "count")).collect();
    for other in &mut others {
        other.until("ready");
    }
    for other in &mut others {
        other.tell("go");
    }
    count(&place.registry, &mutex)?;
    others.into_iter().for_each(support::Second::finish);
    assert_eq!(mapping.map(Access::Read)?.read::<u64>(0)?, 4 * TURNS);
    Ok(())
}
