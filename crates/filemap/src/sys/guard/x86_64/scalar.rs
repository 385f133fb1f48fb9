//! Single values for x86-64: one guarded instruction each, inlined where it is used.
//!
//! No block promises the compiler that it leaves memory alone (`nomem`, `readonly`): to the compiler
//! each is a possible access to everything, which keeps private accesses on their side of it.

use std::arch::asm;
use std::num::NonZeroUsize;

use super::super::{Atomic, Lost, Scalar};

/// The result of an access to a lost value.
#[inline(always)]
fn lost(address: usize) -> Lost {
    Lost { done: 0, address: NonZeroUsize::new(address) }
}

/// Assembly that clears `lost`, then runs `$text`, and comes to its end with `lost` set to 1 if any
/// of it faulted. What sets it lies apart, out of the way of the path of success.
macro_rules! attempt {
    ($($text:expr),+ $(,)?) => {
        concat!(
            "xor {lost:e}, {lost:e}\n2:\n",
            $($text, "\n",)+
            "3:\n",
            apart!(),
            "4:\nmov {lost:e}, 1\njmp 3b\n",
            ".popsection\n",
            guarded!("2b" to "3b" => "4b", "0")
        )
    };
}

/// Assembly that runs `$text`, or jumps to the block `lost` if it faulted: dearer to write than a
/// flag, as such blocks have no outputs, and free to run.
macro_rules! attempt_or {
    ($text:expr) => {
        concat!(
            "2:\n",
            $text,
            "\n3:\n",
            apart!(),
            "4:\njmp {lost}\n",
            ".popsection\n",
            guarded!("2b" to "3b" => "4b", "0")
        )
    };
}

macro_rules! scalar {
    ($type:ty, $wide:ty, $load:literal, $store:literal, $class:ident) => {
        impl Scalar for $type {
            #[inline(always)]
            unsafe fn load(from: *const Self) -> Result<Self, Lost> {
                let (value, flag): ($wide, u32);
                // SAFETY: reads the value that the caller promises, or faults and goes on.
                unsafe {
                    asm!(
                        attempt!($load),
                        at = in(reg) from,
                        value = out(reg) value,
                        lost = out(reg) flag,
                        options(nostack),
                    );
                }
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "a narrow load leaves the upper bits zero"
                )]
                if flag == 0 { Ok(value as $type) } else { Err(lost(from.addr())) }
            }

            #[inline(always)]
            unsafe fn store(to: *mut Self, value: Self) -> Result<(), Lost> {
                // SAFETY: writes the value that the caller promises, or faults and goes on.
                unsafe {
                    asm!(
                        attempt_or!($store),
                        at = in(reg) to,
                        value = in($class) value,
                        lost = label { return Err(lost(to.addr())) },
                        options(nostack),
                    );
                }
                Ok(())
            }
        }
    };
}

scalar!(u8, u32, "movzx {value:e}, byte ptr [{at}]", "mov byte ptr [{at}], {value}", reg_byte);
scalar!(u16, u32, "movzx {value:e}, word ptr [{at}]", "mov word ptr [{at}], {value:x}", reg);
scalar!(u32, u32, "mov {value:e}, dword ptr [{at}]", "mov dword ptr [{at}], {value:e}", reg);
scalar!(u64, u64, "mov {value:r}, qword ptr [{at}]", "mov qword ptr [{at}], {value:r}", reg);

/// An operation that replaces the value and returns the one before, in one register.
macro_rules! exchange {
    ($text:expr, $cell:ident, $value:ident) => {{
        let (before, flag): (Self, u32);
        // SAFETY: changes the value that the caller promises, or faults and goes on.
        unsafe {
            asm!(
                attempt!($text),
                at = in(reg) $cell,
                value = inout(reg) $value => before,
                lost = out(reg) flag,
                options(nostack),
            );
        }
        if flag == 0 { Ok(before) } else { Err(lost($cell.addr())) }
    }};
}

/// An operation that no instruction offers together with the value before: tried until nobody came
/// in between.
macro_rules! retry {
    ($load:expr, $copy:expr, $change:expr, $exchange:expr, $a:tt, $cell:ident, $value:ident) => {{
        let (before, flag): (Self, u32);
        // SAFETY: changes the value that the caller promises, or faults and goes on.
        unsafe {
            asm!(
                attempt!($load, "5:", $copy, $change, $exchange, "jne 5b"),
                at = in(reg) $cell,
                value = in(reg) $value,
                new = out(reg) _,
                lost = out(reg) flag,
                out($a) before,
                options(nostack),
            );
        }
        if flag == 0 { Ok(before) } else { Err(lost($cell.addr())) }
    }};
}

macro_rules! atomic {
    ($type:ty, $a:tt, $size:literal, $r:literal) => {
        impl Atomic for $type {
            /// A plain `mov`: the processor keeps loads in order, and the stores of this trait are
            /// full barriers.
            #[inline(always)]
            unsafe fn atomic_load(cell: *const Self) -> Result<Self, Lost> {
                // SAFETY: the contract is the same.
                unsafe { Self::load(cell) }
            }

            /// An `xchg`, since a later load may overtake a plain `mov`.
            #[inline(always)]
            unsafe fn atomic_store(cell: *mut Self, value: Self) -> Result<(), Lost> {
                // SAFETY: writes the value that the caller promises, or faults and goes on. What
                // was there before is left in the register, which the compiler is told to keep
                // its hands off.
                unsafe {
                    asm!(
                        attempt_or!(concat!("xchg ", $size, " ptr [{at}], ", $a)),
                        at = in(reg) cell,
                        inlateout($a) value => _,
                        lost = label { return Err(lost(cell.addr())) },
                        options(nostack),
                    );
                }
                Ok(())
            }

            #[inline(always)]
            unsafe fn swap(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                exchange!(concat!("xchg ", $size, " ptr [{at}], {value:", $r, "}"), cell, value)
            }

            #[inline(always)]
            unsafe fn compare_exchange(
                cell: *mut Self,
                current: Self,
                new: Self,
            ) -> Result<Result<Self, Self>, Lost> {
                let (before, flag): (Self, u32);
                // SAFETY: changes the value that the caller promises, or faults and goes on.
                unsafe {
                    asm!(
                        attempt!(concat!("lock cmpxchg ", $size, " ptr [{at}], {new:", $r, "}")),
                        at = in(reg) cell,
                        new = in(reg) new,
                        lost = out(reg) flag,
                        inout($a) current => before,
                        options(nostack),
                    );
                }
                if flag != 0 {
                    return Err(lost(cell.addr()));
                }
                Ok(if before == current { Ok(before) } else { Err(before) })
            }

            #[inline(always)]
            unsafe fn fetch_add(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                exchange!(concat!("lock xadd ", $size, " ptr [{at}], {value:", $r, "}"), cell, value)
            }

            #[inline(always)]
            unsafe fn fetch_and(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                retry!(
                    concat!("mov ", $a, ", ", $size, " ptr [{at}]"),
                    concat!("mov {new:", $r, "}, ", $a),
                    concat!("and {new:", $r, "}, {value:", $r, "}"),
                    concat!("lock cmpxchg ", $size, " ptr [{at}], {new:", $r, "}"),
                    $a, cell, value
                )
            }

            #[inline(always)]
            unsafe fn fetch_or(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                retry!(
                    concat!("mov ", $a, ", ", $size, " ptr [{at}]"),
                    concat!("mov {new:", $r, "}, ", $a),
                    concat!("or {new:", $r, "}, {value:", $r, "}"),
                    concat!("lock cmpxchg ", $size, " ptr [{at}], {new:", $r, "}"),
                    $a, cell, value
                )
            }
        }
    };
}

atomic!(u32, "eax", "dword", "e");
atomic!(u64, "rax", "qword", "r");
