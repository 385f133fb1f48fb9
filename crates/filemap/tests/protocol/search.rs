//! Every moment that a model can come to, breadth first.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use crate::model::{Event, Model, Move, Step, is_empty};
use crate::state::{Agent, At, Doing, Lock, Sight, State};

/// The longest that an operation may take alone, in steps, if nothing is in its way.
const LONGEST: usize = 24;

/// What is looked for in a state, besides what no step may do.
pub type Check = fn(&Model, &State) -> Option<&'static str>;

/// What a search came to.
#[derive(Debug)]
pub struct Report {
    pub states: usize,
    pub moves: usize,
    /// What is wrong, and the shortest way to it.
    pub counterexample: Option<String>,
}

/// Visits all states of a model, until something is wrong.
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

/// The way to a state, an event a line.
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

/// What an agent does if nobody else does anything: the state at the end of its operation, or
/// nothing if it starts over for ever.
pub fn alone(model: &Model, mut state: State, agent: usize) -> Option<State> {
    let mut looks = 0;
    for _ in 0..LONGEST {
        match state.agents[agent].at {
            At::Idle => return Some(state),
            // The second look sees what the first one saw.
            At::Look if looks == 3 => return None,
            At::Look => looks += 1,
            _ => {}
        }
        state = model.step(&state, agent)?.next;
    }
    (state.agents[agent].at == At::Idle).then_some(state)
}

/// Whoever does something comes to its end alone, unless somebody else has claimed the very
/// entry; and who has claimed comes to an end alone in any case.
pub fn nobody_is_stuck(model: &Model, state: &State) -> Option<&'static str> {
    for agent in 0..model.agents {
        let me = state.agents[agent];
        if me.is_idle() || alone(model, *state, agent).is_some() {
            continue;
        }
        let named = state.names[usize::from(me.name)];
        if named == 0 || state.sight(agent, named) != Sight::Claimed {
            return Some("an operation does not end, although nobody is in its way");
        }
        if me.lock == Lock::Exclusive && me.file == named {
            return Some("an operation that has claimed a name does not end");
        }
    }
    None
}

/// Whoever collects leaves no name that nobody holds or has claimed, whoever died before.
pub fn collecting_leaves_nothing_dead(model: &Model, state: &State) -> Option<&'static str> {
    if is_empty(state) {
        return None;
    }
    // A survivor that has nothing, beside everybody else at the moment of death or stopped.
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

/// If nobody was killed, nothing is left of what everybody has closed.
pub fn closing_leaves_nothing(model: &Model, state: &State) -> Option<&'static str> {
    assert!(!model.crashes, "who is killed leaves something");
    let over = state.agents.iter().all(|agent| agent.is_idle() && !agent.has_handles());
    (over && !is_empty(state)).then_some("everything is closed, and a file is left")
}

/// A step, and in the midst of what somebody does it.
pub type Edge = (Doing, At, Step);

/// All edges of a model but those of listings, each with the shortest way from the beginning to
/// behind it.
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

/// A quick hash of a number: states are many, and nobody chooses them in order to collide.
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
