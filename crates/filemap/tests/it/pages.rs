//! What pages of a view allow, and which of them are there.

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, PageAccess, PageProtection, PageState,
    Protection, View, page_size,
};

use crate::support::{Outcome, Place, kind};

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
        view.write_at(across.0, &across.1),
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
    assert_eq!(view.find(.., 2)?, None);
    view.write_at(3 * page, &[3; 16])?;
    view.protect(page..2 * page, PageAccess::NoAccess)?;
    assert_eq!(kind(view.read_at(page - 1, &mut [0; 2])), ErrorKind::AccessDenied);
    assert_eq!(kind(view.compare(page, &[1])), ErrorKind::AccessDenied);
    assert_eq!(kind(view.find(.., 9)), ErrorKind::AccessDenied);
    assert_eq!(kind(view.prefetch(..)), ErrorKind::AccessDenied);
    view.protect(.., PageAccess::Write)?;
    view.fill(0, 4 * page, 4)?;
    assert_eq!(at(&view, 0)?, (plain(PageAccess::Write), 4));
    Ok(())
}
