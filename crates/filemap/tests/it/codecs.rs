//! Codecs: postcard's format as postcard has it, JSON, and one of a user's own.

use std::collections::BTreeMap;
use std::fmt::Debug;

use filemap::{Codec, Error, ErrorKind, Json, Sink};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::objects::{Forgery, HEADER, Shape, assert_comes_back, cases, file, kind_of};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn random_bytes_are_read_as_postcard_reads_them(
        payload in prop::collection::vec(prop_oneof![any::<u8>(), 0..4u8, 127..130u8], 0..40),
    ) {
        assert_read_as_by_postcard::<(u32, i64, Option<u16>)>(&payload);
        assert_read_as_by_postcard::<Vec<(u64, bool)>>(&payload);
        assert_read_as_by_postcard::<(i16, String, char)>(&payload);
        assert_read_as_by_postcard::<BTreeMap<i32, u128>>(&payload);
        assert_read_as_by_postcard::<Shape>(&payload);
    }
}

#[track_caller]
fn assert_read_as_by_postcard<T: DeserializeOwned + Debug>(payload: &[u8]) {
    let file = file();
    Forgery::of(payload).write(&file, 1).expect("it is written");

    let ours = file.read_object::<T>(1).ok();
    let theirs = match postcard::take_from_bytes::<T>(payload) {
        Ok((value, [])) => Some(value),
        _ => None,
    };
    // A float that is no number does not equal itself.
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{payload:?}");
}

#[test]
fn numbers_of_any_length_are_read_as_postcard_reads_them() {
    for length in 0..20 {
        for last in [0, 1, 2, 3, 4, 15, 16, 127] {
            for behind in [0, 9] {
                let payload = [&vec![0x80; length][..], &[last], &vec![0; behind]].concat();
                assert_read_as_by_postcard::<u16>(&payload);
                assert_read_as_by_postcard::<(u16, [u8; 9])>(&payload);
                assert_read_as_by_postcard::<u32>(&payload);
                assert_read_as_by_postcard::<(i32, [u8; 9])>(&payload);
                assert_read_as_by_postcard::<u64>(&payload);
                assert_read_as_by_postcard::<(i64, [u8; 9])>(&payload);
                assert_read_as_by_postcard::<(u128, [u8; 9])>(&payload);
            }
        }
    }
}

#[test]
fn numbers_at_the_edge_of_each_length_come_back() {
    let numbers: Vec<u64> = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).collect();
    let signed: Vec<i64> =
        numbers.iter().map(|number| number.cast_signed().wrapping_neg()).collect();
    for number in &numbers {
        assert_comes_back(*number);
        assert_comes_back(u128::from(*number) << 64);
    }
    assert_comes_back((numbers, signed, u64::MAX, u128::MAX, i64::MIN, i128::MIN));
}

#[test]
fn json_values_come_back_as_they_were() -> Result<(), Error> {
    let file = file();
    let value = serde_json::json!({
        "null": null, "numbers": [0, -1, u64::MAX, i64::MIN, 0.1, 1e300, 5e-324],
        "text": "ünïcode \"\\\u{1}", "nested": [[[{}]]], "large": "l".repeat(20_000),
    });

    let used = file.write_object_with::<Json, _>(77, &value)?;

    assert_eq!(used, file.object_size_with::<Json, _>(&value)?);
    assert_eq!(file.read_object_with::<Json, serde_json::Value>(77)?, value);
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn finite_floats_come_back_from_json_bit_by_bit(bits in any::<u64>()) {
        let float = f64::from_bits(bits);
        prop_assume!(float.is_finite());
        let file = file();

        file.write_object_with::<Json, _>(0, &float)?;

        prop_assert_eq!(file.read_object_with::<Json, f64>(0)?.to_bits(), bits);
    }
}

/// A user's codec, which writes byte by byte and does not count in advance.
enum Shouting {}

impl Codec for Shouting {
    const ID: u8 = 222;
    const NAME: &'static str = "shouting";

    fn encode<T: Serialize + ?Sized>(
        value: &T,
        sink: &mut Sink<'_>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        use std::io::Write;
        for byte in serde_json::to_string(value)?.to_uppercase().bytes() {
            sink.write_all(&[byte])?;
        }
        Ok(())
    }

    fn decode<T: DeserializeOwned>(
        bytes: &[u8],
    ) -> Result<T, Box<dyn std::error::Error + Send + Sync>> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

#[test]
fn a_codec_of_ones_own_serves_values_of_any_size() -> Result<(), Error> {
    for length in [0, 3, 600, 9000, 20_000, 90_000] {
        let file = file();
        let used = file.write_object_with::<Shouting, _>(1, "v".repeat(length).as_str())?;

        assert_eq!(used, HEADER + 2 + length as u64);
        assert_eq!(file.read_object_with::<Shouting, String>(1)?, "V".repeat(length));
        assert_eq!(kind_of(file.read_object::<String>(1)), ErrorKind::ForeignObject);
    }
    Ok(())
}
