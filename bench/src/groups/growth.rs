//! Appends: what makes a file longer, write by write, beside `pwrite`.

use super::library::PositionedIo as _;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use super::library::MappedFile;
use crate::Result;
use crate::harness::{Bar, Effort, Row, Side, each};
use crate::scene::{Medium, Scene, open};

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let mut rows = Vec::new();
    for medium in [Medium::Memory, Medium::Disk] {
        for size in [64, 4096] {
            let count = if size == 64 { effort.accesses / 5 } else { effort.accesses / 40 };
            let work = Work { scene, medium, size, count, turns: effort.turns };
            rows.push(Row {
                name: format!("appends of {size} bytes {}", medium.words()),
                beside: "`pwrite`",
                bar: Bar::Ratio(1.1),
                contestant: work.side(
                    |path| Ok(MappedFile::open(path)?),
                    |file, at, bytes| Ok(file.write_all_at(bytes, at)?),
                ),
                base: work.side(
                    |path| Ok(open(path)?),
                    |file: &File, at, bytes| Ok(file.write_all_at(bytes, at)?),
                ),
            });
        }
    }
    Ok(rows)
}

#[derive(Clone, Copy)]
struct Work<'a> {
    scene: &'a Scene,
    medium: Medium,
    size: usize,
    count: usize,
    turns: usize,
}

impl<'a> Work<'a> {
    /// Appends to a file of its own, each time behind what was appended before.
    fn side<F: 'a>(
        self,
        open: impl Fn(&Path) -> Result<F> + 'a,
        write: impl Fn(&F, u64, &[u8]) -> Result<()> + Copy + 'a,
    ) -> Side<'a> {
        let Self { scene, medium, size, count, turns } = self;
        Box::new(move || {
            // Frees as much memory as will be used: a virtual machine gets new memory from its host
            // at the first touch, which takes longer than an append.
            drop(scene.own(medium, (turns * count * size) as u64)?);
            let own = scene.own(medium, 0)?;
            let file = open(own.path())?;
            // What a file does once, when its first bytes come, is done.
            write(&file, 0, &vec![1; size])?;
            let mut len = size as u64;
            Ok(Box::new(move |seed| {
                let bytes = vec![u8::try_from(seed & 0x7f)? + 1; size];
                let start = Instant::now();
                for _ in 0..count {
                    write(&file, len, black_box(&bytes))?;
                    len += size as u64;
                }
                let time = start.elapsed();
                // The file is as long as what was written, to everybody.
                let seen = own.as_file().metadata()?.len();
                if seen != len {
                    return Err(format!("{seen} bytes of {len} are in the file").into());
                }
                // The disk would otherwise slow down whoever comes when it has to write.
                own.as_file().sync_data()?;
                Ok(each(time, count))
            }))
        })
    }
}
