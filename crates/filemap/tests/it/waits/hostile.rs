//! What whoever may write an object's page cannot do to others: kill them, or keep them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use filemap::{
    Access, Error, ErrorKind, Event, FileMapping, Mutex, PositionedIo as _, Protection, Semaphore,
    page_size, wait_all, wait_any,
};

use super::can_wait;
use crate::support::{self, Place, kind};

const SHORT: Duration = Duration::from_millis(3);

/// The numbers that a writer puts into the words, besides others.
const VALUES: [u32; 8] = [0, 1, u32::MAX, 0x8000_0000, 0x4000_0000, 0xC000_0000, 0x3FFF_FFFF, 2];

/// Writes numbers into the words of the objects in a view until it is told to end.
fn scribble(mapping: &FileMapping, own: u32, is_over: &AtomicBool) -> Result<(), Error> {
    let view = mapping.map(Access::Write)?;
    let (page, mut turn) = (page_size(), 1_u64);
    while !is_over.load(Ordering::Relaxed) {
        turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = usize::try_from(turn >> 33).unwrap_or(0);
        let value = VALUES.get(random % 10).copied().unwrap_or(own);
        let (object, word) = (random / 16 % 4, random / 64 % 16);
        view.write(object * page + page - 64 + word * 4, &value)?;
        if turn % 64 == 0 {
            thread::yield_now();
        }
    }
    Ok(())
}

#[test]
fn whoever_writes_an_objects_page_cannot_keep_a_wait_past_its_time() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let page = page_size() as u64;
    let mapping = FileMapping::create(4 * page, Protection::ReadWrite)?;
    let mutex = Mutex::options().place(&mapping, 0)?;
    let event = Event::options().place(&mapping, page)?;
    let manual = Event::options().manual_reset().place(&mapping, 2 * page)?;
    let units = Semaphore::options(5).place(&mapping, 3 * page)?;
    let (writers, is_over) = (mapping.try_clone()?, Arc::new(AtomicBool::new(false)));
    let told = Arc::clone(&is_over);
    let own = super::thread_number();
    let writer = thread::spawn(move || scribble(&writers, own, &told));
    for _ in 0..support::rounds(200) {
        // Whatever comes of it: it comes.
        let locked = mutex.lock_for(SHORT).ok().flatten();
        let _ignored = (event.wait_for(SHORT), units.acquire_for(SHORT));
        let _ignored = manual.wait_for(SHORT);
        if let Ok(Some(got)) = wait_any(&[&event, &mutex, &units], Some(SHORT))
            && got.index == 1
        {
            let _ignored = mutex.unlock();
        }
        if let Ok(Some(_)) = wait_all(&[&units, &event, &mutex], Some(SHORT)) {
            let _ignored = mutex.unlock();
        }
        drop(locked);
        // The list of this thread's locks is whole.
        let own = Mutex::options().create()?;
        let _guard = own.lock()?;
    }
    is_over.store(true, Ordering::Relaxed);
    writer.join().expect("no panic")?;
    Ok(())
}

#[test]
fn a_wait_whose_time_is_over_while_an_object_is_changed_has_taken_nothing() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let page = page_size();
    let mapping = FileMapping::create(page as u64, Protection::ReadWrite)?;
    let event = Event::options().set().place(&mapping, 0)?;
    let units = Semaphore::options(5).count(1).create()?;
    let view = mapping.map(Access::Write)?;
    // As if that thread were in the middle of a change, and stopped there.
    view.write(page - 8, &super::thread_number())?;

    assert_eq!(wait_any(&[&event, &units], Some(SHORT))?, None);
    assert_eq!(wait_all(&[&event, &units], Some(SHORT))?, None);
    assert!(!event.wait_for(SHORT)?);

    view.write(page - 8, &0_u32)?;
    assert_eq!(wait_any(&[&event, &units], Some(SHORT))?.map(|first| first.index), Some(0));
    assert_eq!(units.count()?, 1);
    Ok(())
}

#[test]
fn an_object_whose_entry_is_cut_is_lost_and_kills_nobody() -> Result<(), Box<dyn std::error::Error>>
{
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let event = Event::options().registry(&place.registry).name("e").create_new()?;
    let mutex = Mutex::options().registry(&place.registry).name("m").create_new()?;
    let units = Semaphore::options(5).registry(&place.registry).name("s").count(1).create_new()?;
    mutex.lock()?.either().keep();
    for name in ["e", "m", "s"] {
        let entry = place.registry.inspect(name)?.entry().to_owned();
        std::fs::File::options().write(true).open(entry)?.set_len(0)?;
    }
    let lost = ErrorKind::Lost;
    assert_eq!([kind(event.set()), kind(event.wait()), kind(event.reset())], [lost; 3]);
    assert_eq!([kind(units.release(1)), kind(units.acquire()), kind(units.count())], [lost; 3]);
    assert_eq!(kind(wait_any(&[&event, &units], None)), lost);
    assert_eq!(kind(wait_all(&[&event, &units], None)), lost);
    assert_eq!(kind(mutex.unlock()), lost);
    assert_eq!(kind(mutex.lock()), lost);
    // Other locks of this thread are as they were.
    let other = Mutex::options().create()?;
    assert!(!other.lock()?.is_abandoned());
    Ok(())
}

#[test]
fn a_page_that_is_not_an_objects_is_refused() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let page = page_size() as u64;
    let mapping = FileMapping::create(page, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    let opened = || Event::options().open_at(&mapping, 0);
    assert_eq!(kind(opened()), ErrorKind::WrongObject);
    drop(Event::options().place(&mapping, 0)?);
    view.write_all_at(&[9], 8)?;
    assert_eq!(kind(opened()), ErrorKind::WrongObject);
    view.write_all_at(&[2, 32], 8)?;
    assert_eq!(kind(opened()), ErrorKind::NotSupported);
    view.write_all_at(&[2, 64, 0, 0, 0, 0, 0, 0, 77], 8)?;
    assert_eq!(kind(opened()), ErrorKind::NotSupported);
    Ok(())
}
