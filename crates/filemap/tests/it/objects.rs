//! Objects in a file: what is written comes back, and nothing else does.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use filemap::{Codec, Error, ErrorKind, MappedFile, MessagePack, PositionedIo};
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::{SerializeSeq, SerializeTuple};
use serde::{Deserialize, Serialize, Serializer};

pub(crate) const HEADER: u64 = 24;
const STATE_AT: u64 = 6;

pub(crate) fn file() -> MappedFile {
    // The file has no path once it is open, so that it goes away with the test.
    let place = tempfile::tempdir().expect("a temporary directory");
    // Through windows, so that Windows lets it be cut.
    let options = MappedFile::options();
    let options = if cfg!(windows) { options.window(1 << 20) } else { options };
    options.open(place.path().join("scratch")).expect("a new file")
}

fn bytes_of(file: &MappedFile) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; usize::try_from(file.len()?).expect("a small file")];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// What a crafted file may hold: any header with a valid checksum, and any payload.
pub(crate) struct Forgery {
    version: u8,
    codec: u8,
    length: u64,
    payload: Vec<u8>,
}

impl Forgery {
    pub(crate) fn of(payload: &[u8]) -> Self {
        Self {
            version: 1,
            codec: MessagePack::ID,
            length: payload.len() as u64,
            payload: payload.to_vec(),
        }
    }

    pub(crate) fn write(&self, file: &MappedFile, offset: u64) -> Result<(), Error> {
        let mut object = b"\x9AFMO".to_vec();
        object.extend([self.version, self.codec, 0xC6, 0]);
        object.extend(self.length.to_le_bytes());
        object.extend(crc32c::crc32c(&self.payload).to_le_bytes());
        object.extend(crc32c::crc32c(&object).to_le_bytes());
        object.extend(&self.payload);
        file.write_all_at(&object, offset)
    }
}

pub(crate) fn kind_of<T: Debug>(result: Result<T, Error>) -> ErrorKind {
    result.expect_err("this must not be read as a value").kind()
}

/// Returns what the codec says of a value that it refuses.
pub(crate) fn reason<T: Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("this must be refused");
    std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Shape {
    Nothing,
    Flag(bool),
    Small(i8, u8),
    Medium { signed: i16, unsigned: u16 },
    Numbers(i32, u32, i64, u64),
    Wide(i128, u128),
    Floats(f32, f64),
    Letter(char),
    Text(String),
    Maybe(Option<Box<Shape>>),
    Either(Result<u8, String>),
    List(Vec<Shape>),
    Table(BTreeMap<String, Shape>),
    Pair(Box<(Shape, Shape)>),
    Wrapped(Wrapper),
    Units(Vec<()>, Marker),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wrapper(u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marker;

pub(crate) fn cases() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Nothing),
        any::<bool>().prop_map(Shape::Flag),
        any::<(i8, u8)>().prop_map(|(a, b)| Shape::Small(a, b)),
        any::<(i16, u16)>().prop_map(|(signed, unsigned)| Shape::Medium { signed, unsigned }),
        (any::<(i32, u32, i64, u64)>(), 0..64u32).prop_map(|((a, b, c, d), s)| Shape::Numbers(
            a >> (s % 32),
            b >> (s % 32),
            c >> s,
            d >> s
        )),
        (any::<i32>(), any::<i64>())
            .prop_map(|(a, b)| Shape::Floats(a as f32 / 8.0, b as f64 / 8.0)),
        any::<char>().prop_map(Shape::Letter),
        ".{0,300}".prop_map(Shape::Text),
        any::<u64>().prop_map(|n| Shape::Wrapped(Wrapper(n))),
        any::<Result<u8, String>>().prop_map(Shape::Either),
        (0..200usize).prop_map(|n| Shape::Units(vec![(); n], Marker)),
    ];
    leaf.prop_recursive(5, 400, 60, |shape| {
        prop_oneof![
            proptest::option::of(shape.clone()).prop_map(|s| Shape::Maybe(s.map(Box::new))),
            prop::collection::vec(shape.clone(), 0..60).prop_map(Shape::List),
            prop::collection::btree_map("[a-z]{0,9}", shape.clone(), 0..9).prop_map(Shape::Table),
            (shape.clone(), shape).prop_map(|pair| Shape::Pair(Box::new(pair))),
        ]
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_value_comes_back_from_any_offset_and_uses_the_size_it_said(
        shape in shapes(),
        offset in 0..70_000u64,
    ) {
        let file = file();
        file.write_all_at(&[0xEE; 3], offset)?;

        let size = file.object_size(&shape)?;
        let used = file.write_object(offset, &shape)?;
        file.write_all_at(b"behind", offset + used)?;

        prop_assert_eq!(used, size);
        prop_assert_eq!(file.read_object::<Shape>(offset)?, shape.clone());
        let bytes = bytes_of(&file)?;
        let start = usize::try_from(offset + HEADER).unwrap();
        let end = usize::try_from(offset + used).unwrap();
        prop_assert_eq!(&bytes[start..end], rmp_serde::to_vec_named(&shape).unwrap());
    }

    #[test]
    fn random_bytes_as_payload_are_a_value_or_an_error(
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let file = file();
        Forgery::of(&payload).write(&file, 1)?;

        if let Err(error) = file.read_object::<Shape>(1) {
            prop_assert_eq!(error.kind(), ErrorKind::MismatchedObject);
        }
    }
}

#[cfg(not(windows))]
#[test]
fn an_object_written_where_others_cut_the_file_is_in_the_file() -> Result<(), Error> {
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = place.path().join("cut");
    for cut in [0, 50, 64, 100, 4096, 65_536] {
        let file = MappedFile::open(&path)?;
        file.write_all_at(&[1; 100_000], 0)?;
        file.write_object(60, "what is there before")?;
        let other = std::fs::File::options().write(true).open(&path).expect("it is there");
        other.set_len(cut).expect("it can be cut");

        let end = 60 + file.write_object(60, "what is there after it")?;

        let bytes = std::fs::read(&path).expect("it can be read");
        assert_eq!(bytes.len() as u64, end.max(cut), "cut to {cut}");
        let again = MappedFile::open(&path)?;
        assert_eq!(again.read_object::<String>(60)?, "what is there after it", "cut to {cut}");
    }
    Ok(())
}

#[test]
fn a_value_may_write_and_read_objects_while_it_is_written_and_read() -> Result<(), Error> {
    thread_local! {
        static OTHER: MappedFile = file();
    }

    #[derive(Debug, PartialEq)]
    struct Busy(String);
    impl Serialize for Busy {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            OTHER.with(|other| other.write_object(0, "of another file")).expect("it is written");
            self.0.serialize(serializer)
        }
    }
    impl<'de> Deserialize<'de> for Busy {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let other = OTHER.with(|other| other.read_object::<String>(0));
            assert_eq!(other.expect("it is there"), "of another file");
            String::deserialize(deserializer).map(Self)
        }
    }

    for length in [10, 10_000, 100_000] {
        let file = file();
        file.write_object(3, &(1, Busy("b".repeat(length)), 2))?;
        let read: (i32, Busy, i32) = file.read_object(3)?;
        assert_eq!(read, (1, Busy("b".repeat(length)), 2));
    }
    Ok(())
}

#[track_caller]
pub(crate) fn assert_comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let file = file();
    for offset in [0, 1, 4093, 65_535] {
        let used = file.write_object(offset, &value).expect("it is written");
        assert_eq!(used, file.object_size(&value).expect("it has a size"));
        assert_eq!(file.read_object::<T>(offset).expect("it is read"), value);
    }
}

#[test]
fn the_types_of_the_standard_library_come_back() {
    assert_comes_back(());
    assert_comes_back("text with ünïcode".to_owned());
    assert_comes_back((u64::MAX, i64::MIN, i64::MAX, 0u64, -1i64));
    // Which is how others write none of 128 bits.
    assert_comes_back(Shape::Wide(i64::MIN.into(), u64::MAX.into()));
    assert_comes_back((f64::INFINITY, f64::MIN_POSITIVE, -0.0f32, f32::MAX));
    assert_comes_back(['\0', 'ß', '\u{10FFFF}']);
    assert_comes_back(HashMap::from([(1u8, vec![Some(1.5f64), None]), (2, vec![])]));
    assert_comes_back(BTreeSet::from(["a".to_owned(), String::new()]));
    assert_comes_back(("::1".parse::<IpAddr>().unwrap(), Duration::new(5, 7), 1..9u16));
    assert_comes_back(Some(Some(Box::<str>::from("boxed"))));
    assert_comes_back(None::<Option<Box<str>>>);
    assert_comes_back([[7u16; 5]; 6]);
}

#[test]
fn objects_of_every_length_around_the_internal_buffers_come_back() -> Result<(), Error> {
    let file = file();
    let lengths =
        (0..600).chain(16_200..16_500).chain([32_768, 65_535, 100_000, 1_048_570, 3_000_001]);
    for length in lengths {
        let value: String = ('a'..='w').cycle().take(length).collect();
        let end = 3 + file.write_object(3, &value)?;
        file.write_all_at(&[0xEE], end)?;

        assert_eq!(file.read_object::<String>(3)?, value);
        assert_eq!(end - 3, file.object_size(&value)?);
    }
    Ok(())
}

#[test]
fn sequences_of_bytes_larger_than_the_buffers_come_back() {
    assert_comes_back((0..2_500_000u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
    assert_comes_back((0..300_000u64).map(|n| n * n * n).collect::<Vec<_>>());
}

#[test]
fn an_object_changes_nothing_beside_itself() -> Result<(), Error> {
    for length in [10, 5000, 50_000] {
        let file = file();
        file.write_all_at(&vec![0xEE; 100_000], 0)?;

        let used = file.write_object(1000, "x".repeat(length).as_str())?;

        let bytes = bytes_of(&file)?;
        let end = usize::try_from(1000 + used).unwrap();
        assert!(bytes[..1000].iter().chain(&bytes[end..]).all(|&byte| byte == 0xEE));
        assert_eq!(bytes.len(), 100_000);
    }
    Ok(())
}

#[test]
fn any_flipped_byte_is_an_error_of_the_right_kind() -> Result<(), Error> {
    let file = file();
    let value = Shape::List(vec![Shape::Numbers(1, 2, 3, 4), Shape::Text("text".into())]);
    let used = file.write_object(5, &value)?;
    let whole = bytes_of(&file)?;

    for position in 0..used {
        for flip in 1..=255u8 {
            let there = whole[usize::try_from(5 + position).unwrap()];
            file.write_all_at(&[there ^ flip], 5 + position)?;

            let expected = match position {
                0..4 => ErrorKind::NoObject,
                STATE_AT if there ^ flip == 0x57 => ErrorKind::TornObject,
                _ => ErrorKind::CorruptObject,
            };
            let kind = kind_of(file.read_object::<Shape>(5));
            assert_eq!(kind, expected, "byte {position} ^ {flip:#x}");
            file.write_all_at(&[there], 5 + position)?;
        }
    }
    assert_eq!(file.read_object::<Shape>(5)?, value);
    Ok(())
}

#[test]
fn a_flipped_byte_in_a_large_object_is_damage() -> Result<(), Error> {
    for length in [600, 20_000, 2_000_000] {
        let file = file();
        let used = file.write_object(9, "y".repeat(length).as_str())?;
        for position in [HEADER, used / 2, used - 1] {
            let mut there = [0];
            file.read_at(&mut there, 9 + position)?;
            file.write_all_at(&[there[0] ^ 4], 9 + position)?;

            assert_eq!(kind_of(file.read_object::<String>(9)), ErrorKind::CorruptObject);
            file.write_all_at(&there, 9 + position)?;
        }
    }
    Ok(())
}

#[test]
fn a_file_cut_anywhere_in_the_object_is_truncated() -> Result<(), Error> {
    let file = file();
    let used = file.write_object(5, "cut me anywhere")?;

    for length in (0..5 + used).rev() {
        file.set_len(length)?;

        let expected = if length <= 5 { ErrorKind::NoObject } else { ErrorKind::TruncatedObject };
        assert_eq!(kind_of(file.read_object::<String>(5)), expected, "cut to {length}");
    }
    Ok(())
}

#[test]
fn a_large_object_cut_short_is_truncated() -> Result<(), Error> {
    for length in [5_000, 700_000, 2_000_000] {
        let file = file();
        let used = file.write_object(5, "z".repeat(length).as_str())?;

        file.set_len(5 + used - 1)?;

        assert_eq!(kind_of(file.read_object::<String>(5)), ErrorKind::TruncatedObject);
    }
    Ok(())
}

#[test]
fn where_nothing_was_written_there_is_no_object() -> Result<(), Error> {
    let file = file();
    file.write_all_at(&[0; 500], 0)?;

    for offset in [0, 100, 499, 500, 501, u64::MAX - 30, u64::MAX] {
        assert_eq!(kind_of(file.read_object::<u8>(offset)), ErrorKind::NoObject, "at {offset}");
    }
    Ok(())
}

#[test]
fn another_codec_or_version_is_foreign() -> Result<(), Error> {
    let file = file();
    file.write_encoded(0, 2, &[5])?;
    Forgery { version: 2, ..Forgery::of(&[5]) }.write(&file, 100)?;
    Forgery { codec: 200, ..Forgery::of(&[5]) }.write(&file, 200)?;

    for offset in [0, 100, 200] {
        assert_eq!(kind_of(file.read_object::<u8>(offset)), ErrorKind::ForeignObject);
    }
    Forgery::of(&[5]).write(&file, 0)?;
    assert_eq!(kind_of(file.read_encoded(0, 2)), ErrorKind::ForeignObject);
    assert_eq!(file.read_object::<u8>(0)?, 5);
    Ok(())
}

#[test]
fn a_whole_object_of_another_type_is_mismatched() -> Result<(), Error> {
    let file = file();
    file.write_object(0, "some text")?;

    assert_eq!(kind_of(file.read_object::<u64>(0)), ErrorKind::MismatchedObject);
    assert_eq!(kind_of(file.read_object::<()>(0)), ErrorKind::MismatchedObject);
    assert_eq!(kind_of(file.read_object::<(String, u8)>(0)), ErrorKind::MismatchedObject);
    assert_eq!(kind_of(file.read_object::<bool>(0)), ErrorKind::MismatchedObject);
    assert_eq!(kind_of(file.read_object::<Option<char>>(0)), ErrorKind::MismatchedObject);
    assert_eq!(kind_of(file.read_object::<Shape>(0)), ErrorKind::MismatchedObject);
    Ok(())
}

#[test]
fn an_object_in_writing_is_torn_to_its_readers() -> Result<(), Error> {
    /// Text that reads the place it is being written to, and is too long for the buffer.
    struct Curious<'f>(&'f MappedFile, Cell<Option<ErrorKind>>);

    impl Serialize for Curious<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut tuple = serializer.serialize_tuple(2)?;
            tuple.serialize_element("w".repeat(20_000).as_str())?;
            self.1.set(self.0.read_object::<String>(5).err().map(|error| error.kind()));
            tuple.serialize_element(&1)?;
            tuple.end()
        }
    }
    let file = file();
    file.write_object(5, "the old text")?;
    let value = Curious(&file, Cell::new(None));

    file.write_object(5, &value)?;

    assert_eq!(value.1.get(), Some(ErrorKind::TornObject));
    assert_eq!(file.read_object::<(String, i32)>(5)?.1, 1);
    Ok(())
}

/// A sequence that announces a length which it has not, or none.
struct Sequence(Option<usize>);

impl Serialize for Sequence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(self.0)?;
        sequence.serialize_element(&1)?;
        sequence.serialize_element(&2)?;
        sequence.end()
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Gappy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<u8>,
    second: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

fn chain(length: usize) -> Chain {
    (0..length).fold(Chain { next: None }, |chain, _| Chain { next: Some(Box::new(chain)) })
}

/// Nothing but depth, and no bytes for it.
#[derive(Debug, Serialize, Deserialize)]
struct Endless(Option<Box<Endless>>);

#[test]
fn what_could_not_be_read_back_is_not_written() -> Result<(), Error> {
    fn refused<T: Serialize>(value: &T) -> Result<(), Error> {
        let file = file();
        file.write_object(5, "the old text")?;
        assert_eq!(kind_of(file.object_size(value)), ErrorKind::UnencodableObject);
        assert_eq!(kind_of(file.write_object(5, value)), ErrorKind::UnencodableObject);
        assert_eq!(file.read_object::<String>(5)?, "the old text");
        Ok(())
    }

    refused(&Sequence(Some(1)))?;
    refused(&Sequence(Some(3)))?;
    refused(&Some(None::<u8>))?;
    refused(&vec![Some(())])?;
    refused(&u128::from(u64::MAX).wrapping_add(1))?;
    refused(&(i128::from(i64::MIN) - 1))?;
    refused(&Endless(Some(Box::new(Endless(None)))))?;
    refused(&chain(64))
}

#[test]
fn what_may_be_written_can_be_read_up_to_the_limits() -> Result<(), Error> {
    let file = file();
    for length in [None, Some(2)] {
        file.write_object(0, &Sequence(length))?;
        assert_eq!(file.read_object::<Vec<i32>>(0)?, [1, 2]);
    }
    for first in [None, Some(1)] {
        file.write_object(0, &Gappy { first, second: 2 })?;
        assert_eq!(file.read_object::<Gappy>(0)?, Gappy { first, second: 2 });
    }
    file.write_object(0, &chain(63))?;
    assert_eq!(file.read_object::<Chain>(0)?, chain(63));
    file.write_object(0, &vec![(); 65_540])?;
    assert_eq!(file.read_object::<Vec<()>>(0)?.len(), 65_540);
    Ok(())
}

#[test]
fn an_offset_too_large_is_an_error_and_changes_nothing() -> Result<(), Error> {
    let file = file();

    assert_eq!(kind_of(file.write_object(u64::MAX - 10, "text")), ErrorKind::InvalidRange);
    assert_eq!(kind_of(file.write_object(u64::MAX, &())), ErrorKind::InvalidRange);
    assert_eq!(file.len()?, 0);
    Ok(())
}

#[test]
fn a_claimed_length_that_the_file_has_not_is_refused() -> Result<(), Error> {
    let file = file();
    for length in [6, 1 << 20, (1 << 20) + 1, 1 << 40, u64::MAX - 50, u64::MAX] {
        Forgery { length, ..Forgery::of(&[1, 2, 3, 4, 5]) }.write(&file, 30)?;

        let kind = kind_of(file.read_object::<Vec<u8>>(30));
        assert_eq!(kind, ErrorKind::TruncatedObject, "{length}");
    }
    Ok(())
}

#[test]
fn nesting_deeper_than_the_stack_is_refused() -> Result<(), Error> {
    fn refused<T: DeserializeOwned + Debug>(piece: &[u8]) -> Result<(), Error> {
        let file = file();
        Forgery::of(&piece.repeat((1 << 20) / piece.len())).write(&file, 0)?;
        assert_eq!(kind_of(file.read_object::<T>(0)), ErrorKind::MismatchedObject);
        Ok(())
    }

    refused::<Endless>(&[1])?;
    refused::<Chain>(b"\x81\xA4next")?;
    refused::<Shape>(b"\x81\xA5Maybe")?;
    refused::<Shape>(b"\x81\xA4List\x91")?;
    refused::<IgnoredAny>(&[0x91])?;
    refused::<serde_json::Value>(b"\x81\xA0")
}

#[test]
fn bytes_left_over_are_a_mismatch() -> Result<(), Error> {
    let file = file();
    Forgery::of(&[5, 0]).write(&file, 0)?;

    assert_eq!(kind_of(file.read_object::<u8>(0)), ErrorKind::MismatchedObject);
    Ok(())
}

#[test]
fn a_reader_beside_a_writer_gets_a_whole_value_or_is_told_that_it_is_torn() -> Result<(), Error> {
    let file = file();
    let values = [vec![1u8; 3000], vec![2; 3000], vec![3; 40_000], vec![4; 40_000]];
    file.write_object(5, &values[0])?;

    std::thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<(), Error> {
            for value in values.iter().cycle().take(600) {
                file.write_object(5, value)?;
            }
            Ok(())
        });
        while !writer.is_finished() {
            match file.read_object::<Vec<u8>>(5) {
                Ok(value) => assert!(values.contains(&value), "a value that nobody wrote"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::TornObject, "{error}"),
            }
        }
        writer.join().expect("the writer does not panic")?;
        assert_eq!(file.read_object::<Vec<u8>>(5)?, values[3]);
        Ok(())
    })
}

#[test]
fn an_error_names_the_place_and_the_reason() -> Result<(), Error> {
    let file = file();
    file.write_object(7, "text")?;

    let torn = file.read_object::<u8>(8).unwrap_err().to_string();
    let mismatched = file.read_object::<bool>(7).unwrap_err().to_string();
    let unencodable = reason(file.write_object(7, &Some(())));

    assert!(torn.ends_with("there is no object at offset 8"), "{torn}");
    assert!(mismatched.contains("at offset 7 is not of the type asked for"), "{mismatched}");
    assert!(unencodable.contains("`Some` that would be read as `None`"), "{unencodable}");
    Ok(())
}
