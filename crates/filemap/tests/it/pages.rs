//! What pages of a view allow, and which of them are there.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, OwnedDescriptor, PageAccess, PageProtection,
    PageState, PositionedIo, Protection, View, page_size,
};

#[cfg(target_os = "linux")]
use crate::support::read_all;
use crate::support::{self, Outcome, Place, emulated, kind, wine};

/// Memory from which a view with any access can be had.
fn memory(pages: usize) -> Result<FileMapping, Error> {
    FileMapping::create((pages * page_size()) as u64, Protection::ExecuteReadWrite)
}

/// Memory whose pages must be committed.
fn reserve(pages: usize) -> Result<FileMapping, Error> {
    let size = (pages * page_size()) as u64;
    FileMapping::options().size(size).attributes(Attributes::RESERVE).create()
}

/// State, protection and length in pages of what is at a page.
fn at(view: &View, page: usize) -> Result<(Option<PageProtection>, usize), Error> {
    let run = view.pages_at(page * page_size())?;
    let state = if run.protection().is_some() { PageState::Committed } else { PageState::Reserved };
    assert_eq!(run.state(), state);
    assert_eq!(run.mapped(), view.access().into());
    assert_eq!(run.len() % page_size(), 0);
    Ok((run.protection(), run.len() / page_size()))
}

fn plain(access: PageAccess) -> Option<PageProtection> {
    Some(access.into())
}

#[test]
fn every_view_gives_its_pages_what_the_table_says() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &vec![7; 2 * page_size()]);
    let over_file =
        FileMapping::options().file(&file).protection(Protection::ExecuteReadWrite).create()?;
    let of_memory = memory(2)?;

    for mapping in [&of_memory, &over_file] {
        for access in Access::ALL {
            for wanted in PageAccess::ALL {
                let view = mapping.map(access)?;
                let changed = view.protect(..page_size(), wanted);
                let what = format!("{wanted} in a view to {access}");

                if wanted.is_within(access) {
                    assert_eq!(changed?, access.into(), "{what}");
                    assert_eq!(at(&view, 0)?.0, plain(wanted), "{what}");
                    assert_eq!(view.read::<u8>(0).is_ok(), wanted.can_read(), "{what}");
                    assert_eq!(view.write(0, &8_u8).is_ok(), wanted.can_write(), "{what}");
                } else {
                    let refused = changed.unwrap_err();
                    assert_eq!(refused.kind(), ErrorKind::ProtectionExceeded, "{what}");
                    assert_eq!(refused.win32_code(), 87);
                    assert_eq!(at(&view, 0)?, (plain(access.into()), 2), "{what}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_page_that_does_not_allow_a_copy_refuses_it_and_nothing_moves() -> Outcome {
    let view = memory(4)?.map(Access::Write)?;
    let page = page_size();
    view.fill(0, 4 * page, 1)?;
    view.protect(2 * page..3 * page, PageAccess::Read)?;

    let across = (2 * page - 8, [2; 16]);
    let refusals = [
        view.write_all_at(&across.1, across.0 as u64),
        view.fill(page, 2 * page, 2),
        view.copy_from(2 * page + 5, &view, 0, 9),
        view.write(2 * page, &2_u64),
        view.atomic::<u64>(2 * page).map(drop),
    ];

    for refused in refusals {
        let refused = refused.unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
        assert!(refused.to_string().contains(&format!("byte {}", 2 * page)), "{refused}");
    }
    assert_eq!(view.find(.., &[2])?, None);
    view.write_all_at(&[3; 16], (3 * page) as u64)?;
    view.protect(page..2 * page, PageAccess::NoAccess)?;
    assert_eq!(kind(view.read_exact_at(&mut [0; 2], (page - 1) as u64)), ErrorKind::AccessDenied);
    assert_eq!(kind(view.compare(page, &[1])), ErrorKind::AccessDenied);
    assert_eq!(kind(view.find(.., &[9])), ErrorKind::AccessDenied);
    assert_eq!(kind(view.prefetch(..)), ErrorKind::AccessDenied);
    view.protect(.., PageAccess::Write)?;
    view.fill(0, 4 * page, 4)?;
    assert_eq!(at(&view, 0)?, (plain(PageAccess::Write), 4));
    Ok(())
}

#[test]
fn ranges_outside_the_view_and_empty_ones_are_refused_and_change_nothing() -> Outcome {
    let view = memory(3)?.map(Access::Write)?;
    let all = 3 * page_size();

    let outside = [all..all + 1, 0..all + 1, all..usize::MAX];

    for range in outside {
        let refused = view.protect(range.clone(), PageAccess::Read).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::InvalidRange, 87));
        let refused = view.commit(range, PageAccess::Read).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::OutsideView, 487));
    }
    assert_eq!(kind(view.protect(5..5, PageAccess::Read)), ErrorKind::InvalidArgument);
    assert_eq!(kind(view.commit(5..5, PageAccess::Read)), ErrorKind::InvalidArgument);
    assert_eq!(kind(view.pages_at(all)), ErrorKind::InvalidRange);
    let guarded = PageAccess::NoAccess.guarded();
    assert_eq!(kind(view.protect(.., guarded)), ErrorKind::InvalidArgument);
    assert_eq!(at(&view, 0)?, (plain(PageAccess::Write), 3));
    Ok(())
}

#[test]
fn ranges_are_widened_to_whole_pages_up_to_the_end_of_the_last_one() -> Outcome {
    let place = Place::new();
    let page = page_size();
    let file = place.file("content", &vec![7; page + 100]);
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;

    assert_eq!(view.protect(page - 1..page + 1, PageAccess::Read)?, Access::Write.into());
    assert_eq!(at(&view, 0)?, (plain(PageAccess::Read), 2));

    view.protect(page + 200..2 * page, PageAccess::NoAccess)?;
    assert_eq!(at(&view, 0)?, (plain(PageAccess::Read), 1));
    assert_eq!(view.pages_at(2 * page - 1)?.protection(), plain(PageAccess::NoAccess));
    Ok(())
}

#[test]
fn a_view_that_begins_inside_a_page_changes_that_whole_page() -> Outcome {
    let mapping = memory(4)?;
    let page = page_size();
    let start = page as u64 + 100;
    let view = mapping.map_range(Access::Write, start..start + 2 * page as u64)?;

    view.protect(..1, PageAccess::Read)?;

    // On Windows a view begins at a multiple of 65536, and the pages before it are of it too.
    assert_eq!(view.pages_at(0)?.len(), page);
    assert_eq!(view.pages_at(0)?.protection(), plain(PageAccess::Read));
    assert_eq!(kind(view.write_all_at(b"x", (page - 101) as u64)), ErrorKind::AccessDenied);
    view.write_all_at(b"x", (page - 100) as u64)?;
    assert_eq!(view.pages_at(page)?.protection(), plain(PageAccess::Write));
    Ok(())
}

#[test]
fn protecting_tells_what_the_first_page_allowed() -> Outcome {
    let view = memory(3)?.map(Access::Write)?;
    let page = page_size();

    assert_eq!(view.protect(page.., PageAccess::Read)?, Access::Write.into());
    assert_eq!(view.protect(.., PageAccess::NoAccess)?, Access::Write.into());
    assert_eq!(view.protect(page.., PageAccess::Write)?, PageAccess::NoAccess.into());
    assert_eq!(at(&view, 0)?, (plain(PageAccess::NoAccess), 1));
    assert_eq!(at(&view, 1)?, (plain(PageAccess::Write), 2));
    Ok(())
}

#[test]
fn what_pages_of_one_view_allow_is_no_other_views_matter() -> Outcome {
    const TEST: &str = "pages::what_pages_of_one_view_allow_is_no_other_views_matter";
    let place = Place::new();
    if support::role().is_some() {
        let view = FileMapping::open("shared")?.map(Access::Write)?;
        assert_eq!(at(&view, 0)?, (plain(PageAccess::Write), 2));
        view.write_all_at(b"theirs", 0)?;
        view.protect(.., PageAccess::NoAccess)?;
        return Ok(());
    }
    let size = 2 * page_size() as u64;
    let mapping =
        FileMapping::options().registry(&place.registry).name("shared").size(size).create()?;
    let (one, other) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);

    one.protect(.., PageAccess::Read)?;
    place.child(TEST, "other").finish();

    assert_eq!(at(&other, 0)?, (plain(PageAccess::Write), 2));
    other.write_all_at(b"!", 6)?;
    assert_eq!(one.read::<[u8; 7]>(0)?, *b"theirs!");
    assert_eq!(kind(one.write_all_at(b"x", 0)), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn a_copied_page_shows_by_itself_that_it_can_be_written() -> Outcome {
    for (access, copied) in
        [(Access::Copy, PageAccess::Write), (Access::ExecuteCopy, PageAccess::ExecuteWrite)]
    {
        let view = memory(5)?.map(access)?;
        let page = page_size();
        assert_eq!(view.read::<u8>(3 * page)?, 0);
        assert_eq!(at(&view, 0)?, (plain(access.into()), 5));

        view.write(2 * page + 5, &1_u8)?;

        // Wine does not tell.
        let shown = if wine() { access.into() } else { copied };
        assert_eq!(view.pages_at(2 * page)?.protection(), plain(shown));
        if !wine() {
            assert_eq!(at(&view, 0)?, (plain(access.into()), 2));
            assert_eq!(at(&view, 2)?, (plain(copied), 1));
            assert_eq!(at(&view, 3)?, (plain(access.into()), 2));
            assert_eq!(view.protect(2 * page.., PageAccess::Read)?, copied.into());
            assert_eq!(
                view.protect(2 * page.., PageAccess::from(access))?,
                PageAccess::Read.into()
            );
            assert_eq!(at(&view, 2)?, (plain(copied), 1));
            assert_eq!(kind(view.protect(.., copied)), ErrorKind::ProtectionExceeded);
        }
    }
    Ok(())
}

// Wine lets such stores reach the file.
#[cfg(target_os = "linux")]
#[test]
fn a_shared_page_that_is_to_be_copied_on_write_keeps_later_stores_to_its_view() -> Outcome {
    let place = Place::new();
    let page = page_size();
    let file = place.file("content", &vec![b'.'; 3 * page]);
    let begun = FileMapping::options();
    let over_file = begun.file(&file).create()?;
    let memory = memory(3)?;
    memory.map(Access::Write)?.fill(0, 3 * page, b'.')?;

    for mapping in [&over_file, &memory] {
        let (view, other) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);
        view.protect(page..2 * page, PageAccess::Copy)?;

        other.write_all_at(b"followed", page as u64)?;
        assert_eq!(view.read::<[u8; 8]>(page)?, *b"followed");
        view.write_all_at(b"shared", (page - 2) as u64)?;

        assert_eq!(other.read::<[u8; 6]>(page - 2)?, *b"shfoll");
        assert_eq!(view.read::<[u8; 8]>(page)?, *b"aredowed");
        assert_eq!(at(&view, 1)?.0, plain(PageAccess::Write));

        // What is the view's own stays so; what is not yet is shared again.
        view.protect(page..3 * page, PageAccess::Copy)?;
        view.protect(.., PageAccess::Write)?;
        view.write_all_at(b"OWN", page as u64)?;
        view.write_all_at(b"SHARED", (2 * page) as u64)?;
        assert_eq!(other.read::<[u8; 3]>(page)?, *b"fol");
        assert_eq!(other.read::<[u8; 6]>(2 * page)?, *b"SHARED");
    }
    assert_eq!(read_all(&file)[page..page + 3], *b"fol");
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_view_that_reads_may_keep_stores_to_itself() -> Outcome {
    let place = Place::new();
    drop(place.file("content", b"content"));
    let file = std::fs::File::open(place.path("content"))?;
    let mapping = FileMapping::options().file(&file).protection(Protection::ReadOnly).create()?;
    let view = mapping.map(Access::Read)?;
    assert_eq!(kind(view.write_all_at(b"C", 0)), ErrorKind::AccessDenied);

    view.protect(.., PageAccess::Copy)?;
    view.write_all_at(b"C", 0)?;

    assert_eq!(view.read::<[u8; 7]>(0)?, *b"Content");
    assert_eq!(read_all(&file), b"content");
    Ok(())
}

#[test]
fn a_guard_refuses_one_touch_and_is_gone() -> Outcome {
    let view = memory(3)?.map(Access::Write)?;
    let page = page_size();
    view.fill(0, 3 * page, 7)?;

    for touch in [0, 1, 2] {
        let before = view.protect(page..2 * page, PageAccess::Write.guarded())?;
        assert_eq!(before, PageAccess::Write.into());
        assert_eq!(at(&view, 1)?, (Some(PageAccess::Write.guarded()), 1));

        let refused = match touch {
            0 => view.read_exact_at(&mut [0; 2], (page - 1) as u64),
            1 => view.write_all_at(&[7; 2], (2 * page - 1) as u64),
            _ => view.atomic::<u32>(page).map(drop),
        };

        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AccessDenied);
        assert!(refused.to_string().contains("guard"), "{refused}");
        assert_eq!(at(&view, 0)?, (plain(PageAccess::Write), 3));
        assert_eq!(view.compare(0, &vec![7; 3 * page])?, None);
        view.write_all_at(&[7], page as u64)?;
    }
    Ok(())
}

#[test]
fn reserved_pages_are_refused_until_they_are_committed() -> Outcome {
    let mapping = reserve(6)?;
    let (view, reader) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    let page = page_size();
    assert_eq!(at(&view, 0)?, (None, 6));
    let refusals = [
        view.read_exact_at(&mut [0], 0),
        view.write_all_at(&[1], (6 * page - 1) as u64),
        view.write(8, &1_u64),
        view.read::<u32>(8).map(drop),
        view.fill(0, 1, 1),
        view.compare(0, &[0]).map(drop),
        view.find(.., &[1]).map(drop),
        view.atomic::<u64>(8).map(drop),
        view.copy_from(0, &reader, page, 1),
        view.prefetch(..),
        view.lock(..),
        view.protect(.., PageAccess::Read).map(drop),
    ];
    for refused in refusals {
        let refused = refused.unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::NotCommitted, 487));
        assert!(refused.to_string().contains("reserved, and not committed"), "{refused}");
    }

    view.commit(2 * page + 5..3 * page + 5, PageAccess::Write)?;

    assert_eq!(at(&view, 0)?, (None, 2));
    assert_eq!(at(&view, 2)?, (plain(PageAccess::Write), 2));
    assert_eq!(at(&view, 4)?, (None, 2));
    assert_eq!(reader.compare(2 * page, &vec![0; 2 * page])?, None, "zero at first");
    view.write_all_at(&vec![1; 2 * page], (2 * page) as u64)?;
    assert_eq!(reader.find(2 * page..4 * page, &[0])?, None);
    // Nothing is moved when a part of it is not there.
    assert_eq!(kind(view.write_all_at(&[2; 2], (4 * page - 1) as u64)), ErrorKind::NotCommitted);
    assert_eq!(view.read::<u8>(4 * page - 1)?, 1);
    assert_eq!(kind(view.protect(3 * page.., PageAccess::Read)), ErrorKind::NotCommitted);
    assert_eq!(at(&view, 2)?, (plain(PageAccess::Write), 2));
    Ok(())
}

#[test]
fn a_commit_is_for_all_views_which_keep_their_own_access() -> Outcome {
    let mapping = reserve(4)?;
    let views: Vec<_> = [Access::Read, Access::Write, Access::Copy, Access::NoAccess]
        .into_iter()
        .map(|access| mapping.map(access))
        .collect::<Result<_, _>>()?;
    let page = page_size();

    // Also through a view that reads, and with less than it has.
    views[0].commit(page..2 * page, PageAccess::NoAccess)?;

    assert_eq!(at(&views[0], 1)?, (plain(PageAccess::NoAccess), 1));
    for view in &views[1..] {
        assert_eq!(at(view, 0)?, (None, 1), "{}", view.access());
        assert_eq!(at(view, 1)?, (plain(view.access().into()), 1), "{}", view.access());
    }
    assert_eq!(kind(views[0].read::<u8>(page)), ErrorKind::AccessDenied);
    views[1].write_all_at(b"seen", page as u64)?;
    assert_eq!(views[2].read::<[u8; 4]>(page)?, *b"seen");
    views[2].write_all_at(b"mine", page as u64)?;
    assert_eq!(views[1].read::<[u8; 4]>(page)?, *b"seen");
    assert_eq!(kind(views[3].read::<u8>(page)), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn committing_again_keeps_the_bytes_and_changes_what_pages_allow() -> Outcome {
    let view = reserve(2)?.map(Access::Write)?;
    view.commit(..1, PageAccess::Write)?;
    view.write_all_at(b"kept", 0)?;

    view.commit(.., PageAccess::Read)?;

    assert_eq!(at(&view, 0)?, (plain(PageAccess::Read), 2));
    assert_eq!(view.read::<[u8; 4]>(0)?, *b"kept");
    assert_eq!(kind(view.write_all_at(b"x", 0)), ErrorKind::AccessDenied);
    assert_eq!(kind(view.commit(.., PageAccess::Execute)), ErrorKind::ProtectionExceeded);
    Ok(())
}

#[test]
fn memory_that_is_there_is_committed_again_and_a_file_is_not() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let view = memory(2)?.map(Access::Write)?;
    let over_file = FileMapping::options().file(&file).create()?.map(Access::Write)?;

    view.commit(.., PageAccess::Read)?;
    let refused = over_file.commit(.., PageAccess::Read).unwrap_err();

    assert_eq!(at(&view, 0)?, (plain(PageAccess::Read), 2));
    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    over_file.write_all_at(b"C", 0)?;
    Ok(())
}

#[test]
fn what_is_committed_stays_while_a_handle_is_open() -> Outcome {
    let mapping = reserve(3)?;
    let view = mapping.map(Access::Write)?;
    let page = page_size();
    view.commit(page..2 * page, PageAccess::Write)?;
    view.write_all_at(b"kept", page as u64)?;
    view.unmap()?;

    let view = mapping.map(Access::Read)?;

    assert_eq!(at(&view, 0)?, (None, 1));
    assert_eq!(view.read::<[u8; 4]>(page)?, *b"kept");
    assert_eq!(kind(view.read::<u8>(0)), ErrorKind::NotCommitted);
    Ok(())
}

#[test]
fn a_name_has_one_commitment_in_all_processes() -> Outcome {
    const TEST: &str = "pages::a_name_has_one_commitment_in_all_processes";
    let page = page_size();
    if support::role().is_some() {
        let view = FileMapping::open("reserved")?.map(Access::Read)?;
        assert_eq!(at(&view, 0)?, (None, 4));
        support::say("looked");
        assert_eq!(support::hear(), "committed");
        assert_eq!(at(&view, 1)?, (plain(PageAccess::Read), 1));
        assert_eq!(view.read::<[u8; 5]>(page)?, *b"first");
        view.commit(2 * page..3 * page, PageAccess::Read)?;
        support::say("committed");
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("reserved");
    let mapping = begun.size(4 * page as u64).attributes(Attributes::RESERVE).create()?;
    let view = mapping.map(Access::Write)?;
    let mut second = place.child(TEST, "second");
    second.until("looked");

    view.commit(page..2 * page, PageAccess::Write)?;
    view.write_all_at(b"first", page as u64)?;
    second.tell("committed");
    second.until("committed");

    assert_eq!(at(&view, 0)?, (None, 1));
    assert_eq!(at(&view, 1)?, (plain(PageAccess::Write), 2));
    assert_eq!(at(&view, 3)?, (None, 1));
    view.write_all_at(b"second", (2 * page) as u64)?;
    second.finish();
    Ok(())
}

#[test]
fn a_descriptor_that_is_passed_on_brings_the_commitment() -> Outcome {
    let page = page_size();
    for (protection, access) in
        [(Protection::ReadWrite, Access::Write), (Protection::ReadOnly, Access::Read)]
    {
        let begun = FileMapping::options().size(3 * page as u64).protection(protection);
        let mapping = begun.attributes(Attributes::RESERVE).create()?;
        let view = mapping.map(access)?;
        view.commit(page..2 * page, PageAccess::Read)?;

        let taken = FileMapping::try_from(OwnedDescriptor::from(mapping))?;

        assert_eq!((taken.size(), taken.attributes()), (3 * page as u64, Attributes::RESERVE));
        let other = taken.map(Access::Read)?;
        assert_eq!(at(&other, 0)?, (None, 1));
        assert_eq!(at(&other, 1)?, (plain(PageAccess::Read), 1));
        other.commit(..page, PageAccess::Read)?;
        assert_eq!(view.read::<u8>(0)?, 0);
    }
    Ok(())
}

#[test]
fn a_commit_that_the_machine_could_not_hold_is_refused() -> Outcome {
    if wine() {
        // It has no limit of its own.
        return Ok(());
    }
    let size = 1_u64 << 45;
    let mapping = FileMapping::options().size(size).attributes(Attributes::RESERVE).create()?;
    if emulated() {
        // An emulator keeps a table of its own of all pages that it maps.
        assert_eq!(mapping.map(Access::Write).unwrap_err().kind(), ErrorKind::OutOfMemory);
        return Ok(());
    }
    let view = mapping.map(Access::Write)?;

    let refused = view.commit(.., PageAccess::Write).unwrap_err();

    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::CommitLimit, 1455));
    assert_eq!(view.pages_at(0)?.state(), PageState::Reserved);
    view.commit(1 << 44..(1 << 44) + 1, PageAccess::Write)?;
    view.write_all_at(b"x", 1 << 44)?;
    Ok(())
}

#[test]
fn threads_that_protect_and_copy_at_once_meet_errors_and_nothing_worse() -> Outcome {
    let view = memory(8)?.map(Access::Write)?;
    let all = 8 * page_size();
    let over = AtomicBool::new(false);

    thread::scope(|scope| {
        for seed in 0..2_u8 {
            let (view, over) = (&view, &over);
            scope.spawn(move || {
                let mut buf = vec![seed; all];
                while !over.load(Ordering::Relaxed) {
                    for done in [view.read_exact_at(&mut buf, 0), view.write_all_at(&buf, 0)] {
                        let denied = |error: &Error| error.kind() == ErrorKind::AccessDenied;
                        assert!(done.as_ref().err().is_none_or(denied), "{done:?}");
                    }
                }
            });
        }
        for _ in 0..300 {
            for access in [PageAccess::NoAccess, PageAccess::Read, PageAccess::Write] {
                view.protect(3 * page_size()..5 * page_size(), access).expect("it is allowed");
            }
        }
        over.store(true, Ordering::Relaxed);
    });

    assert_eq!(at(&view, 0)?, (plain(PageAccess::Write), 8));
    view.fill(0, all, 1)?;
    Ok(())
}

#[test]
fn first_changes_of_a_view_by_several_threads_at_once_are_all_made() -> Outcome {
    let mapping = memory(3)?;
    for _ in 0..200 {
        let view = mapping.map(Access::Write)?;
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            let changes = [0, 2].map(|page| {
                let (view, barrier) = (&view, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let start = page * page_size();
                    view.protect(start..start + page_size(), PageAccess::NoAccess).map(drop)
                })
            });
            barrier.wait();
            // Touches pages while they are closed, or are not yet.
            for page in [0, 1, 2] {
                let read = view.read::<u64>(page * page_size());
                assert!(read.is_ok() || kind(read) == ErrorKind::AccessDenied);
            }
            changes.into_iter().try_for_each(|change| change.join().expect("no panic"))
        })?;
        for (page, access) in
            [PageAccess::NoAccess, PageAccess::Write, PageAccess::NoAccess].into_iter().enumerate()
        {
            assert_eq!(at(&view, page)?.0, plain(access));
        }
    }
    Ok(())
}
