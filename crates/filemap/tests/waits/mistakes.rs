//! Each mistake that an operation could make breaks a promise, which the search finds.

use filemap_waits::model::Operation::{Set, Unlock, Wait};
use filemap_waits::model::Patience::{Poll, Timed};
use filemap_waits::model::{Mistake, Model};
use filemap_waits::search::explore;

use crate::{
    ALL, ANY, ENDS_IN_MUSL, EVENT, EVENT_MUTEX, EVENTS, LOCK_1, LOCKS, LOCKS_1, LOCKS_ALL,
    LOCKS_ANY, LOCKS_BOTH, LOCKS_FOR_A_TIME, MUTEX, MUTEXES, SEMAPHORES, WAIT,
};

/// Searches a model of which one operation makes a mistake, and returns what it finds.
fn mistake(mistake: Mistake, model: &Model) -> String {
    let model = Model { mistake: Some(mistake), ..*model };
    let fault = explore(&format!("mistake: {mistake:?}"), &model).counterexample;
    fault.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

const ASLEEP: &str = "a thread sleeps for ever that should have been woken";

#[test]
fn an_event_that_is_set_before_it_wakes_can_leave_a_thread_asleep() {
    let model = Model { programs: &[&[Set(0)], &[WAIT]], kills: 1, ..EVENT };

    assert_eq!(mistake(Mistake::SetsBeforeItWakes, &model), ASLEEP);
}

#[test]
fn a_release_in_the_same_turn_can_leave_a_thread_asleep() {
    let model = Model { programs: &[&[Set(0)], &[WAIT]], ..EVENT };

    assert_eq!(mistake(Mistake::GrantsInTheSameTurn, &model), ASLEEP);
}

#[test]
fn a_sleeper_that_does_not_mark_the_state_is_left_asleep() {
    let model = Model { programs: &[&[Set(0)], &[WAIT]], ..EVENT };

    assert_eq!(mistake(Mistake::SleepsUnwatched, &model), ASLEEP);
}

#[test]
fn a_change_at_once_under_a_guard_of_another_thread_can_be_lost() {
    let model =
        Model { programs: &[&[Set(0)], &[Wait(0, Poll)], &[ALL]], states: &[1, 1], ..EVENTS };
    let fault = mistake(Mistake::ChangesUnderAGuard, &model);

    assert_eq!(fault, "an object is left with another state than was put into it");
}

#[test]
fn a_mutex_that_is_freed_before_it_wakes_can_leave_a_thread_asleep() {
    let model = Model { programs: &[LOCKS, LOCKS, LOCKS], kills: 1, ..MUTEX };

    assert_eq!(mistake(Mistake::FreesBeforeItWakes, &model), ASLEEP);
}

#[test]
fn an_unlock_that_drops_the_mark_of_others_leaves_them_asleep() {
    let model = Model { programs: &[LOCKS, LOCKS, LOCKS], ..MUTEX };

    assert_eq!(mistake(Mistake::DropsTheMark, &model), ASLEEP);
}

#[test]
fn who_is_woken_too_late_for_a_mutex_and_leaves_can_leave_others_asleep() {
    let model = Model { programs: &[LOCKS, LOCKS_FOR_A_TIME, LOCKS], ..MUTEX };

    assert_eq!(mistake(Mistake::LeavesAtOnce, &model), ASLEEP);
}

#[test]
fn who_is_woken_too_late_for_a_guard_and_leaves_can_leave_others_asleep() {
    let programs: &[&[_]] = &[&[Set(0)], &[Wait(0, Timed)], &[WAIT]];
    let model = Model { programs, kills: 1, is_impatient: true, ..EVENT };
    let fault = mistake(Mistake::LeavesAGuardAtOnce, &model);

    assert_eq!(fault, "a thread sleeps for ever at a guard");
}

#[test]
fn who_believes_the_word_that_musl_wrote_can_leave_others_asleep() {
    let model = Model { programs: &[ENDS_IN_MUSL, LOCKS, LOCKS], kills: 1, ..MUTEX };

    assert_eq!(mistake(Mistake::TrustsTheDead, &model), ASLEEP);
}

#[test]
fn a_wait_for_any_with_nothing_pending_can_take_a_wake_up_with_it() {
    let model = Model { programs: &[LOCKS_1, &[ANY], LOCKS_1], kills: 1, ..EVENT_MUTEX };

    assert_eq!(mistake(Mistake::SleepsWithNothingPending, &model), ASLEEP);
}

#[test]
fn a_wait_for_any_that_looks_elsewhere_first_can_take_a_wake_up_with_it() {
    let programs: &[&[_]] = &[&[LOCK_1, Set(0), Unlock(1)], &[ANY], LOCKS_1];
    let model = Model { programs, kills: 1, ..EVENT_MUTEX };

    assert_eq!(mistake(Mistake::LooksElsewhereFirst, &model), ASLEEP);
}

#[test]
fn a_wait_for_any_that_sleeps_at_two_mutexes_can_take_a_wake_up_with_it() {
    let model = Model { programs: &[LOCKS_BOTH, LOCKS_ANY, LOCKS_1], kills: 1, ..MUTEXES };

    assert_eq!(mistake(Mistake::SleepsAtTwoMutexes, &model), ASLEEP);
}

#[test]
fn a_wait_that_gives_an_abandoned_mutex_back_can_hide_it() {
    let told_to_nobody = "abandonment was told to nobody";
    let programs: &[&[_]] = &[&[LOCK_1, Set(0), Unlock(1)], &[ANY, Unlock(1)]];
    let any = Model { programs, kills: 1, ..EVENT_MUTEX };
    let all = Model { programs: &[LOCKS, LOCKS_1, LOCKS_ALL], kills: 1, ..MUTEXES };

    assert_eq!(mistake(Mistake::GivesBackUntold, &any), told_to_nobody);
    assert_eq!(mistake(Mistake::GivesBackUntold, &all), told_to_nobody);
}

#[test]
fn a_wait_for_all_that_hands_nothing_on_leaves_a_thread_asleep() {
    let model = Model { programs: &[LOCKS_1, LOCKS_ALL, LOCKS_1], ..EVENT_MUTEX };

    assert_eq!(mistake(Mistake::HandsNothingOn, &model), ASLEEP);
}

#[test]
fn a_wait_for_all_that_judges_before_it_reads_can_sleep_too_long() {
    let programs: &[&[_]] = &[&[LOCK_1, Set(0), Unlock(1)], LOCKS_ALL];
    let model = Model { programs, ..EVENT_MUTEX };

    assert_eq!(mistake(Mistake::JudgesBeforeItReads, &model), ASLEEP);
}

#[test]
fn a_wait_for_all_with_intents_that_the_kernel_does_not_mark_can_take_a_part() {
    let programs: &[&[_]] = &[&[ALL], &[Wait(0, Poll)]];
    let model = Model { programs, states: &[1, 1], kills: 1, ..SEMAPHORES };
    let fault = mistake(Mistake::IntendsBeforeItLinks, &model);

    assert_eq!(fault, "an object is left with another state than was put into it");
}

#[test]
fn a_wait_for_all_that_commits_one_by_one_can_take_a_part() {
    let programs: &[&[_]] = &[&[ALL], &[Wait(0, Poll)]];
    let model = Model { programs, states: &[1, 1], kills: 1, ..SEMAPHORES };
    let fault = mistake(Mistake::CommitsOneByOne, &model);

    assert_eq!(fault, "an object is left with another state than was put into it");
}
