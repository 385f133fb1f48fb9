//! What other threads are doing in the moment of a fork: the child has their handles and their
//! locks, and not the threads.

#![expect(unsafe_code, reason = "fork, and what is done around it, are the C library's")]

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{Access, Attributes, Error, FileMapping, PageAccess, PositionedIo, Registry, Scope};

use crate::fork::Forked;
use crate::support::{Place, alone, emulated, is_free, named};

/// A handle that functions around a fork reach.
static HANDLE: Mutex<Option<FileMapping>> = Mutex::new(None);

/// Makes a handle just before the fork, unless there is one.
extern "C" fn just_before() {
    let made = || named(&Registry::system(), "x").expect("a name can be made");
    HANDLE.lock().expect("nobody panics with it").get_or_insert_with(made);
}

/// Closes the parent's handle just after the fork.
extern "C" fn just_after() {
    drop(HANDLE.lock().expect("nobody panics with it").take());
}

/// Has both functions called closer to the fork than the library's own.
///
/// Of the functions before a fork, those that were registered first come last; after it they come
/// first.
fn surround_forks() {
    // SAFETY: the functions live as long as the program, and do not unwind.
    let registered = unsafe { libc::pthread_atfork(Some(just_before), Some(just_after), None) };
    assert_eq!(registered, 0);
}

#[test]
fn a_handle_that_is_closed_just_after_a_fork_leaves_the_child_its_own() -> Result<(), Error> {
    const TEST: &str =
        "fork_moments::a_handle_that_is_closed_just_after_a_fork_leaves_the_child_its_own";
    alone(TEST, |registry| {
        surround_forks();
        *HANDLE.lock().expect("nobody panics with it") = Some(named(registry, "x")?);

        let child = Forked::new(|| {});

        assert!(HANDLE.lock().expect("nobody panics with it").is_none());
        assert!(registry.open("x").is_ok(), "the child has the handle");
        assert!(child.ends_well());
        assert!(is_free(registry, "x"));
        Ok(())
    })
}

#[test]
fn a_handle_that_is_made_just_before_a_fork_and_closed_after_it_leaves_the_child_its_own()
-> Result<(), Error> {
    const TEST: &str = "fork_moments::a_handle_that_is_made_just_before_a_fork_and_closed_after_it_leaves_the_child_its_own";
    alone(TEST, |registry| {
        surround_forks();
        // The library counts forks since its first name.
        drop(named(registry, "another")?);

        let child = Forked::new(|| {});

        assert!(registry.open("x").is_ok(), "the child has the handle");
        assert!(child.ends_well());
        assert!(is_free(registry, "x"));
        Ok(())
    })
}

/// Forks while two threads repeat `busy`, until a child that runs `last` does not end by itself;
/// returns whether none did.
fn children_end(busy: impl Fn() + Sync, mut last: impl FnMut()) -> bool {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    busy();
                }
            });
        }
        let well = (0..100).all(|_| {
            Forked::new(|| {
                // SAFETY: lets the kernel end the child, should it never end by itself.
                unsafe { libc::alarm(10) };
                last();
            })
            .ends_well()
        });
        done.store(true, Ordering::Relaxed);
        well
    })
}

#[test]
fn a_forked_child_protects_commits_and_drops_a_view_that_others_were_changing() -> Result<(), Error>
{
    const TEST: &str =
        "fork_moments::a_forked_child_protects_commits_and_drops_a_view_that_others_were_changing";
    if emulated() {
        println!(
            "skipped: an emulated process that forks may leave a lock of the emulator's taken"
        );
        return Ok(());
    }
    alone(TEST, |_| {
        let mapping =
            FileMapping::options().size(1 << 20).attributes(Attributes::RESERVE).create()?;
        let view = mapping.map(Access::Write)?;
        view.commit(.., PageAccess::Write)?;
        let mut in_child = Some(mapping.map(Access::Write)?);

        let well = children_end(
            || {
                for protection in [PageAccess::Read, PageAccess::Write] {
                    view.protect(.., protection).expect("pages can be protected");
                }
                drop(mapping.map(Access::Read).expect("a view can be mapped"));
            },
            || {
                view.protect(.., PageAccess::Write).expect("pages can be protected");
                view.commit(..1, PageAccess::Write).expect("a page can be committed");
                view.write_all_at(b"x", 1000).expect("a page can be written");
                drop(in_child.take());
                drop(mapping.map(Access::Read).expect("a view can be mapped"));
            },
        );

        assert!(well, "a forked child could not change pages");
        Ok(())
    })
}

#[test]
fn a_forked_child_finds_names_whose_registry_others_were_opening() -> Result<(), Error> {
    const TEST: &str =
        "fork_moments::a_forked_child_finds_names_whose_registry_others_were_opening";
    if emulated() {
        println!(
            "skipped: an emulated process that forks may leave a lock of the emulator's taken"
        );
        return Ok(());
    }
    alone(TEST, |_| {
        let place = Place::new();
        let registry = &place.registry;
        drop(named(registry, "x")?);
        let path = registry.path(Scope::Local)?.expect("it is there");

        let well = children_end(
            || {
                // Who finds that it was removed opens its successor.
                let _gone = fs::remove_dir_all(&path);
                let _made = named(registry, "busy");
            },
            || {
                // Either outcome is right: somebody removes the registry.
                let _found = registry.open("x");
            },
        );

        assert!(well, "a forked child could not look a name up");
        Ok(())
    })
}
