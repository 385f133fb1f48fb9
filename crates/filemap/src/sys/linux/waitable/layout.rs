//! Where the numbers of an object are: `docs/sync.md` has the page byte by byte.
//!
//! ```text
//!  0             24                        page - 64              page                 2 * page
//!  |-- header ---|--------- zeros ---------|-- line of numbers --|-- private page -----|
//!  |<------------------ shared page of the file ---------------->|  links, owner, count
//! ```
//!
//! All numbers that change are in one line of the processor's cache.

/// Begins the shared page.
pub(super) const MAGIC: [u8; 8] = *b"fmsync1\n";

/// Where the header's parts are, after [`MAGIC`].
pub(super) const KIND: usize = 8;
pub(super) const WIDTH: usize = 9;
pub(super) const NAMESPACE: usize = 16;

/// How many bytes the header has.
pub(super) const HEADER: usize = 24;

/// How many bytes the numbers have, which end with the shared page.
pub(super) const LINE: usize = 64;

// Each place is counted from the start of the line.

/// Changes with every release of threads that wait for this object alone, which sleep at it.
pub(super) const TURN: usize = 4;
/// Changes with every change that threads look for that wait for several objects, which sleep at it.
pub(super) const NEWS: usize = 8;
/// 1 if a thread may sleep at [`TURN`].
pub(super) const WAITERS: usize = 12;
/// 1 if a thread may sleep at [`NEWS`].
pub(super) const OBSERVERS: usize = 16;
/// 0, or one more than the state that a wait for all leaves behind.
pub(super) const OUTCOME: usize = 20;
/// How many threads sleep at the owner's word, about.
pub(super) const SLEEPERS: usize = 24;
/// The most that the count of a semaphore can be.
pub(super) const MAXIMUM: usize = 28;
/// The thread that takes the object in a wait for all, until it is decided.
pub(super) const INTENT: usize = 40;
/// The C library musl takes the word before a lock for its kind; this one says that processes share
/// it.
pub(super) const SHARED_LOCK: usize = 52;
/// What is stored there.
pub(super) const IS_SHARED: u32 = 0x80;
/// The thread that owns a mutex, or that is changing another object.
pub(super) const LOCK: usize = 56;
/// Whether an event is set, and the count of a semaphore: right after [`LOCK`], so that both are one
/// number of 64 bits.
pub(super) const STATE: usize = 60;

// Each place is counted from the start of the private page.

/// The thread of this process that owns the mutex, by a number that no other thread ever has.
pub(super) const OWNER: usize = 32;
/// How many times more than once it has taken it.
pub(super) const DEPTH: usize = 40;

/// Of a lock's word: the thread that has it.
pub(super) const THREAD: u32 = 0x3fff_ffff;
/// Of a lock's word: the thread that had it died.
pub(super) const DIED: u32 = 0x4000_0000;
/// Of a lock's word: a thread may sleep at it.
pub(super) const ASLEEP: u32 = 0x8000_0000;
