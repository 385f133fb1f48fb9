//! A breadth-first search of all states of a model.

use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hash as _, Hasher};
use std::time::Instant;

use crate::model::{Model, Move};
use crate::promise;
use crate::state::State;

/// The result of a search.
#[derive(Debug)]
pub struct Report {
    pub states: usize,
    /// In so many of them nothing more happens.
    pub ends: usize,
    /// What is wrong, and the shortest path to it.
    pub counterexample: Option<String>,
}

/// Visits all states of a model, or stops at the first that is wrong.
///
/// A state is known by 64 bits of a hash: that two of ten million have the same, so that one of them
/// is not visited, has a chance of one in three hundred thousand.
pub fn explore(what: &str, model: &Model) -> Report {
    let since = Instant::now();
    let first = model.first();
    let mut known = HashSet::with_hasher(BuildHasherDefault::<Kept>::default());
    known.insert(mark_of(&first));
    // From which state each was found, by which of its moves.
    let (mut from, mut next) = (vec![(0, 0)], VecDeque::from([first]));
    let (mut at, mut moves, mut ends, mut wrong) = (0, 0_usize, 0, None);
    while let (Some(state), None) = (next.pop_front(), wrong) {
        wrong = promise::nothing_is_lost(model, &state).map(|what| (at, None, what));
        let (mut goes_on, mut which) = (false, 0);
        model.moves(&state, |Move { next: state, is_spontaneous, wrong: what, .. }| {
            goes_on |= !is_spontaneous;
            moves += 1;
            if let Some(what) = what {
                wrong = wrong.or(Some((at, Some(which), what)));
            } else if known.insert(mark_of(&state)) {
                from.push((at, which));
                next.push_back(state);
            }
            which += 1;
        });
        if !goes_on {
            ends += 1;
            let left = promise::nobody_is_left_asleep(model, &state);
            wrong = wrong.or(left.map(|what| (at, None, what)));
        }
        at += 1;
    }
    let counterexample = wrong.map(|(mut place, last, what)| {
        let mut way = Vec::from_iter(last);
        while place != 0 {
            way.push(from[place].1);
            place = from[place].0;
        }
        way.reverse();
        tell(model, &way, what)
    });
    let states = from.len();
    println!(
        "model: {what}: {states} states, {moves} moves, {ends} ends, {:.1} s{}",
        since.elapsed().as_secs_f64(),
        counterexample.as_deref().map(|told| format!(": {told}")).unwrap_or_default()
    );
    Report { states, ends, counterexample }
}

/// The path to a state, one move a line.
fn tell(model: &Model, way: &[usize], what: &str) -> String {
    let (mut told, mut state) = (what.to_owned(), model.first());
    for which in way {
        let mut moves = Vec::new();
        model.moves(&state, |one| moves.push(one));
        let Move { thread, step, next, .. } = moves[*which];
        let _ignored = write!(told, "\n  {thread}: {step:?}");
        state = next;
    }
    told
}

/// What a state is known by.
fn mark_of(state: &State) -> u64 {
    let mut mix = Mix::default();
    state.hash(&mut mix);
    mix.finish()
}

/// A fast hash: there are many states, and none is chosen to collide.
///
/// What is hashed are small numbers, most of them less than 256: those take eight bits each.
#[derive(Default)]
struct Mix {
    mixed: u64,
    /// What is not mixed in yet, and how many bits that has.
    rest: u64,
    bits: u32,
}

impl Mix {
    fn add(&mut self, number: u64, bits: u32) {
        if self.bits + bits > u64::BITS {
            self.mixed = fold(self.mixed ^ self.rest);
            (self.rest, self.bits) = (0, 0);
        }
        self.rest |= number << self.bits;
        self.bits += bits;
    }
}

fn fold(number: u64) -> u64 {
    let product = u128::from(number ^ 0x2d35_8dcc_aa6c_78a5) * 0x8bb8_4b93_962e_acc9;
    let [low, high] = [product & u128::from(u64::MAX), product >> u64::BITS];
    u64::try_from(low ^ high).unwrap_or_default()
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        fold(fold(self.mixed ^ self.rest))
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(4) {
            let mut four = [0; 4];
            four[..chunk.len()].copy_from_slice(chunk);
            self.add(u32::from_le_bytes(four).into(), u32::BITS);
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into(), u8::BITS);
    }

    fn write_u16(&mut self, number: u16) {
        self.add(number.into(), u16::BITS);
    }

    fn write_usize(&mut self, length: usize) {
        self.add(u8::try_from(length).unwrap_or_default().into(), u8::BITS);
    }

    fn write_isize(&mut self, variant: isize) {
        self.add(u8::try_from(variant).unwrap_or_default().into(), u8::BITS);
    }
}

/// Keeps a mark as it is.
#[derive(Default)]
struct Kept(u64);

impl Hasher for Kept {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, mark: u64) {
        self.0 = mark;
    }
}
