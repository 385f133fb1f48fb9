//! Threads whose processor checks that accesses are aligned, and reports no address if one is not.

#![expect(unsafe_code, reason = "a flag of the processor, which no safe interface has")]

use std::arch::asm;

use filemap::{Access, FileMapping, PositionedIo, Protection, View};

use crate::support::{Outcome, page, patterned};

/// Calls `access` with the flag set by which the processor refuses unaligned accesses.
#[inline(never)]
fn checked<T>(access: impl FnOnce() -> T) -> T {
    // SAFETY: the flag is set, and nothing else; the stack is put back.
    unsafe { asm!("pushfq", "or dword ptr [rsp], 0x40000", "popfq") };
    let value = access();
    // SAFETY: the flag is cleared, and nothing else; the stack is put back.
    unsafe { asm!("pushfq", "and dword ptr [rsp], 0xfffbffff", "popfq") };
    value
}

fn view() -> Result<View, filemap::Error> {
    let mapping = FileMapping::create(4 * page() as u64, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    view.write_all_at(&patterned(0, 4 * page()), 0)?;
    Ok(view)
}

/// Lengths that are copied by each kind of instruction, inlined and by a routine.
const LENGTHS: [usize; 12] = [1, 2, 3, 4, 5, 8, 9, 16, 24, 33, 100, 5000];

#[test]
fn unaligned_bytes_are_read_as_they_are() -> Outcome {
    let view = view()?;
    let mut seen = vec![0; LENGTHS[11]];
    for len in LENGTHS {
        for offset in 1..8_usize {
            seen.fill(0);

            let read = checked(|| view.read_exact_at(&mut seen[..len], offset as u64));

            assert!(read.is_ok(), "{len} at {offset}: {read:?}");
            assert_eq!(seen[..len], patterned(offset as u64, len), "{len} at {offset}");
        }
    }
    let mut eight = [0; 8];
    checked(|| view.read_exact_at(&mut eight, 1))?;
    assert_eq!(eight[..], patterned(1, 8));
    Ok(())
}

#[test]
fn unaligned_bytes_are_written_and_filled_as_they_are_to_be() -> Outcome {
    let view = view()?;
    let mut seen = vec![0; LENGTHS[11]];
    for len in LENGTHS {
        for offset in 1..8_usize {
            let bytes = patterned(77 + offset as u64, len);

            let written = checked(|| view.write_all_at(&bytes, offset as u64));

            assert!(written.is_ok(), "{len} at {offset}: {written:?}");
            view.read_exact_at(&mut seen[..len], offset as u64)?;
            assert_eq!(seen[..len], bytes, "{len} at {offset}");

            let filled = checked(|| view.fill(offset, len, 0xee));

            assert!(filled.is_ok(), "{len} at {offset}: {filled:?}");
            view.read_exact_at(&mut seen[..len], offset as u64)?;
            assert_eq!(seen[..len], vec![0xee; len], "{len} at {offset}");
        }
    }
    Ok(())
}

#[test]
fn unaligned_values_and_copies_within_a_view_are_whole() -> Outcome {
    let view = view()?;
    for offset in 1..8_usize {
        let value = checked(|| view.write(offset, &0x0102_0304_0506_0708_u64))
            .and_then(|()| checked(|| view.read::<u64>(offset)))?;
        assert_eq!(value, 0x0102_0304_0506_0708);
        let number = view.atomic::<u64>(64)?;
        number.store(5)?;
        assert_eq!(checked(|| number.fetch_add(2))?, 5);

        checked(|| view.copy_from(1000 + offset, &view, 1, 300))?;

        let mut seen = [0; 300];
        let mut copied = [0; 300];
        view.read_exact_at(&mut seen, 1)?;
        view.read_exact_at(&mut copied, 1000 + offset as u64)?;
        assert_eq!(copied, seen);
    }
    Ok(())
}
