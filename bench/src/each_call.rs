//! Mapping, copying, flushing and unmapping for each access: how it was done for years.

use std::cell::RefCell;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use filemap::{Flush, MappedFile};

use crate::Result;
use crate::class_page::Class;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare_pairs, each};
use crate::place::Place;
use crate::programs::{Program, alone, over};

/// Bytes in one access.
const SIZE: usize = 64;

/// The length of the file.
const LEN: u64 = 64 << 20;

/// Accesses in one measurement, of the others and of ours.
const OTHERS: usize = 300;
const OURS: usize = 20_000;

/// A hundredth of the time that the calls take in C.
const BESIDE_C: Target = Target::Ratio(0.01);
/// A five-hundredth of the time that the class takes on Mono.
const BESIDE_MONO: Target = Target::Ratio(0.002);

/// Why that may be out of reach.
const WAITS: &str = "where Mono is fast, a five-hundredth of its access is less than a copy waits \
                     for memory, whoever makes it: see random reads of 64 bytes beside memmap2.";

const C: &str = include_str!("../programs/each_call.c");
const ACCESSES: &str = include_str!("../programs/Accesses.cs");
const OWN_CLASS: &str = include_str!("../programs/EachCall.cs");

/// Measures beside C, and beside the class of the page if there is one, or the project's own.
pub(crate) fn measure(effort: Effort, page: Option<&Path>) -> Result<Vec<Table>> {
    let place = Place::in_memory()?;
    let (path, _) = place.file(LEN)?;
    let plain = MappedFile::open(&path)?;
    let flushing = MappedFile::options().flush_writes(Flush::Written).open(&path)?;
    let files = Files { plain, flushing };
    files.touch()?;
    let title = |who: &str| {
        let mebibytes = LEN >> 20;
        format!(
            "{SIZE} bytes of {mebibytes} MiB beside a view for each access, {who}, {}",
            place.file_system
        )
    };
    let mut tables = Vec::new();
    if let Some(mut program) = Program::c(C, &path)? {
        tables.push(beside_c(title("in C"), effort, &files, &mut program)?);
    }
    let text = page.map(fs::read_to_string).transpose()?;
    let (sources, whose) = match &text {
        Some(text) => {
            let class = Class::of(text)?;
            ([over(class.name, ACCESSES), alone(class.source)], "the class of the page on Mono")
        }
        None => ([over("EachCall", ACCESSES), OWN_CLASS.to_owned()], "by a class on Mono"),
    };
    if let Some(mut program) = Program::mono(&sources.each_ref().map(String::as_str), &path)? {
        tables.push(beside_mono(title(whose), effort, &files, &mut program)?);
    }
    Ok(tables)
}

/// The file as it is used here, and as one that flushes what is written.
struct Files {
    plain: MappedFile,
    flushing: MappedFile,
}

const ACCESS: &str = "an access of 64 bytes";

fn beside_c(title: String, effort: Effort, files: &Files, program: &mut Program) -> Result<Table> {
    let program = RefCell::new(program);
    let pairs = vec![
        pair(
            &program,
            "read",
            files.read("`MappedFile::read_at`, beside map, copy, unmap").within(BESIDE_C),
        ),
        pair(
            &program,
            "write-flushed",
            files
                .write("`MappedFile::write_at`, beside map, copy, `msync`, unmap")
                .within(BESIDE_C),
        ),
        pair(
            &program,
            "write",
            files.write("`MappedFile::write_at`, beside map, copy, unmap").within(BESIDE_C),
        ),
        pair(
            &program,
            "write-flushed",
            files.flushed("the same, flushing as well, beside map, copy, `msync`, unmap"),
        ),
    ];
    compare_pairs(title, ACCESS, effort.rounds, "a view for each access, in C", pairs)
}

fn beside_mono(
    title: String,
    effort: Effort,
    files: &Files,
    program: &mut Program,
) -> Result<Table> {
    let program = RefCell::new(program);
    let pairs = vec![
        pair(
            &program,
            "read",
            files
                .read("`MappedFile::read_at`, beside `Read`")
                .within(BESIDE_MONO)
                .limited(WAITS, Target::Ratio(0.007)),
        ),
        pair(
            &program,
            "write",
            files
                .write("`MappedFile::write_at`, beside `Write`")
                .within(BESIDE_MONO)
                .limited(WAITS, Target::Ratio(0.007)),
        ),
        pair(&program, "write", files.flushed("the same, flushing as `Write` does")),
    ];
    compare_pairs(title, ACCESS, effort.rounds, "the class's method", pairs)
}

fn pair<'a>(
    program: &'a RefCell<&'a mut Program>,
    what: &'static str,
    own: Contestant<'a>,
) -> Pair<'a> {
    Pair { base: Box::new(move |seed| program.borrow_mut().time(what, OTHERS, seed)), own }
}

impl Files {
    /// Maps every page, as nobody maps them for each access.
    fn touch(&self) -> Result<()> {
        for offset in (0..LEN).step_by(4096) {
            self.plain.write(offset, &1_u8)?;
            self.flushing.write(offset, &1_u8)?;
        }
        Ok(())
    }

    fn read(&self, name: &'static str) -> Contestant<'_> {
        Contestant::new(name, |seed| {
            timed(OURS, seed, |offset, buf| {
                black_box(self.plain.read_at(offset, buf)?);
                Ok(())
            })
        })
    }

    fn write(&self, name: &'static str) -> Contestant<'_> {
        Contestant::new(name, |seed| {
            timed(OURS, seed, |offset, buf| Ok(self.plain.write_at(offset, buf)?))
        })
    }

    fn flushed(&self, name: &'static str) -> Contestant<'_> {
        Contestant::new(name, |seed| {
            timed(OTHERS, seed, |offset, buf| Ok(self.flushing.write_at(offset, buf)?))
        })
    }
}

/// The time of one access, at offsets that are drawn before.
///
/// The first half of them is not timed: the others have used the caches in between.
fn timed(
    count: usize,
    seed: u64,
    mut access: impl FnMut(u64, &mut [u8; SIZE]) -> Result<()>,
) -> Result<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    // Where the others can: the view of an offset in the last granule would end behind the file.
    let offsets: Vec<u64> = (0..2 * count).map(|_| random.u64(..LEN - 2 * 65536)).collect();
    let mut buf = [0; SIZE];
    let mut start = Instant::now();
    for (number, offset) in offsets.iter().enumerate() {
        if number == count {
            start = Instant::now();
        }
        access(*offset, black_box(&mut buf))?;
    }
    Ok(each(start.elapsed(), count))
}
