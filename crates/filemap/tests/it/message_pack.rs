//! MessagePack as others write it, and each number as itself or not at all.

#![expect(clippy::cast_possible_truncation, reason = "floats are held against what they were")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use filemap::{Error, ErrorKind, MappedFile};
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::objects::{Forgery, Shape, assert_comes_back, cases, file, kind_of, reason};

/// A number of any type, by its value.
#[derive(Debug, Clone, Copy)]
enum Number {
    Integer(i128),
    Float(f64),
}

/// Types of numbers.
trait Numeric: Serialize + DeserializeOwned + Debug + Copy {
    fn number(self) -> Number;

    /// Returns the number as this type, if the type has it.
    fn exactly(number: Number) -> Option<Self>;

    fn same(self, other: Self) -> bool;
}

macro_rules! integers {
    ($($type:ident)*) => {
        $(
            impl Numeric for $type {
                fn number(self) -> Number {
                    Number::Integer(i128::try_from(self).expect("none here is larger"))
                }

                fn exactly(number: Number) -> Option<Self> {
                    match number {
                        Number::Integer(integer) => integer.try_into().ok(),
                        Number::Float(_) => None,
                    }
                }

                fn same(self, other: Self) -> bool {
                    self == other
                }
            }
        )*
    };
}

integers! { i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 }

macro_rules! floats {
    ($($type:ident)*) => {
        $(
            impl Numeric for $type {
                fn number(self) -> Number {
                    Number::Float(self.into())
                }

                fn exactly(number: Number) -> Option<Self> {
                    // Digit by digit, so that this shares no arithmetic with what is tested.
                    match number {
                        Number::Integer(integer) => {
                            let float: $type = integer.to_string().parse().expect("it has digits");
                            (format!("{float:.0}") == integer.to_string()).then_some(float)
                        }
                        Number::Float(float) => {
                            let narrow = float as $type;
                            (f64::from(narrow).to_bits() == float.to_bits()).then_some(narrow)
                        }
                    }
                }

                fn same(self, other: Self) -> bool {
                    self.to_bits() == other.to_bits()
                }
            }
        )*
    };
}

floats! { f32 f64 }

/// Everywhere that a number can lie in a value.
#[derive(Debug, Serialize, Deserialize)]
struct Places<N: Ord> {
    field: N,
    list: Vec<N>,
    pair: (N, N),
    some: Option<N>,
    wrapped: One<N>,
    variants: [Variant<N>; 3],
    table: BTreeMap<String, N>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct One<N>(N);

#[derive(Debug, Serialize, Deserialize)]
enum Variant<N> {
    One(N),
    Two(N, N),
    Named { field: N },
}

/// Numbers in an order, which only makes them keys of maps.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct Ordered<N>(N);

impl<N> PartialEq for Ordered<N> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<N> Eq for Ordered<N> {}

impl<N> PartialOrd for Ordered<N> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<N> Ord for Ordered<N> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl<N: Copy> Places<Ordered<N>> {
    fn of(number: N) -> Self {
        let one = Ordered(number);
        Self {
            field: one,
            list: vec![one, one],
            pair: (one, one),
            some: Some(one),
            wrapped: One(one),
            variants: [Variant::One(one), Variant::Two(one, one), Variant::Named { field: one }],
            table: BTreeMap::from([("key".into(), one)]),
        }
    }

    fn all(&self) -> Vec<N> {
        let mut all = vec![self.field, self.pair.0, self.pair.1, self.wrapped.0];
        all.extend(self.list.iter().chain(self.some.iter()).chain(self.table.values()));
        for variant in &self.variants {
            match variant {
                Variant::One(number) | Variant::Named { field: number } => all.push(*number),
                Variant::Two(one, two) => all.extend([one, two]),
            }
        }
        all.into_iter().map(|number| number.0).collect()
    }
}

/// Writes a number as one type and reads it as another: alone, and wherever else it can lie.
fn assert_exact_or_refused<W: Numeric, R: Numeric>(number: W) {
    thread_local! {
        static FILE: MappedFile = file();
    }
    FILE.with(|file| assert_exact_or_refused_in::<W, R>(file, number));
}

fn assert_exact_or_refused_in<W: Numeric, R: Numeric>(file: &MappedFile, number: W) {
    let expected = R::exactly(number.number());
    file.write_object(0, &number).expect("it is written");
    let alone = file.read_object::<R>(0);
    file.write_object(0, &Places::of(number)).expect("it is written");
    let places = file.read_object::<Places<Ordered<R>>>(0);
    file.write_object(0, &BTreeMap::from([(Ordered(number), ())])).expect("it is written");
    let key = file.read_object::<BTreeMap<Ordered<R>, ()>>(0);

    let types = (std::any::type_name::<W>(), std::any::type_name::<R>());
    match expected {
        Some(expected) => {
            let right = |read: R| read.same(expected);
            assert!(right(alone.expect("it is read")), "{number:?} {types:?}");
            let places = places.expect("it is read").all();
            assert!(places.len() == 12 && places.into_iter().all(right), "{number:?} {types:?}");
            let key = key.expect("it is read");
            assert!(key.into_keys().all(|key| right(key.0)), "{number:?} {types:?}");
        }
        None => {
            assert_eq!(kind_of(alone), ErrorKind::MismatchedObject, "{number:?} {types:?}");
            assert_eq!(kind_of(places), ErrorKind::MismatchedObject, "{number:?} {types:?}");
            assert_eq!(kind_of(key), ErrorKind::MismatchedObject, "{number:?} {types:?}");
        }
    }
}

fn assert_exact_or_refused_as_all_types<W: Numeric>(number: W) {
    assert_exact_or_refused::<W, i8>(number);
    assert_exact_or_refused::<W, i16>(number);
    assert_exact_or_refused::<W, i32>(number);
    assert_exact_or_refused::<W, i64>(number);
    assert_exact_or_refused::<W, i128>(number);
    assert_exact_or_refused::<W, u8>(number);
    assert_exact_or_refused::<W, u16>(number);
    assert_exact_or_refused::<W, u32>(number);
    assert_exact_or_refused::<W, u64>(number);
    assert_exact_or_refused::<W, u128>(number);
    assert_exact_or_refused::<W, f32>(number);
    assert_exact_or_refused::<W, f64>(number);
}

/// Writes an integer as every type that has it.
fn assert_integer(integer: i128) {
    fn as_type<W: Numeric>(integer: i128) {
        if let Some(number) = W::exactly(Number::Integer(integer)) {
            assert_exact_or_refused_as_all_types(number);
        }
    }

    as_type::<i8>(integer);
    as_type::<i16>(integer);
    as_type::<i32>(integer);
    as_type::<i64>(integer);
    as_type::<i128>(integer);
    as_type::<u8>(integer);
    as_type::<u16>(integer);
    as_type::<u32>(integer);
    as_type::<u64>(integer);
    as_type::<u128>(integer);
}

const INTEGERS: std::ops::RangeInclusive<i128> = (i64::MIN as i128)..=(u64::MAX as i128);

#[test]
fn integers_at_the_edge_of_each_length_are_exact_or_refused_as_every_type() {
    for bit in 0..=64 {
        for integer in [-1, 0, 1].map(|beside| (1_i128 << bit) + beside) {
            for integer in [integer, -integer].into_iter().filter(|one| INTEGERS.contains(one)) {
                assert_integer(integer);
            }
        }
    }
}

#[test]
fn floats_at_the_edges_are_exact_or_refused_as_every_type() {
    let edges = [0.0, -0.0, 0.1, 0.5, 1.0, 300.0, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    let more = [f64::NAN, f64::INFINITY, f32::MAX.into(), 1e39, 9_007_199_254_740_993.0];
    let signalling = [0x7FF0_0000_0000_0001, 0x7FF8_0000_0000_0001].map(f64::from_bits);
    for float in edges.into_iter().chain(more).chain(signalling) {
        assert_exact_or_refused_as_all_types(float);
        assert_exact_or_refused_as_all_types(-float);
        if let Some(float) = f32::exactly(Number::Float(float)) {
            assert_exact_or_refused_as_all_types(float);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..cases() })]

    #[test]
    fn any_integer_is_exact_or_refused_as_every_type(any in INTEGERS, narrower in 0..64_u32) {
        assert_integer(any);
        assert_integer(any >> narrower);
    }

    #[test]
    fn any_float_is_exact_or_refused_as_every_type(bits in any::<u64>(), few in any::<f32>()) {
        assert_exact_or_refused_as_all_types(f64::from_bits(bits));
        assert_exact_or_refused_as_all_types(f64::from(few));
        assert_exact_or_refused_as_all_types(few);
    }
}

#[test]
fn a_number_that_is_not_of_the_type_is_named_in_the_error() -> Result<(), Error> {
    let file = file();
    file.write_object(0, &[1, 300])?;
    let integer = reason(file.read_object::<Vec<u8>>(0));
    file.write_object(0, &0.1)?;
    let float = reason(file.read_object::<f32>(0));
    let wide = reason(file.write_object(0, &u128::MAX));

    assert!(integer.contains("integer `300`, expected u8"), "{integer}");
    assert!(float.contains("floating point `0.1`"), "{float}");
    assert!(wide.contains(&u128::MAX.to_string()), "{wide}");
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn random_bytes_are_read_as_messagepack_readers_read_them(
        payload in prop::collection::vec(
            prop_oneof![any::<u8>(), 0..4u8, 0x90..0x94u8, 0x80..0x83u8, 0xA0..0xA2u8, 0xC0..0xE0u8],
            0..40,
        ),
    ) {
        assert_read_as_elsewhere::<(u32, i64, Option<u16>)>(&payload);
        assert_read_as_elsewhere::<Vec<(u64, bool)>>(&payload);
        assert_read_as_elsewhere::<(i16, String, char)>(&payload);
        assert_read_as_elsewhere::<BTreeMap<i32, u8>>(&payload);
        assert_read_as_elsewhere::<Vec<Option<Vec<f64>>>>(&payload);
    }
}

/// What is read here is what `rmp_serde` reads, though it reads more.
#[track_caller]
fn assert_read_as_elsewhere<T: DeserializeOwned + Debug>(payload: &[u8]) {
    let file = file();
    Forgery::of(payload).write(&file, 1).expect("it is written");
    if let Ok(ours) = file.read_object::<T>(1) {
        let theirs: T = rmp_serde::from_slice(payload).expect("it is read elsewhere");
        // A float that is no number does not equal itself.
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{payload:?}");
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Now {
    name: String,
    count: u8,
}

#[test]
fn a_structure_is_read_from_its_fields_in_any_order_and_with_others() -> Result<(), Error> {
    #[derive(Serialize)]
    struct Then {
        count: u64,
        more: (f32, &'static [u8]),
        name: &'static str,
    }

    let file = file();
    file.write_object(0, &Then { count: 7, more: (0.5, &[8]), name: "Ada" })?;
    assert_eq!(file.read_object::<Now>(0)?, Now { name: "Ada".into(), count: 7 });

    // As an array of its fields, as writers do that keep no names.
    file.write_object(0, &("Ada", 7))?;
    assert_eq!(file.read_object::<Now>(0)?, Now { name: "Ada".into(), count: 7 });
    Ok(())
}

#[test]
fn fields_with_names_of_every_length_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Lengths {
        #[serde(rename = "")]
        none: u8,
        #[serde(rename = "ü")]
        one: u8,
        #[serde(rename = "thirty-one characters, so short")]
        short: u8,
        #[serde(rename = "one more: they are thirty-two ..")]
        long: u8,
        #[serde(rename = "forty characters are in the name of this")]
        longer: Option<u8>,
        a: Shape,
        ab: u8,
    }

    let a = Shape::Medium { signed: -1, unsigned: 2 };
    assert_comes_back(Lengths { none: 1, one: 2, short: 3, long: 4, longer: Some(5), a, ab: 6 });
}

/// Reads a payload as a type, after it passed all checks.
fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Error> {
    let file = file();
    Forgery::of(payload).write(&file, 9)?;
    file.read_object(9)
}

#[test]
fn all_that_others_may_write_is_read() -> Result<(), Error> {
    // Numbers in more bytes than they need.
    for payload in [&[0xCC, 5][..], &[0xCD, 0, 5], &[0xD0, 5], &[0xD3, 0, 0, 0, 0, 0, 0, 0, 5]] {
        assert_eq!(read::<u8>(payload)?, 5, "{payload:?}");
    }
    // Bytes as a list, and a list as bytes.
    assert_eq!(read::<Vec<u8>>(&[0xC4, 3, 1, 2, 255])?, [1, 2, 255]);
    assert_eq!(read::<[u16; 2]>(&[0xC5, 0, 2, 1, 255])?, [1, 255]);
    // Texts and lists by each of their lengths.
    assert_eq!(read::<String>(b"\xD9\x02hi")?, "hi");
    assert_eq!(read::<String>(b"\xDA\x00\x02hi")?, "hi");
    assert_eq!(read::<String>(b"\xDB\x00\x00\x00\x02hi")?, "hi");
    assert_eq!(read::<(u8, u8)>(&[0xDC, 0, 2, 7, 8])?, (7, 8));
    assert_eq!(read::<(u8, u8)>(&[0xDD, 0, 0, 0, 2, 7, 8])?, (7, 8));
    assert_eq!(read::<BTreeMap<u8, bool>>(&[0xDE, 0, 1, 7, 0xC3])?, BTreeMap::from([(7, true)]));
    // A variant without a value, by its name and as a map.
    assert_eq!(read::<Shape>(b"\xA7Nothing")?, Shape::Nothing);
    assert_eq!(read::<Shape>(b"\x81\xA7Nothing\xC0")?, Shape::Nothing);
    // Extensions, where nobody looks.
    read::<IgnoredAny>(&[0x92, 0xD6, 0xFF, 0, 0, 0, 0, 0xC7, 1, 5, 9])?;
    Ok(())
}

#[test]
fn what_is_no_value_of_the_type_is_refused() {
    fn refused<T: DeserializeOwned + Debug>(payload: &[u8]) {
        let kind = kind_of(read::<T>(payload));
        assert_eq!(kind, ErrorKind::MismatchedObject, "{payload:?}");
    }

    refused::<[u8; 2]>(&[0xC4, 3, 1, 2, 3]);
    refused::<(u8, u8)>(&[0x93, 1, 2, 3]);
    refused::<(u8, u8)>(&[0x91, 1]);
    refused::<bool>(&[1]);
    refused::<u8>(&[0xC3]);
    refused::<u8>(&[0xCA, 0x3F, 0x80, 0, 0]);
    refused::<String>(&[0xA1, 0xFF]);
    refused::<String>(&[0xC4, 1, 0xFF]);
    refused::<char>(b"\xA2ab");
    refused::<()>(&[0x90]);
    // Of a time, and inside of a value that is looked at.
    refused::<u32>(&[0xD6, 0xFF, 0, 0, 0, 0]);
    refused::<Vec<u8>>(&[0xD6, 0xFF, 0, 0, 0, 0]);
    refused::<serde_json::Value>(&[0x91, 0xD6, 0xFF, 0, 0, 0, 0]);
    // Fields and variants by numbers; variants as lists, as more than one, and with what they lack.
    refused::<Now>(b"\x82\x00\xA3Ada\x01\x07");
    refused::<Shape>(&[0]);
    refused::<Shape>(b"\x92\xA4Flag\xC3");
    refused::<Shape>(b"\x82\xA4Flag\xC3\xA4Flag\xC3");
    refused::<Shape>(b"\x81\xA7Nothing\x01");
    refused::<Shape>(b"\xA4Flag");
    refused::<Now>(b"\x83\xA4name\xA3Ada\xA5count\x07\xA5count\x07");
}

#[test]
fn numbers_at_the_edge_of_each_length_come_back() {
    let numbers: Vec<u64> = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).collect();
    let signed: Vec<i64> =
        numbers.iter().map(|number| number.cast_signed().wrapping_neg()).collect();
    assert_comes_back((numbers, signed, u64::MAX, i64::MIN));
}

#[test]
fn values_whose_type_is_not_known_come_back_as_they_were() -> Result<(), Error> {
    let file = file();
    let value = serde_json::json!({
        "null": null, "numbers": [0, -1, u64::MAX, i64::MIN, 0.1, 1e300, 5e-324, 1.0],
        "text": "ünïcode \"\\\u{1}", "nested": [[[{}]]], "large": "l".repeat(20_000),
    });

    let used = file.write_object(77, &value)?;

    assert_eq!(used, file.object_size(&value)?);
    assert_eq!(file.read_object::<serde_json::Value>(77)?, value);
    Ok(())
}

#[test]
fn types_that_look_at_what_comes_next_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        One { number: i8 },
        Two(BTreeMap<String, bool>),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
        Texts(Vec<String>),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        first: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, i32>,
    }

    let table = |value| BTreeMap::from([("key".to_owned(), value)]);
    assert_comes_back((Tagged::One { number: -3 }, Tagged::Two(table(true))));
    assert_comes_back((Untagged::Number(7), Untagged::Texts(vec!["a".into()])));
    assert_comes_back(Flat { first: 1, rest: BTreeMap::from([("more".into(), -70_000)]) });
}
