//! Named memory whose place in the registry is attacked by a process of the same user.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use filemap::{Access, ErrorKind, FileMapping, Loss, MappedFile, Operation, PositionedIo};

use crate::support::{Outcome, Place, Who, assert_cut, cut_short, page, patterned, set_len, told};

/// The file of the only entry in a place's registry.
fn entry(place: &Place) -> PathBuf {
    let mut found = Vec::new();
    for root in fs::read_dir(place.dir.path()).expect("the place can be read").flatten() {
        if root.file_name().to_string_lossy().starts_with("filemap-") {
            let entries = fs::read_dir(root.path()).expect("a root can be read").flatten();
            let is_entry = |name: &OsStr| !name.as_encoded_bytes().starts_with(b".");
            found.extend(entries.filter(|entry| is_entry(&entry.file_name())));
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).path()
}

#[test]
fn named_memory_that_is_cut_is_an_error_that_says_so() -> Outcome {
    let place = Place::new();
    let len = 8 * page();
    let options = FileMapping::options().registry(&place.registry).name("memory");
    let mapping = options.size(len as u64).create()?;
    let view = mapping.map(Access::Write)?;
    let bytes = patterned(0, len);
    view.write_all_at(&bytes, 0)?;
    let end = 3 * page() as u64 + 9;
    let entry = entry(&place);
    let whole = fs::metadata(&entry)?.len();
    Who::AnotherProcess.cuts(&entry, end);
    let lost = 4 * page();
    let loss = |from: usize| Loss { offset: lost as u64, done: lost - from };

    let mut seen = vec![0; len];
    assert_cut(&view.read_exact_at(&mut seen, 0).unwrap_err(), Operation::Read, loss(0), end);
    assert!(seen[..lost] == cut_short(0, lost, end));
    assert_cut(&view.write_all_at(&bytes[5..], 5).unwrap_err(), Operation::Write, loss(5), end);
    assert_cut(&view.fill(6, len - 6, 1).unwrap_err(), Operation::Fill, loss(6), end);
    let gone = view.atomic::<u64>(lost)?.fetch_add(1).unwrap_err();
    assert_cut(&gone, Operation::Atomic, loss(lost), end);
    assert_cut(&view.read::<u32>(lost).unwrap_err(), Operation::Read, loss(lost), end);
    view.read_exact_at(&mut seen[..lost], 0)?;

    // The name's description was at the end, so the name is damaged, and says so.
    let opened = place.registry.open("memory").unwrap_err();
    assert_eq!(opened.kind(), ErrorKind::DamagedEntry, "{opened}");

    Who::AnotherProcess.cuts(&entry, whole);
    view.write_all_at(&bytes, 0)?;
    assert_eq!(view.compare(0, &bytes)?, None);
    drop(view);
    mapping.close()?;
    Ok(())
}

#[test]
fn named_memory_that_is_cut_and_removed_is_an_error_too() -> Outcome {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("memory");
    let mapping = options.size(4 * page() as u64).create()?;
    let view = mapping.map(Access::Write)?;
    view.fill(0, view.len(), 7)?;
    let entry = entry(&place);
    set_len(&entry, page() as u64);
    fs::remove_file(&entry)?;

    let error = view.read_exact_at(&mut vec![0; 3 * page()], 0).unwrap_err();

    let loss = Loss { offset: page() as u64, done: page() };
    assert_eq!((error.kind(), told(&error)), (ErrorKind::Lost, loss), "{error}");
    assert!(!error.to_string().contains("no memory"), "the memory was taken away: {error}");
    drop(view);
    mapping.close()?;
    Ok(())
}

#[test]
fn a_mapped_file_over_named_memory_that_is_cut_says_what_was_lost() -> Outcome {
    for window in [None, Some(1)] {
        let place = Place::new();
        let options = FileMapping::options().registry(&place.registry).name("memory");
        let _mapping = options.size(40 * page() as u64).create()?;
        let options = MappedFile::options().registry(&place.registry);
        let options = window.map_or(options.clone(), |window| options.window(window));
        let file = options.open_by_name("memory")?;
        let bytes = patterned(0, 40 * page());
        file.write_all_at(&bytes, 0)?;
        Who::AnotherProcess.cuts(&entry(&place), 20 * page() as u64);

        let read = file.read_at(&mut vec![0; 30 * page()], 3).unwrap_err();
        let written = file.write_all_at(&bytes[3..30 * page()], 3).unwrap_err();
        let searched = file.find(3.., &[0x42]).unwrap_err();
        let compared = file.compare(3, &bytes[3..]).unwrap_err();
        let filled = file.fill(3, 30 * page() as u64, 0xEE).unwrap_err();

        let loss = Loss { offset: 20 * page() as u64, done: 20 * page() - 3 };
        for error in [read, written, searched, compared, filled] {
            assert_eq!((error.kind(), told(&error)), (ErrorKind::Lost, loss), "{error}");
            assert!(error.to_string().contains("Local\\memory"), "{error}");
        }
        // Its size was promised, and does not change.
        assert_eq!(file.len()?, 40 * page() as u64);
        assert_eq!(file.read_at(&mut vec![0; 20 * page()], 0)?, 20 * page());
    }
    Ok(())
}
