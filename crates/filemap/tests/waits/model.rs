//! What the threads of a model do, and all that can happen next.

use crate::promise;
use crate::state::{Next, Part, State, THREADS, Thread};
use crate::walk::{Run, Step, Stop, Walk};
use crate::{kernel, mutex, signal, wait_all, wait_any};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mutex,
    AutoEvent,
    ManualEvent,
    Semaphore,
}

/// How long a thread waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    Forever,
    /// Until a moment that may come at any time.
    Timed,
    /// Not at all.
    Poll,
}

/// What a thread does, with an object by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Set(usize),
    Reset(usize),
    Pulse(usize),
    Release(usize, u8),
    Wait(usize, Patience),
    Lock(usize, Patience),
    /// Gives a mutex back, if the thread owns it.
    Unlock(usize),
    /// Waits for any of all objects.
    Any(Patience),
    /// Waits for all objects.
    All(Patience),
    /// Continues when all other threads sleep, or are done.
    WhenOthersSleep,
    /// The thread ends as musl has it.
    EndInMusl,
}

/// A mistake in an operation, which the search must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The state of an event is stored before the threads are woken that it is for.
    SetsBeforeItWakes,
    /// Threads are released without a new turn, so that one may sleep that is about to.
    GrantsInTheSameTurn,
    /// Who frees a mutex stores 0, and then wakes one, as C libraries do.
    FreesBeforeItWakes,
    /// Who frees a mutex and wakes one thread stores 0.
    DropsTheMark,
    /// Who is woken for a mutex when its time is over does not try once more.
    LeavesAtOnce,
    /// Who is woken for a guard when its time is over does not try once more.
    LeavesAGuardAtOnce,
    /// Who takes a mutex whose owner ended believes that nobody sleeps there, if the word says so.
    TrustsTheDead,
    /// A thread that waits for several has nothing pending while it sleeps.
    SleepsWithNothingPending,
    /// A thread that waits for several does not try the mutex first after it has slept.
    LooksElsewhereFirst,
    /// A thread that waits for several sleeps at every mutex.
    SleepsAtTwoMutexes,
    /// A mutex that was abandoned is given back as if it had not been.
    GivesBackUntold,
    /// A thread that waits for all does not hand on the wake-up of a mutex.
    HandsNothingOn,
    /// A thread that waits for all reads the words that it is to sleep at after it has judged.
    JudgesBeforeItReads,
    /// A thread is about to sleep, and does not mark the state.
    SleepsUnwatched,
    /// The state is changed at once while another thread has the guard.
    ChangesUnderAGuard,
    /// An intent is stored before it is in the list.
    IntendsBeforeItLinks,
    /// The intents are taken out of the list one after another.
    CommitsOneByOne,
}

/// The size of a model, and what happens in it.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub kinds: &'static [Kind],
    /// The first state of each object: whether it is set, or its count.
    pub states: &'static [u8],
    /// What each thread does, of which there are at most [`THREADS`].
    pub programs: &'static [&'static [Operation]],
    /// How many threads are killed at most.
    pub kills: u8,
    /// Whether sleeps that have no deadline end for a signal.
    pub is_interrupted: bool,
    /// Whether who changes an object may lose its patience with another one that does.
    pub is_impatient: bool,
    /// Whether all programs come to their end, if no thread is killed.
    pub ends: bool,
    /// Whether nothing is left out of what can happen, not even what comes to the same.
    pub in_every_order: bool,
    pub mistake: Option<Mistake>,
}

/// What happens between two states.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub thread: usize,
    pub step: Step,
    pub next: State,
    /// Nobody but the clock or a signal has it happen.
    pub is_spontaneous: bool,
    /// What must not happen.
    pub wrong: Option<&'static str>,
}

impl Operation {
    /// Whether it ends some time although another thread was stopped in the middle of a change: waits
    /// without a deadline do not.
    pub(crate) fn is_impatient(self) -> bool {
        !matches!(
            self,
            Self::Wait(_, Patience::Forever)
                | Self::Any(Patience::Forever)
                | Self::All(Patience::Forever)
        )
    }

    pub(crate) fn run(self, walk: &mut Walk<'_>) -> Run<()> {
        match self {
            Self::Set(object) => signal::set(walk, object),
            Self::Reset(object) => signal::reset(walk, object),
            Self::Pulse(object) => {
                signal::pulse(walk, object)?;
                promise::put_nothing(walk)
            }
            Self::Release(object, count) => signal::release(walk, object, count),
            Self::Wait(object, patience) => {
                let is_satisfied = signal::wait(walk, object, patience)?;
                promise::kept(walk, is_satisfied.then_some((1 << object, false)))
            }
            Self::Lock(object, patience) => {
                let taken = mutex::lock(walk, object, patience)?;
                promise::kept(walk, taken.map(|taken| (1 << object, taken == ABANDONED)))
            }
            Self::Unlock(object) => mutex::unlock(walk, object),
            Self::Any(patience) => {
                let taken = wait_any::wait(walk, patience)?;
                promise::kept(walk, taken.map(|(at, taken)| (1 << at, taken == ABANDONED)))
            }
            Self::All(patience) => {
                let all = (1 << walk.model.kinds.len()) - 1;
                let taken = wait_all::wait(walk, patience)?;
                promise::kept(walk, taken.map(|taken| (all, taken == ABANDONED)))
            }
            Self::WhenOthersSleep => walk.act(Step::Look, |walk| {
                let me = walk.me();
                let is_quiet = |(which, thread): (usize, &Thread)| {
                    let sleeps = thread.next == Next::Asleep && !thread.is_woken;
                    which == me || sleeps || thread.next == Next::Nothing
                };
                let are_quiet = walk.state.threads.iter().enumerate().all(is_quiet);
                if are_quiet { Ok(()) } else { Err(Stop::Blocked) }
            }),
            Self::EndInMusl => kernel::end_as_in_musl(walk),
        }
    }
}

const ABANDONED: mutex::Taken = mutex::Taken::Abandoned;

impl Model {
    /// Returns what a thread does when it has done so many operations.
    pub fn operation(&self, thread: usize, done: usize) -> Option<Operation> {
        self.programs.get(thread)?.get(done).copied()
    }

    /// The state in which every thread is about to begin.
    pub fn first(&self) -> State {
        let mut state = State::default();
        for (object, first) in state.objects.iter_mut().zip(self.states) {
            object.set(Part::State, *first);
            object.left = *first;
        }
        for thread in 0..THREADS {
            state = Walk::begin(self, &state, thread);
        }
        state
    }

    /// All that can happen next, of which some is left out: while a thread is about to do what no other
    /// one notices, nothing else need happen before it does so or is killed.
    pub fn moves(&self, state: &State, mut with: impl FnMut(Move)) {
        let goes_alone = (0..THREADS)
            .find(|thread| !self.in_every_order && state.threads[*thread].next == Next::Alone);
        for thread in goes_alone.map_or(0..THREADS, |thread| thread..thread + 1) {
            self.moves_of(state, thread, &mut with);
        }
    }

    fn moves_of(&self, state: &State, thread: usize, with: &mut impl FnMut(Move)) {
        let now = &state.threads[thread];
        if now.next == Next::Nothing {
            return;
        }
        if state.kills < self.kills && !now.is_dying {
            let next = Walk::kill(self, state, thread);
            with(Move { thread, step: Step::Kill, next, is_spontaneous: true, wrong: None });
        }
        let (mut choice, mut choices) = (0, 1);
        while choice < choices {
            let Some(walked) = Walk::step(self, state, thread, choice) else { return };
            choices = walked.choices;
            choice += 1;
            let (step, next, wrong) = (walked.step, walked.state, walked.wrong);
            let is_spontaneous = walked.is_spontaneous;
            with(Move { thread, step, next, is_spontaneous, wrong });
        }
    }
}
