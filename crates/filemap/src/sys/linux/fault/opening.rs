//! The `SIGSEGV` handler: it opens pages that were committed elsewhere when they are touched.
//!
//! Installed with the first view whose pages may be closed, and not before: programs without
//! reserved mappings never meet it. The rules of `handler` hold in it as well.

use std::ffi::{c_int, c_void};
use std::io;

use super::handled::Handled;
use super::{repeats, watch};
use crate::sys::platform::pages::{Outline, Touched};

static OPENING: Handled = Handled::new(libc::SIGSEGV, handle);

/// Installs the handler, or puts it back on top, and opens `SIGSEGV` for the calling thread.
///
/// # Errors
///
/// Those of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html), if the process
/// is forbidden to handle signals.
pub(super) fn ensure() -> io::Result<()> {
    OPENING.ensure(|| ())
}

/// Puts the handler back where it belongs, if it was ever needed.
///
/// # Errors
///
/// Those of [`ensure`].
#[cfg_attr(
    any(filemap_portable_copies, not(any(target_arch = "x86_64", target_arch = "aarch64"))),
    allow(dead_code, reason = "without a handler of the copies nobody comes by")
)]
pub(super) fn ensure_if_needed() -> io::Result<()> {
    if watch::is_used() { ensure() } else { Ok(()) }
}

/// Opens the page that was touched, if it may be; sends a guarded instruction to its landing, if
/// it may not; and every other `SIGSEGV` to the handler before.
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
        if let Some((outline, page)) = watch::find(address) {
            // SAFETY: `SA_SIGINFO` makes the third argument the context of this delivery, and
            // nobody else holds a reference to it.
            let interrupted = unsafe { &mut *context.cast::<libc::ucontext_t>() };
            let errno = Errno::kept();
            // SAFETY: whoever touches a view keeps it mapped, and with it what it is watched by.
            let opened = unsafe { open(&outline, page, touched(interrupted), address) };
            errno.put_back();
            if opened || super::resume(interrupted, address) {
                return;
            }
        }
    }
    // SAFETY: the arguments are those of this delivery, unchanged.
    unsafe { OPENING.pass_on(signal, info, context) };
}

/// Opens a page for a touch, or finds it open; tells whether the touch is to be made again.
///
/// # Safety
///
/// That of [`Outline::open`].
unsafe fn open(outline: &Outline, page: usize, touched: Touched, address: usize) -> bool {
    // SAFETY: the caller promises it.
    let opened = unsafe { outline.open(page, touched) };
    if touched != Touched::Unknown {
        return opened;
    }
    if opened {
        repeats::forget(address);
        return true;
    }
    // SAFETY: as above.
    let is_open = unsafe { outline.is_open(page) };
    is_open && repeats::once_more(address)
}

/// How the page was touched.
#[cfg(target_arch = "x86_64")]
fn touched(context: &libc::ucontext_t) -> Touched {
    // Bits of the processor's error code for a page fault.
    const WRITE: i64 = 1 << 1;
    const FETCH: i64 = 1 << 4;
    let error = context.uc_mcontext.gregs[libc::REG_ERR.cast_unsigned() as usize];
    if error & FETCH != 0 {
        Touched::Execute
    } else if error & WRITE != 0 {
        Touched::Write
    } else {
        Touched::Read
    }
}

/// How the page was touched: the kernel adds a record with the syndrome to the context
/// ([`struct esr_context`](https://docs.kernel.org/arch/arm64/)).
#[cfg(target_arch = "aarch64")]
fn touched(context: &libc::ucontext_t) -> Touched {
    const SYNDROME: u32 = 0x4553_5201;
    let start = (&raw const context.uc_mcontext).cast::<u8>();
    // The records follow the registers, at the next multiple of 16 bytes.
    let records = size_of::<libc::mcontext_t>().saturating_sub(4096);
    let mut at = records;
    while at + 16 <= size_of::<libc::mcontext_t>() {
        // SAFETY: the sum is inside the structure.
        let record = unsafe { start.add(at) }.cast::<u32>();
        // SAFETY: as above; the structure is aligned to 16 bytes, and records to 8.
        let kind = unsafe { record.read() };
        // SAFETY: as above.
        let size = unsafe { record.add(1).read() } as usize;
        if kind == SYNDROME {
            // SAFETY: as above.
            let value = unsafe { record.add(2).cast::<u64>().read() };
            return match value >> 26 & 0x3f {
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

/// How the page was touched: not known here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn touched(_context: &libc::ucontext_t) -> Touched {
    Touched::Unknown
}

/// The error number of the interrupted thread, which its own calls are to find as it was.
struct Errno(c_int);

impl Errno {
    fn kept() -> Self {
        // SAFETY: the place is the calling thread's own.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        Self(unsafe { *place })
    }

    fn put_back(&self) {
        // SAFETY: the place is the calling thread's own.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        unsafe { *place = self.0 };
    }
}
