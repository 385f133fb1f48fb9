//! Values and numbers in a file that is cut, or that others write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use filemap::{
    Access, AtomicCell, AtomicValue, Error, ErrorKind, FileMapping, Loss, MappedFile, Operation,
    Shared, View,
};

use crate::support::{DEADLINE, EVERYBODY, Outcome, Place, assert_cut, page, rounds, set_len};

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
fn to_wait_for_a_number_in_a_lost_page_and_to_notify_of_it_are_errors() -> Outcome {
    let (page, time) = (page(), Some(DEADLINE));
    for access in [Access::Write, Access::Read] {
        let place = Place::new();
        let file = place.file("file", &vec![0; 2 * page]);
        let view = FileMapping::options().file(&file).create()?.map(access)?;
        let cell = view.atomic::<u32>(page + 8)?;
        assert!(!cell.wait(0, Some(Duration::ZERO))?);
        cell.notify_all()?;
        set_len(&place.path("file"), 100);

        let loss = Loss { offset: page as u64 + 8, done: 0 };
        for error in [
            cell.wait(0, time).unwrap_err(),
            cell.notify_one().unwrap_err(),
            cell.notify_all().unwrap_err(),
        ] {
            assert_cut(&error, Operation::Atomic, loss, 100);
        }
    }
    Ok(())
}

#[test]
fn a_shared_value_whose_page_is_lost_is_an_error_until_it_is_back() -> Outcome {
    let (page, place) = (page(), Place::new());
    let file = place.file("file", &vec![0; 2 * page]);
    let mapping = FileMapping::options().file(&file).create()?;
    let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    // The header is at the end of a page, and the first slot begins the next one.
    let at = page - 64;
    let mut writer = Shared::<[u8; 100]>::create(&view, at)?;
    let reader = Shared::<[u8; 100]>::open(&reading, at)?;
    writer.publish(&[1; 100])?;
    writer.publish(&[2; 100])?;
    set_len(&place.path("file"), page as u64);

    let loss = |at: usize| Loss { offset: at as u64, done: 0 };
    let lost = reader.snapshot().unwrap_err();
    assert_cut(&lost, Operation::Read, loss(page), page as u64);
    let lost = reader.wait_next(1, None).unwrap_err();
    assert_cut(&lost, Operation::Read, loss(page), page as u64);
    let lost = writer.publish(&[3; 100]).unwrap_err();
    assert_cut(&lost, Operation::Write, loss(page + 128), page as u64);
    set_len(&place.path("file"), 0);
    let lost = reader.wait_next(2, None).unwrap_err();
    assert_cut(&lost, Operation::Atomic, loss(at + 16), 0);

    set_len(&place.path("file"), 2 * page as u64);
    assert_eq!(reader.snapshot()?, None, "the file has zeros there");
    assert_eq!(writer.publish(&[4; 100])?, 1);
    assert_eq!(reader.snapshot()?.map(|seen| seen.value), Some([4; 100]));
    Ok(())
}

#[test]
fn a_number_that_is_lost_while_threads_begin_to_wait_for_it_is_an_error_or_a_wait() -> Outcome {
    let place = Place::new();
    let view = mapped(&place, 2)?;
    let cell = view.atomic::<u32>(page())?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..rounds(20_000) {
                set_len(&place.path("file"), 100);
                set_len(&place.path("file"), 2 * page() as u64);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut lost = 0;
        while !is_over.load(Ordering::Relaxed) {
            match cell.wait(0, Some(Duration::from_micros(1))) {
                Ok(came) => assert!(!came, "nobody stores"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
                    lost += 1;
                }
            }
        }
        println!("{lost} waits met a lost page");
    });
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
        assert_eq!(file.atomic::<u64>(at)?.fetch_add(1)?, 0);
        set_len(&place.path("file"), 100);

        let lost = file.atomic::<u64>(at).and_then(|cell| cell.fetch_add(1)).unwrap_err();
        assert!(matches!(lost.kind(), ErrorKind::Lost | ErrorKind::EndOfFile), "{lost}");

        set_len(&place.path("file"), 3 * page() as u64);
        assert_eq!(file.atomic::<u64>(at)?.fetch_add(1)?, 0, "the old page is gone");
    }
    Ok(())
}
