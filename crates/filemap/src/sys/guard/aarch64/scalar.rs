//! Single values for 64-bit ARM, inlined where they are used.
//!
//! To compare and exchange is a single instruction where the processor has it (`lse`), else a loop
//! around a reservation. Both forms acquire and release, which together with `ldar` and `stlr` makes
//! them sequentially consistent. Other changes are made by it.
//!
//! No block promises the compiler that it leaves memory alone (`nomem`, `readonly`): to the compiler
//! each is a possible access to everything, which keeps private accesses on their side of it.

use std::arch::asm;
use std::sync::atomic::Ordering;

use super::super::{Atomic, Scalar};
use super::SINGLE;

/// Runs guarded instructions, and returns the value of the operand `$value`, or of none; `None` if
/// one of them faulted. What sets the flag lies apart, out of the way of the path without a fault.
macro_rules! attempt {
    ([$($text:expr),+ $(,)?], $value:expr, $($operand:tt)+) => {{
        let lost: u32;
        // SAFETY: touches the value that the caller promises, or faults and is sent to the landing.
        unsafe {
            asm!(
                ".arch_extension lse\nmov {lost:w}, wzr\n2:",
                $($text,)+
                "3:",
                concat!(apart!(), "4:\nmov {lost:w}, #1\nb 3b\n.popsection"),
                guarded!("2b" to "3b" => "4b", "0"),
                $($operand)+,
                lost = out(reg) lost,
                options(nostack),
            );
        }
        if lost == 0 { Some($value) } else { None }
    }};
}

/// A guarded load at `$from`.
macro_rules! load {
    ($wide:ty, $text:expr, $from:ident) => {{
        let value: $wide;
        #[allow(clippy::cast_possible_truncation, reason = "a narrow load leaves the rest zero")]
        let loaded =
            attempt!([$text], value as Self, at = in(reg) $from, value = out(reg) value);
        loaded
    }};
}

/// A guarded store at `$to`.
macro_rules! store {
    ($wide:ty, $text:expr, $to:ident, $value:ident) => {
        attempt!([$text], (), at = in(reg) $to, value = in(reg) <$wide>::from($value))
    };
}

macro_rules! scalar {
    ($type:ty, $wide:ty, $load:expr, $store:expr) => {
        impl Scalar for $type {
            #[inline(always)]
            unsafe fn load(from: *const Self) -> Option<Self> {
                load!($wide, $load, from)
            }

            #[inline(always)]
            unsafe fn store(to: *mut Self, value: Self) -> Option<()> {
                store!($wide, $store, to, value)
            }
        }
    };
}

scalar!(u8, u32, "ldrb {value:w}, [{at}]", "strb {value:w}, [{at}]");
scalar!(u16, u32, "ldrh {value:w}, [{at}]", "strh {value:w}, [{at}]");
scalar!(u32, u32, "ldr {value:w}, [{at}]", "str {value:w}, [{at}]");
scalar!(u64, u64, "ldr {value:x}, [{at}]", "str {value:x}, [{at}]");

macro_rules! atomic {
    ($type:ty, $r:literal) => {
        impl Atomic for $type {
            #[inline(always)]
            unsafe fn atomic_load(cell: *const Self) -> Option<Self> {
                load!($type, concat!("ldar {value:", $r, "}, [{at}]"), cell)
            }

            #[inline(always)]
            unsafe fn atomic_store(cell: *mut Self, value: Self) -> Option<()> {
                store!($type, concat!("stlr {value:", $r, "}, [{at}]"), cell, value)
            }

            #[inline(always)]
            unsafe fn compare_exchange(cell: *mut Self, current: Self, new: Self) -> Option<Self> {
                let before: Self;
                if SINGLE.load(Ordering::Relaxed) {
                    return attempt!(
                        [concat!("casal {value:", $r, "}, {new:", $r, "}, [{at}]")],
                        before,
                        at = in(reg) cell,
                        value = inout(reg) current => before,
                        new = in(reg) new
                    );
                }
                attempt!(
                    [
                        "5:",
                        concat!("ldaxr {before:", $r, "}, [{at}]"),
                        concat!("cmp {before:", $r, "}, {value:", $r, "}"),
                        "b.ne 6f",
                        concat!("stlxr {busy:w}, {new:", $r, "}, [{at}]"),
                        "cbnz {busy:w}, 5b",
                        "6:",
                    ],
                    before,
                    at = in(reg) cell,
                    value = in(reg) current,
                    before = out(reg) before,
                    new = in(reg) new,
                    busy = out(reg) _
                )
            }

            #[inline(always)]
            unsafe fn fetch_add(cell: *mut Self, value: Self) -> Option<Self> {
                // SAFETY: the contract is the same.
                unsafe { Self::update(cell, |before| before.wrapping_add(value)) }
            }
        }
    };
}

atomic!(u32, "w");
atomic!(u64, "x");
