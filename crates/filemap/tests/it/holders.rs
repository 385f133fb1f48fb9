//! The holders of a name: processes, their handles and views, and those that are not shown.

#![expect(unsafe_code, reason = "fork, and what its child may call, are the C library's")]

use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use filemap::{Access, Advice, Error, FileMapping, Holder, Holders, Protection, Registry};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use crate::support::{self, Place, Second, alone, eventually, named};

/// The handles and views of each holder.
fn told(holders: &Holders) -> Vec<(u32, usize, usize)> {
    holders.iter().map(|one| (one.pid(), one.handles(), one.views())).collect()
}

fn of(holders: &Holders, process: u32) -> Option<(usize, usize)> {
    let one = holders.iter().find(|one| one.pid() == process)?;
    Some((one.handles(), one.views()))
}

fn own() -> u32 {
    std::process::id()
}

#[test]
fn handles_and_views_of_this_process_are_counted() -> Result<(), Error> {
    alone("holders::handles_and_views_of_this_process_are_counted", |registry| {
        let one = named(registry, "x")?;
        let two = registry.open("x")?;
        let inspected = registry.inspect("x")?;
        assert_eq!(told(&inspected.holders()?), [(own(), 2, 0)]);

        let views = [one.map(Access::Write)?, one.map(Access::Read)?, two.map(Access::Copy)?];

        assert_eq!(told(&inspected.holders()?), [(own(), 2, 3)]);
        drop((views, two));
        assert_eq!(told(&inspected.holders()?), [(own(), 1, 0)]);
        Ok(())
    })
}

#[test]
fn a_duplicate_is_a_handle_of_its_own() -> Result<(), Error> {
    alone("holders::a_duplicate_is_a_handle_of_its_own", |registry| {
        let one = named(registry, "x")?;
        let inspected = registry.inspect("x")?;

        let sharing = one.try_clone()?;
        let lesser = one.duplicate(filemap::Rights::READ)?;

        assert_eq!(told(&inspected.holders()?), [(own(), 3, 0)]);
        drop((sharing, lesser));
        assert_eq!(told(&inspected.holders()?), [(own(), 1, 0)]);
        Ok(())
    })
}

#[test]
fn a_view_with_advice_on_a_part_counts_once() -> Result<(), Error> {
    alone("holders::a_view_with_advice_on_a_part_counts_once", |registry| {
        let options = FileMapping::options().registry(registry).name("in parts");
        let mapping = options.size(1 << 20).create()?;
        let view = mapping.map(Access::Write)?;
        view.advise(4096..8192, Advice::Random)?;
        let inspected = registry.inspect("in parts")?;
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let entry = inspected.entry().to_str().unwrap();
        let parts = maps.lines().filter(|line| line.ends_with(entry)).count();
        assert!(support::emulated() || parts == 3, "{maps}");

        assert_eq!(told(&inspected.holders()?), [(own(), 1, 1)]);
        Ok(())
    })
}

#[test]
fn a_killed_process_is_not_a_holder() -> Result<(), Error> {
    const TEST: &str = "holders::a_killed_process_is_not_a_holder";
    if support::role().is_some() {
        let mapping = FileMapping::open("x")?;
        let view = mapping.map(Access::Read)?;
        support::say("held");
        support::hear();
        drop((mapping, view));
        return Ok(());
    }
    let place = Place::new();
    let _held = named(&place.registry, "x")?;
    let inspected = place.registry.inspect("x")?;
    let mut second = place.child(TEST, "opens");
    second.until("held");
    let number = second.process.id();
    assert_eq!(of(&inspected.holders()?, number), Some((1, 1)));

    second.kill();

    let holders = inspected.holders()?;
    assert_eq!(of(&holders, number), None);
    assert_eq!(of(&holders, own()), Some((1, 0)));
    Ok(())
}

#[test]
fn a_view_without_a_handle_is_shown_and_keeps_no_name() -> Result<(), Error> {
    const TEST: &str = "holders::a_view_without_a_handle_is_shown_and_keeps_no_name";
    if support::role().is_some() {
        let view = FileMapping::open("x")?.map(Access::Read)?;
        support::say("viewing");
        support::hear();
        drop(view);
        return Ok(());
    }
    let place = Place::new();
    let _held = named(&place.registry, "x")?;
    let mut second = place.child(TEST, "views");
    second.until("viewing");

    let holders = place.registry.inspect("x")?.holders()?;

    let holder = |process| holders.iter().find(|one| one.pid() == process);
    let keeps = |process| holder(process).map(Holder::keeps_name);
    assert_eq!(keeps(second.process.id()), Some(false));
    assert_eq!(keeps(own()), Some(true));
    assert_eq!(of(&holders, second.process.id()), Some((0, 1)));
    second.finish();
    Ok(())
}

#[test]
fn the_viewers_of_a_dead_name_are_shown() -> Result<(), Error> {
    const TEST: &str = "holders::the_viewers_of_a_dead_name_are_shown";
    match support::role().as_deref() {
        None => {}
        Some("creates") => {
            let mapping = named(&Registry::system(), "x")?;
            support::say("held");
            support::hear();
            drop(mapping);
            return Ok(());
        }
        Some(_) => {
            let registry = Registry::system();
            let place = Place::new();
            let mut creator = {
                let mut command = place.command(TEST, "creates");
                command.env("FILEMAP_DIR", std::env::var_os("FILEMAP_DIR").expect("it is set"));
                Second::start(command)
            };
            creator.until("held");
            let view = registry.open("x")?.map(Access::Read)?;
            creator.kill();

            let dead = registry.inspect("x")?;
            let holders = dead.holders()?;

            assert!(!dead.is_live());
            assert_eq!(told(&holders), [(own(), 0, 1)]);
            drop(view);
            assert!(dead.holders()?.is_empty());
            assert_eq!(registry.remove_dead()?, 1);
            return Ok(());
        }
    }
    let place = Place::new();
    place.child(TEST, "views").finish();
    Ok(())
}

#[test]
fn over_a_file_only_holders_views_count() -> Result<(), Error> {
    const TEST: &str = "holders::over_a_file_only_holders_views_count";
    if support::role().is_some() {
        // Two names over one file, and a mapping of it that has no name.
        let place = std::env::var_os("FILEMAP_DIR").expect("it is set");
        let path = Path::new(&place).join("notes");
        let file = File::options().read(true).write(true).open(path).expect("it is there");
        let registry = Registry::system();
        let over = |name: &str| FileMapping::options().registry(&registry).name(name).file(&file);
        let (one, two) = (over("one").create()?, over("two").create()?);
        let plain = FileMapping::options().file(&file).create()?;
        let views = [one.map(Access::Write)?, two.map(Access::Read)?, plain.map(Access::Read)?];
        for name in ["one", "two"] {
            assert_eq!(told(&registry.inspect(name)?.holders()?), [(own(), 1, 3)], "{name}");
        }
        drop(one);
        assert_eq!(told(&registry.inspect("two")?.holders()?), [(own(), 1, 3)]);
        drop((two, views));
        support::say("plain");
        support::hear();
        let view = plain.map(Access::Read)?;
        support::say("viewing");
        support::hear();
        drop(view);
        return Ok(());
    }
    let place = Place::new();
    let file = place.file("notes", &[7; 10_000]);
    let mut second = place.child(TEST, "maps");
    second.until("plain");
    let options = FileMapping::options().registry(&place.registry).name("notes");
    let held = options.file(&file).create()?;
    let _view = held.map(Access::Read)?;

    second.tell("view");
    second.until("viewing");

    let holders = place.registry.inspect("notes")?.holders()?;
    assert_eq!(of(&holders, second.process.id()), None, "it knows nothing of the name");
    assert_eq!(of(&holders, own()), Some((1, 1)));
    second.finish();
    Ok(())
}

#[test]
fn views_of_memory_that_is_not_in_the_entry_are_counted() -> Result<(), Error> {
    const TEST: &str = "holders::views_of_memory_that_is_not_in_the_entry_are_counted";
    if support::role().is_some() {
        let place = std::env::var_os("FILEMAP_DIR").expect("it is set");
        let registry = Registry::at(Path::new(&place).join("no code"));
        let options = FileMapping::options().registry(&registry).name("code").size(4096);
        let mapping = options.protection(Protection::ExecuteReadWrite).create()?;
        let inspected = registry.inspect("code")?;
        assert!(fs::metadata(inspected.entry()).unwrap().len() < 8192, "a trailer alone");
        let views = [mapping.map(Access::Write)?, mapping.map(Access::Read)?];
        assert_eq!(told(&inspected.holders()?), [(own(), 1, 2)]);
        drop(mapping);
        assert_eq!(told(&inspected.holders()?), [(own(), 0, 2)]);
        drop(views);
        return Ok(());
    }
    let can = Command::new("unshare").args(["-r", "-m", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        println!("skipped: this system gives ordinary processes no file system of their own");
        return Ok(());
    }
    let place = Place::new();
    fs::create_dir(place.path("no code")).unwrap();
    let script = "mount -t tmpfs -o noexec tmpfs \"$FILEMAP_DIR/no code\" || exit 9; exec \"$@\"";
    let plain = place.command(TEST, "inside");
    let mut command = Command::new("unshare");
    command.args(["-r", "-m", "sh", "-c", script, "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());

    Second::start(command).finish();
    Ok(())
}

/// A forked child, which keeps its parent's descriptors and views until this is dropped.
struct Forked(libc::pid_t);

impl Forked {
    /// Forks a child that does `first` and then waits to be killed.
    fn new(first: impl FnOnce()) -> Self {
        // SAFETY: the process has one thread that does anything; the child never returns.
        let number = unsafe { libc::fork() };
        if number == 0 {
            first();
            loop {
                // SAFETY: waits for a signal.
                unsafe { libc::pause() };
            }
        }
        assert!(number > 0, "a process can be forked");
        Self(number)
    }

    fn number(&self) -> u32 {
        u32::try_from(self.0).expect("it is a process")
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        // SAFETY: nobody else waits for the child, so the number is still its own.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        let mut status = 0;
        // SAFETY: `status` is ours to write, for the length of the call.
        unsafe { libc::waitpid(self.0, &raw mut status, 0) };
    }
}

#[test]
fn a_forked_child_is_a_holder_too() -> Result<(), Error> {
    alone("holders::a_forked_child_is_a_holder_too", |registry| {
        let mapping = named(registry, "x")?;
        let view = mapping.map(Access::Write)?;
        let inspected = registry.inspect("x")?;
        let child = Forked::new(|| {});
        drop(mapping);

        let holders = inspected.holders()?;

        assert_eq!(of(&holders, child.number()), Some((1, 1)));
        assert_eq!(of(&holders, own()), Some((0, 1)));
        drop((child, view));
        assert!(inspected.holders()?.is_empty());
        assert_eq!(registry.remove_dead()?, 1);
        Ok(())
    })
}

#[test]
fn a_process_whose_first_thread_ended_is_still_a_holder() -> Result<(), Error> {
    alone("holders::a_process_whose_first_thread_ended_is_still_a_holder", |registry| {
        let mapping = named(registry, "x")?;
        let view = mapping.map(Access::Write)?;
        let child = Forked::new(|| {
            let other = thread::spawn(|| {
                loop {
                    thread::park();
                }
            });
            // SAFETY: ends the calling thread alone, which is the child's first.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
            drop(other);
        });
        let stat = format!("/proc/{}/stat", child.number());
        eventually("the first thread ends", || {
            fs::read_to_string(&stat).is_ok_and(|told| told.contains(") Z "))
        });

        let holders = registry.inspect("x")?.holders()?;

        assert_eq!(of(&holders, child.number()), Some((1, 1)));
        drop((child, mapping, view));
        registry.remove_dead()?;
        Ok(())
    })
}

/// Locks the whole file by `F_OFD_SETLK`.
fn lock_description(file: &File, kind: libc::c_int) {
    // SAFETY: a structure of numbers, for which zero is a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::c_short::try_from(kind).expect("a small number");
    lock.l_whence = libc::c_short::try_from(libc::SEEK_SET).expect("a small number");
    // SAFETY: `lock` outlives the call, which reads it.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn a_descriptor_is_a_handle_by_its_shared_lock() -> Result<(), Error> {
    alone("holders::a_descriptor_is_a_handle_by_its_shared_lock", |registry| {
        let _held = named(registry, "x")?;
        let inspected = registry.inspect("x")?;
        let open = || File::open(inspected.entry()).expect("it is there");
        let handles = || Ok::<_, Error>(of(&inspected.holders()?, own()));

        let plain = open();
        assert_eq!(handles()?, Some((1, 0)), "a descriptor without a lock");
        let flocked = open();
        flocked.lock_shared().expect("nobody has it alone");
        assert_eq!(handles()?, Some((2, 0)));
        let locked = open();
        lock_description(&locked, libc::F_RDLCK);
        assert_eq!(handles()?, Some((3, 0)));
        drop((plain, flocked, locked));
        assert_eq!(handles()?, Some((1, 0)));
        Ok(())
    })
}

#[test]
fn a_holder_has_the_command_that_it_runs() -> Result<(), Error> {
    const TEST: &str = "holders::a_holder_has_the_command_that_it_runs";
    if support::role().is_some() {
        let mapping = FileMapping::open("x")?;
        support::say("held");
        support::hear();
        drop(mapping);
        return Ok(());
    }
    let place = Place::new();
    let _held = named(&place.registry, "x")?;
    if support::emulated() {
        println!("skipped: an emulated process runs the emulator");
        return Ok(());
    }
    for name in ["short", "longer than 15 bytes"] {
        let program = place.path(name);
        symlink(std::env::current_exe().unwrap(), &program).unwrap();
        let mut second = Second::start(place.command_of(&program, TEST, "holds"));
        second.until("held");

        let holders = place.registry.inspect("x")?.holders()?;

        let holder = holders.iter().find(|one| one.pid() == second.process.id());
        assert_eq!(holder.map(Holder::command), Some(name));
        second.finish();
    }
    Ok(())
}

#[test]
fn another_users_processes_are_left_out_and_the_list_is_incomplete() -> Result<(), Error> {
    const TEST: &str = "holders::another_users_processes_are_left_out_and_the_list_is_incomplete";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "Global\\x")?;
        support::say("held");
        support::hear();
        let holders = Registry::system().inspect("Global\\x")?.holders()?;
        assert_eq!(told(&holders), [(own(), 1, 0)]);
        assert!(holders.unseen() > 0 && !holders.is_complete(), "{holders:?}");
        drop(mapping);
        return Ok(());
    }
    let place = Place::new();
    if fs::metadata(place.path(".")).unwrap().uid() != 0 {
        println!("skipped: only the superuser can start a process of another user");
        return Ok(());
    }
    let program = place.path("program");
    // Copied by another process: a program that this one has open for writing cannot be run, and a
    // forked neighbour has it open for a moment.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status();
    assert!(copied.is_ok_and(|status| status.success()));
    fs::set_permissions(place.path("."), Permissions::from_mode(0o755)).unwrap();
    drop(named(&place.registry, "Global\\first")?);
    let mut command = place.command_of(&program, TEST, "stranger");
    command.uid(65534).gid(65534).current_dir("/");
    let mut stranger = Second::start(command);
    stranger.until("held");
    let mapping = place.registry.open("Global\\x")?;

    let holders = place.registry.inspect("Global\\x")?.holders()?;

    assert_eq!(of(&holders, stranger.process.id()), Some((1, 0)), "the superuser sees everybody");
    assert_eq!(of(&holders, own()), Some((1, 0)));
    stranger.finish();
    drop(mapping);
    Ok(())
}

#[test]
fn a_new_entry_with_the_inode_of_a_removed_one_is_not_its_handle() -> Result<(), Error> {
    alone("holders::a_new_entry_with_the_inode_of_a_removed_one_is_not_its_handle", |place| {
        let inode = |entry: &Path| fs::metadata(entry).unwrap().ino();
        let first = named(place, "first")?;
        let gone = place.inspect("first")?;
        let its = inode(gone.entry());
        // Two files that are born within one tick of the kernel's clock cannot be distinguished.
        let born = |path: &Path| {
            let state = statx(CWD, path, AtFlags::empty(), StatxFlags::BTIME).unwrap();
            (state.stx_btime.tv_sec, state.stx_btime.tv_nsec)
        };
        let before = born(gone.entry());
        let clock = gone.entry().with_file_name(".clock");
        eventually("a file is born later", || {
            fs::write(&clock, "").unwrap();
            let now = born(&clock);
            fs::remove_file(&clock).unwrap();
            now > before
        });
        drop(first);
        let mut successors = Vec::new();
        for number in 0..100 {
            let name = number.to_string();
            successors.push(named(place, &name)?);
            if inode(place.inspect(&name)?.entry()) == its {
                break;
            }
        }

        let holders = gone.holders()?;

        // Where the file system uses no inode number twice, no successor has the entry's.
        assert_eq!(told(&holders), [], "of {} successors", successors.len());
        Ok(())
    })
}

#[test]
fn a_live_name_without_a_visible_holder_has_an_incomplete_list() -> Result<(), Error> {
    alone("holders::a_live_name_without_a_visible_holder_has_an_incomplete_list", |registry| {
        let mapping = named(registry, "x")?;
        let live = registry.inspect("x")?;
        // Kept open, so that no other test's entry gets its inode.
        let _inode = File::open(live.entry()).unwrap();
        drop(mapping);

        let holders = live.holders()?;

        assert!(holders.is_empty() && !holders.is_complete(), "{holders:?}");
        Ok(())
    })
}

#[test]
fn one_pass_finds_the_holders_of_a_whole_listing() -> Result<(), Error> {
    const NAMES: usize = 500;
    alone("holders::one_pass_finds_the_holders_of_a_whole_listing", |registry| {
        let mut held = Vec::new();
        for number in 0..NAMES {
            held.push(named(registry, &format!("{number:03}"))?);
        }
        let views = [held[7].map(Access::Read)?, held[7].map(Access::Read)?];
        held.push(held[8].try_clone()?);
        let listed = registry.list()?;
        let since = Instant::now();
        listed[7].holders()?;
        let one = since.elapsed();
        let since = Instant::now();

        let holders = registry.holders(&listed)?;

        let all = since.elapsed();
        assert_eq!((listed.len(), holders.len()), (NAMES, NAMES));
        for (index, (name, holders)) in listed.iter().zip(&holders).enumerate() {
            let expected = match index {
                7 => (own(), 1, 2),
                8 => (own(), 2, 0),
                _ => (own(), 1, 0),
            };
            assert_eq!(told(holders), [expected], "{}", name.name());
        }
        // One pass for each name would take that much longer.
        assert!(all < one * 100, "{all:?} for all, {one:?} for one");
        drop(views);
        Ok(())
    })
}

#[test]
fn viewers_of_a_file_are_shown_with_and_without_a_name() -> Result<(), Error> {
    alone("holders::viewers_of_a_file_are_shown_with_and_without_a_name", |registry| {
        let file = tempfile::tempfile().expect("a file can be made");
        file.set_len(1 << 20).expect("it can be made longer");
        let mapping = FileMapping::options().file(&file).create()?;
        let named = FileMapping::options().registry(registry).name("x").file(&file).create()?;
        assert_eq!(told(&mapping.viewers()?), []);

        let views = [mapping.map(Access::Read)?, named.map_range(Access::Write, ..10)?];

        assert_eq!(told(&mapping.viewers()?), [(own(), 0, 2)]);
        assert_eq!(told(&named.viewers()?), [(own(), 0, 2)]);
        drop(views);
        assert_eq!(told(&mapping.viewers()?), []);
        Ok(())
    })
}

#[test]
fn viewers_of_memory_are_shown_without_its_name() -> Result<(), Error> {
    alone("holders::viewers_of_memory_are_shown_without_its_name", |registry| {
        let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
        let with_name = named(registry, "x")?;

        let views = (mapping.map(Access::Write)?, with_name.map(Access::Read)?);

        assert_eq!(told(&mapping.viewers()?), [(own(), 0, 1)]);
        assert_eq!(told(&with_name.viewers()?), [(own(), 0, 1)]);
        drop(views);
        Ok(())
    })
}
