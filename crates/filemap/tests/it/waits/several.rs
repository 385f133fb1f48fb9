//! Waiting for one of several objects, and for all of them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use filemap::{Error, ErrorKind, Event, Mutex, Semaphore, Signalled, Waitable, wait_all, wait_any};

use super::{asleep, can_wait};
use crate::support::kind;

const NOW: Option<Duration> = Some(Duration::ZERO);
const SHORT: Option<Duration> = Some(Duration::from_millis(20));

fn first(index: usize) -> Option<Signalled> {
    Some(Signalled { index, is_abandoned: false })
}

#[test]
fn the_first_signalled_object_is_taken_and_no_other() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let (one, two) = (Event::options().create()?, Event::options().create()?);
    let units = Semaphore::options(9).count(2).create()?;
    one.set()?;
    two.set()?;
    let all: [&dyn Waitable; 3] = [&one, &two, &units];
    assert_eq!(wait_any(&all, NOW)?, first(0));
    assert_eq!(wait_any(&all, NOW)?, first(1));
    assert_eq!(wait_any(&all, NOW)?, first(2));
    assert_eq!(units.count()?, 1);
    assert_eq!(wait_any(&[&one, &two], SHORT)?, None);
    assert_eq!(wait_any(&[&units, &units], NOW)?, first(0));
    Ok(())
}

#[test]
fn a_wait_for_any_sleeps_until_one_is_signalled() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let objects: Arc<Vec<_>> =
        Arc::new((0..64).map(|_| Event::options().create()).collect::<Result<_, _>>()?);
    for at in [63, 0, 17] {
        let waited = Arc::clone(&objects);
        let waiter = asleep(move || {
            let all: Vec<_> = waited.iter().map(|event| event as &dyn Waitable).collect();
            wait_any(&all, None)
        });
        objects[at].set()?;
        assert_eq!(waiter.join().expect("no panic")?, first(at));
    }
    Ok(())
}

#[test]
fn a_mutex_among_several_is_owned_and_its_abandonment_told() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let (event, mutex) = (Event::options().create()?, Arc::new(Mutex::options().create()?));
    assert_eq!(wait_any(&[&event, &*mutex], NOW)?, first(1));
    mutex.unlock()?;
    let other = Arc::clone(&mutex);
    thread::spawn(move || other.lock().map(|locked| locked.either().keep()))
        .join()
        .expect("no panic")?;
    let told = wait_any(&[&event, &*mutex], None)?.expect("no limit");
    assert!(told.is_abandoned && told.index == 1);
    mutex.unlock()?;
    Ok(())
}

#[test]
fn a_wait_for_any_gets_a_mutex_that_is_given_back_meanwhile() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = Arc::new(Event::options().create()?);
    let mutexes: Arc<Vec<_>> =
        Arc::new((0..2).map(|_| Mutex::options().create()).collect::<Result<_, _>>()?);
    for at in [0, 1] {
        mutexes.iter().try_for_each(|mutex| mutex.lock().map(|locked| locked.either().keep()))?;
        let (waited, event) = (Arc::clone(&mutexes), Arc::clone(&event));
        let waiter = asleep(move || {
            let got = wait_any(&[&*event, &waited[0], &waited[1]], None)?.expect("no limit");
            waited[got.index - 1].unlock()?;
            Ok::<_, Error>(got.index)
        });
        mutexes[at].unlock()?;
        assert_eq!(waiter.join().expect("no panic")?, at + 1);
        mutexes[1 - at].unlock()?;
    }
    Ok(())
}

#[test]
fn nothing_is_taken_before_all_are_signalled() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let (event, mutex) = (Event::options().create()?, Mutex::options().create()?);
    let units = Semaphore::options(9).count(2).create()?;
    let all: [&dyn Waitable; 3] = [&units, &event, &mutex];
    assert_eq!(wait_all(&all, SHORT)?, None);
    assert_eq!(units.count()?, 2);
    event.set()?;
    assert_eq!(wait_all(&all, SHORT)?, first(0));
    assert_eq!((units.count()?, event.is_set()?), (1, false));
    mutex.unlock()?;
    assert_eq!(kind(mutex.unlock()), ErrorKind::NotOwner);
    Ok(())
}

#[test]
fn a_wait_for_all_sleeps_until_the_last_is_signalled_whichever_it_is() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let event = Arc::new(Event::options().create()?);
    let units = Arc::new(Semaphore::options(9).create()?);
    let mutexes: Arc<Vec<_>> =
        Arc::new((0..2).map(|_| Mutex::options().create()).collect::<Result<_, _>>()?);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        mutexes.iter().try_for_each(|mutex| mutex.lock().map(|locked| locked.either().keep()))?;
        let (e, u, m) = (Arc::clone(&event), Arc::clone(&units), Arc::clone(&mutexes));
        let waiter = asleep(move || {
            let got = wait_all(&[&*e, &m[0], &*u, &m[1]], None)?;
            m.iter().try_for_each(Mutex::unlock)?;
            Ok::<_, Error>(got)
        });
        for step in order {
            match step {
                0 => event.set()?,
                1 => units.release(1).map(drop)?,
                at => mutexes[at - 2].unlock()?,
            }
        }
        assert_eq!(waiter.join().expect("no panic")?, first(0));
        assert_eq!((event.is_set()?, units.count()?), (false, 0));
    }
    Ok(())
}

#[test]
fn a_list_of_objects_that_cannot_be_waited_for_is_refused() -> Result<(), Error> {
    assert_eq!(kind(wait_any(&[], NOW)), ErrorKind::InvalidArgument);
    assert_eq!(kind(wait_all(&[], NOW)), ErrorKind::InvalidArgument);
    if !can_wait() {
        return Ok(());
    }
    let event = Event::options().create()?;
    let many = [&event as &dyn Waitable; 65];
    assert_eq!(kind(wait_any(&many, NOW)), ErrorKind::InvalidArgument);
    let copy = event.try_clone()?;
    assert_eq!(kind(wait_all(&[&event, &copy], NOW)), ErrorKind::InvalidArgument);
    Ok(())
}
