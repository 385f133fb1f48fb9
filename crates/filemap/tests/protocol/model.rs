//! The protocol of names as a state machine: what each agent may do next, and with what result.
//!
//! One step is one system call, by the library's name for it. The next step of an agent in an
//! operation follows from the state; which operation an agent begins, and whether it is killed, does
//! not.

use crate::state::{Agent, At, Doing, Lock, NAMES, State};
use crate::walk::{Walk, broken, witnessed};

/// A step of the protocol, as `src/sys/linux/step.rs` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A look opened the entry.
    Opened,
    /// There is no entry.
    NoEntry,
    /// Nobody has a lock on it.
    SawFree,
    /// Another agent has claimed it.
    SawClaimed,
    /// Another agent holds it.
    SawHeld,
    /// The memory was opened through a process that has it.
    Reached,
    /// No process has it.
    NotReached,
    /// The shared lock was taken.
    Held,
    /// It was refused.
    HoldRefused,
    /// The name still leads to the locked file.
    OpenedAgain,
    /// It does not.
    LedElsewhere,
    /// The name still leads to the claimed file.
    StillLinked,
    /// The exclusive lock was taken.
    Claimed,
    /// That of a live mapping's name.
    ClaimedName,
    /// It was refused.
    ClaimRefused,
    /// The description cannot write, and so cannot claim.
    MayNotClaim,
    /// The entry was removed.
    Unlinked,
    /// A look closed everything, and starts over.
    StartedOver,
    /// All names were read.
    Listed,
    /// An agent that removes an entry opened it.
    OpenedAnew,
    /// A creator has a file without a name,
    MadeUnnamed,
    /// has filled it,
    WroteTrailer,
    /// has locked it,
    HeldUnnamed,
    /// and has linked it.
    Linked,
    /// Or the name was taken meanwhile.
    LinkTaken,
    /// A duplicate that may not write has a lock of its own.
    HeldDuplicate,
    /// A description was unlocked.
    LetGo,
    /// A description that others may have was closed.
    Closed,
    /// An exiting process replaced a handle's description.
    Replaced,
    /// Not a step of the library: the call returns, and its other descriptors are closed.
    Ended,
    /// Not a step of the library: a listing's look at the name.
    Looked,
}

/// The result of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// A handle of an existing mapping.
    Found,
    /// A handle of a new mapping.
    Made,
    NotFound,
    TimedOut,
    Done,
    ListedLive,
    ListedDead,
}

/// What happens between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An agent begins to open a name, for writing or not.
    Open {
        name: usize,
        writes: bool,
    },
    /// An agent begins to create a name.
    Create {
        name: usize,
        writes: bool,
    },
    /// An agent begins to close its handle of a name.
    Close {
        name: usize,
    },
    /// An agent begins to exit, with the handle of this name first.
    Exit {
        first: usize,
    },
    /// An agent begins to remove all dead entries, from this name on.
    Collect {
        first: usize,
    },
    /// An agent begins to take the name from the mapping that it has a handle of.
    Withdraw {
        name: usize,
    },
    /// An agent begins to look whether a name is live.
    List {
        name: usize,
    },
    /// An idle agent becomes its child, or a duplicate of it, with all its handles.
    Fork {
        /// The new agent.
        child: usize,
    },
    /// The same for a child between `fork` and `exec`, which the library does not notice.
    Start {
        /// The agent that stands for the child.
        program: usize,
    },
    /// It is killed.
    Crash,
    /// It started over too often.
    TimedOut,
    Step(Step),
}

/// An event, the state after it, and its result.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub event: Event,
    pub next: State,
    /// The result of the operation, if this was its last step.
    pub outcome: Option<Outcome>,
    /// What must not happen.
    pub wrong: Option<&'static str>,
}

/// A mistake in the protocol, which the search must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// An opener takes its lock for a handle without looking at the name once more.
    TrustsItsLock,
    /// An opener takes the shared lock without having seen one.
    HoldsTheDead,
    /// An agent that finds a name dead removes it without a claim.
    RemovesUnclaimed,
    /// An agent that has claimed removes the name, whatever file it leads to.
    RemovesWhateverIsThere,
    /// The claim is given up before the name is removed.
    ClaimsTooShortly,
    /// A close claims before it unlocks.
    ClaimsBeforeLettingGo,
    /// A close does not check whether it was the last.
    ClosesWithoutALook,
    /// A close unlocks a description that others share.
    LetsGoForOthers,
    /// A creator links its file before it locks it.
    LinksBeforeLocking,
    /// A listing tries to claim each entry.
    ListsByClaiming,
    /// An opener takes the lock before it has the memory.
    HoldsBeforeReaching,
    /// A holder withdraws its name without a claim on it.
    WithdrawsUnclaimed,
    /// A holder withdraws its name, whatever mapping it leads to by now.
    WithdrawsWhateverIsThere,
}

/// The size of a model, and the events in it.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub agents: usize,
    pub names: usize,
    /// There are handles that may not write.
    pub readers: bool,
    pub lists: bool,
    pub withdraws: bool,
    /// The memory is not in the entry's file, and its holders alone have it.
    pub reaches: bool,
    pub exits: bool,
    pub forks: bool,
    pub programs: bool,
    pub crashes: bool,
    /// Steps that no other agent can notice happen together with the step before. No state is missed:
    /// the other agents do the same, whenever such a step happens.
    pub hurries: bool,
    pub mistake: Option<Mistake>,
}

impl Model {
    /// Calls `visit` for each event that may happen next.
    pub fn moves(&self, state: &State, mut visit: impl FnMut(usize, Move)) {
        for agent in 0..self.agents {
            if let Some(next) = self.step(state, agent) {
                visit(agent, self.hurried(next, agent));
            }
            self.choices(state, agent, |event, next| {
                let next = witnessed(next);
                let next = Move { event, next, outcome: None, wrong: broken(&next) };
                visit(agent, self.hurried(next, agent));
            });
        }
    }

    /// Adds the steps that no other agent can notice, if `hurries` is set.
    fn hurried(&self, mut done: Move, agent: usize) -> Move {
        let mut begun = !matches!(done.event, Event::Step(_) | Event::TimedOut);
        loop {
            let me = done.next.agents[agent];
            let hidden = me.at == At::Unnamed
                || me.at == At::Written && !self.makes(Mistake::LinksBeforeLocking)
                || me.at == At::Restart && me.lock == Lock::None
                || begun && !matches!(me.at, At::Idle | At::Starting);
            let further = self.step(&done.next, agent).filter(|_| self.hurries && hidden);
            let Some(further) = further else { return done };
            begun = false;
            let wrong = done.wrong.or(further.wrong);
            done = Move { event: done.event, wrong, ..further };
        }
    }

    /// The operations that an agent may begin, and the events that may happen to it.
    fn choices(&self, state: &State, agent: usize, mut visit: impl FnMut(Event, State)) {
        let me = state.agents[agent];
        let changed = |change: &dyn Fn(&mut Agent)| {
            let mut next = *state;
            change(&mut next.agents[agent]);
            next
        };
        if self.crashes && (!me.is_idle() || me.has_handles()) {
            visit(Event::Crash, changed(&|me| *me = Agent::default()));
        }
        if me.at == At::Look && matches!(me.doing, Doing::Open | Doing::Create) {
            visit(Event::TimedOut, changed(&Agent::finish));
        }
        if !me.is_idle() {
            return;
        }
        for name in 0..self.names {
            let number = u8::from(name == 1);
            if me.handles[name].file != 0 {
                visit(
                    Event::Close { name },
                    changed(&|me| {
                        (me.at, me.doing, me.name) = (At::CloseStart, Doing::Close, number);
                    }),
                );
                if self.withdraws && me.handles[name].writes {
                    visit(
                        Event::Withdraw { name },
                        changed(&|me| {
                            (me.at, me.doing, me.name) = (At::Withdraw, Doing::Withdraw, number);
                        }),
                    );
                }
                continue;
            }
            let throughout = state.is_live(agent, name);
            let look = |doing, writes| {
                changed(&|me| {
                    (me.at, me.doing, me.name) = (At::Look, doing, number);
                    (me.writes, me.throughout) = (writes, throughout);
                })
            };
            for writes in [true, false] {
                if writes || self.readers {
                    visit(Event::Open { name, writes }, look(Doing::Open, writes));
                    visit(Event::Create { name, writes }, look(Doing::Create, writes));
                }
            }
            if self.lists {
                visit(Event::List { name }, look(Doing::List, true));
            }
        }
        // A forked child that exits leaves what it inherited to the kernel, as if it was killed.
        let inherits = me.handles.iter().any(|handle| handle.inherited);
        for first in 0..self.names {
            let number = u8::from(first == 1);
            // Neither files in a directory nor handles have a fixed order.
            visit(
                Event::Collect { first },
                changed(&|me| {
                    (me.at, me.doing, me.name) = (At::Listing, Doing::Collect, number);
                }),
            );
            if self.exits && !inherits && me.handles[first].file != 0 {
                visit(
                    Event::Exit { first },
                    changed(&|me| {
                        (me.at, me.doing, me.name) = (At::Replacing, Doing::Exit, number);
                    }),
                );
            }
        }
        if !me.has_handles() {
            return;
        }
        for child in 0..self.agents {
            let other = state.agents[child];
            if !other.is_idle() || other.has_handles() {
                continue;
            }
            if self.forks {
                let mut next = *state;
                next.agents[agent].handles.iter_mut().for_each(|handle| handle.alone = false);
                next.agents[child].handles = next.agents[agent].handles;
                for handle in &mut next.agents[child].handles {
                    handle.inherited = handle.file != 0;
                }
                visit(Event::Fork { child }, next);
            }
            if self.programs {
                let mut next = *state;
                next.agents[child] = Agent { at: At::Starting, ..me };
                visit(Event::Start { program: child }, next);
            }
        }
    }

    /// The next step of an agent that is in an operation.
    pub fn step(&self, state: &State, agent: usize) -> Option<Move> {
        if state.agents[agent].is_idle() {
            return None;
        }
        Some(Walk::begin(self, *state, agent).one_step())
    }

    /// Whether several agents can share a description.
    pub fn shares(&self) -> bool {
        self.forks || self.programs
    }

    pub(crate) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

/// Whether no name leads to a file.
pub fn is_empty(state: &State) -> bool {
    state.names == [0; NAMES]
}
