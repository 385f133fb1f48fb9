//! A file system that is full, or forbids something, is an error that names it, and changes nothing.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use filemap::{Access, ErrorKind, FileMapping, MappedFile, PositionedIo as _, Protection};

use crate::bad_input::{Before, assert_no_names, assert_says};
use crate::support::{self, Outcome, Place, named};

/// A file system of so many kilobytes in memory, which is unmounted with the test.
struct Small {
    place: Place,
}

impl Small {
    fn mounted(size: &str, more: &str) -> Option<Self> {
        let place = Place::new();
        let options = format!("size={size},{more}");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "filemap-test"]).arg(place.dir.path());
        match command.output() {
            Ok(output) if output.status.success() => Some(Self { place }),
            _ => None,
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ignored = Command::new("umount").arg("--lazy").arg(self.place.dir.path()).output();
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_file_is_as_it_was() -> Outcome {
    let Some(small) = Small::mounted("64k", "mode=700") else {
        println!("skipped: this user may not mount a file system, so none is full");
        return Ok(());
    };
    let place = &small.place;
    let file = place.file("content", b"content");
    let before = Before::of(place.path("content"))?;
    let filler = place.file("filler", &[1; 60_000]);

    let begun = FileMapping::options().registry(&place.registry).size(1 << 20);
    for begun in [begun.clone().file(&file), begun.clone().file(&file).name("x")] {
        let error = begun.create().unwrap_err();

        assert_says(&error, ErrorKind::DiskFull, 112, &["could not create"]);
        before.assert_unchanged("a full disk")?;
    }
    let error = begun.name("memory").create().unwrap_err();
    assert_says(&error, ErrorKind::DiskFull, 112, &["Local\\memory"]);
    drop(filler);
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn a_full_place_for_names_leaves_the_file_as_it_was() -> Outcome {
    let Some(small) = Small::mounted("64k", "mode=700") else {
        println!("skipped: this user may not mount a file system, so none is full");
        return Ok(());
    };
    let elsewhere = Place::new();
    let file = elsewhere.file("content", b"content");
    let before = Before::of(elsewhere.path("content"))?;
    // The registry's directories are created first; then the file system is full.
    drop(FileMapping::options().registry(&small.place.registry).name("first").size(1).create()?);
    let filler = File::create(small.place.path("filler"))?;
    let mut filled = 0;
    let mut fill = || {
        while filler.write_at(&[1; 4_096], filled).is_ok() {
            filled += 4_096;
        }
    };
    fill();
    // The space is free once the children that other tests have forked meanwhile have called `exec`.
    support::eventually("a neighbour has let go of it", || {
        fill();
        named(&small.place.registry, "probe").is_err()
    });

    let begun = FileMapping::options().registry(&small.place.registry).name("x");
    let error = begun.file(&file).size(1 << 20).create().unwrap_err();

    assert_says(&error, ErrorKind::DiskFull, 112, &["Local\\x"]);
    before.assert_unchanged("a full place for names")?;
    Ok(())
}

#[test]
fn a_file_system_without_execution_gives_no_executable_view() -> Outcome {
    let Some(small) = Small::mounted("1m", "noexec") else {
        println!("skipped: this user may not mount a file system, so none forbids execution");
        return Ok(());
    };
    let file = small.place.file("content", b"content");
    let mapping =
        FileMapping::options().file(&file).protection(Protection::ExecuteReadWrite).create()?;

    for access in [Access::ExecuteRead, Access::ExecuteWrite, Access::ExecuteCopy] {
        let mapped = mapping.map(access);

        if support::emulated() {
            // An emulator reads the code and runs its own, so the kernel does not refuse it.
            assert_eq!(mapped?.read::<[u8; 7]>(0)?, *b"content");
            continue;
        }
        let error = mapped.unwrap_err();
        assert_says(&error, ErrorKind::AccessDenied, 5, &["could not map a view"]);
    }
    assert_eq!(mapping.map(Access::Read)?.read::<[u8; 7]>(0)?, *b"content");
    Ok(())
}

#[test]
fn a_file_of_another_user_in_a_folder_of_everybody_is_opened() -> Outcome {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    let place = Place::new();
    let folder = place.path("everybody");
    std::fs::create_dir(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o1777))?;
    let path = folder.join("theirs");
    std::fs::write(&path, b"content")?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
    if chown(&path, Some(4242), None).is_err() {
        println!("skipped: this user may give no file away");
        return Ok(());
    }
    // A setting of the whole machine, which some have and some have not.
    let setting = "/proc/sys/fs/protected_regular";
    let before = std::fs::read_to_string(setting).unwrap_or_default();
    if std::fs::write(setting, "2").is_err() && matches!(before.trim(), "" | "0") {
        println!("skipped: this kernel does not protect files in folders of everybody");
        return Ok(());
    }
    let creating = File::options().append(true).create(true).open(&path);
    let opened = MappedFile::open(&path);
    let _ignored = std::fs::write(setting, before);

    assert!(creating.is_err(), "the folder is not protected");
    let file = opened?;
    file.write_all_at(b"C", 0)?;
    assert_eq!(std::fs::read(&path)?, b"Content");
    assert!(MappedFile::open(folder.join("new"))?.is_empty()?);
    Ok(())
}
