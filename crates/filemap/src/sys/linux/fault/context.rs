//! The registers of an interrupted thread, in the context that the kernel hands to a signal handler.

use std::ffi::c_void;

#[cfg(guard_assembly)]
use crate::sys::guard::Registers;

/// The context of an interrupted thread.
///
/// No reference to it is ever made: a handler that passed the signal on may have one.
///
/// Invariant: it is valid as long as the value is.
#[derive(Debug, Clone, Copy)]
pub(in crate::sys::platform) struct Interrupted(*mut libc::ucontext_t);

impl Interrupted {
    /// # Safety
    ///
    /// The caller is a handler, hands over the third argument of its delivery, and drops the value
    /// before it returns.
    pub(in crate::sys::platform) unsafe fn new(context: *mut c_void) -> Self {
        Self(context.cast())
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a register and a `usize` are of one size here"
)]
impl Interrupted {
    /// Returns what is in a register.
    pub(in crate::sys::platform) fn get(self, register: i32) -> i64 {
        // SAFETY: the type's invariant.
        unsafe { (*self.0).uc_mcontext.gregs[register.cast_unsigned() as usize] }
    }

    #[cfg(guard_assembly)]
    fn set(self, register: i32, value: i64) {
        // SAFETY: the type's invariant.
        unsafe { (*self.0).uc_mcontext.gregs[register.cast_unsigned() as usize] = value };
    }

    /// Returns the registers of the guard's conventions.
    #[cfg(guard_assembly)]
    pub(super) fn read(self) -> Registers {
        let get = |register| self.get(register).cast_unsigned() as usize;
        Registers {
            pc: get(libc::REG_RIP),
            to: get(libc::REG_RDI),
            from: get(libc::REG_RSI),
            len: get(libc::REG_RDX),
            repeat: get(libc::REG_RCX),
            rest: get(libc::REG_R8),
            fault: get(libc::REG_R9),
        }
    }

    /// Sets those registers that a landing reads, and the address at which the thread resumes.
    #[cfg(guard_assembly)]
    pub(super) fn write(self, registers: &Registers) {
        let Registers { pc, repeat, rest, fault, .. } = *registers;
        let (rcx, r8, r9) = (libc::REG_RCX, libc::REG_R8, libc::REG_R9);
        for (register, value) in [(libc::REG_RIP, pc), (rcx, repeat), (r8, rest), (r9, fault)] {
            self.set(register, (value as u64).cast_signed());
        }
    }

    /// Lets a guarded instruction be repeated that the processor refused because its address is not
    /// aligned; returns whether it is one, and the processor checks that.
    ///
    /// It checks while the thread has the flag `AC` set, and reports no address. The flag is cleared,
    /// which no code of Rust or C can rely on: their own accesses need not be aligned either.
    #[cfg(guard_assembly)]
    pub(super) fn repeat_unaligned(self) -> bool {
        const CHECKS: i64 = 1 << 18;
        let flags = self.get(libc::REG_EFL);
        if flags & CHECKS == 0 || !self.read().is_guarded() {
            return false;
        }
        self.set(libc::REG_EFL, flags & !CHECKS);
        true
    }
}

#[cfg(target_arch = "aarch64")]
impl Interrupted {
    /// Returns where the registers are, and the records that the kernel adds to them.
    #[cfg(feature = "pages")]
    pub(in crate::sys::platform) fn machine(self) -> *const libc::mcontext_t {
        // SAFETY: the type's invariant.
        unsafe { &raw const (*self.0).uc_mcontext }
    }

    /// Returns the registers of the guard's conventions.
    #[cfg(guard_assembly)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a register and a `usize` are of one size here"
    )]
    pub(super) fn read(self) -> Registers {
        // SAFETY: the type's invariant.
        let get = |register: usize| unsafe { (*self.0).uc_mcontext.regs[register] } as usize;
        Registers {
            // SAFETY: as above.
            pc: unsafe { (*self.0).uc_mcontext.pc } as usize,
            to: get(0),
            from: get(1),
            len: get(2),
            repeat: get(3),
            rest: get(4),
            fault: get(9),
        }
    }

    /// Sets those registers that a landing reads, and the address at which the thread resumes.
    #[cfg(guard_assembly)]
    pub(super) fn write(self, registers: &Registers) {
        let Registers { pc, repeat, rest, fault, .. } = *registers;
        // SAFETY: the type's invariant.
        unsafe { (*self.0).uc_mcontext.pc = pc as u64 };
        for (register, value) in [(3, repeat), (4, rest), (9, fault)] {
            // SAFETY: as above.
            unsafe { (*self.0).uc_mcontext.regs[register] = value as u64 };
        }
    }

    /// Lets no instruction be repeated: this processor reports the address, and repeats nothing.
    #[cfg(guard_assembly)]
    pub(super) fn repeat_unaligned(self) -> bool {
        false
    }
}
