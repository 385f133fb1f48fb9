//! Mutexes, events and semaphores whose users are killed before each step: an access to memory, or a
//! call. Whatever is left can be used, and nothing is lost but what the dead had.

#![expect(unsafe_code, reason = "forks, signals and variables are the C library's")]

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use filemap::{Error, Event, Mutex, Semaphore, wait_all, wait_any};

use crate::support::{self, eventually};

const SHORT: Duration = Duration::from_millis(2);

/// What one process does, and another one finds.
struct Objects {
    mutex: Mutex,
    other: Mutex,
    event: Event,
    manual: Event,
    left: Semaphore,
    right: Semaphore,
    /// The child goes on to what it may be killed in.
    go: Event,
}

/// How many units the semaphores have at first.
const LEFT: u32 = 2;
const RIGHT: u32 = 1;

impl Objects {
    fn new() -> Result<Self, Error> {
        Ok(Self {
            mutex: Mutex::options().create()?,
            other: Mutex::options().create()?,
            event: Event::options().create()?,
            manual: Event::options().manual_reset().create()?,
            left: Semaphore::options(9).count(LEFT).create()?,
            right: Semaphore::options(9).count(RIGHT).create()?,
            go: Event::options().create()?,
        })
    }

    /// How many units each semaphore has lost, which may be less than none.
    fn lost(&self) -> Result<[i64; 2], Error> {
        let lost = |first: u32, semaphore: &Semaphore| {
            semaphore.count().map(|count| i64::from(first) - i64::from(count))
        };
        Ok([lost(LEFT, &self.left)?, lost(RIGHT, &self.right)?])
    }
}

type Act = fn(&Objects) -> Result<(), Error>;

/// Something that a process does.
struct Deed {
    what: &'static str,
    /// What it does before it may be killed.
    first: Act,
    act: Act,
    /// What a thread of another process waits for meanwhile, if anything.
    waits: Option<Act>,
    /// Has whoever waits yet go on.
    last: Act,
    /// What the semaphores can have lost.
    lost: &'static [[i64; 2]],
}

/// Deeds at no semaphore.
const NONE: Deed = Deed {
    what: "",
    first: |_| Ok(()),
    act: |_| Ok(()),
    waits: None,
    last: |_| Ok(()),
    lost: &[[0, 0]],
};

const DEEDS: [Deed; 19] = [
    Deed {
        what: "lock and unlock",
        act: |of| of.mutex.lock().map(|locked| drop(locked.either())),
        ..NONE
    },
    Deed {
        what: "unlock what another waits for",
        first: |of| of.mutex.lock().map(|locked| locked.either().keep()),
        act: |of| of.mutex.unlock(),
        waits: Some(|of| of.mutex.lock().map(|locked| drop(locked.either()))),
        ..NONE
    },
    Deed {
        what: "lock for a time what another has",
        act: |of| of.other.lock_for(SHORT).map(drop),
        ..NONE
    },
    Deed { what: "set", act: |of| of.event.set(), ..NONE },
    Deed {
        what: "set what was waited for",
        first: |of| of.event.wait_for(SHORT).map(drop),
        act: |of| of.event.set(),
        ..NONE
    },
    Deed {
        what: "set what another waits for",
        act: |of| of.event.set(),
        waits: Some(|of| of.event.wait()),
        last: |of| of.event.set(),
        ..NONE
    },
    Deed {
        what: "set, by hand to be reset, what another waits for",
        act: |of| of.manual.set(),
        waits: Some(|of| of.manual.wait()),
        last: |of| of.manual.set(),
        ..NONE
    },
    Deed {
        what: "set what another waits for among others",
        act: |of| of.event.set(),
        waits: Some(|of| wait_any(&[&of.manual, &of.event], None).map(drop)),
        last: |of| of.event.set(),
        ..NONE
    },
    Deed {
        what: "pulse what another waits for",
        act: |of| of.event.pulse(),
        waits: Some(|of| of.event.wait()),
        last: |of| of.event.set(),
        ..NONE
    },
    Deed { what: "reset", act: |of| of.event.reset(), ..NONE },
    Deed {
        what: "reset what was waited for",
        first: |of| of.event.wait_for(SHORT).map(drop),
        act: |of| of.event.reset(),
        ..NONE
    },
    Deed { what: "wait for a time", act: |of| of.event.wait_for(SHORT).map(drop), ..NONE },
    Deed { what: "acquire", act: |of| of.left.acquire(), lost: &[[0, 0], [1, 0]], ..NONE },
    Deed {
        what: "release",
        act: |of| of.left.release(2).map(drop),
        lost: &[[0, 0], [-2, 0]],
        ..NONE
    },
    Deed {
        what: "release what was waited for",
        first: |of| {
            of.left.acquire()?;
            of.left.acquire()?;
            of.left.acquire_for(SHORT).map(drop)
        },
        act: |of| of.left.release(2).map(drop),
        lost: &[[2, 0], [0, 0]],
        ..NONE
    },
    Deed {
        what: "wait for any, of which one is free",
        act: |of| wait_any(&[&of.event, &of.mutex], None).map(drop),
        ..NONE
    },
    Deed {
        what: "wait for any, for a time",
        act: |of| wait_any(&[&of.event, &of.other, &of.manual], Some(SHORT)).map(drop),
        ..NONE
    },
    Deed {
        what: "wait for all",
        act: |of| wait_all(&[&of.left, &of.mutex, &of.right], None).map(drop),
        lost: &[[0, 0], [1, 1]],
        ..NONE
    },
    Deed {
        what: "wait for all, for a time",
        act: |of| wait_all(&[&of.left, &of.other, &of.event], Some(SHORT)).map(drop),
        ..NONE
    },
];

/// Forks a child that does the deed and is killed before its step number `step`; returns its number.
fn fork(deed: &Deed, of: &Objects, step: u32) -> libc::pid_t {
    // SAFETY: the threads of this process but this one only sleep; the child uses the library and
    // variables, and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let begun = (deed.first)(of).and_then(|()| of.go.wait());
        // SAFETY: the child has one thread.
        unsafe { std::env::set_var("FILEMAP_STEP", format!("Object:{step}:kill")) };
        let done = begun.and_then(|()| (deed.act)(of));
        // SAFETY: ends the child, with what it owns.
        unsafe { libc::_exit(i32::from(done.is_err())) }
    }
    assert!(child > 0, "a process can be forked");
    child
}

/// Starts a thread that waits, and returns when it sleeps.
fn asleep(of: &Arc<Objects>, wait: Act) -> JoinHandle<()> {
    let (to, from) = mpsc::channel();
    let of = Arc::clone(of);
    let waiter = thread::spawn(move || {
        // SAFETY: the call cannot fail.
        to.send(unsafe { libc::gettid() }).expect("the test listens");
        wait(&of).expect("what is left can be waited for");
    });
    let number = from.recv().expect("the thread says its number");
    eventually("the thread sleeps", || {
        let call = std::fs::read_to_string(format!("/proc/self/task/{number}/syscall"));
        let call = call.unwrap_or_default();
        let is_wait = ["202 ", "98 ", "449 "].iter().any(|call_of| call.starts_with(call_of));
        waiter.is_finished() || is_wait
    });
    waiter
}

/// Does the deed in a process that is killed before a step; returns false if it came to its end.
fn kill(deed: &Deed, step: u32) -> Result<bool, Error> {
    let of = Arc::new(Objects::new()?);
    let own = of.other.lock()?;
    let child = fork(deed, &of, step);
    if deed.what.starts_with("unlock") {
        eventually("the child owns it", || matches!(of.mutex.try_lock(), Ok(None)));
    }
    let waiter = deed.waits.map(|wait| asleep(&of, wait));
    of.go.set()?;
    let mut status = 0;
    // SAFETY: `status` is ours to write, for the length of the call.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    let was_killed = libc::WIFSIGNALED(status);
    let what = format!("{}, killed before step {step}", deed.what);
    assert_eq!(waited, child, "{what}");
    assert!(was_killed || status == 0, "{what}: {status}");

    let lost = of.lost()?;
    assert!(deed.lost.contains(&lost), "{what}: {lost:?}");
    if !was_killed {
        assert_eq!(Some(&lost), deed.lost.last(), "{what}");
    }
    (deed.last)(&of)?;
    if let Some(waiter) = waiter {
        eventually(&what, || waiter.is_finished());
        waiter.join().expect("no panic");
    }
    // The mutex can be had, and what became of its owner is told once.
    drop(of.mutex.lock()?.either());
    assert!(!of.mutex.lock()?.is_abandoned(), "{what}");
    drop(own.either());
    assert!(!of.other.lock()?.is_abandoned(), "{what}");
    for event in [&of.event, &of.manual] {
        event.reset()?;
        assert!(!event.wait_for(Duration::ZERO)?, "{what}");
        event.set()?;
        assert!(event.wait_for(Duration::ZERO)?, "{what}");
    }
    Ok(was_killed)
}

#[test]
fn whoever_is_killed_before_a_step_leaves_objects_that_others_can_use() -> Result<(), Error> {
    const TEST: &str = "waits::whoever_is_killed_before_a_step_leaves_objects_that_others_can_use";
    support::alone(TEST, |_| {
        for deed in &DEEDS {
            let mut steps = 0;
            while kill(deed, steps + 1)? {
                steps += 1;
            }
            println!("waits: {}: killed before each of {steps} steps", deed.what);
            assert!(steps > 1, "{}", deed.what);
        }
        Ok(())
    })
}
