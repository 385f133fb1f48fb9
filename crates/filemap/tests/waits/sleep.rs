//! Sleeping until one of several objects changes.

use crate::at_once;
use crate::kernel::{self, Ended, Until};
use crate::model::{Mistake, Patience};
use crate::mutex::Taken;
use crate::state::{Address, OBJECTS, Part, Word};
use crate::walk::{Entry, Run, Walk};

/// Where a thread is to sleep that waits for several objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sleeps {
    words: [Option<(Part, Word)>; OBJECTS],
    /// Whether there are mutexes at which the thread does not sleep.
    has_others: bool,
}

impl Sleeps {
    /// Adds a mutex that has an owner, and its word.
    pub(crate) fn add_mutex(&mut self, walk: &Walk<'_>, object: usize, seen: Word) {
        if self.mutex().is_some() && !walk.makes(Mistake::SleepsAtTwoMutexes) {
            self.has_others = true;
        } else {
            self.words[object] = Some((Part::Lock, seen));
        }
    }

    /// Adds an event or a semaphore, under its guard.
    pub(crate) fn add_news(&mut self, walk: &mut Walk<'_>, object: usize) -> Run<()> {
        at_once::watch(walk, object)?;
        walk.store(Address::of(object, Part::Observers), 1)?;
        let seen = walk.load(Address::of(object, Part::News))?;
        self.words[object] = Some((Part::News, seen));
        Ok(())
    }

    /// Adds what one object added.
    pub(crate) fn add(&mut self, walk: &Walk<'_>, one: Self) {
        for (object, word) in one.words.into_iter().enumerate() {
            match word {
                None => {}
                Some((Part::Lock, seen)) => self.add_mutex(walk, object, seen),
                other => self.words[object] = other,
            }
        }
    }

    /// Returns the mutex at which the thread sleeps.
    pub(crate) fn mutex(&self) -> Option<usize> {
        self.words.iter().position(|word| matches!(word, Some((Part::Lock, _))))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words == [None; OBJECTS]
    }

    /// Sleeps. The word of the [`mutex`](Self::mutex) is pending after that.
    pub(crate) fn sleep(&self, walk: &mut Walk<'_>, patience: Patience) -> Run<Ended> {
        let until = Until {
            has_deadline: patience == Patience::Timed,
            is_interrupted: self.has_others || walk.model.is_interrupted,
        };
        if let Some(mutex) = self.mutex()
            && !walk.makes(Mistake::SleepsWithNothingPending)
        {
            walk.set_pending(Some(Address::of(mutex, Part::Lock)))?;
        }
        let mut words = [(Address::of(0, Part::Lock), 0); OBJECTS];
        let mut count = 0;
        for (object, word) in self.words.iter().enumerate() {
            if let Some((part, seen)) = *word {
                words[count] = (Address::of(object, part), seen);
                count += 1;
            }
        }
        kernel::wait(walk, &words[..count], until)
    }
}

/// What one look at several objects came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// One was taken, or all were, of which the place is 0 then.
    Taken(usize, Taken),
    /// Something was given back.
    StartOver,
    /// Nothing is signalled: what to sleep at.
    None(Sleeps),
    /// Another thread is in the middle of a change.
    Busy,
}

impl Entry for Look {
    fn into_entry(self) -> u16 {
        match self {
            Self::StartOver => 0,
            Self::Busy => 1,
            Self::Taken(at, taken) => 2 | taken.into_entry() << 2 | u16::from(at != 0) << 3,
            Self::None(sleeps) => {
                let mut entry = 3 | u16::from(sleeps.has_others) << 2;
                for (object, word) in sleeps.words.iter().enumerate() {
                    let word = match word {
                        None => 0,
                        Some((part, seen)) => {
                            let is_mutex = u16::from(*part == Part::Lock);
                            // The mark of a lock's word is there always.
                            1 | is_mutex << 1 | u16::from(seen & 0b1111) << 2
                        }
                    };
                    entry |= word << (3 + 6 * object);
                }
                entry
            }
        }
    }

    fn from_entry(entry: u16) -> Self {
        match entry & 3 {
            0 => Self::StartOver,
            1 => Self::Busy,
            2 => Self::Taken(usize::from(entry >> 3 & 1), Taken::from_entry(entry >> 2 & 1)),
            _ => {
                let mut sleeps = Sleeps { has_others: entry & 4 != 0, ..Sleeps::default() };
                for object in 0..OBJECTS {
                    let word = entry >> (3 + 6 * object) & 0b11_1111;
                    let seen = Word::from_entry(word >> 2);
                    sleeps.words[object] = match word & 3 {
                        0 => None,
                        1 => Some((Part::News, seen)),
                        _ => Some((Part::Lock, seen | crate::state::ASLEEP)),
                    };
                }
                Self::None(sleeps)
            }
        }
    }
}
