//! A process for one access: it shares this one's memory, and a lost page kills it alone.
//!
//! Made by [clone(2)](https://man7.org/linux/man-pages/man2/clone.2.html) as `posix_spawn` makes
//! children: same memory, own stack, the calling thread stopped until it has ended. It has signal
//! actions of its own, sends no `SIGCHLD`, and an ordinary `wait` of the host does not see it.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of stack: room for the largest frame that any processor's registers need for a signal.
const STACK: usize = 128 * 1024;

/// How an access ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As intended.
    Done,
    /// At a lost page.
    Lost,
    /// There could be no helper.
    Refused,
}

/// What the helper is told.
struct Task<F> {
    access: Option<F>,
    done: AtomicBool,
}

/// Runs `access` in a helper.
///
/// # Safety
///
/// `access` touches memory and nothing else: no allocation, no lock, no system call, no panic.
pub(super) unsafe fn run<F: FnOnce()>(access: F) -> Outcome {
    let mut task = Task { access: Some(access), done: AtomicBool::new(false) };
    let mut stack = Vec::<u8>::with_capacity(STACK);
    let top = stack.spare_capacity_mut().as_mut_ptr().wrapping_add(STACK);
    let top = top.map_addr(|top| top & !63);

    // Handlers of the host must not run in the helper: it starts with everything blocked.
    let mut before = MaybeUninit::uninit();
    let mut all = MaybeUninit::uninit();
    // SAFETY: the set is ours to write.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled, and the other has room.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_FILES | libc::CLONE_FS;
    // SAFETY: `CLONE_VFORK` returns only when the helper is gone, so the stack and the task outlive
    // it; the helper does what a child that shares memory may do.
    let helper = unsafe { libc::clone(body::<F>, top.cast(), flags, (&raw mut task).cast()) };
    if helper > 0 {
        // SAFETY: waits for a child that has ended, and does not want its status.
        unsafe { libc::waitpid(helper, null_mut(), libc::__WALL) };
    }
    // SAFETY: the mask is the one from before.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut()) };

    if helper < 0 {
        Outcome::Refused
    } else if task.done.load(Ordering::Acquire) {
        Outcome::Done
    } else {
        Outcome::Lost
    }
}

/// What the helper does.
extern "C" fn body<F: FnOnce()>(task: *mut c_void) -> c_int {
    // SAFETY: `run` passes its own task, and is stopped meanwhile.
    let task = unsafe { &mut *task.cast::<Task<F>>() };
    // An end of our own making: by default the signal would dump core, and older kernels then kill
    // everyone who shares the memory.
    // SAFETY: all bytes zero is a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = end_address();
    // SAFETY: the action is valid, and no old one is asked for; actions are not shared.
    unsafe { libc::sigaction(libc::SIGBUS, &raw const action, null_mut()) };
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is ours to write.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set was initialised.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGBUS) };
    // SAFETY: the set was initialised, and no old one is asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), null_mut()) };

    if let Some(access) = task.access.take() {
        access();
    }
    task.done.store(true, Ordering::Release);
    0
}

/// Ends the helper at a lost page.
extern "C" fn end(_: c_int) {
    // SAFETY: ends the helper, and runs nothing of the host's.
    unsafe { libc::_exit(1) }
}

/// The handler as the number that `sigaction` holds.
#[allow(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
fn end_address() -> usize {
    (end as extern "C" fn(c_int) as *const ()).addr()
}
