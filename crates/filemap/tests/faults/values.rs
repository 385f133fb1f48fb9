//! Values and numbers in a file that is cut, or that others write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{
    Access, AtomicCell, AtomicValue, Error, ErrorKind, FileMapping, Loss, MappedFile, Operation,
    Protection, View,
};

use crate::support::{
    EVERYBODY, Outcome, Over, Place, Second, assert_cut, page, role, say, set_len,
};

fn mapped(place: &Place, pages: usize) -> Result<View, Error> {
    let file = place.file("file", &vec![0; pages * page()]);
    FileMapping::options().file(&file).create()?.map(Access::Write)
}

#[test]
fn a_value_in_a_lost_page_is_an_error() -> Outcome {
    for who in EVERYBODY {
        let place = Place::new();
        let view = mapped(&place, 3)?;
        let page = page();
        let end = page as u64 + 1;
        who.cuts(&place.path("file"), end);
        // Aligned, not aligned, and across the first lost byte.
        for (at, done) in [(2 * page, 0), (2 * page + 64, 0), (2 * page + 3, 0), (2 * page - 1, 1)]
        {
            let loss = Loss { offset: (at + done) as u64, done };
            let read = |error: Error| assert_cut(&error, Operation::Read, loss, end);
            let write = |error: Error| assert_cut(&error, Operation::Write, loss, end);

            read(view.read::<u16>(at).unwrap_err());
            read(view.read::<u32>(at).unwrap_err());
            read(view.read::<u64>(at).unwrap_err());
            read(view.read::<[u8; 24]>(at).unwrap_err());
            write(view.write(at, &1_u16).unwrap_err());
            write(view.write(at, &1_u32).unwrap_err());
            write(view.write(at, &1_u64).unwrap_err());
            write(view.write(at, &[1_u8; 24]).unwrap_err());
        }
        let loss = Loss { offset: 2 * page as u64, done: 0 };
        assert_cut(&view.read::<u8>(2 * page).unwrap_err(), Operation::Read, loss, end);
        assert_cut(&view.write(2 * page, &1_u8).unwrap_err(), Operation::Write, loss, end);

        who.cuts(&place.path("file"), 3 * page as u64);
        view.write(2 * page, &0x0102_0304_0506_0708_u64)?;
        assert_eq!(view.read::<u64>(2 * page)?, 0x0102_0304_0506_0708);
    }
    Ok(())
}

/// Asserts that every operation on a number fails with `loss`, and none when it is back.
fn every_operation_fails<T: AtomicValue + From<u8> + PartialEq>(
    view: &View,
    offset: usize,
    back: impl Fn(),
    end: u64,
) -> Outcome {
    let cell: AtomicCell<'_, T> = view.atomic(offset)?;
    let one = || T::from(1);
    let errors = [
        cell.load().unwrap_err(),
        cell.store(one()).unwrap_err(),
        cell.swap(one()).unwrap_err(),
        cell.compare_exchange(one(), one()).unwrap_err(),
        cell.fetch_add(one()).unwrap_err(),
        cell.fetch_and(one()).unwrap_err(),
        cell.fetch_or(one()).unwrap_err(),
    ];
    for error in errors {
        assert_cut(&error, Operation::Atomic, Loss { offset: offset as u64, done: 0 }, end);
    }

    back();
    assert_eq!(cell.load()?, T::from(0), "nothing was done");
    assert_eq!(cell.fetch_add(T::from(3))?, T::from(0));
    assert_eq!(cell.fetch_and(T::from(2))?, T::from(3));
    assert_eq!(cell.fetch_or(T::from(8))?, T::from(2));
    assert_eq!(cell.compare_exchange(T::from(9), one())?, Err(T::from(10)));
    assert_eq!(cell.compare_exchange(T::from(10), one())?, Ok(T::from(10)));
    assert_eq!(cell.swap(T::from(7))?, one());
    cell.store(T::from(5))?;
    assert_eq!(cell.load()?, T::from(5));
    Ok(())
}

#[test]
fn a_number_in_a_lost_page_is_an_error_and_nothing_is_done() -> Outcome {
    for who in EVERYBODY {
        for offset in [page(), 2 * page() - 8] {
            let place = Place::new();
            let path = place.path("file");
            let view = mapped(&place, 2)?;
            let back = || who.cuts(&path, 2 * page() as u64);

            who.cuts(&path, 17);
            every_operation_fails::<u64>(&view, offset, back, 17)?;
            who.cuts(&path, 17);
            every_operation_fails::<u32>(&view, offset, back, 17)?;
        }
    }
    Ok(())
}

#[test]
fn a_number_of_a_mapped_file_that_was_cut_is_an_error() -> Outcome {
    for window in [None, Some(1)] {
        let place = Place::new();
        place.file("file", &vec![0; 3 * page()]);
        let options = MappedFile::options();
        let options = window.map_or(options.clone(), |window| options.window(window));
        let file = options.open(place.path("file"))?;
        let at = 2 * page() as u64 + 8;
        assert_eq!(file.atomic(at, |cell| cell.fetch_add(1_u64))?, 0);
        set_len(&place.path("file"), 100);

        let error = file.atomic(at, |cell| cell.fetch_add(1_u64)).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error.kind(), ErrorKind::Lost | ErrorKind::EndOfFile), "{text}");
        assert!(text.contains(&place.path("file").display().to_string()), "{text}");

        set_len(&place.path("file"), 3 * page() as u64);
        assert_eq!(file.atomic(at, |cell| cell.fetch_add(1_u64))?, 0, "the old page is gone");
    }
    Ok(())
}

#[test]
fn a_number_needs_its_alignment_a_writable_view_and_its_place() -> Outcome {
    let mapping = FileMapping::create(page() as u64, Protection::ReadWrite)?;
    let view = mapping.map_range(Access::Write, ..100)?;
    let kind = |result: Result<AtomicCell<'_, u64>, Error>| result.unwrap_err().kind();
    let kind32 = |result: Result<AtomicCell<'_, u32>, Error>| result.unwrap_err().kind();

    for offset in 1..8 {
        assert_eq!(kind(view.atomic(offset)), ErrorKind::Misaligned, "{offset}");
    }
    for offset in [1, 2, 3, 5] {
        assert_eq!(kind32(view.atomic(offset)), ErrorKind::Misaligned, "{offset}");
    }
    assert!(view.atomic::<u32>(4).is_ok());
    for offset in [96, 100, 104, usize::MAX, usize::MAX - 7] {
        assert_eq!(kind(view.atomic(offset)), ErrorKind::InvalidRange, "{offset}");
    }
    assert!(view.atomic::<u32>(96).is_ok());
    let reader = mapping.map(Access::Read)?;
    assert_eq!(kind(reader.atomic(0)), ErrorKind::AccessDenied);
    assert_eq!(kind(reader.atomic(1)), ErrorKind::AccessDenied);
    // An offset in the view is not what counts, but the address.
    let shifted = mapping.map_range(Access::Write, 4..)?;
    assert_eq!(kind(shifted.atomic(0)), ErrorKind::Misaligned);
    assert!(shifted.atomic::<u64>(4).is_ok());
    let text = view.atomic::<u64>(3).unwrap_err().to_string();
    assert!(text.contains("offset 3 is not a multiple of 8 bytes"), "{text}");
    Ok(())
}

#[test]
fn a_number_of_a_mapped_file_needs_the_same() -> Outcome {
    for window in [None, Some(1)] {
        let place = Place::new();
        place.file("file", &[0; 100]);
        let options = MappedFile::options();
        let options = window.map_or(options.clone(), |window| options.window(window));
        let file = options.clone().open(place.path("file"))?;
        let kind = |offset| file.atomic(offset, |cell| cell.swap(1_u64)).unwrap_err().kind();

        assert_eq!(file.atomic(8, |cell| cell.swap(1_u64))?, 0);
        for offset in [1, 4, 91] {
            assert_eq!(kind(offset), ErrorKind::Misaligned, "{offset}");
        }
        for offset in [96, 100, 1 << 40] {
            assert_eq!(kind(offset), ErrorKind::EndOfFile, "{offset}");
        }
        let reader = options.read_only().open(place.path("file"))?;
        let denied = reader.atomic(0, |cell| cell.swap(1_u64)).unwrap_err();
        assert_eq!(denied.kind(), ErrorKind::AccessDenied);
    }
    Ok(())
}

#[test]
fn an_aligned_value_is_never_half_of_one_and_half_of_another() -> Outcome {
    const ONE: u64 = 0x1111_1111_1111_1111;
    const OTHER: u64 = 0xEEEE_EEEE_EEEE_EEEE;
    const ROUNDS: u32 = 200_000;
    // All bytes of a value are the same, so any part of it will do.
    let narrow = |value: u64| u32::try_from(value >> 32).expect("32 bits fit");
    let narrower = |value: u64| u16::try_from(value >> 48).expect("16 bits fit");
    let mapping = FileMapping::create(2 * page() as u64, Protection::ReadWrite)?;
    let (first, second) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);
    let done = AtomicBool::new(false);

    let seen = thread::scope(|scope| {
        for (view, value) in [(&first, ONE), (&second, OTHER)] {
            let done = &done;
            scope.spawn(move || {
                let _over = Over(done);
                for _ in 0..ROUNDS {
                    view.write(64, &value).expect("memory can be written");
                    // Narrower values beside it.
                    view.write(72, &narrow(value)).expect("memory can be written");
                    view.write(76, &narrower(value)).expect("memory can be written");
                }
            });
        }
        let mut seen = [false; 2];
        while !done.load(Ordering::Relaxed) {
            let value = first.read::<u64>(64).expect("memory can be read");
            assert!([0, ONE, OTHER].contains(&value), "{value:#x}");
            seen[0] |= value == ONE;
            seen[1] |= value == OTHER;
            let value = second.read::<u32>(72).expect("memory can be read");
            assert!([0, narrow(ONE), narrow(OTHER)].contains(&value), "{value:#x}");
            let value = second.read::<u16>(76).expect("memory can be read");
            assert!([0, narrower(ONE), narrower(OTHER)].contains(&value), "{value:#x}");
        }
        seen
    });

    assert!(seen[0] || seen[1], "the reader met the writers");
    Ok(())
}

#[test]
fn additions_of_two_processes_sum_up() -> Outcome {
    const TEST: &str = "values::additions_of_two_processes_sum_up";
    const ROUNDS: u64 = 100_000;
    let add = |view: &View| {
        let (wide, narrow) = (view.atomic::<u64>(128)?, view.atomic::<u32>(8)?);
        for _ in 0..ROUNDS {
            wide.fetch_add(3)?;
            narrow.fetch_add(1)?;
        }
        // A number that changes only by exchange, as a lock would use it.
        let exchanged = view.atomic::<u64>(256)?;
        for _ in 0..ROUNDS / 10 {
            let mut now = exchanged.load()?;
            while let Err(other) = exchanged.compare_exchange(now, now + 1)? {
                now = other;
            }
        }
        Ok::<(), Error>(())
    };
    if role().is_some() {
        let view = FileMapping::open("sum")?.map(Access::Write)?;
        say("ready");
        while view.read::<u8>(0)? == 0 {
            thread::yield_now();
        }
        return Ok(add(&view)?);
    }
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("sum");
    let view = options.size(page() as u64).create()?;
    let view = view.map(Access::Write)?;
    let _name = FileMapping::options().registry(&place.registry).name("sum").size(1).create()?;
    let mut second: Second = place.child(TEST, "adds");
    second.until("ready");

    view.write(0, &1_u8)?;
    add(&view)?;
    second.finish();

    assert_eq!(view.atomic::<u64>(128)?.load()?, 2 * 3 * ROUNDS);
    assert_eq!(u64::from(view.atomic::<u32>(8)?.load()?), 2 * ROUNDS);
    assert_eq!(view.read::<u64>(256)?, 2 * (ROUNDS / 10));
    Ok(())
}
