//! Searching and comparing shared memory, beside the same over plain memory.

use super::library::PositionedIo as _;
use std::hint::black_box;
use std::rc::Rc;

use super::library::{Access, FileMapping, Protection, View};
use crate::Result;
use crate::harness::{Bar, Row, timed};
use crate::scene::Scene;

/// Half of the speed over plain memory.
const HALF: Bar = Bar::Ratio(2.0);

/// Lengths of what is searched.
const SIZES: [(&str, usize); 2] = [("1 MiB", 1 << 20), ("64 MiB", 64 << 20)];

/// The byte that is looked for, which is the last one.
const NEEDLE: u8 = 0xff;

pub(crate) fn rows(_: &Scene) -> Result<Vec<Row<'_>>> {
    let mut rows = Vec::new();
    for (size, len) in SIZES {
        let count = ((64 << 20) / len).max(1);
        let mut plain = vec![1; len];
        plain[len - 1] = NEEDLE;
        let (plain, other) = (Rc::new(plain.clone()), Rc::new(plain));
        let found = Rc::clone(&plain);
        rows.push(Row {
            name: format!("`View::find` of a byte in {size}"),
            beside: "`memchr` over plain memory",
            bar: HALF,
            contestant: {
                let plain = Rc::clone(&plain);
                Box::new(move || {
                    let view = filled(&plain)?;
                    Ok(Box::new(move |_| {
                        timed(count, || expect(view.find(.., &[NEEDLE])?, len - 1))
                    }))
                })
            },
            base: Box::new(move || {
                let plain = Rc::clone(&found);
                Ok(Box::new(move |_| {
                    timed(count, || expect(memchr::memchr(NEEDLE, black_box(&plain)), len - 1))
                }))
            }),
        });
        let beside = Rc::clone(&other);
        rows.push(Row {
            name: format!("`View::compare` of {size}"),
            beside: "`==` over plain memory",
            bar: HALF,
            contestant: Box::new(move || {
                let (view, other) = (filled(&plain)?, Rc::clone(&beside));
                Ok(Box::new(move |_| {
                    timed(count, || match view.compare(0, black_box(&other))? {
                        None => Ok(()),
                        Some(_) => Err("a difference was found".into()),
                    })
                }))
            }),
            base: Box::new(move || {
                let (one, other) = (other.to_vec(), Rc::clone(&other));
                Ok(Box::new(move |_| {
                    timed(count, || match black_box(&one) == black_box(&*other) {
                        true => Ok(()),
                        false => Err("a difference was found".into()),
                    })
                }))
            }),
        });
    }
    Ok(rows)
}

/// Returns memory with these bytes.
fn filled(bytes: &[u8]) -> Result<View> {
    let mapping = FileMapping::create(bytes.len() as u64, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    view.write_all_at(bytes, 0)?;
    Ok(view)
}

fn expect(found: Option<usize>, place: usize) -> Result<()> {
    if found == Some(place) { Ok(()) } else { Err(format!("found at {found:?}").into()) }
}
