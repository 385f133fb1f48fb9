use std::fs::{self, File};

use serde_json::json;

use crate::support::{NOTHING, Place};

#[test]
fn bytes_go_from_a_file_to_a_name_and_back() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..65_536u32).map(|number| number.to_le_bytes()[0] ^ 0x5a).collect();
    let path = place.file("one", &bytes);
    let _holder = place.hold(["memory", "--size", "64KiB"]);

    place.run(["copy", &path, "memory"]).text();
    place.run(["copy", "memory", "./back"]).text();

    assert!(fs::read(place.path("back")).unwrap() == bytes);
}

#[test]
fn a_whole_copy_of_a_file_is_as_long_as_its_source() {
    let place = Place::new();
    let short = place.file("short", b"short");
    let long = place.file("long", b"a longer one");

    place.run(["copy", &short, &long]).text();
    place.run(["copy", &short, "new"]).text();

    assert_eq!(fs::read(&long).unwrap(), b"short");
    assert_eq!(fs::read(place.path("new")).unwrap(), b"short");
}

#[test]
fn a_part_is_copied_to_a_part_and_the_rest_stays() {
    let place = Place::new();
    let one = place.file("one", b"0123456789");
    let other = place.file("other", b"abcdefghij");

    let told = place.run(["copy", &one, &other, "--from", "-4", "--to", "2", "-n", "3", "--json"]);

    assert_eq!(fs::read(&other).unwrap(), b"ab678fghij");
    let told = told.json();
    assert_eq!((&told["from"], &told["to"], &told["length"]), (&json!(6), &json!(2), &json!(3)));
    place.run(["copy", &one, &other, "--from", "5", "--to", "8"]).text();
    assert_eq!(fs::read(&other).unwrap(), b"ab678fgh56789");
    // Within one file, if the ranges do not overlap.
    place.run(["copy", &one, &one, "--from", "0", "--to", "5", "-n", "5"]).text();
    assert_eq!(fs::read(&one).unwrap(), b"0123401234");
}

#[test]
fn input_and_output_are_copied_too() {
    let place = Place::new();
    let path = place.file("log", b"something longer");
    let _holder = place.hold(["memory", "--size", "64KiB"]);

    place.run_with_input(["copy", "-", "memory", "--to", "3"], b"hello").text();
    place.run_with_input(["copy", "-", &path], b"new").text();

    assert_eq!(place.run(["copy", "memory", "-", "-n", "9"]).text(), "\0\0\0hello\0");
    assert_eq!(fs::read(&path).unwrap(), b"new");
    place.run(["copy", "-", "-"]).failed(2);
    place.run(["copy", "-", &path, "--from", "1"]).failed(2);
    place.run(["copy", &path, "-", "--to", "1"]).failed(2);
}

#[test]
fn what_does_not_fit_changes_nothing_and_says_what_does() {
    let place = Place::new();
    let path = place.file("large", &[1; 70_000]);
    let _holder = place.hold(["memory", "--size", "64KiB"]);

    let sentence = place.run(["copy", &path, "memory", "--to", "16"]).failed(2);

    assert!(sentence.contains("--length 65520 copies what fits"), "{sentence}");
    assert_eq!(place.run(["read", "memory", "--raw"]).text(), "\0".repeat(65536));
}

#[test]
fn a_source_that_is_not_there_makes_nothing() {
    let place = Place::new();

    let error = place.run(["copy", "nobody", "./new", "--json"]).failed_with_json(1);

    assert_eq!(error["win32_code"], 2);
    assert_eq!(place.files(), NOTHING);
}

#[test]
fn bytes_are_not_copied_over_themselves() {
    let place = Place::new();
    let path = place.file("one", b"0123456789");
    let _holder = place.hold(["named", "--file", &path]);

    for (source, destination) in [(&path[..], "./one"), ("./one", "named"), ("named", "named")] {
        let sentence = place.run(["copy", source, destination, "--to", "1"]).failed(2);
        assert!(sentence.contains("over itself"), "{sentence}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"0123456789");
}

#[test]
fn holes_stay_holes_and_what_was_there_before_them_is_erased() {
    let place = Place::new();
    let sparse = place.file("sparse", b"start");
    File::options().write(true).open(&sparse).unwrap().set_len(1 << 30).unwrap();
    place.run(["write", &sparse, "-s", "512M", "--text", "middle"]).text();
    let used = place.file("used", &[7; 300_000]);

    let told = place.run(["copy", &sparse, "./new", "--json"]).json();
    place.run(["copy", &sparse, &used]).text();

    for copy in ["./new", &used] {
        assert_eq!(place.run(["cmp", &sparse, copy]).text(), "");
    }
    // Wine does not report holes.
    if cfg!(target_os = "linux") {
        let room = |path: &str| place.run(["info", path, "--json"]).json()["size_on_disk"].as_u64();
        assert!(room("./new").unwrap() < 1 << 20, "{told}");
        assert!(told["holes"].as_u64().unwrap() > (1 << 30) - (1 << 20), "{told}");
    }
}

// Files of `/proc` and `/sys`, signals and pipes are Linux'.
#[cfg(target_os = "linux")]
mod linux {
    use std::io::Write as _;

    use super::*;
    use crate::support::{Running, emulated, finish};

    #[test]
    fn what_a_length_of_0_conceals_is_read() {
        let place = Place::new();
        let version = fs::read("/proc/version").unwrap();
        let len = version.len();

        place.run(["copy", "/proc/version", "new"]).text();

        assert_eq!(fs::read(place.path("new")).unwrap(), version);
        assert_eq!(place.run(["copy", "/proc/version", "-"]).stdout, version);
        assert_eq!(place.run(["read", "/proc/version", "--raw"]).stdout, version);
        assert_eq!(
            place.run(["read", "/proc/version", "--raw", "-s", "-6"]).stdout,
            version[len - 6..]
        );
        assert_eq!(
            place.run(["read", "/proc/version", "--raw", "-s", "6", "-n", "7"]).text(),
            "version"
        );
        assert_eq!(place.run(["cmp", "/proc/version", "new"]).text(), "");
        let found = place.run(["find", "/proc/version", "version", "--json"]).json();
        assert_eq!(found["places"][0]["offset"], 6);
        // Of these, the length says more than there is.
        let (page, path) = ("/sys/kernel/mm/transparent_hugepage/enabled", place.path("page"));
        if let Ok(setting) = fs::read(page) {
            place.run(["copy", page, "page"]).text();
            assert_eq!(fs::read(path).unwrap(), setting);
            assert_eq!(place.run(["read", page, "--raw"]).stdout, setting);
        }
    }

    #[test]
    fn a_pipe_is_refused_as_either_side_and_waited_for_as_none() {
        let place = Place::new();
        let path = place.file("bytes", b"0123");
        let mut command = place.other_command("mkfifo");
        command.arg("pipe");
        assert_eq!(finish(command, b"").code, Some(0));

        for arguments in [
            &["copy", &path, "pipe"][..],
            &["copy", "./pipe", &path],
            &["copy", "-", "pipe"],
            &["cmp", &path, "./pipe"],
            &["read", "./pipe"],
            &["write", "./pipe", "--offset", "0", "--text", "x"],
            &["fill", "./pipe"],
            &["find", "./pipe", "x"],
            &["flush", "./pipe"],
            &["put", "./pipe", "--offset", "0", "1"],
            &["get", "./pipe"],
            &["watch", "./pipe", "--json"],
        ] {
            let outcome = place.run(arguments);
            assert_eq!(outcome.code, Some(2), "{outcome:?}");
            let sentence = outcome.stderr;
            assert!(sentence.contains("pipe: it is a pipe, and only files can"), "{sentence}");
        }
        assert_eq!(fs::read(&path).unwrap(), b"0123");
    }

    /// Starts a copy of a large file, and waits until some of it is copied.
    fn begun(place: &Place, source: &str, destination: &str) -> Running {
        let copy = place.start(["copy", source, destination]);
        let begun = std::time::Instant::now();
        let has_bytes = |path: std::path::PathBuf| {
            let is_new =
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"new"));
            is_new && fs::metadata(&path).is_ok_and(|state| state.len() > 0)
        };
        while !place.files().into_iter().any(has_bytes) {
            assert!(begun.elapsed() < crate::support::DEADLINE, "nothing was copied");
        }
        copy
    }

    #[test]
    fn a_new_file_has_its_name_when_it_is_whole_and_a_copy_that_ends_early_can_be_continued() {
        if emulated() {
            // The emulator would receive the signal.
            return;
        }
        let place = Place::new();
        let bytes = vec![7; 256 << 20];
        place.file("source", &bytes);

        let copy = begun(&place, "source", "new");
        copy.signal("INT");
        let outcome = copy.wait();

        if outcome.code == Some(0) {
            println!("skipped: the copy was done before it could be interrupted");
            return;
        }
        assert_eq!(outcome.code, Some(130));
        assert!(!place.path("new").exists(), "what is there looks whole");
        let sentence = outcome.stderr;
        let (_, rest) = sentence.split_once(": `filemap ").unwrap();
        let (command, rest) = rest.split_once("` continues, and `").unwrap();
        place.run(command.split(' ')).text();
        let (command, _) = rest.split_once("` ends it").unwrap();
        let mut words = command.split(' ');
        let mut end = place.other_command(words.next().unwrap());
        end.args(words);
        assert_eq!(finish(end, b"").code, Some(0));
        assert!(fs::read(place.path("new")).unwrap() == bytes);
        assert_eq!(place.files().len(), 2);

        begun(&place, "source", "new-too").kill();

        assert!(!place.path("new-too").exists(), "what is there looks whole");
    }

    #[test]
    fn a_copy_over_a_file_that_ends_early_says_what_is_not_complete() {
        let place = Place::new();
        place.file("there", &[1; 100]);
        place.file("large", &[2; 3 << 20]);
        // A limit is met as a full disk is.
        let limited = |arguments: &[&str]| {
            let mut command = place.other_command("sh");
            command.args(["-c", "ulimit -f 2048; exec \"$@\"", "sh"]);
            command.args(crate::support::filemap()).args(arguments);
            finish(command, b"").failed(2)
        };

        let sentence = limited(&["copy", "large", "there"]);
        assert!(sentence.contains("; `there` is not complete: "), "{sentence}");
        assert!(sentence.ends_with(" bytes of it are copied\n"), "{sentence}");
        let sentence = limited(&["copy", "large", "new"]);
        assert!(sentence.ends_with("; `new` was not made\n"), "{sentence}");
        assert_eq!(place.files().len(), 2);
        // Nothing is cut before there is something to put there.
        place.file("there", &[1; 100]);
        place.run(["copy", "nobody-there/", "there"]).failed(1);
        assert_eq!(fs::read(place.path("there")).unwrap(), [1; 100]);
    }

    #[test]
    fn a_link_that_leads_nowhere_yet_stays_a_link() {
        let place = Place::new();
        let path = place.file("bytes", b"0123");
        std::os::unix::fs::symlink("later", place.path("link")).unwrap();

        place.run(["copy", &path, "./link"]).text();

        assert!(place.path("link").is_symlink());
        assert_eq!(fs::read(place.path("later")).unwrap(), b"0123");
        // And so does one that a verb fails on.
        std::os::unix::fs::symlink("link-too", place.path("to-a-link")).unwrap();
        std::os::unix::fs::symlink("never", place.path("link-too")).unwrap();
        place.run(["write", "./to-a-link", "--offset", "-5", "--text", "x"]).failed(2);
        assert!(!place.path("never").exists());
        let mut new = File::create(place.path("empty")).unwrap();
        new.write_all(b"").unwrap();
        place.run(["copy", "./empty", "new"]).text();
        assert_eq!(fs::read(place.path("new")).unwrap(), b"");
    }

    #[test]
    fn a_name_too_long_for_another_one_beside_it_is_given_to_what_is_whole() {
        let place = Place::new();
        let long = "n".repeat(250);
        let mut copy = place.start(["copy", "-", &long]);
        copy.say("a part");
        let begun = std::time::Instant::now();
        let has_bytes = |path: std::path::PathBuf| fs::metadata(path).is_ok_and(|it| it.len() > 0);
        while !place.files().into_iter().any(has_bytes) {
            assert!(begun.elapsed() < crate::support::DEADLINE, "nothing was copied");
        }
        assert!(!place.path(&long).exists(), "what is there looks whole");

        copy.end_input();

        assert_eq!(copy.wait().code, Some(0));
        assert_eq!(fs::read(place.path(&long)).unwrap(), b"a part\n");
        assert_eq!(place.files().len(), 1);
    }
}
