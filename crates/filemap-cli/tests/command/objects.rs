use std::collections::BTreeMap;
use std::fs;
use std::ops::Add;

use filemap::{Codec, MappedFile, MessagePack};
use serde::{Deserialize, Serialize};
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

/// Stores an object, and returns the JSON that it is printed as.
fn there_and_back(object: &str) -> String {
    let place = Place::new();
    place.run(["put", "./table", "--offset", "0", object]).text();
    place.run(["get", "./table"]).text().trim_end().to_owned()
}

#[test]
fn json_comes_back_in_its_order_on_one_line() {
    for object in [
        r#"{"z":[9007199254740993,-9223372036854775808,18446744073709551615],"a":[1.0,0.1,-0.0]}"#,
        r#"["\u0001\n","ünï","\\",{},[],null,true,{"$bytes":"00ff","more":1}]"#,
        r#"{"$bytes":"00ff"}"#,
        r#"[{"$bytes":""}]"#,
        "7",
        "-7",
        "-0.5",
    ] {
        assert_eq!(there_and_back(object), object);
    }
    assert_eq!(
        there_and_back("{\"a\" :\n[ 1.10 ,1E2,{\"$bytes\":\"00FF\"}]}"),
        r#"{"a":[1.1,100.0,{"$bytes":"00ff"}]}"#
    );
    // What a terminal would not show as it is.
    assert_eq!(there_and_back("[\"\u{7f}\u{200b}\"]"), r#"["\u007f\u200b"]"#);
}

#[test]
fn what_cannot_be_stored_as_it_is_written_is_refused() {
    let place = Place::new();
    for (object, reason) in [
        ("[18446744073709551616]", "the integer 18446744073709551616 does not fit 64 bits"),
        ("[-9223372036854775809]", "the integer -9223372036854775809 does not fit 64 bits"),
        ("[1e400]", "no float is as large as 1e400"),
        (r#"[{"$bytes":"xy"}]"#, r#""xy" is no text of hexadecimal digits"#),
        (r#"{"$bytes":"00f"}"#, "stands for bytes"),
        (r#"{"$bytes":"00:ff"}"#, "stands for bytes"),
        (r#"{"$bytes":7}"#, "stands for bytes"),
        (r#"{"a":1,"b":2,"a":3}"#, "the key `a` is there twice"),
        (&"[".repeat(129).add(&"]".repeat(129)), "too deep"),
    ] {
        let sentence = place.run(["put", "./table", "--offset", "0", object]).failed(2);
        assert!(sentence.contains(reason), "{sentence}");
    }
    assert_eq!(place.files(), NOTHING);
}

#[test]
fn what_programs_store_is_printed_if_json_has_it() {
    #[derive(Serialize)]
    struct Stored(Bytes, Option<f32>, BTreeMap<&'static str, i8>);

    /// Bytes as bytes, which a list of numbers is not.
    struct Bytes(&'static [u8]);

    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_bytes(self.0)
        }
    }

    let place = Place::new();
    let file = MappedFile::open(place.path("table")).unwrap();
    let get = || place.run(["get", "./table"]);

    let stored = Stored(Bytes(b"\x00\xFF"), Some(0.1), BTreeMap::from([("key", -1)]));
    file.write_object(0, &stored).unwrap();
    assert_eq!(get().text(), "[{\"$bytes\":\"00ff\"},0.10000000149011612,{\"key\":-1}]\n");

    let refused = |reason: &str| {
        let sentence = get().failed(2);
        assert!(sentence.contains(reason), "{sentence}");
    };
    file.write_object(0, &f64::NAN).unwrap();
    refused("JSON has no number for the float NaN");
    file.write_object(0, &BTreeMap::from([(7, true)])).unwrap();
    refused("a text, the only key of maps that JSON has");
    file.write_object(0, &BTreeMap::from([("$bytes", "00")])).unwrap();
    refused("its map with the only key `$bytes` would stand for bytes in JSON");
    // A time.
    file.write_encoded(0, MessagePack::ID, &[0xD6, 0xFF, 0, 0, 0, 0]).unwrap();
    refused("it has a value of the extension type -1");
    file.write_encoded(0, 200, b"{}").unwrap();
    refused("was written by codec 200, not by MessagePack (codec 1)");
}

#[test]
fn what_is_put_is_what_programs_read() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Player {
        name: String,
        points: Vec<u8>,
        rate: f32,
    }

    let place = Place::new();
    let object = r#"{"points": [3, 200], "rate": 0.5, "name": "Ada", "more": [{}]}"#;
    place.run(["put", "./table", "--offset", "0", object]).text();

    let file = MappedFile::open(place.path("table")).unwrap();
    let player: Player = file.read_object(0).unwrap();
    assert_eq!(player, Player { name: "Ada".into(), points: vec![3, 200], rate: 0.5 });
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
