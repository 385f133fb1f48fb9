use std::fs;

use serde_json::json;

use crate::support::{NOTHING, Place};

#[test]
fn a_text_is_written_and_others_read_it() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64KiB"]);

    let said = place.run(["write", "scores", "--offset", "10", "--text", "hello"]).text();

    assert_eq!(said, "wrote 5 bytes at offset 10 of `Local\\scores`\n");
    assert_eq!(
        place.run(["read", "scores", "--offset", "9", "--length", "7", "--raw"]).text(),
        "\0hello\0"
    );
}

#[test]
fn hexadecimal_is_written_as_bytes() {
    let place = Place::new();
    let path = place.file("bytes", b"....");

    let said = place.run(["write", &path, "--offset", "1", "--hex", "de ad:BE", "--json"]).json();

    assert_eq!(said, json!({ "target": format!("`{path}`"), "offset": 1, "length": 3 }));
    assert_eq!(fs::read(&path).unwrap(), b".\xde\xad\xbe");
}

#[test]
fn input_of_any_length_is_written() {
    let place = Place::new();
    let path = place.file("bytes", b"head ");
    let input: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();

    let said = place.run_with_input(["write", &path, "--offset", "5", "--json"], &input).json();

    assert_eq!(said["length"], 400_000);
    let content = fs::read(&path).unwrap();
    assert!(content[..5] == *b"head " && content[5..] == input);
}

#[test]
fn a_file_grows_sparsely() {
    let place = Place::new();
    let path = place.file("bytes", b"start");

    place.run(["write", &path, "--offset", "5G", "--text", "far out"]).text();

    let told = place.run(["info", &path, "--json"]).json();
    assert_eq!(fs::metadata(&path).unwrap().len(), (5 << 30) + 7);
    assert!(told["size_on_disk"].as_u64().unwrap() < 1 << 20, "{told}");
}

#[test]
fn a_file_is_made_only_where_a_path_was_meant() {
    let place = Place::new();

    place.run(["write", "word", "--offset", "0", "--text", "x"]).failed(1);
    assert_eq!(place.files(), NOTHING);
    place.run(["write", "./path", "--offset", "0", "--text", "x"]).text();
    place.run(["write", "--file", "word", "--offset", "0", "--text", "y"]).text();

    assert_eq!(fs::read(place.path("path")).unwrap(), b"x");
    assert_eq!(fs::read(place.path("word")).unwrap(), b"y");
}

#[test]
fn memory_is_written_in_whole_or_not_at_all() {
    let place = Place::new();
    let _holder = place.hold(["small", "--size", "64KiB"]);

    let error = place
        .run(["write", "small", "--offset", "65534", "--text", "four", "--json"])
        .failed_with_json(2);

    assert!(error["win32_code"].as_u64().unwrap() > 0);
    assert_eq!(place.run(["read", "small", "--raw"]).text(), "\0".repeat(65536));
}

#[test]
fn input_that_does_not_fit_is_told_with_what_was_written_of_it() {
    let place = Place::new();
    let _holder = place.hold(["small", "--size", "64KiB"]);

    let outcome = place.run_with_input(["write", "small", "--offset", "0"], &[b'x'; 200_000]);

    let sentence = outcome.failed(2);
    assert!(sentence.ends_with("; 65536 bytes of the input were written before\n"), "{sentence}");
    assert_eq!(place.run(["read", "small", "--raw"]).text(), "x".repeat(65536));
}

#[test]
fn what_is_protected_is_not_written_to() {
    let place = Place::new();
    let path = place.file("bytes", b"as it was");
    let _holder = place.hold(["kept", "--file", &path, "--protection", "read-only"]);

    let error =
        place.run(["write", "kept", "--offset", "0", "--text", "x", "--json"]).failed_with_json(2);

    assert_eq!(error["win32_code"], 5);
    assert_eq!(fs::read(&path).unwrap(), b"as it was");
}

#[test]
fn what_cannot_be_understood_is_refused_before_anything_is_written() {
    let place = Place::new();
    let path = place.file("bytes", b"as it was");

    for arguments in [
        &["--offset", "0", "--hex", "123"][..],
        &["--offset", "0", "--hex", "xy"],
        &["--offset", "--1", "--text", "x"],
        &["--offset", "1Q", "--text", "x"],
        &["--offset", "0", "--text", "x", "--hex", "00"],
        &["--text", "no offset"],
    ] {
        let outcome = place.run(["write", &path].iter().chain(arguments));
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:?}");
    }
    place.run(["write", &path, "--offset", "0xffffffffffffffff", "--text", "xx"]).failed(2);

    assert_eq!(fs::read(&path).unwrap(), b"as it was");
}

#[test]
fn a_write_that_fails_leaves_no_file() {
    let place = Place::new();

    for arguments in [
        &["write", "./new", "--offset", "-5", "--text", "x"][..],
        &["write", "./new", "--offset", "0xffffffffffffffff", "--text", "xx"],
        &["fill", "./new", "--offset", "-5", "--length", "3"],
        &["fill", "./new", "--offset", "0xffffffffffffffff", "--length", "2"],
        &["put", "./new", "--offset", "-5", "1"],
        &["put", "./new", "--offset", "0xffffffffffffffff", "1"],
        &["copy", "-", "./new", "--to", "-5"],
        &["copy", "-", "./new", "--to", "0xffffffffffffffff"],
        &["copy", "./nobody", "./new"],
    ] {
        let outcome = place.run_with_input(arguments, b"xx");
        assert!(matches!(outcome.code, Some(1 | 2)), "{arguments:?}: {outcome:?}");
        assert_eq!(place.files(), NOTHING, "{arguments:?}");
    }
}

// Only Linux can signal a single process.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_verb_leaves_no_name_behind() {
    if crate::support::emulated() {
        // The emulator would receive the signal.
        return;
    }
    let place = Place::new();
    let mut holder = place.hold(["scores", "--size", "64KiB"]);
    let mut writer = place.start(["write", "scores", "--offset", "0"]);
    writer.say("begun");
    let begun = std::time::Instant::now();
    while !place.run(["read", "scores", "--raw"]).text().starts_with("begun") {
        assert!(begun.elapsed() < crate::support::DEADLINE, "nothing was written");
    }
    holder.end_input();
    assert_eq!(holder.wait().code, Some(0));
    assert_eq!(place.entries().len(), 1);

    writer.signal("INT");

    assert_eq!(writer.wait().code, Some(130));
    assert_eq!(place.entries(), NOTHING);
}
