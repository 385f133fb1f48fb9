//! Disks that are full, and a disk that fails.

use std::fs::{self, File};
use std::path::Path;

use filemap::{
    Access, Error, ErrorKind, FileMapping, Loss, MappedFile, Operation, PositionedIo, Protection,
    Registry, View,
};

use crate::support::{
    Outcome, Place, SMALL_DISK, fill_up, hear, in_memory, page, patterned, place_of_the_first,
    role, say, told, with_disk,
};

const MIB: usize = 1 << 20;

/// Runs the rest of a test in a second process that has a disk of its own.
macro_rules! on_a_disk {
    ($test:literal, $mount:expr) => {
        if role().is_none() {
            let place = Place::new();
            if let Some(mut second) = with_disk(&place, $test, $mount) {
                second.until("done");
                second.finish();
            }
            return Ok(());
        }
    };
}

/// The disk of a second process.
fn disk() -> std::path::PathBuf {
    place_of_the_first().join("disk")
}

/// A sparse file, and a view of all of it.
fn sparse(path: &Path, len: usize) -> Result<View, Error> {
    let file = File::options().read(true).write(true).create_new(true).open(path);
    let file = file.expect("a file can be created");
    FileMapping::options().file(&file).size(len as u64).create()?.map(Access::Write)
}

/// Asserts that a store found no space, and returns where.
#[track_caller]
fn assert_full(error: &Error, operation: Operation) -> Loss {
    let text = error.to_string();
    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::DiskFull, 112), "{text}");
    assert_eq!(error.operation(), operation, "{text}");
    assert!(text.contains("no space left"), "{text}");
    told(error)
}

#[test]
fn a_store_into_a_hole_of_a_full_disk_is_an_error() -> Outcome {
    on_a_disk!("disk::a_store_into_a_hole_of_a_full_disk_is_an_error", SMALL_DISK);
    let view = sparse(&disk().join("file"), 4 * MIB)?;
    let bytes = patterned(0, 4 * MIB);
    let page = page();

    let written = view.write_all_at(&bytes[100..], 100).unwrap_err();
    let Loss { offset, done } = assert_full(&written, Operation::Write);
    assert_eq!(offset, done as u64 + 100);
    assert!(in_memory(offset).is_multiple_of(page), "{offset}");
    assert!(done > MIB / 2 && done < MIB, "{done}");
    assert_eq!(view.compare(100, &bytes[100..100 + done])?, None);

    // Everything else that stores finds the same place, or its own.
    let filled = view.fill(0, 4 * MIB, 1).unwrap_err();
    assert_eq!(assert_full(&filled, Operation::Fill), Loss { offset, done: done + 100 });
    let hole = 3 * MIB;
    let at = Loss { offset: hole as u64, done: 0 };
    let copied = view.copy_from(hole, &view, 0, 3 * page).unwrap_err();
    assert_eq!(assert_full(&copied, Operation::Write), at);
    assert_eq!(assert_full(&view.write(hole, &1_u64).unwrap_err(), Operation::Write), at);
    assert_eq!(assert_full(&view.write(hole, &[1_u8; 9]).unwrap_err(), Operation::Write), at);
    let count = view.atomic::<u32>(hole)?;
    assert_eq!(assert_full(&count.fetch_add(1).unwrap_err(), Operation::Atomic), at);

    // Even to read a hole through a map takes a page here.
    let mut seen = vec![0; 2 * page];
    let read = view.read_exact_at(&mut seen, (in_memory(offset) - page) as u64).unwrap_err();
    assert_eq!(assert_full(&read, Operation::Read), Loss { offset, done: page });
    assert!(seen[..page].iter().all(|byte| *byte == 1));
    say("done");
    Ok(())
}

#[test]
fn a_view_works_again_once_there_is_space() -> Outcome {
    on_a_disk!("disk::a_view_works_again_once_there_is_space", SMALL_DISK);
    let view = sparse(&disk().join("file"), MIB / 2)?;
    fill_up(&disk().join("ballast"), 3 * page() as u64);

    let full = view.fill(0, MIB / 2, 7).unwrap_err();
    let Loss { done, .. } = assert_full(&full, Operation::Fill);
    assert_eq!(done, 3 * page());
    fs::remove_file(disk().join("ballast"))?;
    view.fill(0, MIB / 2, 7)?;

    assert_eq!(view.compare(0, &vec![7; MIB / 2])?, None);
    say("done");
    Ok(())
}

#[test]
fn a_mapped_file_with_holes_on_a_full_disk_says_how_far_it_came() -> Outcome {
    on_a_disk!("disk::a_mapped_file_with_holes_on_a_full_disk_says_how_far_it_came", SMALL_DISK);
    for (name, options) in crate::mapped_file::shapes() {
        let path = disk().join(name);
        let file = options.open(&path)?;
        file.set_len(MIB as u64)?;
        fill_up(&disk().join("ballast"), 40 * page() as u64);
        let bytes = patterned(0, MIB - 50);

        let written = file.write_all_at(&bytes, 50).unwrap_err();
        let filled = file.fill(0, MIB as u64, 9).unwrap_err();
        let value = file.write(900_000, &1_u64).unwrap_err();
        let count = file.atomic::<u64>(900_000).and_then(|cell| cell.fetch_add(1)).unwrap_err();

        let offset = 40 * page() as u64;
        let done = 40 * page() - 50;
        assert_eq!(assert_full(&written, Operation::Write), Loss { offset, done }, "{name}");
        let done = 40 * page();
        assert_eq!(assert_full(&filled, Operation::Fill), Loss { offset, done }, "{name}");
        let at = Loss { offset: 900_000, done: 0 };
        assert_eq!(assert_full(&value, Operation::Write), at, "{name}");
        assert_eq!(assert_full(&count, Operation::Atomic), at, "{name}");
        for error in [written, filled, value] {
            assert!(error.to_string().contains(path.to_str().unwrap()), "{name}: {error}");
        }
        assert_eq!(file.len()?, MIB as u64);
        assert_eq!(file.compare(0, &vec![9; 40 * page()])?, None, "{name}");
        drop(file);
        fs::remove_file(disk().join("ballast"))?;
        fs::remove_file(path)?;
    }
    say("done");
    Ok(())
}

#[test]
fn space_that_is_not_there_cannot_be_set_aside() -> Outcome {
    on_a_disk!("disk::space_that_is_not_there_cannot_be_set_aside", SMALL_DISK);
    let path = disk().join("file");
    fs::write(&path, patterned(0, 10_000))?;
    let free = || rustix::fs::statvfs(disk()).map(|state| state.f_bfree);
    let before = free()?;
    let file = File::options().read(true).write(true).open(&path)?;
    let large = 4 * MIB as u64;

    let mapping = FileMapping::options().file(&file).size(large).preallocate();
    let errors = [
        mapping.create().unwrap_err(),
        MappedFile::options().preallocate(large).open(&path).unwrap_err(),
        MappedFile::options().preallocate(large).open(disk().join("new")).unwrap_err(),
    ];

    for error in errors {
        assert_eq!((error.kind(), error.loss()), (ErrorKind::DiskFull, None), "{error}");
    }
    assert!(fs::read(&path)? == patterned(0, 10_000), "the file is as it was");
    assert_eq!(fs::metadata(disk().join("new"))?.len(), 0);
    assert_eq!(free()?, before, "nothing is kept for a mapping that is not");
    say("done");
    Ok(())
}

/// Makes and mounts a file system in a file, which a user can fill.
const OWN_DISK: &str = "truncate -s 32M \"$FILEMAP_DIR/image\" && \
     mkfs.ext4 -q -b 4096 -m 0 \"$FILEMAP_DIR/image\" >&2 && \
     mount -o loop \"$FILEMAP_DIR/image\" \"$FILEMAP_DIR/disk\"";

/// Has another process fail at setting space aside in a file, while this one appends to it.
fn fail_beside_appends(test: &str, mount: &str) -> Outcome {
    use std::os::unix::fs::FileExt as _;
    match role().as_deref() {
        None => {
            let place = Place::new();
            if let Some(mut second) = with_disk(&place, test, mount) {
                second.until("done");
                second.finish();
            }
        }
        Some("fails") => {
            let path = Path::new(&hear()).join("file");
            for _ in 0..200 {
                let options = MappedFile::options();
                let errors = [
                    options.clone().preallocate(1 << 41).open(&path).unwrap_err(),
                    options.open(&path)?.preallocate(0..1 << 41).unwrap_err(),
                ];
                for error in errors {
                    assert_eq!(error.kind(), ErrorKind::DiskFull, "{error}");
                }
            }
            say("failed");
        }
        Some(_) => {
            let path = disk().join("file");
            let file = File::options().write(true).create_new(true).open(&path)?;
            let place = Place::new();
            let mut second = place.child(test, "fails");
            second.tell(disk().to_str().ok_or("a temporary path is text")?);
            let mut number = 0_u64;
            while second.said_within(std::time::Duration::ZERO).is_none() {
                file.write_all_at(&number.to_le_bytes(), file.metadata()?.len())?;
                number += 1;
            }
            second.finish();
            let expected: Vec<u8> = (0..number).flat_map(u64::to_le_bytes).collect();
            let seen = fs::read(&path)?;
            assert!(seen == expected, "{} of {} bytes are there", seen.len(), expected.len());
            say("done");
        }
    }
    Ok(())
}

#[test]
fn setting_too_much_aside_loses_nobodys_appends_in_memory() -> Outcome {
    const TEST: &str = "disk::setting_too_much_aside_loses_nobodys_appends_in_memory";
    fail_beside_appends(TEST, "mount -t tmpfs -o size=64m none \"$FILEMAP_DIR/disk\"")
}

#[test]
fn setting_too_much_aside_loses_nobodys_appends_on_a_disk() -> Outcome {
    const TEST: &str = "disk::setting_too_much_aside_loses_nobodys_appends_on_a_disk";
    fail_beside_appends(TEST, OWN_DISK)
}

#[test]
fn stores_to_space_that_was_set_aside_find_it() -> Outcome {
    on_a_disk!("disk::stores_to_space_that_was_set_aside_find_it", SMALL_DISK);
    let (one, other) = (disk().join("one"), disk().join("other"));
    fs::write(&one, b"content")?;
    let file = File::options().read(true).write(true).open(&one)?;
    let mapping = FileMapping::options().file(&file).size(200_000).preallocate().create()?;
    let mapped = MappedFile::options().preallocate(200_000).open(&other)?;
    fill_up(&disk().join("ballast"), 0);

    let view = mapping.map(Access::Write)?;
    assert_eq!(view.compare(0, b"content\0\0")?, None);
    view.fill(0, 200_000, 5)?;
    mapped.write_all_at(&[6; 200_000], 0)?;
    let past = mapped.write_all_at(&[6; 100_000], 200_000).unwrap_err();

    assert!(fs::read(one)? == [5; 200_000]);
    assert!(fs::read(other)?[..200_000] == [6; 200_000]);
    assert_eq!(past.kind(), ErrorKind::DiskFull, "{past}");
    say("done");
    Ok(())
}

#[test]
fn named_memory_in_a_full_registry_is_an_error() -> Outcome {
    on_a_disk!("disk::named_memory_in_a_full_registry_is_an_error", SMALL_DISK);
    let registry = Registry::at(disk());
    let named = |name, size| FileMapping::options().registry(&registry).name(name).size(size);
    // The directory itself is made while there is space.
    let memory = named("sparse", 4 * MIB as u64).sparse().create()?;
    let view = memory.map(Access::Write)?;

    // More than the registry has is refused at once.
    for begun in [named("ahead", 4 * MIB as u64), named("ahead", 4 * MIB as u64).preallocate()] {
        let ahead = begun.create().unwrap_err();
        assert_eq!((ahead.kind(), ahead.loss()), (ErrorKind::DiskFull, None), "{ahead}");
        let absent = registry.open("ahead").unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound, "{absent}");
    }
    // Reserved memory takes none before it is committed, and then all of it or an error.
    #[cfg(feature = "pages")]
    {
        use filemap::{Attributes, PageAccess};

        let reserved =
            named("reserved", 64 * MIB as u64).attributes(Attributes::RESERVE).create()?;
        let pages = reserved.map(Access::Write)?;
        let refused = pages.commit(..4 * MIB, PageAccess::Write).unwrap_err();
        assert_eq!((refused.kind(), refused.loss()), (ErrorKind::DiskFull, None), "{refused}");
        assert_eq!(pages.read::<u8>(0).unwrap_err().kind(), ErrorKind::NotCommitted);
    }

    // What was promised is there when everything else is taken.
    let kept = named("kept", 100_000).create()?;
    let stored = view.fill(0, 4 * MIB, 7).unwrap_err();
    let Loss { offset, done } = assert_full(&stored, Operation::Fill);
    assert_eq!(offset, done as u64);
    assert!(done > MIB / 2 && done < MIB - 100_000, "{done}");
    assert_eq!(view.compare(0, &vec![7; done])?, None);
    let at = Loss { offset: 3 * MIB as u64, done: 0 };
    let full = view.atomic::<u64>(3 * MIB)?.swap(1).unwrap_err();
    assert_eq!(assert_full(&full, Operation::Atomic), at);
    kept.map(Access::Write)?.fill(0, 100_000, 8)?;

    // Not even a page of a new name fits, and the names that are there live on.
    let none = named("one more", 1).create().unwrap_err();
    assert_eq!((none.kind(), none.loss()), (ErrorKind::DiskFull, None), "{none}");
    let (text, place) = (none.to_string(), disk().canonicalize()?);
    assert!(text.contains(&format!("no space left in {}/filemap-", place.display())), "{text}");
    // Where only a view is left, the cause is found out as well.
    drop(memory);
    let full = view.fill(2 * MIB, 1, 7).unwrap_err();
    let at = Loss { offset: 2 * MIB as u64, done: 0 };
    assert_eq!(assert_full(&full, Operation::Fill), at);
    assert!(full.to_string().starts_with("could not fill the mapping `Local\\sparse`, "), "{full}");
    assert_eq!(registry.open("kept")?.map(Access::Read)?.read::<u8>(99_999)?, 8);
    drop(view);
    assert_eq!(registry.open("sparse").unwrap_err().kind(), ErrorKind::NotFound);
    assert!(named("one more", 1).create().is_ok());
    say("done");
    Ok(())
}

#[test]
fn memory_without_a_name_can_be_set_aside() -> Outcome {
    let sizes = [1, 100_000, 4 * MIB as u64];
    for size in sizes {
        let mapping = FileMapping::options().size(size).preallocate().create()?;
        let view = mapping.map(Access::Write)?;
        view.fill(0, view.len(), 3)?;
        assert_eq!(view.compare(0, &vec![3; view.len()])?, None);
    }
    let read_only = FileMapping::options().size(100).protection(Protection::ReadOnly).preallocate();
    assert_eq!(read_only.create()?.map(Access::Read)?.read::<u8>(99)?, 0);
    Ok(())
}

/// Makes and mounts a file system in a file, which can be cut under it.
pub(crate) const FAILING_DISK: &str = "truncate -s 32M \"$FILEMAP_DIR/image\" && \
     mkfs.ext2 -q -b 4096 -m 0 \"$FILEMAP_DIR/image\" >&2 && \
     mount -o loop \"$FILEMAP_DIR/image\" \"$FILEMAP_DIR/disk\"";

/// Writes a file to the disk and makes the kernel forget its pages.
pub(crate) fn forgotten(path: &Path, content: &[u8]) -> std::io::Result<File> {
    fs::write(path, content)?;
    let file = File::options().read(true).write(true).open(path)?;
    file.sync_all()?;
    forget(&file)?;
    Ok(file)
}

pub(crate) fn forget(file: &File) -> std::io::Result<()> {
    Ok(rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)?)
}

/// How many bytes ordinary input delivers before the disk fails.
pub(crate) fn readable(file: &File, len: usize) -> usize {
    use std::os::unix::fs::FileExt as _;
    let mut bytes = vec![0; page()];
    let pages = 0..len / page();
    let good =
        pages.take_while(|index| file.read_exact_at(&mut bytes, (index * page()) as u64).is_ok());
    good.count() * page()
}

#[test]
fn a_disk_that_fails_is_an_error_at_the_exact_byte() -> Outcome {
    on_a_disk!("disk::a_disk_that_fails_is_an_error_at_the_exact_byte", FAILING_DISK);
    const LEN: usize = 8 * MIB;
    let path = disk().join("file");
    let content = patterned(0, LEN);
    let file = forgotten(&path, &content)?;
    // What lies behind the cut is on no disk any more.
    let image = File::options().write(true).open(place_of_the_first().join("image"))?;
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    let mapped = MappedFile::open(&path)?;
    image.set_len(8 * MIB as u64)?;
    let good = readable(&file, LEN);
    assert!((MIB..=LEN - MIB).contains(&good), "{good}");

    for (offset, len) in [(0, LEN), (100, LEN - 100), (good - 10, 20), (good, 1), (good + 77, 9)] {
        forget(&file)?;
        let mut buf = vec![0xEE; len];
        let error = view.read_exact_at(&mut buf, offset as u64).unwrap_err();

        let text = error.to_string();
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::Device, 1117), "{text}");
        let loss = told(&error);
        let lost = good.max(offset);
        assert_eq!(loss, Loss { offset: lost as u64, done: lost - offset }, "{text}");
        assert!(buf[..loss.done] == content[offset..offset + loss.done]);
        assert!(text.contains("it cannot be read"), "{text}");

        let error = mapped.read_at(&mut buf, offset as u64).unwrap_err();
        assert_eq!((error.kind(), told(&error)), (ErrorKind::Device, loss), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    let at = Loss { offset: good as u64, done: 0 };
    let count = view.atomic::<u64>(good)?;
    let errors = [
        (view.write(good, &1_u64).unwrap_err(), Operation::Write),
        (view.fill(good, 1, 1).unwrap_err(), Operation::Fill),
        (view.find(good.., &[0x42]).unwrap_err(), Operation::Search),
        (view.read::<u64>(good).unwrap_err(), Operation::Read),
        (count.load().unwrap_err(), Operation::Atomic),
        (mapped.write_all_at(b"x", good as u64).unwrap_err(), Operation::Write),
        (mapped.find(good as u64.., &[0x42]).unwrap_err(), Operation::Search),
    ];
    for (error, operation) in errors {
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Device, operation), "{error}");
        assert_eq!(told(&error), at, "{error}");
    }
    // The good part is as good as ever.
    view.write_all_at(b"!", (good - 5) as u64)?;
    assert_eq!(view.read::<u8>(good - 5)?, b'!');
    say("done");
    Ok(())
}
