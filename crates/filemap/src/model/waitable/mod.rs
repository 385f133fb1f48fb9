//! What threads of any process wait for: mutexes, events and semaphores.

mod handle;
mod options;
mod mutex;
mod event;
mod semaphore;
mod wait;

pub use event::Event;
pub use mutex::{Locked, Mutex, MutexGuard};
pub use options::WaitableOptions;
pub use semaphore::Semaphore;
pub use wait::{Signalled, Waitable, wait_all, wait_any};
