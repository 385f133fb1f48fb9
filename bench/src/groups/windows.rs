//! A file four times as long as what may be mapped of it, beside one map of it all.

use super::library::PositionedIo as _;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use super::library::{MappedFile, MappedFileOptions};
use crate::Result;
use crate::harness::{Bar, Effort, Row, Side, each};
use crate::scene::{Medium, Scene};

/// How many windows are kept: together a quarter of the file.
const WINDOWS: usize = 4;

/// Bytes of a small access.
const SMALL: usize = 64;

/// What finding the window of an access may cost, in nanoseconds.
const FOUND: Bar = Bar::More(60.0);

const WHOLE: &str = "one map of the file";

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let len = effort.len / 4;
    let path = scene.shared(Medium::Memory, len)?;
    let place = Place { path: &path, len, accesses: effort.accesses / 5 };
    let whole = MappedFile::options;
    let window = usize::try_from(len)? / 4 / WINDOWS;
    let windows = || MappedFile::options().window(window).windows(WINDOWS);
    let row = |name: &str, beside, bar, contestant, base| {
        let name = name.to_owned();
        Row { name, beside, bar, contestant, base }
    };
    let read = |file: &MappedFile, at, buf: &mut [u8]| -> Result<()> {
        black_box(file.read_at(buf, at)?);
        Ok(())
    };
    let write = |file: &MappedFile, at, buf: &mut [u8]| Ok(file.write_all_at(buf, at)?);
    let pread = {
        let path = path.clone();
        move || -> Result<File> { Ok(File::open(&path)?) }
    };
    Ok(vec![
        row(
            "reads of 64 bytes from front to back, opening included",
            WHOLE,
            FOUND,
            place.through(windows().read_only(), SMALL),
            place.through(whole().read_only(), SMALL),
        ),
        row(
            "reads of 4096 bytes from front to back, opening included",
            WHOLE,
            FOUND,
            place.through(windows().read_only(), 4096),
            place.through(whole().read_only(), 4096),
        ),
        row(
            "reads of 64 bytes at random where the windows are",
            WHOLE,
            FOUND,
            place.at_random(len / 4, place.warm(windows().read_only()), read),
            place.at_random(len / 4, place.warm(whole().read_only()), read),
        ),
        row(
            "writes of 64 bytes at random where the windows are",
            WHOLE,
            FOUND,
            place.at_random(len / 4, place.warm(windows()), write),
            place.at_random(len / 4, place.warm(whole()), write),
        ),
        row(
            "reads of 64 bytes at random everywhere",
            "`pread`",
            Bar::Ratio(1.1),
            place.at_random(len, place.warm(windows().read_only()), read),
            place.at_random(len, pread, |file, at, buf| Ok(file.read_exact_at(buf, at)?)),
        ),
    ])
}

#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    len: u64,
    accesses: usize,
}

impl Place<'_> {
    /// Reads the file once from front to back, opened for it: each page is touched the first time.
    fn through<'a>(self, options: MappedFileOptions, size: usize) -> Side<'a> {
        let (path, len) = (self.path.to_owned(), self.len);
        Box::new(move || {
            let (path, options) = (path.clone(), options.clone());
            Ok(Box::new(move |_| {
                let mut buf = vec![0; size];
                let start = Instant::now();
                let file = options.clone().open(&path)?;
                for at in (0..len).step_by(size) {
                    black_box(file.read_at(black_box(&mut buf), at)?);
                }
                // Windows release on the way what one map releases at the end.
                drop(file);
                Ok(each(start.elapsed(), usize::try_from(len)? / size))
            }))
        })
    }

    /// Opens the file, and reads or writes to the first quarter so often that it is mapped.
    fn warm(self, options: MappedFileOptions) -> impl Fn() -> Result<MappedFile> + 'static {
        let (path, len) = (self.path.to_owned(), self.len);
        move || {
            let file = options.clone().open(&path)?;
            let mut buf = [0; SMALL];
            for at in (0..len / 4).step_by(SMALL) {
                file.read_at(&mut buf, at)?;
                if file.is_writable() && at % 4096 == 0 {
                    file.write_all_at(&buf, at)?;
                }
            }
            Ok(file)
        }
    }

    /// Accesses at random offsets below `end`; half of them are not timed.
    fn at_random<'a, F: 'static>(
        self,
        end: u64,
        open: impl Fn() -> Result<F> + 'static,
        access: impl Fn(&F, u64, &mut [u8]) -> Result<()> + Copy + 'static,
    ) -> Side<'a> {
        let count = self.accesses;
        Box::new(move || {
            let file = open()?;
            Ok(Box::new(move |seed| {
                let mut random = fastrand::Rng::with_seed(seed);
                let mut offsets = || -> Vec<u64> {
                    (0..count).map(|_| random.u64(..=end - SMALL as u64)).collect()
                };
                let (before, timed) = (offsets(), offsets());
                let mut buf = [0; SMALL];
                for at in before {
                    access(&file, at, black_box(&mut buf))?;
                }
                let start = Instant::now();
                for at in &timed {
                    access(&file, *at, black_box(&mut buf))?;
                    black_box(&buf);
                }
                Ok(each(start.elapsed(), count))
            }))
        })
    }
}
