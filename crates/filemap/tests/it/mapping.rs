//! Creating: sizes, protections, attributes, and names that are taken.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};

use filemap::{
    Access, Attributes, Backing, ErrorKind, FileMapping, PageAccess, Protection, Rights, page_size,
};

use crate::support::{FileExt as _, Outcome, Place, eventually, kind, read_all, space, wine};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[test]
fn memory_is_rounded_up_to_whole_pages() -> Outcome {
    let page = u64::try_from(page_size())?;

    for size in [1, page - 1, page, page + 1, 200_000] {
        let mapping = FileMapping::create(size, Protection::ReadWrite)?;
        let view = mapping.map(Access::Write)?;

        let expected = size.next_multiple_of(page);
        assert_eq!(mapping.size(), expected, "{size}");
        assert_eq!(u64::try_from(view.len())?, expected, "{size}");
        view.write_at(view.len() - 1, b"x")?;
    }
    Ok(())
}

#[test]
fn named_memory_is_rounded_up_to_whole_pages_for_everybody() -> Outcome {
    let place = Place::new();
    let page = u64::try_from(page_size())?;

    let made =
        FileMapping::options().registry(&place.registry).name("x").size(page + 1).create()?;
    let found = place.registry.open("x")?;

    assert_eq!(made.size(), 2 * page);
    assert_eq!(found.size(), 2 * page);
    assert_eq!(found.map(Access::Read)?.len(), 2 * page_size());
    Ok(())
}

#[test]
fn memory_is_zero() -> Outcome {
    let mapping = FileMapping::create(MIB, Protection::ReadWrite)?;
    let view = mapping.map(Access::Read)?;
    let mut bytes = vec![1; view.len()];

    view.read_at(0, &mut bytes)?;

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
    view.write_at(0, b"far")?;

    let mut seen = [0; 3];
    mapping.map(Access::Read)?.read_at(usize::try_from(4 * GIB)?, &mut seen)?;
    assert_eq!(&seen, b"far");
    assert_eq!(mapping.size(), 4 * GIB + 2 * page);
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
    view.write_at(0, b"B")?;

    assert_eq!(mapping.size(), 9);
    assert_eq!(view.len(), 9);
    assert_eq!(view.write_at(9, b"x").unwrap_err().kind(), ErrorKind::InvalidRange);
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
    mapping.map_range(Access::Write, 5 * GIB..=5 * GIB + 2)?.write_at(0, b"far")?;

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
            begun.clone().name(&format!("{name} file")).file(&file).create()?,
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
        copy.write_at(0, b"private")?;
        assert_eq!(read_all(&file), b"content", "{protection}");
    }
    Ok(())
}

#[test]
fn memory_reports_the_attributes_that_it_was_given() -> Outcome {
    let (commit, reserve) = (Attributes::COMMIT, Attributes::RESERVE);
    let (no_cache, combine) = (Attributes::NO_CACHE, Attributes::WRITE_COMBINE);
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
        let begun = FileMapping::options().size(1).attributes(given).registry(&place.registry);
        let name = format!("given {given}");
        let unnamed = begun.clone().create()?;
        let named = begun.name(&name).create()?;
        let found = place.registry.open(&name)?;

        for mapping in [&unnamed, &named, &found] {
            assert_eq!(mapping.attributes(), reported, "given {given}");
            let view = mapping.map(Access::Write)?;
            view.commit(.., PageAccess::Write)?;
            view.write_at(0, b"usable")?;
        }
    }
    Ok(())
}

#[test]
fn over_a_file_commit_and_reserve_change_nothing_and_are_not_reported() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let (no_cache, combine) = (Attributes::NO_CACHE, Attributes::WRITE_COMBINE);

    for base in [Attributes::COMMIT, Attributes::RESERVE] {
        for kept in [Attributes::empty(), no_cache, combine] {
            let begun = FileMapping::options().file(&file).registry(&place.registry);
            let begun = begun.attributes(base | kept);
            let unnamed = begun.clone().create()?;
            let name = format!("given {base} {kept}");
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
fn creating_tells_whether_the_name_existed() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(1);

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
    view.write_at(0, b"kept")?;

    for size in [1, 10 * MIB] {
        for protection in Protection::ALL.into_iter().filter(|each| !each.is_executable()) {
            let second = begun.clone().size(size).protection(protection).create()?;

            assert!(second.existed());
            assert_eq!(second.size(), first.size());
            assert_eq!(second.attributes(), Attributes::RESERVE);
            assert_eq!(second.protection(), Protection::ReadWrite);
            assert_eq!(second.rights(), protection.rights(), "asks as {protection} does");
            let mut seen = [0; 4];
            second.map(Access::Read)?.read_at(0, &mut seen)?;
            assert_eq!(&seen, b"kept");
        }
    }
    Ok(())
}

#[test]
fn a_reader_of_an_existing_mapping_cannot_write_it() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(1);
    let _first = begun.clone().create()?;

    let second = begun.protection(Protection::ReadOnly).create()?;
    let refused = second.map(Access::Write).unwrap_err();

    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    assert!(second.map(Access::Copy).is_ok());
    Ok(())
}

#[test]
fn a_writer_of_an_existing_read_only_mapping_meets_its_protection() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(1);
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
    let begun = FileMapping::options().registry(&place.registry).name("x").size(1);

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
    assert_eq!(second.size(), u64::try_from(page_size())?);
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(read_all(&file), b"short");
    assert_eq!(read_all(&empty), b"");
    Ok(())
}

#[test]
fn a_mapping_tells_what_it_is_made_of() -> Outcome {
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
            // It has no limit of its own, and sees that its host has no room.
            assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::SizeTooLarge, 8));
            continue;
        }
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::CommitLimit, 1455));
        assert!(refused.to_string().contains("reserve"), "tells the way out: {refused}");
    }
    // Wine keeps even what is reserved in a file of its host, which may not be so long.
    let size = if wine() { 1 << 40 } else { size };
    let reserved = FileMapping::options().size(size).attributes(Attributes::RESERVE).create()?;
    let last = reserved.map_range(Access::Write, size - 1..)?;
    assert_eq!(kind(last.write_at(0, b"x")), ErrorKind::NotCommitted);
    last.commit(.., PageAccess::Write)?;
    last.write_at(0, b"x")?;
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
    mapping.map(Access::Write)?.write_at(0, b"C")?;

    let mut seen = [0; 7];
    mapping.map(Access::Read)?.read_at(0, &mut seen)?;
    assert_eq!(&seen, b"Content");
    Ok(())
}

#[test]
fn a_name_is_gone_with_its_last_handle_while_views_keep_the_memory() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(1);
    let first = begun.clone().create()?;
    let view = first.map(Access::Write)?;
    view.write_at(0, b"old")?;

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

    view.write_at(0, b"x")?;
    eventually("the name is gone", || place.registry.open("x").is_err());
    Ok(())
}

// The pool is told by `/proc`.
#[cfg(target_os = "linux")]
mod large_pages {
    //! The pool of large pages is the machine's, so one test plays all its states.

    use filemap::View;

    use super::*;
    use crate::support::emulated;

    const POOL: &str = "/proc/sys/vm/nr_hugepages";

    /// One number of `/proc/meminfo`, if this kernel has it.
    fn meminfo(word: &str) -> Option<u64> {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find(|line| line.starts_with(word))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Gives the pool back the size that it had.
    struct Restored(String);

    impl Drop for Restored {
        fn drop(&mut self) {
            let _ignored = std::fs::write(POOL, &self.0);
        }
    }

    fn large(size: u64) -> filemap::Result<FileMapping> {
        let attributes = Attributes::COMMIT | Attributes::LARGE_PAGES;
        FileMapping::options().size(size).attributes(attributes).create()
    }

    #[test]
    fn large_pages_come_from_the_pool_or_not_at_all() -> Outcome {
        let (Some(unit), Some(total)) = (meminfo("Hugepagesize:"), meminfo("HugePages_Total:"))
        else {
            assert_eq!(large(1 << 21).unwrap_err().kind(), ErrorKind::NotSupported);
            return Ok(());
        };
        let unit = unit * 1024;
        let over: u64 =
            std::fs::read_to_string("/proc/sys/vm/nr_overcommit_hugepages")?.trim().parse()?;

        let odd = large(unit + 1).unwrap_err();
        let too_many = large((total + over + 1) * unit).unwrap_err();

        assert_eq!((odd.kind(), odd.win32_code()), (ErrorKind::InvalidArgument, 87));
        assert!(odd.to_string().contains(&unit.to_string()), "names the unit: {odd}");
        assert_eq!((too_many.kind(), too_many.win32_code()), (ErrorKind::NoResources, 1450));

        let restored = Restored(std::fs::read_to_string(POOL)?);
        if std::fs::write(POOL, (total + 4).to_string()).is_err() {
            println!("the pool is not ours to fill, so large pages are not seen to work");
            return Ok(());
        }
        if meminfo("HugePages_Free:").unwrap_or(0) >= 4 {
            if emulated() {
                // It chooses addresses itself, and none that large pages could have.
                let error = large(unit)?.map(Access::Read).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::OutOfMemory);
            } else {
                they_work(unit)?;
            }
        } else {
            println!("memory is too fragmented to fill the pool");
        }
        drop(restored);
        Ok(())
    }

    /// Bytes in the pages that the kernel has mapped for a view.
    #[expect(unsafe_code, reason = "the kernel tells by address")]
    fn page_size_at(view: &View) -> Result<u64, Box<dyn std::error::Error>> {
        // SAFETY: the address is only compared.
        let address = unsafe { view.raw().pointer() }.addr().get();
        let told = std::fs::read_to_string("/proc/self/smaps")?;
        let lines = told.lines().skip_while(|line| !line.starts_with(&format!("{address:x}-")));
        let size = lines.into_iter().find(|line| line.starts_with("KernelPageSize:"));
        let number = size.and_then(|line| line.split_whitespace().nth(1)).ok_or("it is told")?;
        Ok(number.parse::<u64>()? * 1024)
    }

    fn they_work(unit: u64) -> Outcome {
        let place = Place::new();
        let attributes = Attributes::COMMIT | Attributes::LARGE_PAGES;
        let unnamed = large(unit)?;
        let begun = FileMapping::options().registry(&place.registry).attributes(attributes);
        let named = begun.name("large").size(2 * unit).create()?;

        let view = unnamed.map(Access::Write)?;
        view.write_at(usize::try_from(unit)? - 3, b"end")?;
        assert_eq!(page_size_at(&view)?, unit, "the view's pages are large");
        // What is told and changed of pages is so in their own unit.
        view.protect(..1, PageAccess::Read)?;
        assert_eq!(view.pages_at(0)?.len() as u64, unit);
        assert_eq!(view.pages_at(0)?.protection(), Some(PageAccess::Read.into()));
        assert_eq!(kind(view.write_at(0, b"x")), ErrorKind::AccessDenied);
        named.map_range(Access::Write, unit - 1..unit + 2)?.write_at(0, b"mid")?;
        let found = place.registry.open("large")?;

        assert_eq!(unnamed.attributes(), attributes);
        assert_eq!(unnamed.size(), unit);
        assert_eq!(found.attributes(), attributes);
        assert_eq!(found.size(), 2 * unit);
        let seen: [u8; 3] = found.map(Access::Read)?.read(usize::try_from(unit)? - 1)?;
        assert_eq!(&seen, b"mid");
        Ok(())
    }
}
