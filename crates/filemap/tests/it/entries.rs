//! Invalid entries: whatever is in an entry's place is a clear error, or is removed.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use filemap::{
    Access, Attributes, Backing, Error, ErrorKind, FileMapping, MappedFile, PositionedIo,
    Protection, Registry, Scope,
};

use crate::support::{self, Place, is_free, kind, named};

/// The root of this place's local names, which exists once a name was created.
fn root_of(place: &Place) -> PathBuf {
    place.registry.path(Scope::Local).expect("it is trusted").expect("it is there")
}

/// The results of all calls about a name.
fn all_answers(registry: &Registry, name: &str) -> [Result<(), ErrorKind>; 5] {
    let of = |result: Result<(), Error>| result.map_err(|error| error.kind());
    [
        of(registry.inspect(name).map(drop)),
        of(registry.list().map(drop)),
        of(registry.open(name).map(drop)),
        of(registry.remove_dead().map(drop)),
        of(named(registry, name).map(drop)),
    ]
}

/// Runs calls in a second process, whose end shows that none of them hangs.
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
fn a_file_without_holders_is_removed_whatever_it_is() -> Result<(), Error> {
    bounded("entries::a_file_without_holders_is_removed_whatever_it_is", |place, registry| {
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
            assert_eq!(registry.remove_dead()?, 1);
        }
        Ok(())
    })
}

#[test]
fn a_held_file_that_is_not_an_entry_is_a_damaged_entry() -> Result<(), Error> {
    bounded("entries::a_held_file_that_is_not_an_entry_is_a_damaged_entry", |place, registry| {
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
fn a_pipe_in_an_entrys_place_blocks_nobody() -> Result<(), Error> {
    bounded("entries::a_pipe_in_an_entrys_place_blocks_nobody", |place, registry| {
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
        // A pipe that another process has open and locked.
        let held = File::options().read(true).write(true).open(&entry).unwrap();
        support::hold(&held);
        assert_eq!(kind(registry.open("x")), ErrorKind::DamagedEntry);
        assert_eq!(kind(named(registry, "x")), ErrorKind::DamagedEntry);
        assert_eq!(registry.remove_dead()?, 0);
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

            // Removing the dead removes it as well.
            let damaged = Err(ErrorKind::DamagedEntry);
            assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), Ok(())], "{what}");
            assert!(!entry.exists(), "{what}");
            assert_eq!(fs::read(&target).unwrap(), b"target", "nothing was followed");
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

/// The offsets of a footer's fields, from the end of the file.
pub(crate) mod footer {
    pub(crate) const SIZE: u64 = 88;
    pub(crate) const DEVICE: u64 = 72;
    pub(crate) const INODE: u64 = 64;
    pub(crate) const BORN: u64 = 56;
    pub(crate) const CREATED: u64 = 48;
    pub(crate) const NAME_LEN: u64 = 36;
    pub(crate) const PATH_LEN: u64 = 32;
    pub(crate) const ATTRIBUTES: u64 = 28;
    pub(crate) const PROTECTION: u64 = 26;
    pub(crate) const CONTENT: u64 = 25;
    pub(crate) const TRAILER_LEN: u64 = 24;
    pub(crate) const VERSION: u64 = 20;
    pub(crate) const GENERATION: u64 = 16;
    pub(crate) const CHECKSUM: u64 = 12;
}

/// Changes fields of a live entry's trailer, and corrects its checksum.
pub(crate) fn lie(entry: &Path, trailer_len: usize, changes: &[(u64, &[u8])]) {
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
fn a_false_trailer_with_a_correct_checksum_is_damaged() -> Result<(), Error> {
    bounded("entries::a_false_trailer_with_a_correct_checksum_is_damaged", |_, registry| {
        let image = Attributes::IMAGE.bits().to_le_bytes();
        let lies: [(&str, u64, &[u8]); 16] = [
            ("no size", footer::SIZE, &[0; 8]),
            ("a larger size", footer::SIZE, &8192_u64.to_le_bytes()),
            ("a size of 1 TiB", footer::SIZE, &(1_u64 << 40).to_le_bytes()),
            ("a huge size", footer::SIZE, &[0xFF; 8]),
            ("the largest length", footer::SIZE, &i64::MAX.to_le_bytes()),
            ("a long name", footer::NAME_LEN, &[0xFF; 4]),
            ("a name of the trailer", footer::NAME_LEN, &4096_u32.to_le_bytes()),
            ("no name", footer::NAME_LEN, &[0; 4]),
            ("a long path", footer::PATH_LEN, &[0xFF; 4]),
            ("an unknown attribute", footer::ATTRIBUTES, &[0xFF; 2]),
            ("the attributes of a program", footer::ATTRIBUTES, &image),
            ("an unknown protection", footer::PROTECTION, &[6]),
            ("unknown content", footer::CONTENT, &[4]),
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
fn a_name_of_another_kind_of_object_is_no_mappings() -> Result<(), Error> {
    let place = Place::new();
    let held = named(&place.registry, "x")?;
    lie(place.registry.inspect("x")?.entry(), 4096, &[(footer::CONTENT, &[3])]);
    for refused in [place.registry.open("x"), named(&place.registry, "x")] {
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::WrongObject, 6));
        assert!(error.to_string().contains("`Local\\x`: the name is that of a"), "{error}");
    }
    held.close()
}

#[test]
fn a_false_trailer_opens_no_other_file() -> Result<(), Error> {
    const TEST: &str = "entries::a_false_trailer_opens_no_other_file";
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

            // An invalid value is an error here or when it is mapped, and never a panic.
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
fn a_file_with_the_attributes_of_a_program_is_damaged() -> Result<(), Error> {
    const TEST: &str = "entries::a_file_with_the_attributes_of_a_program_is_damaged";
    bounded(TEST, |place, registry| {
        let file = place.file("notes", b"hello");
        let _held = FileMapping::options().registry(registry).file(&file).name("x").create_new()?;
        let entry = registry.inspect("x")?.entry().to_owned();
        lie(&entry, 4096, &[(footer::ATTRIBUTES, &Attributes::IMAGE.bits().to_le_bytes())]);

        let answers = all_answers(registry, "x");

        let damaged = Err(ErrorKind::DamagedEntry);
        assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), damaged]);
        Ok(())
    })
}

#[test]
fn a_trailer_with_an_impossible_name_is_not_listed() -> Result<(), Error> {
    const TEST: &str = "entries::a_trailer_with_an_impossible_name_is_not_listed";
    bounded(TEST, |_, registry| {
        let names = [
            ("possible", "possible", true),
            ("Local\\x", "Local%5Cx", false),
            ("Global\\x", "Global%5Cx", false),
            ("\\", "%5C", false),
            ("a\0b", "a%00b", false),
        ];
        for (base, file_name, is_possible) in names {
            let _held = named(registry, "x")?;
            let entry = registry.inspect("x")?.entry().to_owned();
            let len = u32::try_from(base.len()).unwrap();
            let fields = [(4096, base.as_bytes()), (footer::NAME_LEN, &len.to_le_bytes())];
            lie(&entry, 4096, &fields);
            let renamed = entry.with_file_name(file_name);
            fs::rename(&entry, &renamed).unwrap();

            let listed: Vec<_> =
                registry.list()?.iter().map(|named| named.name().base().to_owned()).collect();

            assert_eq!(listed == [base], is_possible, "{listed:?}");
            assert_eq!(listed.is_empty(), !is_possible, "{listed:?}");
            fs::remove_file(&renamed).unwrap();
        }
        Ok(())
    })
}

#[test]
fn a_copy_of_an_entry_in_its_place_is_damaged() -> Result<(), Error> {
    bounded("entries::a_copy_of_an_entry_in_its_place_is_damaged", |_, registry| {
        let _held = named(registry, "x")?;
        let entry = registry.inspect("x")?.entry().to_owned();
        let copy = entry.with_file_name("copy");
        fs::copy(&entry, &copy).unwrap();
        fs::rename(&copy, &entry).unwrap();
        let holder = File::open(&entry).unwrap();
        support::hold(&holder);

        let answers = all_answers(registry, "x");

        let damaged = Err(ErrorKind::DamagedEntry);
        assert_eq!(answers, [damaged, Ok(()), damaged, Ok(()), damaged]);
        Ok(())
    })
}

#[test]
fn a_trailer_with_any_byte_changed_is_damaged() -> Result<(), Error> {
    bounded("entries::a_trailer_with_any_byte_changed_is_damaged", |_, registry| {
        let _held = named(registry, "x")?;
        let path = registry.inspect("x")?.entry().to_owned();
        let entry = File::options().read(true).write(true).open(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 8192);
        // The checksum leaves out the generation, and where a holder was found last.
        for (at, good) in (0..).zip(bytes).skip(4096).filter(|(at, _)| !(8088..8104).contains(at)) {
            entry.write_all_at(&[good ^ 0x40], at).unwrap();

            assert_eq!(kind(registry.inspect("x")), ErrorKind::DamagedEntry, "byte {at}");
            assert_eq!(kind(registry.open("x")), ErrorKind::DamagedEntry, "byte {at}");
            assert_eq!(kind(named(registry, "x")), ErrorKind::DamagedEntry, "byte {at}");
            entry.write_all_at(&[good], at).unwrap();
        }
        assert_eq!(registry.open("x")?.size(), 4096);
        Ok(())
    })
}

#[test]
fn random_bytes_are_a_damaged_entry() -> Result<(), Error> {
    bounded("entries::random_bytes_are_a_damaged_entry", |place, registry| {
        let mut random = fastrand::Rng::with_seed(20_261_123);
        let path = root_of(place).join("x");
        let entry = File::create_new(&path).unwrap();
        support::hold(&entry);
        for len in (0..600).chain(4096..4196) {
            let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(len).collect();
            entry.set_len(0).unwrap();
            entry.write_all_at(&bytes, 0).unwrap();

            assert_eq!(kind(registry.inspect("x")), ErrorKind::DamagedEntry, "{len} bytes");
            assert_eq!(kind(registry.open("x")), ErrorKind::DamagedEntry, "{len} bytes");
        }
        Ok(())
    })
}

#[test]
fn the_commitment_of_reserved_memory_precedes_the_trailer() -> Result<(), Error> {
    const TEST: &str = "entries::the_commitment_of_reserved_memory_precedes_the_trailer";
    bounded(TEST, |_, registry| {
        let options = FileMapping::options().registry(registry).name("x").size(8192);
        let _held = options.attributes(Attributes::RESERVE).create_new()?;
        let path = registry.inspect("x")?.entry().to_owned();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 8192 + 4096 + 4096);
        let entry = File::options().write(true).open(&path).unwrap();
        for (commitment, fits) in [(0, false), (8192, false), (4096, true)] {
            entry.set_len(8192 + commitment).unwrap();
            entry.write_all_at(&bytes[8192 + 4096..], 8192 + commitment).unwrap();

            let (inspected, opened) = (registry.inspect("x"), registry.open("x"));

            if fits {
                assert_eq!(inspected?.attributes(), Attributes::RESERVE);
                assert_eq!(opened?.size(), 8192);
            } else {
                assert_eq!(kind(inspected), ErrorKind::DamagedEntry, "{commitment} bytes");
                assert_eq!(kind(opened), ErrorKind::DamagedEntry, "{commitment} bytes");
            }
        }
        Ok(())
    })
}

#[test]
fn what_a_name_was_created_with_comes_back_from_its_entry() -> Result<(), Error> {
    const CREATED: u64 = 1_700_000_000_123_456_789;
    let place = Place::new();
    let registry = &place.registry;
    let path = place.path("a path with spaces");
    let file = place.file("a path with spaces", &[1; 9000]);
    let in_file = Some(path.canonicalize().unwrap());
    let path_of = |backing: &Backing| match backing {
        Backing::File { path, .. } => Some(path.clone()),
        _ => None,
    };
    let without_name = Attributes::from_bits(1 << 2).unwrap();
    for protection in Protection::ALL {
        let cases = [
            ("memory", None, 8192, Attributes::COMMIT, &None),
            ("reserved", None, 8192, Attributes::RESERVE, &None),
            ("file", Some(&file), 9, without_name, &in_file),
        ];
        for (what, over, size, attributes, in_path) in cases {
            let name = format!("{protection} {what}");
            let options = FileMapping::options().registry(registry).name(&name);
            let options = options.protection(protection).size(size);
            // Over a file commitment means nothing, and is not kept.
            let _held = match over {
                None => options.attributes(attributes).create_new()?,
                Some(file) => {
                    let asked = attributes | Attributes::COMMIT;
                    options.attributes(asked).file(file).create_new()?
                }
            };
            let entry = registry.inspect(&name)?.entry().to_owned();
            lie(&entry, 4096, &[(footer::CREATED, &CREATED.to_le_bytes())]);

            let (inspected, opened) = (registry.inspect(&name)?, registry.open(&name)?);

            assert_eq!(inspected.name().base(), name);
            assert_eq!((inspected.size(), opened.size()), (Some(size), size), "{name}");
            assert_eq!((inspected.protection(), opened.protection()), (protection, protection));
            assert_eq!((inspected.attributes(), opened.attributes()), (attributes, attributes));
            assert_eq!(&path_of(inspected.backing()), in_path, "{name}");
            assert_eq!(&path_of(&opened.backing()), in_path, "{name}");
            assert_eq!(inspected.creator(), std::process::id());
            let created = SystemTime::UNIX_EPOCH + Duration::from_nanos(CREATED);
            assert_eq!(inspected.created(), created);
            if let Some(file) = over {
                let first = opened.map(Access::Read)?.read::<u8>(0)?;
                assert_eq!(first, support::read_all(file)[0], "{name}");
            }

            let large = attributes | Attributes::LARGE_PAGES;
            lie(&entry, 4096, &[(footer::ATTRIBUTES, &large.bits().to_le_bytes())]);
            assert_eq!(registry.inspect(&name)?.attributes(), large, "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_long_name_takes_more_pages() -> Result<(), Error> {
    let place = Place::new();
    let name = "名".repeat(3000);
    let _held = named(&place.registry, &name)?;

    let inspected = place.registry.inspect(&name)?;

    assert_eq!(inspected.name().base(), name);
    assert_eq!(inspected.size(), Some(4096));
    assert_eq!(fs::metadata(inspected.entry()).unwrap().len(), 4096 + 3 * 4096);
    assert_eq!(place.registry.open(&name)?.size(), 4096);
    Ok(())
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
fn file_names_in_errors_have_no_control_characters() -> std::io::Result<()> {
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
    let ended = mapped.read_exact_at(&mut [0], 5).unwrap_err();

    for error in [missing, ended, gone] {
        let text = error.to_string();
        assert!(text.contains("a\\u{1b}[2Jb\\n"), "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    Ok(())
}

#[test]
fn file_names_of_entries_have_plain_characters_and_escapes_alone() -> Result<(), Error> {
    let place = Place::new();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$@+=,~%".contains(&byte);
    let signs = "$rFactor2SMMP_Telemetry$";
    let long = "x".repeat(200);
    for name in [signs, "a/b", "..", ".", "a b ", "%41", "\u{1b}[2J", "Größe", "名", "😀", &long]
    {
        let _held = named(&place.registry, name)?;
        let file_name = file_name_of(&place.registry, name)?;

        assert!(file_name.bytes().all(plain), "{file_name}");
        assert!(!file_name.starts_with('.'), "{file_name}");
        assert_eq!(file_name == name, name == signs || name == long, "{file_name}");
    }
    Ok(())
}

#[test]
fn the_file_name_of_an_entry_with_a_long_name_is_a_hash() -> Result<(), Error> {
    let place = Place::new();
    let one = "名".repeat(100);
    let other = format!("{one}!");
    let _held = [named(&place.registry, &one)?, named(&place.registry, &other)?];

    let file_name = file_name_of(&place.registry, &one)?;

    assert_eq!(file_name.len(), 65);
    assert!(file_name.starts_with('#'), "{file_name}");
    assert_ne!(file_name, file_name_of(&place.registry, &other)?);
    Ok(())
}

/// The file name of a name's entry.
fn file_name_of(registry: &Registry, name: &str) -> Result<String, Error> {
    let inspected = registry.inspect(name)?;
    let file_name = inspected.entry().file_name().and_then(|file_name| file_name.to_str());
    Ok(file_name.expect("an entry has a file name").to_owned())
}
