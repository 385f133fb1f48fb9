//! Views: where they lie, what they share, and what they keep private.

#![expect(unsafe_code, reason = "the door to a view's own bytes is opened")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use filemap::{
    Access, Advice, Attributes, ErrorKind, FileMapping, Flush, OnLoss, PositionedIo, Protection,
    Rights, View, granularity, page_size,
};
use proptest::prelude::*;

#[cfg(target_os = "linux")]
use crate::advice::has_pages;
use crate::support::{self, FileExt as _, Outcome, Place, read_all};

/// The address of a view's first byte, which is only looked at here.
pub(crate) fn address(view: &View) -> usize {
    view.as_ptr().addr()
}

/// Wine locks a copy view's pages by making copies of them, which Windows does not.
#[cfg(windows)]
fn has_pages() -> bool {
    !support::wine()
}

/// Bytes that differ from their neighbours and from those a page away.
pub(crate) fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_view_begins_anywhere_and_has_any_length(
        size in 1_usize..300_000,
        from in 0.0..1.0_f64,
        part in 0.0..1.0_f64,
        strict in proptest::bool::ANY,
    ) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "fractions of a small size")]
        let share = |whole: usize, part: f64| (whole as f64 * part) as usize;
        let step = if strict { granularity() } else { 1 };
        let offset = share(size, from) / step * step;
        let len = 1 + share(size - offset - 1, part);
        let place = Place::new();
        let bytes = content(size);
        let file = place.file("content", &bytes);
        let mapping = FileMapping::options().file(&file).create().unwrap();

        let begun = mapping.view(Access::Write).offset(offset as u64).len(len);
        let view = if strict { begun.strict() } else { begun }.map().unwrap();
        let mut seen = vec![0; len];
        view.read_exact_at(&mut seen, 0).unwrap();
        view.write_all_at(&[255], (len - 1) as u64).unwrap();
        view.write_all_at(&[254], 0).unwrap();

        prop_assert_eq!((view.len(), view.offset()), (len, offset as u64));
        prop_assert!(seen == bytes[offset..offset + len]);
        let mut expected = bytes;
        expected[offset + len - 1] = 255;
        expected[offset] = 254;
        prop_assert!(read_all(&file) == expected);
    }
}

#[test]
fn a_view_has_the_bytes_of_its_range_and_no_others() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"0123456789");
    let mapping = FileMapping::options().file(&file).create()?;

    let view = mapping.map_range(Access::Write, 3..=5)?;

    assert_eq!((view.len(), view.offset()), (3, 3));
    assert_eq!(view.read::<[u8; 3]>(0)?, *b"345");
    assert_eq!(view.read::<[u8; 0]>(3)?, *b"");
    for (at, len) in [(0, 4), (3, 1), (4, 0), (usize::MAX, 1), (1, usize::MAX)] {
        let refused = view.fill(at, len, b'x').unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::InvalidRange, 87));
    }
    let mut buf = *b"untouched";
    assert_eq!(view.read_exact_at(&mut buf, 0).unwrap_err().kind(), ErrorKind::InvalidRange);
    assert_eq!(&buf, b"untouched");
    assert_eq!(view.write_all_at(b"xyz", 1).unwrap_err().kind(), ErrorKind::InvalidRange);
    assert_eq!(read_all(&file), b"0123456789");
    Ok(())
}

#[test]
fn all_views_of_a_file_and_its_ordinary_input_and_output_see_one_content_at_once() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[0; 10_000]);
    let first = FileMapping::options().file(&file).create()?;
    let second = FileMapping::options().file(&file).size(9_000).create()?;
    let views = [
        first.map(Access::Write)?,
        first.map_range(Access::Write, ..)?,
        second.map(Access::Write)?,
    ];

    for (writer, byte) in views.iter().zip(1_u8..) {
        writer.write_all_at(&[byte], 8_999)?;

        for reader in &views {
            assert_eq!(reader.read::<u8>(8_999)?, byte);
        }
        let mut seen = [0];
        file.read_exact_at(&mut seen, 8_999)?;
        assert_eq!(seen, [byte]);
    }
    file.write_all_at(b"by the file", 4_090)?;
    for reader in &views {
        assert_eq!(reader.read::<[u8; 11]>(4_090)?, *b"by the file");
    }
    Ok(())
}

#[test]
fn views_of_two_processes_see_one_memory_at_once() -> Outcome {
    if support::role().is_some() {
        let view = FileMapping::open("shared")?.map(Access::Write)?;
        assert_eq!(view.read::<[u8; 4]>(7)?, *b"from");
        view.write_all_at(b"back", 7)?;
        support::say("written");
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("shared");
    let view = begun.size(100).create()?;
    let view = view.map(Access::Write).map(|mapped| (view, mapped))?;
    view.1.write_all_at(b"from", 7)?;

    let mut second = place.child("view::views_of_two_processes_see_one_memory_at_once", "writes");
    second.until("written");

    assert_eq!(view.1.read::<[u8; 4]>(7)?, *b"back");
    second.finish();
    Ok(())
}

#[test]
fn a_private_store_copies_its_page_and_no_other() -> Outcome {
    let place = Place::new();
    let page = page_size();
    let file = place.file("content", &vec![b'0'; 3 * page]);
    for mapping in [
        FileMapping::options().file(&file).create()?,
        FileMapping::create(u64::try_from(3 * page)?, Protection::ReadWrite)?,
    ] {
        let shared = mapping.map(Access::Write)?;
        shared.fill(0, 3 * page, b'0')?;
        let copy = mapping.map(Access::Copy)?;
        let other_copy = mapping.map(Access::Copy)?;

        copy.write_all_at(b"private", page as u64)?;
        shared.fill(0, 3 * page, b'1')?;

        assert_eq!(copy.read::<[u8; 8]>(page)?, *b"private0", "the page is the view's own");
        assert_eq!(copy.read::<u8>(2 * page - 1)?, b'0', "all of the page");
        assert_eq!(copy.read::<u8>(page - 1)?, b'1', "the page before follows");
        assert_eq!(copy.read::<u8>(2 * page)?, b'1', "the page after follows");
        assert_eq!(other_copy.read::<[u8; 8]>(page)?, *b"11111111");
        assert_eq!(shared.read::<[u8; 8]>(page)?, *b"11111111");

        drop(copy);
        assert_eq!(mapping.map(Access::Copy)?.read::<u8>(page)?, b'1', "lost with the view");
    }
    assert!(read_all(&file).iter().all(|byte| *byte == b'1'), "never in the file");
    Ok(())
}

#[test]
fn a_copy_view_follows_the_mapping_until_it_is_written() -> Outcome {
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;
    let shared = mapping.map(Access::Write)?;
    let copy = mapping.map(Access::Copy)?;

    for byte in 1..5 {
        shared.write_all_at(&[byte], 9)?;

        assert_eq!(copy.read::<u8>(9)?, byte);
    }
    Ok(())
}

#[test]
fn preparing_a_copy_view_does_not_make_its_pages_private() -> Outcome {
    type Prepare = fn(&View) -> filemap::Result<()>;
    let prepared: [(&str, Prepare); 4] = [
        ("prefetched", |view| view.prefetch(..)),
        ("advised", |view| view.advise(.., Advice::WillNeed)),
        ("flushed", |view| view.flush(.., Flush::Durable)),
        ("locked", |view| view.lock(..)),
    ];
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;
    let shared = mapping.map(Access::Write)?;

    for ((what, prepare), byte) in prepared.into_iter().zip(1_u8..) {
        if what == "locked" && !has_pages() {
            continue;
        }
        let copy = mapping.map(Access::Copy)?;
        prepare(&copy)?;
        shared.write_all_at(&[byte], 0)?;

        assert_eq!(copy.read::<u8>(0)?, byte, "{what}, and still following");
    }
    Ok(())
}

// The pages are mapped by hand, as no view lets anybody touch what is past its end.
#[cfg(target_os = "linux")]
#[test]
fn bytes_stored_past_the_end_of_the_file_never_reach_it() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &[b'0'; 5_000]);
    let page = page_size();
    let end = 5_000_usize.next_multiple_of(page);
    let mapped = {
        use rustix::mm::{MapFlags, ProtFlags, mmap};
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: without an address the system picks a free range.
        unsafe { mmap(std::ptr::null_mut(), end, protection, flags, &file, 0) }?
    };
    // SAFETY: the last byte of the last page that was mapped a moment ago.
    let last = unsafe { mapped.cast::<u8>().add(end - 1) };
    // SAFETY: the page is mapped writable, and begins inside the file.
    unsafe { last.write_volatile(b'x') };

    let len_before = file.metadata()?.len();
    // SAFETY: the range was mapped above, and is not used after this.
    unsafe { rustix::mm::munmap(mapped, end) }?;
    let longer = FileMapping::options().file(&file).size(u64::try_from(end)?).create()?;

    assert_eq!(len_before, 5_000);
    let mut expected = vec![b'0'; 5_000];
    expected.resize(end, 0);
    let mut seen = vec![1; end];
    longer.map(Access::Read)?.read_exact_at(&mut seen, 0)?;
    assert!(seen == expected, "growth shows zeros");
    assert!(read_all(&file) == expected, "also in the file");
    Ok(())
}

#[test]
fn stores_after_growth_reach_the_file_where_it_ended_before() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"short");
    let before = FileMapping::options().file(&file).create()?.map(Access::Write)?;

    let after = FileMapping::options().file(&file).size(100).create()?.map(Access::Write)?;
    after.write_all_at(b" and more", 5)?;

    let mut expected = b"short and more".to_vec();
    expected.resize(100, 0);
    assert_eq!(read_all(&file), expected);
    assert_eq!(before.len(), 5);
    Ok(())
}

#[test]
fn a_view_outlives_its_mapping_and_its_file() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let mapping = FileMapping::options().file(&file).create()?;
    let view = mapping.map(Access::Write)?;

    mapping.close()?;
    drop(file);
    view.write_all_at(b"C", 0)?;
    view.flush(.., Flush::Written)?;
    view.unmap()?;

    assert_eq!(std::fs::read(place.path("content"))?, b"Content");
    Ok(())
}

#[test]
fn unmapping_one_view_leaves_the_others() -> Outcome {
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;
    let (first, second) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
    first.write_all_at(b"kept", 0)?;

    first.unmap()?;

    assert_eq!(second.read::<[u8; 4]>(0)?, *b"kept");
    Ok(())
}

/// An address at which 2 GiB are free, a multiple of the granularity, and the promise that no
/// other test looks for one meanwhile.
fn free_address() -> filemap::Result<(usize, MutexGuard<'static, ()>)> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = FileMapping::options().size(1 << 32).attributes(Attributes::RESERVE);
    let view = begun.create()?.view(Access::Read).strict().map()?;
    // Only the middle is used, away from what other threads map meanwhile at either end.
    Ok((address(&view) + (1 << 31), alone))
}

#[test]
fn a_free_address_is_taken_exactly() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let (free, _alone) = free_address()?;

    let view = mapping.view(Access::Write).address(free).map()?;
    let strict = mapping.view(Access::Write).address(free + (1 << 28)).strict().map()?;
    let odd = mapping.view(Access::Write).offset(70_001).len(5).address(free + (1 << 29) + 70_001);
    let odd = odd.map()?;

    assert_eq!(address(&view), free);
    assert_eq!(address(&strict), free + (1 << 28));
    assert_eq!(address(&odd), free + (1 << 29) + 70_001);
    odd.write_all_at(b"odd", 0)?;
    assert_eq!(view.read::<[u8; 3]>(70_001)?, *b"odd");
    Ok(())
}

#[test]
fn an_address_that_is_not_free_is_refused_and_nothing_is_replaced() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let view = mapping.view(Access::Write).strict().map()?;
    view.write_all_at(b"kept", 0)?;
    let first = address(&view);
    let stack = std::ptr::from_ref(&first).addr();

    let inside = first + granularity();
    for taken in [first, inside, stack / granularity() * granularity()] {
        for begun in [mapping.view(Access::Read), mapping.view(Access::Read).strict()] {
            let refused = begun.address(taken).map().unwrap_err();

            assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AddressTaken, 487));
        }
    }
    assert_eq!(view.read::<[u8; 4]>(0)?, *b"kept");
    Ok(())
}

#[test]
fn an_address_beyond_the_process_is_refused() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    if support::wine() {
        // It says that it mapped there, and nothing is there: Windows refuses.
        return Ok(());
    }

    for beyond in [1 << 63, usize::MAX / granularity() * granularity()] {
        let refused = mapping.view(Access::Read).address(beyond).map().unwrap_err();

        assert_eq!(refused.kind(), ErrorKind::AddressTaken, "{refused}");
    }
    Ok(())
}

#[test]
fn an_address_lies_in_its_page_as_the_offset_does() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let (free, _alone) = free_address()?;

    for (offset, address) in [(0, free + 1), (1, free), (4_097, free + 4_098), (0, 0), (5, 4)] {
        let begun = mapping.view(Access::Read).offset(offset).len(10);
        let refused = begun.address(address).map().unwrap_err();

        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::Misaligned, 1132));
    }
    Ok(())
}

#[test]
fn strict_views_begin_at_multiples_of_64_kib() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let unit = u64::try_from(granularity())?;
    assert_eq!(unit, 65_536);

    let mut views = Vec::new();
    for count in 0..16 {
        // Lengths that are no multiples make the addresses in between uneven.
        views.push(mapping.map_range(Access::Read, 0..1 + count)?);
        views.push(mapping.view(Access::Write).offset(count * unit).len(5_000).strict().map()?);
    }

    for view in views.iter().skip(1).step_by(2) {
        assert_eq!(address(view) % granularity(), 0);
        view.write_all_at(b"x", 4_999)?;
    }
    for offset in [1, 4_096, 32_768, 65_535, unit + 1] {
        let refused = mapping.view(Access::Read).offset(offset).strict().map().unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::Misaligned, 1132));
    }
    let (free, _alone) = free_address()?;
    for aside in [0x10, 1, 0x1000, 0x8000] {
        let begun = mapping.view(Access::Read).strict().address(free + aside);
        assert_eq!(begun.map().unwrap_err().win32_code(), 1132);
    }
    Ok(())
}

#[test]
fn strict_checks_come_in_the_order_of_windows() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(1);
    let made = begun.protection(Protection::ReadOnly).create()?;
    let writer = place.registry.open_with("x", Rights::all())?;
    let taken = address(&made.view(Access::Read).strict().map()?);
    let kept = made.view(Access::Read).address(taken).map()?;
    let far = 1 << 40;

    let right = made.view(Access::Write).strict().offset(far + 1).address(taken).map();
    let alignment = writer.view(Access::Write).strict().offset(far + 1).address(taken).map();
    let protection = writer.view(Access::Write).strict().offset(far).address(taken).map();
    let size = writer.view(Access::Read).strict().offset(far).address(taken).map();
    let conflict = writer.view(Access::Read).strict().address(taken).map();

    let kinds = [right, alignment, protection, size, conflict].map(|view| view.unwrap_err().kind());
    assert_eq!(
        kinds,
        [
            ErrorKind::AccessDenied,
            ErrorKind::Misaligned,
            ErrorKind::ProtectionExceeded,
            ErrorKind::ViewTooLarge,
            ErrorKind::AddressTaken,
        ]
    );
    drop(kept);
    Ok(())
}

#[test]
fn strict_first_refuses_what_no_addresses_could_be_for() -> Outcome {
    let mapping = FileMapping::create(1, Protection::ReadOnly)?;
    let upper_half = isize::MIN.cast_unsigned();
    // All of these ask for a right that the handle has not, as well.
    let begun = || mapping.view(Access::Write).strict();

    let too_long = begun().len(usize::MAX).map();
    let too_high = begun().address(upper_half).map();
    let over_the_edge = begun().address(upper_half - 65536).len(65537).map();
    let below_the_edge = begun().address(upper_half - 65536).len(65535).map();
    let not_strict = mapping.view(Access::Read).len(usize::MAX).map();

    let views = [too_long, too_high, over_the_edge, below_the_edge, not_strict];
    assert_eq!(
        views.map(|view| view.unwrap_err().kind()),
        [
            ErrorKind::InvalidArgument,
            ErrorKind::InvalidArgument,
            ErrorKind::InvalidArgument,
            ErrorKind::AccessDenied,
            ErrorKind::ViewTooLarge,
        ]
    );
    Ok(())
}

#[test]
fn values_are_read_and_written_at_any_offset() -> Outcome {
    let view = FileMapping::create(100, Protection::ReadWrite)?.map(Access::Write)?;

    view.write(1, &0x1122_3344_5566_7788_u64.to_le())?;
    view.write(17, &[1_u16.to_le(), 2_u16.to_le()][..])?;
    view.write(30, "text")?;

    assert_eq!(u64::from_le(view.read(1)?), 0x1122_3344_5566_7788);
    assert_eq!(view.read::<[u8; 8]>(1)?, [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
    assert_eq!(view.read::<[u8; 4]>(17)?, [1, 0, 2, 0]);
    assert_eq!(view.read::<[u8; 4]>(30)?, *b"text");
    let end = view.len();
    assert_eq!(view.read::<u64>(end - 7).unwrap_err().kind(), ErrorKind::InvalidRange);
    assert_eq!(view.write(end - 7, &1_u64).unwrap_err().kind(), ErrorKind::InvalidRange);
    assert_eq!(view.read::<[u8; 8]>(end - 8)?, [0; 8]);
    Ok(())
}

#[test]
fn filling_sets_exactly_its_range() -> Outcome {
    let view = FileMapping::create(10_000, Protection::ReadWrite)?.map(Access::Write)?;

    view.fill(3, 8_000, 7)?;
    view.fill(5, 0, 9)?;

    let mut seen = vec![0; view.len()];
    view.read_exact_at(&mut seen, 0)?;
    let mut expected = vec![0; view.len()];
    expected[3..8_003].fill(7);
    assert!(seen == expected);
    Ok(())
}

#[test]
fn the_raw_door_leads_to_the_same_bytes() -> Outcome {
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let view = mapping.map_range(Access::Write, 70_001..70_011)?;
    view.write_all_at(b"z", 9)?;

    let last = view.as_ptr().wrapping_add(9);
    // SAFETY: the view lives, has ten bytes, and nobody else knows this memory.
    let seen = unsafe { last.read_volatile() };
    // SAFETY: as above; the view is writable.
    unsafe { view.as_ptr().write_volatile(b'a') };

    assert_eq!(seen, b'z');
    assert_eq!(mapping.map(Access::Read)?.read::<u8>(70_001)?, b'a');
    Ok(())
}

#[test]
fn views_and_mappings_are_shared_between_threads() -> Outcome {
    fn both<T: Send + Sync>(_: &T) {}
    let mapping = FileMapping::create(8 * 1000, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    both(&mapping);
    both(&view);

    thread::scope(|scope| {
        for thread in 0..8 {
            let (mapping, view) = (&mapping, &view);
            scope.spawn(move || {
                let own = mapping.map(Access::Read).unwrap();
                for at in thread * 1000..(thread + 1) * 1000 {
                    view.fill(at, 1, u8::try_from(thread + 1).unwrap()).unwrap();
                    assert_eq!(own.read::<u8>(at).unwrap(), u8::try_from(thread + 1).unwrap());
                }
            });
        }
    });

    for thread in 0..8 {
        let byte = u8::try_from(thread + 1)?;
        assert_eq!(view.read::<[u8; 1000]>(thread * 1000)?, [byte; 1000]);
    }
    Ok(())
}

#[test]
fn zeros_in_place_of_lost_pages_are_refused_where_there_can_be_none() -> Outcome {
    let place = Place::new();
    let file = place.file("file", &[7; 100]);
    let mapping = FileMapping::options().file(&file).create()?;

    let mapped = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map();

    if cfg!(windows) || cfg!(filemap_portable_copies) {
        let error = mapped.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
        assert!(error.to_string().contains("read as zeros"), "{error}");
    } else {
        assert!(mapped?.lost().is_empty());
    }
    let view = mapping.view(Access::Write).on_loss(OnLoss::Die).map()?;
    assert!(view.lost().is_empty() && view.restore()?.is_empty());
    assert_eq!(view.read::<u8>(99)?, 7);
    Ok(())
}
