//! What is counted: paths of the library that call no system, or next to none.
//!
//! A case is a function of its own, which is never inlined: the tool counts by function, and the
//! baseline in `bench/instructions.toml` has the function's name.

use std::hint::black_box;
use std::io::Read as _;

use filemap::{Access, Cursor, FileMapping, MappedFile, Name, Protection, View};
use tempfile::TempDir;

use crate::Result;

/// Bytes of each mapping.
const LEN: usize = 1 << 20;

/// The longest access.
const MOST: usize = 4096;

/// An object that takes about 100 bytes.
type Object = (u64, u32, String);

/// What the cases work on.
pub(crate) struct Scene {
    view: View,
    /// Allows no writing.
    read_only: FileMapping,
    file: MappedFile,
    /// The same through windows, which have all of it.
    windows: MappedFile,
    object: Object,
    _directory: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Result<Self> {
        let view = FileMapping::create(LEN as u64, Protection::ReadWrite)?.map(Access::Write)?;
        view.fill(0, LEN, 1)?;
        let read_only = FileMapping::create(LEN as u64, Protection::ReadOnly)?;
        let directory = tempfile::tempdir()?;
        let file = MappedFile::open(directory.path().join("file"))?;
        file.set_len(LEN as u64)?;
        file.fill(0, LEN as u64, 1)?;
        let windows = MappedFile::options().window(LEN / 2).windows(2);
        let windows = windows.open(directory.path().join("file"))?;
        windows.fill(0, LEN as u64, 1)?;
        let object = (7, 7, "x".repeat(90));
        Ok(Self { view, read_only, file, windows, object, _directory: directory })
    }
}

/// A case: so many of its operations.
pub(crate) type Case = fn(&Scene, usize) -> Result<()>;

pub(crate) const CASES: [Case; 22] = [
    view_read_at_8,
    view_read_at_64,
    view_read_at_4096,
    view_write_at_8,
    view_write_at_64,
    view_write_at_4096,
    view_read_u64,
    view_write_u64,
    view_atomic,
    cell_fetch_add,
    cell_load,
    file_read_at_64,
    file_write_at_64,
    file_read_u64,
    windows_read_at_64,
    windows_write_at_64,
    cursor_read_64,
    object_put_100,
    object_get_100,
    name_parse,
    access_refused,
    bounds_refused,
];

/// A buffer that lies the same way whatever was allocated before.
#[repr(align(64))]
struct Buffer<const SIZE: usize>([u8; SIZE]);

/// Where the access of this number is: all over the first quarter, and seldom at a boundary.
fn offset(number: usize) -> usize {
    black_box(number * 72 % (LEN / 4))
}

fn read_view<const SIZE: usize>(scene: &Scene, count: usize) -> Result<()> {
    let mut buf = Buffer([0; SIZE]);
    for number in 0..count {
        scene.view.read_at(offset(number), &mut black_box(&mut buf).0[..black_box(SIZE)])?;
    }
    Ok(())
}

fn write_view<const SIZE: usize>(scene: &Scene, count: usize) -> Result<()> {
    let buf = Buffer([1; SIZE]);
    for number in 0..count {
        scene.view.write_at(offset(number), &black_box(&buf).0[..black_box(SIZE)])?;
    }
    Ok(())
}

#[inline(never)]
fn view_read_at_8(scene: &Scene, count: usize) -> Result<()> {
    read_view::<8>(scene, count)
}

#[inline(never)]
fn view_read_at_64(scene: &Scene, count: usize) -> Result<()> {
    read_view::<64>(scene, count)
}

#[inline(never)]
fn view_read_at_4096(scene: &Scene, count: usize) -> Result<()> {
    read_view::<MOST>(scene, count)
}

#[inline(never)]
fn view_write_at_8(scene: &Scene, count: usize) -> Result<()> {
    write_view::<8>(scene, count)
}

#[inline(never)]
fn view_write_at_64(scene: &Scene, count: usize) -> Result<()> {
    write_view::<64>(scene, count)
}

#[inline(never)]
fn view_write_at_4096(scene: &Scene, count: usize) -> Result<()> {
    write_view::<MOST>(scene, count)
}

#[inline(never)]
fn view_read_u64(scene: &Scene, count: usize) -> Result<()> {
    for number in 0..count {
        black_box(scene.view.read::<u64>(offset(number))?);
    }
    Ok(())
}

#[inline(never)]
fn view_write_u64(scene: &Scene, count: usize) -> Result<()> {
    for number in 0..count {
        scene.view.write(offset(number), &black_box(7_u64))?;
    }
    Ok(())
}

/// A cell is made for each access.
#[inline(never)]
fn view_atomic(scene: &Scene, count: usize) -> Result<()> {
    for number in 0..count {
        black_box(scene.view.atomic::<u64>(offset(number))?);
    }
    Ok(())
}

#[inline(never)]
fn cell_fetch_add(scene: &Scene, count: usize) -> Result<()> {
    let cell = scene.view.atomic::<u64>(0)?;
    for _ in 0..count {
        black_box(cell.fetch_add(black_box(1))?);
    }
    Ok(())
}

#[inline(never)]
fn cell_load(scene: &Scene, count: usize) -> Result<()> {
    let cell = scene.view.atomic::<u64>(0)?;
    for _ in 0..count {
        black_box(cell.load()?);
    }
    Ok(())
}

#[inline(always)]
fn read_file(file: &MappedFile, count: usize) -> Result<()> {
    let mut buf = Buffer([0; 64]);
    for number in 0..count {
        file.read_at(offset(number) as u64, &mut black_box(&mut buf).0)?;
    }
    Ok(())
}

#[inline(always)]
fn write_file(file: &MappedFile, count: usize) -> Result<()> {
    let buf = Buffer([1; 64]);
    for number in 0..count {
        file.write_at(offset(number) as u64, &black_box(&buf).0)?;
    }
    Ok(())
}

#[inline(never)]
fn file_read_at_64(scene: &Scene, count: usize) -> Result<()> {
    read_file(&scene.file, count)
}

#[inline(never)]
fn file_write_at_64(scene: &Scene, count: usize) -> Result<()> {
    write_file(&scene.file, count)
}

#[inline(never)]
fn windows_read_at_64(scene: &Scene, count: usize) -> Result<()> {
    read_file(&scene.windows, count)
}

#[inline(never)]
fn windows_write_at_64(scene: &Scene, count: usize) -> Result<()> {
    write_file(&scene.windows, count)
}

#[inline(never)]
fn file_read_u64(scene: &Scene, count: usize) -> Result<()> {
    for number in 0..count {
        black_box(scene.file.read::<u64>(offset(number) as u64)?);
    }
    Ok(())
}

#[inline(never)]
fn cursor_read_64(scene: &Scene, count: usize) -> Result<()> {
    let mut buf = Buffer([0; 64]);
    let mut cursor = Cursor::new(&scene.file);
    for _ in 0..count {
        cursor.read_exact(&mut black_box(&mut buf).0)?;
    }
    Ok(())
}

#[inline(never)]
fn object_put_100(scene: &Scene, count: usize) -> Result<()> {
    for number in 0..count {
        scene.file.write_object(offset(number) as u64, black_box(&scene.object))?;
    }
    Ok(())
}

#[inline(never)]
fn object_get_100(scene: &Scene, count: usize) -> Result<()> {
    scene.file.write_object(0, &scene.object)?;
    for _ in 0..count {
        black_box(scene.file.read_object::<Object>(black_box(0))?);
    }
    Ok(())
}

#[inline(never)]
fn name_parse(_: &Scene, count: usize) -> Result<()> {
    for _ in 0..count {
        black_box(Name::parse(black_box("Global\\the scores of today"))?);
    }
    Ok(())
}

/// A view that the mapping's protection does not allow, and the error that says so.
#[inline(never)]
fn access_refused(scene: &Scene, count: usize) -> Result<()> {
    for _ in 0..count {
        if scene.read_only.map(black_box(Access::Write)).is_ok() {
            return Err("a view that was to be refused was made".into());
        }
    }
    Ok(())
}

/// A read behind the end, and the error that says so.
#[inline(never)]
fn bounds_refused(scene: &Scene, count: usize) -> Result<()> {
    for _ in 0..count {
        if scene.view.read_at(black_box(LEN), &mut [0; 64]).is_ok() {
            return Err("a read that was to be refused was done".into());
        }
    }
    Ok(())
}
