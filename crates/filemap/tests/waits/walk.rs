//! One thread's way through its operation, one step further.
//!
//! Operations are written as the library has them: functions that access memory, one thing after
//! another. What they have done before is replayed from the thread's log; then they do one step, and
//! end where the next one begins. So the log is all that a thread remembers. What a part of an
//! operation did in between is forgotten when it is over, but for its result: see
//! [`part`](Walk::part) and [`repeat`](Walk::repeat).

use std::ops::ControlFlow;

use crate::model::{Mistake, Model, Operation};
use crate::state::{Address, Next, Part, State, THREAD, Thread, Word, number_of};

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Load(Address),
    Store(Address),
    /// A load, and an exchange that fails if the word is another by then. What follows a failure is the
    /// same load: so both are one step.
    Exchange(Address),
    /// Puts the thread into the queue of a word.
    Queue(Address),
    Awake,
    Wake(Address),
    /// Wakes those at the first word, and stores in the second.
    WakeAndStore(Address, Address),
    Pending(Option<Address>),
    Link(Address),
    Unlink(Address),
    /// Takes all links out that were added since there were so many.
    Cut(usize),
    /// A thread that is killed leaves all queues.
    Leave,
    /// Looks whether others sleep.
    Look,
    Kill,
}

/// Why a walk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The step is done, and this is what comes next.
    Next(Next),
    /// The step cannot be done now.
    Blocked,
    /// What must not happen.
    Wrong(&'static str),
}

pub(crate) type Run<T> = Result<T, Stop>;

/// An entry of a log that begins a part.
const OPEN: u16 = 1 << 15;

/// A result that a log can have.
pub(crate) trait Entry: Copy {
    fn into_entry(self) -> u16;
    fn from_entry(entry: u16) -> Self;
}

/// One thread's way.
pub(crate) struct Walk<'model> {
    pub(crate) model: &'model Model,
    pub(crate) state: State,
    me: usize,
    /// How many entries of the log were replayed.
    replayed: usize,
    /// The step that was done.
    step: Option<Step>,
    /// The step was done although nobody woke the thread.
    is_spontaneous: bool,
    /// Which of the ways that a step can go is to be gone, and how many there are.
    choice: usize,
    choices: usize,
}

/// What a walk came to.
pub(crate) struct Walked {
    pub(crate) state: State,
    pub(crate) step: Step,
    pub(crate) is_spontaneous: bool,
    pub(crate) wrong: Option<&'static str>,
    /// How many ways there were.
    pub(crate) choices: usize,
}

impl<'model> Walk<'model> {
    /// Walks one step; `None` if the thread cannot.
    pub(crate) fn step(
        model: &'model Model,
        state: &State,
        me: usize,
        choice: usize,
    ) -> Option<Walked> {
        let mut walk = Walk::new(model, state, me);
        walk.choice = choice;
        let wrong = walk.go();
        let (state, is_spontaneous, choices) = (walk.state, walk.is_spontaneous, walk.choices);
        walk.step.map(|step| Walked { state, step, is_spontaneous, wrong, choices })
    }

    /// Has a thread that is about to begin its program come to its first step.
    pub(crate) fn begin(model: &Model, state: &State, me: usize) -> State {
        let mut walk = Walk::new(model, state, me);
        walk.step = Some(Step::Look);
        let _none = walk.go();
        walk.state
    }

    /// Kills the thread.
    pub(crate) fn kill(model: &Model, state: &State, me: usize) -> State {
        let mut walk = Walk::new(model, state, me);
        walk.step = Some(Step::Kill);
        walk.state.kills += 1;
        let Thread { queued, list, pending, done, .. } = state.threads[me];
        // What was taken for it is gone with it; what was not told is told to the next owner.
        *walk.thread_mut() =
            Thread { queued, list, pending, done, is_dying: true, ..Thread::default() };
        let _none = walk.go();
        walk.state
    }

    fn new(model: &'model Model, state: &State, me: usize) -> Self {
        let state = *state;
        let (replayed, step, is_spontaneous, choice, choices) = (0, None, false, 0, 1);
        Self { model, state, me, replayed, step, is_spontaneous, choice, choices }
    }

    /// Does the next step of the operation, or of the one after it when it is over.
    fn go(&mut self) -> Option<&'static str> {
        loop {
            let operation = self.model.operation(self.me, self.thread().done.into());
            let run = match operation {
                _ if self.thread().is_dying => self.die(),
                Some(operation) => operation.run(self),
                None => self.end(),
            };
            match run {
                Ok(()) if self.thread().has_died => return None,
                Ok(()) => {
                    let thread = self.thread_mut();
                    thread.done += 1;
                    thread.log.cut(0);
                    self.replayed = 0;
                }
                Err(Stop::Next(next)) => {
                    self.thread_mut().next = next;
                    return None;
                }
                Err(Stop::Blocked) => return None,
                Err(Stop::Wrong(what)) => return Some(what),
            }
        }
    }

    /// The end of the program, and of the thread.
    fn end(&mut self) -> Run<()> {
        let thread = self.thread_mut();
        if thread.list.is_empty() && thread.pending.is_none() {
            (thread.has_died, thread.next) = (true, Next::Nothing);
            return Ok(());
        }
        thread.is_dying = true;
        thread.owns = 0;
        self.die()
    }

    pub(crate) fn me(&self) -> usize {
        self.me
    }

    /// The number by which words name the thread.
    pub(crate) fn id(&self) -> Word {
        number_of(self.me)
    }

    pub(crate) fn thread(&self) -> &Thread {
        &self.state.threads[self.me]
    }

    pub(crate) fn thread_mut(&mut self) -> &mut Thread {
        &mut self.state.threads[self.me]
    }

    pub(crate) fn makes(&self, mistake: Mistake) -> bool {
        self.model.mistake == Some(mistake)
    }

    /// Whether the thread may lose its patience with another one that changes an object.
    pub(crate) fn is_impatient(&self) -> bool {
        let operation = self.model.operation(self.me, self.thread().done.into());
        self.model.is_impatient && operation.is_some_and(Operation::is_impatient)
    }

    /// Does a step, unless it was done before, and returns what it answered.
    pub(crate) fn act<T: Entry>(
        &mut self,
        step: Step,
        act: impl FnOnce(&mut Self) -> Run<T>,
    ) -> Run<T> {
        if let Some(entry) = self.thread().log.get(self.replayed) {
            self.replayed += 1;
            return Ok(T::from_entry(entry));
        }
        if self.step.is_some() {
            return Err(Stop::Next(self.next(step)));
        }
        let result = act(self)?;
        self.step = Some(step);
        self.thread_mut().log.push(result.into_entry());
        self.replayed += 1;
        Ok(result)
    }

    /// What a step is for others.
    fn next(&self, step: Step) -> Next {
        let is_alone = |address: Address| match address.part {
            // Only who has the guard accesses them.
            Part::Waiters | Part::Observers | Part::Outcome | Part::Intent => true,
            _ => false,
        };
        let has_guard =
            |object| self.state.get(Address::of(object, Part::Lock)) & THREAD == self.id();
        match step {
            Step::Awake => Next::Asleep,
            Step::Pending(_) | Step::Link(_) | Step::Unlink(_) | Step::Cut(_) => Next::Alone,
            Step::Load(address) | Step::Store(address) if is_alone(address) => Next::Alone,
            // Others can only read it.
            Step::Load(address) if address.part == Part::State && has_guard(address.object()) => {
                Next::Alone
            }
            _ => Next::Shared,
        }
    }

    /// Changes what is known only to the model, in the step that was just done.
    pub(crate) fn note(&mut self, note: impl FnOnce(&mut State, usize) -> Run<()>) -> Run<()> {
        let is_replayed = self.step.is_none() || self.replayed < self.thread().log.len();
        if is_replayed { Ok(()) } else { note(&mut self.state, self.me) }
    }

    /// Returns one of so many ways to go on.
    pub(crate) fn choose(&mut self, ways: usize) -> usize {
        let way = self.choice / self.choices % ways;
        self.choices *= ways;
        way
    }

    pub(crate) fn be_spontaneous(&mut self) {
        self.is_spontaneous = true;
    }

    /// Does a part of an operation, of which the result alone is remembered.
    pub(crate) fn part<T: Entry>(&mut self, body: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        let mut body = Some(body);
        self.repeat(false, |walk, _| match body.take() {
            Some(body) => Ok(ControlFlow::Break(body(walk)?)),
            None => Err(Stop::Wrong("a part is done once")),
        })
    }

    /// Does a part of an operation again until it breaks off. What is remembered is what it goes on
    /// with, and in the end the result alone.
    pub(crate) fn repeat<C: Entry, T: Entry>(
        &mut self,
        first: C,
        mut body: impl FnMut(&mut Self, C) -> Run<ControlFlow<T, C>>,
    ) -> Run<T> {
        let place = self.replayed;
        let mut carried = match self.thread().log.get(place) {
            Some(entry) if entry & OPEN == 0 => {
                self.replayed += 1;
                return Ok(T::from_entry(entry));
            }
            Some(entry) => C::from_entry(entry & !OPEN),
            None => {
                self.thread_mut().log.push(OPEN | first.into_entry());
                first
            }
        };
        loop {
            self.replayed = place + 1;
            let flow = body(self, carried)?;
            let (ControlFlow::Break(entry) | ControlFlow::Continue(entry)) =
                flow.map_break(Entry::into_entry).map_continue(|next: C| OPEN | next.into_entry());
            self.thread_mut().log.cut(place);
            self.thread_mut().log.push(entry);
            match flow {
                ControlFlow::Break(result) => {
                    self.replayed = place + 1;
                    return Ok(result);
                }
                ControlFlow::Continue(next) => carried = next,
            }
        }
    }

    pub(crate) fn load(&mut self, address: Address) -> Run<Word> {
        self.act(Step::Load(address), |walk| Ok(walk.state.get(address)))
    }

    pub(crate) fn store(&mut self, address: Address, value: Word) -> Run<()> {
        self.act(Step::Store(address), |walk| {
            walk.state.set(address, value);
            Ok(())
        })
    }

    /// Adds one.
    pub(crate) fn count(&mut self, address: Address) -> Run<()> {
        let value = self.state.get(address).wrapping_add(1);
        self.store(address, value)
    }

    /// Replaces a word by what is to be in its place, if anything; returns the word before.
    pub(crate) fn exchange(
        &mut self,
        address: Address,
        new: impl FnOnce(Word) -> Option<Word>,
    ) -> Run<Word> {
        self.act(Step::Exchange(address), |walk| {
            let seen = walk.state.get(address);
            if let Some(new) = new(seen) {
                walk.state.set(address, new);
            }
            Ok(seen)
        })
    }

    pub(crate) fn set_pending(&mut self, word: Option<Address>) -> Run<()> {
        self.act(Step::Pending(word), |walk| {
            walk.thread_mut().pending = word;
            Ok(())
        })
    }

    /// Adds a lock to the list.
    pub(crate) fn link(&mut self, word: Address) -> Run<()> {
        self.act(Step::Link(word), |walk| {
            walk.thread_mut().list.add(word);
            Ok(())
        })
    }

    pub(crate) fn unlink(&mut self, word: Address) -> Run<()> {
        self.act(Step::Unlink(word), |walk| {
            walk.thread_mut().list.remove(word);
            Ok(())
        })
    }

    /// Takes out what was added to the list since it had so many links.
    pub(crate) fn cut(&mut self, count: usize) -> Run<()> {
        self.act(Step::Cut(count), |walk| {
            walk.thread_mut().list.cut(count);
            Ok(())
        })
    }
}

impl Entry for () {
    fn into_entry(self) -> u16 {
        0
    }

    fn from_entry(_: u16) -> Self {}
}

impl Entry for bool {
    fn into_entry(self) -> u16 {
        self.into()
    }

    fn from_entry(entry: u16) -> Self {
        entry != 0
    }
}

impl Entry for Word {
    fn into_entry(self) -> u16 {
        self.into()
    }

    fn from_entry(entry: u16) -> Self {
        entry.to_le_bytes()[0]
    }
}

impl<T: Entry> Entry for Option<T> {
    fn into_entry(self) -> u16 {
        self.map_or(0, |some| some.into_entry() + 1)
    }

    fn from_entry(entry: u16) -> Self {
        entry.checked_sub(1).map(T::from_entry)
    }
}
