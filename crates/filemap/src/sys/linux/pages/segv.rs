//! The `SIGSEGV` handler: it opens pages that were committed elsewhere when they are touched.
//!
//! Installed with the first view whose pages may be closed, and not before: programs without
//! reserved mappings never meet it. The rules of `fault/signal.rs` hold in it as well.

#![expect(unsafe_code, reason = "a signal handler")]

use std::ffi::{c_int, c_void};
use std::io;

use crate::sys::platform::fault::{self, Interrupted, Signal};
use crate::sys::platform::pages::page_snapshot::{PageSnapshot, Touched};
use crate::sys::platform::pages::{retry, watch};

static SEGV: Signal = Signal::new(libc::SIGSEGV, handle);

/// Installs the handler, or puts it back on top, and opens `SIGSEGV` for the calling thread.
///
/// # Errors
///
/// Those of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html), if the process
/// is forbidden to handle signals.
pub(super) fn ensure() -> io::Result<()> {
    SEGV.ensure(|| ())
}

/// Puts the handler back where it belongs, if it was ever needed.
///
/// # Errors
///
/// Those of [`ensure`].
pub(in crate::sys::platform) fn ensure_if_needed() -> io::Result<()> {
    if watch::is_used() { ensure() } else { Ok(()) }
}

/// Opens the page that was touched, if it allows the touch; resumes a guarded instruction at its
/// landing, if it does not; and passes every other `SIGSEGV` on to the handler before.
///
/// # Safety
///
/// For the kernel to call: `info` and `context` are those of the signal being delivered.
unsafe extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    /// A page is there and does not allow the touch (`SEGV_ACCERR`).
    const REFUSED: c_int = 2;
    // SAFETY: the kernel, or whoever passes the signal on, hands a valid `siginfo_t`.
    let details = unsafe { &*info };
    if details.si_code == REFUSED {
        // SAFETY: a signal with this code carries an address.
        let address = unsafe { details.si_addr() }.addr();
        if let Some(snapshot) = watch::find(address) {
            // SAFETY: `SA_SIGINFO` makes the third argument the context of this delivery.
            let interrupted = unsafe { Interrupted::new(context) };
            // SAFETY: the address lies in a view. What touches one is a guarded access, which borrows
            // its region, or goes by `View::as_ptr`, whose users stop before the view is dropped.
            // The region drops its watch, and the snapshot with it, before anything else.
            let snapshot = unsafe { snapshot.as_ref() };
            // SAFETY: has no preconditions.
            let errno = unsafe { libc::__errno_location() };
            // SAFETY: the place is the calling thread's own.
            let kept = unsafe { errno.read() };
            let opened = open(snapshot, touched(interrupted), address);
            // The interrupted thread is to find the error number of its own calls.
            // SAFETY: as above.
            unsafe { errno.write(kept) };
            if opened || fault::resume(interrupted, address) {
                return;
            }
        }
    }
    // SAFETY: the arguments are those of this delivery, unchanged.
    unsafe { SEGV.pass_on(signal, info, context) };
}

/// Opens the page of an address for a touch, or finds it open; returns whether the touch is to be
/// made again.
fn open(snapshot: &PageSnapshot, touched: Touched, address: usize) -> bool {
    let Some(page) = snapshot.page_of(address) else { return false };
    let opened = snapshot.open(page, touched);
    if touched != Touched::Unknown {
        return opened;
    }
    if opened {
        retry::forget(address);
        return true;
    }
    snapshot.is_open(page) && retry::once_more(address)
}

/// Returns how the page was touched.
#[cfg(target_arch = "x86_64")]
fn touched(interrupted: Interrupted) -> Touched {
    // Bits of the processor's error code for a page fault.
    const WRITE: i64 = 1 << 1;
    const FETCH: i64 = 1 << 4;
    let error = interrupted.get(libc::REG_ERR);
    if error & FETCH != 0 {
        Touched::Execute
    } else if error & WRITE != 0 {
        Touched::Write
    } else {
        Touched::Read
    }
}

/// Returns how the page was touched: the kernel adds a record with the syndrome to the context
/// ([`struct esr_context`](https://docs.kernel.org/arch/arm64/)).
#[cfg(target_arch = "aarch64")]
fn touched(interrupted: Interrupted) -> Touched {
    const SYNDROME: u32 = 0x4553_5201;
    const LEN: usize = size_of::<libc::mcontext_t>();
    let start = interrupted.machine().cast::<u8>();
    let word = |at: usize| {
        if at > LEN - 4 {
            return 0;
        }
        // SAFETY: the word lies inside the structure, which the kernel has filled.
        unsafe { start.wrapping_add(at).cast::<u32>().read_unaligned() }
    };
    // The records follow the registers, at the next multiple of 16 bytes: a kind, a size, a value.
    let mut at = LEN.saturating_sub(4096);
    while at + 16 <= LEN {
        let (kind, size) = (word(at), word(at + 4) as usize);
        if kind == SYNDROME {
            let value = word(at + 8);
            return match value >> 26 {
                0x20 | 0x21 => Touched::Execute,
                _ if value & 1 << 6 != 0 => Touched::Write,
                _ => Touched::Read,
            };
        }
        if kind == 0 || size < 8 || !size.is_multiple_of(8) {
            break;
        }
        at += size;
    }
    Touched::Unknown
}

/// Returns how the page was touched, which is not known here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn touched(_interrupted: Interrupted) -> Touched {
    Touched::Unknown
}
