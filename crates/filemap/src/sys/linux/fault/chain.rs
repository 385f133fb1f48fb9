//! The actions that a signal had before ours, and how a signal that is not ours is passed on to them.
//!
//! Actions that were replaced form a list, newest first, that only grows: a handler on another
//! thread may be walking it. It grows only when somebody replaced our handler, which is rare.
//!
//! A host that installed its handler after us may pass signals on to us, while our list, which is
//! updated later, begins with that host: a circle. It is broken by a count in the `siginfo_t` of the
//! delivery of how often it visited this handler; each visit passes it to one action further back. The kernel zeroes that part of the structure and no user of these signals reads it. No
//! thread-local is needed, and nothing is left over when somebody jumps out of the handler.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::AppendList;

/// What the kernel calls.
pub(super) type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// An action that was replaced.
pub(super) struct Previous {
    action: libc::sigaction,
    /// The action asked for `SA_RESETHAND` and has had its one signal.
    spent: AtomicBool,
}

/// The actions of one signal that were replaced.
pub(super) struct Chain {
    replaced: AppendList<Previous>,
}

impl Chain {
    pub(super) const fn new() -> Self {
        Self { replaced: AppendList::new() }
    }

    /// Puts an action at the head of the list, unless it is there already.
    ///
    /// Neither a host that takes turns with us nor two threads that install at once make the list grow.
    pub(super) fn push(&self, action: libc::sigaction) {
        let previous = Previous { action, spent: AtomicBool::new(false) };
        self.replaced.push(previous, |newest, previous| {
            let is_there = Self::same(&newest.action, &previous.action);
            if is_there {
                // The action was set anew, and with `SA_RESETHAND` wants another signal.
                newest.spent.store(false, Ordering::Relaxed);
            }
            is_there
        });
    }

    /// Returns whether two actions have the same effect, as far as their masks do not matter.
    pub(super) fn same(one: &libc::sigaction, other: &libc::sigaction) -> bool {
        one.sa_sigaction == other.sa_sigaction && one.sa_flags == other.sa_flags
    }

    /// Returns the action that is `depth` places back.
    ///
    /// The oldest is followed by itself, a few times: with two copies of this library in the
    /// process, each on the list of the other, one copy's list may end before the other's has come to
    /// the action that both of them replaced.
    fn nth(&self, depth: u64) -> Option<&Previous> {
        const AGAIN: u64 = 8;
        let mut older = self.replaced.iter();
        let mut node = older.next()?;
        for further in (0..depth).rev() {
            match older.next() {
                Some(older) => node = older,
                None if further < AGAIN => break,
                None => return None,
            }
        }
        Some(node)
    }

    /// Passes a signal that is not ours on to the action before ours, as the kernel would have.
    ///
    /// # Safety
    ///
    /// Inside the handler, whose address is `handler`, with the arguments of this delivery.
    pub(super) unsafe fn pass_on(
        &self,
        handler: usize,
        signal: c_int,
        info: *mut libc::siginfo_t,
        context: *mut c_void,
    ) {
        // SAFETY: the caller hands the arguments of this delivery.
        let code = unsafe { (*info).si_code };
        // A signal that somebody sent, and the early warning of a bad page, are tied to no instruction.
        let warning = signal == libc::SIGBUS && code == libc::BUS_MCEERR_AO;
        let sent = code <= 0 || warning;
        // SAFETY: the caller hands the arguments of this delivery.
        let visits = unsafe { Visits::of(info, handler) };
        let Some(previous) = self.nth(visits.depth) else {
            return default_action(signal, sent);
        };
        let action = &previous.action;
        if action.sa_flags & libc::SA_RESETHAND != 0 && previous.spent.swap(true, Ordering::Relaxed)
        {
            return default_action(signal, sent);
        }
        match action.sa_sigaction {
            libc::SIG_IGN if sent => return,
            // The kernel does not let a fault be ignored.
            libc::SIG_IGN | libc::SIG_DFL => return default_action(signal, sent),
            _ => {}
        }

        visits.set(visits.depth + 1);
        // SAFETY: the caller hands the arguments of this delivery.
        let open = unsafe { set_mask(action, signal, sent, context) };
        // SAFETY: the action named a handler to the kernel, and is called as the kernel would.
        unsafe { call(action, signal, info, context) };
        // SAFETY: the mask is the one that the call above read.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, open.as_ptr(), null_mut()) };
        visits.set(visits.depth);

        // Some handlers, Rust's own among them, give up by setting the default action and returning, so
        // that the fault strikes again. A sent signal does not strike again, and would leave us without
        // a handler: finish what was begun.
        let is_default = |now: libc::sigaction| now.sa_sigaction == libc::SIG_DFL;
        if sent && replace_action(signal, None).is_ok_and(is_default) {
            default_action(signal, sent);
        }
    }
}

/// Calls a previous handler.
///
/// # Safety
///
/// `action` names a handler, and the arguments are those of this delivery.
unsafe fn call(
    action: &libc::sigaction,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    let handler = std::ptr::with_exposed_provenance::<()>(action.sa_sigaction);
    if action.sa_flags & libc::SA_SIGINFO == 0 {
        // SAFETY: without `SA_SIGINFO` a handler has this type.
        let handler = unsafe { std::mem::transmute::<*const (), extern "C" fn(c_int)>(handler) };
        handler(signal);
    } else {
        // SAFETY: with `SA_SIGINFO` a handler has this type.
        let handler = unsafe { std::mem::transmute::<*const (), Handler>(handler) };
        // SAFETY: the arguments are those that the kernel made for this delivery.
        unsafe { handler(signal, info, context) };
    }
}

/// Sets the signal mask for a previous handler, and returns the one before.
///
/// For a fault, the mask that the kernel would have set, so that a handler may jump out of itself.
/// For a sent signal our own stays, with the previous one's added: no other handler, which may make
/// guarded copies, may run on top while the signal is blocked.
///
/// # Safety
///
/// Inside the handler, with the context of this delivery.
unsafe fn set_mask(
    action: &libc::sigaction,
    signal: c_int,
    sent: bool,
    context: *mut c_void,
) -> MaybeUninit<libc::sigset_t> {
    let mut mask = action.sa_mask;
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    if !sent {
        // SAFETY: the caller hands the context of this delivery.
        let interrupted = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_sigmask };
        for other in 1..=64 {
            // SAFETY: the kernel has written the first 64 signals of this set.
            if unsafe { libc::sigismember(interrupted, other) } == 1 {
                // SAFETY: the set is ours to write.
                unsafe { libc::sigaddset(&raw mut mask, other) };
            }
        }
        if action.sa_flags & libc::SA_NODEFER == 0 {
            // SAFETY: the set is ours to write.
            unsafe { libc::sigaddset(&raw mut mask, signal) };
        }
    }
    let how = if sent { libc::SIG_BLOCK } else { libc::SIG_SETMASK };
    // SAFETY: both sets are valid.
    unsafe { libc::pthread_sigmask(how, &raw const mask, before.as_mut_ptr()) };
    before
}

/// Lets the signal do what it does where nobody handles it.
///
/// A fault strikes again on return, and the kernel then ends the process at the very instruction. A
/// sent signal is sent again; it is blocked until our handler returns.
fn default_action(signal: c_int, sent: bool) {
    let mut action = empty_action();
    action.sa_sigaction = libc::SIG_DFL;
    let _ignored = replace_action(signal, Some(&action));
    if sent {
        // SAFETY: raising a signal touches no memory.
        unsafe { libc::raise(signal) };
    }
}

/// An action without flags, with an empty mask.
pub(super) fn empty_action() -> libc::sigaction {
    // SAFETY: all bytes zero is a valid `sigaction`.
    unsafe { std::mem::zeroed() }
}

/// Returns the action of a signal, and sets another one if there is one to set.
///
/// A handler that `new` names keeps to what may be done inside one.
pub(super) fn replace_action(
    signal: c_int,
    new: Option<&libc::sigaction>,
) -> io::Result<libc::sigaction> {
    let mut old = MaybeUninit::<libc::sigaction>::uninit();
    let new = new.map_or(null(), std::ptr::from_ref);
    // SAFETY: `new` is null or valid, and there is room for the old action.
    if unsafe { libc::sigaction(signal, new, old.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it has written the old action.
    Ok(unsafe { old.assume_init() })
}

/// How often this delivery visited the handler: a word in the unused half of its `siginfo_t`.
///
/// There are eight such words. Each copy of this library in the process takes one, known by the
/// address of its handler; the address of the structure keeps out what an earlier delivery left on
/// the stack, where a kernel does not clear it.
struct Visits {
    word: *mut u64,
    key: u64,
    depth: u64,
}

impl Visits {
    const WORDS: std::ops::Range<usize> = 8..16;
    /// More rounds than any chain of handlers has.
    const DEPTH: u64 = 64;

    /// Finds the word of this copy of the library, or a free one.
    ///
    /// # Safety
    ///
    /// Inside the handler, with the `siginfo_t` of this delivery; it outlives the value.
    unsafe fn of(info: *mut libc::siginfo_t, handler: usize) -> Visits {
        const { assert!(size_of::<libc::siginfo_t>() == 16 * size_of::<u64>()) };
        let key = (handler as u64).rotate_left(24) ^ info.addr() as u64 | 1 << 63;
        let mut free = None;
        for index in Visits::WORDS.rev() {
            // SAFETY: the structure has 16 words, and `index` is less.
            let word = unsafe { info.cast::<u64>().add(index) };
            // SAFETY: a word of the structure, which is initialised and aligned for it.
            let value = unsafe { *word };
            let depth = value.wrapping_sub(key);
            if (1..=Visits::DEPTH).contains(&depth) {
                return Visits { word, key, depth };
            }
            if value == 0 && free.is_none() {
                free = Some(word);
            }
        }
        // SAFETY: the structure has 16 words.
        let last = unsafe { info.cast::<u64>().add(Visits::WORDS.end - 1) };
        Visits { word: free.unwrap_or(last), key, depth: 0 }
    }

    fn set(&self, depth: u64) {
        let value = if depth == 0 { 0 } else { self.key.wrapping_add(depth) };
        // SAFETY: `of` found the word inside the structure, which outlives the value.
        unsafe { *self.word = value };
    }
}
