//! Which bytes of a view are in memory, and what asking for it may change.

use filemap::{
    Access, Advice, ErrorKind, FileMapping, Flush, MappedFile, Protection, View, page_size,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::support::{self, Outcome, Place, read_all};
use crate::view::{address, content};

#[test]
fn advice_changes_no_byte_of_any_view() -> Outcome {
    let place = Place::new();
    let bytes = content(20_000);
    let file = place.file("content", &bytes);
    let mapping = FileMapping::options().file(&file).create()?;
    let advices = [
        Advice::Normal,
        Advice::Random,
        Advice::Sequential,
        Advice::WillNeed,
        Advice::NotSoon,
        Advice::LargePages,
    ];

    for access in [Access::Read, Access::Write, Access::Copy] {
        let view = mapping.map_range(access, 3..)?;
        if access == Access::Copy {
            view.write_at(0, b"private")?;
        }
        for advice in advices {
            view.advise(.., advice)?;
            view.advise(5..6_000, advice)?;
            view.advise(7..7, advice)?;
            view.prefetch(1..=9_000)?;
        }

        let mut seen = vec![0; view.len()];
        view.read_at(0, &mut seen)?;
        let mut expected = bytes[3..].to_vec();
        if access == Access::Copy {
            expected[..7].copy_from_slice(b"private");
        }
        assert!(seen == expected, "{access}");
    }
    assert!(read_all(&file) == bytes);
    Ok(())
}

#[test]
fn ranges_outside_the_view_are_no_ranges_to_prepare() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let view = mapping.map_range(Access::Write, ..100)?;
    #[expect(clippy::reversed_empty_ranges, reason = "such a range is to be refused")]
    let ranges = [0..101, 101..101, 50..usize::MAX, 60..50];

    for range in ranges {
        let refused = [
            view.advise(range.clone(), Advice::Normal),
            view.prefetch(range.clone()),
            view.lock(range.clone()),
            view.unlock(range.clone()),
            view.flush(range.clone(), Flush::Start),
        ];
        for result in refused {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.win32_code()), (ErrorKind::InvalidRange, 87));
        }
    }
    Ok(())
}

/// What `/proc/self/smaps` says about the pages that a view begins in, in kilobytes.
pub(crate) fn told(view: &View, word: &str) -> std::io::Result<Option<u64>> {
    let smaps = std::fs::read_to_string("/proc/self/smaps")?;
    let mut inside = false;
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let bound = |hex: &str| usize::from_str_radix(hex, 16).unwrap_or_default();
        if let Some((from, to)) = first.split_once('-') {
            inside = (bound(from)..bound(to)).contains(&address(view));
        } else if inside && first.strip_suffix(':') == Some(word) {
            return Ok(words.next().and_then(|count| count.parse().ok()));
        }
    }
    Ok(None)
}

/// Tells whether this process decides which of its pages are in memory; if not, says so.
///
/// An emulator decides that for itself: it may know no call that locks what was touched, and
/// leaves the advice to bring pages in without effect.
pub(crate) fn has_pages() -> bool {
    if support::emulated() {
        println!("skipped: an emulated process neither locks pages nor brings them in");
    }
    !support::emulated()
}

#[test]
fn locked_bytes_stay_in_memory_until_they_are_unlocked() -> Outcome {
    if !has_pages() {
        return Ok(());
    }
    let view = FileMapping::create(16_384, Protection::ReadWrite)?.map(Access::Write)?;
    let page = u64::try_from(page_size())? / 1024;

    view.lock(..)?;
    let locked = told(&view, "Locked")?;
    view.unlock(..)?;
    let unlocked = told(&view, "Locked")?;

    assert_eq!(locked, Some(16_384 / 1024), "in units of {page} KiB");
    assert_eq!(unlocked, Some(0));
    Ok(())
}

#[test]
fn prefetching_brings_all_bytes_in() -> Outcome {
    if !has_pages() {
        return Ok(());
    }
    let view = FileMapping::create(1 << 20, Protection::ReadWrite)?.map(Access::Write)?;

    view.prefetch(..)?;

    assert_eq!(told(&view, "Rss")?, Some(1024));
    Ok(())
}

#[test]
fn nobody_locks_more_memory_than_the_limit() -> Outcome {
    if !has_pages() {
        return Ok(());
    }
    if support::role().is_some() {
        support::without_privileges()?;
        setrlimit(Resource::Memlock, Rlimit { current: Some(65_536), maximum: Some(65_536) })?;
        let view = FileMapping::create(1 << 20, Protection::ReadWrite)?.map(Access::Write)?;

        let refused = view.lock(..).unwrap_err();
        view.lock(..10)?;
        view.unlock(..10)?;

        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::LockLimit, 1453));
        return Ok(());
    }
    let place = Place::new();
    place.child("view::nobody_locks_more_memory_than_the_limit", "locks").finish();
    Ok(())
}

#[test]
fn a_view_without_access_is_denied_what_touches_its_bytes() -> Outcome {
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;
    let view = mapping.map(Access::NoAccess)?;

    let locked = view.lock(..).unwrap_err();

    assert_eq!(locked.kind(), ErrorKind::AccessDenied, "{locked}");
    view.flush(.., Flush::Durable)?;
    view.advise(.., Advice::Normal)?;
    assert_eq!(view.read::<u8>(0).unwrap_err().kind(), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn bytes_are_in_memory_once_they_were_stored_to() -> Outcome {
    let page = u64::try_from(page_size())?;
    let mapping = FileMapping::create(page * 1000, Protection::ReadWrite)?;
    let before = mapping.residency(..)?;

    mapping.map(Access::Write)?.write_at(usize::try_from(page * 8)?, &[1; 3])?;

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
    file.write_at(0, &vec![1; 1 << 20])?;

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
