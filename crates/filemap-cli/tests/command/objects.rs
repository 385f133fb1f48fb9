use std::fs;

use serde_json::json;

use crate::support::{NOTHING, Place};

#[test]
fn an_object_is_stored_and_taken_back() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64KiB"]);
    let object = r#"{"player": "Ada", "points": [3, 5.25], "more": null}"#;

    let said = place.run(["put", "scores", "--offset", "4KiB", object]).text();
    let got = place.run(["get", "scores", "--offset", "4096"]).json();

    assert!(said.starts_with("stored an object of "), "{said}");
    assert!(said.ends_with(" bytes at offset 4096 of `Local\\scores`\n"), "{said}");
    assert_eq!(got, json!({ "player": "Ada", "points": [3, 5.25], "more": null }));
}

#[test]
fn an_object_can_come_from_the_input_and_lie_in_a_file() {
    let place = Place::new();

    let put = ["put", "./table", "--offset", "4294967311", "-", "--json"];
    let said = place.run_with_input(put, b"[1,2,3]\n").json();

    assert_eq!(place.run(["get", "./table", "--offset", "4294967311"]).text(), "[1,2,3]\n");
    let size = said["size"].as_u64().unwrap();
    assert_eq!(fs::metadata(place.path("table")).unwrap().len(), 4_294_967_311 + size);
}

#[test]
fn the_only_word_beside_a_file_is_the_object() {
    let place = Place::new();

    place.run(["put", "--file", "table", "--offset", "0", "[true]"]).text();

    assert_eq!(place.run(["get", "--file", "table"]).text(), "[true]\n");
}

#[test]
fn numbers_stay_as_they_were_written() {
    let place = Place::new();
    let object = r#"{"z":123456789012345678901234567890,"a":1.10}"#;

    place.run(["put", "./table", "--offset", "0", object]).text();

    assert_eq!(place.run(["get", "./table"]).text(), format!("{object}\n"));
}

#[test]
fn where_no_object_is_none_is_printed() {
    let place = Place::new();
    let path = place.file("text", &[b'x'; 4096]);
    let _holder = place.hold(["zeros", "--size", "64KiB"]);

    let sentence = place.run(["get", &path]).failed(1);
    let error = place.run(["get", "zeros", "--json"]).failed_with_json(1);

    assert!(sentence.contains("no object"), "{sentence}");
    assert_eq!((&error["kind"], &error["win32_code"]), (&json!("NoObject"), &json!(13)));
}

#[test]
fn a_damaged_object_is_told_and_not_printed() {
    let place = Place::new();
    let object = r#"{"name":"a long enough text to damage"}"#;
    let said = place.run(["put", "./table", "--offset", "0", object, "--json"]).json();
    let damaged = said["size"].as_u64().unwrap() - 5;

    place.run(["write", "./table", "--offset", &damaged.to_string(), "--text", "X"]).text();

    let error = place.run(["get", "./table", "--json"]).failed_with_json(2);
    assert_eq!((&error["kind"], &error["win32_code"]), (&json!("CorruptObject"), &json!(13)));
}

#[test]
fn an_object_that_is_cut_off_is_told_and_not_printed() {
    let place = Place::new();
    place.run(["put", "./table", "--offset", "0", "[1,2,3,4,5,6]"]).text();
    let len = fs::metadata(place.path("table")).unwrap().len();
    let file = fs::File::options().write(true).open(place.path("table")).unwrap();

    file.set_len(len - 2).unwrap();

    let error = place.run(["get", "./table", "--json"]).failed_with_json(2);
    assert_eq!((&error["kind"], &error["win32_code"]), (&json!("TruncatedObject"), &json!(38)));
}

#[test]
fn what_is_not_json_is_refused_before_anything_is_written() {
    let place = Place::new();

    for object in ["", "{", "{\"a\": }", "[1] [2]", "nothing"] {
        let sentence = place.run(["put", "./table", "--offset", "0", object]).failed(2);
        assert!(sentence.contains("as JSON"), "{sentence}");
    }
    place.run_with_input(["put", "./table", "--offset", "0", "-"], b"\xff\xfe").failed(2);

    assert_eq!(place.files(), NOTHING);
}

#[test]
fn an_object_that_memory_has_no_room_for_changes_nothing() {
    let place = Place::new();
    let _holder = place.hold(["small", "--size", "64KiB"]);

    let object = format!("\"{}\"", "long ".repeat(20_000));
    place.run(["put", "small", "--offset", "0", &object]).failed(2);

    assert_eq!(place.run(["read", "small", "--raw"]).text(), "\0".repeat(65536));
}
