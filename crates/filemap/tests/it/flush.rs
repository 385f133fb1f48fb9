//! Flushing: three words about the disk, none of which anybody else's view needs.

use std::fs::File;

use filemap::{Access, ErrorKind, FileMapping, Flush, PositionedIo, Protection, View, page_size};

use crate::support::{self, FileExt as _, Outcome, Place, read_all, space};

const WORDS: [Flush; 3] = [Flush::Start, Flush::Written, Flush::Durable];

/// A file on a disk: the directory for temporary files may be memory.
fn file_on_disk(len: u64) -> std::io::Result<File> {
    let file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR"))?;
    file.set_len(len)?;
    Ok(file)
}

/// Returns true if pages of the file are ever written out, and that can be seen: those of memory are
/// not.
#[cfg(target_os = "linux")]
fn has_disk(file: &File) -> std::io::Result<bool> {
    /// `TMPFS_MAGIC` of statfs(2).
    const MEMORY: u64 = 0x0102_1994;
    Ok(u64::try_from(rustix::fs::fstatfs(file)?.f_type) != Ok(MEMORY))
}

/// Nothing tells which pages wait to be written out.
#[cfg(windows)]
fn has_disk(_: &File) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(windows)]
fn dirty(_: &View) -> Option<u64> {
    None
}

/// How many kilobytes of the view's pages wait to be written out, as `/proc/self/smaps` tells.
#[cfg(target_os = "linux")]
fn dirty(view: &View) -> Option<u64> {
    let address = view.as_ptr().addr();
    let smaps = std::fs::read_to_string("/proc/self/smaps").ok()?;
    let bound = |hex: &str| usize::from_str_radix(hex, 16).unwrap_or_default();
    let mut inside = false;
    let mut sum = None;
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next()?;
        if let Some((from, to)) = first.split_once('-') {
            inside = (bound(from)..bound(to)).contains(&address);
        } else if inside && matches!(first, "Shared_Dirty:" | "Private_Dirty:") {
            sum = Some(sum.unwrap_or(0) + words.next()?.parse::<u64>().ok()?);
        }
    }
    sum
}

#[test]
fn a_flush_sends_the_view_to_the_disk_as_far_as_its_word_says() -> Outcome {
    let file = file_on_disk(1 << 20)?;
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;

    for (word, byte) in WORDS.into_iter().zip(1_u8..) {
        view.fill(0, view.len(), byte)?;

        view.flush(.., word)?;

        if !has_disk(&file)? {
            println!("skipped: the pages of this file system have no disk to go to");
        } else if word == Flush::Start {
            support::eventually("what was begun comes to its end", || dirty(&view) == Some(0));
        } else {
            assert_eq!(dirty(&view), Some(0), "{word}");
        }
        assert!(read_all(&file).iter().all(|seen| *seen == byte));
    }
    Ok(())
}

/// A file system made of layers, as containers have it, unmounted with the test.
#[cfg(target_os = "linux")]
pub(crate) struct Layered {
    dir: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl Layered {
    pub(crate) fn mounted() -> std::io::Result<Option<Self>> {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let path = |layer: &str| dir.path().join(layer);
        for layer in ["lower", "upper", "work", "merged"] {
            std::fs::create_dir(path(layer))?;
        }
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            path("lower").display(),
            path("upper").display(),
            path("work").display()
        );
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "overlay", "-o", &options, "filemap-test"]).arg(path("merged"));
        let mounted = command.output().is_ok_and(|output| output.status.success());
        Ok(mounted.then_some(Self { dir }))
    }

    pub(crate) fn merged(&self) -> std::path::PathBuf {
        self.dir.path().join("merged")
    }
}

#[cfg(target_os = "linux")]
impl Drop for Layered {
    fn drop(&mut self) {
        let merged = self.dir.path().join("merged");
        let _ignored = std::process::Command::new("umount").arg("--lazy").arg(merged).output();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_flush_reaches_the_disk_below_the_layers_of_a_container() -> Outcome {
    let Some(layered) = Layered::mounted()? else {
        println!("skipped: this user may not mount a file system of layers");
        return Ok(());
    };
    let file = tempfile::tempfile_in(layered.dir.path().join("merged"))?;
    file.set_len(1 << 20)?;
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    let below = tempfile::tempfile_in(layered.dir.path())?;

    for (word, byte) in [Flush::Durable, Flush::Written].into_iter().zip(1_u8..) {
        view.fill(0, view.len(), byte)?;

        view.flush(.., word)?;

        assert!(!has_disk(&below)? || dirty(&view) == Some(0), "{word}: {:?} kB", dirty(&view));
    }
    Ok(())
}

#[test]
fn a_flush_sends_what_other_views_stored_in_the_same_range() -> Outcome {
    let file = file_on_disk(1 << 20)?;
    let mapping = FileMapping::options().file(&file).create()?;
    let (reader, writer) = (mapping.map(Access::Read)?, mapping.map(Access::Write)?);
    writer.fill(0, writer.len(), 1)?;

    reader.flush(.., Flush::Written)?;

    assert!(!has_disk(&file)? || dirty(&writer) == Some(0));
    Ok(())
}

#[test]
fn every_range_of_a_view_can_be_flushed() -> Outcome {
    let place = Place::new();
    let page = page_size();
    let file = place.file("content", &vec![b'0'; 3 * page]);
    let mapping = FileMapping::options().file(&file).create()?;

    for from in [0, 1, page, 2 * page + 5] {
        let view = mapping.map_range(Access::Write, u64::try_from(from)?..)?;
        let len = view.len();
        for range in [0..len, 1..len, len - 1..len, len..len, 0..0, 0..1, len / 2..len / 2 + 9] {
            for word in WORDS {
                view.fill(0, len, b'1')?;
                view.flush(range.clone(), word)?;
            }
        }
        view.flush(.., Flush::Written)?;
        view.flush(..=0, Flush::Written)?;
    }

    assert!(read_all(&file).iter().all(|byte| *byte == b'1'));
    Ok(())
}

#[test]
fn a_range_outside_the_view_is_not_flushed() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[0; 5_000]);
    for mapping in [
        FileMapping::options().file(&file).create()?,
        FileMapping::create(5_000, Protection::ReadWrite)?,
    ] {
        let view = mapping.map_range(Access::Write, 10..4_000)?;
        #[expect(clippy::reversed_empty_ranges, reason = "such a range is to be refused")]
        let ranges = [0..3_991, 3_991..3_991, 0..usize::MAX, 5..4];

        for range in ranges {
            for word in WORDS {
                let refused = view.flush(range.clone(), word).unwrap_err();

                assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::InvalidRange, 87));
                assert!(refused.to_string().contains("3990"), "tells the length: {refused}");
            }
        }
        assert!(view.flush(..=usize::MAX, Flush::Start).is_err());
    }
    Ok(())
}

#[test]
fn memory_is_flushed_without_effect() -> Outcome {
    let place = Place::new();
    let named = FileMapping::options().registry(&place.registry).name("x").size(10_000).create()?;

    for mapping in [named, FileMapping::create(10_000, Protection::ReadWrite)?] {
        for access in [Access::NoAccess, Access::Read, Access::Write, Access::Copy] {
            let view = mapping.map(access)?;
            for word in WORDS {
                view.flush(.., word)?;
                view.flush(5..7_000, word)?;
            }
        }
    }
    Ok(())
}

#[test]
fn views_that_do_not_write_the_file_are_flushed_without_effect() -> Outcome {
    let place = Place::new();
    drop(place.file("content", b"content"));
    let file = File::open(place.path("content"))?;
    let mapping = FileMapping::options().file(&file).protection(Protection::ReadOnly).create()?;

    for access in [Access::NoAccess, Access::Read, Access::Copy] {
        let view = mapping.map(access)?;
        for word in WORDS {
            view.flush(.., word)?;
        }
    }

    assert_eq!(read_all(&file), b"content");
    Ok(())
}

#[test]
fn a_flush_never_writes_the_private_bytes_of_a_copy_view() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let mapping = FileMapping::options().file(&file).create()?;
    let copy = mapping.map(Access::Copy)?;
    copy.write_all_at(b"private", 0)?;

    for word in WORDS {
        copy.flush(.., word)?;
        mapping.map(Access::Write)?.flush(.., word)?;
    }

    assert_eq!(copy.read::<[u8; 7]>(0)?, *b"private");
    assert_eq!(mapping.map(Access::Read)?.read::<[u8; 7]>(0)?, *b"content");
    drop(copy);
    assert_eq!(read_all(&file), b"content");
    Ok(())
}

#[test]
fn a_flush_changes_neither_length_nor_holes_of_the_file() -> Outcome {
    let file = file_on_disk(5 << 30)?;
    let mapping = FileMapping::options().file(&file).create()?;
    let last = mapping.map_range(Access::Write, (5 << 30) - 10..)?;
    last.write_all_at(b"last bytes", 0)?;

    for word in WORDS {
        last.flush(.., word)?;
        mapping.map(Access::Write)?.flush(.., word)?;
    }

    assert_eq!(file.metadata()?.len(), 5 << 30);
    assert!(space(&file)? < 1 << 20);
    let mut seen = [0; 10];
    file.read_exact_at(&mut seen, (5 << 30) - 10)?;
    assert_eq!(&seen, b"last bytes");
    Ok(())
}

#[test]
fn a_flush_works_after_mapping_and_file_are_closed() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    drop(file);
    std::fs::rename(place.path("content"), place.path("elsewhere"))?;

    view.write_all_at(b"C", 0)?;
    for word in WORDS {
        view.flush(.., word)?;
    }

    assert_eq!(std::fs::read(place.path("elsewhere"))?, b"Content");
    Ok(())
}

#[test]
fn a_killed_process_loses_no_store_that_it_never_flushed() -> Outcome {
    let place = Place::new();
    if let Some(role) = support::role() {
        let file = File::options().read(true).write(true).open(role)?;
        let mapping = FileMapping::options().file(&file).size(1 << 20).create()?;
        let view = mapping.map(Access::Write)?;
        view.write_all_at(b"first", 0)?;
        view.write_all_at(b"last", (1 << 20) - 4)?;
        support::say("stored");
        support::hear();
        return Ok(());
    }
    let file = place.file("content", b"");
    let path = place.path("content");
    let role = path.to_str().ok_or("the path is text")?;

    let test = "flush::a_killed_process_loses_no_store_that_it_never_flushed";
    let mut second = place.child(test, role);
    second.until("stored");
    second.kill();

    let bytes = read_all(&file);
    assert_eq!(bytes.len(), 1 << 20);
    assert!(bytes.starts_with(b"first") && bytes.ends_with(b"last"));
    Ok(())
}
