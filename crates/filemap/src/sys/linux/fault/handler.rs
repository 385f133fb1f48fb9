//! The `SIGBUS` handler: it resumes a guarded instruction whose page is lost at its landing.

use std::ffi::{c_int, c_void};
use std::io;

use super::context::Interrupted;
use super::signal::Signal;
use crate::sys::guard;
use crate::sys::platform::zeros;

static SIGBUS: Signal = Signal::new(libc::SIGBUS, handle);

/// Makes this thread ready to touch mappings: installs the handler, or puts it back on top, and
/// unblocks `SIGBUS` for the calling thread.
///
/// Called each time that something is mapped; two system calls when nothing is to do. It may be
/// called from any thread at any time, in a forked child as well, but not from a signal handler,
/// since it may allocate.
///
/// # Errors
///
/// Those of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html), if the process
/// is forbidden to handle signals. Mappings must then not be touched.
pub(super) fn ensure() -> io::Result<()> {
    SIGBUS.ensure(guard::choose)
}

/// [`ensure`] for memory that nobody can cut, of which only failing hardware takes pages: the handler is
/// put back on top, for all others, and the calling thread blocks what it blocks.
pub(super) fn put_on_top() -> io::Result<()> {
    SIGBUS.put_on_top(guard::choose)
}

/// Resumes a guarded instruction that faulted at `address` at its landing; returns whether it is
/// one.
pub(in crate::sys::platform) fn resume(interrupted: Interrupted, address: usize) -> bool {
    let mut registers = interrupted.read();
    let resumed = registers.resume(address);
    if resumed {
        interrupted.write(&registers);
    }
    resumed
}

/// Replaces the page of an address, if it is one of a view that wants that, and keeps the error number
/// of the interrupted thread; returns whether the touch is to be made again.
fn replaced(address: usize) -> bool {
    // SAFETY: has no preconditions.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the place is the calling thread's own.
    let kept = unsafe { errno.read() };
    let replaced = zeros::replace(address);
    // SAFETY: as above.
    unsafe { errno.write(kept) };
    replaced
}

/// Resumes a guarded instruction that faulted at its landing, replaces lost pages of views that were
/// mapped with [`OnLoss::Zeros`](crate::OnLoss::Zeros) for all other instructions, and passes every other `SIGBUS` on to
/// the handler before.
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
        // SAFETY: `SA_SIGINFO` makes the third argument the context of this delivery.
        let interrupted = unsafe { Interrupted::new(context) };
        let unaligned = details.si_code == libc::BUS_ADRALN;
        if unaligned && interrupted.repeat_unaligned() || resume(interrupted, address) {
            return;
        }
        if !unaligned && replaced(address) {
            return;
        }
    }
    // SAFETY: the arguments are those of this delivery, unchanged.
    unsafe { SIGBUS.pass_on(signal, info, context) };
}
