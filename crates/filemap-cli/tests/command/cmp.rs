use serde_json::json;

use crate::support::Place;

#[test]
fn what_is_alike_ends_with_0_and_says_nothing() {
    let place = Place::new();
    let one = place.file("one", b"the same");
    let other = place.file("other", b"the same");

    assert_eq!(place.run(["cmp", &one, &other]).text(), "");
    let told = place.run(["cmp", &one, &other, "--json"]).json();
    assert_eq!((&told["equal"], &told["compared"]), (&json!(true), &json!(8)));
}

#[test]
fn every_difference_is_counted_and_the_first_are_shown() {
    let place = Place::new();
    let one = place.file("one", b"0123456789abcdef0123456789");
    let other = place.file("other", b"01xx456789abcdef0123y56789");

    let said = place.run(["cmp", &one, &other]);
    let told = place.run(["cmp", &one, &other, "--json", "-m", "1"]);

    assert_eq!(said.code, Some(1));
    let text = String::from_utf8(said.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("-00000000  30 31 32 33"), "{text}");
    assert!(lines[1].starts_with("+00000000  30 31 78 78"), "{text}");
    assert!(lines[3].starts_with("+00000010  30 31 32 33 79"), "{text}");
    assert!(lines[4].starts_with("3 bytes of 26 differ, in 2 places, the first at offset 0x2 of "));
    assert_eq!(told.code, Some(1));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["places"], json!([{ "offset": 2, "other_offset": 2, "length": 2 }]));
    assert_eq!((&told["count"], &told["bytes"]), (&json!(2), &json!(3)));
}

#[test]
fn a_difference_across_pieces_is_one() {
    let place = Place::new();
    let one = place.file("one", &[0; 200_000]);
    let mut bytes = [0; 200_000];
    bytes[65_530..131_080].fill(1);
    let other = place.file("other", &bytes);

    let told = place.run(["cmp", &one, &other, "--json"]);

    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let places = json!([{ "offset": 65_530, "other_offset": 65_530, "length": 65_550 }]);
    assert_eq!((&told["places"], &told["count"]), (&places, &json!(1)));
}

#[test]
fn one_that_goes_on_is_not_alike() {
    let place = Place::new();
    let one = place.file("one", b"hello");
    let other = place.file("other", b"hello, world");

    let said = place.run(["cmp", &one, &other]);

    assert_eq!(said.code, Some(1));
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(text, format!("{one} ends after 5 bytes, and {other} goes on\n"));
    assert_eq!(place.run(["cmp", &one, &other, "-n", "5"]).text(), "");
    assert_eq!(place.run(["cmp", &one, &other, "-q"]).code, Some(1));
}

#[test]
fn parts_and_the_input_can_be_compared() {
    let place = Place::new();
    let one = place.file("one", b"..hello");
    let _holder = place.hold(["memory", "--size", "64KiB"]);
    place.run(["write", "memory", "-s", "100", "--text", "hello"]).text();

    let part = ["cmp", &one, "memory", "-s", "2", "--other-offset", "100", "-n", "5"];
    assert_eq!(place.run(part).text(), "");
    assert_eq!(place.run_with_input(["cmp", &one, "-", "-s", "2"], b"hello").text(), "");
    assert_eq!(place.run_with_input(["cmp", &one, "-", "-q"], b"hello").code, Some(1));
    place.run_with_input(["cmp", "-", &one], b"hello").failed(2);
}

// Wine reports no holes, and would read the whole file.
#[cfg(target_os = "linux")]
#[test]
fn holes_are_compared_without_being_read() {
    use std::fs::File;
    let place = Place::new();
    let paths = ["one", "other"].map(|name| {
        let path = place.file(name, b"");
        File::options().write(true).open(&path).unwrap().set_len(1 << 36).unwrap();
        path
    });
    place.run(["write", &paths[1], "-s", "-1", "--text", "x"]).text();

    let told = place.run(["cmp", &paths[0], &paths[1], "--json"]);

    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["compared"], &told["bytes"]), (&json!(1u64 << 36), &json!(1)));
}
