//! Codecs: one of a user's own, and any by its number.

use filemap::{Codec, Error, ErrorKind, MessagePack, PositionedIo, Sink};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::objects::{HEADER, file, kind_of};

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

#[test]
fn bytes_of_any_codec_come_back_by_its_number_alone() -> Result<(), Error> {
    for length in [0, 3, 600, 16_361, 20_000, 90_000, 2_000_000] {
        let file = file();
        let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
        file.write_all_at(&vec![0xEE; length + 100], 5)?;

        let used = file.write_encoded(5, 200, &bytes)?;

        assert_eq!(used, HEADER + length as u64);
        assert_eq!(file.read_encoded(5, 200)?, bytes);
        assert_eq!(kind_of(file.read_encoded(5, 201)), ErrorKind::ForeignObject);
        assert_eq!(kind_of(file.read_object::<Vec<u8>>(5)), ErrorKind::ForeignObject);
        let mut behind = [0];
        file.read_at(&mut behind, 5 + used)?;
        assert_eq!(behind, [0xEE]);

        file.write_all_at(&[0xFF], 5 + used - 1)?;
        assert_eq!(kind_of(file.read_encoded(5, 200)), ErrorKind::CorruptObject);
    }
    Ok(())
}

#[test]
fn typed_and_encoded_objects_are_the_same_objects() -> Result<(), Error> {
    let file = file();
    file.write_object(3, "text")?;
    let bytes = file.read_encoded(3, MessagePack::ID)?;
    assert_eq!(bytes, rmp_serde::to_vec("text").expect("it is encoded"));

    file.write_encoded(100, MessagePack::ID, &bytes)?;
    assert_eq!(file.read_object::<String>(100)?, "text");
    // Bytes that their codec would not make are refused when they are read as its values.
    file.write_encoded(200, MessagePack::ID, &[0xC1])?;
    assert_eq!(kind_of(file.read_object::<String>(200)), ErrorKind::MismatchedObject);
    file.write_encoded(300, Shouting::ID, b"\"LOUD\"")?;
    assert_eq!(file.read_object_with::<Shouting, String>(300)?, "LOUD");
    Ok(())
}
