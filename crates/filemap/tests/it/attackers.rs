//! What an attacker can do and what not, by the table in `docs/safety.md`: a test for each row.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use crate::users::{ONE, OTHER, Stage, directory_of, file_of, obeyed, staged};

#[test]
fn another_user_can_do_nothing_to_local_names() {
    const TEST: &str = "attackers::another_user_can_do_nothing_to_local_names";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let (mut one, mut other) = (stage.user(ONE, &[]), stage.user(OTHER, &[]));
    one.does("create x");

    assert!(other.ask("open x").starts_with("NotFound"));
    assert_eq!(other.ask("list"), "[]");
    for attack in [
        "read filemap-4001/x",
        "write filemap-4001/x",
        "claim filemap-4001/x",
        "cut filemap-4001/x",
        "remove filemap-4001/x",
        "list filemap-4001",
        "create filemap-4001/occupied",
        "rename filemap-4001/x filemap-4001/y",
        "rename filemap-4001 elsewhere",
        "mode filemap-4001 777",
    ] {
        assert_eq!(other.ask(&format!("attack {attack}")), "PermissionDenied", "{attack}");
    }
    other.does("create x");
    assert_eq!(one.ask("withdrawn"), "false");
    assert_eq!(one.ask("read x"), "hello");
    one.does("create occupied");
}

#[test]
fn another_user_leads_nobody_to_files_of_others() {
    const TEST: &str = "attackers::another_user_leads_nobody_to_files_of_others";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let (mut one, mut other) = (stage.user(ONE, &[]), stage.user(OTHER, &[]));
    let mut superuser = stage.user(0, &[]);
    superuser.does("create Global\\own");
    let own = file_of(OTHER, "own", 0o644);
    for (number, owner) in [ONE, 0].into_iter().enumerate() {
        let secret = file_of(owner, &format!("secret-{number}"), 0o644);
        let name = format!("bait-{number}");
        other.does(&format!("share Global\\{name}"));
        other.does(&format!("attack rewrite filemap-global/{name} {secret}"));
        other.does(&format!("attack mode filemap-global/{name} 744"));

        for process in [&mut one, &mut superuser] {
            let told = process.ask(&format!("open Global\\{name}"));
            let is_own_users = told.starts_with("BackingGone");
            assert!(is_own_users, "{owner}: {told}");
        }
        assert_eq!(fs::read(&secret).expect("it can be read"), b"secret");
    }
    // It may lead them to its own.
    other.does("share Global\\honest");
    other.does(&format!("attack rewrite filemap-global/honest {own}"));
    other.does("attack mode filemap-global/honest 744");
    assert_eq!(superuser.ask("read Global\\honest"), "secre");
    // What others made in a directory with the sticky bit stays theirs.
    for attack in ["remove filemap-global/own", "rename filemap-global elsewhere"] {
        assert_eq!(other.ask(&format!("attack {attack}")), "PermissionDenied", "{attack}");
    }
}

#[test]
fn the_owner_of_the_directory_can_take_global_names_and_their_holders_can_tell() {
    const TEST: &str =
        "attackers::the_owner_of_the_directory_can_take_global_names_and_their_holders_can_tell";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let (mut one, mut other) = (stage.user(ONE, &[]), stage.user(OTHER, &[]));
    directory_of(OTHER, "/dev/shm/filemap-global", 0o1777);
    one.does("create Global\\x");
    one.does("view");
    assert_eq!(one.ask("withdrawn"), "false");

    other.does("attack remove filemap-global/x");

    assert_eq!(one.ask("withdrawn"), "true");
    assert_eq!(one.ask("peek"), "hello");
    other.does("create Global\\x");
    assert!(one.ask("open Global\\x").starts_with("AccessDenied"));
}

#[test]
fn another_user_who_may_read_neither_writes_nor_blocks() {
    const TEST: &str = "attackers::another_user_who_may_read_neither_writes_nor_blocks";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let (mut one, mut other) = (stage.user(ONE, &[]), stage.user(OTHER, &[]));
    stage.user(0, &[]).does("create Global\\own");
    one.does("create Global\\x");
    one.does("attack mode filemap-global/x 644");
    other.does("open Global\\x");

    assert!(other.ask("write Global\\x").starts_with("AccessDenied"));
    for attack in ["write", "cut", "remove"] {
        let told = other.ask(&format!("attack {attack} filemap-global/x"));
        assert_eq!(told, "PermissionDenied", "{attack}");
    }
    let told = other.ask("attack claim filemap-global/x");
    assert_ne!(told, "done", "a claim needs a descriptor that can write");

    // It keeps the name, as every handle does, and hands it back.
    one.does("drop");
    assert_eq!(one.ask("read Global\\x"), "hello");
    other.does("drop");
    assert!(one.ask("open Global\\x").starts_with("NotFound"));
    one.does("create Global\\x");
}

#[test]
fn whoever_may_write_kills_nobody_and_makes_nobody_wait_for_ever() {
    const TEST: &str = "attackers::whoever_may_write_kills_nobody_and_makes_nobody_wait_for_ever";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let mut superuser = stage.user(0, &[]);
    superuser.does("create Global\\own");
    // Another user whom the permissions let write, and another process of the same one.
    for attacker in [OTHER, ONE] {
        let (mut one, mut other) = (stage.user(ONE, &[]), stage.user(attacker, &[]));
        one.does("share Global\\x");
        one.does("view");
        other.does("write Global\\x");
        assert_eq!(one.ask("peek"), "HELLO");
        let removed = other.ask("attack remove filemap-global/none");
        assert_eq!(removed, "NotFound");
        if attacker == OTHER {
            assert_eq!(other.ask("attack remove filemap-global/x"), "PermissionDenied");
        }

        other.does("attack cut filemap-global/x");
        let told = one.ask("peek");
        assert!(told.starts_with("Lost"), "{told}");
        assert!(one.ask("open Global\\x").starts_with("DamagedEntry"));
        assert_eq!(superuser.ask("list"), r#"["Global\\own"]"#, "others can be listed");
        one.does("drop");
        one.does("share Global\\x");

        // A claim that is kept, on the entry of nobody.
        one.does("drop");
        fs::write("/dev/shm/filemap-global/y", "").expect("there is room");
        superuser.does("attack mode filemap-global/y 666");
        other.does("attack claim filemap-global/y");
        for process in [&mut one, &mut superuser] {
            for ask in ["open", "create"] {
                let told = process.ask(&format!("{ask} Global\\y"));
                assert!(told.starts_with("TimedOut"), "{ask}: {told}");
            }
        }
        drop(other);
        superuser.does("create Global\\y");
        superuser.does("drop");
        superuser.does("create Global\\own");
    }
}

#[test]
fn a_lease_on_the_mark_of_a_users_sweeps_makes_nobody_wait() {
    const TEST: &str = "attackers::a_lease_on_the_mark_of_a_users_sweeps_makes_nobody_wait";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    directory_of(OTHER, "/dev/shm/filemap-global", 0o1777);
    let mut other = stage.user(OTHER, &[]);
    other.does("attack lease filemap-global/.swept-4001");

    stage.user(ONE, &[]).does("create Global\\x");

    let mark = fs::metadata("/dev/shm/filemap-global/.swept-4001").expect("it is there");
    let locks = fs::read_to_string("/proc/locks").expect("it can be read");
    let mut leases = locks.lines().filter(|line| line.contains("LEASE"));
    let is_there = leases.any(|line| line.contains(&format!(":{} ", mark.ino())));
    assert!(is_there, "it was waited for until the system took it away: {locks}");
}

#[test]
fn a_link_in_the_place_of_the_mark_of_sweeps_is_not_written_through() {
    const TEST: &str =
        "attackers::a_link_in_the_place_of_the_mark_of_sweeps_is_not_written_through";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    let mut one = stage.user(ONE, &[]);
    one.does("create Global\\x");
    one.does("view");
    // As others can where the system does not protect links.
    let [mark, entry] = [".swept-4001", "x"].map(|name| format!("/dev/shm/filemap-global/{name}"));
    fs::remove_file(&mark).expect("it was made");
    fs::hard_link(&entry, &mark).expect("the superuser can");
    // So long ago that a sweep is due.
    let file = File::options().write(true).open(&entry).expect("the superuser can");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("the superuser can");

    stage.user(ONE, &[]).does("create Global\\y");

    assert_eq!(one.ask("peek"), "hello");
}

#[test]
fn dead_names_are_freed_beside_a_root_that_another_user_spoiled() {
    const TEST: &str = "attackers::dead_names_are_freed_beside_a_root_that_another_user_spoiled";
    if staged(TEST) || obeyed() {
        return;
    }
    let stage = Stage::new(TEST);
    for [spoiled, other] in [["filemap-global", "filemap-4001"], ["filemap-4001", "filemap-global"]]
    {
        directory_of(OTHER, &format!("/dev/shm/{spoiled}"), 0o700);
        let mode = if other == "filemap-4001" { 0o700 } else { 0o1777 };
        directory_of(ONE, &format!("/dev/shm/{other}"), mode);
        let dead = file_of(ONE, &format!("{other}/x"), 0o600);

        let told = stage.user(ONE, &[]).ask("gc");

        assert!(told.starts_with("UntrustedRegistry"), "{told}");
        assert!(!Path::new(&dead).exists(), "{other}");
        for root in [spoiled, other] {
            fs::remove_dir_all(format!("/dev/shm/{root}")).expect("it is there");
        }
    }
}
