//! Handles after a fork: forked children, programs that inherit handles, and the name when one of
//! the processes ends.

#![expect(unsafe_code, reason = "fork, and what its child may call, are the C library's")]

use std::io::{PipeWriter, Read as _, pipe};
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{
    Access, Error, FileMapping, MappedFile, OwnedDescriptor, PositionedIo, Registry, View,
};

use crate::support::{self, Place, alone, eventually, is_free, named};

fn read_u64(view: &View, offset: usize) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    view.read_exact_at(&mut bytes, offset as u64)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A forked child, which waits until this is dropped.
pub(crate) struct Forked {
    number: libc::pid_t,
    gate: Option<PipeWriter>,
}

impl Forked {
    /// Forks a child that waits, calls `last`, and ends without running its parent's destructors.
    pub(crate) fn new(last: impl FnOnce()) -> Self {
        let (mut reader, writer) = pipe().expect("a pipe can be made");
        // SAFETY: the process has one thread that does anything; the child runs `last` and ends.
        let number = unsafe { libc::fork() };
        if number == 0 {
            drop(writer);
            let _ended = reader.read(&mut [0]);
            last();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) }
        }
        assert!(number > 0, "a process can be forked");
        Self { number, gate: Some(writer) }
    }

    /// Lets the child continue, waits for its end, and returns true if it exited with 0.
    pub(crate) fn ends_well(mut self) -> bool {
        drop(self.gate.take());
        let mut status = 0;
        // SAFETY: `status` is ours to write, for the length of the call.
        let waited = unsafe { libc::waitpid(self.number, &raw mut status, 0) };
        (waited, status) == (self.number, 0)
    }
}

#[test]
fn a_forked_child_keeps_the_name_alive() -> Result<(), Error> {
    alone("fork::a_forked_child_keeps_the_name_alive", |registry| {
        let mapping = named(registry, "x")?;
        mapping.map(Access::Write)?.write_all_at(b"x", 0)?;
        let child = Forked::new(|| {});

        mapping.close()?;

        let found = registry.open("x")?;
        assert_eq!(read_u64(&found.map(Access::Read)?, 0)?, u64::from(b'x'));
        drop(found);
        assert!(named(registry, "x")?.existed());
        assert!(child.ends_well());
        assert!(is_free(registry, "x"), "the child was the last");
        Ok(())
    })
}

#[test]
fn a_forked_child_that_closes_its_handle_leaves_the_name_to_its_parent() -> Result<(), Error> {
    const TEST: &str = "fork::a_forked_child_that_closes_its_handle_leaves_the_name_to_its_parent";
    alone(TEST, |registry| {
        let mapping = named(registry, "x")?;
        let mut in_child = Some(mapping);
        assert!(Forked::new(|| drop(in_child.take())).ends_well());

        assert!(registry.open("x").is_ok());
        assert!(named(registry, "x")?.existed());
        drop(in_child);
        assert!(is_free(registry, "x"));
        Ok(())
    })
}

#[test]
fn a_forked_child_of_a_busy_process_can_close_its_handle() -> Result<(), Error> {
    alone("fork::a_forked_child_of_a_busy_process_can_close_its_handle", |registry| {
        let mut in_child = Some(named(registry, "x")?);
        let other = named(registry, "busy")?;
        let done = AtomicBool::new(false);
        let mut well = true;
        thread::scope(|scope| {
            let busy = || {
                while !done.load(Ordering::Relaxed) {
                    drop(other.try_clone());
                }
            };
            scope.spawn(busy);
            scope.spawn(busy);
            for _ in 0..100 {
                // A mutex that another thread had locked stays locked in the child.
                let child = Forked::new(|| {
                    // SAFETY: lets the kernel end the child, should it never end by itself.
                    unsafe { libc::alarm(10) };
                    drop(in_child.take());
                });
                well = child.ends_well();
                if !well {
                    break;
                }
            }
            done.store(true, Ordering::Relaxed);
        });

        assert!(well, "a forked child could not close its handle");
        assert!(registry.open("x").is_ok());
        Ok(())
    })
}

/// Reads, writes and appends all over a file, as often as `goes_on` says.
fn use_all_over(
    file: &MappedFile,
    seed: u64,
    mut goes_on: impl FnMut() -> bool,
) -> Result<(), Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    while goes_on() {
        let at = random.u64(..2 << 20);
        file.write_all_at(&[7; 100], at)?;
        file.read_exact_at(&mut [0; 100], at)?;
        file.write(at & !7, &7_u64)?;
        file.write_all_at(&[7], file.len()?)?;
    }
    Ok(())
}

#[test]
fn a_forked_child_of_a_busy_process_reads_and_writes_as_before() -> Result<(), Error> {
    const TEST: &str = "fork::a_forked_child_of_a_busy_process_reads_and_writes_as_before";
    alone(TEST, |_| {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for options in [MappedFile::options(), MappedFile::options().window(1 << 16).windows(3)] {
            let file = options.open(dir.path().join("file"))?;
            let done = AtomicBool::new(false);
            let mut well = true;
            thread::scope(|scope| {
                let goes_on = || !done.load(Ordering::Relaxed);
                let busy = [1, 2].map(|seed| {
                    let file = &file;
                    scope.spawn(move || use_all_over(file, seed, goes_on))
                });
                for seed in 0..100 {
                    let child = Forked::new(|| {
                        // SAFETY: lets the kernel end the child, should it never end by itself.
                        unsafe { libc::alarm(10) };
                        let mut left = 50;
                        let used = use_all_over(&file, seed, || {
                            left -= 1;
                            left > 0
                        });
                        used.expect("the child can use the file");
                    });
                    well = well && child.ends_well();
                }
                done.store(true, Ordering::Relaxed);
                busy.into_iter().try_for_each(|one| one.join().expect("a thread ends"))
            })?;
            assert!(well, "a forked child could not use the file");
        }
        Ok(())
    })
}

#[test]
fn after_a_fork_views_still_do_not_keep_the_name() -> Result<(), Error> {
    alone("fork::after_a_fork_views_still_do_not_keep_the_name", |registry| {
        let mapping = named(registry, "x")?;
        let view = mapping.map(Access::Write)?;
        view.write_all_at(b"x", 0)?;
        let child = Forked::new(|| {});
        mapping.close()?;
        assert!(registry.open("x").is_ok(), "the child has the handle");

        assert!(child.ends_well());

        assert!(is_free(registry, "x"), "the parent has a view, and nobody a handle");
        assert_eq!(read_u64(&view, 0)?, u64::from(b'x'));
        Ok(())
    })
}

#[test]
fn a_program_that_inherits_nothing_does_not_keep_the_name() -> Result<(), Error> {
    alone("fork::a_program_that_inherits_nothing_does_not_keep_the_name", |registry| {
        let mapping = named(registry, "x")?;
        let duplicate = mapping.duplicate(filemap::Rights::READ)?;
        // `cat` repeats its input, so it runs once it has repeated something.
        let mut program = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cat is everywhere");
        let mut input = program.stdin.take().expect("it is piped");
        std::io::Write::write_all(&mut input, b"!").expect("it reads");
        let mut output = program.stdout.take().expect("it is piped");
        output.read_exact(&mut [0]).expect("it runs");

        drop((mapping, duplicate));

        assert!(is_free(registry, "x"));
        drop(input);
        assert!(program.wait().expect("it ends").success());
        Ok(())
    })
}

#[test]
fn a_program_that_inherits_the_handle_keeps_the_name() -> Result<(), Error> {
    alone("fork::a_program_that_inherits_the_handle_keeps_the_name", |registry| {
        let file = tempfile::tempfile().expect("a file can be made");
        file.set_len(10).expect("a file can grow");
        let options = || FileMapping::options().registry(registry).name("x");
        for over_file in [false, true] {
            let mapping = if over_file {
                options().file(&file).create_new()?
            } else {
                options().size(1).create_new()?
            };
            mapping.set_inheritable(true)?;
            let mut program = Command::new("cat")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .expect("cat is everywhere");

            let closed = mapping.close();

            let entry = registry.inspect("x");
            drop(program.stdin.take());
            assert!(program.wait().expect("it ends").success());
            assert!(closed.is_ok() && entry?.is_live(), "over a file: {over_file}");
            assert!(is_free(registry, "x"), "over a file: {over_file}");
        }
        Ok(())
    })
}

#[test]
fn starting_programs_in_other_threads_does_not_keep_closed_names() -> Result<(), Error> {
    const TEST: &str = "fork::starting_programs_in_other_threads_does_not_keep_closed_names";
    alone(TEST, |registry| {
        let done = AtomicBool::new(false);
        let mut kept = 0;
        let mut left = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let status = Command::new("true").status().expect("it can be started");
                    assert!(status.success());
                }
            });
            for number in 0..3000 {
                let name = format!("x-{number}");
                drop(named(registry, &name)?);
                if registry.inspect(&name).is_ok() {
                    left += 1;
                    kept += u32::from(!is_free(registry, &name));
                }
            }
            done.store(true, Ordering::Relaxed);
            Ok::<_, Error>(())
        })?;

        assert_eq!((kept, left), (0, 0), "names kept, entries left, of 3000");
        Ok(())
    })
}

/// Keeps a handle open until the process ends.
fn keep(mapping: FileMapping) {
    static KEPT: Mutex<Vec<FileMapping>> = Mutex::new(Vec::new());
    KEPT.lock().expect("nobody panics with it").push(mapping);
}

#[test]
fn a_process_that_ends_without_closing_leaves_no_name() -> Result<(), Error> {
    const TEST: &str = "fork::a_process_that_ends_without_closing_leaves_no_name";
    if support::role().is_some() {
        let registry = Registry::system();
        let mapping = named(&registry, "x")?;
        keep(mapping.try_clone()?);
        keep(mapping.duplicate(filemap::Rights::READ)?);
        keep(mapping);
        keep(registry.open("x")?);
        keep(named(&registry, "Global\\x")?);
        support::say("ends");
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "ends");
    second.until("ends");
    second.finish();

    assert_eq!(place.leftovers(), [""; 0], "nor anything else");
    assert!(is_free(&place.registry, "x"));
    assert!(!named(&place.registry, "x")?.existed());
    Ok(())
}

#[test]
fn a_process_that_ends_leaves_the_name_to_other_processes() -> Result<(), Error> {
    const TEST: &str = "fork::a_process_that_ends_leaves_the_name_to_other_processes";
    if support::role().is_some() {
        keep(FileMapping::open("x")?);
        return Ok(());
    }
    let place = Place::new();
    let mine = named(&place.registry, "x")?;

    place.child(TEST, "ends").finish();

    assert!(place.registry.open("x").is_ok());
    drop(mine);
    eventually("the name is free", || is_free(&place.registry, "x"));
    Ok(())
}

#[test]
fn a_process_that_ends_leaves_the_name_to_a_program_that_inherited_it() -> Result<(), Error> {
    const TEST: &str = "fork::a_process_that_ends_leaves_the_name_to_a_program_that_inherited_it";
    if let Some(role) = support::role() {
        let mapping = named(&Registry::system(), "x")?;
        if role == "before" {
            keep(mapping.try_clone()?);
        }
        mapping.set_inheritable(true)?;
        // Inherits this process's standard input, and lives as long as nothing comes in.
        let child = Command::new("cat").stdin(Stdio::inherit()).stdout(Stdio::null()).spawn();
        assert!(child.is_ok());
        if role == "after" {
            keep(mapping.try_clone()?);
        }
        keep(mapping);
        support::say("ends");
        return Ok(());
    }
    for when in ["never", "before", "after"] {
        let place = Place::new();
        let mut second = place.child(TEST, when);
        second.until("ends");
        eventually("it ends", || second.process.try_wait().is_ok_and(|ended| ended.is_some()));

        let live = place.registry.inspect("x").is_ok_and(|entry| entry.is_live());

        assert!(live, "a duplicate was made {when}; the program has the handle");
        second.finish();
        eventually("the name is free", || is_free(&place.registry, "x"));
    }
    Ok(())
}

#[test]
fn a_process_that_took_a_handle_over_and_ends_leaves_the_name_to_the_giver() -> Result<(), Error> {
    const TEST: &str =
        "fork::a_process_that_took_a_handle_over_and_ends_leaves_the_name_to_the_giver";
    if let Some(number) = support::role() {
        let number = number.parse().expect("a number");
        // SAFETY: the first process left this descriptor open for this one, which owns it.
        let descriptor = unsafe { OwnedDescriptor::from_raw_fd(number) };
        keep(FileMapping::try_from(descriptor)?);
        return Ok(());
    }
    let place = Place::new();
    let mapping = named(&place.registry, "x")?;
    mapping.set_inheritable(true)?;
    let number = mapping.as_raw_fd().to_string();

    place.child(TEST, &number).finish();

    assert!(place.registry.open("x").is_ok(), "the giver has its handle");
    assert!(named(&place.registry, "x")?.existed());
    Ok(())
}
