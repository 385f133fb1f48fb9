//! Invalid input is an error that names it, and changes nothing.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::os::unix::net::UnixStream;
use std::path::Path;

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, Flush, MappingOptions, Name, Operation,
    PageAccess, PositionedIo, Protection, Registry, Rights, page_size,
};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::support::{self, Outcome, Place, read_all};

/// Checks the kind and code of an error, and that its text has these words.
pub(crate) fn assert_says(error: &Error, kind: ErrorKind, code: u32, words: &[&str]) {
    assert_eq!((error.kind(), error.win32_code()), (kind, code), "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

/// What a refused call must not change: bytes, length and position of a file, and the names.
pub(crate) struct Before {
    path: std::path::PathBuf,
    content: Vec<u8>,
}

impl Before {
    pub(crate) fn of(path: std::path::PathBuf) -> std::io::Result<Self> {
        Ok(Self { content: std::fs::read(&path)?, path })
    }

    pub(crate) fn assert_unchanged(&self, what: &str) -> std::io::Result<()> {
        let now = std::fs::read(&self.path)?;
        assert_eq!(now.len(), self.content.len(), "{what} changed the length");
        assert!(now == self.content, "{what} changed the bytes");
        Ok(())
    }
}

pub(crate) fn assert_no_names(registry: &Registry) -> filemap::Result<()> {
    let names: Vec<_> = registry.list()?.iter().map(|each| each.name().to_string()).collect();
    assert_eq!(names, Vec::<String>::new());
    Ok(())
}

#[test]
fn memory_of_no_size_is_refused() -> Outcome {
    let place = Place::new();

    for protection in Protection::ALL {
        let begun = FileMapping::options().protection(protection).registry(&place.registry);
        for begun in [begun.clone(), begun.clone().size(0), begun.name("x")] {
            let error = begun.create().unwrap_err();

            assert_says(&error, ErrorKind::ZeroSize, 87, &["could not create", "size"]);
            assert_eq!(error.operation(), Operation::CreateMapping);
        }
    }
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn an_empty_file_without_a_size_is_refused_for_every_protection() -> Outcome {
    let place = Place::new();
    let file = place.file("empty", b"");

    for protection in Protection::ALL {
        let begun = FileMapping::options().file(&file).protection(protection);
        let named = begun.clone().registry(&place.registry).name("x");
        for begun in [begun, named] {
            let error = begun.create().unwrap_err();

            assert_says(&error, ErrorKind::EmptyFile, 1006, &["empty"]);
        }
    }
    assert_eq!(file.metadata()?.len(), 0);
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn attributes_that_exclude_each_other_are_refused_and_named() -> Outcome {
    let (commit, reserve) = (Attributes::COMMIT, Attributes::RESERVE);
    // The C interface's bits, which have no name in Rust.
    let (no_cache, combine) =
        (Attributes::from_bits(1 << 2).unwrap(), Attributes::from_bits(1 << 3).unwrap());
    let large = Attributes::LARGE_PAGES;
    let place = Place::new();
    let file = place.file("content", b"content");
    let before = Before::of(place.path("content"))?;
    let impossible = [
        (commit | reserve, "exclude"),
        (commit | reserve | no_cache, "exclude"),
        (commit | reserve | large, "exclude"),
        (no_cache, "need"),
        (combine, "need"),
        (large, "need"),
        (no_cache | combine | large, "need"),
        (reserve | large, "large"),
        (reserve | large | no_cache, "large"),
    ];

    for (attributes, why) in impossible {
        let begun = FileMapping::options().attributes(attributes).registry(&place.registry);
        let begun = begun.size(100_000);
        for begun in [begun.clone(), begun.clone().file(&file), begun.name("x")] {
            let error = begun.create().unwrap_err();

            let words = [why, &attributes.to_string()];
            assert_says(&error, ErrorKind::InvalidAttributes, 87, &words);
            before.assert_unchanged(&attributes.to_string())?;
        }
    }
    let large = FileMapping::options().file(&file).attributes(commit | large).size(100_000);
    let error = large.create().unwrap_err();
    assert_says(&error, ErrorKind::InvalidAttributes, 87, &["large", "file"]);
    before.assert_unchanged("large pages")?;
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn an_impossible_size_is_refused() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let before = Before::of(place.path("content"))?;
    let largest = u64::try_from(i64::MAX)?;
    let page = u64::try_from(page_size())?;

    for attributes in [Attributes::empty(), Attributes::RESERVE] {
        let begun = FileMapping::options().attributes(attributes).registry(&place.registry);
        for size in [largest, largest - 1, largest + 1, largest - page + 2, u64::MAX] {
            for begun in [begun.clone(), begun.clone().name("x")] {
                let error = begun.size(size).create().unwrap_err();

                assert_says(&error, ErrorKind::SizeTooLarge, 8, &["could not create"]);
            }
        }
        for size in [largest + 1, u64::MAX] {
            let error = begun.clone().file(&file).size(size).create().unwrap_err();
            assert_says(&error, ErrorKind::SizeTooLarge, 8, &["could not create"]);
        }
        let error = begun.file(&file).size(largest).create().unwrap_err();
        assert_says(&error, ErrorKind::FileTooLarge, 223, &["could not create"]);
    }
    before.assert_unchanged("a size that nothing can have")?;
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn the_largest_multiple_of_a_page_is_refused_for_a_name() -> Outcome {
    let place = Place::new();
    let size = u64::try_from(i64::MAX)? / 65_536 * 65_536;
    let begun = FileMapping::options().attributes(Attributes::RESERVE).size(size);

    let error = begun.registry(&place.registry).name("x").create().unwrap_err();

    assert_says(&error, ErrorKind::SizeTooLarge, 8, &["Local\\x"]);
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn a_mapping_that_does_not_write_cannot_be_longer_than_its_file() -> Outcome {
    let place = Place::new();
    let writable = place.file("content", b"content");
    let readable = File::open(place.path("content"))?;
    let empty = place.file("empty", b"");
    let before = Before::of(place.path("content"))?;

    for protection in Protection::ALL.into_iter().filter(|each| !each.is_writable()) {
        let begun = FileMapping::options().protection(protection).registry(&place.registry);
        for (file, len) in [(&writable, "7"), (&readable, "7"), (&empty, "0")] {
            for size in [8, 4_096, 1 << 40, u64::try_from(i64::MAX)?] {
                let begun = begun.clone().file(file).size(size);
                for begun in [begun.clone(), begun.name("x")] {
                    let error = begun.create().unwrap_err();

                    let words = [len, &*protection.to_string()];
                    assert_says(&error, ErrorKind::SizeTooLarge, 8, &words);
                }
            }
        }
        before.assert_unchanged(&protection.to_string())?;
    }
    assert_eq!(empty.metadata()?.len(), 0);
    assert_no_names(&place.registry)?;
    Ok(())
}

/// The file `path`, opened in every way but for reading and writing, and what it is open for.
fn opened(path: &Path) -> std::io::Result<[(File, bool, &'static str); 5]> {
    // Not by the standard library, for which this flag is an access mode with some C libraries.
    let path_only = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    Ok([
        (File::open(path)?, true, "read-only"),
        (File::options().write(true).open(path)?, false, "write-only"),
        (File::options().append(true).open(path)?, false, "append-only"),
        (File::options().read(true).append(true).open(path)?, true, "read and append"),
        (path_only.into(), false, "path only"),
    ])
}

#[test]
fn a_file_must_be_open_for_what_the_protection_needs() -> Outcome {
    let place = Place::new();
    drop(place.file("content", b"content"));
    drop(place.file("empty", b""));
    let before = Before::of(place.path("content"))?;

    for path in [place.path("content"), place.path("empty")] {
        for (file, reads, how) in opened(&path)? {
            for protection in Protection::ALL {
                let begun = FileMapping::options().file(&file).protection(protection);
                let begun = begun.registry(&place.registry);
                let enough = reads && !protection.is_writable();
                // The access is checked before the size, which would be refused as well.
                for size in [0, 7, 100_000] {
                    let created = begun.clone().size(size).create();
                    let named = begun.clone().size(size).name("x").create();
                    if enough {
                        let denied = |error: Error| error.kind() == ErrorKind::AccessDenied;
                        assert!(!created.is_err_and(denied), "{how}, {protection}");
                        continue;
                    }

                    for error in [created.unwrap_err(), named.unwrap_err()] {
                        let words = ["reading", &*protection.to_string()];
                        assert_says(&error, ErrorKind::AccessDenied, 5, &words);
                    }
                }
            }
        }
    }
    before.assert_unchanged("a file that is not open for it")?;
    assert_eq!(std::fs::read(place.path("empty"))?, b"");
    Ok(())
}

#[test]
fn an_object_that_is_not_a_file_is_refused_by_its_kind() -> Outcome {
    let place = Place::new();
    let (pipe, _other_end) = std::io::pipe()?;
    let (socket, _peer) = UnixStream::pair()?;
    let table = [
        (File::from(std::os::fd::OwnedFd::from(pipe)), "a pipe"),
        (File::from(std::os::fd::OwnedFd::from(socket)), "a socket"),
        (File::open(place.dir.path())?, "a directory"),
        (File::options().read(true).write(true).open("/dev/null")?, "a device"),
    ];

    for (file, what) in table {
        for protection in Protection::ALL {
            let begun = FileMapping::options().file(&file).protection(protection);
            let named = begun.clone().registry(&place.registry).name("x");
            for begun in [begun.clone(), begun.size(10), named] {
                let error = begun.create().unwrap_err();

                assert_says(&error, ErrorKind::WrongObject, 6, &[what]);
            }
        }
    }
    assert_no_names(&place.registry)?;
    Ok(())
}

/// Invalid names, with the kind of their errors.
fn bad_names() -> [(String, ErrorKind, u32); 11] {
    let bad = |name: &str, kind, code| (name.to_owned(), kind, code);
    [
        bad("", ErrorKind::WrongObject, 6),
        bad("Local", ErrorKind::WrongObject, 6),
        bad("Global", ErrorKind::WrongObject, 6),
        bad("a\\b", ErrorKind::PathNotFound, 3),
        bad("local\\x", ErrorKind::PathNotFound, 3),
        bad("Local\\a\\b", ErrorKind::PathNotFound, 3),
        bad("Local\\", ErrorKind::InvalidName, 123),
        bad("Global\\", ErrorKind::InvalidName, 123),
        bad("with\0zero", ErrorKind::InvalidName, 123),
        bad("\\x", ErrorKind::InvalidPath, 161),
        (format!("Local\\{}", "x".repeat(32_767)), ErrorKind::NameTooLong, 206),
    ]
}

#[test]
fn names_that_are_not_well_formed_are_refused_and_shown() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let before = Before::of(place.path("content"))?;

    for (name, kind, code) in bad_names() {
        let begun = FileMapping::options().registry(&place.registry).name(&name).size(100_000);
        let shown: String = name.chars().take(4).filter(|each| !each.is_control()).collect();
        let errors = [
            begun.clone().create().unwrap_err(),
            begun.clone().create_new().unwrap_err(),
            begun.clone().file(&file).create().unwrap_err(),
            place.registry.open(&name).unwrap_err(),
            place.registry.open_with(&name, Rights::READ).unwrap_err(),
            place.registry.inspect(&name).unwrap_err(),
            Name::parse(&name).unwrap_err(),
        ];

        for error in errors {
            assert_says(&error, kind, code, &[&shown]);
            let text = error.to_string();
            assert!(text.len() < 300, "as long as a sentence: {text}");
            assert!(!text.contains('\0'), "fit for a terminal");
        }
        before.assert_unchanged("a bad name")?;
    }
    assert_no_names(&place.registry)?;
    Ok(())
}

#[test]
fn arguments_are_checked_before_the_file_and_the_file_before_the_name() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let before = Before::of(place.path("content"))?;
    let readable = File::open(place.path("content"))?;
    let directory = File::open(place.dir.path())?;
    let _taken = FileMapping::options().registry(&place.registry).name("taken").size(1).create()?;
    let both = Attributes::COMMIT | Attributes::RESERVE;

    let bad = bad_names().map(|(name, ..)| name);
    for name in bad.iter().map(String::as_str).chain(["taken", "free"]) {
        let begun = || FileMapping::options().registry(&place.registry).name(name);
        let kind = |begun: MappingOptions<'_>| begun.create().unwrap_err().kind();

        assert_eq!(kind(begun()), ErrorKind::ZeroSize, "{name:.20}");
        assert_eq!(kind(begun().size(1).attributes(both)), ErrorKind::InvalidAttributes);
        assert_eq!(kind(begun().size(u64::MAX)), ErrorKind::SizeTooLarge);
        let attributes_first = begun().attributes(both).file(&directory);
        assert_eq!(kind(attributes_first), ErrorKind::InvalidAttributes);
        assert_eq!(kind(begun().size(1).file(&directory)), ErrorKind::WrongObject, "{name:.20}");
        assert_eq!(kind(begun().size(1 << 30).file(&readable)), ErrorKind::AccessDenied);
    }
    for (name, kind, _) in bad_names() {
        let begun = FileMapping::options().registry(&place.registry).name(&name);
        let begun = begun.file(&file).protection(Protection::ReadOnly).size(100_000);
        assert_eq!(begun.create().unwrap_err().kind(), kind, "the name before the file's length");
    }
    before.assert_unchanged("what is checked before the file grows")?;
    Ok(())
}

#[test]
fn a_failed_creation_of_a_name_leaves_the_file_as_it_was() -> Outcome {
    if let Some(path) = support::role() {
        let file = File::options().read(true).write(true).open(&path)?;
        // Enough for the file, and not for the entry of a name.
        setrlimit(Resource::Fsize, Rlimit { current: Some(1_000), maximum: Some(1_000) })?;

        let error = FileMapping::options().file(&file).size(900).name("x").create().unwrap_err();

        assert_says(&error, ErrorKind::FileTooLarge, 223, &["Local\\x"]);
        assert_eq!(read_all(&file), b"content");
        return Ok(());
    }
    let place = Place::new();
    drop(place.file("content", b"content"));
    let path = place.path("content");

    let test = "bad_input::a_failed_creation_of_a_name_leaves_the_file_as_it_was";
    place.child(test, path.to_str().ok_or("the path is text")?).finish();

    assert_eq!(std::fs::read(path)?, b"content");
    Ok(())
}

#[test]
fn a_registry_without_its_directory_leaves_the_file_as_it_was() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let nowhere = Registry::at(place.path("missing"));

    let begun = FileMapping::options().registry(&nowhere).name("x");
    let error = begun.file(&file).size(100_000).create().unwrap_err();

    let words = ["could not create", "missing/filemap-", "its folder does not exist"];
    assert_says(&error, ErrorKind::PathNotFound, 3, &words);
    assert_eq!(read_all(&file), b"content");
    assert_eq!(nowhere.open("x").unwrap_err().kind(), ErrorKind::PathNotFound);
    Ok(())
}

#[test]
fn the_limit_on_file_sizes_is_an_error_and_no_signal() -> Outcome {
    if let Some(path) = support::role() {
        let mut file = File::options().read(true).write(true).open(&path)?;
        file.seek(SeekFrom::Start(3))?;
        setrlimit(Resource::Fsize, Rlimit { current: Some(65_536), maximum: Some(65_536) })?;

        let begun = FileMapping::options().size(65_537);
        let refused = [
            begun.clone().file(&file).create(),
            begun.clone().file(&file).name("file").create(),
            begun.clone().create(),
            begun.clone().name("memory").create(),
            begun.clone().attributes(Attributes::RESERVE).create(),
        ];
        let before = (file.metadata()?.len(), file.stream_position()?);

        for error in refused.map(Result::unwrap_err) {
            assert_says(&error, ErrorKind::FileTooLarge, 223, &["limit"]);
        }
        assert_eq!(before, (7, 3));
        let allowed = FileMapping::options().file(&file).size(65_536).create()?;
        allowed.map(Access::Write)?.write_all_at(b"x", 65_535)?;
        assert_eq!(file.metadata()?.len(), 65_536);
        // A commit writes past the memory that another process created.
        let view = FileMapping::open("reserved")?.map(Access::Write)?;
        let error = view.commit(.., PageAccess::Write).unwrap_err();
        assert_says(&error, ErrorKind::FileTooLarge, 223, &["limit"]);
        return Ok(());
    }
    let place = Place::new();
    drop(place.file("content", b"content"));
    let reserve = FileMapping::options().registry(&place.registry).attributes(Attributes::RESERVE);
    let _reserved = reserve.name("reserved").size(65_537).create()?;

    let test = "bad_input::the_limit_on_file_sizes_is_an_error_and_no_signal";
    place.child(test, place.path("content").to_str().ok_or("the path is text")?).finish();
    Ok(())
}

#[test]
fn a_file_longer_than_the_limit_is_mapped_as_it_is() -> Outcome {
    if let Some(path) = support::role() {
        let file = File::options().read(true).write(true).open(&path)?;
        // Asked for before the limit is set: an emulator writes a file to answer.
        let _asked = page_size();
        setrlimit(Resource::Fsize, Rlimit { current: Some(10), maximum: Some(10) })?;

        let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
        view.write_all_at(b"last bytes", 90)?;
        view.flush(.., Flush::Durable)?;
        return Ok(());
    }
    let place = Place::new();
    let file = place.file("content", &[0; 100]);

    let test = "bad_input::a_file_longer_than_the_limit_is_mapped_as_it_is";
    place.child(test, place.path("content").to_str().ok_or("the path is text")?).finish();

    assert!(read_all(&file).ends_with(b"last bytes"));
    Ok(())
}

#[test]
fn ranges_that_are_not_in_the_mapping_give_no_view() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[0; 5_000]);
    let mapping = FileMapping::options().file(&file).create()?;
    let memory = FileMapping::create(5_000, Protection::ReadWrite)?;

    let too_large = [
        mapping.map_range(Access::Read, 0..5_001),
        mapping.map_range(Access::Read, 5_000..=5_000),
        mapping.map_range(Access::Read, ..=u64::MAX),
        mapping.view(Access::Read).len(5_001).map(),
        mapping.view(Access::Read).offset(1).len(5_000).map(),
        mapping.view(Access::Read).offset(5_000).map(),
        mapping.view(Access::Read).offset(u64::MAX).map(),
        mapping.view(Access::Read).offset(u64::MAX).len(usize::MAX).map(),
        mapping.view(Access::Read).len(usize::MAX).map(),
        mapping.view(Access::Read).offset(1 << 63).len(1).map(),
        mapping.view(Access::Read).offset(65_536).strict().map(),
        memory.map_range(Access::Read, 0..5_001),
        memory.view(Access::Read).strict().len(2 * page_size() + 1).map(),
    ];
    for error in too_large.map(Result::unwrap_err) {
        assert_says(&error, ErrorKind::ViewTooLarge, 5, &["could not map a view"]);
    }
    assert_eq!(memory.map(Access::Read)?.len(), 5_000);
    Ok(())
}

#[test]
fn empty_and_inverted_ranges_give_no_view() -> Outcome {
    let mapping = FileMapping::create(5_000, Protection::ReadWrite)?;
    #[expect(clippy::reversed_empty_ranges, reason = "such a range is to be refused")]
    let inverted = 7..3;

    for refused in [
        mapping.map_range(Access::Read, 0..0),
        mapping.map_range(Access::Read, 7..7),
        mapping.map_range(Access::Read, inverted),
        mapping.view(Access::Read).len(0).map(),
    ] {
        let error = refused.unwrap_err();

        assert_says(&error, ErrorKind::InvalidArgument, 87, &["could not map a view"]);
    }
    Ok(())
}

#[test]
fn names_that_nobody_made_are_not_found() -> Outcome {
    let place = Place::new();
    let _made = FileMapping::options().registry(&place.registry).name("x").size(1).create()?;

    for name in ["y", "X", "Global\\x", "x ", "Local\\x/"] {
        let error = place.registry.open(name).unwrap_err();

        assert_says(&error, ErrorKind::NotFound, 2, &["could not open", name]);
        assert_eq!(error.operation(), Operation::OpenMapping);
        let error = place.registry.open_with(name, Rights::READ).unwrap_err();
        assert_eq!(error.win32_code(), 2);
    }
    Ok(())
}

#[test]
fn an_error_of_the_system_is_the_source_and_not_repeated_by_the_text() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");

    let largest = u64::try_from(i64::MAX)?;
    let error = FileMapping::options().file(&file).size(largest).create().unwrap_err();

    let source = std::error::Error::source(&error).ok_or("the system said why")?;
    assert!(!error.to_string().contains(&source.to_string()), "{error}");
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::FileTooLarge);
    Ok(())
}
