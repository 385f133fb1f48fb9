//! The protocol of names as a machine: what each agent may do next, and what comes of it.
//!
//! One step is one system call, by the name that the library gives it. What an agent that is
//! doing something does next is settled by the moment it does it in; what it begins, and whether
//! it is killed, is not.

use crate::state::{Agent, At, Doing, Lock, NAMES, State};
use crate::walk::{Walk, broken, witnessed};

/// A step of the protocol, as `src/sys/linux/registry/step.rs` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A look opened the entry.
    Opened,
    /// There is no entry.
    NoEntry,
    /// Nobody has a lock on it.
    SawFree,
    /// Somebody has claimed it.
    SawClaimed,
    /// Somebody holds it.
    SawHeld,
    /// The shared lock was taken.
    Held,
    /// It was refused.
    HoldRefused,
    /// The name still leads to what is locked.
    OpenedAgain,
    /// It does not.
    LedElsewhere,
    /// The name still leads to what is claimed.
    StillLinked,
    /// The exclusive lock was taken.
    Claimed,
    /// It was refused.
    ClaimRefused,
    /// The description cannot write, and so cannot claim.
    MayNotClaim,
    /// The entry was removed.
    Unlinked,
    /// A look let go of everything.
    StartedOver,
    /// All names were read.
    Listed,
    /// Whoever frees an entry opened it.
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
    /// A lock was given up by hand.
    LetGo,
    /// A description was closed that others may have.
    Closed,
    /// The end of a process gave a handle's description up.
    Replaced,
    /// Not a step of the library: the call returns, and what was open in it is closed.
    Ended,
    /// Nor this: a listing's look at the name.
    Looked,
}

/// What an operation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// There is a handle on an object that was there.
    Found,
    /// There is a handle on a new object.
    Made,
    NotFound,
    TimedOut,
    Done,
    ListedLive,
    ListedDead,
}

/// What happens between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An agent begins to open a name, in order to write or not.
    Open {
        name: usize,
        writes: bool,
    },
    /// To create one.
    Create {
        name: usize,
        writes: bool,
    },
    /// To close its handle of one.
    Close {
        name: usize,
    },
    /// To end in good order, with the handle of this name first.
    Exit {
        first: usize,
    },
    /// To free all that is dead, from this name on.
    Collect {
        first: usize,
    },
    /// To look whether a name is alive.
    List {
        name: usize,
    },
    /// An idle agent becomes its child, or a duplicate of it, with all its handles.
    Fork {
        /// Which.
        heir: usize,
    },
    /// The same for the moment until a program is started, which the library does not notice.
    Start {
        /// Which agent stands for it.
        program: usize,
    },
    /// It is killed.
    Crash,
    /// It started over too often.
    TimedOut,
    Step(Step),
}

/// An event, the moment after it, and what it tells.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub event: Event,
    pub next: State,
    /// What the operation came to, if this was its last step.
    pub outcome: Option<Outcome>,
    /// What may not be.
    pub wrong: Option<&'static str>,
}

/// A protocol that differs from ours, in order to see that the model can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// An opener takes its lock for a handle without looking at the name once more.
    TrustsItsLock,
    /// An opener takes the shared lock without having seen one.
    HoldsTheDead,
    /// Whoever sees a name dead removes it without a claim.
    RemovesUnclaimed,
    /// Whoever has claimed removes the name, whatever it leads to by now.
    RemovesWhateverIsThere,
    /// The claim is given up before the name is removed.
    ClaimsTooShortly,
    /// A close claims before it gives its lock up.
    ClaimsBeforeLettingGo,
    /// A close does not look whether it was the last.
    ClosesWithoutALook,
    /// A close gives up by hand a lock that others share.
    LetsGoForOthers,
    /// A creator links its file before it locks it.
    LinksBeforeLocking,
    /// A listing claims what it looks at, to see whether it can.
    ListsByClaiming,
}

/// What there is, and what may be begun.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub agents: usize,
    pub names: usize,
    /// There are handles that may not write.
    pub readers: bool,
    pub lists: bool,
    pub exits: bool,
    pub forks: bool,
    pub programs: bool,
    pub crashes: bool,
    /// What nobody else can notice happens with the step before it. Nothing is lost by that: at
    /// whatever moment it happens, others do the same.
    pub hurries: bool,
    pub mistake: Option<Mistake>,
}

impl Model {
    /// Calls `visit` with everything that may happen next.
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

    /// Goes on with what nobody else can notice, if that is what is wanted.
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

    /// What an agent may begin, and what may befall it.
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
        // A forked child that ends without closing what it inherited leaves it to the kernel, as
        // if it was killed.
        let inherits = me.handles.iter().any(|handle| handle.inherited);
        for first in 0..self.names {
            let number = u8::from(first == 1);
            // A directory tells its files in an order of its own, and handles have theirs.
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
        for heir in 0..self.agents {
            let other = state.agents[heir];
            if !other.is_idle() || other.has_handles() {
                continue;
            }
            if self.forks {
                let mut next = *state;
                next.agents[agent].handles.iter_mut().for_each(|handle| handle.alone = false);
                next.agents[heir].handles = next.agents[agent].handles;
                for handle in &mut next.agents[heir].handles {
                    handle.inherited = handle.file != 0;
                }
                visit(Event::Fork { heir }, next);
            }
            if self.programs {
                let mut next = *state;
                next.agents[heir] = Agent { at: At::Starting, ..me };
                visit(Event::Start { program: heir }, next);
            }
        }
    }

    /// The next step of an agent that is doing something.
    pub fn step(&self, state: &State, agent: usize) -> Option<Move> {
        if state.agents[agent].is_idle() {
            return None;
        }
        Some(Walk::begin(self, *state, agent).one_step())
    }

    /// Whether descriptions can be several agents'.
    pub fn shares(&self) -> bool {
        self.forks || self.programs
    }

    pub(crate) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

/// Whether all the names that there are lead nowhere.
pub fn is_empty(state: &State) -> bool {
    state.names == [0; NAMES]
}
