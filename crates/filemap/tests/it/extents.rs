//! Which parts of a mapping take space.

use filemap::{ErrorKind, FileMapping, MappedFile, PositionedIo, Protection};

use crate::support::{Outcome, Place};

/// Whether every byte of `range` is in one of the parts.
fn has(parts: &[std::ops::Range<u64>], range: std::ops::Range<u64>) -> bool {
    let mut at = range.start;
    for part in parts {
        if part.contains(&at) {
            at = part.end;
        }
    }
    at >= range.end
}

#[test]
fn what_was_written_takes_space_and_what_is_left_out_reads_as_zeros() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.dir.path().join("sparse"))?;
    let written = [(0, 10), (70_000, 200_000), (64 << 20, 1)];
    for (offset, len) in written {
        file.write_all_at(&vec![1; len], offset)?;
    }

    let len = file.len()?;
    let parts: Vec<_> = file.mapping().extents(..)?.collect::<Result<_, _>>()?;

    for (offset, len) in written {
        assert!(has(&parts, offset..offset + len as u64), "{offset}: {parts:?}");
    }
    let mut at = 0;
    for part in parts {
        assert!(part.start >= at && part.start < part.end && part.end <= len, "{part:?}");
        let mut hole = vec![1; usize::try_from(part.start - at)?];
        file.read_exact_at(&mut hole, at)?;
        assert!(hole.iter().all(|byte| *byte == 0), "{at} to {part:?}");
        at = part.end;
    }
    Ok(())
}

#[test]
fn parts_lie_within_the_range_that_was_asked_about() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[7; 300_000]);
    let mapping = FileMapping::options().file(&file).create()?;

    let parts: Vec<_> = mapping.extents(100_001..200_003)?.collect::<Result<_, _>>()?;

    assert!(has(&parts, 100_001..200_003), "{parts:?}");
    assert_eq!(parts.first().map(|part| part.start), Some(100_001));
    assert_eq!(parts.last().map(|part| part.end), Some(200_003));
    assert_eq!(mapping.extents(5..5)?.count(), 0);
    Ok(())
}

#[test]
fn a_range_outside_the_mapping_is_refused() -> Outcome {
    let mapping = FileMapping::create(1 << 16, Protection::ReadWrite)?;

    let error = mapping.extents(..(1 << 16) + 1).unwrap_err();

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::InvalidRange, 87));
    Ok(())
}

// Windows cuts no file that is mapped.
#[cfg(target_os = "linux")]
#[test]
fn what_a_file_lost_when_it_was_cut_is_no_hole() -> Outcome {
    let place = Place::new();
    let file = place.file("cut", &[7; 300_000]);
    let mapping = FileMapping::options().file(&file).create()?;
    for (len, hole) in [(100_000, None), (50_000, Some(60_000)), (0, Some(1)), (0, None)] {
        file.set_len(len)?;
        // A hole at the end of the file that is left is one still.
        let len = hole.unwrap_or(len);
        file.set_len(len)?;

        let parts: Vec<_> = mapping.extents(..)?.collect::<Result<_, _>>()?;

        assert!(has(&parts, len..300_000), "{len}: {parts:?}");
        assert_eq!(mapping.extents(200_000..250_000)?.count(), 1, "{len}");
    }
    Ok(())
}

// Windows does not tell of memory.
#[cfg(target_os = "linux")]
#[test]
fn memory_takes_space_where_it_was_stored_to() -> Outcome {
    let page = u64::try_from(filemap::page_size())?;
    let mapping = FileMapping::create(page * 100, Protection::ReadWrite)?;
    mapping.map(filemap::Access::Write)?.write_all_at(b"x", (usize::try_from(page * 7)?) as u64)?;

    let parts: Vec<_> = mapping.extents(..)?.collect::<Result<_, _>>()?;

    assert_eq!((parts.len(), &parts[0]), (1, &(page * 7..page * 8)));
    Ok(())
}

// Elsewhere a file's place for reading has no other use here.
#[cfg(target_os = "linux")]
#[test]
fn looking_leaves_the_callers_place_in_the_file_alone() -> Outcome {
    use std::io::{Read as _, Seek as _};
    let place = Place::new();
    let mut file = place.file("content", b"0123456789");
    file.seek(std::io::SeekFrom::Start(4))?;
    let mapping = FileMapping::options().file(&file).create()?;

    mapping.extents(..)?.count();

    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    assert_eq!(rest, "456789");
    Ok(())
}

// Only Linux has file systems that a process serves.
#[cfg(target_os = "linux")]
mod served {
    use std::process::Command;

    use filemap::Access;

    use super::*;

    /// The example of a file system that passes everything on, as packages of libfuse have it.
    const SERVER: &str = "/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c";

    /// A folder that a process serves out of another one, for as long as this lives.
    struct Served {
        place: Place,
    }

    impl Served {
        fn mounted() -> Option<Self> {
            let place = Place::new();
            let script = "cd \"$1\" && mkdir source served \
                && cc -o server \"$2\" $(pkg-config --cflags --libs fuse3) \
                && ./server -o cache=always,source=\"$PWD/source\" served";
            let mut command = Command::new("sh");
            command.args(["-c", script, "sh"]).arg(place.dir.path()).arg(SERVER);
            let said = command.output().ok()?;
            if !said.status.success() {
                let why = String::from_utf8_lossy(&said.stderr);
                println!("skipped: no file system can be served here: {}", why.trim());
                return None;
            }
            Some(Self { place })
        }
    }

    impl Drop for Served {
        fn drop(&mut self) {
            let served = self.place.path("served");
            let _ignored = Command::new("umount").arg("--lazy").arg(served).output();
        }
    }

    #[test]
    fn what_the_server_of_a_file_system_does_not_know_of_is_no_hole() -> Outcome {
        let Some(served) = Served::mounted() else { return Ok(()) };
        let path = served.place.path("served/sparse");
        std::fs::write(&path, b"x")?;
        let begun = FileMapping::options().registry(&served.place.registry);
        let file = std::fs::File::options().read(true).write(true).open(&path)?;
        file.set_len(1 << 20)?;
        let held = begun.file(&file).create()?;
        let reader = MappedFile::options().read_only().open(&path)?;
        let view = held.map(Access::Write)?;

        view.write_all_at(b"stored", 70_000)?;

        let parts: Vec<_> = reader.mapping().extents(..)?.collect::<Result<_, _>>()?;
        assert!(has(&parts, 70_000..70_006), "{parts:?}");
        assert_eq!(reader.find(65_536.., b"stored")?, Some(70_000));
        Ok(())
    }
}
