//! What mutexes, events and semaphores promise, checked in every state that they can reach.
//!
//! Each table has models by what happens in them. Every thread of them can be killed before every step,
//! as often as the model says. With `FILEMAP_SOAK_CYCLES` set, as `cargo xtask soak` does, one more is
//! killed, and a signal may interrupt every sleep.

mod mistakes;

use std::env;

use filemap_waits::model::Kind::{AutoEvent, ManualEvent, Mutex, Semaphore};
use filemap_waits::model::Operation::{
    All, Any, EndInMusl, Lock, Pulse, Release, Reset, Set, Unlock, Wait, WhenOthersSleep,
};
use filemap_waits::model::Patience::{Forever, Poll, Timed};
use filemap_waits::model::{Model, Operation};
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

/// Searches models in which nothing may be wrong, and which have so many states together.
fn search(states: usize, models: &[Named]) {
    let is_long = env::var_os("FILEMAP_SOAK_CYCLES").is_some();
    let mut found = 0;
    for (what, model) in models {
        let mut model = *model;
        if is_long && !model.ends {
            (model.kills, model.is_interrupted) = (model.kills + 1, true);
        }
        let report = explore(what, &model);
        assert_eq!(report.counterexample, None, "{what}");
        found += report.states;
    }
    assert!(is_long || found == states, "{found} states: `docs/sync.md` says {states}");
}

#[test]
fn a_mutex_has_one_owner_and_the_next_one_is_told_of_its_death() {
    search(
        741_264,
        &[
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
        ],
    );
}

#[test]
fn a_mutex_of_a_thread_that_ends_in_musl_wakes_all_who_sleep_there() {
    search(
        1_100_643,
        &[
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
                Model {
                    programs: &[ENDS_IN_MUSL, LOCKS_FOR_A_TIME, LOCKS, LOCKS],
                    kills: 1,
                    ..MUTEX
                },
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
        ],
    );
}

#[test]
fn an_event_releases_who_sleeps_and_loses_nothing() {
    search(
        1_665_399,
        &[
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
                Model {
                    programs: &[&[Set(0), Set(0)], &[WAIT], &[WAIT], &[WAIT]],
                    kills: 1,
                    ..EVENT
                },
            ),
            (
                "manual event: set and reset, two wait",
                Model { programs: &[&[Set(0), Reset(0)], &[WAIT], &[WAIT]], kills: 2, ..MANUAL },
            ),
        ],
    );
}

#[test]
fn an_event_releases_all_for_whom_it_was_set_while_they_slept() {
    search(
        13_251,
        &[
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
        ],
    );
}

#[test]
fn a_semaphore_keeps_what_was_released_but_for_what_the_dead_took() {
    search(
        725_177,
        &[
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
                    programs: &[
                        &[Release(0, 1), WAIT],
                        &[WAIT, Release(0, 1)],
                        &[WAIT, Release(0, 1)],
                    ],
                    states: &[1],
                    kills: 1,
                    ..SEMAPHORE
                },
            ),
        ],
    );
}

#[test]
fn who_loses_its_patience_leaves_nobody_asleep() {
    search(
        220_858,
        &[
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
        ],
    );
}

#[test]
fn who_waits_for_any_of_two_events_is_released_by_either() {
    search(
        625_071,
        &[
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
        ],
    );
}

#[test]
fn who_waits_for_any_with_a_mutex_keeps_its_wake_up_from_nobody() {
    search(
        1_027_432,
        &[
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
        ],
    );
}

#[test]
fn who_waits_for_any_of_two_mutexes_keeps_the_wake_up_of_neither_from_others() {
    search(
        1_049_229,
        &[
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
        ],
    );
}

#[test]
fn who_waits_for_all_takes_all_or_nothing() {
    search(
        1_857_846,
        &[
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
                Model {
                    programs: &[&[Set(0)], &[ALL], &[WAIT]],
                    states: &[0, 1],
                    kills: 2,
                    ..EVENTS
                },
            ),
            (
                "all: two events, and one waits for any",
                Model {
                    programs: &[&[Set(0)], &[ALL], &[ANY]],
                    states: &[0, 1],
                    kills: 2,
                    ..EVENTS
                },
            ),
        ],
    );
}

#[test]
fn who_waits_for_all_with_mutexes_keeps_a_wake_up_from_nobody() {
    search(
        967_711,
        &[
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
        ],
    );
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
