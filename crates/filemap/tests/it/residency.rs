//! How much of a mapping is in memory, and that asking for it changes nothing.

#![expect(unsafe_code, reason = "filters of system calls are in no safe interface")]

use std::thread;

use filemap::{
    Access, ErrorKind, FileMapping, Flush, Lifetime, MappedFile, PositionedIo, Protection,
    Registry, page_size,
};

use crate::support::{self, Outcome, Place};

#[test]
fn bytes_are_in_memory_once_they_were_stored_to() -> Outcome {
    let page = u64::try_from(page_size())?;
    let mapping = FileMapping::create(page * 1000, Protection::ReadWrite)?;
    let before = mapping.residency(..)?;

    mapping.map(Access::Write)?.write_all_at(&[1; 3], (usize::try_from(page * 8)?) as u64)?;

    let after = mapping.residency(..)?;
    let (part, rest) = (mapping.residency(page * 8..page * 9)?, mapping.residency(page * 9..)?);
    assert_eq!(
        (before.len(), before.in_memory(), before.in_holes()),
        (page * 1000, 0, page * 1000)
    );
    assert_eq!((after.in_memory(), after.in_holes()), (page, page * 999));
    assert_eq!((part.in_memory(), part.in_holes()), (page, 0));
    assert_eq!((rest.in_memory(), rest.in_holes()), (0, page * 991));
    // No disk is to have them.
    assert_eq!(after.unwritten().unwrap_or(0), 0);
    Ok(())
}

#[test]
fn looking_at_bytes_brings_none_of_them_in() -> Outcome {
    let mapping = FileMapping::create(64 << 20, Protection::ReadWrite)?;

    mapping.residency(..)?;

    assert_eq!(mapping.residency(..)?.in_memory(), 0);
    Ok(())
}

#[test]
fn what_was_flushed_is_not_unwritten_any_more() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.dir.path().join("content"))?;
    file.write_all_at(&vec![1; 1 << 20], 0)?;

    let stored = file.mapping().residency(..)?;
    file.flush(Flush::Durable)?;
    let flushed = file.mapping().residency(..)?;

    assert_eq!((stored.len(), flushed.len()), (1 << 20, 1 << 20));
    match (stored.unwritten(), flushed.unwritten()) {
        // The system may have begun by itself; what it has not, is told.
        (Some(before), Some(after)) => assert!(before <= stored.in_memory() && after == 0),
        // Before Linux 6.5.
        (None, None) => {}
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn a_range_to_look_at_is_a_range_of_the_mapping() -> Outcome {
    let mapping = FileMapping::create(1 << 16, Protection::ReadWrite)?;

    assert_eq!(mapping.residency(7..7)?.len(), 0);
    assert_eq!(mapping.residency(..65_537).unwrap_err().kind(), ErrorKind::InvalidRange);
    Ok(())
}

#[test]
fn a_file_of_ones_own_that_is_open_for_reading_is_enough_to_look_at_it() -> Outcome {
    let place = Place::new();
    place.file("own", &[]).set_len(8192)?;
    let file = std::fs::File::open(place.path("own"))?;

    let mapping = FileMapping::options().file(&file).protection(Protection::ReadOnly).create()?;
    let found = mapping.residency(..)?;

    assert_eq!((found.len(), found.in_holes()), (8192, 8192));
    Ok(())
}

/// Refuses `cachestat` to the calling thread, as a kernel does that does not have it.
fn refuse_cachestat() -> std::io::Result<()> {
    const CACHESTAT: u32 = 451;
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0);
    let compare = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, CACHESTAT);
    let refuse = (libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned());
    let allow = (libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW);
    let mut steps = [load, compare, refuse, allow].map(|(code, jt, jf, k)| libc::sock_filter {
        code: u16::try_from(code).expect("codes are small"),
        jt,
        jf,
        k,
    });
    let program = libc::sock_fprog { len: 4, filter: steps.as_mut_ptr() };
    // SAFETY: this command reads no memory.
    let limited = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the program and its four steps are there until the call returns.
    let filtered = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
    if (limited, filtered) == (0, 0) { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[test]
fn pages_counted_one_by_one_are_as_many_as_the_page_cache_reports() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[1; 300_000]);
    file.set_len(10 << 20)?;
    let mapping = FileMapping::options().file(&file).create()?;

    let by_cache = mapping.residency(5000..205_000)?;
    let one_by_one = thread::scope(|scope| {
        let counting = scope.spawn(|| -> Result<_, std::io::Error> {
            // An emulator of user programs does not know the call, and no filters.
            if !support::emulated() {
                refuse_cachestat()?;
            }
            Ok(mapping.residency(5000..205_000)?)
        });
        counting.join().expect("the thread does not panic")
    })?;

    // The bytes that were just written are what is there.
    let page = page_size() as u64;
    let expected = 205_000_u64.next_multiple_of(page) - 5000 / page * page;
    assert_eq!((by_cache.in_memory(), one_by_one.in_memory()), (expected, expected));
    assert_eq!(one_by_one.unwritten(), None);
    Ok(())
}

#[test]
fn memory_that_was_promised_is_in_no_hole() -> Outcome {
    if support::emulated() {
        println!("skipped: what is emulated says of no page that it is in memory");
        return Ok(());
    }
    // Where names are by themselves: in memory, and not on a disk.
    let folder = tempfile::tempdir_in("/dev/shm")?;
    let registry = Registry::at(folder.path());
    let options = FileMapping::options().registry(&registry).size(100_000);
    for lifetime in [Lifetime::Entry, Lifetime::Holders] {
        let promised = options.clone().name("promised").lifetime(lifetime).create_new()?;
        let sparse = options.clone().name("sparse").lifetime(lifetime).sparse().create_new()?;

        assert_eq!(promised.residency(..)?.in_holes(), 0, "{lifetime}");
        assert_eq!(sparse.residency(..)?.in_holes(), 100_000, "{lifetime}");
    }
    Ok(())
}
