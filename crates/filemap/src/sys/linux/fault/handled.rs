//! A signal that this library handles: installing its handler, and keeping it installed.
//!
//! Rules for what runs inside a handler: no allocation, no lock, no panic, no thread-local. A
//! thread may be anywhere when it is called.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;

use super::chain::Chain;

/// What the kernel calls.
pub(super) type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Signals that stay open while a handler runs: only a bug in it or an abort raises them, or a page
/// that it reads has to be opened, or is lost, as any other.
const OPEN: [c_int; 7] = [
    libc::SIGBUS,
    libc::SIGSEGV,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];

/// A signal and the handler for it, with those that it belonged to before.
pub(super) struct Handled {
    signal: c_int,
    handler: Handler,
    chain: Chain,
}

impl Handled {
    /// A signal that `handler` is to have, once [`ensure`](Self::ensure) is called.
    pub(super) const fn new(signal: c_int, handler: Handler) -> Self {
        Self { signal, handler, chain: Chain::new() }
    }

    /// Installs the handler, or puts it back on top, and opens the signal for the calling thread.
    ///
    /// Two system calls when nothing is to do. It may be called from any thread at any time, in a
    /// forked child as well, but not from a signal handler, since it may allocate. `prepare` runs
    /// before the handler is installed.
    ///
    /// # Errors
    ///
    /// Those of [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html), if the
    /// process is forbidden to handle signals.
    pub(super) fn ensure(&self, prepare: impl FnOnce()) -> io::Result<()> {
        let current = self.action(None)?;
        if !self.is_ours(&current) {
            prepare();
            self.install(current)?;
        }
        self.unblock()
    }

    /// Puts the handler on top of `current`, which becomes the one it passes signals on to.
    #[cold]
    fn install(&self, current: libc::sigaction) -> io::Result<()> {
        self.stay();
        // First in the list, then in the kernel: a signal in between must find whom to go to.
        self.chain.push(current);
        let replaced = self.action(Some(&self.ours()))?;
        if !self.is_ours(&replaced) && !Chain::same(&replaced, &current) {
            // A host changed the action between the two calls.
            self.chain.push(replaced);
        }
        Ok(())
    }

    /// Hands a signal that is not ours to the action before us, as the kernel would have.
    ///
    /// # Safety
    ///
    /// Inside the handler, with the arguments of this delivery.
    pub(super) unsafe fn pass_on(
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
    /// The kernel, and whoever was on top of the chain since, know the handler by its address. It can
    /// be taken out of neither, so the code must stay there. A program that is no library has nothing
    /// to keep, and where it cannot be kept, nothing is worse than before.
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

    /// The action that the kernel is asked for.
    ///
    /// - An alternate stack is used if the thread has one: Go insists, and deep stacks need it.
    /// - Everything that is not a bug is blocked during the handler: a handler on top of ours that
    ///   makes a guarded copy would meet the signal blocked, and the kernel would kill.
    /// - `SA_NODEFER` is left out: a storm of sent signals would nest until the stack ends.
    fn ours(&self) -> libc::sigaction {
        // SAFETY: all bytes zero is a valid `sigaction`: no flags, an empty mask, the default
        // action.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = self.address();
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
    fn address(&self) -> usize {
        (self.handler as *const ()).addr()
    }

    fn is_ours(&self, action: &libc::sigaction) -> bool {
        action.sa_sigaction == self.address()
    }

    /// Asks for the action of the signal, and sets it if there is one to set.
    fn action(&self, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
        let mut old = MaybeUninit::<libc::sigaction>::uninit();
        let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: `new` is null or valid, `old` has the room; the handler that `new` names keeps to
        // what may be done inside one.
        if unsafe { libc::sigaction(self.signal, new, old.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call succeeded, so it has written the old action.
        Ok(unsafe { old.assume_init() })
    }

    /// Opens the signal for the calling thread: where it is blocked, a fault kills without asking
    /// anyone.
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
