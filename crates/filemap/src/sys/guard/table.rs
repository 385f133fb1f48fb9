//! The table of instructions that may fault, with the landing of each.
//!
//! Each guarded stretch of assembly adds one entry to a section of its own, at the place where it is
//! written or inlined; the linker joins them. Offsets are relative, so that the table needs no
//! relocation at load time.
//!
//! The section's name carries this crate's version. Two versions in one binary thus have two tables
//! and two handlers; two builds of the same version share one table whose entries are alike.
//!
//! # Where the format of programs is COFF
//!
//! No linker defines bounds there, and names of sections with a `$`, which would be sorted, cannot
//! be written in inline assembly. So the table is found by its name among the sections of the
//! image, which tells the version of its format: several versions of this crate share it as long as
//! that is the same. What keeps it is an instruction beside each stretch that does nothing but name
//! its entry: linkers drop what nothing refers to.

#[cfg(not(windows))]
use std::arch::asm;
#[cfg(windows)]
use std::sync::atomic::Ordering;

/// The name of the table's section. A C identifier, since only for those does the linker define
/// bounds.
#[cfg(not(windows))]
macro_rules! section {
    () => {
        concat!(
            "filemap_faults_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH")
        )
    };
}

/// The name of the table's section, which has at most eight characters in an image.
#[cfg(windows)]
macro_rules! section {
    () => {
        ".fmflt1"
    };
}

/// Text for an assembly block: "after a fault from `$start` to before `$end`, continue at `$landing`".
///
/// The section is retained (`R`) because linkers may otherwise drop what only its bounds refer to.
#[cfg(not(windows))]
macro_rules! guarded {
    ($start:literal to $end:literal => $landing:literal, $kind:literal) => {
        concat!(
            ".pushsection ",
            section!(),
            ",\"aR\",@progbits\n.balign 4\n",
            ".long ",
            $start,
            " - .\n.long ",
            $end,
            " - .\n.long ",
            $landing,
            " - .\n.long ",
            $kind,
            "\n.popsection"
        )
    };
}

/// Text for an assembly block: "after a fault from `$start` to before `$end`, continue at `$landing`".
///
/// A block runs through it: the one instruction is a `nop` that names the entry.
#[cfg(windows)]
macro_rules! guarded {
    ($start:literal to $end:literal => $landing:literal, $kind:literal) => {
        concat!(
            ".pushsection ",
            section!(),
            ",\"dr\"\n.balign 4\n199:\n",
            ".long ",
            $start,
            " - .\n.long ",
            $end,
            " - .\n.long ",
            $landing,
            " - .\n.long ",
            $kind,
            "\n.popsection\nnop dword ptr [rip + 199b]"
        )
    };
}

/// Text for an assembly block: what follows, up to `.popsection`, lies apart from the code that is
/// run often.
#[cfg(not(windows))]
macro_rules! apart {
    () => {
        ".pushsection .text.unlikely.filemap,\"ax\",@progbits\n"
    };
}

/// Text for an assembly block: what follows, up to `.popsection`, lies apart from the code that is
/// run often.
#[cfg(windows)]
macro_rules! apart {
    () => {
        ".pushsection .text.unlikely.filemap,\"xr\"\n"
    };
}

#[cfg(windows)]
#[path = "coff.rs"]
mod coff;

/// How the handler must set the registers before it sends a thread to a landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An inlined access: not at all.
    Inlined,
    /// A copy or a fill, whose arguments are in their registers.
    Copy,
    /// Instructions that count by themselves: with the address alone.
    Counting,
}

/// One guarded stretch, as the assembler laid it down.
#[repr(C)]
struct Entry {
    /// First guarded instruction, relative to this field.
    start: i32,
    /// First instruction that no longer is, relative to this field.
    end: i32,
    /// Where a fault is sent, relative to this field.
    landing: i32,
    /// A [`Kind`] by number.
    kind: u32,
}

/// Resolves a field that is relative to its own address.
fn target(field: &i32) -> usize {
    std::ptr::from_ref(field).addr().wrapping_add_signed(*field as isize)
}

/// Finds the landing of the instruction at `pc`: where the thread is sent, and how.
///
/// Called inside a signal handler: takes no lock, allocates nothing, cannot panic. A walk through
/// some hundred entries is short beside the delivery of a signal.
pub(super) fn find(pc: usize) -> Option<(usize, Kind)> {
    let is_in = |entry: &&Entry| target(&entry.start) <= pc && pc < target(&entry.end);
    let entry = entries().iter().find(is_in)?;
    let kind = match entry.kind {
        0 => Kind::Inlined,
        1 => Kind::Copy,
        _ => Kind::Counting,
    };
    Some((target(&entry.landing), kind))
}

/// The whole table of this program or shared library.
#[cfg(not(windows))]
fn entries() -> &'static [Entry] {
    let (start, end) = bounds();
    let count = end.addr().wrapping_sub(start.addr()) / size_of::<Entry>();
    // SAFETY: the linker laid `count` entries of constant data there, and they stay for as long as
    // the code does that this function is part of.
    unsafe { std::slice::from_raw_parts(start, count) }
}

/// The addresses of the table's first entry and of its end.
///
/// The bounds are hidden: with default visibility those of another shared library could be bound.
/// The entry that covers nothing is an anchor: without any, there would be no section, and the
/// program would not link.
#[cfg(not(windows))]
fn bounds() -> (*const Entry, *const Entry) {
    let (start, end);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: computes two addresses and touches no memory.
    unsafe {
        asm!(
            concat!(".hidden __start_", section!()),
            concat!(".hidden __stop_", section!()),
            concat!("lea {start}, [rip + __start_", section!(), "]"),
            concat!("lea {end}, [rip + __stop_", section!(), "]"),
            "2:",
            guarded!("2b" to "2b" => "2b", "0"),
            start = out(reg) start,
            end = out(reg) end,
            options(nomem, nostack, preserves_flags),
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: computes two addresses and touches no memory.
    unsafe {
        asm!(
            concat!(".hidden __start_", section!()),
            concat!(".hidden __stop_", section!()),
            concat!("adrp {start}, __start_", section!()),
            concat!("add {start}, {start}, :lo12:__start_", section!()),
            concat!("adrp {end}, __stop_", section!()),
            concat!("add {end}, {end}, :lo12:__stop_", section!()),
            "2:",
            guarded!("2b" to "2b" => "2b", "0"),
            start = out(reg) start,
            end = out(reg) end,
            options(nomem, nostack, preserves_flags),
        );
    }
    (start, end)
}

/// The whole table of this program or shared library, once [`prepare`] has found it.
#[cfg(windows)]
fn entries() -> &'static [Entry] {
    let start = coff::START.load(Ordering::Acquire);
    if start.is_null() {
        return &[];
    }
    // SAFETY: `prepare` stored the count before the start, and both as the linker laid them down.
    unsafe { std::slice::from_raw_parts(start, coff::COUNT.load(Ordering::Relaxed)) }
}

/// Finds the table: to be called before a fault is handled, and never while one is.
#[cfg(windows)]
pub(in crate::sys) fn prepare() {
    coff::find();
}

/// Returns how many bytes at the start of a range lie before the page that holds `address`; all of
/// them, if `address` is not in the range.
///
/// Routines touch their ranges in rising order, so that what lies before the faulting page was
/// there a moment ago. The landing repeats exactly these bytes, under guard: should they be lost
/// meanwhile, a second fault gives the count.
///
/// Pages are taken to be 4 KiB, the smallest there are. Where they are larger the result may exceed
/// the bytes before the true page, and the second fault again gives the count.
pub(super) fn before(start: usize, len: usize, address: usize) -> usize {
    const PAGE: usize = 4096;
    if address.wrapping_sub(start) >= len {
        return len;
    }
    (address & !(PAGE - 1)).saturating_sub(start)
}
