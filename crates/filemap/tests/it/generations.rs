//! Names of bytes that another program keeps: files without a path, and generations.

use std::fs;

use filemap::{
    Access, Backing, Error, ErrorKind, FileMapping, Flush, Lifetime, MappedFile, PositionedIo as _,
};

use crate::support::{Place, kind};

#[test]
fn a_file_without_a_path_is_memory_of_its_holders() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("kept", &[7; 8192]);
    fs::remove_file(place.path("kept")).unwrap();
    let options = FileMapping::options().registry(&place.registry).name("kept");
    let holder = options.file(&file).size(8192).create_new()?;

    let found = place.registry.open("kept")?;

    assert_eq!((found.size(), found.lifetime()), (8192, Some(Lifetime::Holders)));
    assert_eq!(found.backing(), Backing::Memory);
    let view = found.map(Access::Write)?;
    view.write(100, &1_u8)?;
    assert_eq!(holder.map(Access::Read)?.read::<u8>(100)?, 1);
    assert_eq!(holder.map(Access::Read)?.read::<u8>(8191)?, 7);
    drop((holder, found));
    assert_eq!(kind(place.registry.open("kept")), ErrorKind::NotFound);
    Ok(())
}

#[test]
fn a_view_of_such_a_file_survives_a_cut() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("cut", &[7; 8192]);
    fs::remove_file(place.path("cut")).unwrap();
    let options = FileMapping::options().registry(&place.registry).name("cut");
    let _holder = options.file(&file).size(8192).create_new()?;
    let view = place.registry.open("cut")?.map(Access::Read)?;

    file.set_len(4096).unwrap();

    assert_eq!(view.read::<u8>(4095)?, 7);
    assert_eq!(view.read::<u8>(4096).unwrap_err().kind(), ErrorKind::Lost);
    Ok(())
}

#[test]
fn who_has_a_view_of_a_generation_that_has_ended_can_tell() -> Result<(), Error> {
    let place = Place::new();
    let named = || FileMapping::options().registry(&place.registry).name("game").size(5000);
    let holder = named().generations().create_new()?;
    let reader = place.registry.open("game")?;
    let views = [holder.map(Access::Write)?, reader.map(Access::Read)?];
    views[0].write(4996, &5_u32)?;
    assert!(views.iter().all(|view| !view.generation_changed()));
    views[0].flush(.., Flush::Written)?;

    holder.end_generation()?;

    assert_eq!(kind(place.registry.open("game")), ErrorKind::NotFound);
    for view in [&views[0], &views[1], &reader.map(Access::Read)?] {
        assert!(view.generation_changed());
        // The bytes are what they were.
        assert_eq!(view.read::<u32>(4996)?, 5);
        assert_eq!(view.flush(.., Flush::Written).unwrap_err().kind(), ErrorKind::Stale);
    }
    let next = named().generations().create_new()?;
    assert!(!place.registry.open("game")?.map(Access::Read)?.generation_changed());
    assert!(views[0].generation_changed());
    next.close()
}

#[test]
fn a_file_of_a_generation_that_has_ended_is_stale() -> Result<(), Error> {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("game").size(5000);
    let holder = options.generations().create_new()?;
    let file = MappedFile::options().registry(&place.registry).open_by_name("game")?;
    file.write_all_at(b"lap", 10)?;
    assert_eq!(file.read::<u8>(10)?, b'l');

    holder.end_generation()?;

    let kinds = [
        kind(file.read::<u8>(10)),
        kind(file.read::<[u8; 16]>(10)),
        kind(file.write_all_at(b"lap", 10)),
        kind(file.write(8, &1_u64)),
        kind(file.atomic::<u32>(8)),
        kind(file.flush(Flush::Written)),
    ];
    assert_eq!(kinds, [ErrorKind::Stale; 6]);
    Ok(())
}

#[test]
fn names_without_generations_tell_of_no_end() -> Result<(), Error> {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("plain").size(5000);
    let holder = options.create_new()?;
    let view = place.registry.open("plain")?.map(Access::Read)?;

    holder.end_generation()?;

    assert_eq!(kind(place.registry.open("plain")), ErrorKind::NotFound);
    assert!(!view.generation_changed());
    Ok(())
}
