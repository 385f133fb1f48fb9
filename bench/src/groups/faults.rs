//! The access to a page that the file has lost, which is an error and no signal.

use super::library::PositionedIo as _;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

use tempfile::NamedTempFile;

use super::library::{Access, FileMapping, OnLoss, Protection};
use crate::Result;
use crate::bare_fault::{BareHandler, Map, PAGE, touch};
use crate::harness::{Bar, Row, Side, each};
use crate::scene::{Medium, Scene};

/// Accesses in one measurement.
const COUNT: usize = 2000;

/// The length of the file before it is cut.
const LEN: usize = 1 << 20;

pub(crate) fn rows(scene: &Scene) -> Result<Vec<Row<'_>>> {
    let contestant: Side<'_> = Box::new(move || {
        let own = scene.own(Medium::Memory, LEN as u64)?;
        let options = FileMapping::options().file(own.as_file()).protection(Protection::ReadOnly);
        let view = options.create()?.map(Access::Read)?;
        own.as_file().set_len(0)?;
        Ok(Box::new(move |seed| {
            let _kept: &NamedTempFile = &own;
            time(seed, |offset, buf| view.read_exact_at(buf, offset as u64).is_err())
        }))
    });
    let base: Side<'_> = Box::new(move || {
        let own = scene.own(Medium::Memory, 0)?;
        Ok(Box::new(move |seed| {
            time(seed, |offset, buf| matches!(own.as_file().read_at(buf, offset as u64), Ok(0)))
        }))
    });
    let error = Row {
        name: "`View::read_exact_at`, 64 bytes of a lost page, with its error".to_owned(),
        beside: "`pread` behind the end",
        bar: Bar::More(3500.0),
        contestant,
        base,
    };
    Ok(vec![error, zeros(scene)])
}

/// Pages that are lost one by one, from the last one on, and read by their addresses.
fn zeros(scene: &Scene) -> Row<'_> {
    Row {
        name: "a load by the address of a lost page, which reads as zeros".to_owned(),
        beside: "the same with a bare handler of `SIGBUS`, one `mmap`",
        bar: Bar::Ratio(3.0),
        contestant: Box::new(move || {
            let own = scene.own(Medium::Memory, PAGES_LEN)?;
            let mapping = FileMapping::options().file(own.as_file()).create()?;
            let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()?;
            Ok(Box::new(move |_| {
                own.as_file().set_len(PAGES_LEN)?;
                view.restore()?;
                lose(own.as_file(), view.as_ptr())
            }))
        }),
        base: Box::new(move || {
            let own = scene.own(Medium::Memory, PAGES_LEN)?;
            Ok(Box::new(move |_| {
                own.as_file().set_len(PAGES_LEN)?;
                let map = Map::of(own.as_file(), COUNT * PAGE)?;
                let _bare = BareHandler::install()?;
                lose(own.as_file(), map.start())
            }))
        }),
    }
}

/// The length of the file whose pages are lost one by one.
const PAGES_LEN: u64 = (COUNT * PAGE) as u64;

/// Cuts the file, and touches all of its pages.
fn lose(file: &File, start: *mut u8) -> Result<f64> {
    file.set_len(0)?;
    let begin = Instant::now();
    if black_box(touch(start, COUNT)) != 0 {
        return Err("a lost page was read".into());
    }
    Ok(each(begin.elapsed(), COUNT))
}

fn time(seed: u64, is_lost: impl Fn(usize, &mut [u8; 64]) -> bool) -> Result<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let offsets: Vec<usize> = (0..COUNT).map(|_| random.usize(..LEN - 64)).collect();
    let mut buf = [0; 64];
    let start = Instant::now();
    for offset in offsets {
        if !is_lost(offset, black_box(&mut buf)) {
            return Err("a lost page was read".into());
        }
    }
    Ok(each(start.elapsed(), COUNT))
}
