//! The guard's registers in the context that the kernel hands to a signal handler.

use crate::sys::guard::Registers;

/// Reads the registers of the interrupted thread.
#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a register and a `usize` are of one size here"
)]
pub(super) fn read(context: &libc::ucontext_t) -> Registers {
    let registers = &context.uc_mcontext.gregs;
    let get = |register: i32| registers[index(register)].cast_unsigned() as usize;
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

/// Sets those registers that a landing reads, and where the thread goes on.
#[cfg(target_arch = "x86_64")]
pub(super) fn write(context: &mut libc::ucontext_t, registers: &Registers) {
    let Registers { pc, repeat, rest, fault, .. } = *registers;
    let pairs =
        [(libc::REG_RIP, pc), (libc::REG_RCX, repeat), (libc::REG_R8, rest), (libc::REG_R9, fault)];
    for (register, value) in pairs {
        context.uc_mcontext.gregs[index(register)] = (value as u64).cast_signed();
    }
}

/// A register's place among `gregs`.
#[cfg(target_arch = "x86_64")]
const fn index(register: i32) -> usize {
    register.cast_unsigned() as usize
}

/// Reads the registers of the interrupted thread.
#[cfg(target_arch = "aarch64")]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a register and a `usize` are of one size here"
)]
pub(super) fn read(context: &libc::ucontext_t) -> Registers {
    let machine = &context.uc_mcontext;
    let get = |register: usize| machine.regs[register] as usize;
    Registers {
        pc: machine.pc as usize,
        to: get(0),
        from: get(1),
        len: get(2),
        repeat: get(3),
        rest: get(4),
        fault: get(9),
    }
}

/// Sets those registers that a landing reads, and where the thread goes on.
#[cfg(target_arch = "aarch64")]
pub(super) fn write(context: &mut libc::ucontext_t, registers: &Registers) {
    let Registers { pc, repeat, rest, fault, .. } = *registers;
    let machine = &mut context.uc_mcontext;
    machine.pc = pc as u64;
    machine.regs[3] = repeat as u64;
    machine.regs[4] = rest as u64;
    machine.regs[9] = fault as u64;
}
