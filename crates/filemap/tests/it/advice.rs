//! Advice on views, and pages that are locked in memory.

use filemap::{
    Access, Advice, ErrorKind, FileMapping, Flush, PositionedIo, Protection, View, page_size,
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
        Advice::Cold,
        Advice::LargePages,
    ];

    for access in [Access::Read, Access::Write, Access::Copy] {
        let view = mapping.map_range(access, 3..)?;
        if access == Access::Copy {
            view.write_all_at(b"private", 0)?;
        }
        for advice in advices {
            view.advise(.., advice)?;
            view.advise(5..6_000, advice)?;
            view.advise(7..7, advice)?;
            view.prefetch(1..=9_000)?;
        }

        let mut seen = vec![0; view.len()];
        view.read_exact_at(&mut seen, 0)?;
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

/// Returns a number of `/proc/self/smaps` for the mapping that a view begins in, in kilobytes.
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

/// Returns true if this process decides which of its pages are in memory, and prints if not.
///
/// An emulator of user programs decides that itself: it may not support locking, and ignores the
/// advice to read pages in.
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
