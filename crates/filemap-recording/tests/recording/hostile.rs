//! Files that are cut or damaged anywhere: an error or less, and never a panic.

use std::fs;

use filemap_recording::{Error, Recording};

use crate::support::{Place, frames};

/// Records three frames of 600 bytes, in two chunks.
fn small(place: &Place) -> Vec<u8> {
    let (_held, view) = place.publish("small", 600);
    let running = place.record(place.options(), &["small"], "small.mcap");
    for number in 1..=2_u32 {
        view.write(4, &number).unwrap();
        running.look();
    }
    running.end();
    fs::read(place.path("small.mcap")).unwrap()
}

#[test]
fn a_file_that_is_cut_anywhere_has_the_frames_until_there() {
    let place = Place::new();
    let whole = small(&place);
    let all = frames(&place.open("small.mcap"));
    assert_eq!(all.len(), 3);
    let mut seen = 0;

    for len in 0..whole.len() {
        fs::write(place.path("cut.mcap"), &whole[..len]).unwrap();
        match Recording::open(place.path("cut.mcap")) {
            Ok(recording) => {
                assert!(!recording.is_complete(), "cut at {len}");
                let left = frames(&recording);
                assert!(left.len() >= seen && all.starts_with(&left), "cut at {len}");
                seen = left.len();
            }
            Err(error) => {
                assert!(matches!(error, Error::Content { .. }) && len < 8, "cut at {len}: {error}");
            }
        }
    }
    assert_eq!(seen, 3, "a file without its summary has all frames");
}

#[test]
fn a_bit_that_is_wrong_makes_no_frame_that_was_not_there() {
    let place = Place::new();
    let mut bytes = small(&place);
    let all = frames(&place.open("small.mcap"));

    for at in 0..bytes.len() {
        let bit = 1 << (at % 8);
        bytes[at] ^= bit;
        fs::write(place.path("bad.mcap"), &bytes).unwrap();
        if let Ok(recording) = Recording::open(place.path("bad.mcap")) {
            for (_, _, frame) in frames(&recording) {
                assert!(all.iter().any(|(_, _, known)| *known == frame), "a bit at {at}");
            }
        }
        bytes[at] ^= bit;
    }
}

#[test]
fn lengths_that_nothing_has_take_no_memory() {
    let place = Place::new();
    let bytes = small(&place);

    for at in 0..bytes.len().saturating_sub(8) {
        for length in [u64::MAX, 1 << 40, 1 << 31] {
            let mut bad = bytes.clone();
            bad[at..at + 8].copy_from_slice(&length.to_le_bytes());
            fs::write(place.path("bad.mcap"), &bad).unwrap();
            if let Ok(recording) = Recording::open(place.path("bad.mcap")) {
                assert!(frames(&recording).len() <= 3);
            }
        }
    }
}

#[test]
fn what_is_no_recording_is_said_to_be_none() {
    let place = Place::new();
    for content in [&b""[..], b"text", b"\x89PNG\r\n\x1a\n and more"] {
        fs::write(place.path("other"), content).unwrap();

        let error = Recording::open(place.path("other")).unwrap_err();

        assert!(error.to_string().ends_with("other`: it is no MCAP file"), "{error}");
        assert!(!Recording::is_one(place.path("other")));
    }
}

#[test]
fn a_chunk_that_is_longer_than_any_is_not_read() {
    let place = Place::new();
    let whole = small(&place);
    let length = 1_u64 << 40;
    let mut bytes = whole[..8].to_vec();
    bytes.push(6);
    bytes.extend((length + 40).to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(length.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(length.to_le_bytes());
    fs::write(place.path("long.mcap"), &bytes).unwrap();
    let file = fs::File::options().write(true).open(place.path("long.mcap")).unwrap();
    file.set_len(length + 100).unwrap();

    let recording = Recording::open(place.path("long.mcap")).unwrap();

    assert!(recording.damage()[0].contains("are the most"), "{:?}", recording.damage());
    assert!(frames(&recording).is_empty());
}

#[test]
fn what_stands_after_the_end_of_a_recording_is_told() {
    let place = Place::new();
    let whole = small(&place);
    assert!(place.open("small.mcap").damage().is_empty());

    fs::write(place.path("two.mcap"), [&whole[..], &whole[..]].concat()).unwrap();

    let recording = place.open("two.mcap");
    let len = whole.len();
    assert_eq!(recording.damage(), [format!("{len} bytes after its end, at offset {len}")]);
    assert_eq!(frames(&recording).len(), 3);
}

#[test]
fn a_chunk_that_is_damaged_costs_its_own_frames_alone() {
    let place = Place::new();
    let mut bytes = small(&place);
    let all = frames(&place.open("small.mcap"));
    // The first one has the channels and no frame. Its bytes end before the index of its messages.
    let length = u64::from_le_bytes(first_chunk(&bytes)[1..9].try_into().unwrap());
    let start = bytes.len() - first_chunk(&bytes).len();
    bytes[start + 9 + usize::try_from(length).unwrap() - 10] ^= 1;
    fs::write(place.path("bad.mcap"), &bytes).unwrap();

    let recording = place.open("bad.mcap");

    assert_eq!(recording.damage().len(), 1, "{:?}", recording.damage());
    assert_eq!(frames(&recording), all);
}

/// Returns a recording from its first chunk on.
fn first_chunk(bytes: &[u8]) -> &[u8] {
    let mut rest = &bytes[8..];
    while rest[0] != 6 {
        let length = u64::from_le_bytes(rest[1..9].try_into().unwrap());
        rest = &rest[9 + usize::try_from(length).unwrap()..];
    }
    rest
}
