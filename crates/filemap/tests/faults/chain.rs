//! The handler among others: who gets a `SIGBUS` that is not ours, and what survives what.
//!
//! Each case owns the signal actions of its process, so each runs in a child.

#![expect(
    unsafe_code,
    reason = "signals, their actions and threads without std are the C library's"
)]

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::{MaybeUninit, transmute, zeroed};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use filemap::{PositionedIo, View};
use libc::{SA_ONSTACK, SA_RESETHAND, SA_RESTART, SA_SIGINFO, SIG_DFL, SIG_IGN, SIGABRT, SIGBUS};
use libc::{SIGSEGV, SIGUSR1, siginfo_t};

use crate::children::{cut_view, guard_works, guard_works_on, in_child};
use crate::support::{DEADLINE, emulated, page};

/// How often a handler of this file ran.
static CALLS: AtomicU32 = AtomicU32::new(0);

pub(crate) fn calls() -> u32 {
    CALLS.load(Ordering::Relaxed)
}

/// Does what mapping a view does first: puts the library's handler on top.
fn ensure() {
    filemap::prepare_thread().expect("this process may handle signals");
}

/// Sets the action for a signal and returns the one before.
pub(crate) fn install(signal: c_int, handler: usize, flags: c_int) -> libc::sigaction {
    // SAFETY: all bytes zero is a valid action.
    let mut action: libc::sigaction = unsafe { zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    let mut old = MaybeUninit::uninit();
    // SAFETY: the action is valid, the old one has room.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, old.as_mut_ptr()) }, 0);
    // SAFETY: the call succeeded.
    unsafe { old.assume_init() }
}

#[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
pub(crate) fn address(handler: extern "C" fn(c_int)) -> usize {
    (handler as *const ()).addr()
}

#[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C structure holds it")]
pub(crate) fn address_with_info(
    handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void),
) -> usize {
    (handler as *const ()).addr()
}

pub(crate) extern "C" fn exits_with_42(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // A fault comes with its address and its context.
    let complete = !info.is_null() && !context.is_null();
    // SAFETY: ends the process.
    unsafe { libc::_exit(if complete { 42 } else { 41 }) }
}

extern "C" fn exits_with_43(_: c_int) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(43) }
}

pub(crate) extern "C" fn counts(_: c_int) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn copies(_: c_int) {
    if !guard_works_on(shared()) {
        // SAFETY: ends the process.
        unsafe { libc::_exit(8) };
    }
}

/// What was installed before [`chains`].
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// A well-behaved host that came after us: passes on what it gets.
extern "C" fn chains(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    if CALLS.fetch_add(1, Ordering::Relaxed) > 1000 {
        // SAFETY: ends the process.
        unsafe { libc::_exit(99) };
    }
    let before = BEFORE.get().unwrap();
    if before.sa_sigaction == SIG_DFL {
        install(signal, SIG_DFL, 0);
        return;
    }
    type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
    let handler = std::ptr::with_exposed_provenance::<()>(before.sa_sigaction);
    // SAFETY: the handler before is ours or Rust's, both of which have this type.
    let handler = unsafe { transmute::<*const (), Handler>(handler) };
    handler(signal, info, context);
}

pub(crate) fn install_chaining() {
    let before = install(SIGBUS, address_with_info(chains), SA_SIGINFO | SA_ONSTACK);
    assert!(BEFORE.set(before).is_ok());
}

/// A mapping for handlers, which must not make their own: its second page is lost.
fn shared() -> &'static View {
    static SHARED: OnceLock<View> = OnceLock::new();
    SHARED.get_or_init(|| cut_view().expect("a view can be mapped"))
}

/// An access that nobody guards.
pub(crate) fn unguarded_fault() {
    let lost = shared().as_ptr().wrapping_add(page());
    // SAFETY: the second page of a view that lives on, mapped for reading; the fault that this raises is the point.
    black_box(unsafe { lost.read_volatile() });
}

fn send_to_process() {
    // SAFETY: has no preconditions.
    let this = unsafe { libc::getpid() };
    // SAFETY: sends a signal to this process.
    unsafe { libc::kill(this, SIGBUS) };
}

fn wait_for_death() {
    let since = Instant::now();
    while since.elapsed() < DEADLINE / 2 {
        thread::yield_now();
    }
}

fn block_everything() {
    let mut all = MaybeUninit::uninit();
    // SAFETY: the set has room.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), null_mut()) };
}

pub(crate) fn check(works: bool) {
    if !works {
        // SAFETY: ends the process.
        unsafe { libc::_exit(7) };
    }
}

/// Guarded accesses work, and then an unguarded one happens.
pub(crate) fn works_then_faults() {
    shared();
    check(guard_works());
    unguarded_fault();
}

#[test]
fn a_handler_before_us_gets_faults_that_are_not_ours() {
    in_child(|| {
        install(SIGBUS, address_with_info(exits_with_42), SA_SIGINFO);
        ensure();
        works_then_faults();
    })
    .exited_with(42);
}

#[test]
fn a_handler_without_details_before_us_gets_faults_that_are_not_ours() {
    in_child(|| {
        install(SIGBUS, address(exits_with_43), 0);
        ensure();
        works_then_faults();
    })
    .exited_with(43);
}

#[test]
fn where_the_signal_was_ignored_a_fault_kills() {
    in_child(|| {
        install(SIGBUS, SIG_IGN, 0);
        works_then_faults();
    })
    .died_of(SIGBUS);
}

#[test]
fn where_the_signal_was_ignored_a_sent_one_still_is() {
    in_child(|| {
        install(SIGBUS, SIG_IGN, 0);
        ensure();
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(SIGBUS) };
        send_to_process();
        check(guard_works());
    })
    .came_through();
}

#[test]
fn where_nobody_handled_the_signal_a_fault_kills() {
    in_child(|| {
        install(SIGBUS, SIG_DFL, 0);
        works_then_faults();
    })
    .died_of(SIGBUS);
}

#[test]
fn where_nobody_handled_the_signal_a_sent_one_kills() {
    in_child(|| {
        install(SIGBUS, SIG_DFL, 0);
        check(guard_works());
        send_to_process();
        wait_for_death();
    })
    .died_of(SIGBUS);
}

#[test]
fn over_rusts_own_handler_a_fault_kills() {
    in_child(|| {
        works_then_faults();
    })
    .died_of(SIGBUS);
}

#[test]
fn over_rusts_own_handler_a_sent_signal_kills() {
    in_child(|| {
        check(guard_works());
        send_to_process();
        wait_for_death();
    })
    .died_of(SIGBUS);
}

#[test]
fn a_handler_that_wants_one_signal_gets_one() {
    in_child(|| {
        install(SIGBUS, address(counts), SA_RESETHAND);
        ensure();
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(SIGBUS) };
        check(calls() == 1);
        check(guard_works());
        // SAFETY: as above; the second time it kills.
        unsafe { libc::raise(SIGBUS) };
    })
    .died_of(SIGBUS);
}

#[test]
fn a_handler_after_us_that_passes_signals_on_leaves_us_working() {
    in_child(|| {
        let shared = shared();
        install_chaining();
        check(guard_works_on(shared));
        check(calls() > 0);
        unguarded_fault();
    })
    .died_of(SIGBUS);
}

#[test]
fn after_healing_a_handler_that_passes_signals_on_is_passed_by() {
    in_child(|| {
        ensure();
        install_chaining();
        ensure();
        check(guard_works());
        check(calls() == 0);
        // Now they pass signals to each other, and yet it ends.
        unguarded_fault();
    })
    .died_of(SIGBUS);
}

#[test]
fn two_handlers_that_pass_signals_to_each_other_both_see_a_sent_one_once() {
    in_child(|| {
        install(SIGBUS, address(counts), SA_RESTART);
        ensure();
        install_chaining();
        ensure();
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(SIGBUS) };
        check(calls() == 2);
        check(guard_works());
        // SAFETY: as above.
        unsafe { libc::raise(SIGBUS) };
        check(calls() == 4);
    })
    .came_through();
}

#[test]
fn a_handler_after_us_that_passes_nothing_on_defeats_us() {
    in_child(|| {
        let shared = shared();
        install(SIGBUS, address_with_info(exits_with_42), SA_SIGINFO);
        guard_works_on(shared);
    })
    .exited_with(42);
}

#[test]
fn the_next_map_heals_what_a_handler_after_us_defeated() {
    in_child(|| {
        ensure();
        install(SIGBUS, address_with_info(exits_with_42), SA_SIGINFO);
        works_then_faults();
    })
    .exited_with(42);
}

#[test]
fn the_next_map_heals_a_reset_to_the_default() {
    in_child(|| {
        ensure();
        install(SIGBUS, SIG_DFL, 0);
        works_then_faults();
    })
    .died_of(SIGBUS);
}

#[test]
fn taking_turns_with_a_host_goes_on_working() {
    in_child(|| {
        for _ in 0..1000 {
            install(SIGBUS, address_with_info(exits_with_42), SA_SIGINFO);
            check(guard_works());
        }
        unguarded_fault();
    })
    .exited_with(42);
}

extern "C" fn copies_without_alternate_stack(_: *mut c_void) -> *mut c_void {
    // SAFETY: all bytes zero is a valid description.
    let mut stack: libc::stack_t = unsafe { zeroed() };
    // SAFETY: asks for the stack that is there.
    unsafe { libc::sigaltstack(null(), &raw mut stack) };
    check(stack.ss_flags & libc::SS_DISABLE != 0);
    check(guard_works());
    null_mut()
}

#[test]
fn a_thread_without_an_alternate_stack_is_guarded() {
    in_child(|| {
        ensure();
        let mut thread = MaybeUninit::uninit();
        let body = copies_without_alternate_stack;
        // SAFETY: starts a thread on a function of the right type.
        let error = unsafe { libc::pthread_create(thread.as_mut_ptr(), null(), body, null_mut()) };
        check(error == 0);
        // SAFETY: the thread was started, so its name was written.
        let thread = unsafe { thread.assume_init() };
        // SAFETY: the thread was started, and nobody else waits for it.
        unsafe { libc::pthread_join(thread, null_mut()) };
    })
    .came_through();
}

#[test]
fn a_thread_that_blocks_the_signal_dies_of_a_fault() {
    if emulated() {
        // The emulator delivers the blocked signal for ever, where the kernel kills.
        return;
    }
    in_child(|| {
        let shared = shared();
        block_everything();
        guard_works_on(shared);
    })
    .died_of(SIGBUS);
}

#[test]
fn the_next_map_opens_the_signal_for_its_thread() {
    in_child(|| {
        let shared = shared();
        block_everything();
        ensure();
        check(guard_works_on(shared));
    })
    .came_through();
}

/// Uses up the stack.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 512]);
    recurse(depth + 1) + frame[usize::try_from(depth % 512).unwrap()]
}

#[test]
fn the_main_threads_stack_overflow_is_reported_as_ever() {
    // With one test thread, the harness runs the test on the main one.
    let ended = in_child(|| {
        check(guard_works());
        black_box(recurse(0));
    });

    ended.died_of(SIGABRT);
    assert!(ended.complaint.contains("has overflowed its stack"), "{}", ended.complaint);
}

#[test]
fn another_threads_stack_overflow_is_reported_as_ever() {
    let ended = in_child(|| {
        check(guard_works());
        let thread = thread::spawn(|| black_box(recurse(0)));
        drop(thread.join());
    });

    ended.died_of(SIGABRT);
    assert!(ended.complaint.contains("has overflowed its stack"), "{}", ended.complaint);
}

#[test]
fn a_wild_pointer_still_kills() {
    in_child(|| {
        check(guard_works());
        let wild = black_box(std::ptr::without_provenance_mut::<u8>(16));
        // SAFETY: none: this is what a broken program does.
        unsafe { wild.write_volatile(1) };
    })
    .died_of(SIGSEGV);
}

#[test]
fn an_address_that_is_not_mapped_kills_inside_a_guarded_copy_too() {
    in_child(|| {
        check(guard_works());
        // SAFETY: none: somebody unmaps what is not his.
        check(unsafe { libc::munmap(shared().as_ptr().cast(), page()) } == 0);
        check(shared().read_exact_at(&mut [0; 64], 0).is_err());
    })
    .died_of(SIGSEGV);
}

#[test]
fn a_guarded_copy_works_inside_another_signals_handler() {
    in_child(|| {
        shared();
        install(SIGUSR1, address(copies), 0);
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(SIGUSR1) };
    })
    .came_through();
}

#[test]
fn a_handler_that_blocks_everything_dies_of_a_fault() {
    if emulated() {
        // The emulator delivers the blocked signal for ever, where the kernel kills.
        return;
    }
    in_child(|| {
        shared();
        // SAFETY: all bytes zero is a valid action.
        let mut action: libc::sigaction = unsafe { zeroed() };
        action.sa_sigaction = address(copies);
        // SAFETY: the set is ours.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
        // SAFETY: the action is valid.
        unsafe { libc::sigaction(SIGUSR1, &raw const action, null_mut()) };
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(SIGUSR1) };
    })
    .died_of(SIGBUS);
}

/// Copies that meet nothing, and so allocate nothing: an error would.
fn copies_what_is_there(view: &View) -> bool {
    let mut bytes = [0; 500];
    view.write_all_at(&[1; 500], 7).is_ok()
        && view.read_exact_at(&mut bytes, 7).is_ok()
        && bytes == [1; 500]
        && view.read::<u64>(0).is_ok()
}

extern "C" fn copies_little(_: c_int) {
    if !copies_what_is_there(shared()) {
        // SAFETY: ends the process.
        unsafe { libc::_exit(9) };
    }
}

/// Calls `work` again and again while signals come, among them some that `handler` gets.
fn in_a_storm(handler: extern "C" fn(c_int), work: fn(&View) -> bool) {
    install(SIGBUS, address(counts), SA_RESTART);
    ensure();
    let (shared, before) = (shared(), calls());
    install(SIGUSR1, address(handler), SA_RESTART);
    let stop = AtomicBool::new(false);
    // SAFETY: has no preconditions.
    let (process, target) = (std::process::id(), unsafe { libc::gettid() });
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for signal in [SIGBUS, SIGUSR1] {
                    // SAFETY: the thread lives as long as this scope.
                    unsafe { libc::syscall(libc::SYS_tgkill, process, target, signal) };
                    // So that they meet the copies, and not only each other.
                    thread::sleep(Duration::from_micros(20));
                }
            }
        });
        let mut rounds = 0;
        while rounds < 5000 || calls() < before + 100 {
            check(work(shared));
            rounds += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_storm_of_signals_during_lost_copies_changes_nothing() {
    in_child(|| {
        in_a_storm(copies_little, guard_works_on);
    })
    .came_through();
}

#[test]
fn copies_lost_in_handlers_change_nothing_in_those_they_interrupt() {
    in_child(|| {
        in_a_storm(copies, copies_what_is_there);
    })
    .came_through();
}

#[test]
fn a_forked_child_is_guarded_and_can_map() {
    in_child(|| {
        let shared = shared();
        // SAFETY: the child does nothing but copy, map and exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            check(guard_works_on(shared));
            check(guard_works());
            // SAFETY: ends the process.
            unsafe { libc::_exit(0) };
        }
        let mut status = -1;
        // SAFETY: waits for the child.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        check(status == 0);
    })
    .came_through();
}

#[test]
fn a_panic_around_guarded_copies_unwinds_as_ever() {
    in_child(|| {
        let caught = std::panic::catch_unwind(|| {
            let works = guard_works();
            std::panic::resume_unwind(Box::new(works));
        });
        check(caught.is_err_and(|payload| payload.downcast_ref() == Some(&true)));
        check(guard_works());
    })
    .came_through();
}

#[test]
fn healing_from_many_threads_at_once_keeps_the_handler_before_us() {
    in_child(|| {
        install(SIGBUS, address(counts), SA_RESTART);
        for _ in 0..200 {
            install_again();
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| check(guard_works()));
                }
            });
            let before = calls();
            // SAFETY: sends a signal to this thread.
            unsafe { libc::raise(SIGBUS) };
            check(calls() == before + 1);
        }
    })
    .came_through();
}

fn install_again() {
    install(SIGBUS, address(counts), SA_RESTART);
}
