//! Creating mappings: sizes, protections, attributes, and existing names.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};

use filemap::{
    Access, Attributes, Backing, ErrorKind, FileMapping, OwnedDescriptor, PageAccess, PositionedIo,
    Protection, Rights, page_size,
};

use crate::support::{FileExt as _, Outcome, Place, eventually, kind, read_all, space, wine};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[test]
fn memory_is_as_large_as_it_was_created() -> Outcome {
    let page = u64::try_from(page_size())?;

    for attributes in [Attributes::COMMIT, Attributes::RESERVE] {
        for size in [1, 100, page - 1, page, page + 1, 200_000] {
            let mapping = FileMapping::options().size(size).attributes(attributes).create()?;
            let view = mapping.map(Access::Write)?;
            assert_eq!(mapping.size(), size);
            assert_eq!(u64::try_from(view.len())?, size);
            view.commit(.., PageAccess::Write)?;
            view.write_all_at(b"x", size - 1)?;
            assert_eq!(kind(view.write_all_at(b"x", size)), ErrorKind::InvalidRange);
            assert_eq!(kind(mapping.map_range(Access::Read, ..=size)), ErrorKind::ViewTooLarge);

            // Linux keeps the size with the descriptor, Windows the number of pages.
            let passed = FileMapping::try_from(OwnedDescriptor::from(mapping))?;
            let expected = if cfg!(windows) { size.next_multiple_of(page) } else { size };
            assert_eq!(passed.size(), expected, "{attributes:?}");
            // A view of what was passed on takes pages for reserved that another view committed, as
            // seen under Wine.
            if cfg!(windows) && attributes == Attributes::RESERVE {
                continue;
            }
            let mut last = [0];
            passed.map(Access::Read)?.read_exact_at(&mut last, size - 1)?;
            assert_eq!(last, *b"x");
        }
    }
    Ok(())
}

#[test]
fn named_memory_is_as_large_for_everybody() -> Outcome {
    let place = Place::new();
    let page = u64::try_from(page_size())?;

    for size in [1, 100, page - 1, page, page + 1] {
        for attributes in [Attributes::COMMIT, Attributes::RESERVE] {
            let options = FileMapping::options().registry(&place.registry).attributes(attributes);
            let made = options.name("x").size(size).create_new()?;
            let found = place.registry.open("x")?;

            assert_eq!((made.size(), found.size()), (size, size));
            assert_eq!(place.registry.inspect("x")?.size(), Some(size));
            assert_eq!(u64::try_from(found.map(Access::Read)?.len())?, size);
            assert_eq!(kind(found.map_range(Access::Read, size..=size)), ErrorKind::ViewTooLarge);
        }
    }
    Ok(())
}

#[test]
fn a_strict_view_of_memory_reaches_to_the_end_of_its_last_page() -> Outcome {
    let place = Place::new();
    let made = FileMapping::options().registry(&place.registry).name("x").size(100).create()?;
    let unnamed = FileMapping::create(100, Protection::ReadWrite)?;

    for mapping in [&made, &unnamed, &place.registry.open("x")?] {
        let view = mapping.view(Access::Write).strict().map()?;
        assert_eq!(view.len(), page_size());
        view.write_all_at(b"x", page_size() as u64 - 1)?;
        let range = mapping.view(Access::Write).strict().len(page_size() + 1);
        assert_eq!(kind(range.map()), ErrorKind::ViewTooLarge);
        assert_eq!(kind(mapping.view(Access::Write).len(101).map()), ErrorKind::ViewTooLarge);
    }
    Ok(())
}

#[test]
fn memory_is_zero() -> Outcome {
    let mapping = FileMapping::create(MIB, Protection::ReadWrite)?;
    let view = mapping.map(Access::Read)?;
    let mut bytes = vec![1; view.len()];

    view.read_exact_at(&mut bytes, 0)?;

    assert!(bytes.iter().all(|byte| *byte == 0));
    Ok(())
}

#[test]
fn memory_may_be_larger_than_4_gib() -> Outcome {
    let page = u64::try_from(page_size())?;
    let mapping =
        FileMapping::options().size(4 * GIB + page + 1).attributes(Attributes::RESERVE).create()?;

    let view = mapping.map_range(Access::Write, 4 * GIB..)?;
    view.commit(..1, PageAccess::Write)?;
    view.write_all_at(b"far", 0)?;

    let mut seen = [0; 3];
    mapping.map(Access::Read)?.read_exact_at(&mut seen, (usize::try_from(4 * GIB)?) as u64)?;
    assert_eq!(&seen, b"far");
    assert_eq!(mapping.size(), 4 * GIB + page + 1);
    Ok(())
}

#[test]
fn without_a_size_a_mapping_is_exactly_as_long_as_its_file() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[7; 5000]);

    for protection in Protection::ALL {
        let mapping = FileMapping::options().file(&file).protection(protection).create()?;

        assert_eq!(mapping.size(), 5000, "{protection}");
        assert_eq!(mapping.map(Access::Read)?.len(), 5000, "{protection}");
    }
    assert_eq!(file.metadata()?.len(), 5000);
    Ok(())
}

#[test]
fn a_smaller_size_maps_the_beginning_of_the_file() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"beginning and end");

    let mapping = FileMapping::options().file(&file).size(9).create()?;
    let view = mapping.map(Access::Write)?;
    view.write_all_at(b"B", 0)?;

    assert_eq!(mapping.size(), 9);
    assert_eq!(view.len(), 9);
    assert_eq!(view.write_all_at(b"x", 9).unwrap_err().kind(), ErrorKind::InvalidRange);
    assert_eq!(read_all(&file), b"Beginning and end");
    Ok(())
}

#[test]
fn a_larger_size_makes_the_file_longer_when_the_mapping_is_created() -> Outcome {
    let place = Place::new();

    for protection in [Protection::ReadWrite, Protection::ExecuteReadWrite] {
        for content in [&b""[..], b"some"] {
            let file = place.file("grows", content);

            let mapping =
                FileMapping::options().file(&file).protection(protection).size(9001).create()?;
            let while_open = file.metadata()?.len();
            drop(mapping);

            assert_eq!(while_open, 9001, "{protection}");
            let mut expected = content.to_vec();
            expected.resize(9001, 0);
            assert!(read_all(&file) == expected, "{protection}: stays longer, and zero beyond");
        }
    }
    Ok(())
}

#[test]
fn growth_beyond_4_gib_takes_no_space() -> Outcome {
    let place = Place::new();
    let file = place.file("sparse", b"start");

    let mapping = FileMapping::options().file(&file).size(6 * GIB + 3).create()?;
    mapping.map_range(Access::Write, 5 * GIB..=5 * GIB + 2)?.write_all_at(b"far", 0)?;

    assert_eq!(mapping.size(), 6 * GIB + 3);
    assert_eq!(file.metadata()?.len(), 6 * GIB + 3);
    assert!(space(&file)? < MIB, "{} bytes of the disk are taken", space(&file)?);
    let mut seen = [0; 3];
    file.read_exact_at(&mut seen, 5 * GIB)?;
    assert_eq!(&seen, b"far");
    Ok(())
}

#[test]
fn creating_leaves_the_file_pointer_where_it_was() -> Outcome {
    let place = Place::new();
    let mut file = place.file("content", b"0123456789");
    file.seek(SeekFrom::Start(3))?;

    let mapping = FileMapping::options().file(&file).size(100_000).create()?;
    mapping.map(Access::Write)?.fill(0, 100_000, 9)?;
    drop(mapping);

    assert_eq!(file.stream_position()?, 3);
    Ok(())
}

#[test]
fn mappings_of_one_file_keep_their_own_sizes() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[1; 100]);

    let small = FileMapping::options().file(&file).size(10).create()?;
    let whole = FileMapping::options().file(&file).create()?;
    let large = FileMapping::options().file(&file).size(70_000).create()?;

    assert_eq!([small.size(), whole.size(), large.size()], [10, 100, 70_000]);
    for (mapping, len) in [(&small, 10), (&whole, 100), (&large, 70_000)] {
        assert_eq!(mapping.map(Access::Read)?.len(), len);
    }
    Ok(())
}

#[test]
fn a_file_that_grows_later_does_not_make_its_mapping_larger() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"old");
    let mapping = FileMapping::options().file(&file).create()?;

    file.write_all_at(b"and new", 3)?;

    assert_eq!(mapping.size(), 3);
    assert_eq!(mapping.map(Access::Read)?.len(), 3);
    let refused = mapping.view(Access::Read).len(4).map().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ViewTooLarge);
    assert_eq!(FileMapping::options().file(&file).create()?.size(), 10);
    Ok(())
}

#[test]
fn a_view_that_asks_for_it_reaches_what_the_file_has_grown_by() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"old");
    let options = FileMapping::options().registry(&place.registry).name("grown");
    let first = options.file(&file).create()?;
    let mapping = place.registry.open("grown")?;

    file.write_all_at(b"and new", 3)?;

    let view = mapping.view(Access::Write).grown().map()?;
    // Windows' kernel lets no mapping grow.
    let len = if cfg!(windows) { 3 } else { 10 };
    assert_eq!((mapping.grown_size()?, view.len()), (len, usize::try_from(len)?));
    assert_eq!((mapping.size(), mapping.map(Access::Read)?.len()), (3, 3));
    view.write_all_at(b"N", len - 1)?;
    let mut seen = [0];
    first.view(Access::Read).grown().map()?.read_exact_at(&mut seen, len - 1)?;
    assert_eq!(&seen, b"N");
    let refused = mapping.view(Access::Read).grown().len(11).map().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ViewTooLarge);
    // Memory has the size that it was made with.
    assert_eq!(FileMapping::create(100, Protection::ReadWrite)?.grown_size()?, 100);
    Ok(())
}

#[test]
fn every_protection_gives_its_creator_the_rights_of_the_table() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let (read, write, execute) = (Rights::READ, Rights::WRITE, Rights::EXECUTE);
    let table = [
        (Protection::ReadOnly, read),
        (Protection::ReadWrite, read | write),
        (Protection::WriteCopy, read),
        (Protection::ExecuteRead, read | execute),
        (Protection::ExecuteReadWrite, read | write | execute),
        (Protection::ExecuteWriteCopy, read | execute),
    ];
    assert_eq!(table.map(|(protection, _)| protection), Protection::ALL);

    for (protection, rights) in table {
        let name = format!("named {protection}");
        let begun = FileMapping::options().protection(protection).registry(&place.registry);
        let made = [
            begun.clone().size(1).create()?,
            begun.clone().file(&file).create()?,
            begun.clone().name(&name).size(1).create()?,
            begun.clone().name(format!("{name} file")).file(&file).create()?,
        ];

        for mapping in made {
            assert_eq!(mapping.protection(), protection);
            assert_eq!(mapping.rights(), rights, "{protection}");
            assert!(!mapping.existed());
        }
    }
    Ok(())
}

#[test]
fn a_read_only_file_is_enough_for_protections_that_do_not_write() -> Outcome {
    let place = Place::new();
    drop(place.file("content", b"content"));
    let file = File::open(place.path("content"))?;

    for protection in Protection::ALL.into_iter().filter(|protection| !protection.is_writable()) {
        let mapping = FileMapping::options().file(&file).protection(protection).create()?;

        let copy = mapping.map(Access::Copy)?;
        copy.write_all_at(b"private", 0)?;
        assert_eq!(read_all(&file), b"content", "{protection}");
    }
    Ok(())
}

/// The bits in which the C interface keeps `SEC_NOCACHE` and `SEC_WRITECOMBINE`; on Windows, which
/// has no C interface, none.
fn bits_without_a_name() -> [Attributes; 2] {
    [1 << 2, 1 << 3]
        .map(|bit| Attributes::from_bits(if cfg!(windows) { 0 } else { bit }).expect("a bit"))
}

#[test]
fn memory_reports_the_attributes_that_it_was_given() -> Outcome {
    let (commit, reserve) = (Attributes::COMMIT, Attributes::RESERVE);
    let [no_cache, combine] = bits_without_a_name();
    let table = [
        (Attributes::empty(), commit),
        (commit, commit),
        (reserve, reserve),
        (commit | no_cache, commit | no_cache),
        (reserve | no_cache, reserve | no_cache),
        (commit | combine, commit | combine),
        (reserve | combine, reserve | combine),
        (commit | no_cache | combine, commit | no_cache | combine),
    ];
    let place = Place::new();

    for (given, reported) in table {
        let begun = FileMapping::options().size(100).attributes(given).registry(&place.registry);
        let name = format!("given {given:?}");
        let unnamed = begun.clone().create()?;
        let named = begun.name(&name).create()?;
        let found = place.registry.open(&name)?;

        for mapping in [&unnamed, &named, &found] {
            assert_eq!(mapping.attributes(), reported, "given {given}");
            let view = mapping.map(Access::Write)?;
            view.commit(.., PageAccess::Write)?;
            view.write_all_at(b"usable", 0)?;
        }
    }
    Ok(())
}

#[test]
fn over_a_file_commit_and_reserve_change_nothing_and_are_not_reported() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let [no_cache, combine] = bits_without_a_name();

    for base in [Attributes::COMMIT, Attributes::RESERVE] {
        for kept in [Attributes::empty(), no_cache, combine] {
            let begun = FileMapping::options().file(&file).registry(&place.registry);
            let begun = begun.attributes(base | kept);
            let unnamed = begun.clone().create()?;
            let name = format!("given {base} {kept:?}");
            let named = begun.name(&name).create()?;

            assert_eq!(unnamed.attributes(), kept);
            assert_eq!(named.attributes(), kept);
            assert_eq!(place.registry.open(&name)?.attributes(), kept);
            assert_eq!(unnamed.size(), 7);
        }
    }
    assert_eq!(FileMapping::options().file(&file).create()?.attributes(), Attributes::empty());
    Ok(())
}

#[test]
fn creating_reports_whether_the_name_existed() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);

    let first = begun.clone().create()?;
    let second = begun.clone().create()?;
    let (first_existed, second_existed) = (first.existed(), second.existed());
    drop((first, second));

    assert!(!first_existed);
    assert!(second_existed);
    eventually("a name without handles is new again", || {
        begun.clone().create().is_ok_and(|third| !third.existed())
    });
    Ok(())
}

#[test]
fn an_existing_mapping_keeps_its_size_attributes_and_protection() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x");
    let reserved = begun.clone().size(page_size() as u64 + 1).attributes(Attributes::RESERVE);
    let first = reserved.create()?;
    let view = first.map(Access::Write)?;
    view.commit(..1, PageAccess::Write)?;
    view.write_all_at(b"kept", 0)?;

    for size in [1, 10 * MIB] {
        for protection in Protection::ALL.into_iter().filter(|each| !each.is_executable()) {
            let second = begun.clone().size(size).protection(protection).create()?;

            assert!(second.existed());
            assert_eq!(second.size(), first.size());
            assert_eq!(second.attributes(), Attributes::RESERVE);
            assert_eq!(second.protection(), Protection::ReadWrite);
            assert_eq!(second.rights(), protection.rights(), "asks as {protection} does");
            let mut seen = [0; 4];
            second.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
            assert_eq!(&seen, b"kept");
        }
    }
    Ok(())
}

#[test]
fn a_reader_of_an_existing_mapping_cannot_write_it() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);
    let _first = begun.clone().create()?;

    let second = begun.protection(Protection::ReadOnly).create()?;
    let refused = second.map(Access::Write).unwrap_err();

    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    assert!(second.map(Access::Copy).is_ok());
    Ok(())
}

#[test]
fn a_writer_of_an_existing_read_only_mapping_is_limited_by_its_protection() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);
    let _first = begun.clone().protection(Protection::ReadOnly).create()?;

    let second = begun.protection(Protection::ReadWrite).create()?;
    let refused = second.map(Access::Write).unwrap_err();

    assert!(second.existed());
    assert_eq!(second.rights(), Rights::READ | Rights::WRITE);
    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::ProtectionExceeded, 87));
    Ok(())
}

#[test]
fn create_new_refuses_a_name_that_exists() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);

    let first = begun.clone().create_new()?;
    let refused = begun.create_new().unwrap_err();

    assert!(!first.existed());
    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AlreadyExists, 183));
    assert!(refused.to_string().contains("Local\\x"), "{refused}");
    Ok(())
}

#[test]
fn a_name_that_exists_leaves_the_given_file_as_it_was() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x");
    let _first = begun.clone().size(1).create()?;
    let file = place.file("content", b"short");
    let empty = place.file("empty", b"");

    let second = begun.clone().file(&file).size(MIB).create()?;
    let third = begun.clone().file(&empty).create()?;
    let refused = begun.file(&file).size(MIB).create_new().unwrap_err();

    assert!(second.existed() && third.existed());
    assert_eq!(second.backing(), Backing::Memory);
    assert_eq!(second.size(), 1);
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(read_all(&file), b"short");
    assert_eq!(read_all(&empty), b"");
    Ok(())
}

#[test]
fn a_mapping_returns_its_backing() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let begun = FileMapping::options().registry(&place.registry);

    let memory = begun.clone().size(1).create()?;
    let unnamed = begun.clone().file(&file).create()?;
    let _named = begun.clone().name("x").file(&file).create()?;

    assert_eq!(memory.backing(), Backing::Memory);
    assert!(memory.name().is_none());
    let Backing::File { path, .. } = unnamed.backing() else { panic!("it is a file") };
    assert_eq!(path.as_os_str(), "");
    let Backing::File { path, .. } = place.registry.open("x")?.backing() else {
        panic!("it is a file")
    };
    assert_eq!(path, place.path("content").canonicalize()?);
    Ok(())
}

#[test]
fn memory_beyond_the_machine_is_reserved_but_not_committed() -> Outcome {
    let place = Place::new();
    let size = 1 << 45;

    for name in [None, Some("vast")] {
        let mut begun = FileMapping::options().registry(&place.registry).size(size);
        if let Some(name) = name {
            begun = begun.name(name);
        }
        let refused = begun.create().unwrap_err();

        if wine() {
            // Wine has no commit limit, and reports that its host has no space.
            assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::SizeTooLarge, 8));
            continue;
        }
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::CommitLimit, 1455));
        assert!(refused.to_string().contains("reserve"), "tells the way out: {refused}");
    }
    // Wine keeps reserved memory in a file of its host too, which may not be so long.
    let size = if wine() { 1 << 40 } else { size };
    let reserved = FileMapping::options().size(size).attributes(Attributes::RESERVE).create()?;
    let last = reserved.map_range(Access::Write, size - 1..)?;
    assert_eq!(kind(last.write_all_at(b"x", 0)), ErrorKind::NotCommitted);
    last.commit(.., PageAccess::Write)?;
    last.write_all_at(b"x", 0)?;
    assert_eq!(last.read::<u8>(0)?, b'x');
    Ok(())
}

#[test]
fn a_mapping_keeps_its_file_after_the_file_is_closed_and_removed() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let mapping = FileMapping::options().file(&file).create()?;

    drop(file);
    std::fs::remove_file(place.path("content"))?;
    mapping.map(Access::Write)?.write_all_at(b"C", 0)?;

    let mut seen = [0; 7];
    mapping.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert_eq!(&seen, b"Content");
    Ok(())
}

#[test]
fn a_name_is_gone_with_its_last_handle_while_views_keep_the_memory() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);
    let first = begun.clone().create()?;
    let view = first.map(Access::Write)?;
    view.write_all_at(b"old", 0)?;

    drop(first);

    eventually("the name is gone", || {
        place.registry.open("x").is_err_and(|error| error.kind() == ErrorKind::NotFound)
    });
    let fresh = begun.create()?;
    assert!(!fresh.existed());
    assert_eq!(fresh.map(Access::Read)?.read::<[u8; 3]>(0)?, [0; 3]);
    assert_eq!(view.read::<[u8; 3]>(0)?, *b"old");
    Ok(())
}

#[test]
fn closing_a_handle_succeeds_with_and_without_a_name() -> Outcome {
    let place = Place::new();
    let named = FileMapping::options().registry(&place.registry).name("x").size(1).create()?;
    let view = named.map(Access::Write)?;

    named.close()?;
    FileMapping::create(1, Protection::ReadOnly)?.close()?;

    view.write_all_at(b"x", 0)?;
    eventually("the name is gone", || place.registry.open("x").is_err());
    Ok(())
}
