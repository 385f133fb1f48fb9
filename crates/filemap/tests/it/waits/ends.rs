//! Processes that execute, fork, stop, or are in another namespace; and many objects.

#![expect(unsafe_code, reason = "fork, and signals to a child, are the C library's")]

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use filemap::{
    Error, ErrorKind, Event, FileMapping, Mutex, Protection, Semaphore, Waitable, page_size,
    wait_any,
};

use super::can_wait;
use crate::fork::Forked;
use crate::namespace;
use crate::support::{self, Place, kind};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn a_mutex_whose_owner_executes_another_program_is_abandoned() -> Result<(), Error> {
    const TEST: &str = "waits::ends::a_mutex_whose_owner_executes_another_program_is_abandoned";
    if support::role().is_some() {
        Mutex::open("m")?.lock()?.either().keep();
        support::say("locked");
        support::hear();
        panic!("{}", Command::new("cat").exec());
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = Mutex::options().registry(&place.registry).name("m").create_new()?;
    let mut owner = place.child(TEST, "owner");
    owner.until("locked");
    assert!(mutex.lock_for(SHORT)?.is_none());
    owner.tell("execute");
    assert!(mutex.lock()?.is_abandoned());
    // It runs yet.
    assert!(owner.process.try_wait().is_ok_and(|ended| ended.is_none()));
    Ok(())
}

#[test]
fn a_forked_child_owns_nothing_of_what_its_parent_owns() -> Result<(), Error> {
    const TEST: &str = "waits::ends::a_forked_child_owns_nothing_of_what_its_parent_owns";
    if support::role().is_some() {
        let (mutex, event) = (Mutex::create("m")?, Event::create("e")?);
        let guard = mutex.lock()?;
        let child = Forked::new(|| {
            let is_refused = kind(mutex.unlock()) == ErrorKind::NotOwner;
            let is_busy = mutex.lock_for(SHORT).is_ok_and(|locked| locked.is_none());
            let again = Mutex::open("m").and_then(|again| again.try_lock().map(|it| it.is_none()));
            if is_refused && is_busy && again.is_ok_and(|is_busy| is_busy) {
                let _told = event.set();
            }
        });
        assert!(child.ends_well());
        assert!(event.is_set()?, "the child is refused all of it");
        drop(guard);
        // What the child takes is its own, and it has its own list.
        let child = Forked::new(|| {
            let _owned = mutex.lock().map(|locked| locked.either().keep());
        });
        assert!(child.ends_well());
        assert!(mutex.lock()?.is_abandoned());
        support::say("done");
        return Ok(());
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "fork");
    second.until("done");
    second.finish();
    Ok(())
}

#[test]
fn a_process_that_is_stopped_keeps_what_it_owns_and_nothing_else() -> Result<(), Error> {
    const TEST: &str = "waits::ends::a_process_that_is_stopped_keeps_what_it_owns_and_nothing_else";
    if support::role().is_some() {
        let (mutex, event) = (Mutex::open("m")?, Event::open("e")?);
        let _guard = mutex.lock()?;
        support::say("locked");
        return event.wait();
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mutex = Mutex::options().registry(&place.registry).name("m").create_new()?;
    let event = Event::options().registry(&place.registry).name("e").create_new()?;
    let units = Semaphore::options(3).registry(&place.registry).name("s").count(1).create_new()?;
    let mut owner = place.child(TEST, "owner");
    owner.until("locked");
    let number = owner.process.id().cast_signed();
    // SAFETY: a child that was not waited for.
    assert_eq!(unsafe { libc::kill(number, libc::SIGSTOP) }, 0);
    assert!(mutex.lock_for(SHORT)?.is_none());
    assert!(units.acquire_for(SHORT)?);
    assert_eq!(wait_any(&[&mutex, &units], Some(SHORT))?, None);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::kill(number, libc::SIGCONT) }, 0);
    event.set()?;
    assert!(!mutex.lock()?.is_abandoned());
    owner.finish();
    Ok(())
}

#[test]
fn an_object_of_another_pid_namespace_is_refused() -> Result<(), Error> {
    const TEST: &str = "waits::ends::an_object_of_another_pid_namespace_is_refused";
    if support::role().is_some() {
        let refused = Mutex::open("m").map_err(|error| error.to_string()).err();
        support::say(&refused.unwrap_or_default());
        return Ok(());
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let _mutex = Mutex::options().registry(&place.registry).name("m").create_new()?;
    if let Some(mut second) = namespace::start(&place, TEST, "open", &["--pid"], "true") {
        let said = second.next();
        assert!(said.contains("it was made in another PID namespace"), "{said}");
    }
    Ok(())
}

#[test]
fn ten_thousand_objects_are_used_side_by_side() -> Result<(), Error> {
    const MANY: usize = 10_000;
    if !can_wait() {
        return Ok(());
    }
    let page = page_size() as u64;
    let mapping = FileMapping::create(MANY as u64 * page, Protection::ReadWrite)?;
    let place = |at: usize| Semaphore::options(7).place(&mapping, at as u64 * page);
    let units = (0..MANY).map(place).collect::<Result<Vec<_>, _>>()?;
    for (at, semaphore) in units.iter().enumerate() {
        assert_eq!(semaphore.release(1 + u32::try_from(at % 3).unwrap_or(0))?, 0);
    }
    for some in units.chunks(64) {
        let all: Vec<_> = some.iter().map(|semaphore| semaphore as &dyn Waitable).collect();
        assert_eq!(wait_any(&all, None)?.map(|first| first.index), Some(0));
    }
    for (at, semaphore) in units.iter().enumerate() {
        let taken = u32::from(at % 64 == 0);
        assert_eq!(semaphore.count()?, 1 + u32::try_from(at % 3).unwrap_or(0) - taken);
    }
    Ok(())
}

#[test]
fn a_thread_owns_1800_mutexes_and_no_more() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let page = page_size() as u64;
    let mapping = FileMapping::create(1801 * page, Protection::ReadWrite)?;
    let place = |at: u64| Mutex::options().place(&mapping, at * page);
    let mutexes = (0..1801).map(place).collect::<Result<Vec<_>, _>>()?;
    let (last, others) = mutexes.split_last().expect("there are some");
    for mutex in others {
        mutex.lock()?.either().keep();
    }
    assert_eq!(kind(last.lock()), ErrorKind::NoResources);
    assert!(others[0].try_lock()?.is_some());
    for mutex in others {
        mutex.unlock()?;
    }
    assert!(!last.lock()?.is_abandoned());
    Ok(())
}

/// Calls a function after so many forks in a row; returns whether it was well with all.
fn after_forks(count: u32, last: &dyn Fn() -> bool) -> bool {
    if count == 0 {
        return last();
    }
    let child = Forked::new(|| {
        if !after_forks(count - 1, last) {
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(1) }
        }
    });
    child.ends_well()
}

#[test]
fn no_object_is_made_or_opened_after_eight_forks_in_a_row_and_those_there_are_work()
-> Result<(), Error> {
    const TEST: &str = "waits::ends::no_object_is_made_or_opened_after_eight_forks_in_a_row_and_those_there_are_work";
    if support::role().is_some() {
        let mutex = Mutex::create("m")?;
        let works = || {
            mutex.lock().is_ok_and(|locked| {
                mutex.try_lock().is_ok_and(|again| {
                    drop(locked);
                    again.is_some()
                })
            })
        };
        assert!(after_forks(7, &|| works() && Mutex::options().create().is_ok()));
        let refused = || {
            kind(Mutex::options().create().map(drop)) == ErrorKind::NotSupported
                && kind(Mutex::open("m").map(drop)) == ErrorKind::NotSupported
        };
        assert!(after_forks(8, &|| works() && refused()));
        support::say("done");
        return Ok(());
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "fork");
    second.until("done");
    second.finish();
    Ok(())
}
