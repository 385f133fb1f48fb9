//! Rows whose place stands in the memory.

use filemap_layout::{Layout, Snapshot};

const SENSORS: &str = r#"
    root = "Header"
    [type.Header]
    fields = [
        { name = "at", type = "u32" },
        { name = "size", type = "u32" },
        { name = "count", type = "i32" },
    ]
    [type.Sensor]
    fields = [{ name = "label", type = "char[4]" }, { name = "value", type = "f32" }]
    [[section]]
    name = "sensor"
    type = "Sensor"
    offset = "at"
    stride = "size"
    count = "count"
    key = "label"
"#;

fn memory(at: u32, stride: u32, count: i32, len: usize) -> Vec<u8> {
    let mut memory = vec![0; len];
    memory[..4].copy_from_slice(&at.to_le_bytes());
    memory[4..8].copy_from_slice(&stride.to_le_bytes());
    memory[8..12].copy_from_slice(&count.to_le_bytes());
    memory
}

#[test]
fn a_row_is_found_by_its_number_and_by_its_key() {
    let layout = Layout::from_toml(SENSORS).unwrap();
    let mut memory = memory(16, 12, 2, 48);
    memory[28..31].copy_from_slice(b"CPU");
    memory[32..36].copy_from_slice(&61.5_f32.to_le_bytes());
    let snapshot = Snapshot::of(&layout, memory).unwrap();

    assert_eq!(snapshot.value("sensor[1].value").unwrap().to_string(), "61.5");
    assert_eq!(snapshot.value("sensor[\"CPU\"].value").unwrap().to_string(), "61.5");
    let last = snapshot.leaves().unwrap().last().unwrap();
    assert_eq!((last.path.as_str(), last.offset), ("sensor[1].value", 32));
    let tree = serde_json::to_value(snapshot.tree().unwrap()).unwrap();
    assert_eq!(tree["sensor"][1], serde_json::json!({"label": "CPU", "value": 61.5}));
    assert!(snapshot.value("sensor[2].value").unwrap_err().to_string().contains("2 rows"));
    let told = snapshot.value("sensor[\"GPU\"].value").unwrap_err().to_string();
    assert!(told.contains("none of the 2 rows of `sensor` has the key `GPU`"), "{told}");
    assert!(layout.find(&"sensor[0].value".parse().unwrap(), None).is_err());
}

#[test]
fn rows_that_reach_outside_the_memory_or_into_each_other_are_refused() {
    let layout = Layout::from_toml(SENSORS).unwrap();
    for (at, stride, count, why) in [
        (16, 12, 4, "reach outside"),
        (u32::MAX, 12, 1, "reach outside"),
        (16, u32::MAX, i32::MAX, "reach outside"),
        (16, 7, 2, "7 bytes apart"),
        (16, 0, i32::MAX, "0 bytes apart"),
        (16, 12, -1, "below zero"),
    ] {
        let snapshot = Snapshot::of(&layout, memory(at, stride, count, 48)).unwrap();
        let errors = [
            snapshot.value("sensor[0].value").unwrap_err(),
            snapshot.leaves().err().unwrap(),
            snapshot.tree().err().unwrap(),
        ];
        for error in errors {
            assert!(error.to_string().contains(why), "{error}");
        }
    }
    let empty = Snapshot::of(&layout, memory(u32::MAX, 0, 0, 48)).unwrap();
    assert_eq!(empty.leaves().unwrap().count(), 3);
}

#[test]
fn a_section_of_what_is_not_there_is_refused() {
    for (from, to) in [
        ("offset = \"at\"", "offset = \"gone\""),
        ("key = \"label\"", "key = \"gone\""),
        ("name = \"sensor\"", "name = \"count\""),
        ("type = \"Sensor\"", "type = \"Gone\""),
        ("offset = \"at\"", "offset = -1"),
    ] {
        assert!(Layout::from_toml(&SENSORS.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn what_is_no_place_of_a_section_is_told_with_what_is_one() {
    for (from, to) in [
        ("stride = \"size\"", "stride = -4"),
        ("offset = \"at\"", "offset = -1"),
        ("count = \"count\"", "count = 1.5"),
    ] {
        let told = Layout::from_toml(&SENSORS.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(told.contains("a whole number from 0 on is right"), "{to}: {told}");
    }
}

#[test]
fn rows_have_no_more_fields_than_a_layout_may_have() {
    let layout = Layout::from_toml(SENSORS).unwrap();
    let count = 1 << 21;
    let len = 16 + 8 * usize::try_from(count).unwrap();
    let snapshot = Snapshot::of(&layout, memory(16, 8, count, len)).unwrap();

    let error = snapshot.leaves().err().unwrap().to_string();

    assert!(error.contains("its 2097152 rows have 6291456 fields"), "{error}");
}
