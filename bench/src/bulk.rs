//! Large copies in and out: beside the C library's over the same mapping, and beside `pread` and
//! `pwrite` of the same file.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Protection, View};

use crate::Result;
use crate::bare::{Bytes, bytes};
use crate::harness::{Contestant, Effort, Pair, Table, Target, Work, compare_pairs, each};
use crate::place::Place;

/// Bytes of one copy, and what it should reach beside `memcpy`.
const SIZES: [(usize, f64); 3] = [(1 << 20, 0.9), (64 << 20, 0.85), (1 << 30, 0.9)];

/// What it should reach beside a system call.
const CALLED: f64 = 0.8;

/// What offsets are multiples of: as far apart as what the processor's caches hold in one piece.
const APART: usize = 64;

/// Why a copy of 1 MiB out is no faster than the C library's.
const FITS: &str = "So many bytes stay in the processor's caches, where who asked for them will look \
                    at them, and the C library's copy into these is as fast.";

/// Why a copy of 1 GiB is little faster.
const MEMORY: &str = "The C library passes by the caches with so many bytes too, through two pages at \
                      once where this goes through four; both wait for memory.";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let place = Place::in_memory()?;
    let (_, file) = place.file(effort.len)?;
    let mapping = FileMapping::options().file(&file).protection(Protection::ReadWrite).create()?;
    let view = mapping.map(Access::Write)?;
    for offset in (0..view.len()).step_by(4096) {
        let byte: u8 = view.read(offset)?;
        view.write(offset, &byte)?;
    }
    let rounds = effort.rounds.div_ceil(2);
    // All of it is touched before anything is measured.
    let buf = RefCell::new(vec![1; view.len()]);
    let scene = Scene { view: &view, file: &file, buf: &buf };
    let title = |what: &str| format!("{what}, {} of {}", place.file_system, bytes(view.len()));
    Ok(vec![
        compare_pairs(
            title("Large copies out"),
            "a copy of so many bytes",
            rounds,
            "`memcpy` out of the same mapping, or `pread` of the same file",
            scene.pairs(Way::CopiedOut, Way::Pread, Way::ReadAt),
        )?,
        compare_pairs(
            title("Large copies in"),
            "a copy of so many bytes",
            rounds,
            "`memcpy` into the same mapping, or `pwrite` of the same file",
            scene.pairs(Way::CopiedIn, Way::Pwrite, Way::WriteAt),
        )?,
    ])
}

/// How a copy is made.
#[derive(Debug, Clone, Copy)]
enum Way {
    CopiedOut,
    CopiedIn,
    Pread,
    Pwrite,
    ReadAt,
    WriteAt,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::CopiedOut | Self::CopiedIn => "`memcpy`",
            Self::Pread => "`pread`",
            Self::Pwrite => "`pwrite`",
            Self::ReadAt => "`View::read_at`",
            Self::WriteAt => "`View::write_at`",
        }
    }
}

/// Where copies are made.
#[derive(Debug, Clone, Copy)]
struct Scene<'a> {
    view: &'a View,
    file: &'a File,
    /// One for all: which of two happens to lie in large pages would decide more than the calls.
    buf: &'a RefCell<Vec<u8>>,
}

impl<'a> Scene<'a> {
    /// Each size beside the C library's copy, and beside the system's call.
    fn pairs(self, copied: Way, called: Way, ours: Way) -> Vec<Pair<'a>> {
        let sizes = SIZES.into_iter().filter(|(size, _)| *size <= self.view.len());
        sizes
            .flat_map(|(size, target)| {
                [(copied, target), (called, CALLED)].map(|(base, target)| {
                    let name = format!("{}, {}, beside {}", ours.name(), bytes(size), base.name());
                    let own = Contestant::new(name, self.work(ours, size));
                    let own = own.within(Target::Ratio(target));
                    let own = match base {
                        Way::CopiedOut if size == SIZES[0].0 => {
                            own.limited(FITS, Target::Ratio(1.15))
                        }
                        Way::CopiedOut | Way::CopiedIn => own.limited(MEMORY, Target::Ratio(1.15)),
                        _ => own,
                    };
                    Pair { base: self.work(base, size), own }
                })
            })
            .collect()
    }

    fn work(self, way: Way, size: usize) -> Work<'a> {
        let Self { view, file, buf } = self;
        let bare = Bytes::of(view);
        Box::new(move |seed| {
            let mut buf = buf.borrow_mut();
            let buf = &mut buf[..size];
            let mut random = fastrand::Rng::with_seed(seed);
            // As many as move 64 MiB, or one.
            let count = ((64 << 20) / size).max(1);
            let mut time = Duration::ZERO;
            for _ in 0..count {
                let offset = random.usize(..=(view.len() - size) / APART) * APART;
                let start = Instant::now();
                match way {
                    Way::CopiedOut => bare.copy_out(offset, buf),
                    Way::CopiedIn => bare.copy_in(offset, buf),
                    Way::Pread => file.read_exact_at(buf, offset as u64)?,
                    Way::Pwrite => file.write_all_at(buf, offset as u64)?,
                    Way::ReadAt => view.read_at(offset, buf)?,
                    Way::WriteAt => view.write_at(offset, buf)?,
                }
                time += start.elapsed();
            }
            Ok(each(time, count))
        })
    }
}
