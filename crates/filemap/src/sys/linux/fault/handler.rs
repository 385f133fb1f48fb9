//! The `SIGBUS` handler: installing it, keeping it installed, and what it does.
//!
//! Rules for what runs inside it: no allocation, no lock, no panic, no thread-local. A thread may be
//! anywhere when it is called.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;

use super::{chain, context};
use crate::sys::guard;

/// Signals that stay open while the handler runs, because only a bug in it or an abort raises them.
const OPEN: [c_int; 6] =
    [libc::SIGSEGV, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGSYS];

/// Makes this thread ready to touch mappings: installs the handler, or puts it back on top, and
/// opens `SIGBUS` for the calling thread.
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
    let current = action(None)?;
    if !is_ours(&current) {
        install(current)?;
    }
    unblock()
}

/// Puts the handler on top of `current`, which becomes the one it passes signals on to.
#[cold]
fn install(current: libc::sigaction) -> io::Result<()> {
    guard::choose();
    stay();
    // First in the list, then in the kernel: a signal in between must find whom to go to.
    chain::push(current);
    let replaced = action(Some(&ours()))?;
    if !is_ours(&replaced) && !chain::same(&replaced, &current) {
        // A host changed the action between the two calls.
        chain::push(replaced);
    }
    Ok(())
}

/// Keeps the library that this code is part of from being unloaded.
///
/// The kernel, and whoever was on top of the chain since, know the handler by its address. It can
/// be taken out of neither, so the code must stay there. A program that is no library has nothing
/// to keep, and where it cannot be kept, nothing is worse than before.
fn stay() {
    let mut library = MaybeUninit::<libc::Dl_info>::uninit();
    let place = std::ptr::without_provenance(address());
    // SAFETY: any address may be asked about, and the structure has the room.
    if unsafe { libc::dladdr(place, library.as_mut_ptr()) } == 0 {
        return;
    }
    // SAFETY: the call succeeded, so it has filled the structure.
    let name = unsafe { library.assume_init() }.dli_fname;
    if !name.is_null() {
        // SAFETY: the name is the loader's own text. Nothing is loaded: what is there already is
        // marked as never to go.
        unsafe { libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE) };
    }
}

/// The action that the kernel is asked for.
///
/// - An alternate stack is used if the thread has one: Go insists, and deep stacks need it.
/// - Everything that is not a bug is blocked during the handler: a handler on top of ours that makes
///   a guarded copy would meet `SIGBUS` blocked, and the kernel would kill.
/// - `SA_NODEFER` is left out: a storm of sent signals would nest until the stack ends.
fn ours() -> libc::sigaction {
    // SAFETY: all bytes zero is a valid `sigaction`: no flags, an empty mask, the default action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = address();
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: the set is ours to write.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    for signal in OPEN {
        // SAFETY: the set is ours to write, and was initialised above.
        unsafe { libc::sigdelset(&raw mut action.sa_mask, signal) };
    }
    action
}

/// The handler as the number that `sigaction` holds.
#[allow(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
pub(super) fn address() -> usize {
    let handler: unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = handle;
    (handler as *const ()).addr()
}

fn is_ours(action: &libc::sigaction) -> bool {
    action.sa_sigaction == address()
}

/// Asks for the action of `SIGBUS`, and sets it if there is one to set.
fn action(new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = MaybeUninit::<libc::sigaction>::uninit();
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `new` is null or valid, `old` has the room; the handler that `new` names keeps to
    // what may be done inside one.
    if unsafe { libc::sigaction(libc::SIGBUS, new, old.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it has written the old action.
    Ok(unsafe { old.assume_init() })
}

/// Opens `SIGBUS` for the calling thread: where it is blocked, a fault kills without asking anyone.
fn unblock() -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is ours to write.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set is ours to write, and was initialised above.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGBUS) };
    // SAFETY: the set was initialised above, and no old one is asked for.
    match unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
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
        let mut registers = context::read(interrupted);
        if registers.resume(address) {
            context::write(interrupted, &registers);
            return;
        }
    }
    // SAFETY: the arguments are those of this delivery, unchanged.
    unsafe { chain::pass_on(signal, info, context) };
}
