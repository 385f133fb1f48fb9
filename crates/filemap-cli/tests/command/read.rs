use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use crate::support::{NOTHING, Place, finish, wait_for};

#[test]
fn a_file_is_dumped_with_offsets_bytes_and_text() {
    let place = Place::new();
    let path = place.file("greeting", b"hello, mapped world\n");

    assert_eq!(
        place.run(["read", &path]).text(),
        "00000000  68 65 6c 6c 6f 2c 20 6d  61 70 70 65 64 20 77 6f  |hello, mapped wo|\n\
         00000010  72 6c 64 0a                                       |rld.|\n\
         00000014\n"
    );
}

#[test]
fn repeated_rows_are_folded() {
    let place = Place::new();
    let _holder = place.hold(["zeros", "--size", "64KiB"]);

    assert_eq!(
        place.run(["read", "zeros"]).text(),
        "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n\
         *\n\
         00010000\n"
    );
}

// Windows cuts no file that is mapped.
#[cfg(target_os = "linux")]
#[test]
fn what_a_file_lost_while_it_has_a_name_is_an_error_and_not_zeros() {
    let place = Place::new();
    let path = place.file("cut", &[b'x'; 100_000]);
    place.file("other", &[b'x'; 1000]);
    let _holder = place.hold(["cut", "--file", &path]);
    File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();

    for arguments in [
        &["read", "cut", "--raw", "-s", "8192"][..],
        &["copy", "cut", "./copied"],
        &["find", "cut", "y"],
        &["cmp", "cut", "./other"],
        &["cmp", "./other", "cut", "--other-offset", "50000"],
    ] {
        let sentence = place.run(arguments).failed(2);
        assert!(sentence.contains("the file now ends at 1000"), "{arguments:?}: {sentence}");
    }
    assert!(!place.path("copied").exists());
}

#[test]
fn offset_and_length_choose_a_part() {
    let place = Place::new();
    let path = place.file("digits", b"0123456789");

    let part =
        |arguments: &[&str]| place.run(["read", &path, "--raw"].iter().chain(arguments)).text();

    assert_eq!(part(&["--offset", "3"]), "3456789");
    assert_eq!(part(&["--length", "3"]), "012");
    assert_eq!(part(&["--offset", "0x3", "--length", "4"]), "3456");
    assert_eq!(part(&["--offset", "8", "--length", "1GiB"]), "89");
    assert_eq!(part(&["--offset", "10"]), "");
    assert_eq!(part(&["--length", "0"]), "");
}

#[test]
fn raw_bytes_are_the_bytes_themselves() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    let path = place.file("numbers", &bytes);

    let outcome = place.run(["read", &path, "--raw"]);

    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout == bytes);
}

#[test]
fn json_has_the_bytes_in_hexadecimal() {
    let place = Place::new();
    let path = place.file("greeting", b"\0hello\xff");

    let read = place.run(["read", &path, "--offset", "1", "--length", "100", "--json"]).json();

    assert_eq!(read, json!({ "offset": 1, "hex": "68656c6c6fff", "length": 6 }));
}

#[test]
fn raw_bytes_and_json_exclude_each_other() {
    let place = Place::new();
    let path = place.file("greeting", b"hello");

    assert_eq!(place.run(["read", &path, "--raw", "--json"]).code, Some(2));
}

#[test]
fn what_lies_past_the_end_is_not_there() {
    let place = Place::new();
    let path = place.file("greeting", b"hello");
    let _holder = place.hold(["memory", "--size", "64KiB"]);

    let sentence = place.run(["read", &path, "--offset", "6"]).failed(2);
    let error = place.run(["read", "memory", "--offset", "65537", "--json"]).failed_with_json(2);

    assert!(sentence.ends_with("at offset 6: it ends at 5\n"), "{sentence}");
    assert_eq!(error["win32_code"], 38);
}

#[test]
fn a_file_that_is_not_there_is_not_made() {
    let place = Place::new();

    place.run(["read", "./nothing"]).failed(1);
    place.run(["read", "--file", "nothing"]).failed(1);

    assert_eq!(place.files(), NOTHING);
}

#[test]
fn a_file_that_may_only_be_read_can_be_read() {
    let place = Place::new();
    let path = place.file("greeting", b"hello");
    let mut permissions = File::open(&path).unwrap().metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();

    assert_eq!(place.run(["read", &path, "--raw"]).text(), "hello");
}

#[test]
fn offsets_past_4_gib_are_reached() {
    let place = Place::new();
    let path = place.file("sparse", b"");
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len((5 << 30) + 3).unwrap();

    let read = place.run(["read", &path, "--offset", "5GiB"]).text();

    assert_eq!(
        read,
        "000140000000  00 00 00                                          |...|\n000140000003\n"
    );
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let place = Place::new();
    let _holder = place.hold(["large", "--size", "64MiB"]);

    for arguments in [&["read", "large", "--raw"][..], &["read", "large", "--json"]] {
        let mut command = place.command();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);

        let outcome = wait_for(child);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn colour_is_for_terminals() {
    let place = Place::new();
    let path = place.file("greeting", b"hello\0\xff");
    let mut forced = place.command();
    forced.args(["read", &path]).env("CLICOLOR_FORCE", "1");

    let forced = finish(forced, b"").text();

    assert!(!place.run(["read", &path]).text().contains('\u{1b}'));
    assert!(forced.contains("\u{1b}["), "{forced}");
}

#[test]
fn an_offset_with_a_minus_counts_from_the_end() {
    let place = Place::new();
    let path = place.file("digits", b"0123456789");

    assert_eq!(place.run(["read", &path, "--raw", "--offset", "-3"]).text(), "789");
    assert_eq!(place.run(["read", &path, "--raw", "-s", "-0xa", "-n", "2"]).text(), "01");
    let error = place.run(["read", &path, "-s", "-11", "--json"]).failed_with_json(2);
    assert_eq!(error["win32_code"], 87);
}

#[test]
fn bytes_are_shown_as_numbers_of_any_type() {
    let place = Place::new();
    let path = place.file("numbers", &[1, 0, 0, 0, 0, 0, 0xc0, 0x3f, 9]);
    let read = |kind| place.run(["read", &path, "--as", kind, "--json"]).json()["values"].take();

    assert_eq!(read("u8"), json!([1, 0, 0, 0, 0, 0, 192, 63, 9]));
    assert_eq!(read("i16"), json!([1, 0, 0, 16320]));
    assert_eq!(read("f32"), json!([1e-45, 1.5]));
    assert_eq!(read("u64"), json!([4_593_671_619_917_905_921_u64]));
    let text = place.run(["read", &path, "--as", "u32", "--columns", "2"]).text();
    assert_eq!(text, "00000000           1 1069547520\n00000008          09\n00000009\n");
    let big = place.run(["read", &path, "--as", "u16", "--order", "big", "-n", "2", "--json"]);
    assert_eq!(big.json()["values"], json!([256]));
}

#[test]
fn a_slash_does_for_the_backslash_that_a_shell_takes() {
    let place = Place::new();
    let _holder = place.hold(["Local/scores", "--size", "1"]);

    assert_eq!(place.run(["read", "Local/scores", "--raw", "-n", "1"]).text(), "\0");
    assert_eq!(place.run(["read", "Local\\scores", "--raw", "-n", "1"]).text(), "\0");
    let missed = place.run(["read", "Localscores"]).failed(1);
    assert!(missed.contains("write Local/scores"), "{missed}");
}

// Only Linux reports holes in memory.
#[cfg(target_os = "linux")]
#[test]
fn reading_a_hole_brings_nothing_in() {
    let place = Place::new();
    let _holder = place.hold(["large", "--size", "1GiB", "--sparse"]);
    place.run(["write", "large", "--offset", "512M", "--text", "x"]).text();

    let dump = place.run(["read", "large"]).text();

    assert_eq!(dump.lines().count(), 6, "{dump}");
    let told = place.run(["info", "large", "--json"]).json();
    assert!(told["residency"]["in_holes"].as_u64().unwrap() > (1 << 30) - (1 << 20), "{told}");
}

// About directories of names, of Linux.
#[cfg(target_os = "linux")]
#[test]
fn a_path_needs_no_names_and_a_name_needs_a_trusted_directory() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    drop(place.hold(["x", "--size", "1"]));
    let path = place.file("greeting", b"hello");
    for root in std::fs::read_dir(place.registry()).unwrap().flatten() {
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(root.path(), open).unwrap();
    }

    assert_eq!(place.run(["read", "--raw", &path]).text(), "hello");
    // A name could be meant, by which another mapping would be read.
    let mut command = place.command();
    command.args(["read", "greeting"]).current_dir(place.path("."));
    let told = finish(command, b"").failed(2);
    assert!(told.contains("/filemap-") && told.contains("other users may enter it"), "{told}");
}

// Terminals are files on Linux alone.
#[cfg(target_os = "linux")]
#[test]
fn bytes_are_not_printed_to_a_terminal() {
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    let path = place.file("bytes", b"\x1b[31mred");

    for arguments in [format!("read {path} --raw"), format!("copy {path} -")] {
        let terminal = crate::terminal::Terminal::run(&place, (200, 24), &arguments);
        let (code, screen) = terminal.end();
        assert_eq!(code, 2, "{arguments}");
        let said = screen.contents();
        assert!(said.starts_with("filemap: could not print the bytes: "), "{said}");
        assert!(!said.contains("red"), "{said}");
    }
}
