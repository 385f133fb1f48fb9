//! `SIGBUS` belongs to the process: what this library does with it, and what it leaves alone.
//!
//! What ends a process, or changes it for good, happens in second processes.

#![expect(unsafe_code, reason = "signal masks, handlers and forks are in no safe interface")]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

use filemap::{
    Access, Error, FileMapping, Loss, MappedFile, Operation, PositionedIo, Protection, View,
};
use rustix::mm::{MapFlags, ProtFlags};

use crate::support::{
    DEADLINE, Outcome, Place, assert_cut, emulated, end_of, page, patterned, place_of_the_first,
    role, say, set_len,
};

/// A file of two pages, and a view of it whose second page is gone.
fn cut_view(place: &Place) -> Result<View, Error> {
    let file = place.file("file", &patterned(0, 2 * page()));
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    set_len(&place.path("file"), page() as u64);
    Ok(view)
}

fn assert_survives(view: &View) {
    let error = view.read_exact_at(&mut [0; 9], (page() - 3) as u64).unwrap_err();
    let loss = Loss { offset: page() as u64, done: 3 };
    assert_cut(&error, Operation::Read, loss, page() as u64);
}

/// Blocks `SIGBUS` for the calling thread.
fn block() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is ours to write.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set was initialised by the call above.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGBUS) };
    // SAFETY: the set is initialised, and the old mask is not asked for.
    let result = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), null_mut()) };
    assert_eq!(result, 0);
}

/// Maps a page past the end of an empty file, and touches it: a fault that is nobody's.
fn touches_a_page_of_its_own(place: &std::path::Path) -> u8 {
    let file = File::create_new(place.join("empty")).expect("a file can be created");
    drop(file);
    let file = File::open(place.join("empty")).expect("a file can be opened");
    let (protection, flags) = (ProtFlags::READ, MapFlags::SHARED);
    // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
    let page = unsafe { rustix::mm::mmap(null_mut(), page(), protection, flags, &file, 0) };
    let page = page.expect("a file can be mapped");
    // SAFETY: a page that was mapped for reading; the fault that this raises is the point.
    unsafe { page.cast::<u8>().read_volatile() }
}

#[test]
fn a_thread_that_blocked_the_signal_maps_and_survives() -> Outcome {
    thread::spawn(|| {
        block();
        let place = Place::new();
        let view = cut_view(&place).expect("a view can be mapped");
        assert_survives(&view);

        // Threads that it starts are as open as it is.
        thread::scope(|scope| {
            scope.spawn(|| assert_survives(&view));
        });
        block();
        let file = MappedFile::open(place.path("file")).expect("a file can be opened");
        assert_eq!(file.read_at(&mut [0; 100], 0).expect("a file can be read"), 100);
        set_len(&place.path("file"), 0);
        assert_eq!(file.read_at(&mut [0; 100], 0).expect("the file ends"), 0);
    })
    .join()
    .expect("the thread survives");
    Ok(())
}

static INTERRUPTIONS: AtomicU32 = AtomicU32::new(0);

extern "C" fn interrupts(_signal: c_int) {
    INTERRUPTIONS.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_wait_that_signals_interrupt_ends_with_what_it_waits_for() -> Outcome {
    // SAFETY: all zeros are a set of flags, an empty mask and no handler.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // Without `SA_RESTART`: the kernel ends the call.
    #[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
    let handler = interrupts as *const ();
    action.sa_sigaction = handler.expose_provenance();
    // SAFETY: the handler adds to a number, and nobody else here has this signal.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, null_mut()) }, 0);
    let view = FileMapping::create(page() as u64, Protection::ReadWrite)?.map(Access::Write)?;
    let (word, is_over) = (view.atomic::<u32>(8)?, AtomicBool::new(false));
    let (to, from) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            // SAFETY: every thread has a number.
            to.send(unsafe { libc::gettid() }).expect("it is awaited");
            assert!(word.wait(0, Some(DEADLINE)).expect("it is there"), "it comes in time");
            is_over.store(true, Ordering::SeqCst);
        });
        let (process, thread) = (std::process::id(), from.recv().expect("it begins"));
        for interruption in 1..=100 {
            // SAFETY: the thread waits for a number that nobody has changed yet.
            let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR2) };
            assert_eq!(sent, 0);
            while INTERRUPTIONS.load(Ordering::SeqCst) < interruption {
                thread::yield_now();
            }
        }
        assert!(!is_over.load(Ordering::SeqCst), "nobody has changed the number");
        word.store(1)?;
        word.notify_one()?;
        Ok(())
    })
}

#[test]
fn a_thread_that_blocks_the_signal_later_dies_by_the_kernels_rule() -> Outcome {
    const TEST: &str = "signals::a_thread_that_blocks_the_signal_later_dies_by_the_kernels_rule";
    if role().is_some() {
        let place = Place::new();
        let view = cut_view(&place)?;
        assert_survives(&view);
        thread::scope(|scope| {
            scope.spawn(|| {
                block();
                // What is there can be read in any case.
                view.read_exact_at(&mut [0; 9], 0).expect("the page is there");
                say("blocked");
                let _never = view.read_exact_at(&mut [0; 9], page() as u64);
                say("alive");
            });
        });
        return Ok(());
    }
    if emulated() {
        // The emulator delivers the blocked signal for ever, where the kernel kills.
        println!("skipped: a blocked signal of a fault kills no emulated process");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "blocks");
    second.until("blocked");

    let end = end_of(&mut second);

    // Copies by system calls raise no signal.
    let expected = if cfg!(filemap_portable_copies) { None } else { Some(libc::SIGBUS) };
    assert_eq!(end.signal(), expected, "{end}");
    Ok(())
}

#[test]
fn a_fault_that_is_nobodys_kills_as_ever() -> Outcome {
    const TEST: &str = "signals::a_fault_that_is_nobodys_kills_as_ever";
    if role().is_some() {
        let place = Place::new();
        let view = cut_view(&place)?;
        assert_survives(&view);
        say("survived");
        touches_a_page_of_its_own(place.dir.path());
        say("alive");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "touches");
    second.until("survived");

    let end = end_of(&mut second);

    assert_eq!(end.signal(), Some(libc::SIGBUS), "{end}");
    Ok(())
}

#[test]
fn the_door_to_raw_bytes_is_not_guarded() -> Outcome {
    const TEST: &str = "signals::the_door_to_raw_bytes_is_not_guarded";
    if role().is_some() {
        let place = Place::new();
        let view = cut_view(&place)?;
        say("mapped");
        let second = view.as_ptr().wrapping_add(page());
        // SAFETY: the second page of a view that lives, mapped for reading; the fault that this raises is the point.
        let _never = unsafe { second.read_volatile() };
        say("alive");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "touches");
    second.until("mapped");

    let end = end_of(&mut second);

    assert_eq!(end.signal(), Some(libc::SIGBUS), "{end}");
    Ok(())
}

/// What the host's handler ends the process with.
const CALLED: c_int = 77;

extern "C" fn called(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: ends the process at once, as may be done in a handler.
    unsafe { libc::_exit(CALLED) };
}

/// Installs the handler of a host.
#[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
fn install_a_handler() {
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = called;
    // SAFETY: all bytes zero is a valid `sigaction`: no flags, an empty mask, the default action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = (handler as *const ()).addr();
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the action is valid, and its handler does what a handler may.
    let result = unsafe { libc::sigaction(libc::SIGBUS, &raw const action, null_mut()) };
    assert_eq!(result, 0);
}

#[test]
fn a_handler_that_was_there_before_is_called_for_its_own() -> Outcome {
    const TEST: &str = "signals::a_handler_that_was_there_before_is_called_for_its_own";
    if role().is_some() {
        install_a_handler();
        let place = Place::new();
        let view = cut_view(&place)?;
        // Ours, and not the host's.
        assert_survives(&view);
        assert_survives(&view);
        say("survived");
        touches_a_page_of_its_own(&place_of_the_first());
        say("alive");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "touches");
    second.until("survived");

    let end = end_of(&mut second);

    assert_eq!(end.code(), Some(CALLED), "{end}");
    Ok(())
}

#[test]
fn a_handler_that_came_later_gives_way_at_the_next_view() -> Outcome {
    const TEST: &str = "signals::a_handler_that_came_later_gives_way_at_the_next_view";
    if role().is_some() {
        let place = Place::new();
        let early = cut_view(&place)?;
        install_a_handler();
        let place = Place::new();
        let late = cut_view(&place)?;
        assert_survives(&early);
        assert_survives(&late);
        say("survived");
        touches_a_page_of_its_own(&place_of_the_first());
        say("alive");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "touches");
    second.until("survived");

    let end = end_of(&mut second);

    assert_eq!(end.code(), Some(CALLED), "{end}");
    Ok(())
}

#[test]
fn a_forked_child_survives_a_fault_and_so_does_its_parent() -> Outcome {
    const TEST: &str = "signals::a_forked_child_survives_a_fault_and_so_does_its_parent";
    if role().is_none() {
        // A process of its own, as a fork copies one thread only.
        Place::new().child(TEST, "forks").finish();
        return Ok(());
    }
    let place = Place::new();
    let view = cut_view(&place)?;
    let expected = Loss { offset: page() as u64, done: 3 };

    // SAFETY: the child makes a guarded copy, and ends without returning from here.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let code = match view.read_exact_at(&mut [0; 9], (page() - 3) as u64) {
            Err(error) if error.loss() == Some(expected) => 0,
            _ => 1,
        };
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and there is room for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };

    assert_eq!((waited, libc::WIFEXITED(status)), (child, true));
    assert_eq!(libc::WEXITSTATUS(status), 0);
    assert_survives(&view);
    Ok(())
}

#[test]
fn a_panic_after_a_fault_leaves_everything_as_it_was() -> Outcome {
    let place = Place::new();
    let view = cut_view(&place)?;
    let file = MappedFile::open(place.path("file"))?;

    let through_the_view = catch_unwind(AssertUnwindSafe(|| {
        view.read_exact_at(&mut [0; 9], page() as u64).expect("the page is gone");
    }));
    let inside_a_closure = catch_unwind(AssertUnwindSafe(|| {
        let cell = file.atomic::<u64>(0).expect("the page is there");
        cell.update(|before| {
            set_len(&place.path("file"), 0);
            before + 1
        })
        .expect("the page is gone");
    }));

    assert!(through_the_view.is_err() && inside_a_closure.is_err());
    set_len(&place.path("file"), 2 * page() as u64);
    view.write_all_at(&patterned(0, 2 * page()), 0)?;
    assert_eq!(file.compare(0, &patterned(0, 2 * page()))?, None);
    assert_eq!(file.atomic::<u64>(0)?.load()?, u64::from_le_bytes(first_eight()).to_le());
    Ok(())
}

fn first_eight() -> [u8; 8] {
    std::array::from_fn(|index| crate::support::pattern(index as u64))
}

#[test]
fn stack_overflow_is_still_what_it_was() -> Outcome {
    const TEST: &str = "signals::stack_overflow_is_still_what_it_was";
    if role().is_some() {
        let place = Place::new();
        let view = cut_view(&place)?;
        assert_survives(&view);
        say("survived");
        println!("{}", deep(0));
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "overflows");
    second.until("survived");

    let end = end_of(&mut second);

    // The standard library says so, and aborts.
    assert_eq!(end.signal(), Some(libc::SIGABRT), "{end}");
    Ok(())
}

#[expect(unconditional_recursion, reason = "this is to overflow the stack")]
fn deep(level: u64) -> u64 {
    let room = std::hint::black_box([level; 100]);
    deep(level + 1) + room[7]
}

#[test]
fn a_handler_before_us_runs_on_the_stack_that_it_asked_for() {
    extern "C" fn nothing(_: c_int) {}
    /// Sets the action for `SIGBUS`, and returns whether the one before asked for another stack.
    fn install(handler: usize, flags: c_int) -> bool {
        // SAFETY: all bytes zero is a valid action.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        (action.sa_sigaction, action.sa_flags) = (handler, flags);
        let mut old = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: the action is valid, and the old one has room.
        let set = unsafe { libc::sigaction(libc::SIGBUS, &raw const action, old.as_mut_ptr()) };
        assert_eq!(set, 0);
        // SAFETY: the call succeeded.
        let old = unsafe { old.assume_init() };
        old.sa_flags & libc::SA_ONSTACK != 0
    }
    // .NET's tells by the stack that it runs on where the fault was.
    crate::children::in_child(|| {
        #[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
        let handler = (nothing as *const ()).addr();
        for (before, flags, elsewhere) in
            [(handler, 0, false), (handler, libc::SA_ONSTACK, true), (libc::SIG_DFL, 0, true)]
        {
            install(before, flags);
            filemap::prepare_thread().expect("this process may handle signals");
            // Copies by system calls need no handler, and put none on top.
            let elsewhere = if cfg!(filemap_portable_copies) { flags != 0 } else { elsewhere };
            assert_eq!(install(libc::SIG_DFL, 0), elsewhere, "{flags:#x}");
        }
    })
    .came_through();
}
