//! A fault that costs what the kernel makes it cost: a handler that does nothing but go on.

#![expect(unsafe_code, reason = "a signal handler, and a load that faults")]

use std::arch::asm;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{NonNull, null_mut};
use std::time::{Duration, Instant};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use crate::Result;
use crate::harness::each;

/// Bytes of the page that allows nothing.
const LEN: usize = 4096;

/// The time of one fault of so many, with the handler that was there before put back afterwards.
///
/// The page is one that allows nothing: the signal is another one than that of a lost page, which
/// the library has, and the kernel does not even look for a file. What is left is to raise it, to
/// call a handler, and to go on behind the load.
pub(crate) fn time(count: usize) -> Result<Duration> {
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let page = unsafe { mmap_anonymous(null_mut(), LEN, ProtFlags::empty(), MapFlags::PRIVATE) }?;
    let handler = Handler::put()?;
    let start = Instant::now();
    for _ in 0..count {
        // SAFETY: the load is the instruction of two bytes that the handler goes on behind; what
        // it leaves in the register is not looked at.
        unsafe { asm!(".byte 0x8a, 0x07", in("rdi") page, lateout("al") _) };
    }
    let time = start.elapsed();
    drop(handler);
    // SAFETY: the page was mapped above, and nobody else knows it.
    unsafe { munmap(page, LEN) }?;
    Ok(each(time, count))
}

/// The handler, until it is dropped.
struct Handler(libc::sigaction);

impl Handler {
    #[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
    fn put() -> Result<Self> {
        // SAFETY: all zeros is a `sigaction` without flags.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = goes_on as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        // SAFETY: as above.
        let mut before: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: both structures are the ones that the call wants.
        let put = unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, &raw mut before) };
        if put == 0 { Ok(Self(before)) } else { Err("no handler could be put".into()) }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        // SAFETY: what was there before is there again.
        unsafe { libc::sigaction(libc::SIGSEGV, &raw const self.0, null_mut()) };
    }
}

/// Goes on behind the instruction, which has two bytes.
extern "C" fn goes_on(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(context) = NonNull::new(context.cast::<libc::ucontext_t>()) else { return };
    // SAFETY: the kernel passes the context of the thread, which is nobody else's meanwhile.
    let context = unsafe { &mut *context.as_ptr() };
    // The number of a register is a small one.
    let register = usize::try_from(libc::REG_RIP).unwrap_or(0);
    context.uc_mcontext.gregs[register] += 2;
}
