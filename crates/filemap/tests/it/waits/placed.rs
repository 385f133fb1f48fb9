//! Objects in pages of a mapping.

use filemap::{
    Access, Error, ErrorKind, Event, FileMapping, Mutex, Protection, Rights, Semaphore, page_size,
};

use super::can_wait;
use crate::support::kind;

#[test]
fn an_object_in_a_mapping_is_found_by_its_offset() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let page = page_size() as u64;
    let mapping = FileMapping::create(3 * page, Protection::ReadWrite)?;
    let event = Event::options().place(&mapping, page)?;
    let mutex = Mutex::options().owned().place(&mapping, 2 * page)?;
    let same = Event::options().open_at(&mapping, page)?;
    same.set()?;
    assert!(event.is_set()?);
    mutex.unlock()?;
    assert_eq!(kind(Event::options().open_at(&mapping, 2 * page)), ErrorKind::WrongObject);
    assert_eq!(kind(Event::options().open_at(&mapping, 0)), ErrorKind::WrongObject);
    assert_eq!(kind(Event::options().place(&mapping, 100)), ErrorKind::Misaligned);
    assert_eq!(kind(Event::options().place(&mapping, 3 * page)), ErrorKind::InvalidRange);
    let reader = mapping.duplicate(Rights::READ)?;
    assert_eq!(kind(Event::options().open_at(&reader, page)), ErrorKind::AccessDenied);
    assert_eq!(kind(event.descriptor().map(drop)), ErrorKind::NotSupported);
    Ok(())
}

#[test]
fn a_semaphore_of_impossible_numbers_is_placed_nowhere() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let mapping = FileMapping::create(page_size() as u64, Protection::ReadWrite)?;
    for (maximum, count) in [(0, 0), (1, 2), (u32::MAX, 0)] {
        let placed = Semaphore::options(maximum).count(count).place(&mapping, 0);
        assert_eq!(kind(placed), ErrorKind::InvalidArgument, "{count} of {maximum}");
    }
    let view = mapping.map(Access::Read)?;
    assert_eq!(view.read::<u64>(0)?, 0, "nothing was written");
    Ok(())
}
