//! What mutexes, events and semaphores promise, checked in every state that they can reach.
//!
//! Each table has models by what happens in them. Every thread of them can be killed before every step,
//! as often as the model says. With `FILEMAP_SOAK_CYCLES` set, as `cargo xtask soak` does, one more is
//! killed, and a signal may interrupt every sleep.

use std::env;

use filemap_waits::model::Kind::{AutoEvent, ManualEvent, Mutex, Semaphore};
use filemap_waits::model::Operation::{
    All, Any, EndInMusl, Lock, Pulse, Release, Reset, Set, Unlock, Wait, WhenOthersSleep,
};
use filemap_waits::model::Patience::{Forever, Poll, Timed};
use filemap_waits::model::{Mistake, Model, Operation};
use filemap_waits::search::explore;

const EVENT: Model = Model {
    kinds: &[AutoEvent],
    states: &[0],
    programs: &[],
    kills: 0,
    is_interrupted: false,
    is_impatient: false,
    ends: false,
    in_every_order: false,
    mistake: None,
};
const MANUAL: Model = Model { kinds: &[ManualEvent], ..EVENT };
const SEMAPHORE: Model = Model { kinds: &[Semaphore], ..EVENT };
const MUTEX: Model = Model { kinds: &[Mutex], ..EVENT };

const EVENTS: Model = Model { kinds: &[AutoEvent, AutoEvent], states: &[0, 0], ..EVENT };
const EVENT_MANUAL: Model = Model { kinds: &[AutoEvent, ManualEvent], ..EVENTS };
const EVENT_MUTEX: Model = Model { kinds: &[AutoEvent, Mutex], ..EVENTS };
const MUTEX_EVENT: Model = Model { kinds: &[Mutex, AutoEvent], ..EVENTS };
const SEMAPHORES: Model = Model { kinds: &[Semaphore, Semaphore], ..EVENTS };
const MUTEXES: Model = Model { kinds: &[Mutex, Mutex], ..EVENTS };

const WAIT: Operation = Wait(0, Forever);
const LOCK: Operation = Lock(0, Forever);
const LOCK_1: Operation = Lock(1, Forever);
const ANY: Operation = Any(Forever);
const ALL: Operation = All(Forever);

const LOCKS: &[Operation] = &[LOCK, Unlock(0)];
const LOCKS_FOR_A_TIME: &[Operation] = &[Lock(0, Timed), Unlock(0)];
const LOCKS_1: &[Operation] = &[LOCK_1, Unlock(1)];
const LOCKS_BOTH: &[Operation] = &[LOCK, LOCK_1, Unlock(0), Unlock(1)];
const LOCKS_ANY: &[Operation] = &[ANY, Unlock(0), Unlock(1)];
const LOCKS_ALL: &[Operation] = &[ALL, Unlock(0), Unlock(1)];
const ENDS_IN_MUSL: &[Operation] = &[LOCK, EndInMusl];

/// A model by what happens in it.
type Named = (&'static str, Model);

/// Searches models in which nothing may be wrong.
fn search(models: &[Named]) {
    for (what, model) in models {
        let mut model = *model;
        if env::var_os("FILEMAP_SOAK_CYCLES").is_some() && !model.ends {
            (model.kills, model.is_interrupted) = (model.kills + 1, true);
        }
        assert_eq!(explore(what, &model).counterexample, None, "{what}");
    }
}

#[test]
fn a_mutex_has_one_owner_and_the_next_one_is_told_of_its_death() {
    search(&[
        (
            "mutex: three threads, one of them twice",
            Model {
                programs: &[&[LOCK, Unlock(0), LOCK, Unlock(0)], LOCKS, LOCKS],
                kills: 2,
                ..MUTEX
            },
        ),
        (
            "mutex: a thread ends as its owner",
            Model { programs: &[LOCKS, &[LOCK, Unlock(0), LOCK], LOCKS], kills: 2, ..MUTEX },
        ),
        (
            "mutex: one for a time",
            Model { programs: &[LOCKS, LOCKS_FOR_A_TIME, LOCKS], kills: 2, ..MUTEX },
        ),
        (
            "mutex: four threads, one for a time",
            Model { programs: &[LOCKS, LOCKS_FOR_A_TIME, LOCKS, LOCKS], kills: 1, ..MUTEX },
        ),
        (
            "mutex: one polls",
            Model { programs: &[LOCKS, &[Lock(0, Poll), Unlock(0)], LOCKS], kills: 2, ..MUTEX },
        ),
    ]);
}

#[test]
fn a_mutex_of_a_thread_that_ends_in_musl_wakes_all_who_sleep_there() {
    search(&[
        (
            "musl: a thread ends as the owner",
            Model { programs: &[ENDS_IN_MUSL, LOCKS, LOCKS], kills: 2, ..MUTEX },
        ),
        (
            "musl: two threads end so",
            Model { programs: &[ENDS_IN_MUSL, ENDS_IN_MUSL, LOCKS], kills: 2, ..MUTEX },
        ),
        (
            "musl: one ends, three others",
            Model { programs: &[ENDS_IN_MUSL, LOCKS_FOR_A_TIME, LOCKS, LOCKS], kills: 1, ..MUTEX },
        ),
        (
            "musl: one waits for any for a time",
            Model {
                programs: &[ENDS_IN_MUSL, &[Any(Timed), Unlock(0)], LOCKS],
                kills: 2,
                ..MUTEX_EVENT
            },
        ),
        (
            "musl: two wait for any",
            Model {
                programs: &[ENDS_IN_MUSL, &[Any(Timed), Unlock(0)], &[ANY, Unlock(0)]],
                kills: 1,
                ..MUTEX_EVENT
            },
        ),
        (
            "musl: one waits for all for a time",
            Model {
                programs: &[ENDS_IN_MUSL, &[All(Timed), Unlock(0)], &[LOCK, Set(1), Unlock(0)]],
                kills: 1,
                ..MUTEX_EVENT
            },
        ),
    ]);
}

#[test]
fn an_event_releases_who_sleeps_and_loses_nothing() {
    search(&[
        (
            "event: set twice, two wait",
            Model { programs: &[&[Set(0), Set(0)], &[WAIT], &[WAIT]], kills: 2, ..EVENT },
        ),
        (
            "event: one waits for a time",
            Model { programs: &[&[Set(0)], &[Wait(0, Timed)], &[WAIT]], kills: 2, ..EVENT },
        ),
        (
            "event: set and reset, one waits for a time, one polls",
            Model {
                programs: &[&[Set(0), Reset(0)], &[Wait(0, Timed)], &[Wait(0, Poll)]],
                kills: 2,
                ..EVENT
            },
        ),
        (
            "event: two set it, of whom one waits then",
            Model { programs: &[&[Set(0)], &[Set(0), WAIT], &[WAIT]], kills: 2, ..EVENT },
        ),
        (
            "event: pulsed and set",
            Model {
                programs: &[&[Pulse(0), Set(0)], &[Wait(0, Timed)], &[WAIT]],
                kills: 2,
                ..EVENT
            },
        ),
        (
            "event: two set it, three wait",
            Model { programs: &[&[Set(0), Set(0)], &[WAIT], &[WAIT], &[WAIT]], kills: 1, ..EVENT },
        ),
        (
            "manual event: set and reset, two wait",
            Model { programs: &[&[Set(0), Reset(0)], &[WAIT], &[WAIT]], kills: 2, ..MANUAL },
        ),
    ]);
}

#[test]
fn an_event_releases_all_for_whom_it_was_set_while_they_slept() {
    search(&[
        (
            "event: set twice while two sleep",
            Model {
                programs: &[&[WhenOthersSleep, Set(0), Set(0)], &[WAIT], &[WAIT]],
                ends: true,
                ..EVENT
            },
        ),
        (
            "event: pulsed twice while two sleep",
            Model {
                programs: &[&[WhenOthersSleep, Pulse(0), Pulse(0)], &[WAIT], &[WAIT]],
                ends: true,
                ..EVENT
            },
        ),
        (
            "manual event: set and reset while three sleep",
            Model {
                programs: &[&[WhenOthersSleep, Set(0), Reset(0)], &[WAIT], &[WAIT], &[WAIT]],
                ends: true,
                ..MANUAL
            },
        ),
        (
            "manual event: pulsed while three sleep",
            Model {
                programs: &[&[WhenOthersSleep, Pulse(0)], &[WAIT], &[WAIT], &[WAIT]],
                ends: true,
                ..MANUAL
            },
        ),
        (
            "semaphore: two released at once",
            Model { programs: &[&[Release(0, 2)], &[WAIT], &[WAIT]], ends: true, ..SEMAPHORE },
        ),
    ]);
}

#[test]
fn a_semaphore_keeps_what_was_released_but_for_what_the_dead_took() {
    search(&[
        (
            "semaphore: one released three times",
            Model {
                programs: &[&[Release(0, 1), Release(0, 1)], &[WAIT, Release(0, 1)], &[WAIT]],
                kills: 2,
                ..SEMAPHORE
            },
        ),
        (
            "semaphore: two released at once, three wait",
            Model {
                programs: &[&[Release(0, 2)], &[WAIT], &[WAIT], &[WAIT]],
                kills: 1,
                ..SEMAPHORE
            },
        ),
        (
            "semaphore: as a lock",
            Model {
                programs: &[&[Release(0, 1), WAIT], &[WAIT, Release(0, 1)], &[WAIT, Release(0, 1)]],
                states: &[1],
                kills: 1,
                ..SEMAPHORE
            },
        ),
    ]);
}

#[test]
fn who_loses_its_patience_leaves_nobody_asleep() {
    search(&[
        (
            "impatience: one waits for a time",
            Model {
                programs: &[&[Set(0)], &[Wait(0, Timed)], &[WAIT]],
                kills: 2,
                is_impatient: true,
                ..EVENT
            },
        ),
        (
            "impatience: two set",
            Model {
                programs: &[&[Set(0)], &[Set(0)], &[WAIT]],
                kills: 2,
                is_impatient: true,
                ..EVENT
            },
        ),
        (
            "impatience: waits for any and all for a time",
            Model {
                programs: &[&[Set(0)], &[Any(Timed)], &[All(Timed)]],
                states: &[0, 1],
                kills: 1,
                is_impatient: true,
                ..EVENTS
            },
        ),
    ]);
}

#[test]
fn who_waits_for_any_of_two_events_is_released_by_either() {
    search(&[
        (
            "any: two events, and one waits for the first alone",
            Model { programs: &[&[Set(0), Set(1)], &[ANY], &[WAIT]], kills: 1, ..EVENTS },
        ),
        (
            "any: two events, two wait, one set",
            Model { programs: &[&[Set(1)], &[ANY], &[ANY]], kills: 2, ..EVENTS },
        ),
        (
            "any: two events, two wait, both set",
            Model { programs: &[&[Set(0), Set(1)], &[ANY], &[ANY]], kills: 1, ..EVENTS },
        ),
        (
            "any: an event and a manual one, for a time",
            Model { programs: &[&[Set(1)], &[Any(Timed)], &[ANY]], kills: 2, ..EVENT_MANUAL },
        ),
    ]);
}

#[test]
fn who_waits_for_any_with_a_mutex_keeps_its_wake_up_from_nobody() {
    search(&[
        (
            "any: event, mutex",
            Model { programs: &[LOCKS_1, &[ANY], LOCKS_1], kills: 2, ..EVENT_MUTEX },
        ),
        (
            "any: mutex, event, and it is set",
            Model {
                programs: &[&[LOCK, Set(1), Unlock(0)], &[ANY], LOCKS],
                kills: 2,
                ..MUTEX_EVENT
            },
        ),
        (
            "any: event, mutex, two wait",
            Model {
                programs: &[LOCKS_1, &[ANY, Unlock(1)], &[ANY, Unlock(1)]],
                kills: 2,
                ..EVENT_MUTEX
            },
        ),
        (
            "any: event, mutex, two wait, and it is set",
            Model {
                programs: &[&[LOCK_1, Set(0), Unlock(1)], &[ANY, Unlock(1)], &[ANY, Unlock(1)]],
                kills: 1,
                ..EVENT_MUTEX
            },
        ),
    ]);
}

#[test]
fn who_waits_for_any_of_two_mutexes_keeps_the_wake_up_of_neither_from_others() {
    search(&[
        (
            "any: two mutexes, and one locks the second",
            Model { programs: &[LOCKS_BOTH, LOCKS_ANY, LOCKS_1], kills: 1, ..MUTEXES },
        ),
        (
            "any: two mutexes, and one locks the first",
            Model { programs: &[LOCKS_BOTH, LOCKS_ANY, LOCKS], kills: 2, ..MUTEXES },
        ),
        (
            "any: two mutexes, two wait",
            Model { programs: &[LOCKS_BOTH, LOCKS_ANY, LOCKS_ANY], kills: 1, ..MUTEXES },
        ),
    ]);
}

#[test]
fn who_waits_for_all_takes_all_or_nothing() {
    search(&[
        (
            "all: two semaphores",
            Model {
                programs: &[&[Release(0, 1), Release(1, 1)], &[ALL], &[Release(0, 1)]],
                kills: 2,
                ..SEMAPHORES
            },
        ),
        (
            "all: two semaphores, two wait",
            Model {
                programs: &[&[Release(1, 1)], &[ALL], &[ALL]],
                states: &[1, 0],
                kills: 2,
                ..SEMAPHORES
            },
        ),
        (
            "all: two semaphores, one wait finds both",
            Model {
                programs: &[&[Release(1, 1)], &[ALL], &[ALL]],
                states: &[2, 1],
                kills: 2,
                ..SEMAPHORES
            },
        ),
        (
            "all: two semaphores, for a time",
            Model {
                programs: &[&[All(Timed)], &[ALL], &[Release(0, 1)]],
                states: &[1, 1],
                kills: 2,
                ..SEMAPHORES
            },
        ),
        (
            "all: two events, and one waits for the first alone",
            Model { programs: &[&[Set(0)], &[ALL], &[WAIT]], states: &[0, 1], kills: 2, ..EVENTS },
        ),
        (
            "all: two events, and one waits for any",
            Model { programs: &[&[Set(0)], &[ALL], &[ANY]], states: &[0, 1], kills: 2, ..EVENTS },
        ),
    ]);
}

#[test]
fn who_waits_for_all_with_mutexes_keeps_a_wake_up_from_nobody() {
    search(&[
        (
            "all: event, mutex",
            Model {
                programs: &[&[LOCK_1, Set(0), Unlock(1)], LOCKS_ALL, LOCKS_1],
                kills: 1,
                ..EVENT_MUTEX
            },
        ),
        (
            "all: two mutexes",
            Model { programs: &[LOCKS_BOTH, LOCKS_ALL, LOCKS], kills: 1, ..MUTEXES },
        ),
        (
            "all: two mutexes, two wait",
            Model { programs: &[LOCKS_BOTH, LOCKS_ALL, LOCKS_ALL], kills: 1, ..MUTEXES },
        ),
    ]);
}

#[test]
fn what_a_search_leaves_out_hides_no_end() {
    let models = [
        Model { programs: &[LOCKS, LOCKS_FOR_A_TIME, LOCKS], kills: 1, ..MUTEX },
        Model { programs: &[&[Set(0)], &[WAIT], &[WAIT]], kills: 2, ..EVENT },
        Model { programs: &[LOCKS_1, &[ANY, Unlock(1)], LOCKS_1], kills: 1, ..EVENT_MUTEX },
        Model { programs: &[&[Release(0, 1)], &[ALL]], states: &[0, 1], kills: 2, ..SEMAPHORES },
    ];
    for model in models {
        let short = explore("in few orders", &model);
        let long = explore("in every order", &Model { in_every_order: true, ..model });

        assert_eq!((short.ends, short.counterexample), (long.ends, long.counterexample));
        assert!(short.states < long.states);
    }
}

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
