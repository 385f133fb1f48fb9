//! The examples in `docs/objects.md`, both ways.

use std::collections::BTreeMap;
use std::fmt::Debug;

use filemap::{Error, ErrorKind, PositionedIo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use crate::objects::{file, kind_of};

/// Returns the bytes beside a value in the document.
fn documented(value: &str) -> Vec<u8> {
    let path = format!("{}/../../docs/objects.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(path).expect("there is a document");
    let row = page.lines().find_map(|line| line.strip_prefix(&format!("| `{value}` | `")));
    let digits = row.and_then(|rest| rest.strip_suffix("` |"));
    let digits = digits.unwrap_or_else(|| panic!("the document has no row for `{value}`"));
    let digits: Vec<u8> = digits.bytes().filter(|digit| *digit != b' ').collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits are text");
        u8::from_str_radix(pair, 16).expect("it is hexadecimal")
    };
    digits.chunks(2).map(byte).collect()
}

#[track_caller]
fn assert_documented<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let file = file();
    let used = file.write_object(0, value).expect("it is written");
    let mut bytes = vec![0; usize::try_from(used).expect("it is short")];
    file.read_at(&mut bytes, 0).expect("it is read");
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(bytes, documented(name), "`{}`", digits.join(" "));

    let file = crate::objects::file();
    file.write_all_at(&documented(name), 5).expect("it is written");
    assert_eq!(&file.read_object::<T>(5).expect("it is read"), value);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Player {
    name: String,
    points: Vec<u16>,
    rate: f64,
    team: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Empty,
    Circle(f32),
    Line(i8, i8),
    Named { id: u64 },
}

#[derive(Debug, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Self)
    }
}

#[test]
fn the_documents_examples_are_what_is_written_and_can_be_read() {
    assert_documented("None", &None::<u8>);
    assert_documented("true", &true);
    assert_documented("7", &7);
    assert_documented("-1", &-1);
    assert_documented("300", &300);
    assert_documented("18446744073709551615", &u64::MAX);
    assert_documented("-9223372036854775808", &i64::MIN);
    assert_documented("1.0", &1.0);
    assert_documented("1.0_f32", &1.0_f32);
    assert_documented("\"Größe\"", &"Größe".to_owned());
    assert_documented("bytes 00 FF", &Bytes(vec![0, 0xFF]));
    assert_documented("[1, 300, -1]", &[1, 300, -1]);
    assert_documented("(\"Ada\", 1815)", &("Ada".to_owned(), 1815));
    assert_documented("{7: true}", &BTreeMap::from([(7, true)]));
    let (name, points) = ("Ada".to_owned(), vec![3, 500]);
    assert_documented(
        "Player { name: \"Ada\", points: [3, 500], rate: 0.5, team: None }",
        &Player { name, points, rate: 0.5, team: None },
    );
    assert_documented("Shape::Empty", &Shape::Empty);
    assert_documented("Shape::Circle(0.5)", &Shape::Circle(0.5));
    assert_documented("Shape::Line(-1, 1)", &Shape::Line(-1, 1));
    assert_documented("Shape::Named { id: 7 }", &Shape::Named { id: 7 });
}

#[test]
fn the_documents_example_of_a_programs_own_codec_is_what_is_written_and_can_be_read()
-> Result<(), Error> {
    let bytes = documented("bytes 3C 61 2F 3E of codec 200");
    let file = file();
    file.write_encoded(3, 200, b"<a/>")?;
    let mut written = vec![0; bytes.len()];
    file.read_at(&mut written, 3)?;
    assert_eq!(written, bytes);

    file.write_all_at(&bytes, 100)?;
    assert_eq!(file.read_encoded(100, 200)?, b"<a/>");
    Ok(())
}

#[test]
fn the_documents_example_of_an_unfinished_object_is_torn() -> Result<(), Error> {
    let file = file();
    file.write_all_at(&documented("7, being written"), 0)?;
    assert_eq!(kind_of(file.read_object::<u8>(0)), ErrorKind::TornObject);
    Ok(())
}
