//! Mutexes, events and waits, beside those of the C library and the kernel's `eventfd`.

#![expect(unsafe_code, reason = "the C library's mutexes, `eventfd`, `poll` and `fork`")]

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::ptr;
use std::sync::Mutex as PlainMutex;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::library::{
    Access, AtomicCell, Event, FileMapping, Mutex, Protection, View, Waitable, wait_any,
};
use crate::harness::{Bar, Effort, Row, Side, Work, each};
use crate::{Result, report};

/// How many objects a wait is for.
const MANY: usize = 64;

/// How many processes want one mutex.
const CROWD: u64 = 8;

pub(crate) fn rows<'a>(effort: Effort) -> Vec<Row<'a>> {
    let (many, few) = (effort.accesses, effort.accesses / 50);
    let row = |name: &str, beside, bar, contestant, base| Row {
        name: name.to_owned(),
        beside,
        bar: Bar::Ratio(bar),
        contestant,
        base,
    };
    vec![
        row(
            "a `Mutex` locked and unlocked",
            "a robust `pthread_mutex_t` of processes",
            0.8,
            repeated(many, || Ok(our_mutex(Mutex::options().create()?))),
            repeated(many, || pthread_mutex().map(bare_mutex)),
        ),
        row(
            "a `Mutex` locked and unlocked",
            "`std::sync::Mutex`",
            1.6,
            repeated(many, || Ok(our_mutex(Mutex::options().create()?))),
            repeated(many, || Ok(plain_mutex(PlainMutex::new(0_u64)))),
        ),
        row(
            "an `Event` set and waited for",
            "`eventfd`, written and read",
            0.1,
            repeated(few, || Ok(our_event(Event::options().create()?))),
            repeated(few, || eventfd().map(bare_event)),
        ),
        row(
            "a turn of two processes on one processor over two `Event`s",
            "two `eventfd`s",
            1.1,
            our_turns(few / 4),
            bare_turns(few / 4),
        ),
        row(
            "`wait_any` of 64 `Event`s, the last of them set",
            "`poll` of 64 `eventfd`s",
            2.0,
            repeated(few, our_many),
            repeated(few, bare_many),
        ),
        row(
            "a section of 8 processes that want one `Mutex`",
            "a robust `pthread_mutex_t` of processes",
            1.0,
            crowd(few, "a `Mutex`", || Ok(our_mutex(Mutex::options().create()?))),
            crowd(few, "a `pthread_mutex_t`", || pthread_mutex().map(bare_mutex)),
        ),
    ]
}

/// One operation, made again and again.
type Operation<'a> = Box<dyn Fn() -> Result<()> + 'a>;

/// Returns a side that does an operation so often.
fn repeated<'a>(count: usize, make: impl Fn() -> Result<Operation<'a>> + 'a) -> Side<'a> {
    Box::new(move || {
        let operation = make()?;
        Ok(Box::new(move |_| {
            let start = Instant::now();
            (0..count).try_for_each(|_| operation())?;
            Ok(each(start.elapsed(), count))
        }) as Work<'a>)
    })
}

fn our_mutex<'a>(mutex: Mutex) -> Operation<'a> {
    Box::new(move || {
        let _guard = mutex.lock()?.either();
        Ok(())
    })
}

fn plain_mutex<'a>(mutex: PlainMutex<u64>) -> Operation<'a> {
    Box::new(move || {
        if let Ok(mut number) = std::hint::black_box(&mutex).lock() {
            *number += 1;
        }
        Ok(())
    })
}

fn our_event<'a>(event: Event) -> Operation<'a> {
    Box::new(move || {
        event.set()?;
        Ok(event.wait()?)
    })
}

fn our_many<'a>() -> Result<Operation<'a>> {
    let events: Vec<_> = (0..MANY).map(|_| Event::options().create()).collect::<Result<_, _>>()?;
    Ok(Box::new(move || {
        let all: [&dyn Waitable; MANY] = std::array::from_fn(|at| &events[at] as &dyn Waitable);
        events[MANY - 1].set()?;
        let first = wait_any(&all, None)?;
        assert!(first.is_some_and(|first| first.index == MANY - 1), "the last one is set");
        Ok(())
    }))
}

/// A robust mutex of processes, in memory that forked children share.
struct PthreadMutex {
    memory: View,
}

impl PthreadMutex {
    fn at(&self) -> *mut libc::pthread_mutex_t {
        self.memory.as_ptr().cast()
    }
}

fn pthread_mutex() -> Result<PthreadMutex> {
    let mutex = PthreadMutex { memory: View::anonymous(4096)? };
    // SAFETY: zeros are a value of attributes that are to be made.
    let mut attributes: libc::pthread_mutexattr_t = unsafe { std::mem::zeroed() };
    let attributes = &raw mut attributes;
    // SAFETY: the attributes live until the mutex is made.
    let mut made = unsafe { libc::pthread_mutexattr_init(attributes) };
    // SAFETY: they are made.
    made |= unsafe { libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) };
    // SAFETY: as above.
    made |= unsafe { libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST) };
    // SAFETY: as above; the mutex is in memory of its own, aligned.
    made |= unsafe { libc::pthread_mutex_init(mutex.at(), attributes) };
    if made == 0 { Ok(mutex) } else { Err(io::Error::from_raw_os_error(made).into()) }
}

fn bare_mutex<'a>(mutex: PthreadMutex) -> Operation<'a> {
    Box::new(move || {
        // SAFETY: a mutex that was made.
        let locked = unsafe { libc::pthread_mutex_lock(mutex.at()) };
        // SAFETY: as above, which this thread has locked.
        let done = locked | unsafe { libc::pthread_mutex_unlock(mutex.at()) };
        if done == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(done).into()) }
    })
}

fn eventfd() -> Result<OwnedFd> {
    // SAFETY: makes a descriptor, or returns -1.
    let number = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    if number < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: it is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn raise(event: &OwnedFd) -> Result<()> {
    let one = 1_u64;
    // SAFETY: 8 bytes are read of the number.
    let done = unsafe { libc::write(event.as_raw_fd(), (&raw const one).cast(), 8) };
    if done == 8 { Ok(()) } else { Err(io::Error::last_os_error().into()) }
}

fn consume(event: &OwnedFd) -> Result<()> {
    let mut number = 0_u64;
    // SAFETY: 8 bytes are written to the number.
    let done = unsafe { libc::read(event.as_raw_fd(), (&raw mut number).cast(), 8) };
    if done == 8 { Ok(()) } else { Err(io::Error::last_os_error().into()) }
}

fn bare_event<'a>(event: OwnedFd) -> Operation<'a> {
    Box::new(move || {
        raise(&event)?;
        consume(&event)
    })
}

fn bare_many<'a>() -> Result<Operation<'a>> {
    let events: Vec<_> = (0..MANY).map(|_| eventfd()).collect::<Result<_>>()?;
    Ok(Box::new(move || {
        let mut all: [libc::pollfd; MANY] = std::array::from_fn(|at| libc::pollfd {
            fd: events[at].as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        });
        raise(&events[MANY - 1])?;
        // SAFETY: there are so many.
        let ready = unsafe { libc::poll(all.as_mut_ptr(), MANY as libc::nfds_t, -1) };
        assert!(ready == 1 && all[MANY - 1].revents != 0, "the last one is set");
        consume(&events[MANY - 1])
    }))
}

/// A forked child that does something again and again until this is dropped.
struct Forked(libc::pid_t);

impl Forked {
    fn new(turn: impl FnMut() -> Result<()>) -> Result<Self> {
        Self::with(|| Ok(()), turn)
    }

    /// The same, which begins with something else.
    fn with(
        first: impl FnOnce() -> Result<()>,
        mut turn: impl FnMut() -> Result<()>,
    ) -> Result<Self> {
        // SAFETY: the child uses what it shares with its parent, and system calls.
        let number = unsafe { libc::fork() };
        if number < 0 {
            return Err(io::Error::last_os_error().into());
        }
        if number == 0 {
            // SAFETY: the parent's end is to be the child's.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            if first().is_ok() {
                while turn().is_ok() {}
            }
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(1) }
        }
        Ok(Self(number))
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        // SAFETY: a child of this process that was not waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: as above; nobody asks how it ended.
        unsafe { libc::waitpid(self.0, ptr::null_mut(), 0) };
    }
}

fn our_turns<'a>(count: usize) -> Side<'a> {
    Box::new(move || {
        let [to, from] = [Event::options().create()?, Event::options().create()?];
        let child = {
            let (to, from) = (to.try_clone()?, from.try_clone()?);
            Forked::with(to_one_processor, move || {
                to.wait()?;
                Ok(from.set()?)
            })?
        };
        let turn = move || -> Result<()> {
            to.set()?;
            Ok(from.wait()?)
        };
        Ok(timed(child, count, turn))
    })
}

fn bare_turns<'a>(count: usize) -> Side<'a> {
    Box::new(move || {
        let [to, from] = [eventfd()?, eventfd()?];
        let child = {
            let (to, from) = (to.try_clone()?, from.try_clone()?);
            Forked::with(to_one_processor, move || {
                consume(&to)?;
                raise(&from)
            })?
        };
        let turn = move || {
            raise(&to)?;
            consume(&from)
        };
        Ok(timed(child, count, turn))
    })
}

fn timed<'a>(child: Forked, count: usize, turn: impl Fn() -> Result<()> + 'a) -> Work<'a> {
    Box::new(move |_| {
        let _lives = &child;
        let before = sched_getaffinity(None)?;
        to_one_processor()?;
        let start = Instant::now();
        let taken = (0..count).try_for_each(|_| turn()).map(|()| start.elapsed());
        sched_setaffinity(None, &before)?;
        Ok(each(taken?, count))
    })
}

/// Keeps the calling thread on the first of its processors: where two take turns on two, it is the
/// time that a processor takes to wake up which is measured.
fn to_one_processor() -> Result<()> {
    let all = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|number| all.is_set(*number)).unwrap_or(0));
    Ok(sched_setaffinity(None, &one)?)
}

/// Returns a side in which eight processes want one lock: the time of a section, whoever has it.
fn crowd<'a>(
    count: usize,
    whose: &'static str,
    make: impl Fn() -> Result<Operation<'a>> + 'a,
) -> Side<'a> {
    let worst = std::rc::Rc::new(Worst { whose, time: Cell::new(Duration::ZERO) });
    Box::new(move || {
        let lock = std::rc::Rc::new(make()?);
        let numbers = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
        let numbers = std::rc::Rc::new(numbers);
        let others: Vec<_> = (1..CROWD)
            .map(|own| {
                let (lock, numbers) = (std::rc::Rc::clone(&lock), std::rc::Rc::clone(&numbers));
                Forked::new(move || section(&lock, &numbers, own).map(drop))
            })
            .collect::<Result<_>>()?;
        let worst = std::rc::Rc::clone(&worst);
        Ok(Box::new(move |_| {
            let _live = &others;
            let (before, start) = (total(&numbers)?, Instant::now());
            while total(&numbers)? - before < count as u64 {
                worst.time.set(worst.time.get().max(section(&lock, &numbers, 0)?));
            }
            let time = start.elapsed();
            let done = usize::try_from(total(&numbers)? - before)?;
            Ok(each(time, done))
        }) as Work<'a>)
    })
}

/// The longest time that this process has waited for a lock, told in the end.
struct Worst {
    whose: &'static str,
    time: Cell<Duration>,
}

impl Drop for Worst {
    fn drop(&mut self) {
        let (whose, longest) = (self.whose, self.time.get());
        report::say(&format!("  the longest wait of {CROWD} processes for {whose}: {longest:.1?}"));
    }
}

/// Locks and unlocks once, and counts that; returns how long it took.
fn section(lock: &Operation<'_>, numbers: &View, own: u64) -> Result<Duration> {
    let start = Instant::now();
    lock()?;
    let waited = start.elapsed();
    number(numbers, own)?.fetch_add(1)?;
    Ok(waited)
}

fn number(numbers: &View, own: u64) -> Result<AtomicCell<'_, u64>> {
    Ok(numbers.atomic(usize::try_from(own)? * 64)?)
}

/// How often all of them had the lock.
fn total(numbers: &View) -> Result<u64> {
    (0..CROWD).map(|own| Ok(number(numbers, own)?.load()?)).sum()
}
