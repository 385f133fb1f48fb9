//! The access to a page that the file has lost, which is an error and no signal.

use filemap::PositionedIo as _;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

use tempfile::NamedTempFile;

use super::library::{Access, FileMapping, Protection};
use crate::Result;
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
    Ok(vec![Row {
        name: "`View::read_exact_at`, 64 bytes of a lost page, with its error".to_owned(),
        beside: "`pread` behind the end",
        bar: Bar::More(3500.0),
        contestant,
        base,
    }])
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
