//! Programs of Windows, mapped as they are loaded.

use std::fs::File;

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, OnLoss, PageAccess, PositionedIo,
    Protection, View,
};

use crate::program::{HEADERS, OPTIONAL, Program, TABLE, put};
use crate::support::{self, Outcome, Place, kind, wine};

/// The program's mapping as its file says.
fn map(file: &File, attributes: Attributes) -> Result<FileMapping, Error> {
    FileMapping::options()
        .file(file)
        .protection(Protection::ExecuteRead)
        .attributes(Attributes::IMAGE | attributes)
        .create()
}

fn sample(place: &Place) -> (Program, File) {
    let program = Program::sample(0x1_8000_0000);
    let file = place.file("sample.dll", &program.file());
    (program, file)
}

/// What each run of pages of a view allows, and its length.
fn runs(view: &View) -> Result<Vec<(PageAccess, usize)>, Error> {
    let (mut at, mut runs) = (0, Vec::new());
    while at < view.len() {
        let run = view.pages_at(at)?;
        runs.push((run.protection().expect("all pages are there").access(), run.len()));
        at += run.len();
    }
    Ok(runs)
}

#[test]
fn no_page_of_a_program_reads_as_zeros_when_it_is_lost() -> Outcome {
    let place = Place::new();
    let (_, file) = sample(&place);

    let error = map(&file, Attributes::empty())?.view(Access::Read).on_loss(OnLoss::Zeros).map();

    assert_eq!(kind(error.map(drop)), ErrorKind::NotSupported);
    Ok(())
}

#[test]
fn a_program_is_laid_out_by_its_sections() -> Outcome {
    let place = Place::new();
    let (program, file) = sample(&place);

    let mapping = map(&file, Attributes::empty())?;
    let view = mapping.map(Access::Read)?;

    assert_eq!(mapping.attributes(), Attributes::IMAGE);
    assert_eq!(mapping.size(), u64::from(program.size()));
    assert_eq!(view.len(), program.size() as usize);
    let bytes = program.file();
    assert_eq!(view.compare(0, &bytes[..0x200])?, None);
    for (section, (at, size)) in program.sections.iter().zip(program.places()) {
        let (at, size) = (at as usize, size as usize);
        let mut expected = section.bytes.clone();
        expected.resize(size, 0);
        assert_eq!(view.compare(at, &expected)?, None, "{}", section.name);
    }
    Ok(())
}

#[test]
fn pages_of_a_program_allow_what_their_sections_say() -> Outcome {
    let place = Place::new();
    let (_, file) = sample(&place);
    let view = map(&file, Attributes::empty())?.map(Access::Read)?;

    if !wine() {
        let page = 4096;
        assert_eq!(
            runs(&view)?,
            [
                (PageAccess::Read, page),
                (PageAccess::ExecuteRead, page),
                (PageAccess::Read, page),
                (PageAccess::Copy, 2 * page),
                (PageAccess::Write, page),
            ]
        );
    }
    assert_eq!(view.pages_at(0)?.mapped(), PageAccess::ExecuteCopy);
    assert_eq!(kind(view.write_all_at(b"x", 0)), ErrorKind::AccessDenied);
    assert_eq!(kind(view.write_all_at(b"x", 0x1000)), ErrorKind::AccessDenied);
    view.write_all_at(b"DATA", 0x3000)?;
    assert_eq!(kind(view.commit(.., PageAccess::Read)), ErrorKind::AccessDenied);
    view.flush(.., filemap::Flush::Durable)?;
    Ok(())
}

#[test]
fn a_section_without_a_right_is_closed_and_one_that_only_runs_is_for_that() -> Outcome {
    let place = Place::new();
    let mut program = Program::sample(0x1_8000_0000);
    // `IMAGE_SCN_MEM_EXECUTE` alone, none at all, and `IMAGE_SCN_MEM_WRITE` alone.
    for (section, flags) in program.sections.iter_mut().zip([0x2000_0020, 0x0000_0040, 0x8000_0040])
    {
        section.flags = flags;
    }
    let view =
        map(&place.file("closed", &program.file()), Attributes::empty())?.map(Access::Read)?;

    if !wine() {
        let page = 4096;
        assert_eq!(
            runs(&view)?[1..4],
            [
                (PageAccess::Execute, page),
                (PageAccess::NoAccess, page),
                (PageAccess::Copy, 2 * page),
            ]
        );
    }
    let mut bytes = [0];
    assert_eq!(kind(view.read_exact_at(&mut bytes, 0x2000)), ErrorKind::AccessDenied);
    view.protect(0x2000..0x3000, PageAccess::Read)?;
    view.read_exact_at(&mut bytes, 0x2000)?;
    assert_eq!(bytes, *b"c");
    view.write_all_at(b"D", 0x3000)?;
    Ok(())
}

#[test]
fn headers_that_are_longer_than_the_file_end_in_zeros() -> Outcome {
    let place = Place::new();
    let mut bytes = Program::sample(0x1_8000_0000).file();
    let len = bytes.len();
    assert!(len < 0x1000);
    put(&mut bytes, OPTIONAL + 60, &0x1000_u32.to_le_bytes());

    let view = map(&place.file("longer", &bytes), Attributes::empty())?.map(Access::Read)?;

    let mut headers = vec![0xff; 0x1000];
    view.read_exact_at(&mut headers, 0)?;
    assert_eq!(headers[..len], bytes);
    assert!(headers[len..].iter().all(|byte| *byte == 0));
    Ok(())
}

#[test]
fn bytes_of_a_section_begin_at_a_sector_of_the_file() -> Outcome {
    let place = Place::new();
    let mut program = Program::sample(0x1_8000_0000);
    program.file_alignment = 0x1000;
    let mut bytes = program.file();
    let at = 0x1010_u32;
    put(&mut bytes, TABLE + 20, &at.to_le_bytes());
    put(&mut bytes, 0x1000, b"at the sector");

    let view = map(&place.file("sector", &bytes), Attributes::empty())?.map(Access::Read)?;

    let mut read = [0; 13];
    view.read_exact_at(&mut read, 0x1000)?;
    assert_eq!(&read, b"at the sector");
    Ok(())
}

#[test]
fn a_program_that_is_not_to_be_run_has_no_page_that_could_be() -> Outcome {
    let place = Place::new();
    let (_, file) = sample(&place);
    let mapping = map(&file, Attributes::NO_EXECUTE)?;

    let view = mapping.map(Access::Read)?;

    assert_eq!(mapping.attributes(), Attributes::IMAGE | Attributes::NO_EXECUTE);
    if !wine() {
        assert!(runs(&view)?.iter().all(|(access, _)| !access.can_execute()));
        let refused = view.protect(0x1000..0x2000, PageAccess::ExecuteRead).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::ProtectionExceeded, 87));
    }
    Ok(())
}

#[test]
fn a_programs_data_is_each_views_own() -> Outcome {
    let place = Place::new();
    let (program, file) = sample(&place);
    let mapping = map(&file, Attributes::empty())?;
    let (one, other) = (mapping.map(Access::Read)?, mapping.map(Access::Read)?);

    one.write_all_at(b"MINE", 0x3000)?;

    assert_eq!(one.read::<[u8; 4]>(0x3000)?, *b"MINE");
    assert_eq!(other.read::<[u8; 4]>(0x3000)?, *b"data");
    assert_eq!(support::read_all(&file), program.file());
    if !wine() {
        assert_eq!(one.pages_at(0x3000)?.protection(), Some(PageAccess::Write.into()));
        assert_eq!(one.pages_at(0x4000)?.protection(), Some(PageAccess::Copy.into()));
    }
    Ok(())
}

#[test]
fn to_write_a_programs_page_is_to_copy_it() -> Outcome {
    let place = Place::new();
    let (program, file) = sample(&place);
    let mapping = map(&file, Attributes::empty())?;
    let (one, other) = (mapping.map(Access::Read)?, mapping.map(Access::Read)?);

    let before = one.protect(0x1000..0x2000, PageAccess::Write)?;

    assert_eq!(before, PageAccess::ExecuteRead.into());
    assert_eq!(one.pages_at(0x1000)?.protection(), Some(PageAccess::Copy.into()));
    one.write_all_at(&[43], 0x1001)?;
    one.protect(0x1000..0x2000, PageAccess::ExecuteWrite)?;
    assert_eq!(other.read::<u8>(0x1001)?, 42);
    assert_eq!(support::read_all(&file), program.file());
    Ok(())
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
#[expect(unsafe_code, reason = "that the code runs is the claim")]
fn a_programs_code_runs() -> Outcome {
    let place = Place::new();
    let (_, file) = sample(&place);
    let view = map(&file, Attributes::empty())?.map(Access::Read)?;

    let code = view.as_ptr().wrapping_add(0x1000);
    // SAFETY: at this address are a move and a return, which nobody changes; the view lives to the end.
    let answer = unsafe { std::mem::transmute::<*mut u8, extern "C" fn() -> i32>(code) };

    assert_eq!(answer(), 42);
    Ok(())
}

#[test]
fn shared_sections_are_one_for_all_who_map_the_program() -> Outcome {
    const TEST: &str = "images::shared_sections_are_one_for_all_who_map_the_program";
    if let Some(path) = support::role() {
        let file = File::open(path)?;
        let view = map(&file, Attributes::empty())?.map(Access::Read)?;
        assert_eq!(view.read::<[u8; 6]>(0x5000)?, *b"SHARED");
        assert_eq!(view.read::<[u8; 4]>(0x3000)?, *b"data");
        view.write_all_at(b"theirs", 0x5000)?;
        return Ok(());
    }
    let place = Place::new();
    let (_, file) = sample(&place);
    let one = map(&file, Attributes::empty())?.map(Access::Read)?;
    let other = map(&file, Attributes::NO_EXECUTE)?.map(Access::Read)?;
    assert_eq!(other.read::<[u8; 6]>(0x5000)?, *b"shared");

    one.write_all_at(b"SHARED", 0x5000)?;
    one.write_all_at(b"MINE", 0x3000)?;
    assert_eq!(other.read::<[u8; 6]>(0x5000)?, *b"SHARED");
    let path = place.path("sample.dll");
    // In one registry, as all programs of a user are.
    let mut command = place.command(TEST, path.to_str().ok_or("the path is text")?);
    match std::env::var_os("FILEMAP_DIR") {
        Some(dir) => command.env("FILEMAP_DIR", dir),
        None => command.env_remove("FILEMAP_DIR"),
    };
    support::Second::start(command).finish();

    assert_eq!(one.read::<[u8; 6]>(0x5000)?, *b"theirs");
    // The views alone keep it; with the last one it begins anew.
    drop((one, other));
    let anew = map(&file, Attributes::empty())?.map(Access::Read)?;
    assert_eq!(anew.read::<[u8; 6]>(0x5000)?, *b"shared");
    Ok(())
}

#[test]
fn a_program_is_at_its_own_base_if_that_is_free() -> Outcome {
    let place = Place::new();
    // Nothing else of this process is there.
    let base = 0x2345_0000_0000;
    let file = place.file("based.dll", &Program::sample(base).file());
    let mapping = map(&file, Attributes::empty())?;

    let one = mapping.map(Access::Read)?;
    let other = mapping.map(Access::Read)?;
    assert_eq!(other.read::<[u8; 2]>(0)?, *b"MZ");
    if wine() {
        // It has its own idea of where programs are.
        return Ok(());
    }
    let asked = mapping.view(Access::Read).address(0x2346_0000_0000).map()?;

    assert!(format!("{one:?}").contains("0x234500000000"), "{one:?}");
    assert!(!format!("{other:?}").contains("0x234500000000"), "{other:?}");
    assert!(format!("{asked:?}").contains("0x234600000000"), "{asked:?}");
    let taken = mapping.view(Access::Read).address(0x2346_0000_0000).map().unwrap_err();
    assert_eq!((taken.kind(), taken.win32_code()), (ErrorKind::AddressTaken, 487));
    let odd = mapping.view(Access::Read).address(0x2347_0000_1000).map().unwrap_err();
    assert_eq!(odd.kind(), ErrorKind::Misaligned);
    Ok(())
}

#[test]
fn a_mapped_program_is_the_file_as_it_was() -> Outcome {
    let place = Place::new();
    let (_, file) = sample(&place);
    let mapping = map(&file, Attributes::empty())?;
    let data = FileMapping::options().file(&file).create()?.map(Access::Write)?;

    data.write_all_at(b"changed", 2)?;

    let view = mapping.map(Access::Read)?;
    // Wine reads it when the view is mapped.
    let was: &[u8] = if wine() { b"MZchan" } else { b"MZ\0\0\0\0" };
    assert_eq!(view.compare(0, was)?, None);
    // A new one looks at what the file is by now, also where nobody has flushed it.
    data.write_all_at(b"??", 0)?;
    assert_eq!(kind(map(&file, Attributes::empty())), ErrorKind::BadImage);
    Ok(())
}

#[test]
fn a_size_of_a_programs_mapping_is_at_most_the_programs() -> Outcome {
    let place = Place::new();
    let (program, file) = sample(&place);
    let begun = FileMapping::options()
        .file(&file)
        .protection(Protection::ReadOnly)
        .attributes(Attributes::IMAGE);
    let size = u64::from(program.size());

    let refused = begun.clone().size(size + 1).create().unwrap_err();
    let small = begun.clone().size(1).create()?;

    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::SizeTooLarge, 8));
    assert_eq!(small.size(), 1);
    assert_eq!(small.map(Access::Read)?.len() as u64, size);
    assert_eq!(begun.size(size).create()?.size(), size);
    assert_eq!(kind(small.map_range(Access::Read, ..0)), ErrorKind::InvalidArgument);
    Ok(())
}

#[test]
fn rights_are_asked_for_views_of_a_program_as_for_others() -> Outcome {
    let place = Place::new();
    let (program, file) = sample(&place);
    let begun = FileMapping::options().file(&file).attributes(Attributes::IMAGE);
    let read_only = begun.clone().protection(Protection::ReadOnly).create()?;

    for access in [Access::Write, Access::ExecuteRead, Access::ExecuteWrite] {
        let refused = read_only.map(access).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    }
    let reader = File::open(place.path("sample.dll"))?;
    let writes = FileMapping::options().file(&reader).attributes(Attributes::IMAGE);
    assert_eq!(kind(writes.create()), ErrorKind::AccessDenied);
    // One that writes changes no file either.
    let writable = begun.create()?.map(Access::Write)?;
    writable.write_all_at(b"DATA", 0x3000)?;
    assert_eq!(support::read_all(&file), program.file());
    Ok(())
}

#[test]
fn what_is_no_program_is_refused() -> Outcome {
    let place = Place::new();
    let good = Program::sample(0x1_8000_0000).file();
    let word = |at: usize, value: u32| {
        let mut file = good.clone();
        put(&mut file, at, &value.to_le_bytes());
        file
    };
    let mut none = good.clone();
    put(&mut none, HEADERS + 6, &[0, 0]);
    let mut many = good.clone();
    put(&mut many, HEADERS + 6, &[0xff, 0xff]);
    let table = |section: usize, field: usize, value| word(TABLE + section * 40 + field, value);
    let bad = [
        ("empty", Vec::new()),
        ("two letters", b"MZ".to_vec()),
        ("letters and zeros", [&b"MZ"[..], &[0; 4094]].concat()),
        ("text", b"#!/bin/sh\n".to_vec()),
        ("headers that are cut off", good[..TABLE].to_vec()),
        ("sections that are cut off", good[..good.len() - 0x200].to_vec()),
        ("headers past the end", word(0x3c, u32::MAX)),
        ("no sections", none),
        ("too many sections", many),
        ("no size", word(OPTIONAL + 56, 0)),
        ("a size that is too small", word(OPTIONAL + 56, 0x3000)),
        ("pages of no size", word(OPTIONAL + 32, 0)),
        ("odd pages", word(OPTIONAL + 32, 0x1001)),
        ("vast pages", word(OPTIONAL + 32, 1 << 31)),
        ("no headers", word(OPTIONAL + 60, 0)),
        ("vast headers", word(OPTIONAL + 60, u32::MAX)),
        ("no machine", word(HEADERS + 4, 0x0004_dead)),
        ("a machine of 32 bits", word(HEADERS + 4, 0x0004_014c)),
        ("an overlap", table(1, 12, 0x1000)),
        ("a gap", table(1, 12, 0x8000)),
        ("a place past all", table(3, 12, u32::MAX)),
        ("a vast section", table(3, 8, u32::MAX)),
        ("bytes past the end", table(0, 20, u32::MAX)),
        ("bytes twice", table(2, 16, u32::MAX)),
    ];

    for (what, bytes) in bad {
        // Wine believes more than Windows does.
        if wine() && !matches!(what, "empty" | "two letters" | "letters and zeros" | "text") {
            continue;
        }
        let file = place.file("bad", &bytes);
        let refused = map(&file, Attributes::empty()).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::BadImage, 193), "{what}");
    }
    let file = place.file("good", &good);
    map(&file, Attributes::empty())?;
    let memory = FileMapping::options().size(1).attributes(Attributes::IMAGE).create();
    assert_eq!(kind(memory), ErrorKind::BadImage);
    Ok(())
}

#[test]
fn a_named_program_is_opened_by_its_name_alone() -> Outcome {
    const TEST: &str = "images::a_named_program_is_opened_by_its_name_alone";
    if support::role().is_some() {
        let found = FileMapping::open("program")?;
        assert_eq!(found.attributes(), Attributes::IMAGE);
        let view = found.map(Access::Read)?;
        assert_eq!(view.read::<[u8; 4]>(0x3000)?, *b"data");
        assert_eq!(view.pages_at(0x1000)?.protection(), Some(PageAccess::ExecuteRead.into()));
        return Ok(());
    }
    let place = Place::new();
    let (program, file) = sample(&place);
    let _named = FileMapping::options()
        .registry(&place.registry)
        .name("program")
        .file(&file)
        .protection(Protection::ExecuteRead)
        .attributes(Attributes::IMAGE)
        .create_new()?;

    place.child(TEST, "second").finish();

    let (inspected, opened) = (place.registry.inspect("program")?, place.registry.open("program")?);
    let size = u64::from(program.size());
    assert_eq!((inspected.size(), opened.size()), (Some(size), size));
    let protection = Protection::ExecuteRead;
    assert_eq!((inspected.protection(), opened.protection()), (protection, protection));
    assert_eq!(inspected.attributes(), Attributes::IMAGE);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_programs_descriptor_is_the_program() -> Outcome {
    let place = Place::new();
    let (program, file) = sample(&place);
    let mapping = map(&file, Attributes::NO_EXECUTE)?;

    let taken = FileMapping::try_from(filemap::OwnedDescriptor::from(mapping))?;

    assert_eq!(taken.attributes(), Attributes::IMAGE | Attributes::NO_EXECUTE);
    assert_eq!(taken.size(), u64::from(program.size()));
    let view = taken.map(Access::Read)?;
    assert_eq!(view.pages_at(0x1000)?.protection(), Some(PageAccess::Read.into()));
    view.write_all_at(b"MINE", 0x3000)?;
    Ok(())
}

#[test]
fn a_program_of_32_bits_whose_sections_lie_far_apart_is_laid_out_as_well() -> Outcome {
    let place = Place::new();
    let mut program = Program::sample(0x1000_0000);
    program.alignment = 0x1_0000;
    program.is_wide = false;
    let file = place.file("large.dll", &program.file());

    let view = map(&file, Attributes::empty())?.map(Access::Read)?;

    assert_eq!(view.len(), 5 * 0x1_0000);
    assert_eq!(view.read::<[u8; 8]>(0x2_0000)?, *b"constant");
    assert_eq!(view.read::<u8>(0x1_ffff)?, 0);
    Ok(())
}
