//! A signal that this library handles: installing its handler, and keeping it installed.
//!
//! Rules for what runs inside a handler: no allocation, no lock, no panic, no thread-local. A
//! thread may be anywhere when it is called.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;

use super::chain::{Chain, Handler, empty_action, replace_action};

/// Signals that are not blocked while a handler runs: only a bug in it or an abort raises them, or a
/// page that it reads is closed or lost.
const UNBLOCKED: [c_int; 7] = [
    libc::SIGBUS,
    libc::SIGSEGV,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];

/// A signal and the handler for it, with the actions that it had before.
pub(in crate::sys::platform) struct Signal {
    signal: c_int,
    handler: Handler,
    chain: Chain,
}

impl Signal {
    /// A signal that `handler` handles once [`ensure`](Self::ensure) is called.
    pub(in crate::sys::platform) const fn new(signal: c_int, handler: Handler) -> Self {
        Self { signal, handler, chain: Chain::new() }
    }

    /// Installs the handler, or puts it back on top, and unblocks the signal for the calling thread.
    ///
    /// Two system calls when nothing is to do. It may be called from any thread at any time, in a
    /// forked child as well, but not from a signal handler, since it may allocate. `prepare` runs
    /// before the handler is installed.
    ///
    /// # Errors
    ///
    /// Those of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html), if the
    /// process is forbidden to handle signals.
    pub(in crate::sys::platform) fn ensure(&self, prepare: impl FnOnce()) -> io::Result<()> {
        self.put_on_top(prepare)?;
        self.unblock()
    }

    /// [`ensure`](Self::ensure), and leaves blocked what the calling thread blocks.
    #[inline]
    pub(super) fn put_on_top(&self, prepare: impl FnOnce()) -> io::Result<()> {
        let current = replace_action(self.signal, None)?;
        if self.is_ours(&current) {
            return Ok(());
        }
        prepare();
        self.install(current)
    }

    /// Puts the handler on top of `current`, which becomes the one it passes signals on to.
    #[cold]
    fn install(&self, current: libc::sigaction) -> io::Result<()> {
        self.stay();
        // First in the list, then in the kernel: a signal in between must find whom to go to.
        self.chain.push(current);
        let replaced = replace_action(self.signal, Some(&self.ours(&current)))?;
        if !self.is_ours(&replaced) && !Chain::same(&replaced, &current) {
            // A host changed the action between the two calls.
            self.chain.push(replaced);
        }
        Ok(())
    }

    /// Passes a signal that is not ours on to the action before ours, as the kernel would have.
    ///
    /// # Safety
    ///
    /// Inside the handler, with the arguments of this delivery.
    pub(in crate::sys::platform) unsafe fn pass_on(
        &self,
        signal: c_int,
        info: *mut libc::siginfo_t,
        context: *mut c_void,
    ) {
        // SAFETY: the caller hands the arguments of this delivery.
        unsafe { self.chain.pass_on(self.address(), signal, info, context) };
    }

    /// Keeps the library that this code is part of from being unloaded.
    ///
    /// The kernel, and whoever installed a handler since, have the address of this one, and neither can
    /// be made to forget it. In a program that is not a library this does nothing.
    fn stay(&self) {
        let mut library = MaybeUninit::<libc::Dl_info>::uninit();
        let place = std::ptr::without_provenance(self.address());
        // SAFETY: any address may be asked about, and the structure has the room.
        if unsafe { libc::dladdr(place, library.as_mut_ptr()) } == 0 {
            return;
        }
        // SAFETY: the call succeeded, so it has filled the structure.
        let name = unsafe { library.assume_init() }.dli_fname;
        if !name.is_null() {
            // SAFETY: the name is the loader's own text. Nothing is loaded: what is there already is
            // marked as never to go.
            unsafe {
                libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE)
            };
        }
    }

    /// The action that the kernel is asked for, in place of `current`.
    ///
    /// - An alternate stack is used if the thread has one: Go insists, and deep stacks need it. But not
    ///   if the handler before does not ask for it: .NET's finds out by its stack where the fault was,
    ///   and ends the process without a word if that is another one.
    /// - Everything that is not a bug is blocked during the handler: a handler on top of ours that
    ///   makes a guarded copy would meet the signal blocked, and the kernel would kill.
    /// - `SA_NODEFER` is left out: a storm of sent signals would nest until the stack ends.
    fn ours(&self, current: &libc::sigaction) -> libc::sigaction {
        let handles = ![libc::SIG_DFL, libc::SIG_IGN].contains(&current.sa_sigaction);
        let stack = if handles { current.sa_flags & libc::SA_ONSTACK } else { libc::SA_ONSTACK };
        let mut action = empty_action();
        action.sa_sigaction = self.address();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | stack;
        // SAFETY: the set is ours to write.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
        for signal in UNBLOCKED {
            // SAFETY: the set is ours to write, and was initialised above.
            unsafe { libc::sigdelset(&raw mut action.sa_mask, signal) };
        }
        action
    }

    /// The handler as the number that `sigaction` holds.
    #[allow(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
    fn address(&self) -> usize {
        (self.handler as *const ()).addr()
    }

    fn is_ours(&self, action: &libc::sigaction) -> bool {
        action.sa_sigaction == self.address()
    }

    /// Unblocks the signal for the calling thread: where it is blocked, a fault kills whatever the
    /// handler.
    fn unblock(&self) -> io::Result<()> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the set is ours to write.
        unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        // SAFETY: the set is ours to write, and was initialised above.
        unsafe { libc::sigaddset(set.as_mut_ptr(), self.signal) };
        let (set, none) = (set.as_ptr(), std::ptr::null_mut());
        // SAFETY: the set was initialised above, and no old one is asked for.
        match unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set, none) } {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }
}
