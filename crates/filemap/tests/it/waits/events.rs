//! Who is released when an event is set.

use std::sync::Arc;
use std::time::Duration;

use filemap::{Error, Event};

use super::{asleep, can_wait};
use crate::support::{self, Place};

fn automatic() -> Result<Arc<Event>, Error> {
    Event::options().create().map(Arc::new)
}

fn manual() -> Result<Arc<Event>, Error> {
    Event::options().manual_reset().create().map(Arc::new)
}

fn waiters(event: &Arc<Event>, count: usize) -> Vec<std::thread::JoinHandle<Result<(), Error>>> {
    let waiter = || {
        let event = Arc::clone(event);
        asleep(move || event.wait())
    };
    (0..count).map(|_| waiter()).collect()
}

#[test]
fn an_event_that_is_set_twice_releases_two_who_wait() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = automatic()?;
    let waiters = waiters(&event, 2);
    event.set()?;
    event.set()?;
    for waiter in waiters {
        waiter.join().expect("no panic")?;
    }
    assert!(!event.is_set()?);
    Ok(())
}

#[test]
fn an_event_without_waiters_stays_set_for_one() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = automatic()?;
    event.set()?;
    event.set()?;
    assert!(event.wait_for(Duration::ZERO)?);
    assert!(!event.wait_for(Duration::ZERO)?);
    event.set()?;
    event.reset()?;
    assert!(!event.wait_for(Duration::from_millis(10))?);
    Ok(())
}

#[test]
fn a_manual_event_that_is_set_and_reset_releases_all_who_wait() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = manual()?;
    let waiters = waiters(&event, 4);
    event.set()?;
    event.reset()?;
    for waiter in waiters {
        waiter.join().expect("no panic")?;
    }
    assert!(!event.is_set()?);
    event.set()?;
    event.wait()?;
    assert!(event.is_set()?);
    Ok(())
}

#[test]
fn a_pulse_releases_those_who_wait_and_leaves_the_event_reset() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let all = manual()?;
    let many = waiters(&all, 3);
    all.pulse()?;
    for waiter in many {
        waiter.join().expect("no panic")?;
    }
    assert!(!all.is_set()?);
    let one = automatic()?;
    one.set()?;
    one.pulse()?;
    assert!(!one.is_set()?);
    let waiter = waiters(&one, 1).remove(0);
    one.pulse()?;
    waiter.join().expect("no panic")?;
    Ok(())
}

#[test]
fn a_waiter_that_is_killed_takes_nothing() -> Result<(), Error> {
    const TEST: &str = "waits::events::a_waiter_that_is_killed_takes_nothing";
    if support::role().is_some() {
        let event = Event::open("e")?;
        support::say("waiting");
        return event.wait();
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let event = Event::options().registry(&place.registry).name("e").create_new()?;
    for _ in 0..10 {
        let mut waiter = place.child(TEST, "wait");
        waiter.until("waiting");
        waiter.kill();
        event.set()?;
        assert!(event.wait_for(Duration::ZERO)?);
    }
    Ok(())
}

#[test]
fn a_time_that_is_over_ends_a_wait_and_consumes_nothing() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = automatic()?;
    let time = Duration::from_millis(40);
    let since = std::time::Instant::now();
    assert!(!event.wait_for(time)?);
    assert!(since.elapsed() >= time);
    event.set()?;
    assert!(event.is_set()?);
    Ok(())
}
