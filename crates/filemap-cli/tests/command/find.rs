use filemap::PositionedIo as _;
use std::fs::File;

use serde_json::{Value, json};

use crate::support::Place;

fn offsets(found: &Value) -> Vec<u64> {
    let places = found["places"].as_array().into_iter().flatten();
    places.filter_map(|place| place["offset"].as_u64()).collect()
}

#[test]
fn every_place_is_told_and_places_do_not_overlap() {
    let place = Place::new();
    let path = place.file("text", b"aaaa-Hello-hello");
    let find = |arguments: &[&str]| {
        offsets(&place.run(["find", &path, "--json"].iter().chain(arguments)).json())
    };

    assert_eq!(find(&["aa"]), [0, 2]);
    assert_eq!(find(&["hello"]), [11]);
    assert_eq!(find(&["-i", "HELLO"]), [5, 11]);
    assert_eq!(find(&["--hex", "2d 48"]), [4]);
    assert_eq!(find(&["-i", "hello", "-m", "1"]), [5]);
    assert_eq!(find(&["-i", "hello", "-s", "6"]), [11]);
    assert_eq!(find(&["aa", "-n", "3"]), [0]);
    assert_eq!(place.run(["find", "--file", &path, "aa", "--count"]).text(), "2\n");
}

#[test]
fn a_place_is_shown_with_what_comes_after_it() {
    let place = Place::new();
    let path = place.file("text", b"say hello, world");

    assert_eq!(
        place.run(["find", &path, "hello"]).text(),
        "00000004  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64              |hello, world|\n"
    );
}

#[test]
fn text_is_found_as_windows_keeps_it() {
    let place = Place::new();
    let wide: Vec<u8> = "..größe".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = place.file("wide", &wide);

    let found = place.run(["find", &path, "größe", "--utf16", "--json"]).json();

    assert_eq!((offsets(&found), &found["length"]), (vec![4], &json!(10)));
}

#[test]
fn nothing_found_ends_with_1() {
    let place = Place::new();
    let path = place.file("text", b"hello");

    let sentence = place.run(["find", &path, "world"]).failed(1);
    let json = place.run(["find", &path, "world", "--json"]);
    let count = place.run(["find", &path, "world", "--count"]);

    assert!(sentence.contains("could not find it in"), "{sentence}");
    assert_eq!((json.code, json.stderr.as_str()), (Some(1), ""));
    assert_eq!(
        String::from_utf8(json.stdout).unwrap(),
        "{\"places\":[],\"length\":5,\"count\":0}\n"
    );
    assert_eq!((count.code, count.stdout.as_slice()), (Some(1), &b"0\n"[..]));
}

#[test]
fn what_lies_across_pieces_and_beside_holes_is_found() {
    let place = Place::new();
    let path = place.file("pieces", &[]);
    let file = filemap::MappedFile::open(&path).unwrap();
    let word = b"needle";
    for at in [65_533, 131_072 - 6, 1 << 20, (2 << 20) - 3] {
        file.write_all_at(word, at).unwrap();
    }
    file.close().unwrap();
    File::options().write(true).open(&path).unwrap().set_len(4 << 20).unwrap();

    let found = place.run(["find", &path, "needle", "--json"]).json();
    // At both ends of a hole, and of data.
    let after = place.run(["find", &path, "--hex", "65 00 00 00", "--count"]).text();
    let before = place.run(["find", &path, "--hex", "00 00 00 6e", "--count"]).text();

    assert_eq!(offsets(&found), [65_533, 131_066, 1 << 20, (2 << 20) - 3]);
    assert_eq!((after.as_str(), before.as_str()), ("4\n", "4\n"));
}

#[test]
fn nothing_to_look_for_is_an_error() {
    let place = Place::new();
    let path = place.file("text", b"hello");

    for arguments in [&["find", &path][..], &["find", &path, ""], &["find", &path, "a", "-x", "00"]]
    {
        place.run(arguments).failed(2);
    }
}
