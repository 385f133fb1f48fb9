//! A state of the model: the words of the objects, and each thread with its place in its operation.

use std::hash::{Hash, Hasher};

/// The most threads that a model has, each of a process of its own.
pub const THREADS: usize = 4;

/// The most objects that a model has.
pub const OBJECTS: usize = 2;

/// A word of a page, of which the model needs few bits.
pub type Word = u8;

/// The bits of a lock's word that name a thread, by one more than its place.
pub const THREAD: Word = 0b111;

/// The bit of a lock's word whose owner died.
pub const DIED: Word = 0b1000;

/// The bit of a lock's word at which threads may sleep.
pub const ASLEEP: Word = 0b1_0000;

/// The bit of an object's state that says that threads may sleep who are to be woken for a change.
pub const WATCHED: Word = 0b1000_0000;

/// A word of an object, as the library's page has it.
///
/// The count of sleepers at a lock is not here: it is about right, and so each use of it goes both
/// ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Lock,
    Intent,
    State,
    Turn,
    News,
    Waiters,
    Observers,
    Outcome,
}

/// How many words an object has.
const PARTS: usize = 8;

/// A word: the object that it is of, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    pub object: u8,
    pub part: Part,
}

impl Address {
    pub fn of(object: usize, part: Part) -> Self {
        Self { object: u8::try_from(object).unwrap_or(u8::MAX), part }
    }

    pub fn object(self) -> usize {
        usize::from(self.object)
    }

    /// The bit of a set of words.
    pub fn bit(self) -> u16 {
        1 << (self.object() * PARTS + self.part as usize)
    }
}

/// An object: its page, and what is known of it only here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Object {
    words: [Word; PARTS],
    /// The state that is left by all that was put in and taken out.
    pub left: u8,
    /// The owner died, and no other owner was told.
    pub untold: bool,
}

impl Object {
    pub fn get(&self, part: Part) -> Word {
        self.words[part as usize]
    }

    pub fn set(&mut self, part: Part, value: Word) {
        self.words[part as usize] = value;
    }

    /// The state that the next thread finds that gets the guard: the one before has died in a wait for
    /// all, if it has decided and its mark is not there.
    pub fn found(&self) -> u8 {
        let (lock, outcome) = (self.get(Part::Lock), self.get(Part::Outcome));
        if lock & DIED != 0 && outcome != 0 && self.get(Part::Intent) & THREAD != 0 {
            outcome - 1
        } else {
            self.get(Part::State) & !WATCHED
        }
    }
}

/// The most links in a thread's list: intent and lock of each object.
const LINKS: usize = 2 * OBJECTS;

/// The list of locks that the kernel goes through when the thread ends, the newest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct List {
    links: [Option<Address>; LINKS],
    count: u8,
}

impl List {
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn add(&mut self, link: Address) {
        let place = self.len();
        self.links[place] = Some(link);
        self.count += 1;
    }

    /// Takes a link out, wherever it is.
    pub fn remove(&mut self, link: Address) {
        let place = self.links.iter().position(|other| *other == Some(link));
        let Some(place) = place else { return };
        self.links[place..].rotate_left(1);
        self.links[LINKS - 1] = None;
        self.count -= 1;
    }

    /// Takes out all that were added since there were so many.
    pub fn cut(&mut self, count: usize) {
        self.links[count..].fill(None);
        self.count = self.count.min(u8::try_from(count).unwrap_or(u8::MAX));
    }

    /// The links, the newest first, as the kernel finds them.
    pub fn newest_first(&self) -> impl Iterator<Item = Address> + use<> {
        self.links.into_iter().rev().flatten()
    }
}

/// The most entries of a log.
const ENTRIES: usize = 24;

/// What a thread's accesses have answered in the operation that it is in: its place, and all that it
/// remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Log {
    entries: [u16; ENTRIES],
    count: u8,
}

impl Log {
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn get(&self, place: usize) -> Option<u16> {
        self.entries[..self.len()].get(place).copied()
    }

    pub fn push(&mut self, entry: u16) {
        let place = self.len();
        self.entries[place] = entry;
        self.count += 1;
    }

    pub fn cut(&mut self, count: usize) {
        self.entries[count..].fill(0);
        self.count = self.count.min(u8::try_from(count).unwrap_or(u8::MAX));
    }
}

impl Hash for Log {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.entries[..self.len()].hash(hasher);
    }
}

/// What a thread does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Next {
    /// Something that no other thread notices.
    #[default]
    Alone,
    /// An access to what others access, or a call.
    Shared,
    /// It sleeps in the kernel until it is woken.
    Asleep,
    /// Nothing: its program is done, or it died.
    Nothing,
}

/// A thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Thread {
    /// How many operations of its program are done.
    pub done: u8,
    pub log: Log,
    pub next: Next,
    pub is_dying: bool,
    /// It was killed, or it has ended.
    pub has_died: bool,
    /// The words at which it sleeps, or is about to.
    pub queued: u16,
    pub is_woken: bool,
    pub list: List,
    pub pending: Option<Address>,
    /// The mutexes that it owns, a bit each.
    pub owns: u8,
    /// Those of them whose owner had died, as long as that was not told.
    pub untold: u8,
    /// The objects that were taken for this thread, as long as it has not returned.
    pub taken: u8,
    /// How much it has put into a semaphore, as long as it has not returned.
    pub put: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State {
    pub objects: [Object; OBJECTS],
    pub threads: [Thread; THREADS],
    /// How many threads were killed.
    pub kills: u8,
}

impl State {
    pub fn get(&self, address: Address) -> Word {
        self.objects[address.object()].get(address.part)
    }

    pub fn set(&mut self, address: Address, value: Word) {
        self.objects[address.object()].set(address.part, value);
    }
}

/// The number by which a lock's word names a thread.
pub fn number_of(thread: usize) -> Word {
    u8::try_from(thread + 1).unwrap_or(THREAD)
}

/// The bit of an object in a set of objects.
pub fn bit_of(object: usize) -> u8 {
    1 << object
}
