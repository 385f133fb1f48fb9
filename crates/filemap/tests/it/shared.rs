//! A value that one writer replaces and readers copy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use filemap::zerocopy::{FromBytes, Immutable, IntoBytes};
use filemap::{
    Access, Error, ErrorKind, FileMapping, Operation, PositionedIo as _, Protection, Shared, View,
};

use crate::support::{
    DEADLINE, Outcome, Place, Second, emulated, eventually, kind, role, rounds, say, wine,
};

/// Where the version is, from the start of a shared value.
const VERSION: usize = 16;

/// Where the first slot begins.
const SLOTS: usize = 64;

/// How long nothing is waited for that does not come.
const MOMENT: Duration = Duration::from_millis(1);

fn memory<T: FromBytes + IntoBytes + Immutable>() -> Result<FileMapping, Error> {
    FileMapping::create(Shared::<T>::LEN as u64, Protection::ReadWrite)
}

/// So long that kills come while it is stored.
const WORDS: usize = 4000;

type Words = [u64; WORDS];

/// The value of a number.
fn words(number: u64) -> Words {
    [number; WORDS]
}

/// Returns the number of a value; nothing if it has parts of two.
fn whole(seen: &Words) -> Option<u64> {
    seen.iter().all(|word| *word == seen[0]).then_some(seen[0])
}

/// Returns the number of a whole value.
fn number(seen: &Words) -> u64 {
    whole(seen).expect("it is whole")
}

#[test]
fn a_snapshot_is_what_was_published_last_of_any_type() -> Outcome {
    fn check<T>(values: [T; 3]) -> Outcome
    where
        T: FromBytes + IntoBytes + Immutable + PartialEq + std::fmt::Debug,
    {
        let mapping = memory::<T>()?;
        let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
        let mut writer = Shared::create(&view, 0)?;
        let reader = Shared::<T>::open(&reading, 0)?;
        assert_eq!((reader.version()?, reader.snapshot()?), (0, None), "nothing was published");
        assert_eq!(reader.wait_next(0, Some(MOMENT))?, None);
        for (turn, value) in values.iter().enumerate() {
            let version = writer.publish(value)?;
            assert_eq!(version as usize, turn + 1);
            let seen = reader.snapshot()?.expect("it was published");
            assert_eq!((seen.version, &seen.value), (version, value));
            assert_eq!(reader.version()?, version);
        }
        Ok(())
    }
    check([1_u8, 2, 3])?;
    check([1_u64, u64::MAX, 0])?;
    check([(), (), ()])?;
    check([[0.5_f32, 1.0, 2.0], [-1.0; 3], [0.0; 3]])?;
    check([[1_u8; 64], [2; 64], [3; 64]])?;
    check([[1_u64; 1000], [2; 1000], [3; 1000]])
}

#[test]
fn a_shared_value_that_is_there_is_opened_with_what_was_published() -> Outcome {
    let mapping = memory::<Words>()?;
    let (view, other) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);
    let reading = mapping.map(Access::Read)?;
    Shared::create(&view, 0)?.publish(&words(7))?;

    let mut writer = Shared::<Words>::create(&other, 0)?;
    assert_eq!(number(&writer.snapshot()?.expect("it was published").value), 7);
    assert_eq!(writer.publish(&words(8))?, 2);
    // It is there, so nothing has to be stored.
    let reader = Shared::<Words>::create(&reading, 0)?;
    assert_eq!(number(&reader.snapshot()?.expect("it was published").value), 8);
    Ok(())
}

#[test]
fn threads_that_create_one_at_once_have_the_same_or_are_refused() -> Outcome {
    for _ in 0..rounds(1000) {
        let view = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
        let outcomes = thread::scope(|scope| {
            let four = scope.spawn(|| Shared::<[u8; 4]>::create(&view, 0).map(drop));
            let five = scope.spawn(|| Shared::<[u8; 5]>::create(&view, 0).map(drop));
            [four, five].map(|thread| thread.join().expect("it does not panic"))
        });
        let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!(refused[0].kind(), ErrorKind::MismatchedObject);
    }
    Ok(())
}

#[test]
fn what_is_no_shared_value_of_this_size_is_an_error_that_says_so() -> Outcome {
    let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
    let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    let refused = |result: Result<Shared<'_, [u8; 10]>, Error>| {
        let error = result.expect_err("it is refused");
        assert_eq!(error.operation(), Operation::OpenShared, "{error}");
        (error.kind(), error.to_string())
    };

    let (kind, text) = refused(Shared::open(&reading, 0));
    assert_eq!(kind, ErrorKind::NoObject);
    assert!(text.contains("nothing was made there"), "{text}");
    assert_eq!(refused(Shared::create(&reading, 0)).0, ErrorKind::AccessDenied);
    let nothing = mapping.map(Access::NoAccess)?;
    assert_eq!(refused(Shared::create(&nothing, 0)).0, ErrorKind::AccessDenied);

    let _eleven = Shared::<[u8; 11]>::create(&view, 0)?;
    for (kind, text) in [refused(Shared::create(&view, 0)), refused(Shared::open(&reading, 0))] {
        assert_eq!(kind, ErrorKind::MismatchedObject);
        assert_eq!(
            text,
            "could not open a shared value in the view: the one at 0 has 11 bytes, \
             and this type has 10 bytes"
        );
    }

    view.write_all_at(b"something else, not zeros", 256)?;
    let (kind, text) = refused(Shared::create(&view, 256));
    assert_eq!(kind, ErrorKind::NoObject);
    assert!(text.contains("something else is there"), "{text}");
    view.write(512 + VERSION, &1_u32)?;
    assert_eq!(refused(Shared::create(&view, 512)).0, ErrorKind::NoObject);

    assert_eq!(refused(Shared::create(&view, 1028)).0, ErrorKind::Misaligned);
    for offset in [4096 - Shared::<[u8; 10]>::LEN + 8, 4096, usize::MAX - 7] {
        assert_eq!(refused(Shared::create(&view, offset)).0, ErrorKind::InvalidRange);
    }
    let mut last = Shared::<[u8; 10]>::create(&view, 4096 - Shared::<[u8; 10]>::LEN)?;
    assert_eq!(last.publish(&[1; 10])?, 1);
    Ok(())
}

#[test]
fn who_only_reads_publishes_nothing() -> Outcome {
    let mapping = memory::<u32>()?;
    let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    Shared::create(&view, 0)?.publish(&7_u32)?;

    let mut reader = Shared::<u32>::open(&reading, 0)?;
    assert_eq!(kind(reader.publish(&8)), ErrorKind::AccessDenied);
    assert_eq!(reader.snapshot()?.map(|seen| (seen.version, seen.value)), Some((1, 7)));
    Ok(())
}

#[test]
fn the_memory_is_laid_out_as_the_document_says() -> Outcome {
    let view = memory::<[u8; 70]>()?.map(Access::Write)?;
    assert_eq!(Shared::<[u8; 70]>::LEN, 64 + 2 * 128);
    let mut writer = Shared::create(&view, 0)?;
    writer.publish(&[1_u8; 70])?;
    writer.publish(&[2_u8; 70])?;
    writer.publish(&[3_u8; 70])?;

    let mut header = [0; SLOTS];
    header[..4].copy_from_slice(b"fmv1");
    header[4] = 70;
    header[VERSION] = 3;
    assert_eq!(view.read::<[u8; SLOTS]>(0)?, header);
    assert_eq!(view.read::<[u8; 70]>(SLOTS)?, [2; 70]);
    assert_eq!(view.read::<[u8; 70]>(SLOTS + 128)?, [3; 70]);
    Ok(())
}

#[test]
fn who_waits_gets_the_latest_value_whose_version_it_has_not_seen() -> Outcome {
    let mapping = memory::<u64>()?;
    let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    let mut writer = Shared::<u64>::create(&view, 0)?;
    let reader = Shared::<u64>::open(&reading, 0)?;
    writer.publish(&10)?;
    writer.publish(&20)?;

    let seen = reader.wait_next(0, None)?.expect("it is there");
    assert_eq!((seen.version, seen.value), (2, 20));
    for time in [Duration::ZERO, MOMENT] {
        let since = Instant::now();
        assert_eq!(reader.wait_next(2, Some(time))?, None);
        assert!(since.elapsed() >= time);
    }
    thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.wait_next(2, Some(DEADLINE)));
        writer.publish(&30)?;
        let seen = waiting.join().expect("it does not panic")?.expect("it comes in time");
        assert_eq!((seen.version, seen.value), (3, 30));
        Ok(())
    })
}

#[test]
fn after_the_last_version_come_others_and_the_slots_take_turns() -> Outcome {
    let view = memory::<Words>()?.map(Access::Write)?;
    let mut writer = Shared::create(&view, 0)?;
    writer.publish(&words(1))?;
    // As after so many publications.
    view.write(VERSION, &(u32::MAX - 2))?;
    let mut versions = Vec::new();
    for value in 10..15 {
        let before = view.read::<u32>(VERSION)? % 2;
        let seen = writer.publish(&words(value))?;
        assert_ne!(seen % 2, before, "the value before is not stored to");
        let snapshot = writer.wait_next(*versions.last().unwrap_or(&1), None)?;
        assert_eq!(number(&snapshot.expect("it was published").value), value);
        versions.push(seen);
    }
    assert_eq!(versions, [u32::MAX - 1, u32::MAX, 2, 3, 4]);
    Ok(())
}

#[test]
fn made_up_bytes_in_a_header_are_errors_or_values_and_make_nobody_wait() -> Outcome {
    let view = memory::<[u8; 100]>()?.map(Access::Write)?;
    let mut random = fastrand::Rng::with_seed(1);
    for round in 0..rounds(100_000) {
        let mut header: [u8; SLOTS] = std::array::from_fn(|_| random.u8(..));
        if round % 2 == 0 {
            header[..8].copy_from_slice(&[b'f', b'm', b'v', b'1', 100, 0, 0, 0]);
        }
        if round % 3 == 0 {
            header[random.usize(..SLOTS)..].fill(0);
        }
        view.write_all_at(&header, 0)?;
        let made = match random.bool() {
            true => Shared::<[u8; 100]>::create(&view, 0),
            false => Shared::open(&view, 0),
        };
        match made {
            Ok(mut shared) => {
                shared.snapshot()?;
                shared.wait_next(shared.version()?, Some(Duration::ZERO))?;
                let version = shared.publish(&[7; 100])?;
                assert_eq!(shared.snapshot()?.map(|seen| seen.value), Some([7; 100]));
                assert_eq!(shared.version()?, version);
            }
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::NoObject | ErrorKind::MismatchedObject),
                "{error}"
            ),
        }
    }
    Ok(())
}

#[test]
fn who_is_overtaken_without_end_does_not_wait_without_end() -> Outcome {
    const LEN: usize = 1 << 20;
    /// So long that the version changes while it is copied.
    type Long = [u8; LEN];
    let mapping = memory::<Long>()?;
    let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    let mut value: Box<Long> = vec![0; LEN].into_boxed_slice().try_into().expect("so many");
    Shared::<Long>::create(&view, 0)?.publish(&value)?;
    let (reader, is_over) = (Shared::<Long>::open(&reading, 0)?, AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let version = view.atomic::<u32>(VERSION).expect("it is there");
            while !is_over.load(Ordering::Relaxed) {
                version.fetch_add(2).expect("it is there");
            }
        });
        // Where the machine stops the other thread for long enough, there is a value.
        let waited = reader.wait_next_into(&mut value, 1, Some(Duration::from_millis(20)));
        let copied = reader.snapshot_into(&mut value);
        is_over.store(true, Ordering::Relaxed);
        assert!(waited.is_ok());
        match copied {
            Ok(version) => assert!(version.is_some_and(|version| version > 1)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
                assert_eq!(error.operation(), Operation::Read);
            }
        }
        Ok(())
    })
}

#[test]
fn readers_in_two_processes_see_whole_values_while_they_are_replaced() -> Outcome {
    const TEST: &str = "shared::readers_in_two_processes_see_whole_values_while_they_are_replaced";
    if role().is_some() {
        let view = FileMapping::open("shared")?.map(Access::Read)?;
        let shared = Shared::open(&view, 0)?;
        say("ready");
        let mut last = 0;
        while last < LAST {
            let seen = number(&shared.snapshot()?.expect("it was published").value);
            assert!(seen >= last, "{seen} after {last}");
            last = seen;
        }
        return Ok(());
    }
    /// The value with which readers end.
    const LAST: u64 = u64::MAX / 2;
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("shared");
    let mapping = options.size(Shared::<Words>::LEN as u64).create()?;
    let view = mapping.map(Access::Write)?;
    let mut writer = Shared::create(&view, 0)?;
    writer.publish(&words(0))?;
    let mut second = place.child(TEST, "reads");
    second.until("ready");

    let reading = mapping.map(Access::Read)?;
    let count = u64::from(rounds(1_000_000));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (shared, mut last, mut version) = (Shared::open(&reading, 0)?, 0, 0);
            while last < LAST {
                let seen = shared.wait_next(version, Some(DEADLINE))?.expect("it comes in time");
                assert!(number(&seen.value) >= last);
                assert!(seen.version > version, "{} after {version}", seen.version);
                (last, version) = (number(&seen.value), seen.version);
            }
            Ok::<_, Error>(version)
        });
        for value in 1..=count {
            writer.publish(&words(value))?;
        }
        let version = writer.publish(&words(LAST))?;
        assert_eq!(reader.join().expect("it does not panic")?, version);
        Ok::<_, Error>(())
    })?;
    second.finish();
    Ok(())
}

/// The role of a process that publishes one value after another until it is killed.
fn publish_until_killed() -> Outcome {
    let view = FileMapping::open("shared")?.map(Access::Write)?;
    let mut shared = Shared::create(&view, 0)?;
    let mut last = shared.snapshot()?.map_or(0, |seen| number(&seen.value));
    loop {
        last += 1;
        shared.publish(&words(last))?;
    }
}

/// Returns whether the slot that the version does not name has parts of two values.
fn is_torn(view: &View) -> Result<bool, Error> {
    let other = (view.read::<u32>(VERSION)? + 1) % 2;
    let slot = view.read::<Words>(SLOTS + other as usize * size_of::<Words>())?;
    Ok(whole(&slot).is_none())
}

#[test]
fn a_writer_that_is_killed_leaves_the_last_whole_value_to_readers_and_to_the_next_writer() -> Outcome
{
    const TEST: &str = "shared::a_writer_that_is_killed_leaves_the_last_whole_value_to_readers_and_to_the_next_writer";
    if role().is_some() {
        return publish_until_killed();
    }
    // An emulator takes long to start a program.
    let kills = if emulated() || wine() { 50 } else { rounds(6000) };
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).name("shared");
    let mapping = options.size(Shared::<Words>::LEN as u64).create()?;
    let (view, reading) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    let shared = Shared::<Words>::create(&view, 0)?;
    let (is_over, mut torn, mut last) = (AtomicBool::new(false), 0, 0);
    thread::scope(|scope| {
        // A reader that never stops.
        let reader = scope.spawn(|| {
            let (shared, mut last) = (Shared::<Words>::open(&reading, 0)?, 0);
            while !is_over.load(Ordering::Relaxed) {
                if let Some(seen) = shared.wait_next(last, Some(MOMENT))? {
                    number(&seen.value);
                    last = seen.version;
                }
            }
            Ok::<_, Error>(())
        });
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..kills {
            let mut writer: Second = place.child(TEST, "publishes");
            let before = shared.version()?;
            eventually("it publishes", || shared.version().is_ok_and(|now| now != before));
            let (since, lives) = (Instant::now(), Duration::from_micros(random.u64(..200)));
            while since.elapsed() < lives {
                std::hint::spin_loop();
            }
            writer.kill();

            let seen = shared.snapshot()?.expect("it was published");
            let now = number(&seen.value);
            assert!(now > last, "{now} after {last}");
            assert_eq!(shared.wait_next(seen.version, Some(Duration::ZERO))?, None);
            torn += u32::from(is_torn(&view)?);
            last = now;
        }
        is_over.store(true, Ordering::Relaxed);
        reader.join().expect("it does not panic")
    })?;
    println!("\nsoak: {kills} writers killed, {torn} of them in the middle, after {last} values");
    assert!(torn > 0 || kills < 100, "none was killed in the middle");
    Ok(())
}
