//! Each operation of the protocol, from each state of a name, step by step.

use filemap_protocol::model::{Event, Model, Step};

use crate::world::World;

/// What is left of a name after its process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// An entry that nobody holds.
    Dead,
    /// Somebody else's handle.
    Live,
}

/// An operation of the first process, on a name in a given state.
pub(crate) struct Scenario {
    pub(crate) what: &'static str,
    before: &'static [(usize, Event)],
    event: Event,
    /// The operation's steps, and what a kill after each leaves.
    pub(crate) steps: &'static [(Step, Left)],
}

/// Two processes, and the one of the test.
pub(crate) const MODEL: Model = Model {
    agents: 3,
    names: 1,
    readers: true,
    lists: false,
    withdraws: true,
    reaches: false,
    exits: true,
    forks: true,
    programs: false,
    crashes: true,
    hurries: false,
    mistake: None,
};

pub(crate) const OPEN: Event = Event::Open { name: 0, writes: true };
pub(crate) const CREATE: Event = Event::Create { name: 0, writes: true };
const OPEN_TO_READ: Event = Event::Open { name: 0, writes: false };
const CREATE_TO_READ: Event = Event::Create { name: 0, writes: false };
const CLOSE: Event = Event::Close { name: 0 };
const WITHDRAW: Event = Event::Withdraw { name: 0 };
const EXIT: Event = Event::Exit { first: 0 };
const COLLECT: Event = Event::Collect { first: 0 };
const FORK: Event = Event::Fork { child: 1 };

const HELD: &[(usize, Event)] = &[(1, CREATE)];
const DEAD: &[(usize, Event)] = &[(1, CREATE), (1, Event::Crash)];

use Left::{Dead, Live, Nothing};

/// The steps of a look that finds a live name.
const FINDS: &[(Step, Left)] =
    &[(Step::Opened, Live), (Step::SawHeld, Live), (Step::Held, Live), (Step::OpenedAgain, Live)];

/// The steps of a look that finds a dead name and removes it.
const FREES: &[(Step, Left)] = &[
    (Step::Opened, Dead),
    (Step::SawFree, Dead),
    (Step::Claimed, Dead),
    (Step::StillLinked, Dead),
    (Step::Unlinked, Nothing),
];

/// The rows of the table of crashes in `docs/registry.md`, and the steps between them.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { what: "open", before: &[], event: OPEN, steps: &[(Step::NoEntry, Nothing)] },
    Scenario { what: "open of a live name", before: HELD, event: OPEN, steps: FINDS },
    Scenario { what: "open to read", before: HELD, event: OPEN_TO_READ, steps: FINDS },
    Scenario { what: "open of a dead name", before: DEAD, event: OPEN, steps: FREES },
    Scenario {
        what: "open to read of a dead name",
        before: DEAD,
        event: OPEN_TO_READ,
        steps: &[
            (Step::Opened, Dead),
            (Step::SawFree, Dead),
            (Step::MayNotClaim, Dead),
            (Step::SawFree, Dead),
            (Step::OpenedAnew, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "create",
        before: &[],
        event: CREATE,
        steps: &[
            (Step::NoEntry, Nothing),
            (Step::MadeUnnamed, Nothing),
            (Step::WroteTrailer, Nothing),
            (Step::HeldUnnamed, Nothing),
            (Step::Linked, Dead),
        ],
    },
    Scenario {
        what: "create of what nobody may write",
        before: &[],
        event: CREATE_TO_READ,
        steps: &[
            (Step::NoEntry, Nothing),
            (Step::MadeUnnamed, Nothing),
            (Step::WroteTrailer, Nothing),
            (Step::HeldUnnamed, Nothing),
            (Step::Linked, Dead),
            (Step::HeldDuplicate, Dead),
            (Step::LetGo, Dead),
            (Step::ClaimRefused, Dead),
        ],
    },
    Scenario { what: "create of a live name", before: HELD, event: CREATE, steps: FINDS },
    Scenario {
        what: "create of a dead name",
        before: DEAD,
        event: CREATE,
        steps: &[
            (Step::Opened, Dead),
            (Step::SawFree, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
            (Step::MadeUnnamed, Nothing),
            (Step::WroteTrailer, Nothing),
            (Step::HeldUnnamed, Nothing),
            (Step::Linked, Dead),
        ],
    },
    Scenario {
        what: "the last close",
        before: &[(0, CREATE)],
        event: CLOSE,
        steps: &[
            (Step::LetGo, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "a close that is not the last",
        before: &[(0, CREATE), (1, OPEN)],
        event: CLOSE,
        steps: &[(Step::LetGo, Live), (Step::ClaimRefused, Live)],
    },
    Scenario {
        what: "the last close, of a handle that may not write",
        before: &[(1, CREATE), (0, OPEN_TO_READ), (1, CLOSE)],
        event: CLOSE,
        steps: &[
            (Step::LetGo, Dead),
            (Step::MayNotClaim, Dead),
            (Step::SawFree, Dead),
            (Step::OpenedAnew, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "a close of what a child has too",
        before: &[(0, CREATE), (0, FORK)],
        event: CLOSE,
        steps: &[(Step::Closed, Live), (Step::OpenedAnew, Live), (Step::ClaimRefused, Live)],
    },
    Scenario {
        what: "a close of what a child had",
        before: &[(0, CREATE), (0, FORK), (1, CLOSE)],
        event: CLOSE,
        steps: &[
            (Step::Closed, Dead),
            (Step::OpenedAnew, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "a withdrawal by the only holder",
        before: &[(0, CREATE)],
        event: WITHDRAW,
        steps: &[
            (Step::OpenedAnew, Dead),
            (Step::ClaimedName, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "a withdrawal by one of two holders",
        before: &[(0, CREATE), (1, OPEN)],
        event: WITHDRAW,
        steps: &[
            (Step::OpenedAnew, Live),
            (Step::ClaimedName, Live),
            (Step::StillLinked, Live),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "the end of the last process",
        before: &[(0, CREATE)],
        event: EXIT,
        steps: &[
            (Step::Replaced, Dead),
            (Step::OpenedAnew, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "the end of a process that is not the last",
        before: &[(0, CREATE), (1, OPEN)],
        event: EXIT,
        steps: &[(Step::Replaced, Live), (Step::OpenedAnew, Live), (Step::ClaimRefused, Live)],
    },
    Scenario {
        what: "a collection of a dead name",
        before: DEAD,
        event: COLLECT,
        steps: &[
            (Step::Listed, Dead),
            (Step::OpenedAnew, Dead),
            (Step::Claimed, Dead),
            (Step::StillLinked, Dead),
            (Step::Unlinked, Nothing),
        ],
    },
    Scenario {
        what: "a collection of a live name",
        before: HELD,
        event: COLLECT,
        steps: &[(Step::Listed, Live), (Step::OpenedAnew, Live), (Step::ClaimRefused, Live)],
    },
];

impl Scenario {
    /// Brings the world to the state after the step with this number.
    pub(crate) fn lead(&self, world: &mut World, number: usize) {
        for (agent, event) in self.before {
            if matches!(event, Event::Fork { .. }) && !world.is_vacant(1) {
                world.vacate(1);
            }
            world.does(*agent, *event);
        }
        world.happens(0, self.event);
        for (step, _) in &self.steps[..=number] {
            assert_eq!(world.step(0), *step, "{}", self.what);
        }
    }

    /// Checks that there are no other steps than the listed ones.
    pub(crate) fn assert_complete(&self, world: &World) {
        let next = MODEL.step(&world.state, 0).map(|next| next.event);
        assert!(
            matches!(next, None | Some(Event::Step(Step::Ended))),
            "{} goes on with {next:?}",
            self.what
        );
    }
}
