//! Pages that are touched by their address: which open by themselves, and which end the process.

#![expect(unsafe_code, reason = "touching pages by their address, and signals of the C library")]

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::{MaybeUninit, zeroed};
use std::ptr::null;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, PageAccess, PositionedIo, Protection, View,
};
use libc::{SA_ONSTACK, SA_SIGINFO, SIGABRT, SIGSEGV, siginfo_t};

use crate::children::in_child;
use crate::support::{self, Outcome, Place, hear, page, say};

fn reserve(pages: usize) -> Result<FileMapping, Error> {
    let size = (pages * page()) as u64;
    FileMapping::options().size(size).attributes(Attributes::RESERVE).create()
}

/// A byte of a view's, by its address.
fn byte(view: &View, offset: usize) -> *mut u8 {
    assert!(offset < view.len());
    view.as_ptr().wrapping_add(offset)
}

fn peek(view: &View, offset: usize) -> u8 {
    let byte = byte(view, offset);
    // SAFETY: mapped; that it may raise a signal is the point.
    black_box(unsafe { byte.read_volatile() })
}

fn poke(view: &View, offset: usize, value: u8) {
    let byte = byte(view, offset);
    // SAFETY: mapped; that it may raise a signal is the point.
    unsafe { byte.write_volatile(value) };
}

fn action(handler: usize) -> libc::sigaction {
    // SAFETY: all bytes zero is a valid action.
    let mut new: libc::sigaction = unsafe { zeroed() };
    new.sa_sigaction = handler;
    new.sa_flags = SA_SIGINFO | SA_ONSTACK;
    new
}

/// The action for `SIGSEGV`, which `new` replaces if there is one.
fn segv(new: Option<libc::sigaction>) -> libc::sigaction {
    let mut old = MaybeUninit::uninit();
    let new = new.as_ref().map_or(null(), std::ptr::from_ref);
    // SAFETY: the action is null or valid, the old one has room.
    assert_eq!(unsafe { libc::sigaction(SIGSEGV, new, old.as_mut_ptr()) }, 0);
    // SAFETY: the call succeeded.
    unsafe { old.assume_init() }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

extern "C" fn counts(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel hands a valid structure.
    let info = unsafe { &*info };
    // SAFETY: that of a fault has an address.
    let address = unsafe { info.si_addr() };
    if CALLS.fetch_add(1, Ordering::Relaxed) > 3 || address.is_null() {
        // SAFETY: ends the process.
        unsafe { libc::_exit(9) };
    }
}

extern "C" fn exits_with_42(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(42) }
}

#[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
fn handler(handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void)) -> libc::sigaction {
    action((handler as *const ()).addr())
}

#[test]
fn a_touch_of_a_reserved_page_is_an_access_violation() {
    in_child(|| {
        let view = reserve(3).unwrap().map(Access::Write).unwrap();
        view.commit(..page(), PageAccess::Write).unwrap();
        poke(&view, 0, 1);
        peek(&view, page());
    })
    .died_of(SIGSEGV);
}

#[test]
fn what_was_committed_elsewhere_opens_when_it_is_touched() {
    in_child(|| {
        let mapping = reserve(40).unwrap();
        let one = mapping.map(Access::Write).unwrap();
        let others = [Access::Read, Access::Write, Access::Copy]
            .map(|access| mapping.map_range(access, page() as u64..).unwrap());
        one.commit(2 * page()..39 * page(), PageAccess::Write).unwrap();
        poke(&one, 2 * page(), 7);

        for other in &others {
            assert_eq!(peek(other, page()), 7);
            assert_eq!(peek(other, 38 * page() - 1), 0);
        }
        poke(&others[1], 20 * page(), 8);
        poke(&others[2], 20 * page(), 9);
        assert_eq!(peek(&one, 21 * page()), 8);
        // Those that are not committed are as closed as before.
        assert_eq!(one.read::<u8>(page()).unwrap_err().kind(), ErrorKind::NotCommitted);
        peek(&others[0], 38 * page());
    })
    .died_of(SIGSEGV);
}

#[test]
fn what_another_process_committed_opens_when_it_is_touched() -> Outcome {
    const TEST: &str = "pages::what_another_process_committed_opens_when_it_is_touched";
    if support::role().is_some() {
        let view = FileMapping::open("reserved")?.map(Access::Read)?;
        say("mapped");
        assert_eq!(hear(), "committed");
        assert_eq!(peek(&view, page() + 5), 77);
        return Ok(());
    }
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("reserved");
    let mapping = begun.size(3 * page() as u64).attributes(Attributes::RESERVE).create()?;
    let mut second = place.child(TEST, "second");
    second.until("mapped");

    let view = mapping.map(Access::Write)?;
    view.commit(page()..2 * page(), PageAccess::Write)?;
    poke(&view, page() + 5, 77);
    second.tell("committed");

    second.finish();
    Ok(())
}

#[test]
fn a_store_that_the_view_does_not_allow_is_an_access_violation_also_where_pages_open() {
    in_child(|| {
        let mapping = reserve(2).unwrap();
        let view = mapping.map(Access::Read).unwrap();
        mapping.map(Access::Write).unwrap().commit(.., PageAccess::Write).unwrap();
        poke(&view, 0, 1);
    })
    .died_of(SIGSEGV);
}

#[test]
fn a_page_that_was_protected_does_not_open() {
    in_child(|| {
        let view = FileMapping::create(2 * page() as u64, Protection::ReadWrite).unwrap();
        let view = view.map(Access::Write).unwrap();
        view.protect(..1, PageAccess::Read).unwrap();
        assert_eq!(peek(&view, 0), 0);
        poke(&view, page(), 1);
        poke(&view, 0, 1);
    })
    .died_of(SIGSEGV);
}

#[test]
fn many_threads_that_touch_a_page_at_once_all_get_it() {
    in_child(|| {
        const THREADS: usize = 4;
        let mapping = reserve(64).unwrap();
        let views = [(); THREADS / 2].map(|()| mapping.map(Access::Write).unwrap());
        let (one, start) = (mapping.map(Access::Write).unwrap(), Barrier::new(THREADS + 1));
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (view, start) = (&views[thread / 2], &start);
                scope.spawn(move || {
                    for at in 0..64 {
                        start.wait();
                        poke(view, at * page() + thread, 1);
                    }
                });
            }
            for at in 0..64 {
                one.commit(at * page()..(at + 1) * page(), PageAccess::Write).unwrap();
                start.wait();
            }
        });
        for at in 0..64 {
            assert_eq!(one.read::<[u8; THREADS]>(at * page()).unwrap(), [1; THREADS]);
        }
    })
    .came_through();
}

#[test]
fn without_closed_pages_nobody_touches_the_signal() {
    in_child(|| {
        let before = segv(None);
        let view = FileMapping::create(2 * page() as u64, Protection::ReadWrite).unwrap();
        view.map(Access::Write).unwrap().write_all_at(b"x", 0).unwrap();
        assert_eq!(segv(None).sa_sigaction, before.sa_sigaction);
        drop(reserve(1).unwrap().map(Access::Read).unwrap());
        assert_ne!(segv(None).sa_sigaction, before.sa_sigaction);
    })
    .came_through();
}

/// A view of which one page is there and one is not, in a process whose host handles `SIGSEGV`.
fn under_a_host() -> View {
    segv(Some(handler(exits_with_42)));
    let view = reserve(2).unwrap().map(Access::Write).unwrap();
    view.commit(..1, PageAccess::Write).unwrap();
    poke(&view, 0, 1);
    view
}

#[test]
fn a_host_gets_the_touch_of_a_page_that_stays_closed() {
    in_child(|| {
        peek(&under_a_host(), page());
    })
    .exited_with(42);
}

#[test]
fn a_host_gets_faults_that_are_in_no_view() {
    in_child(|| {
        let _view = under_a_host();
        let nowhere = std::ptr::without_provenance::<u8>(64);
        // SAFETY: nothing is mapped there, which is the point; the handler ends the process.
        black_box(unsafe { nowhere.read_volatile() });
    })
    .exited_with(42);
}

#[test]
fn the_next_map_heals_what_a_host_that_came_later_defeated() {
    in_child(|| {
        let mapping = reserve(3).unwrap();
        let (one, other) =
            (mapping.map(Access::Write).unwrap(), mapping.map(Access::Write).unwrap());
        segv(Some(handler(exits_with_42)));
        one.commit(.., PageAccess::Write).unwrap();
        let _third = mapping.map(Access::Read).unwrap();
        assert_eq!(peek(&other, 0), 0);
    })
    .came_through();
}

#[test]
fn a_host_is_told_of_a_guard_once_and_then_goes_on() {
    in_child(|| {
        segv(Some(handler(counts)));
        let view = FileMapping::create(2 * page() as u64, Protection::ReadWrite).unwrap();
        let view = view.map(Access::Write).unwrap();
        view.write_all_at(b"x", 0).unwrap();
        view.protect(..1, PageAccess::Write.guarded()).unwrap();

        assert_eq!(peek(&view, 0), b'x');

        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
        assert_eq!(view.pages_at(0).unwrap().protection(), Some(PageAccess::Write.into()));
        poke(&view, 0, b'y');
        assert_eq!(view.read::<u8>(0).unwrap(), b'y');
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    })
    .came_through();
}

#[test]
fn without_a_host_a_touched_guard_kills() {
    in_child(|| {
        let view = FileMapping::create(page() as u64, Protection::ReadWrite).unwrap();
        let view = view.map(Access::Write).unwrap();
        view.protect(.., PageAccess::Write.guarded()).unwrap();
        peek(&view, 0);
    })
    .died_of(SIGSEGV);
}

#[test]
fn a_stack_that_overflows_is_reported_as_rust_does() {
    fn deeper(depth: u64) -> u64 {
        let pad = black_box([depth; 64]);
        if depth == u64::MAX { 0 } else { deeper(depth + 1) + pad[0] }
    }
    let ended = in_child(|| {
        let view = reserve(2).unwrap().map(Access::Write).unwrap();
        view.commit(..1, PageAccess::Write).unwrap();
        black_box(deeper(0));
    });
    assert!(ended.complaint.contains("overflowed its stack"), "{}", ended.complaint);
    ended.died_of(SIGABRT);
}

#[test]
fn a_forked_child_opens_pages_as_its_parent_does() {
    in_child(|| {
        let mapping = reserve(2).unwrap();
        let (one, other) =
            (mapping.map(Access::Write).unwrap(), mapping.map(Access::Read).unwrap());
        one.commit(.., PageAccess::Write).unwrap();
        one.write_all_at(b"x", 0).unwrap();
        // SAFETY: the child touches memory and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = if peek(&other, 0) == b'x' { 5 } else { 6 };
            // SAFETY: ends the child.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: the status has room.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(libc::WEXITSTATUS(status), 5);
        assert_eq!(peek(&other, 0), b'x');
    })
    .came_through();
}
