//! Entries that are none: whatever stands in an entry's place is a clear error, or goes away.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use filemap::{Access, Error, ErrorKind, FileMapping, MappedFile, Protection, Registry, Scope};

use crate::support::{self, Place, is_free, kind, named};

/// The root of the local names of this place, which is there once a name was.
fn root_of(place: &Place) -> PathBuf {
    place.registry.path(Scope::Local).expect("it is trusted").expect("it is there")
}

/// Everything that can be asked about a name, and what it answers.
fn all_answers(registry: &Registry, name: &str) -> [Result<(), ErrorKind>; 5] {
    let of = |result: Result<(), Error>| result.map_err(|error| error.kind());
    [
        of(registry.inspect(name).map(drop)),
        of(registry.list().map(drop)),
        of(registry.open(name).map(drop)),
        of(registry.collect().map(drop)),
        of(named(registry, name).map(drop)),
    ]
}

/// Tells a test that answers nothing in time from one that does: by its end.
fn bounded(
    test: &str,
    act: impl FnOnce(&Place, &Registry) -> Result<(), Error>,
) -> Result<(), Error> {
    if support::role().is_some() {
        let place = Place::new();
        let registry = Registry::at(place.path("."));
        drop(named(&registry, "other")?);
        return act(&place, &registry);
    }
    Place::new().child(test, "answers").finish();
    Ok(())
}

#[test]
fn what_nobody_holds_is_cleared_away_whatever_it_is() -> Result<(), Error> {
    bounded("entries::what_nobody_holds_is_cleared_away_whatever_it_is", |place, registry| {
        let entry = root_of(place).join("x");
        let other = {
            let _other = named(registry, "other")?;
            fs::read(registry.inspect("other")?.entry()).unwrap()
        };
        for content in [&b""[..], b"x", &[0; 4096], &[0xFF; 8192], &[b'f'; 5000], &other] {
            fs::write(&entry, content).unwrap();
            let len = content.len();
            assert_eq!(kind(registry.inspect("x")), ErrorKind::DamagedEntry, "{len}");
            assert!(registry.list()?.is_empty());
            assert_eq!(kind(registry.open("x")), ErrorKind::NotFound, "{len}");
            assert!(!entry.exists(), "{len}");

            fs::write(&entry, content).unwrap();
            assert!(!named(registry, "x")?.existed(), "{len}");
            fs::write(&entry, content).unwrap();
            assert_eq!(registry.collect()?, 1);
        }
        Ok(())
    })
}

#[test]
fn what_somebody_holds_and_is_no_entry_is_damaged() -> Result<(), Error> {
    bounded("entries::what_somebody_holds_and_is_no_entry_is_damaged", |place, registry| {
        let entry = root_of(place).join("x");
        let other = {
            let _other = named(registry, "other")?;
            fs::read(registry.inspect("other")?.entry()).unwrap()
        };
        for content in [&b""[..], b"x", &[0; 4096], &[0xFF; 8192], &[b'f'; 5000], &other] {
            fs::write(&entry, content).unwrap();
            let held = File::open(&entry).unwrap();
            support::hold(&held);

            let answers = all_answers(registry, "x");

            let damaged = Err(ErrorKind::DamagedEntry);
            assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), damaged], "{}", content.len());
            assert_eq!(fs::read(&entry).unwrap(), content, "it is as it was");
        }
        Ok(())
    })
}

#[test]
fn a_truncated_entry_is_damaged_while_it_is_held_and_gone_afterwards() -> Result<(), Error> {
    const TEST: &str = "entries::a_truncated_entry_is_damaged_while_it_is_held_and_gone_afterwards";
    bounded(TEST, |_, registry| {
        for len in [0, 1, 4095, 4096, 8191] {
            let held = named(registry, "x")?;
            let entry = registry.inspect("x")?.entry().to_owned();
            File::options().write(true).open(&entry).unwrap().set_len(len).unwrap();

            let answers = all_answers(registry, "x");

            let damaged = Err(ErrorKind::DamagedEntry);
            assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), damaged], "{len}");
            held.close()?;
            assert!(!entry.exists());
        }
        Ok(())
    })
}

#[test]
fn a_pipe_in_an_entrys_place_stops_nobody() -> Result<(), Error> {
    bounded("entries::a_pipe_in_an_entrys_place_stops_nobody", |place, registry| {
        let entry = root_of(place).join("x");
        let make = || assert!(Command::new("mkfifo").arg(&entry).status().unwrap().success());
        make();
        assert_eq!(kind(registry.inspect("x")), ErrorKind::DamagedEntry);
        assert!(registry.list()?.is_empty());
        let opened = registry.open("x").map(drop).map_err(|error| error.kind());
        assert!(matches!(opened, Err(ErrorKind::NotFound | ErrorKind::DamagedEntry)), "{opened:?}");
        if !entry.exists() {
            make();
        }
        // A pipe that somebody has open and locked.
        let held = File::options().read(true).write(true).open(&entry).unwrap();
        support::hold(&held);
        assert_eq!(kind(registry.open("x")), ErrorKind::DamagedEntry);
        assert_eq!(kind(named(registry, "x")), ErrorKind::DamagedEntry);
        assert_eq!(registry.collect()?, 0);
        Ok(())
    })
}

#[test]
fn a_directory_a_link_or_a_socket_in_an_entrys_place_is_a_damaged_entry() -> Result<(), Error> {
    const TEST: &str =
        "entries::a_directory_a_link_or_a_socket_in_an_entrys_place_is_a_damaged_entry";
    bounded(TEST, |place, registry| {
        let entry = root_of(place).join("x");
        let target = place.path("target");
        fs::write(&target, "target").unwrap();
        for what in ["directory", "link", "dangling link", "socket"] {
            match what {
                "directory" => fs::create_dir(&entry).unwrap(),
                "link" => symlink(&target, &entry).unwrap(),
                "dangling link" => symlink("nowhere", &entry).unwrap(),
                _ => drop(UnixListener::bind(&entry).unwrap()),
            }

            let answers = all_answers(registry, "x");

            let damaged = Err(ErrorKind::DamagedEntry);
            assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), damaged], "{what}");
            assert_eq!(fs::read(&target).unwrap(), b"target", "nothing was followed");
            if what == "directory" {
                fs::remove_dir(&entry).unwrap();
            } else {
                fs::remove_file(&entry).unwrap();
            }
        }
        Ok(())
    })
}

#[test]
fn a_second_link_to_a_live_entry_is_no_second_name() -> Result<(), Error> {
    bounded("entries::a_second_link_to_a_live_entry_is_no_second_name", |place, registry| {
        let held = named(registry, "x")?;
        let root = root_of(place);
        fs::hard_link(root.join("x"), root.join("y")).unwrap();

        assert_eq!(kind(registry.inspect("y")), ErrorKind::DamagedEntry);
        assert_eq!(kind(registry.open("y")), ErrorKind::DamagedEntry);
        assert!(registry.open("x").is_ok());
        drop(held);
        assert!(is_free(registry, "x"));
        assert!(!named(registry, "x")?.existed());
        assert!(is_free(registry, "y"));
        Ok(())
    })
}

/// Where the fields of a trailer's footer are, counted from the end of the file.
mod footer {
    pub(super) const SIZE: u64 = 88;
    pub(super) const DEVICE: u64 = 72;
    pub(super) const INODE: u64 = 64;
    pub(super) const BORN: u64 = 56;
    pub(super) const CREATED: u64 = 48;
    pub(super) const NAME_LEN: u64 = 36;
    pub(super) const PATH_LEN: u64 = 32;
    pub(super) const ATTRIBUTES: u64 = 28;
    pub(super) const PROTECTION: u64 = 26;
    pub(super) const CONTENT: u64 = 25;
    pub(super) const TRAILER_LEN: u64 = 24;
    pub(super) const VERSION: u64 = 20;
    pub(super) const GENERATION: u64 = 16;
    pub(super) const CHECKSUM: u64 = 12;
}

/// Changes fields of a live entry's trailer, and makes its checksum right again.
fn lie(entry: &Path, trailer_len: usize, changes: &[(u64, &[u8])]) {
    let file = File::options().read(true).write(true).open(entry).expect("an entry can be changed");
    let len = file.metadata().expect("an entry can be changed").len();
    for (field, bytes) in changes {
        file.write_all_at(bytes, len - field).expect("an entry can be changed");
    }
    file.write_all_at(&[0; 4], len - footer::CHECKSUM).expect("an entry can be changed");
    let mut trailer = vec![0; trailer_len];
    file.read_exact_at(&mut trailer, len - trailer_len as u64).expect("an entry can be changed");
    let checksum = crc32c::crc32c(&trailer).to_le_bytes();
    file.write_all_at(&checksum, len - footer::CHECKSUM).expect("an entry can be changed");
}

#[test]
fn a_trailer_that_lies_with_a_good_checksum_is_damaged() -> Result<(), Error> {
    bounded("entries::a_trailer_that_lies_with_a_good_checksum_is_damaged", |_, registry| {
        let lies: [(&str, u64, &[u8]); 14] = [
            ("no size", footer::SIZE, &[0; 8]),
            ("a larger size", footer::SIZE, &8192_u64.to_le_bytes()),
            ("a huge size", footer::SIZE, &[0xFF; 8]),
            ("the largest length", footer::SIZE, &i64::MAX.to_le_bytes()),
            ("a long name", footer::NAME_LEN, &[0xFF; 4]),
            ("a name of the trailer", footer::NAME_LEN, &4096_u32.to_le_bytes()),
            ("no name", footer::NAME_LEN, &[0; 4]),
            ("a long path", footer::PATH_LEN, &[0xFF; 4]),
            ("an unknown attribute", footer::ATTRIBUTES, &[0xFF; 2]),
            ("an unknown protection", footer::PROTECTION, &[6]),
            ("unknown content", footer::CONTENT, &[3]),
            ("a huge trailer", footer::TRAILER_LEN, &[0xFF; 4]),
            ("a longer trailer", footer::TRAILER_LEN, &8192_u32.to_le_bytes()),
            ("a later version", footer::VERSION, &2_u32.to_le_bytes()),
        ];
        for (what, field, bytes) in lies {
            let held = named(registry, "x")?;
            let entry = registry.inspect("x")?.entry().to_owned();
            lie(&entry, 4096, &[(field, bytes)]);

            let answers = all_answers(registry, "x");

            let damaged = Err(ErrorKind::DamagedEntry);
            assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), damaged], "{what}");
            held.close()?;
            assert!(is_free(registry, "x"), "{what}");
        }
        Ok(())
    })
}

#[test]
fn a_trailer_that_lies_about_its_file_leads_to_no_other_file() -> Result<(), Error> {
    const TEST: &str = "entries::a_trailer_that_lies_about_its_file_leads_to_no_other_file";
    bounded(TEST, |place, registry| {
        let file = place.file("notes", b"hello");
        let options = || FileMapping::options().registry(registry).file(&file).name("x");
        let fields = [
            (footer::INODE, 8, "inode"),
            (footer::DEVICE, 8, "device"),
            (footer::BORN, 8, "birth"),
            (footer::GENERATION, 4, "generation"),
        ];
        for (field, width, what) in fields {
            let held = options().create_new()?;
            let entry = registry.inspect("x")?.entry().to_owned();
            lie(&entry, 4096, &[(field, &[0xEE; 8][..width])]);

            let error = registry.open("x").unwrap_err();

            assert_eq!(error.kind(), ErrorKind::BackingGone, "{what}: {error}");
            assert!(error.to_string().contains("notes"), "{error}");
            held.close()?;
        }
        for size in [6, 1 << 40, i64::MAX.unsigned_abs(), u64::MAX] {
            let held = options().create_new()?;
            let entry = registry.inspect("x")?.entry().to_owned();
            lie(&entry, 4096, &[(footer::SIZE, &size.to_le_bytes())]);

            // What does not fit is an error here or when it is mapped, and never a panic.
            if let Ok(found) = registry.open("x") {
                drop(found.map(Access::Read));
                drop(found.map_range(Access::Read, size - 1..size));
                drop(found.map_range(Access::Read, size - 1..));
            }
            held.close()?;
        }
        Ok(())
    })
}

#[test]
fn a_trailer_from_the_far_future_is_listed() -> Result<(), Error> {
    bounded("entries::a_trailer_from_the_far_future_is_listed", |_, registry| {
        let _held = named(registry, "x")?;
        let entry = registry.inspect("x")?.entry().to_owned();

        lie(&entry, 4096, &[(footer::CREATED, &[0xFF; 8])]);

        assert!(registry.inspect("x")?.created() > SystemTime::now());
        assert!(registry.open("x").is_ok());
        Ok(())
    })
}

#[test]
fn the_name_of_a_file_does_nothing_to_the_terminal_that_an_error_is_shown_on() -> std::io::Result<()>
{
    let place = Place::new();
    let path = place.path("a\u{1b}[2Jb\n");
    let missing = MappedFile::options().read_only().open(&path).unwrap_err();
    let file = File::create_new(&path)?;
    file.write_all_at(b"bytes", 0)?;
    let options = FileMapping::options().registry(&place.registry).name("x");
    let named = options.protection(Protection::ReadOnly).file(&File::open(&path)?).create()?;
    let held = File::open(place.registry.inspect("x")?.entry())?;
    support::hold(&held);
    drop((named, file));
    fs::rename(&path, place.path("elsewhere"))?;
    File::create_new(&path)?.write_all_at(b"other", 0)?;
    let gone = place.registry.open("x").unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::BackingGone);
    let mapped = MappedFile::open(&path)?;
    let ended = mapped.read_exact_at(5, &mut [0]).unwrap_err();

    for error in [missing, ended, gone] {
        let text = error.to_string();
        assert!(text.contains("a\\u{1b}[2Jb\\n"), "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    Ok(())
}
