//! Exits of processes that hold names: what the handler at exit removes, in several languages, and
//! what a process leaves that does not run it.

#![expect(clippy::exit, reason = "ending the process is what these tests are about")]

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use filemap::{Error, FileMapping, Registry};

use crate::support::{self, Place, Second, eventually, is_free, named};

#[path = "../twin/library.rs"]
mod twin;

/// What a process left when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    /// A dead entry, which the next look at the name removes.
    Dead,
}

/// Waits for the end of a process, and returns its code.
fn end_of(second: &mut Second) -> Option<i32> {
    let since = Instant::now();
    loop {
        if let Some(status) = second.process.try_wait().expect("a child can be waited for") {
            return status.code();
        }
        assert!(since.elapsed() < support::DEADLINE, "it does not end");
        thread::yield_now();
    }
}

fn assert_left(place: &Place, name: &str, left: Left, what: &str) {
    match left {
        Left::Nothing => assert_eq!(place.leftovers(), [""; 0], "{what}"),
        Left::Dead => {
            assert_eq!(place.leftovers(), [name], "{what}");
            assert!(is_free(&place.registry, name), "{what}");
            assert_eq!(place.leftovers(), [""; 0], "{what}: the look freed it");
        }
    }
}

/// Starts a program that holds the name `x`, and lets it continue once it does.
fn held_by(place: &Place, host: &Path, arguments: &[&Path], how: &str) -> Second {
    let mut command = Command::new(host);
    command.args(arguments).arg(how).env("FILEMAP_DIR", place.dir.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut second = Second::start(command);
    second.until("holds");
    assert!(place.registry.inspect("x").is_ok_and(|entry| entry.is_live()), "{how}");
    second.tell("end");
    second
}

/// Returns true if a program can be started, and prints if not.
fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let there = !support::emulated() && command.status().is_ok_and(|status| status.success());
    if !there {
        println!("skipped: {program} cannot be started, or not for this processor");
    }
    there
}

/// The path of a program in `tests/hosts`.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(name)
}

/// Compiles the C program; `None`, with the reason printed, where there is no compiler.
fn c_program(place: &Place) -> Option<PathBuf> {
    if !is_there("gcc") {
        return None;
    }
    let program = place.path("exit");
    let mut compile = Command::new("gcc");
    compile.args(["-O1", "-Wall", "-Werror", "-pthread", "-o"]).arg(&program);
    let compiled = compile.arg(source("exit.c")).arg("-ldl").status();
    assert!(compiled.is_ok_and(|status| status.success()), "the program can be compiled");
    Some(program)
}

#[test]
fn a_program_in_c_leaves_no_name_however_it_exits() {
    let place = Place::new();
    let Some(program) = c_program(&place) else { return };
    let Some(library) = twin::library(true) else { return };
    for (how, left) in [
        ("return", Left::Nothing),
        ("exit", Left::Nothing),
        ("thread runs", Left::Nothing),
        ("thread exits", Left::Nothing),
        ("main thread ends", Left::Nothing),
        ("child exits", Left::Nothing),
        ("quick_exit", Left::Dead),
        ("_exit", Left::Dead),
        ("exec", Left::Dead),
    ] {
        let mut second = held_by(&place, &program, &[&library], how);

        assert_eq!(end_of(&mut second), Some(0), "{how}");

        assert_left(&place, "x", left, how);
    }
    let mut second = held_by(&place, &program, &[&library], "killed");
    assert_eq!(end_of(&mut second), None);
    assert_left(&place, "x", Left::Dead, "killed");
}

#[test]
fn an_unloaded_library_releases_its_names() {
    let place = Place::new();
    let Some(program) = c_program(&place) else { return };
    let Some(library) = twin::library(true) else { return };
    let mut second = held_by(&place, &program, &[&library], "unload");

    // Where the C library does not unload it, it releases the name when the process exits.
    if second.next() == "unloaded" {
        assert_eq!(place.leftovers(), [""; 0]);
    }

    // Forks after the library, which had registered a handler for forks, was unloaded.
    second.tell("end");
    assert_eq!(end_of(&mut second), Some(0));
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_library_with_a_signal_handler_is_not_unloaded() {
    let place = Place::new();
    let Some(program) = c_program(&place) else { return };
    let Some(library) = twin::library(true) else { return };
    let mut second = held_by(&place, &program, &[&library], "unload guarded");

    let said = second.next();
    // Copies by system calls need no signal handler, so that library is unloaded.
    assert_eq!(said == "stays", cfg!(not(filemap_portable_copies)), "{said}");

    // A SIGBUS that is sent kills, as in a program without a handler.
    second.tell("end");
    assert_eq!(end_of(&mut second), None);
    let status = second.process.wait().expect("it has ended");
    assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
    if said == "stays" {
        assert_left(&place, "x", Left::Dead, "unload guarded");
    } else {
        assert_eq!(place.leftovers(), [""; 0], "let go of when it was unloaded");
    }
}

#[test]
fn a_program_in_python_leaves_no_name_however_it_exits() {
    if !is_there("python3") {
        return;
    }
    let place = Place::new();
    let Some(library) = twin::library(true) else { return };
    let program = source("exit.py");
    for (how, code, left) in [
        ("end", Some(0), Left::Nothing),
        ("sys.exit", Some(0), Left::Nothing),
        ("exception", Some(1), Left::Nothing),
        ("daemon thread", Some(0), Left::Nothing),
        ("child", Some(0), Left::Nothing),
        ("os._exit", Some(0), Left::Dead),
        ("killed", None, Left::Dead),
    ] {
        let mut second = held_by(&place, Path::new("python3"), &[&program, &library], how);

        assert_eq!(end_of(&mut second), code, "{how}");

        assert_left(&place, "x", left, how);
    }
    // A child of `multiprocessing` runs no handlers at exit, so the entry of its name is left.
    let mut second = held_by(&place, Path::new("python3"), &[&program, &library], "child holds");
    assert_eq!(end_of(&mut second), Some(0));
    assert_left(&place, "y", Left::Dead, "child holds");
}

#[test]
fn a_forked_child_that_outlives_its_parent_in_python_keeps_the_name() {
    if !is_there("python3") {
        return;
    }
    let place = Place::new();
    let Some(library) = twin::library(true) else { return };
    let program = source("exit.py");
    let arguments: [&Path; 2] = [&program, &library];
    let mut second = held_by(&place, Path::new("python3"), &arguments, "child lives on");

    assert_eq!(end_of(&mut second), Some(0));

    assert!(place.registry.inspect("x").is_ok_and(|entry| entry.is_live()), "by the child");
    second.finish();
    eventually("the name is free", || is_free(&place.registry, "x"));
    assert_eq!(place.leftovers(), [""; 0]);
}

/// The ways in which a Rust process can end.
fn end(how: &str) -> Result<(), Error> {
    let registry = Registry::system();
    let held = named(&registry, "x")?;
    support::say("held");
    support::hear();
    match how {
        "process::exit" => std::process::exit(0),
        "in a thread" => {
            thread::spawn(|| std::process::exit(0));
            loop {
                thread::park();
            }
        }
        "while a thread waits" => {
            thread::spawn(|| {
                loop {
                    thread::park();
                }
            });
            std::process::exit(0);
        }
        "after a panic" => {
            let panicked = thread::spawn(|| panic!("on purpose")).join();
            assert!(panicked.is_err());
            std::process::exit(0);
        }
        "abort" => std::process::abort(),
        _ => {}
    }
    drop(held);
    Ok(())
}

#[test]
fn a_program_in_rust_leaves_no_name_however_it_exits() -> Result<(), Error> {
    const TEST: &str = "exits::a_program_in_rust_leaves_no_name_however_it_exits";
    if let Some(how) = support::role() {
        return end(&how);
    }
    let place = Place::new();
    for (how, left) in [
        ("process::exit", Left::Nothing),
        ("in a thread", Left::Nothing),
        ("while a thread waits", Left::Nothing),
        ("after a panic", Left::Nothing),
        ("abort", Left::Dead),
    ] {
        let mut second = place.child(TEST, how);
        second.until("held");
        second.tell("end");

        let code = end_of(&mut second);

        assert_eq!(code, (how != "abort").then_some(0), "{how}");
        assert_left(&place, "x", left, how);
    }
    Ok(())
}

/// Exits while its threads open and close a name that the first process holds.
fn end_amid_threads() -> Result<(), Error> {
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    let registry = Registry::system();
    let held: Vec<FileMapping> = (0..3)
        .map(|number| named(&registry, &format!("mine-{number}")))
        .collect::<Result<_, _>>()?;
    for _ in 0..4 {
        thread::spawn(|| {
            loop {
                // After the handler at exit, the registry may fail in this thread.
                drop(FileMapping::open("theirs"));
                ROUNDS.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    eventually("the threads are at work", || ROUNDS.load(Ordering::Relaxed) > 100);
    let code = i32::from(held.len() != 3);
    // This runs no destructors.
    std::process::exit(code)
}

#[test]
fn a_process_that_exits_while_threads_work_leaves_no_name() -> Result<(), Error> {
    const TEST: &str = "exits::a_process_that_exits_while_threads_work_leaves_no_name";
    if support::role().is_some() {
        return end_amid_threads();
    }
    let place = Place::new();
    let _theirs = named(&place.registry, "theirs")?;
    let mut left = Vec::new();
    for _ in 0..60 {
        let mut second = place.child(TEST, "ends");
        assert_eq!(end_of(&mut second), Some(0));
        let mut now = place.leftovers();
        now.retain(|name| name != "theirs");
        left.push(now.len());
        for name in now {
            fs::remove_file(place.registry.inspect(&name)?.entry()).expect("it can be removed");
        }
    }

    assert_eq!(
        left.iter().filter(|left| **left > 0).count(),
        0,
        "ends of 60 that left names: {left:?}"
    );
    Ok(())
}
