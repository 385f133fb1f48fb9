//! What the kernel does: queues of threads at words, and the end of a thread.

use crate::state::{ASLEEP, Address, DIED, Next, Part, THREAD, Thread, Word};
use crate::walk::{Entry, Run, Step, Stop, Walk};

/// As many as there are, for [`wake`].
pub(crate) const ALL: u8 = u8::MAX;

/// Why a thread sleeps no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Woken,
    /// It was woken, and its time is over when it runs.
    Late,
    /// A word was not what was expected.
    Differs,
    /// A signal was handled, or it sleeps for a moment at a time.
    Interrupted,
    TimedOut,
}

impl Ended {
    /// Returns whether the time is over.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Late | Self::TimedOut)
    }
}

/// How a sleep may end although nobody wakes the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Until {
    pub(crate) has_deadline: bool,
    pub(crate) is_interrupted: bool,
}

/// Sleeps while each word is what was seen.
///
/// The kernel takes one word after another: the thread can be woken before it sleeps.
pub(crate) fn wait(walk: &mut Walk<'_>, words: &[(Address, Word)], until: Until) -> Run<Ended> {
    walk.part(|walk| {
        for (address, seen) in words {
            if let Some(ended) = queue(walk, *address, *seen)? {
                return Ok(ended);
            }
        }
        awake(walk, until)
    })
}

fn queue(walk: &mut Walk<'_>, address: Address, seen: Word) -> Run<Option<Ended>> {
    walk.act(Step::Queue(address), |walk| {
        let is_expected = walk.state.get(address) == seen;
        let thread = walk.thread_mut();
        if is_expected {
            thread.queued |= address.bit();
            return Ok(None);
        }
        let ended = if thread.is_woken { Ended::Woken } else { Ended::Differs };
        (thread.queued, thread.is_woken) = (0, false);
        Ok(Some(ended))
    })
}

fn awake(walk: &mut Walk<'_>, until: Until) -> Run<Ended> {
    walk.act(Step::Awake, |walk| {
        let is_woken = walk.thread().is_woken;
        let (first, first_happens, second, second_happens) = if is_woken {
            (Ended::Woken, true, Ended::Late, until.has_deadline)
        } else {
            walk.be_spontaneous();
            (Ended::TimedOut, until.has_deadline, Ended::Interrupted, until.is_interrupted)
        };
        let ended = match (first_happens, second_happens) {
            (false, false) => return Err(Stop::Blocked),
            (true, false) => first,
            (false, true) => second,
            (true, true) => [first, second][walk.choose(2)],
        };
        let thread = walk.thread_mut();
        (thread.queued, thread.is_woken) = (0, false);
        Ok(ended)
    })
}

/// Wakes at most `count` threads that sleep at a word; returns which, a bit each.
pub(crate) fn wake(walk: &mut Walk<'_>, address: Address, count: u8) -> Run<u8> {
    walk.act(Step::Wake(address), |walk| Ok(wake_now(walk, address, count)))
}

/// Stores a value, and wakes at most `count` threads, in one step; returns which.
pub(crate) fn wake_and_store(
    walk: &mut Walk<'_>,
    sleepers: Address,
    count: u8,
    (address, value): (Address, Word),
) -> Run<u8> {
    walk.act(Step::WakeAndStore(sleepers, address), |walk| {
        walk.state.set(address, value);
        Ok(wake_now(walk, sleepers, count))
    })
}

/// The kernel wakes those first that came first. Here it may be any.
fn wake_now(walk: &mut Walk<'_>, address: Address, count: u8) -> u8 {
    let mut woken = 0;
    for _ in 0..count {
        let is_asleep = |thread: &Thread| thread.queued & address.bit() != 0;
        let sleepers = walk.state.threads.iter().filter(|thread| is_asleep(thread)).count();
        if sleepers == 0 {
            break;
        }
        // Whom it wakes first is the same, if it wakes all.
        let chosen = if usize::from(count) < sleepers { walk.choose(sleepers) } else { 0 };
        let mut sleepers =
            walk.state.threads.iter_mut().enumerate().filter(|(_, thread)| is_asleep(thread));
        if let Some((which, thread)) = sleepers.nth(chosen) {
            thread.queued &= !address.bit();
            thread.is_woken = true;
            woken |= 1 << which;
        }
    }
    woken
}

impl Walk<'_> {
    /// The end of a thread that was killed, or whose program is over, as the kernel's
    /// `exit_robust_list` has it.
    pub(crate) fn die(&mut self) -> Run<()> {
        self.act(Step::Leave, |walk| {
            let thread = walk.thread_mut();
            (thread.queued, thread.is_woken) = (0, false);
            Ok(())
        })?;
        let Thread { list, pending, done, .. } = *self.thread();
        for link in list.newest_first().filter(|link| Some(*link) != pending) {
            self.part(|walk| word_of_the_dead(walk, link, false))?;
        }
        if let Some(pending) = pending {
            self.part(|walk| word_of_the_dead(walk, pending, true))?;
        }
        *self.thread_mut() =
            Thread { done, has_died: true, next: Next::Nothing, ..Thread::default() };
        Ok(())
    }
}

/// The kernel's `handle_futex_death`.
fn word_of_the_dead(walk: &mut Walk<'_>, word: Address, is_pending: bool) -> Run<()> {
    let id = walk.id();
    let mark = |seen| (seen & THREAD == id).then_some(seen & ASLEEP | DIED);
    let seen = walk.exchange(word, mark)?;
    if is_pending && seen & THREAD == 0 {
        wake(walk, word, 1)?;
    } else if seen & THREAD == id {
        if word.part == Part::Lock {
            walk.note(|state, _| {
                state.objects[word.object()].untold = true;
                Ok(())
            })?;
        }
        if seen & ASLEEP != 0 {
            wake(walk, word, 1)?;
        }
    }
    Ok(())
}

/// The end of a thread as the C library musl has it: it goes through the list itself, and drops the
/// marks that others sleep.
///
/// It wakes one after it has cleared what is pending. If the process is killed between the two, those
/// who sleep are not woken until somebody takes the mutex, and nobody but musl can help it. So both are
/// one step here.
pub(crate) fn end_as_in_musl(walk: &mut Walk<'_>) -> Run<()> {
    let list = walk.part(|walk| {
        let mut owned = walk.thread().list.newest_first();
        Ok(owned.next().map(|word| word.object))
    })?;
    let Some(object) = list else { return Ok(()) };
    let word = Address { object, part: Part::Lock };
    walk.set_pending(Some(word))?;
    walk.unlink(word)?;
    let id = walk.id();
    let seen = walk.exchange(word, |_| Some(DIED))?;
    walk.note(|state, me| {
        state.objects[word.object()].untold = true;
        state.threads[me].owns = 0;
        if seen & THREAD == id { Ok(()) } else { Err(Stop::Wrong("a word is not its owner's")) }
    })?;
    walk.act(Step::Wake(word), |walk| {
        walk.thread_mut().pending = None;
        if seen & ASLEEP != 0 {
            wake_now(walk, word, 1);
        }
        Ok(())
    })
}

impl Entry for Ended {
    fn into_entry(self) -> u16 {
        match self {
            Self::Woken => 0,
            Self::Late => 1,
            Self::Differs => 2,
            Self::Interrupted => 3,
            Self::TimedOut => 4,
        }
    }

    fn from_entry(entry: u16) -> Self {
        [Self::Woken, Self::Late, Self::Differs, Self::Interrupted, Self::TimedOut]
            [usize::from(entry)]
    }
}
