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
    // Within one file, as long as the parts do not overlap.
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
    // Windows makes a file sparse on file systems that can, which Wine's does not tell.
    if cfg!(target_os = "linux") {
        let room = |path: &str| place.run(["info", path, "--json"]).json()["size_on_disk"].as_u64();
        assert!(room("./new").unwrap() < 1 << 20, "{told}");
        assert!(told["holes"].as_u64().unwrap() > (1 << 30) - (1 << 20), "{told}");
    }
}
