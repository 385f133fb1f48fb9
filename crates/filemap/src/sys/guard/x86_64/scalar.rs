//! Single values for x86-64: one guarded instruction each, inlined where it is used.
//!
//! No block promises the compiler that it leaves memory alone (`nomem`, `readonly`): to the compiler
//! each is a possible access to everything, which keeps private accesses on their side of it.

use std::arch::asm;

use super::super::{Atomic, LOST, Scalar};

/// Runs a guarded instruction that leaves a value in an operand, and returns the value; `None` if
/// it faulted. What sets the flag lies apart, out of the way of the path without a fault.
macro_rules! value {
    ($value:ident: $type:ty, $text:expr, $($operand:tt)+) => {{
        let ($value, lost): ($type, u32);
        // SAFETY: touches the value that the caller promises, or faults and is sent to the landing.
        unsafe {
            asm!(
                "xor {lost:e}, {lost:e}\n2:",
                $text,
                "3:",
                concat!(apart!(), "4:\nmov {lost:e}, 1\njmp 3b\n.popsection"),
                guarded!("2b" to "3b" => "4b", "0"),
                $($operand)+,
                lost = out(reg) lost,
                options(nostack),
            );
        }
        if lost == 0 { Some($value) } else { None }
    }};
}

/// Runs a guarded instruction that leaves no value; the function returns `None` if it faulted.
macro_rules! effect {
    ($text:expr, $($operand:tt)+) => {
        // SAFETY: touches the value that the caller promises, or faults and is sent to the landing.
        unsafe {
            asm!(
                attempt_or_lost!($text),
                $($operand)+,
                lost = label { return None },
                options(nostack),
            );
        }
    };
}

macro_rules! scalar {
    ($type:ty, $wide:ty, $load:literal, $store:literal, $class:ident) => {
        impl Scalar for $type {
            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation,
                reason = "a narrow load leaves the upper bits zero"
            )]
            unsafe fn load(from: *const Self) -> Option<Self> {
                let value =
                    value!(value: $wide, $load, at = in(reg) from, value = out(reg) value)?;
                Some(value as Self)
            }

            #[inline(always)]
            unsafe fn store(to: *mut Self, value: Self) -> Option<()> {
                effect!($store, at = in(reg) to, value = in($class) value);
                Some(())
            }
        }
    };
}

scalar!(u8, u32, "movzx {value:e}, byte ptr [{at}]", "mov byte ptr [{at}], {value}", reg_byte);
scalar!(u16, u32, "movzx {value:e}, word ptr [{at}]", "mov word ptr [{at}], {value:x}", reg);
scalar!(u32, u32, "mov {value:e}, dword ptr [{at}]", "mov dword ptr [{at}], {value:e}", reg);
scalar!(u64, u64, "mov {value:r}, qword ptr [{at}]", "mov qword ptr [{at}], {value:r}", reg);

macro_rules! atomic {
    ($type:ty, $a:tt, $size:literal, $r:literal) => {
        impl Atomic for $type {
            /// The register that tells of a loss begins with `ways`: not one instruction more.
            #[inline(always)]
            unsafe fn atomic_load_unless(cell: *const Self, ways: u32) -> Option<Self> {
                let (value, lost): (Self, u32);
                // SAFETY: touches the value that the caller promises, or faults and is sent to the
                // landing.
                unsafe {
                    asm!(
                        "2:",
                        concat!("mov {value:", $r, "}, ", $size, " ptr [{at}]"),
                        "3:",
                        concat!(apart!(), "4:\nmov {lost:e}, 1\njmp 3b\n.popsection"),
                        guarded!("2b" to "3b" => "4b", "0"),
                        at = in(reg) cell,
                        value = out(reg) value,
                        lost = inout(reg) ways => lost,
                        options(nostack),
                    );
                }
                if lost & LOST == 0 { Some(value) } else { None }
            }

            /// A plain `mov`: the processor keeps loads in order, and the stores of this trait are
            /// full barriers.
            #[inline(always)]
            unsafe fn atomic_load(cell: *const Self) -> Option<Self> {
                // SAFETY: the contract is the same.
                unsafe { Self::load(cell) }
            }

            /// An `xchg`, since a later load may overtake a plain `mov`.
            #[inline(always)]
            unsafe fn atomic_store(cell: *mut Self, value: Self) -> Option<()> {
                effect!(
                    concat!("xchg ", $size, " ptr [{at}], ", $a),
                    at = in(reg) cell,
                    inlateout($a) value => _
                );
                Some(())
            }

            #[inline(always)]
            unsafe fn swap(cell: *mut Self, value: Self) -> Option<Self> {
                value!(
                    before: Self,
                    concat!("xchg ", $size, " ptr [{at}], {value:", $r, "}"),
                    at = in(reg) cell,
                    value = inout(reg) value => before
                )
            }

            #[inline(always)]
            unsafe fn compare_exchange(cell: *mut Self, current: Self, new: Self) -> Option<Self> {
                value!(
                    before: Self,
                    concat!("lock cmpxchg ", $size, " ptr [{at}], {new:", $r, "}"),
                    at = in(reg) cell,
                    new = in(reg) new,
                    inout($a) current => before
                )
            }

            #[inline(always)]
            unsafe fn fetch_add(cell: *mut Self, value: Self) -> Option<Self> {
                value!(
                    before: Self,
                    concat!("lock xadd ", $size, " ptr [{at}], {value:", $r, "}"),
                    at = in(reg) cell,
                    value = inout(reg) value => before
                )
            }
        }
    };
}

atomic!(u32, "eax", "dword", "e");
atomic!(u64, "rax", "qword", "r");
