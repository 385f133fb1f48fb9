//! Views over disks that are full or fail, whose lost pages read as zeros by their address.

#![expect(clippy::single_range_in_vec_init, reason = "one range is often all that was lost")]

use std::fs::{self, File};
use std::path::Path;

use filemap::{Access, Error, ErrorKind, FileMapping, Flush, OnLoss, Protection, View};

use crate::disk::{FAILING_DISK, forget, forgotten, readable};
use crate::server::Served;
use crate::support::{
    Outcome, Place, SMALL_DISK, fill_up, page, pattern, patterned, place_of_the_first, role, say,
    set_len, with_disk,
};
use crate::zeros::{peek, poke, ranges};

/// Runs the rest of a test in a second process that has a disk of its own.
macro_rules! on_a_disk {
    ($test:literal, $mount:expr) => {
        if role().is_none() {
            let place = Place::new();
            if let Some(mut second) = with_disk(&place, $test, $mount) {
                second.until("done");
                second.finish();
            }
            return Ok(());
        }
    };
}

fn disk(name: &str) -> std::path::PathBuf {
    place_of_the_first().join("disk").join(name)
}

fn sparse(path: &Path, len: usize) -> Result<View, Error> {
    let file = File::options().read(true).write(true).create_new(true).open(path);
    let file = file.expect("a file can be created");
    let mapping = FileMapping::options().file(&file).size(len as u64).create()?;
    mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()
}

#[test]
fn stores_to_holes_of_a_full_disk_go_on_and_are_told() -> Outcome {
    on_a_disk!("zeros_disk::stores_to_holes_of_a_full_disk_go_on_and_are_told", SMALL_DISK);
    const LEN: usize = 4 << 20;
    let (view, page) = (sparse(&disk("file"), LEN)?, page());

    for at in (0..LEN).step_by(2 * page) {
        poke(&view, at, 1);
    }

    let lost = ranges(&view.lost());
    let first = lost.first().expect("some were lost").start;
    assert!((1 << 19..2 << 20).contains(&first), "{first}");
    assert_eq!(lost.len(), (LEN - first).div_ceil(2 * page));
    assert!(
        lost.iter().all(|range| range.len() == page),
        "single pages, where the file reaches on"
    );
    let error = view.read::<u8>(first).unwrap_err();
    assert_eq!(error.loss().map(|loss| loss.offset), Some(first as u64), "{error}");
    assert_eq!(view.compare(first - 2 * page, &[1])?, None, "what was stored before is there");
    assert_eq!(
        view.flush(.., Flush::Written).unwrap_err().loss().map(|loss| loss.offset),
        Some(first as u64)
    );
    // Of a file that is cut, the space is there again.
    set_len(&disk("file"), page as u64);
    set_len(&disk("file"), LEN as u64);
    assert_eq!(view.restore()?.len(), lost.len());
    poke(&view, LEN - 1, 5);
    assert_eq!(view.read::<u8>(LEN - 1)?, 5);
    say("done");
    Ok(())
}

/// Pokes every second page until more are replaced one by one than may be.
fn lose_many(view: &View) -> usize {
    let page = page();
    let last = 2 * page * 8600;
    for at in (0..last).step_by(2 * page) {
        poke(view, at, 1);
    }
    last
}

#[test]
fn past_so_many_single_pages_the_rest_of_a_view_reads_as_zeros() -> Outcome {
    on_a_disk!(
        "zeros_disk::past_so_many_single_pages_the_rest_of_a_view_reads_as_zeros",
        SMALL_DISK
    );
    const LEN: usize = 80 << 20;
    let view = sparse(&disk("file"), LEN)?;

    let last = lose_many(&view);

    let lost = ranges(&view.lost());
    assert_eq!(lost.len(), 8193);
    assert!(lost[..8192].iter().all(|range| range.len() == page()));
    assert_eq!(lost[8192].end, LEN, "{:?}", lost[8192]);
    assert!(lost[8192].start < last);
    let maps = fs::read_to_string("/proc/self/maps")?.lines().count();
    assert!(maps < 20_000, "{maps}");
    // When they are restored, there is room for as many again.
    set_len(&disk("file"), 0);
    set_len(&disk("file"), LEN as u64);
    assert_eq!(view.restore()?.len(), 8193);
    lose_many(&view);
    assert_eq!(view.lost().len(), 8193);
    say("done");
    Ok(())
}

#[test]
fn a_page_that_the_disk_cannot_give_is_alone_in_its_zeros() -> Outcome {
    on_a_disk!("zeros_disk::a_page_that_the_disk_cannot_give_is_alone_in_its_zeros", FAILING_DISK);
    const LEN: usize = 8 << 20;
    let file = forgotten(&disk("file"), &patterned(0, LEN))?;
    let image = File::options().write(true).open(place_of_the_first().join("image"))?;
    let mapping = FileMapping::options().file(&file).create()?;
    let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()?;
    image.set_len(8 << 20)?;
    let good = readable(&file, LEN);
    forget(&file)?;

    assert_eq!(peek(&view, good + 5), 0);

    assert_eq!(ranges(&view.lost()), [good..good + page()]);
    assert_eq!(view.read::<u8>(good).unwrap_err().kind(), ErrorKind::Device);
    assert_eq!(peek(&view, good - 1), pattern(good as u64 - 1));
    // The file reaches there, so it is mapped back; and its disk still fails.
    assert_eq!(view.restore()?, [good..good + page()]);
    assert_eq!(view.lost(), []);
    assert_eq!(peek(&view, good), 0);
    assert_eq!(view.lost().len(), 1);
    say("done");
    Ok(())
}

#[test]
fn a_page_that_a_server_cannot_give_is_alone_in_its_zeros() -> Outcome {
    on_a_disk!("zeros_disk::a_page_that_a_server_cannot_give_is_alone_in_its_zeros", "true");
    let (path, page) = (disk("served"), page());
    fs::write(&path, "")?;
    let (len, good) = ((8 * page) as u64, 5 * page);
    let Some(_served) = Served::over(&path, len, good as u64) else {
        say("done");
        return Ok(());
    };
    let file = File::open(&path)?;
    let options = FileMapping::options().file(&file).protection(Protection::ReadOnly);
    let view = options.create()?.view(Access::Read).on_loss(OnLoss::Zeros).map()?;

    let seen: Vec<_> = (0..8).map(|at| peek(&view, at * page + 5)).collect();

    let own = |at: usize| if at < 5 { pattern((at * page + 5) as u64) } else { 0 };
    assert_eq!(seen, (0..8).map(own).collect::<Vec<_>>());
    assert_eq!(ranges(&view.lost()), [good..8 * page]);
    assert_eq!(view.read::<u8>(good).unwrap_err().kind(), ErrorKind::Device);
    assert_eq!(view.read::<u8>(good - 1)?, pattern(good as u64 - 1));
    say("done");
    Ok(())
}

#[test]
fn pages_that_are_lost_and_restored_again_and_again_stay_alone_in_their_zeros() -> Outcome {
    on_a_disk!(
        "zeros_disk::pages_that_are_lost_and_restored_again_and_again_stay_alone_in_their_zeros",
        SMALL_DISK
    );
    // More than the pages of a process that are replaced one by one.
    const ROUNDS: usize = 9000;
    let page = page();
    let len = 16 * page;
    let view = sparse(&disk("file"), len)?;
    view.write(8 * page, &1_u8)?;
    fill_up(&disk("filler"), 0);
    set_len(&disk("file"), (15 * page) as u64);
    peek(&view, 15 * page);

    // What space is left is taken.
    let tail = 15 * page..len;
    let hole = (2..8).map(|hole| hole * page).find(|hole| {
        poke(&view, *hole, 1);
        view.lost().len() > 1
    });
    let hole = hole.expect("the disk is full");
    view.restore()?;

    for round in 0..ROUNDS {
        poke(&view, hole, 1);
        let lost = ranges(&view.lost());
        assert_eq!(lost, [hole..hole + page, tail.clone()], "round {round}");
        assert_eq!(view.restore()?, [hole..hole + page]);
    }
    assert_eq!(peek(&view, 8 * page), 1);
    say("done");
    Ok(())
}
