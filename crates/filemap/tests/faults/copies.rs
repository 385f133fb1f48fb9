//! A file is cut under a copy from view to view.

use filemap::{Access, Error, FileMapping, Loss, Operation, PositionedIo, View};

use crate::support::{EVERYBODY, Outcome, Place, assert_cut, page, patterned, set_len};

/// A file of known bytes and a view of all of it.
fn mapped(place: &Place, name: &str, pages: usize) -> Result<View, Error> {
    let file = place.file(name, &patterned(0, pages * page()));
    FileMapping::options().file(&file).create()?.map(Access::Write)
}

#[test]
fn a_copy_from_a_cut_file_names_the_byte_in_the_source() -> Outcome {
    for who in EVERYBODY {
        let place = Place::new();
        let (source, target) = (mapped(&place, "source", 4)?, mapped(&place, "target", 4)?);
        let page = page();
        let end = 2 * page as u64 + 9;
        who.cuts(&place.path("source"), end);

        let error = target.copy_from(page + 5, &source, page + 100, 2 * page).unwrap_err();

        let done = 3 * page - (page + 100);
        assert_cut(&error, Operation::Read, Loss { offset: 3 * page as u64, done }, end);
        let mut seen = vec![0; done];
        target.read_exact_at(&mut seen, (page + 5) as u64)?;
        let mut expected = patterned(page as u64 + 100, done);
        expected[page - 100 + 9..].fill(0);
        assert!(seen == expected);

        who.cuts(&place.path("source"), 4 * page as u64);
        target.copy_from(page + 5, &source, page + 100, 2 * page)?;
    }
    Ok(())
}

#[test]
fn a_copy_into_a_cut_file_names_the_byte_in_the_target() -> Outcome {
    for who in EVERYBODY {
        let place = Place::new();
        let (source, target) = (mapped(&place, "source", 4)?, mapped(&place, "target", 4)?);
        let page = page();
        let end = 2 * page as u64 - 9;
        who.cuts(&place.path("target"), end);

        let error = target.copy_from(page + 5, &source, 7, 2 * page).unwrap_err();

        let done = page - 5;
        assert_cut(&error, Operation::Write, Loss { offset: 2 * page as u64, done }, end);
        let mut seen = vec![0; done - 9];
        target.read_exact_at(&mut seen, (page + 5) as u64)?;
        assert!(seen == patterned(7, done - 9));

        who.cuts(&place.path("target"), 4 * page as u64);
        target.copy_from(page + 5, &source, 7, 2 * page)?;
    }
    Ok(())
}

#[test]
fn a_copy_inside_a_cut_file_names_the_byte_that_was_lost() -> Outcome {
    let place = Place::new();
    let view = mapped(&place, "file", 8)?;
    let page = page();
    let end = 4 * page as u64;
    set_len(&place.path("file"), end);
    let lost = |at: usize, done| Loss { offset: at as u64, done };

    // The target is gone, the source is not; apart, and overlapping.
    let apart = view.copy_from(3 * page, &view, 10, 2 * page).unwrap_err();
    assert_cut(&apart, Operation::Write, lost(4 * page, page), end);
    let small = view.copy_from(6 * page + 3, &view, 10, 1).unwrap_err();
    assert_cut(&small, Operation::Write, lost(6 * page + 3, 0), end);
    let upwards = view.copy_from(3 * page, &view, 2 * page, 2 * page).unwrap_err();
    assert_cut(&upwards, Operation::Write, lost(4 * page, page), end);

    // The source is gone, the target is not.
    let apart = view.copy_from(10, &view, 3 * page, 2 * page).unwrap_err();
    assert_cut(&apart, Operation::Read, lost(4 * page, page), end);
    let small = view.copy_from(10, &view, 6 * page + 3, 1).unwrap_err();
    assert_cut(&small, Operation::Read, lost(6 * page + 3, 0), end);
    let downwards = view.copy_from(2 * page, &view, 3 * page, 2 * page).unwrap_err();
    assert_cut(&downwards, Operation::Read, lost(4 * page, page), end);

    // Both are gone: what cannot be read is not written.
    let both = view.copy_from(5 * page, &view, 6 * page, page).unwrap_err();
    assert_cut(&both, Operation::Read, lost(6 * page, 0), end);
    Ok(())
}

#[test]
fn overlapping_bytes_before_the_first_lost_one_are_moved() -> Outcome {
    for (from, to) in [(0, 1000), (1000, 0)] {
        let place = Place::new();
        let view = mapped(&place, "file", 4)?;
        let len = 3 * page();
        set_len(&place.path("file"), 2 * page() as u64);

        let error = view.copy_from(to, &view, from, len).unwrap_err();

        let done = 2 * page() - from.max(to);
        assert_eq!(error.loss().map(|loss| loss.done), Some(done), "{error}");
        let mut seen = vec![0; done];
        view.read_exact_at(&mut seen, to as u64)?;
        assert!(seen == patterned(from as u64, done), "{from} to {to}");
    }
    Ok(())
}
