//! Snapshots of a shared value, beside a copy of as many bytes of plain memory.

use std::hint::black_box;

use super::library::{Access, FileMapping, Protection, Shared};
use crate::Result;
use crate::harness::{Bar, Effort, Row, timed};
use crate::scene::Scene;

/// Bytes of the value.
const SIZE: usize = 1024;

type Value = [u8; SIZE];

pub(crate) fn rows(_: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let count = effort.accesses;
    Ok(vec![Row {
        name: format!("`Shared::snapshot_into`, {SIZE} bytes"),
        beside: "`memcpy`",
        bar: Bar::Ratio(1.5),
        contestant: Box::new(move || {
            let mapping = FileMapping::create(Shared::<Value>::LEN as u64, Protection::ReadWrite)?;
            let (writing, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
            Shared::<Value>::create(&writing, 0)?.publish(&[7; SIZE])?;
            Ok(Box::new(move |_| {
                let (shared, mut copy) = (Shared::<Value>::open(&reading, 0)?, [0; SIZE]);
                timed(count, || {
                    shared.snapshot_into(black_box(&mut copy))?;
                    black_box(&copy);
                    Ok(())
                })
            }))
        }),
        base: Box::new(move || {
            let value = Box::new([7; SIZE]);
            Ok(Box::new(move |_| {
                let mut copy = [0; SIZE];
                timed(count, || {
                    black_box(&mut copy).copy_from_slice(black_box(&*value));
                    black_box(&copy);
                    Ok(())
                })
            }))
        }),
    }])
}
