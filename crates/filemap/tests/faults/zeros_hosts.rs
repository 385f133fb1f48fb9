//! Views whose lost pages read as zeros, in hosts that handle signals themselves.
//!
//! Each case owns the signal actions of its process, so each runs in a child.

#![expect(unsafe_code, reason = "signals and their actions are the C library's")]

use libc::{SA_RESTART, SA_SIGINFO, SIGBUS};

use crate::chain::{
    address, address_with_info, calls, check, counts, exits_with_42, install, install_chaining,
    unguarded_fault, works_then_faults,
};
use crate::children::in_child;
use crate::support::page;
use crate::zeros::{peek, zeros_view};

/// A lost page of a view with zeros, touched by its address.
fn touches_zeros() {
    let (view, file) = zeros_view();
    file.set_len(0).expect("the file can be cut");
    check(peek(&view, 5) == 0 && peek(&view, page()) == 0);
    check(view.lost().len() == 1);
}

#[test]
fn a_host_that_handles_the_signal_gets_what_is_not_a_views() {
    in_child(|| {
        install(SIGBUS, address_with_info(exits_with_42), SA_SIGINFO);
        touches_zeros();
        works_then_faults();
    })
    .exited_with(42);
}

#[test]
fn a_host_that_passes_signals_on_leaves_pointers_alive() {
    in_child(|| {
        let (view, file) = zeros_view();
        install_chaining();
        file.set_len(0).expect("the file can be cut");
        check(peek(&view, 5) == 0);
        check(calls() > 0);
        touches_zeros();
        unguarded_fault();
    })
    .died_of(SIGBUS);
}

#[test]
fn a_signal_that_is_sent_replaces_no_page() {
    in_child(|| {
        install(SIGBUS, address(counts), SA_RESTART);
        let (view, _file) = zeros_view();
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(SIGBUS) };
        check(calls() == 1 && view.lost().is_empty());
    })
    .came_through();
}
