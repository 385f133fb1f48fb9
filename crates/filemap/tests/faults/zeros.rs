//! Views whose lost pages read as zeros for those who touch them by their address.

#![expect(unsafe_code, reason = "what these tests are about is access by plain pointers")]
#![expect(clippy::single_range_in_vec_init, reason = "one range is often all that was lost")]

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::time::SystemTime;

use filemap::{
    Access, Advice, Attributes, Error, ErrorKind, FileMapping, Flush, LostRange, OnLoss,
    PageAccess, PositionedIo, Protection, View,
};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::children::in_child;
use crate::support::{
    Outcome, Place, emulated, page, pattern, patterned, place_of_the_first, role, say,
};

const PAGES: usize = 16;

/// Reads a byte as any code would.
pub(crate) fn peek(view: &View, offset: usize) -> u8 {
    assert!(offset < view.len());
    // SAFETY: the byte is in the view, which is borrowed; nobody makes references to its bytes.
    unsafe { view.as_ptr().wrapping_add(offset).read_volatile() }
}

/// Writes a byte as any code would.
pub(crate) fn poke(view: &View, offset: usize, byte: u8) {
    assert!(offset < view.len());
    // SAFETY: as above, and the view may be written.
    unsafe { view.as_ptr().wrapping_add(offset).write_volatile(byte) };
}

/// A file of known bytes.
struct Stage {
    place: Place,
    file: File,
}

impl Stage {
    fn new() -> Self {
        let place = Place::new();
        let file = place.file("file", &patterned(0, PAGES * page()));
        Self { place, file }
    }

    fn mapping(&self) -> Result<FileMapping, Error> {
        FileMapping::options().file(&self.file).create()
    }

    fn view(&self, access: Access) -> Result<View, Error> {
        self.mapping()?.view(access).on_loss(OnLoss::Zeros).map()
    }

    /// Cuts the file to so many pages.
    fn cut(&self, pages: usize) {
        self.file.set_len((pages * page()) as u64).expect("the file can be cut");
    }

    /// Makes the file as it was.
    fn mend(&self) {
        self.file.write_all_at(&patterned(0, PAGES * page()), 0).expect("the file can be written");
    }
}

/// A view of two pages of a file in memory, and the file.
pub(crate) fn zeros_view() -> (View, File) {
    let file = File::from(memfd_create(c"zeros", MemfdFlags::CLOEXEC).expect("there is memory"));
    file.set_len(2 * page() as u64).expect("the file can be made longer");
    let mapping = FileMapping::options().file(&file).create().expect("a file can be mapped");
    let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map();
    (view.expect("a view can be mapped"), file)
}

pub(crate) fn ranges(lost: &[LostRange]) -> Vec<std::ops::Range<usize>> {
    lost.iter().map(|range| range.bytes.clone()).collect()
}

#[track_caller]
fn assert_lost(result: Result<(), Error>, offset: usize) {
    let error = result.expect_err("it is lost");
    assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
    assert_eq!(error.loss().expect("it says where").offset, offset as u64, "{error}");
}

#[test]
fn a_page_that_the_file_has_lost_reads_as_zeros_to_the_end_of_the_view() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    let before = SystemTime::now();
    assert_eq!(view.lost(), []);

    stage.cut(4);
    assert_eq!(view.lost(), [], "nobody has touched it");
    assert_eq!(peek(&view, 6 * page + 5), 0);

    let lost = view.lost();
    assert_eq!(ranges(&lost), [6 * page..PAGES * page]);
    assert!(lost[0].since >= before && lost[0].since <= SystemTime::now());
    assert_eq!(peek(&view, 6 * page - 1), 0, "a page before it, which is lost as well");
    assert_eq!(ranges(&view.lost()), [5 * page..PAGES * page]);
    assert_eq!(view.lost()[0].since, lost[0].since);
    assert_eq!(peek(&view, 4 * page - 1), pattern(4 * page as u64 - 1), "the file's own");
    Ok(())
}

#[test]
fn an_access_that_is_guarded_never_takes_the_zeros() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    let cell = view.atomic::<u64>(6 * page)?;
    let reader = stage.view(Access::Read)?;
    let seen = reader.atomic::<u64>(6 * page)?;
    assert_eq!((seen.load()?, cell.load()?), (view.read(6 * page)?, view.read(6 * page)?));
    stage.cut(4);
    for at in [4, 6] {
        peek(&view, at * page);
        peek(&reader, at * page);
    }
    // The file is long again, and its page is there for others.
    stage.mend();

    let edge = 4 * page;
    for _ in 0..2 {
        let mut buf = vec![1; 2 * page];
        assert_lost(view.read_exact_at(&mut buf, 3 * page as u64), edge);
        assert!(buf[..100] == patterned(3 * page as u64, 100), "what was before it");
        assert_lost(view.write_all_at(&buf, 3 * page as u64), edge);
        assert_lost(view.fill(edge - 9, 10, 1), edge);
        assert_lost(view.read::<u64>(edge).map(drop), edge);
        assert_lost(view.read::<[u8; 100]>(edge - 50).map(drop), edge);
        assert_lost(view.write(edge, &1_u64), edge);
        assert_lost(view.compare(edge, &[0; 8]).map(drop), edge);
        assert_lost(view.find(edge.., &[1]).map(drop), edge);
        assert_lost(view.copy_from(0, &view, edge - 3, 10), edge);
        assert_lost(view.copy_from(edge - 3, &view, 0, 10), edge);
        assert_lost(view.prefetch(..), edge);
        assert_lost(cell.load().map(drop), 6 * page);
        assert_lost(cell.store(1), 6 * page);
        assert_lost(cell.swap(1).map(drop), 6 * page);
        assert_lost(cell.fetch_add(1).map(drop), 6 * page);
        assert_lost(cell.compare_exchange(0, 1).map(drop), 6 * page);
        assert_lost(cell.fetch_max(1).map(drop), 6 * page);
        assert_lost(seen.load().map(drop), 6 * page);
        assert_lost(view.atomic::<u32>(edge)?.load().map(drop), edge);
    }
    assert_eq!(peek(&view, 6 * page), 0, "nothing was stored to the zeros");
    let error = view.read::<u8>(edge).unwrap_err();
    assert!(error.to_string().contains("reads as zeros until it is restored"), "{error}");
    assert_eq!(seen.store(1).unwrap_err().kind(), ErrorKind::AccessDenied);
    // What is whole is as ever.
    view.write(0, &7_u64)?;
    assert_eq!(view.read::<u64>(0)?, 7);

    view.restore()?;
    reader.restore()?;
    assert_eq!(cell.fetch_add(1)?, view.read::<u64>(6 * page)? - 1);
    assert_eq!(seen.load()?, cell.load()?);
    assert_eq!(view.compare(edge, &patterned(edge as u64, page))?, None);
    Ok(())
}

#[test]
fn restore_maps_the_file_back_as_far_as_it_reaches() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    assert_eq!(view.restore()?, []);
    stage.cut(0);
    peek(&view, 0);
    assert_eq!(ranges(&view.lost()), [0..PAGES * page]);
    assert_eq!(view.restore()?, []);

    stage.file.write_all_at(&patterned(0, 3 * page + 5), 0)?;
    assert_eq!(peek(&view, 0), 0, "not before it is asked for");
    assert_eq!(view.restore()?, [0..4 * page]);
    assert_eq!(ranges(&view.lost()), [4 * page..PAGES * page]);
    assert_eq!(peek(&view, 3 * page + 4), pattern(3 * page as u64 + 4));
    view.write(0, &7_u8)?;

    stage.mend();
    assert_eq!(view.restore()?, [4 * page..PAGES * page]);
    assert_eq!(view.lost(), []);
    assert_eq!(view.compare(0, &patterned(0, PAGES * page))?, None);
    poke(&view, 5, 0);
    let mut seen = [1];
    stage.file.read_exact_at(&mut seen, 5)?;
    assert_eq!(seen, [0], "the file is mapped again, and shared");
    Ok(())
}

#[test]
fn what_is_stored_to_a_lost_page_is_never_in_the_file() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    stage.cut(0);
    poke(&view, page, 7);
    assert_eq!(peek(&view, page), 7, "who stored it sees it");
    stage.cut(PAGES);

    assert_eq!(stage.view(Access::Read)?.read::<u8>(page)?, 0, "nobody else does");
    assert_eq!(view.restore()?, [page..PAGES * page]);

    assert_eq!(peek(&view, page), 0);
    Ok(())
}

#[test]
fn two_processes_see_different_bytes_in_a_lost_page() -> Outcome {
    const TEST: &str = "zeros::two_processes_see_different_bytes_in_a_lost_page";
    if role().is_some() {
        let file =
            File::options().read(true).write(true).open(place_of_the_first().join("file"))?;
        let mapping = FileMapping::options().file(&file).size((PAGES * page()) as u64).create()?;
        let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()?;
        say("mapped");
        crate::support::hear();
        poke(&view, 0, 9);
        say(&format!("{}", peek(&view, 0)));
        crate::support::hear();
        return Ok(());
    }
    let stage = Stage::new();
    let view = stage.view(Access::Write)?;
    let mut other = stage.place.child(TEST, "other");
    other.until("mapped");
    stage.cut(0);
    poke(&view, 0, 3);

    other.tell("go on");
    other.until("9");

    assert_eq!(peek(&view, 0), 3);
    other.tell("end");
    other.finish();
    Ok(())
}

#[test]
fn a_forked_child_has_zeros_of_its_own() {
    let (view, file) = zeros_view();
    file.set_len(0).expect("the file can be cut");
    poke(&view, 0, 3);
    // SAFETY: the child touches memory, and ends.
    match unsafe { libc::fork() } {
        0 => {
            let inherited = peek(&view, 0) == 3;
            poke(&view, 0, 4);
            // What nobody has touched before the fork.
            file.set_len(2 * page() as u64).expect("the file can grow");
            let works = inherited && view.restore().is_ok_and(|ranges| ranges.len() == 1);
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(if works { 0 } else { 1 }) }
        }
        child => {
            let mut status = 0;
            // SAFETY: the child is this thread's, and there is room for its state.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0);
        }
    }
    assert_eq!(peek(&view, 0), 3);
    assert_eq!(view.lost().len(), 1, "what a child restores is its own");
}

#[test]
fn a_flush_of_a_range_with_a_lost_page_fails_and_names_it() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    stage.cut(4);
    peek(&view, 6 * page);
    stage.cut(PAGES);

    for flush in [Flush::Start, Flush::Written, Flush::Durable] {
        assert_lost(view.flush(.., flush), 6 * page);
        assert_lost(view.flush(8 * page + 1..8 * page + 2, flush), 8 * page + 1);
        view.flush(..6 * page, flush)?;
    }
    view.restore()?;
    view.flush(.., Flush::Durable)?;
    Ok(())
}

#[test]
fn without_the_option_the_address_kills() {
    in_child(|| {
        let stage = Stage::new();
        let mapping = stage.mapping().expect("a file can be mapped");
        let view = mapping.view(Access::Read).on_loss(OnLoss::Die).map();
        let view = view.expect("a view can be mapped");
        let other = stage.view(Access::Read).expect("a view can be mapped");
        stage.cut(0);
        assert_eq!(peek(&other, 0), 0);
        peek(&view, 0);
    })
    .died_of(libc::SIGBUS);
}

#[test]
fn a_view_that_is_unguarded_installs_the_handler_too() {
    in_child(|| {
        let stage = Stage::new();
        let mapping = stage.mapping().expect("a file can be mapped");
        let view = mapping.view(Access::Read).unguarded().on_loss(OnLoss::Zeros).map();
        let view = view.expect("a view can be mapped");
        stage.cut(0);
        assert_eq!(peek(&view, 5), 0);
    })
    .came_through();
}

#[test]
fn the_error_number_stays_as_it_is() -> Outcome {
    let stage = Stage::new();
    let view = stage.view(Access::Read)?;
    stage.cut(0);
    // SAFETY: has no preconditions.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the place is the thread's own.
    unsafe { errno.write(77) };

    let byte = peek(&view, 5);

    // SAFETY: as above.
    assert_eq!((byte, unsafe { errno.read() }), (0, 77));
    Ok(())
}

#[test]
fn a_view_to_read_stays_one() {
    in_child(|| {
        let stage = Stage::new();
        let view = stage.view(Access::Read).expect("a view can be mapped");
        stage.cut(0);
        assert_eq!(peek(&view, 0), 0);
        poke(&view, 0, 1);
    })
    .died_of(libc::SIGSEGV);
}

#[test]
fn what_a_private_view_has_stored_in_other_pages_stays() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Copy)?;
    poke(&view, 0, 77);
    poke(&view, 10 * page, 78);
    stage.cut(4);

    assert_eq!(peek(&view, 5 * page), 0);
    assert_eq!(peek(&view, 0), 77);
    stage.mend();
    assert_eq!(view.restore()?, [5 * page..PAGES * page]);

    assert_eq!(peek(&view, 0), 77);
    assert_eq!(peek(&view, 6 * page), pattern(6 * page as u64));
    poke(&view, 6 * page, 0);
    assert!(fs::read(stage.place.path("file"))? == patterned(0, PAGES * page), "private again");
    Ok(())
}

#[test]
fn zeros_are_not_executed() {
    in_child(|| {
        let stage = Stage::new();
        stage.file.write_all_at(&[0xC3], 0).expect("the file can be written");
        let options = FileMapping::options().protection(Protection::ExecuteRead);
        let mapping = options.file(&stage.file).create().expect("a file can be mapped");
        let view = mapping.view(Access::ExecuteRead).on_loss(OnLoss::Zeros).map();
        let view = view.expect("a view can be mapped");
        stage.cut(0);
        assert_eq!(peek(&view, 0), 0);
        // SAFETY: there is no code, which is what is tried.
        let run = unsafe { std::mem::transmute::<*mut u8, extern "C" fn()>(view.as_ptr()) };
        run();
    })
    .died_of(libc::SIGSEGV);
}

#[test]
fn a_view_at_an_odd_offset_tells_of_its_own_bytes() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let options = stage.mapping()?;
    let options = options.view(Access::Write).on_loss(OnLoss::Zeros);
    let view = options.offset(page as u64 + 100).len(3 * page).map()?;
    stage.cut(1);

    assert_eq!(peek(&view, 0), 0);

    assert_eq!(ranges(&view.lost()), [0..3 * page]);
    stage.mend();
    assert_eq!(view.restore()?, [0..3 * page]);
    assert_eq!(view.compare(0, &patterned(page as u64 + 100, 3 * page))?, None);
    Ok(())
}

#[test]
fn a_system_call_that_gets_the_address_fails_until_the_page_was_touched() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Read)?;
    stage.cut(0);
    let out = tempfile::tempfile()?;
    let write = || {
        // SAFETY: the kernel reads bytes of a view that lives on, or fails.
        unsafe { libc::write(out.as_raw_fd(), view.as_ptr().cast(), page) }
    };

    assert_eq!(write(), -1);
    assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EFAULT));
    assert_eq!(view.lost(), []);
    assert_eq!(peek(&view, 0), 0);

    assert_eq!(write(), isize::try_from(page)?);
    Ok(())
}

#[test]
fn advice_and_locks_do_not_matter() -> Outcome {
    if emulated() {
        println!("skipped: an emulated system locks no pages");
        return Ok(());
    }
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    view.advise(.., Advice::Random)?;
    view.lock(..page)?;
    stage.cut(0);

    assert_eq!(peek(&view, 0), 0);
    stage.mend();
    assert_eq!(view.restore()?, [0..PAGES * page]);
    assert_eq!(peek(&view, 1), pattern(1));
    view.unlock(..page)?;
    view.unmap()?;
    Ok(())
}

#[test]
fn a_page_keeps_what_it_allows() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    view.protect(2 * page..3 * page, PageAccess::Read)?;
    view.protect(3 * page..4 * page, PageAccess::Copy)?;
    stage.cut(0);

    for at in 0..5 {
        assert_eq!(peek(&view, at * page), 0);
    }
    poke(&view, 3 * page, 5);
    assert_eq!(ranges(&view.lost()), [0..5 * page]);
    let read_only = view.pages_at(2 * page)?;
    assert_eq!(read_only.protection(), Some(PageAccess::Read.into()));
    stage.mend();
    assert_eq!(view.restore()?, [0..5 * page]);

    assert_eq!(view.write(2 * page, &1_u8).unwrap_err().kind(), ErrorKind::AccessDenied);
    poke(&view, 3 * page, 5);
    let mut seen = [0];
    stage.file.read_exact_at(&mut seen, 3 * page as u64)?;
    assert_eq!(seen, [pattern(3 * page as u64)], "a copy");
    poke(&view, 0, 5);
    stage.file.read_exact_at(&mut seen, 0)?;
    assert_eq!(seen, [5], "shared");
    Ok(())
}

#[test]
fn a_page_that_only_reads_stays_so_when_it_is_lost() {
    in_child(|| {
        let stage = Stage::new();
        let view = stage.view(Access::Write).expect("a view can be mapped");
        view.protect(..page(), PageAccess::Read).expect("pages can be protected");
        stage.cut(0);
        assert_eq!(peek(&view, 0), 0);
        poke(&view, 0, 1);
    })
    .died_of(libc::SIGSEGV);
}

#[test]
fn reserved_pages_open_as_ever() -> Outcome {
    let options = FileMapping::options().size(1 << 20).attributes(Attributes::RESERVE);
    let mapping = options.protection(Protection::ReadWrite).create()?;
    let view = mapping.view(Access::Write).on_loss(OnLoss::Zeros).map()?;
    assert_eq!(view.read::<u8>(0).unwrap_err().kind(), ErrorKind::NotCommitted);

    mapping.map(Access::Write)?.commit(..page(), PageAccess::Write)?;

    poke(&view, 5, 6);
    assert_eq!(view.read::<u8>(5)?, 6);
    Ok(())
}

#[test]
fn what_is_stored_to_a_lost_page_stays_until_it_is_restored() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    stage.cut(4);
    for at in (4..PAGES).rev() {
        poke(&view, at * page, 7);
    }

    let kept = (4..PAGES).map(|at| peek(&view, at * page));
    assert!(kept.eq([7; PAGES - 4]), "none is replaced twice");
    assert_eq!(ranges(&view.lost()), [4 * page..PAGES * page]);
    Ok(())
}

#[test]
fn a_notification_at_a_page_that_reads_as_zeros_is_an_error() -> Outcome {
    let (stage, page) = (Stage::new(), page());
    let view = stage.view(Access::Write)?;
    let cell = view.atomic::<u32>(9 * page)?;
    stage.cut(5);
    peek(&view, 9 * page);
    stage.mend();

    assert_lost(cell.notify_all(), 9 * page);
    assert_lost(cell.notify_one(), 9 * page);
    view.restore()?;
    cell.notify_all()?;
    Ok(())
}

#[test]
fn a_file_of_the_programs_under_the_number_of_a_views_descriptor_stays_open() -> Outcome {
    let stage = Stage::new();
    let view = stage.view(Access::Write)?;
    let path = stage.place.path("file");
    let number = fs::read_dir("/proc/self/fd")?.find_map(|entry| {
        let entry = entry.ok()?;
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        let is_views =
            number != stage.file.as_raw_fd() && fs::read_link(entry.path()).ok()? == path;
        is_views.then_some(number)
    });
    let number = number.expect("such a view keeps a descriptor");
    let other = stage.place.file("other", b"the program's");

    // SAFETY: what a program does that closes all descriptors that it does not know; the number is
    // the program's from then on.
    let taken = unsafe { libc::dup2(other.as_raw_fd(), number) };
    assert_eq!(taken, number);
    drop(view);

    // SAFETY: asks about a number.
    assert!(unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0, "it is open");
    // SAFETY: the number is this test's.
    unsafe { libc::close(number) };
    Ok(())
}
