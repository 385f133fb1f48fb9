//! A barrier that one thread has all others pass, who then need none of their own.

use std::sync::OnceLock;

use rustix::thread::{MembarrierCommand, membarrier};

/// Announces that this process will use [`everywhere`]; false where the kernel or a sandbox does
/// not allow it ([membarrier(2)](https://man7.org/linux/man-pages/man2/membarrier.2.html)).
pub(crate) fn prepare() -> bool {
    static READY: OnceLock<bool> = OnceLock::new();
    *READY.get_or_init(|| membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok())
}

/// Has every thread of this process pass a full barrier before it returns; false if it could not.
pub(crate) fn everywhere() -> bool {
    membarrier(MembarrierCommand::PrivateExpedited).is_ok()
}
