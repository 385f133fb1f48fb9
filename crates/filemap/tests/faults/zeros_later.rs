//! Views whose lost pages read as zeros from a later moment on, and views of no mapping.

use filemap::{Access, ErrorKind, FileMapping, OnLoss, PositionedIo as _, View};

use crate::support::{Outcome, page};
use crate::zeros::{peek, poke};

#[test]
fn lost_pages_of_a_view_read_as_zeros_from_the_moment_on_that_it_is_told() -> Outcome {
    let page = page();
    let file = tempfile::tempfile()?;
    file.set_len(4 * page as u64)?;
    let mapping = FileMapping::options().file(&file).create()?;
    let plain = View::options(Access::Write, 4 * page).file(&file);
    for mut view in [mapping.map(Access::Write)?, plain.map()?] {
        view.write_all_at(b"bytes", 0)?;
        file.set_len(page as u64)?;
        assert_eq!(view.read::<u8>(page).map_err(|error| error.kind()), Err(ErrorKind::Lost));

        view.replace_losses()?;
        view.replace_losses()?;

        assert_eq!((peek(&view, 0), peek(&view, 2 * page)), (b'b', 0));
        assert_eq!(view.lost().first().map(|range| range.bytes.end), Some(4 * page));
        assert_eq!(view.read::<u8>(2 * page).map_err(|error| error.kind()), Err(ErrorKind::Lost));
        file.set_len(4 * page as u64)?;
        assert_eq!(view.restore()?.last().map(|range| range.end), Some(4 * page));
        poke(&view, 2 * page, 7);
        assert_eq!((view.read::<u8>(2 * page)?, view.lost()), (7, Vec::new()));
    }
    Ok(())
}

#[test]
fn memory_that_nobody_can_cut_keeps_its_accesses() -> Outcome {
    let mut view = View::options(Access::Copy, 5000).map()?;
    view.replace_losses()?;
    view.write(4999, &1_u8)?;
    assert_eq!((view.read::<u8>(4999)?, view.lost()), (1, Vec::new()));
    Ok(())
}

#[test]
fn a_view_that_is_resized_still_reads_zeros_where_pages_are_lost() -> Outcome {
    let page = page();
    let file = tempfile::tempfile()?;
    file.set_len(4 * page as u64)?;
    let options = View::options(Access::Write, 2 * page).file(&file);
    let mut view = options.on_loss(OnLoss::Zeros).map()?;
    file.set_len(page as u64)?;
    assert_eq!(peek(&view, page), 0);
    assert_eq!(view.resize(8 * page).map_err(|error| error.kind()), Err(ErrorKind::Lost));
    assert_eq!((view.len(), view.lost().len()), (2 * page, 1));

    file.set_len(4 * page as u64)?;
    view.resize(8 * page)?;
    assert_eq!((view.read::<u8>(page)?, peek(&view, 7 * page)), (0, 0));
    assert_eq!(view.lost().last().map(|range| range.bytes.end), Some(8 * page));
    file.set_len(page as u64)?;
    view.resize(page)?;
    assert_eq!(view.lost(), Vec::new());
    assert_eq!(view.read::<u8>(0)?, 0);
    Ok(())
}
