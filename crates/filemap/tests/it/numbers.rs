//! Numbers that threads and processes agree on, and values that are copied in one piece.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{
    Access, AtomicCell, Error, ErrorKind, FileMapping, MappedFile, Protection, View, page_size,
};

use crate::support::{Outcome, Place, Second, role, rounds, say};

/// Signals when it is dropped that a thread is over, also if it failed.
struct Over<'flag>(&'flag AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_number_needs_its_alignment_and_its_place() -> Outcome {
    let mapping = FileMapping::create(page_size() as u64, Protection::ReadWrite)?;
    let view = mapping.map_range(Access::Write, ..100)?;
    let kind =
        |result: Result<AtomicCell<'_, u64>, Error>| result.expect_err("it is refused").kind();
    let kind32 =
        |result: Result<AtomicCell<'_, u32>, Error>| result.expect_err("it is refused").kind();

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
    assert_eq!(kind(reader.atomic(1)), ErrorKind::Misaligned);
    // An offset in the view is not what counts, but the address.
    let shifted = mapping.map_range(Access::Write, 4..)?;
    assert_eq!(kind(shifted.atomic(0)), ErrorKind::Misaligned);
    assert!(shifted.atomic::<u64>(4).is_ok());
    let text = view.atomic::<u64>(3).expect_err("it is refused").to_string();
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
        let kind = |offset| file.atomic::<u64>(offset).expect_err("it is refused").kind();

        assert_eq!(file.atomic::<u64>(8)?.swap(1)?, 0);
        for offset in [1, 4, 91] {
            assert_eq!(kind(offset), ErrorKind::Misaligned, "{offset}");
        }
        for offset in [96, 100, 1 << 40] {
            assert_eq!(kind(offset), ErrorKind::EndOfFile, "{offset}");
        }
        let reader = options.read_only().open(place.path("file"))?;
        let cell = reader.atomic::<u64>(8)?;
        assert_eq!(cell.load()?, 1);
        assert_eq!(cell.swap(1).expect_err("it is refused").kind(), ErrorKind::AccessDenied);
        let outside = reader.atomic::<u64>(96).expect_err("it is refused");
        assert_eq!(outside.kind(), ErrorKind::EndOfFile);
    }
    Ok(())
}

#[test]
fn an_aligned_value_is_never_half_of_one_and_half_of_another() -> Outcome {
    const ONE: u64 = 0x1111_1111_1111_1111;
    const OTHER: u64 = 0xEEEE_EEEE_EEEE_EEEE;
    // All bytes of a value are the same, so any part of it will do.
    let narrow = |value: u64| u32::try_from(value >> 32).expect("32 bits fit");
    let narrower = |value: u64| u16::try_from(value >> 48).expect("16 bits fit");
    let mapping = FileMapping::create(2 * page_size() as u64, Protection::ReadWrite)?;
    let (first, second) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);
    let (done, met) = (AtomicBool::new(false), AtomicBool::new(false));
    let wanted = rounds(200_000);

    let seen = thread::scope(|scope| {
        for (view, value) in [(&first, ONE), (&second, OTHER)] {
            let (done, met) = (&done, &met);
            scope.spawn(move || {
                let _over = Over(done);
                let mut made = 0;
                // Until the reader has met them, however long it is kept from running.
                while made < wanted || !met.load(Ordering::Relaxed) {
                    made += 1;
                    view.write(64, &value).expect("memory can be written");
                    // Narrower values beside it.
                    view.write(72, &narrow(value)).expect("memory can be written");
                    view.write(76, &narrower(value)).expect("memory can be written");
                }
            });
        }
        let _over = Over(&met);
        let mut seen = [false; 2];
        while !done.load(Ordering::Relaxed) {
            let value = first.read::<u64>(64).expect("memory can be read");
            assert!([0, ONE, OTHER].contains(&value), "{value:#x}");
            seen[0] |= value == ONE;
            seen[1] |= value == OTHER;
            met.store(seen[0] || seen[1], Ordering::Relaxed);
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
fn an_aligned_value_of_a_file_is_in_one_piece_through_windows_too() -> Outcome {
    let place = Place::new();
    place.file("file", &[0; 1 << 18]);
    let path = place.path("file");
    // So few that no window stays: each value is also met by the call that maps it.
    let through_windows = || MappedFile::options().window(1 << 16).windows(1).open(&path);
    let (reader, writer) = (through_windows()?, through_windows()?);
    let done = AtomicBool::new(false);

    thread::scope(|scope| {
        let (done, writer) = (&done, &writer);
        scope.spawn(move || {
            let _over = Over(done);
            for round in 0..rounds(400_000) {
                let value = if round % 2 == 0 { 0x1111_u16 } else { 0xEEEE };
                writer.write(64, &value).expect("the file has these bytes");
            }
        });
        let mut read = 0_u64;
        while !done.load(Ordering::Relaxed) {
            let value = reader.read::<u16>(64).expect("the file has these bytes");
            assert!([0, 0x1111, 0xEEEE].contains(&value), "{value:#x}");
            read += 1;
            if read.is_multiple_of(64) {
                reader.read::<u16>(1 << 17).expect("the file has these bytes");
            }
        }
    });
    Ok(())
}

#[test]
fn additions_of_two_processes_sum_up() -> Outcome {
    const TEST: &str = "numbers::additions_of_two_processes_sum_up";
    let rounds = u64::from(rounds(100_000));
    let add = |view: &View| {
        let (wide, narrow) = (view.atomic::<u64>(128)?, view.atomic::<u32>(8)?);
        for _ in 0..rounds {
            wide.fetch_add(3)?;
            narrow.fetch_add(1)?;
        }
        // A number that changes only by exchange, as a lock would use it.
        let exchanged = view.atomic::<u64>(256)?;
        for _ in 0..rounds / 10 {
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
    let view = options.size(page_size() as u64).create()?;
    let view = view.map(Access::Write)?;
    let _name = FileMapping::options().registry(&place.registry).name("sum").size(1).create()?;
    let mut second: Second = place.child(TEST, "adds");
    second.until("ready");

    view.write(0, &1_u8)?;
    add(&view)?;
    second.finish();

    assert_eq!(view.atomic::<u64>(128)?.load()?, 2 * 3 * rounds);
    assert_eq!(u64::from(view.atomic::<u32>(8)?.load()?), 2 * rounds);
    assert_eq!(view.read::<u64>(256)?, 2 * (rounds / 10));
    Ok(())
}

#[test]
fn a_number_of_a_view_that_only_reads_can_be_loaded_and_not_changed() -> Outcome {
    let mapping = FileMapping::create(page_size() as u64, Protection::ReadWrite)?;
    mapping.map(Access::Write)?.write(8, &7_u64)?;
    let number = mapping.map(Access::Read)?;
    let number = number.atomic::<u64>(8)?;

    assert_eq!(number.load()?, 7);
    let refused = |result: Result<u64, Error>| result.expect_err("it only reads").kind();
    assert_eq!(refused(number.swap(1)), ErrorKind::AccessDenied);
    assert_eq!(refused(number.fetch_add(1)), ErrorKind::AccessDenied);
    assert_eq!(refused(number.fetch_max(9)), ErrorKind::AccessDenied);
    assert_eq!(refused(number.update(|before| before + 1)), ErrorKind::AccessDenied);
    assert_eq!(number.store(1).unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_eq!(number.compare_exchange(7, 8).unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_eq!(number.load()?, 7);

    let nothing = mapping.map(Access::NoAccess)?;
    assert_eq!(nothing.atomic::<u64>(8).unwrap_err().kind(), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn numbers_change_as_those_of_the_standard_library_do() -> Outcome {
    use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, AtomicU64, Ordering::SeqCst};

    let view = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
    macro_rules! alike {
        ($type:ty, $atomic:ty) => {
            let (own, other) = (view.atomic::<$type>(0)?, <$atomic>::new(5));
            own.store(5)?;
            for value in [0, 1, 3, <$type>::MAX, <$type>::MIN, 77] {
                assert_eq!(own.fetch_add(value)?, other.fetch_add(value, SeqCst));
                assert_eq!(own.fetch_sub(value / 3)?, other.fetch_sub(value / 3, SeqCst));
                assert_eq!(own.fetch_xor(value)?, other.fetch_xor(value, SeqCst));
                assert_eq!(own.fetch_or(value / 2)?, other.fetch_or(value / 2, SeqCst));
                assert_eq!(own.fetch_min(value)?, other.fetch_min(value, SeqCst));
                assert_eq!(own.fetch_max(9)?, other.fetch_max(9, SeqCst));
                assert_eq!(own.fetch_and(value)?, other.fetch_and(value, SeqCst));
                assert_eq!(own.swap(value)?, other.swap(value, SeqCst));
                assert_eq!(
                    own.compare_exchange_weak(value, 4)?,
                    other.compare_exchange(value, 4, SeqCst, SeqCst)
                );
                assert_eq!(own.update(|before| before ^ 6)?, other.fetch_xor(6, SeqCst),);
                assert_eq!(own.load()?, other.load(SeqCst));
                assert_eq!(view.read::<$type>(0)?, other.load(SeqCst));
            }
        };
    }
    alike!(u32, AtomicU32);
    alike!(i32, AtomicI32);
    alike!(u64, AtomicU64);
    alike!(i64, AtomicI64);
    Ok(())
}
