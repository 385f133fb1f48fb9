//! A breadth-first search of all states of a model.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use crate::model::{Event, Model, Move, Step, is_empty};
use crate::state::{Agent, At, Doing, Lock, Sight, State};

/// The most steps that an operation may take if no other agent does anything.
const LONGEST: usize = 24;

/// What is checked in each state, besides the checks of each step.
pub type Check = fn(&Model, &State) -> Option<&'static str>;

/// The result of a search.
#[derive(Debug)]
pub struct Report {
    pub states: usize,
    pub moves: usize,
    /// What is wrong, and the shortest path to it.
    pub counterexample: Option<String>,
}

/// Visits all states of a model, or stops at the first that is wrong.
pub fn explore(what: &str, model: &Model, checks: &[Check]) -> Report {
    let since = Instant::now();
    let mut known = HashSet::with_hasher(BuildHasherDefault::<Mix>::default());
    let mut states = vec![(State::default(), 0)];
    known.insert(State::default().canonical(model.shares()).1);
    let (mut moves, mut at, mut wrong) = (0, 0, None);
    while at < states.len() && wrong.is_none() {
        let state = states[at].0;
        wrong = checks.iter().find_map(|check| check(model, &state)).map(|what| (at, what));
        model.moves(&state, |_, Move { next, wrong: what, .. }| {
            moves += 1;
            if wrong.is_some() {
                return;
            }
            let (next, code) = next.canonical(model.shares());
            if known.insert(code) {
                states.push((next, at));
                wrong = what.map(|what| (states.len() - 1, what));
            }
        });
        at += 1;
    }
    let counterexample = wrong.map(|(place, what)| tell(model, &states, place, what));
    let states = states.len();
    println!(
        "model: {what}: {states} states, {moves} moves, {:.1} s{}",
        since.elapsed().as_secs_f64(),
        counterexample.as_deref().map(|told| format!(": {told}")).unwrap_or_default()
    );
    Report { states, moves, counterexample }
}

/// The path to a state, one event a line.
fn tell(model: &Model, states: &[(State, usize)], place: usize, what: &str) -> String {
    let mut way = vec![place];
    while let Some(&last) = way.last()
        && last != 0
    {
        way.push(states[last].1);
    }
    way.reverse();
    let mut told = what.to_owned();
    for pair in way.windows(2) {
        let (before, after) = (states[pair[0]].0, states[pair[1]].0);
        let mut is_told = false;
        model.moves(&before, |agent, Move { event, next, .. }| {
            if !is_told && next.canonical(model.shares()).0 == after {
                is_told = true;
                let _ignored = write!(told, "\n  {agent}: {event:?}");
            }
        });
    }
    told
}

/// Runs one agent alone: returns the state at the end of its operation, or `None` if it starts over
/// for ever.
pub fn alone(model: &Model, mut state: State, agent: usize) -> Option<State> {
    let mut looks = 0;
    for _ in 0..LONGEST {
        match state.agents[agent].at {
            At::Idle => return Some(state),
            // The second look would find what the first one found.
            At::Look if looks == 3 => return None,
            At::Look => looks += 1,
            _ => {}
        }
        state = model.step(&state, agent)?.next;
    }
    (state.agents[agent].at == At::Idle).then_some(state)
}

/// An agent that runs alone finishes its operation, unless another one has claimed the same entry. An
/// agent that has claimed an entry always finishes.
pub fn nobody_is_stuck(model: &Model, state: &State) -> Option<&'static str> {
    for agent in 0..model.agents {
        let me = state.agents[agent];
        if me.is_idle() || alone(model, *state, agent).is_some() {
            continue;
        }
        let named = state.names[usize::from(me.name)];
        let is_claimed =
            state.sight(agent, named) == Sight::Claimed || state.is_name_claimed(agent, named);
        if named == 0 || !is_claimed {
            return Some("an operation does not end, although nobody is in its way");
        }
        if matches!(me.lock, Lock::Exclusive | Lock::Name) && me.file == named {
            return Some("an operation that has claimed a name does not end");
        }
    }
    None
}

/// A collection leaves no entry that is neither held nor claimed, whatever agents died before.
pub fn collecting_leaves_nothing_dead(model: &Model, state: &State) -> Option<&'static str> {
    if is_empty(state) {
        return None;
    }
    // One agent that has nothing, while all others are stopped or killed.
    let survivor = state.agents.iter().position(|agent| *agent == Agent::default())?;
    if survivor >= model.agents {
        return None;
    }
    let mut collected = None;
    model.moves(state, |agent, Move { event, next, .. }| {
        if agent == survivor && matches!(event, Event::Collect { .. }) {
            collected = alone(model, next, survivor);
        }
    });
    let collected = collected?;
    for (before, after) in state.names.into_iter().zip(collected.names) {
        if before != 0 && state.sight(survivor, before) == Sight::Free && after != 0 {
            return Some("a dead name survives a collection");
        }
    }
    None
}

/// If no agent was killed, no file is left when all have closed their handles.
pub fn closing_leaves_nothing(model: &Model, state: &State) -> Option<&'static str> {
    assert!(!model.crashes, "who is killed leaves something");
    let over = state.agents.iter().all(|agent| agent.is_idle() && !agent.has_handles());
    (over && !is_empty(state)).then_some("everything is closed, and a file is left")
}

/// A step, and the operation and position of the agent that does it.
pub type Edge = (Doing, At, Step);

/// Returns all edges of a model but those of listings, each with the shortest path that ends with it.
#[must_use]
pub fn ways(model: &Model) -> Vec<(Edge, Vec<(usize, Event)>)> {
    let mut known = HashSet::from([State::default().numbered().1]);
    let mut states = vec![(State::default(), None)];
    let (mut edges, mut ways) = (HashSet::new(), Vec::new());
    let mut place = 0;
    while place < states.len() {
        let state = states[place].0;
        model.moves(&state, |agent, Move { event, next, .. }| {
            let Agent { doing, at, .. } = state.agents[agent];
            if let Event::Step(step) = event
                && edges.insert((doing, at, step))
            {
                let mut way = vec![(agent, event)];
                let mut from: Option<(usize, usize, Event)> = states[place].1;
                while let Some((before, agent, event)) = from {
                    way.push((agent, event));
                    from = states[before].1;
                }
                way.reverse();
                ways.push(((doing, at, step), way));
            }
            let (next, code) = next.numbered();
            if known.insert(code) {
                states.push((next, Some((place, agent, event))));
            }
        });
        place += 1;
    }
    ways
}

/// A fast hash of a number: there are many states, and none is chosen to collide.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, number: u128) {
        let [low, high] = [number & u128::from(u64::MAX), number >> 64]
            .map(|half| u64::try_from(half).expect("half of it"));
        self.0 = (self.0 ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        self.0 = (self.0 ^ high).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(31);
    }
}
