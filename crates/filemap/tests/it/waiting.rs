//! Waiting for numbers that others change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, Error, FileMapping, PageAccess, Protection, View, page_size};

use crate::support::{DEADLINE, Outcome, Place, eventually, role, rounds, say};

fn shared() -> Result<FileMapping, Error> {
    FileMapping::create(page_size() as u64, Protection::ReadWrite)
}

#[test]
fn who_waits_for_a_number_that_is_another_one_does_not_wait() -> Outcome {
    let view = shared()?.map(Access::Write)?;
    let (word, signed) = (view.atomic::<u32>(4)?, view.atomic::<i32>(8)?);
    word.store(7)?;
    signed.store(-1)?;

    assert!(word.wait(6, None)?);
    assert!(signed.wait(1, None)?);
    assert!(word.wait(6, Some(Duration::ZERO))?);
    Ok(())
}

#[test]
fn a_wait_ends_when_its_time_has_passed_and_not_before() -> Outcome {
    let mapping = shared()?;
    for access in [Access::Write, Access::Read, Access::Copy] {
        let view = mapping.map(access)?;
        for time in [Duration::ZERO, Duration::from_millis(20)] {
            let since = Instant::now();
            assert!(!view.atomic::<u32>(0)?.wait(0, Some(time))?);
            assert!(since.elapsed() >= time, "{:?} of {time:?}", since.elapsed());
        }
    }
    Ok(())
}

/// Waits until the number is no more what it was.
fn wait_out(view: &View, was: u32, time: Option<Duration>) -> Result<u32, Error> {
    let word = view.atomic::<u32>(16)?;
    while word.load()? == was {
        assert!(word.wait(was, time)?, "it comes in time");
    }
    word.load()
}

#[test]
fn a_time_that_is_too_long_for_a_clock_never_passes() -> Outcome {
    let mapping = shared()?;
    let (view, reader) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    let waiting = thread::spawn(move || wait_out(&reader, 0, Some(Duration::MAX)));

    view.atomic::<u32>(16)?.store(1)?;
    view.atomic::<u32>(16)?.notify_one()?;
    assert_eq!(waiting.join().expect("it does not panic")?, 1);
    Ok(())
}

#[test]
fn each_notification_of_one_wakes_one() -> Outcome {
    const THREADS: usize = 3;
    let view = shared()?.map(Access::Write)?;
    let (word, woken) = (view.atomic::<u32>(16)?, AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let came = word.wait(0, Some(DEADLINE)).expect("it is there");
                assert!(came, "it is woken in time");
                woken.fetch_add(1, Ordering::SeqCst);
            });
        }
        if cfg!(windows) {
            // Which wakes nobody.
            word.store(1).expect("it is there");
        }
        eventually("all are woken", || {
            word.notify_one().expect("it is there");
            woken.load(Ordering::SeqCst) == THREADS
        });
    });
    Ok(())
}

#[test]
fn two_processes_take_turns_of_which_one_only_reads_what_it_waits_for() -> Outcome {
    const TEST: &str =
        "waiting::two_processes_take_turns_of_which_one_only_reads_what_it_waits_for";
    let rounds = rounds(20_000);
    let options = |name: &str| FileMapping::options().name(name).size(page_size() as u64);
    if role().is_some() {
        let asked = FileMapping::open("asked")?.map(Access::Read)?;
        let answered = FileMapping::open("answered")?.map(Access::Write)?;
        say("ready");
        for turn in 0..rounds {
            assert_eq!(wait_out(&asked, turn, Some(DEADLINE))?, turn + 1);
            let answer = answered.atomic::<u32>(16)?;
            answer.store(turn + 1)?;
            answer.notify_all()?;
        }
        return Ok(());
    }
    let place = Place::new();
    let asked = options("asked").registry(&place.registry).create()?;
    let answered = options("answered").registry(&place.registry).create()?;
    let (asking, answers) = (asked.map(Access::Write)?, answered.map(Access::Read)?);
    let mut second = place.child(TEST, "answers");
    second.until("ready");

    let question = asking.atomic::<u32>(16)?;
    for turn in 0..rounds {
        question.store(turn + 1)?;
        question.notify_one()?;
        assert_eq!(wait_out(&answers, turn, Some(DEADLINE))?, turn + 1);
    }
    second.finish();
    Ok(())
}

#[test]
fn who_waits_in_a_view_with_private_stores_sees_those_of_others_and_of_its_own() -> Outcome {
    let mapping = shared()?;
    let (writer, copy) = (mapping.map(Access::Write)?, mapping.map(Access::Copy)?);
    assert!(!copy.atomic::<u32>(16)?.wait(0, Some(Duration::ZERO))?);
    copy.atomic::<u32>(16)?.notify_all()?;
    thread::scope(|scope| {
        // Nobody is notified: there is no saying which of the two numbers is waited for.
        let waiting = scope.spawn(|| wait_out(&copy, 0, Some(DEADLINE)));
        writer.write(16, &1_u32)?;
        assert_eq!(waiting.join().expect("it does not panic")?, 1);

        // To wait and to notify have not made the page a copy.
        writer.write(16, &2_u32)?;
        assert_eq!(copy.read::<u32>(16)?, 2);

        let waiting = scope.spawn(|| wait_out(&copy, 2, Some(DEADLINE)));
        copy.write(16, &3_u32)?;
        copy.atomic::<u32>(16)?.notify_all()?;
        assert_eq!(waiting.join().expect("it does not panic")?, 3);
        assert_eq!(writer.read::<u32>(16)?, 2);
        Ok(())
    })
}

#[test]
fn who_waits_in_a_page_that_came_to_be_a_copy_sees_the_stores_of_others() -> Outcome {
    let mapping = shared()?;
    let (writer, view) = (mapping.map(Access::Write)?, mapping.map(Access::Write)?);
    view.protect(.., PageAccess::Copy)?;
    assert!(!view.atomic::<u32>(16)?.wait(0, Some(Duration::ZERO))?);
    view.atomic::<u32>(16)?.notify_all()?;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_out(&view, 0, Some(DEADLINE)));
        writer.write(16, &1_u32)?;
        assert_eq!(waiting.join().expect("it does not panic")?, 1);
        writer.write(16, &2_u32)?;
        assert_eq!(view.read::<u32>(16)?, 2, "nothing has made the page a copy");
        Ok(())
    })
}
