//! The `SIGBUS` handler: a guarded instruction whose page is lost goes on at its landing.

use std::ffi::{c_int, c_void};
use std::io;

use super::handled::Handled;
use super::{context, opening};
use crate::sys::guard;

static LOSING: Handled = Handled::new(libc::SIGBUS, handle);

/// Makes this thread ready to touch mappings: installs the handler, or puts it back on top, and
/// opens `SIGBUS` for the calling thread; the same for `SIGSEGV`, if that is handled.
///
/// Called each time that something is mapped; two system calls when nothing is to do. It may be
/// called from any thread at any time, in a forked child as well, but not from a signal handler,
/// since it may allocate.
///
/// # Errors
///
/// Those of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html), if the process
/// is forbidden to handle signals. Mappings must then not be touched.
pub(crate) fn ensure() -> io::Result<()> {
    LOSING.ensure(guard::choose)?;
    opening::ensure_if_needed()
}

/// Sends a guarded instruction that faulted at `address` to its landing; tells whether it is one.
pub(super) fn resume(interrupted: &mut libc::ucontext_t, address: usize) -> bool {
    let mut registers = context::read(interrupted);
    let resumed = registers.resume(address);
    if resumed {
        context::write(interrupted, &registers);
    }
    resumed
}

/// Sends a guarded instruction that faulted to its landing, and every other `SIGBUS` to the handler
/// before.
///
/// Only codes 1 to 4 are faults of the instruction at hand (`BUS_ADRALN`, `BUS_ADRERR`, `BUS_OBJERR`,
/// `BUS_MCEERR_AR`). A `SIGBUS` that somebody sent may arrive in the middle of a guarded copy and
/// has nothing to do with it.
///
/// # Safety
///
/// For the kernel to call: `info` and `context` are those of the signal being delivered.
unsafe extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel, or whoever passes the signal on, hands a valid `siginfo_t`.
    let details = unsafe { &*info };
    if (1..=4).contains(&details.si_code) {
        // SAFETY: a signal with these codes carries an address.
        let address = unsafe { details.si_addr() }.addr();
        // SAFETY: `SA_SIGINFO` makes the third argument the context of this delivery, and nobody
        // else holds a reference to it.
        let interrupted = unsafe { &mut *context.cast::<libc::ucontext_t>() };
        if resume(interrupted, address) {
            return;
        }
    }
    // SAFETY: the arguments are those of this delivery, unchanged.
    unsafe { LOSING.pass_on(signal, info, context) };
}
