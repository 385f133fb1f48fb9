//! Lost pages on Windows, where nobody can cut a mapped file: protection takes the pages away.
//!
//! What Linux does is in the tests of faults, which cut files and fill disks.

#![expect(unsafe_code, reason = "pages of a view are taken away")]

use std::sync::atomic::{AtomicBool, Ordering};

use filemap::{
    Access, Error, ErrorKind, FileMapping, Loss, PositionedIo, Protection, View, page_size,
};
use windows_sys::Win32::System::Memory::{PAGE_NOACCESS, PAGE_READWRITE, VirtualProtect};

use crate::support::kind;

/// Sets what may be done with one page of a view.
fn protect(view: &View, page: usize, protection: u32) {
    let mut before = 0;
    let start = view.as_ptr().wrapping_add(page * page_size());
    // SAFETY: a page of the view, which the library touches by instructions of its own alone.
    let set = unsafe { VirtualProtect(start.cast(), page_size(), protection, &raw mut before) };
    assert_ne!(set, 0, "{}", std::io::Error::last_os_error());
}

/// Four pages of sevens, of which the third is gone.
pub(crate) fn broken() -> Result<View, Error> {
    let mapping = FileMapping::create(4 * page_size() as u64, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    view.fill(0, view.len(), 7)?;
    protect(&view, 2, PAGE_NOACCESS);
    Ok(view)
}

pub(crate) fn lost<T: std::fmt::Debug>(result: Result<T, Error>) -> Option<Loss> {
    let error = result.expect_err("it is lost");
    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::Lost, 999), "{error}");
    error.loss()
}

#[test]
fn an_access_tells_which_byte_was_lost_and_how_many_came_before() -> Result<(), Error> {
    let (view, page) = (broken()?, page_size());
    let gone = 2 * page;
    let loss = |done| Some(Loss { offset: gone as u64, done });

    for before in [0, 1, 7, 8, 31, 64, 100, page, gone] {
        for behind in [1, 8, 33, 200, page] {
            let (from, len) = (gone - before, before + behind);
            let mut seen = vec![0; len];
            assert_eq!(
                lost(view.read_exact_at(&mut seen, from as u64)),
                loss(before),
                "{len} at {from}"
            );
            assert!(seen[..before].iter().all(|byte| *byte == 7), "{len} at {from}");
            assert_eq!(lost(view.write_all_at(&vec![7; len], from as u64)), loss(before));
            assert_eq!(lost(view.fill(from, len, 7)), loss(before));
            assert_eq!(lost(view.compare(from, &vec![7; len])), loss(before));
        }
    }
    assert_eq!(lost(view.find(.., &[8])), loss(gone));
    assert_eq!(view.find(..gone, &[8])?, None);
    Ok(())
}

#[test]
fn a_value_in_a_lost_page_is_an_error_and_untouched() -> Result<(), Error> {
    let (view, gone) = (broken()?, 2 * page_size());
    let here = view.atomic::<u64>(gone - 8)?;
    let there = view.atomic::<u64>(gone)?;

    assert_eq!(kind(view.read::<u8>(gone)), ErrorKind::Lost);
    assert_eq!(kind(view.read::<u16>(gone)), ErrorKind::Lost);
    assert_eq!(kind(view.read::<u32>(gone)), ErrorKind::Lost);
    assert_eq!(kind(view.read::<u64>(gone)), ErrorKind::Lost);
    assert_eq!(kind(view.write(gone, &1_u8)), ErrorKind::Lost);
    assert_eq!(kind(view.write(gone, &1_u64)), ErrorKind::Lost);
    assert_eq!(kind(there.load()), ErrorKind::Lost);
    assert_eq!(kind(there.store(1)), ErrorKind::Lost);
    assert_eq!(kind(there.swap(1)), ErrorKind::Lost);
    assert_eq!(kind(there.compare_exchange(7, 1)), ErrorKind::Lost);
    assert_eq!(kind(there.fetch_add(1)), ErrorKind::Lost);
    assert_eq!(kind(there.fetch_and(1)), ErrorKind::Lost);
    assert_eq!(kind(there.fetch_or(1)), ErrorKind::Lost);
    assert_eq!(here.fetch_add(1)?, 0x0707_0707_0707_0707);

    protect(&view, 2, PAGE_READWRITE);
    assert_eq!(view.find(gone.., &[1])?, None, "nothing was stored");
    assert_eq!(there.load()?, 0x0707_0707_0707_0707);
    Ok(())
}

#[test]
fn a_copy_between_views_tells_which_of_them_lost_a_page() -> Result<(), Error> {
    let (view, page) = (broken()?, page_size());
    let other = FileMapping::create(4 * page as u64, Protection::ReadWrite)?.map(Access::Write)?;

    let out = lost(other.copy_from(0, &view, page, 2 * page));
    let into = lost(view.copy_from(page, &other, 0, 2 * page));
    let inside = lost(view.copy_from(10, &view, page, 2 * page));

    let expected = Some(Loss { offset: 2 * page as u64, done: page });
    assert_eq!((out, into), (expected, expected));
    assert_eq!(inside.map(|loss| loss.offset), Some(2 * page as u64));
    Ok(())
}

/// A read or a write of `len` bytes at `from` that met a page which is gone at times: how many bytes
/// were delivered, if not all.
fn cut_short(result: Result<(), Error>, from: usize, len: usize) -> Option<usize> {
    let error = result.err()?;
    let loss = error.loss().unwrap_or_else(|| panic!("{error}"));
    assert_eq!(
        (error.kind(), loss.offset),
        (ErrorKind::Lost, (from + loss.done) as u64),
        "{error}"
    );
    // The page may go away at any byte of it, and not at another page's.
    let gone = 2 * page_size()..(from + len).min(3 * page_size());
    assert!(gone.contains(&(from + loss.done)), "{error}");
    Some(loss.done)
}

#[test]
fn pages_that_come_and_go_harm_nobody_who_reads_and_writes() {
    const BEFORE: usize = 100;
    let view = broken().expect("a view can be mapped");
    let from = 2 * page_size() - BEFORE;
    let over = AtomicBool::new(false);
    let met = std::thread::scope(|scope| {
        let readers = [300, BEFORE + page_size(), 300].map(|len| {
            let (view, over) = (&view, &over);
            scope.spawn(move || {
                let (mut whole, mut broken) = (0_u64, 0_u64);
                while !over.load(Ordering::Relaxed) || whole == 0 || broken == 0 {
                    let mut seen = vec![0; len];
                    let read = cut_short(view.read_exact_at(&mut seen, from as u64), from, len);
                    let stored =
                        cut_short(view.write_all_at(&vec![7; len], from as u64), from, len);
                    for done in [read, stored] {
                        let count = if done.is_some() { &mut broken } else { &mut whole };
                        *count += 1;
                    }
                    let delivered = read.unwrap_or(len);
                    assert!(seen[..delivered].iter().all(|byte| *byte == 7));
                    assert!(seen[delivered..].iter().all(|byte| *byte == 7 || *byte == 0));
                }
                (whole, broken)
            })
        });
        // Until the readers have met both, however long that takes.
        let mut rounds = 0;
        while readers.iter().any(|reader| !reader.is_finished()) {
            protect(&view, 2, if rounds % 2 == 0 { PAGE_READWRITE } else { PAGE_NOACCESS });
            rounds += 1;
            over.store(rounds > 2000, Ordering::Relaxed);
            std::thread::yield_now();
        }
        readers.map(|reader| reader.join().expect("no reader failed"))
    });
    assert!(met.iter().all(|(whole, broken)| *whole > 0 && *broken > 0), "{met:?}");
}

#[test]
fn threads_meet_lost_pages_at_once() {
    let view = broken().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for len in 1..500 {
                    let at = 2 * page_size() - len;
                    let mut seen = vec![0; 2 * len];
                    assert_eq!(
                        lost(view.read_exact_at(&mut seen, at as u64)).map(|loss| loss.done),
                        Some(len)
                    );
                }
            });
        }
    });
}
