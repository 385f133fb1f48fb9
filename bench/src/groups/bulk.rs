//! Large copies in both directions, beside `memcpy` over such a mapping, and beside `pread` and
//! `pwrite` of the same file.

#![expect(unsafe_code, reason = "the C library's copy, beside which ours run")]

use super::library::PositionedIo as _;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::library::{Access, FileMapping, MappedFile, Protection, View};
use crate::Result;
use crate::harness::{Bar, Effort, Row, Side, each};
use crate::scene::{Medium, Scene, open};

const MIB: usize = 1 << 20;

/// The lengths of the copies, and where they begin.
const SIZES: [(usize, Place, &str); 5] = [
    (MIB, Place::Page, "1 MiB"),
    (MIB, Place::Byte, "1 MiB at any byte"),
    (MIB, Place::Same, "1 MiB again and again"),
    (64 * MIB, Place::Page, "64 MiB"),
    (1024 * MIB, Place::Page, "1 GiB"),
];

/// Where a copy begins in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At a page drawn by lot.
    Page,
    /// At a byte drawn by lot.
    Byte,
    /// At the start, as one message after the other.
    Same,
}

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let path = &scene.shared(Medium::Memory, effort.len)?;
    let len = usize::try_from(effort.len)?;
    let mut rows = Vec::new();
    let mut add = |direction, way: Way, base: Way, bar, (size, place, words): (_, _, &str)| {
        let job = Job { direction, size, place };
        let name = format!("{}, {words}", way.name(direction));
        let (contestant, base_side) = (job.side(scene, way, path), job.side(scene, base, path));
        let beside = base.name(direction);
        rows.push(Row { name, beside, bar: Bar::Ratio(bar), contestant, base: base_side });
    };
    for direction in [Direction::Out, Direction::In] {
        for size in SIZES.into_iter().filter(|(size, ..)| *size <= len) {
            add(direction, Way::View, Way::Memcpy, 1.05, size);
        }
        add(direction, Way::File, Way::Memcpy, 1.05, SIZES[3]);
        let at_pages = |place: Place| place == Place::Page;
        for size in SIZES.into_iter().filter(|(size, place, _)| *size <= len && at_pages(*place)) {
            add(direction, Way::View, Way::Call, 0.8, size);
        }
    }
    Ok(rows)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Out,
    In,
}

/// Who copies.
#[derive(Debug, Clone, Copy)]
enum Way {
    Memcpy,
    Call,
    View,
    File,
}

impl Way {
    fn name(self, direction: Direction) -> &'static str {
        let out = direction == Direction::Out;
        match self {
            Self::Memcpy if out => "`memcpy` out",
            Self::Memcpy => "`memcpy` in",
            Self::Call if out => "`pread`",
            Self::Call => "`pwrite`",
            Self::View if out => "`View::read_exact_at`",
            Self::View => "`View::write_all_at`",
            Self::File if out => "`MappedFile::read_exact_at`",
            Self::File => "`MappedFile::write_all_at`",
        }
    }
}

/// What a copy goes through, with all of its pages touched.
enum Through {
    View(Box<View>),
    File(Box<MappedFile>),
    Call(File),
}

impl Through {
    fn new(way: Way, path: &Path) -> Result<Self> {
        let file = open(path)?;
        match way {
            Way::Call => Ok(Self::Call(file)),
            Way::File => {
                let mapped = MappedFile::open(path)?;
                for offset in (0..mapped.len()?).step_by(4096) {
                    let byte: u8 = mapped.read(offset)?;
                    mapped.write(offset, &byte)?;
                }
                Ok(Self::File(Box::new(mapped)))
            }
            // The base is a copy over a view as well: the two are mapped alike.
            Way::View | Way::Memcpy => {
                let options = FileMapping::options().file(&file).protection(Protection::ReadWrite);
                let view = options.create()?.map(Access::Write)?;
                for offset in (0..view.len()).step_by(4096) {
                    let byte: u8 = view.read(offset)?;
                    view.write(offset, &byte)?;
                }
                Ok(Self::View(Box::new(view)))
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Job {
    direction: Direction,
    size: usize,
    place: Place,
}

impl Job {
    fn side<'a>(self, scene: &'a Scene, way: Way, path: &Path) -> Side<'a> {
        let path = path.to_owned();
        Box::new(move || {
            let through = Through::new(way, &path)?;
            let len = usize::try_from(open(&path)?.metadata()?.len())?;
            Ok(Box::new(move |seed| {
                let mut buffer = scene.buffer(self.size);
                self.time(seed, len, &mut buffer[..self.size], |offset, buf| {
                    copy(self.direction, way, &through, offset, buf)
                })
            }))
        })
    }

    fn time(
        self,
        seed: u64,
        len: usize,
        buf: &mut [u8],
        copy: impl Fn(usize, &mut [u8]) -> Result<()>,
    ) -> Result<f64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = (64 * MIB / self.size).max(1);
        let step = if self.place == Place::Byte { 1 } else { 4096 };
        let last = if self.place == Place::Same { 0 } else { (len - self.size) / step };
        let mut time = Duration::ZERO;
        for _ in 0..count {
            let offset = random.usize(..=last) * step;
            let start = Instant::now();
            copy(offset, buf)?;
            time += start.elapsed();
        }
        Ok(each(time, count))
    }
}

fn copy(
    direction: Direction,
    way: Way,
    through: &Through,
    offset: usize,
    buf: &mut [u8],
) -> Result<()> {
    let out = direction == Direction::Out;
    match through {
        Through::View(view) if matches!(way, Way::Memcpy) => memcpy(view, offset, buf, out),
        Through::View(view) if out => view.read_exact_at(buf, offset as u64)?,
        Through::View(view) => view.write_all_at(buf, offset as u64)?,
        Through::File(file) if out => file.read_exact_at(buf, offset as u64)?,
        Through::File(file) => file.write_all_at(buf, offset as u64)?,
        Through::Call(file) if out => file.read_exact_at(buf, offset as u64)?,
        Through::Call(file) => file.write_all_at(buf, offset as u64)?,
    }
    Ok(())
}

/// Copies by the C library, out of the view or into it; no compiler knows how much.
fn memcpy(view: &View, offset: usize, buf: &mut [u8], out: bool) {
    assert!(offset + buf.len() <= view.len(), "the view ends before");
    // SAFETY: inside the view, as was seen, which outlives this function.
    let place = unsafe { view.as_ptr().add(offset) };
    let len = black_box(buf.len());
    if out {
        // SAFETY: both ranges have these bytes, no page of the view's file goes away, and a buffer is
        // no part of a mapping.
        unsafe { libc::memcpy(buf.as_mut_ptr().cast(), place.cast(), len) };
    } else {
        // SAFETY: as above; nobody else uses these bytes meanwhile.
        unsafe { libc::memcpy(place.cast(), buf.as_ptr().cast(), len) };
    }
}
