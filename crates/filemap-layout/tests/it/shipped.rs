//! The layouts of games and monitors that come with the command.

use std::fs;
use std::path::Path;

use filemap_layout::{Layout, Snapshot};

/// Each with its size, what tells its versions, and its sections.
const SHIPPED: [(&str, u64, &str, &[&str]); 12] = [
    ("assetto-corsa-graphics.toml", 1580, "packetId", &[]),
    ("assetto-corsa-physics.toml", 800, "packetId", &[]),
    ("assetto-corsa-static.toml", 820, "", &[]),
    ("freetrack.toml", 108, "", &[]),
    ("hwinfo.toml", 44, "", &["sensor", "reading"]),
    ("iracing.toml", 112, "", &["variable"]),
    ("msi-afterburner.toml", 32, "", &["entry"]),
    ("mumble.toml", 5460, "uiTick", &[]),
    ("project-cars-2.toml", 20576, "mSequenceNumber", &[]),
    ("raceroom.toml", 43996, "", &[]),
    ("rfactor2-telemetry.toml", 241_680, "mVersionUpdateBegin", &[]),
    ("rtss.toml", 40, "dwBusy", &["app", "osd"]),
];

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../filemap-cli/layouts")
}

fn shipped(name: &str) -> Layout {
    Layout::from_toml(&fs::read_to_string(directory().join(name)).unwrap()).unwrap()
}

#[test]
fn every_layout_that_is_shipped_is_read() {
    for (name, size, counter, sections) in SHIPPED {
        let text = fs::read_to_string(directory().join(name)).unwrap();
        let layout = Layout::from_toml(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let counters = layout.versions().map(filemap_layout::Versions::counters);
        let first = counters.and_then(|all| all.first().map(|one| one.path.to_string()));
        let names: Vec<_> = layout.sections().iter().map(|one| one.name.as_str()).collect();

        assert_eq!((layout.size(), layout.abi()), (size, Some("windows-x64")), "{name}");
        assert_eq!(first.unwrap_or_default(), counter, "{name}");
        assert_eq!(names, sections, "{name}");
        assert!(text.contains("source = [\"https://"), "{name}");
        assert!(!layout.ros1().is_empty());
    }
    let files = fs::read_dir(directory()).unwrap().count();
    assert_eq!(files, SHIPPED.len());
}

#[test]
fn sensors_are_found_by_their_names_in_rows_longer_than_ours() {
    let layout = shipped("hwinfo.toml");
    let mut memory = vec![0; 48 + 2 * 460];
    for (at, number) in [(32, 48_u32), (36, 460), (40, 2)] {
        memory[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    let row = 48 + 460;
    memory[row..row + 4].copy_from_slice(&1_u32.to_le_bytes());
    memory[row + 140..row + 143].copy_from_slice(b"CPU");
    memory[row + 284..row + 292].copy_from_slice(&61.5_f64.to_le_bytes());
    let snapshot = Snapshot::of(&layout, memory).unwrap();

    assert_eq!(snapshot.value("reading[\"CPU\"].Value").unwrap().to_string(), "61.5");
    assert_eq!(snapshot.value("reading[1].tReading").unwrap().to_string(), "SENSOR_TYPE_TEMP");
}

#[test]
fn the_fields_of_games_are_where_they_are_documented() {
    for (name, path, offset, kind) in [
        ("mumble.toml", "fCameraPosition[0]", 556, "f32"),
        ("mumble.toml", "description", 1364, "char16[2048]"),
        ("freetrack.toml", "data.Yaw", 12, "f32"),
        ("freetrack.toml", "GameID2", 104, "i32"),
        ("assetto-corsa-physics.toml", "rpm", 20, "i32"),
        ("rfactor2-telemetry.toml", "mVehicles[1].mEngineRPM", 16 + 1888 + 356, "f64"),
        ("project-cars-2.toml", "mParticipantInfo[0].mName", 29, "char[64]"),
        ("raceroom.toml", "track_name", 600, "char[64]"),
    ] {
        let layout = shipped(name);
        let leaf = layout.find(&path.parse().unwrap(), None).unwrap();

        assert_eq!((leaf.offset, leaf.kind.to_string().as_str()), (offset, kind), "{name} {path}");
    }
}
