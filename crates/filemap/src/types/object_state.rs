//! What an object that can be waited for was at one moment.

/// What a mutex, an event or a semaphore was when its name was listed:
/// [`NamedMapping::state`](crate::NamedMapping::state).
///
/// Whoever may write the object can make it say anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectState {
    /// Of a mutex.
    Mutex {
        /// The thread that owned it, if one did.
        owner: Option<MutexOwner>,
        /// Whether its last owner ended while it owned the mutex, which nobody has been told yet.
        is_abandoned: bool,
    },
    /// Of an event.
    Event {
        /// Whether it was set.
        is_set: bool,
        /// Whether it stays set until it is reset.
        is_manual: bool,
    },
    /// Of a semaphore.
    Semaphore {
        /// Its count.
        count: u32,
        /// The most that the count can be.
        maximum: u32,
    },
}

/// The thread that owned a mutex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MutexOwner {
    /// The process of the thread; `None` if that is not known: it has ended, or is in another PID
    /// namespace.
    pub process: Option<u32>,
    /// The number of the thread, in the PID namespace of the mutex; `None` if that is not known, as
    /// under Wine.
    pub thread: Option<u32>,
}
