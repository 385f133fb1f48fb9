use std::fs;

use serde_json::json;

use crate::support::{NOTHING, Place};

#[test]
fn a_part_is_filled_with_a_byte_or_a_pattern_and_the_rest_stays() {
    let place = Place::new();
    let path = place.file("letters", b"0123456789");

    place.run(["fill", &path, "-s", "1", "-n", "2", "--hex", "2e"]).text();
    place.run(["fill", &path, "-s", "-4", "--text", "ab-"]).text();

    assert_eq!(fs::read(&path).unwrap(), b"0..345ab-a");
}

#[test]
fn a_pattern_may_begin_with_a_minus() {
    let place = Place::new();
    let path = place.file("letters", b"0123456789");

    place.run(["fill", &path, "-s", "-4", "--text", "-="]).text();
    place.run(["write", &path, "-s", "0", "--text", "--"]).text();

    assert_eq!(fs::read(&path).unwrap(), b"--2345-=-=");
}

#[test]
fn everything_is_zero_if_nothing_else_is_said() {
    let place = Place::new();
    let path = place.file("letters", b"0123456789");

    let said = place.run(["fill", &path, "--json"]).json();

    assert_eq!(said, json!({ "target": format!("`{path}`"), "offset": 0, "length": 10 }));
    assert_eq!(fs::read(&path).unwrap(), [0; 10]);
}

#[test]
fn a_pattern_goes_on_over_pieces() {
    let place = Place::new();

    place.run(["fill", "./new", "-n", "3000000", "--text", "abcdefg"]).text();

    let filled = fs::read(place.path("new")).unwrap();
    assert_eq!(filled.len(), 3_000_000);
    assert!(filled.iter().zip(b"abcdefg".iter().cycle()).all(|(one, other)| one == other));
}

#[test]
fn what_does_not_fit_into_memory_changes_nothing() {
    let place = Place::new();
    let _holder = place.hold(["memory", "--size", "64KiB"]);

    let sentence = place.run(["fill", "memory", "-s", "1", "-n", "64K", "--hex", "ff"]).failed(2);
    place.run(["fill", "memory", "--text", ""]).failed(2);

    assert!(sentence.contains("it has 65536"), "{sentence}");
    assert_eq!(place.run(["read", "memory", "--raw"]).text(), "\0".repeat(65536));
    assert_eq!(place.files(), NOTHING);
}
