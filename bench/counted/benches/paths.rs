//! The paths of the library that call no system, and the limit of each in instructions.
//!
//! Valgrind counts 1,000 operations of each path, with the loop around them. The count is the same
//! in each run of one compiler, however busy the machine is. `bench/instructions.toml` has the
//! counts, which `cargo xtask instructions --renew` writes; a path may take 5 % more.

#![allow(
    missing_docs,
    unused_qualifications,
    clippy::exit,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "the macros of gungraun make public functions and end the process; a path that fails is no path"
)]

use std::hint::black_box;
use std::io::Read as _;

use filemap::{
    Access, Cursor, Event, FileMapping, MappedFile, Mutex, Name, PositionedIo, Protection, View,
};
use gungraun::prelude::*;
use gungraun::{Callgrind, CallgrindMetrics, EventKind};
use tempfile::TempDir;

/// The counts of 1,000 operations, a line `path = count` for each path.
const COUNTS: &str = include_str!("../../instructions.toml");

/// Operations of each path.
const OPERATIONS: usize = 1000;

/// Bytes of each mapping.
const LEN: usize = 1 << 20;

/// An object that takes about 100 bytes.
type Object = (u64, u32, String);

/// What the paths work on.
struct Scene {
    view: View,
    /// Allows no writing.
    read_only: FileMapping,
    file: MappedFile,
    /// The same file through windows, which cover all of it.
    windows: MappedFile,
    mutex: Mutex,
    event: Event,
    object: Object,
    _directory: TempDir,
}

fn scene() -> Scene {
    prepared().expect("the mappings and files of the paths can be made")
}

fn prepared() -> Result<Scene, Box<dyn std::error::Error>> {
    let view = FileMapping::create(LEN as u64, Protection::ReadWrite)?.map(Access::Write)?;
    view.fill(0, LEN, 1)?;
    let read_only = FileMapping::create(LEN as u64, Protection::ReadOnly)?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("file");
    let file = MappedFile::open(&path)?;
    file.set_len(LEN as u64)?;
    file.fill(0, LEN as u64, 1)?;
    let windows = MappedFile::options().window(LEN / 2).windows(2).open(&path)?;
    windows.fill(0, LEN as u64, 1)?;
    let (mutex, event) = (Mutex::options().create()?, Event::options().create()?);
    let object = (7, 7, "x".repeat(90));
    file.write_object(0, &object)?;
    Ok(Scene { view, read_only, file, windows, mutex, event, object, _directory: directory })
}

/// A buffer whose alignment does not depend on what was allocated before.
#[repr(align(64))]
struct Buffer([u8; 4096]);

const BUFFER: Buffer = Buffer([0; 4096]);

/// Returns the beginning of a buffer, of a length that the compiler does not know.
fn part(buffer: &mut Buffer, len: usize) -> &mut [u8] {
    &mut black_box(buffer).0[..black_box(len)]
}

/// Returns the offset of an access: all over the first quarter, and seldom at a boundary.
fn offset(number: usize) -> usize {
    black_box(number * 72 % (LEN / 4))
}

/// Returns the same offset in a file.
fn at(number: usize) -> u64 {
    offset(number) as u64
}

/// Allows a path 5 % more than its count.
fn limit(path: &str) -> LibraryBenchmarkConfig {
    let count = COUNTS.lines().find_map(|line| line.strip_prefix(path)?.strip_prefix(" = "));
    let count: u64 = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.format([CallgrindMetrics::SingleEvent(EventKind::Ir)]);
    callgrind.hard_limits([(EventKind::Ir, count + count / 20)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

/// Makes a benchmark of each `path(scene, number, value = before the first) operation;`.
macro_rules! paths {
    ($($path:ident($scene:ident, $number:pat_param, $value:pat_param = $before:expr)
        $operation:expr;)*) => {
        $(
            #[library_benchmark(config = limit(stringify!($path)))]
            #[bench::counted(scene())]
            fn $path($scene: Scene) -> Scene {
                {
                    let $value = $before;
                    for $number in 0..OPERATIONS {
                        black_box($operation);
                    }
                }
                $scene
            }
        )*
        library_benchmark_group!(name = paths, benchmarks = [$($path),*]);
    };
}

paths! {
    view_read_at_8(s, n, mut buf = BUFFER) s.view.read_exact_at(part(&mut buf, 8), offset(n) as u64).unwrap();
    view_read_at_64(s, n, mut buf = BUFFER) s.view.read_exact_at(part(&mut buf, 64), offset(n) as u64).unwrap();
    view_read_at_4096(s, n, mut buf = BUFFER) s.view.read_exact_at(part(&mut buf, 4096), offset(n) as u64).unwrap();
    view_write_at_8(s, n, mut buf = BUFFER) s.view.write_all_at(part(&mut buf, 8), offset(n) as u64).unwrap();
    view_write_at_64(s, n, mut buf = BUFFER) s.view.write_all_at(part(&mut buf, 64), offset(n) as u64).unwrap();
    view_write_at_4096(s, n, mut buf = BUFFER) s.view.write_all_at(part(&mut buf, 4096), offset(n) as u64).unwrap();
    view_read_u64(s, n, _ = ()) s.view.read::<u64>(offset(n)).unwrap();
    view_write_u64(s, n, _ = ()) s.view.write(offset(n), &black_box(7_u64)).unwrap();
    view_atomic(s, n, _ = ()) s.view.atomic::<u64>(offset(n)).unwrap();
    cell_fetch_add(s, _, cell = s.view.atomic::<u64>(0).unwrap()) cell.fetch_add(1).unwrap();
    cell_load(s, _, cell = s.view.atomic::<u64>(0).unwrap()) cell.load().unwrap();
    file_read_at_64(s, n, mut buf = BUFFER) s.file.read_at(part(&mut buf, 64), at(n)).unwrap();
    file_write_at_64(s, n, mut buf = BUFFER) s.file.write_all_at(part(&mut buf, 64), at(n)).unwrap();
    file_read_u64(s, n, _ = ()) s.file.read::<u64>(at(n)).unwrap();
    windows_read_at_64(s, n, mut buf = BUFFER) s.windows.read_at(part(&mut buf, 64), at(n)).unwrap();
    windows_write_at_64(s, n, mut buf = BUFFER) s.windows.write_all_at(part(&mut buf, 64), at(n)).unwrap();
    cursor_read_64(s, _, (mut cursor, mut buf) = (Cursor::new(&s.file), BUFFER))
        cursor.read_exact(part(&mut buf, 64)).unwrap();
    mutex_lock_unlock(s, _, _ = ()) drop(s.mutex.lock().unwrap());
    event_set_wait(s, _, _ = ()) (s.event.set().unwrap(), s.event.wait().unwrap());
    object_put_100(s, n, _ = ()) s.file.write_object(at(n), &s.object).unwrap();
    object_get_100(s, _, _ = ()) s.file.read_object::<Object>(black_box(0)).unwrap();
    name_parse(_s, _, _ = ()) Name::parse(black_box("Global\\the scores of today")).unwrap();
    access_refused(s, _, _ = ()) s.read_only.map(black_box(Access::Write)).unwrap_err();
    bounds_refused(s, _, mut buf = BUFFER) s.view.read_exact_at(part(&mut buf, 64), LEN as u64).unwrap_err();
}

main!(library_benchmark_groups = paths);
