//! Single values for 64-bit ARM, inlined where they are used.
//!
//! Atomics are single instructions where the processor has them (`lse`), else loops around a
//! reservation. Both forms acquire and release, which together with `ldar` and `stlr` makes them
//! sequentially consistent.
//!
//! No block promises the compiler that it leaves memory alone (`nomem`, `readonly`): to the compiler
//! each is a possible access to everything, which keeps private accesses on their side of it.

use std::arch::asm;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use super::super::{Atomic, Lost, Scalar};
use super::SINGLE;

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
            ".arch_extension lse\nmov {lost:w}, wzr\n2:\n",
            $($text, "\n",)+
            "3:\n",
            apart!(),
            "4:\nmov {lost:w}, #1\nb 3b\n",
            ".popsection\n",
            guarded!("2b" to "3b" => "4b", "0")
        )
    };
}

/// A guarded read at `$cell`.
macro_rules! read {
    ($wide:ty, $text:expr, $cell:ident) => {{
        let (value, flag): ($wide, u32);
        // SAFETY: reads the value that the caller promises, or faults and goes on.
        unsafe {
            asm!(
                attempt!($text),
                at = in(reg) $cell,
                value = out(reg) value,
                lost = out(reg) flag,
                options(nostack),
            );
        }
        #[allow(clippy::cast_possible_truncation, reason = "a narrow load leaves the rest zero")]
        if flag == 0 { Ok(value as Self) } else { Err(lost($cell.addr())) }
    }};
}

/// A guarded write at `$cell`.
macro_rules! write {
    ($wide:ty, $text:expr, $cell:ident, $value:ident) => {{
        let flag: u32;
        // SAFETY: writes the value that the caller promises, or faults and goes on.
        unsafe {
            asm!(
                attempt!($text),
                at = in(reg) $cell,
                value = in(reg) <$wide>::from($value),
                lost = out(reg) flag,
                options(nostack),
            );
        }
        if flag == 0 { Ok(()) } else { Err(lost($cell.addr())) }
    }};
}

macro_rules! scalar {
    ($type:ty, $wide:ty, $load:expr, $store:expr) => {
        impl Scalar for $type {
            #[inline(always)]
            unsafe fn load(from: *const Self) -> Result<Self, Lost> {
                read!($wide, $load, from)
            }

            #[inline(always)]
            unsafe fn store(to: *mut Self, value: Self) -> Result<(), Lost> {
                write!($wide, $store, to, value)
            }
        }
    };
}

scalar!(u8, u32, "ldrb {value:w}, [{at}]", "strb {value:w}, [{at}]");
scalar!(u16, u32, "ldrh {value:w}, [{at}]", "strh {value:w}, [{at}]");
scalar!(u32, u32, "ldr {value:w}, [{at}]", "str {value:w}, [{at}]");
scalar!(u64, u64, "ldr {value:x}, [{at}]", "str {value:x}, [{at}]");

/// A change that returns the value before: `$single` where the processor has it, else `$change` of
/// `before` and `value` into `new`, tried until nobody came in between.
macro_rules! change {
    ($r:literal, $single:expr, $change:expr, $cell:ident, $value:ident) => {{
        let (before, flag): (Self, u32);
        if SINGLE.load(Ordering::Relaxed) {
            // SAFETY: changes the value that the caller promises, or faults and goes on.
            unsafe {
                asm!(
                    attempt!($single),
                    at = in(reg) $cell,
                    value = in(reg) $value,
                    before = out(reg) before,
                    lost = out(reg) flag,
                    options(nostack),
                );
            }
        } else {
            // SAFETY: as above.
            unsafe {
                asm!(
                    attempt!(
                        "5:",
                        concat!("ldaxr {before:", $r, "}, [{at}]"),
                        $change,
                        concat!("stlxr {busy:w}, {new:", $r, "}, [{at}]"),
                        "cbnz {busy:w}, 5b",
                    ),
                    at = in(reg) $cell,
                    value = in(reg) $value,
                    before = out(reg) before,
                    new = out(reg) _,
                    busy = out(reg) _,
                    lost = out(reg) flag,
                    options(nostack),
                );
            }
        }
        if flag == 0 { Ok(before) } else { Err(lost($cell.addr())) }
    }};
}

macro_rules! atomic {
    ($type:ty, $r:literal) => {
        impl Atomic for $type {
            #[inline(always)]
            unsafe fn atomic_load(cell: *const Self) -> Result<Self, Lost> {
                read!($type, concat!("ldar {value:", $r, "}, [{at}]"), cell)
            }

            #[inline(always)]
            unsafe fn atomic_store(cell: *mut Self, value: Self) -> Result<(), Lost> {
                write!($type, concat!("stlr {value:", $r, "}, [{at}]"), cell, value)
            }

            #[inline(always)]
            unsafe fn swap(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                change!(
                    $r,
                    concat!("swpal {value:", $r, "}, {before:", $r, "}, [{at}]"),
                    concat!("mov {new:", $r, "}, {value:", $r, "}"),
                    cell,
                    value
                )
            }

            #[inline(always)]
            unsafe fn compare_exchange(
                cell: *mut Self,
                current: Self,
                new: Self,
            ) -> Result<Result<Self, Self>, Lost> {
                let (before, flag): (Self, u32);
                if SINGLE.load(Ordering::Relaxed) {
                    // SAFETY: changes the value that the caller promises, or faults and goes on.
                    unsafe {
                        asm!(
                            attempt!(concat!("casal {value:", $r, "}, {new:", $r, "}, [{at}]")),
                            at = in(reg) cell,
                            value = inout(reg) current => before,
                            new = in(reg) new,
                            lost = out(reg) flag,
                            options(nostack),
                        );
                    }
                } else {
                    // SAFETY: as above.
                    unsafe {
                        asm!(
                            attempt!(
                                "5:",
                                concat!("ldaxr {before:", $r, "}, [{at}]"),
                                concat!("cmp {before:", $r, "}, {value:", $r, "}"),
                                "b.ne 6f",
                                concat!("stlxr {busy:w}, {new:", $r, "}, [{at}]"),
                                "cbnz {busy:w}, 5b",
                                "6:",
                            ),
                            at = in(reg) cell,
                            value = in(reg) current,
                            before = out(reg) before,
                            new = in(reg) new,
                            busy = out(reg) _,
                            lost = out(reg) flag,
                            options(nostack),
                        );
                    }
                }
                if flag != 0 {
                    return Err(lost(cell.addr()));
                }
                Ok(if before == current { Ok(before) } else { Err(before) })
            }

            #[inline(always)]
            unsafe fn fetch_add(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                change!(
                    $r,
                    concat!("ldaddal {value:", $r, "}, {before:", $r, "}, [{at}]"),
                    concat!("add {new:", $r, "}, {before:", $r, "}, {value:", $r, "}"),
                    cell,
                    value
                )
            }

            #[inline(always)]
            unsafe fn fetch_and(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                // The instruction takes the bits to clear.
                let cleared = !value;
                change!(
                    $r,
                    concat!("ldclral {value:", $r, "}, {before:", $r, "}, [{at}]"),
                    concat!("bic {new:", $r, "}, {before:", $r, "}, {value:", $r, "}"),
                    cell,
                    cleared
                )
            }

            #[inline(always)]
            unsafe fn fetch_or(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                change!(
                    $r,
                    concat!("ldsetal {value:", $r, "}, {before:", $r, "}, [{at}]"),
                    concat!("orr {new:", $r, "}, {before:", $r, "}, {value:", $r, "}"),
                    cell,
                    value
                )
            }
        }
    };
}

atomic!(u32, "w");
atomic!(u64, "x");
