//! Counts that are taken and added to.

use std::sync::Arc;
use std::time::Duration;

use filemap::{Error, ErrorKind, Semaphore};

use super::{asleep, can_wait};
use crate::support::kind;

#[test]
fn a_semaphore_counts_from_its_first_number_to_its_maximum() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let semaphore = Semaphore::options(3).count(1).create()?;
    assert_eq!(semaphore.release(1)?, 1);
    assert_eq!(kind(semaphore.release(2)), ErrorKind::SemaphoreFull);
    assert_eq!(semaphore.count()?, 2);
    assert_eq!(semaphore.release(1)?, 2);
    for _ in 0..3 {
        assert!(semaphore.acquire_for(Duration::ZERO)?);
    }
    assert!(!semaphore.acquire_for(Duration::from_millis(5))?);
    assert_eq!(kind(semaphore.release(0)), ErrorKind::InvalidArgument);
    assert_eq!(kind(semaphore.release(u32::MAX)), ErrorKind::InvalidArgument);
    Ok(())
}

#[test]
fn a_semaphore_of_impossible_numbers_is_refused() {
    for (maximum, count) in [(0, 0), (1, 2), (u32::MAX, 0), (1 << 31, 1)] {
        let made = Semaphore::options(maximum).count(count).create();
        assert_eq!(kind(made), ErrorKind::InvalidArgument, "{count} of {maximum}");
    }
}

#[test]
fn a_release_of_several_releases_as_many_who_wait_and_keeps_the_rest() -> Result<(), Error> {
    if !can_wait() {
        return Ok(());
    }
    let semaphore = Arc::new(Semaphore::options(100).create()?);
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let semaphore = Arc::clone(&semaphore);
            asleep(move || semaphore.acquire())
        })
        .collect();
    assert_eq!(semaphore.release(5)?, 0);
    for waiter in waiters {
        waiter.join().expect("no panic")?;
    }
    assert_eq!(semaphore.count()?, 2);
    Ok(())
}
