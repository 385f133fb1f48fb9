//! Fields by path, and their values.

use filemap_layout::{Kind, Layout, Path, Snapshot, Value};

fn layout() -> Layout {
    Layout::from_toml(
        r#"
        root = "Car"
        [type.Car]
        fields = [
            { name = "time", type = "f64", unit = "s" },
            { name = "wheel", type = "Wheel[4]" },
            { name = "name", type = "char[8]" },
            { name = "wide", type = "char16[4]" },
            { type = "Either" },
            { name = "gear", type = "Gear" },
            { name = "lights", type = "Lights" },
            { name = "low", type = "u16:3", at = 92 },
            { name = "high", type = "i16:4", at = 92, bit = 3 },
            { name = "matrix", type = "i8[2][3]" },
            { name = "far", type = "u32", order = "big" },
        ]
        [type.Wheel]
        fields = [{ name = "temp", type = "f32" }, { name = "worn", type = "bool" }]
        [type.Either]
        union = true
        fields = [{ name = "whole", type = "u32" }, { name = "half", type = "u16[2]" }]
        [enum.Gear]
        type = "i8"
        values = { Reverse = -1, Neutral = 0, First = 1 }
        [flags.Lights]
        type = "u8"
        values = { Low = 1, High = 2, Fog = 4 }
        "#,
    )
    .unwrap()
}

fn written(layout: &Layout, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut memory = vec![0; usize::try_from(layout.size()).unwrap()];
    for (path, value) in fields {
        let leaf = layout.find(&path.parse::<Path>().unwrap(), None).unwrap();
        let bytes = leaf.kind.parse(value, leaf.bytes(&memory).unwrap()).unwrap();
        let start = usize::try_from(leaf.offset).unwrap();
        memory[start..start + bytes.len()].copy_from_slice(&bytes);
    }
    memory
}

#[test]
fn a_value_that_is_written_by_its_path_is_read_by_its_path() {
    let layout = layout();
    let fields = [
        ("time", "1.5"),
        ("wheel[3].temp", "80.25"),
        ("wheel[3].worn", "true"),
        ("name", "Zoë"),
        ("wide", "a名"),
        ("half[1]", "0xabcd"),
        ("gear", "Reverse"),
        ("lights", "Low|Fog"),
        ("low", "5"),
        ("high", "-3"),
        ("matrix[1][2]", "-128"),
        ("far", "1"),
    ];
    let memory = written(&layout, &fields);
    let snapshot = Snapshot::of(&layout, memory.clone()).unwrap();
    for (path, value) in &fields[..5] {
        assert_eq!(snapshot.value(path).unwrap().to_string(), *value);
    }
    assert_eq!(snapshot.value("whole").unwrap(), Value::Unsigned(0xabcd_0000));
    assert_eq!(snapshot.value("gear").unwrap().to_string(), "Reverse");
    assert_eq!(snapshot.value("lights").unwrap().to_string(), "Low|Fog");
    assert_eq!(snapshot.value("low").unwrap(), Value::Unsigned(5));
    assert_eq!(snapshot.value("high").unwrap(), Value::Signed(-3));
    assert_eq!(snapshot.value("matrix[1][2]").unwrap(), Value::Signed(-128));
    assert_eq!(snapshot.value("far").unwrap(), Value::Unsigned(1));
    let far = layout.find(&"far".parse().unwrap(), None).unwrap();
    assert_eq!(far.bytes(&memory).unwrap(), [0, 0, 0, 1]);
}

#[test]
fn values_are_nested_as_the_struct_is() {
    let layout = layout();
    let memory = written(&layout, &[("wheel[1].temp", "20"), ("whole", "7"), ("gear", "5")]);
    let snapshot = Snapshot::of(&layout, memory).unwrap();
    let tree = serde_json::to_value(snapshot.tree().unwrap()).unwrap();

    assert_eq!(tree["wheel"][1]["temp"], 20.0);
    assert_eq!(tree["whole"], 7);
    assert_eq!(tree["half"][0], 7);
    assert_eq!(tree["gear"], 5);
    assert_eq!(tree["lights"], "0");
    assert_eq!(tree["matrix"], serde_json::json!([[0, 0, 0], [0, 0, 0]]));
}

#[test]
fn every_field_with_a_value_is_told_once_in_order() {
    let layout = layout();
    let leaves: Vec<_> = layout.leaves().collect();

    assert_eq!(leaves[0].unit, Some("s"));
    assert_eq!((leaves[7].path.as_str(), leaves[7].offset), ("wheel[3].temp", 32));
    assert_eq!(leaves.iter().filter(|leaf| leaf.path.starts_with("matrix")).count(), 6);
    for leaf in &leaves {
        assert_eq!(&layout.find(&leaf.path.parse().unwrap(), None).unwrap(), leaf);
    }
}

#[test]
fn what_does_not_fit_a_field_is_refused_and_says_what_does() {
    let layout = layout();
    for (path, value, why) in [
        ("time", "fast", "1.5"),
        ("half[0]", "65536", "65535"),
        ("half[0]", "-1", "between 0"),
        ("matrix[0][0]", "128", "127"),
        ("matrix[0][0]", "1.5", "whole number"),
        ("name", "nine bytes", "room for 8"),
        ("gear", "Fourth", "Neutral"),
        ("lights", "Low|Disco", "Disco"),
        ("low", "8", "from 0 to 7"),
        ("high", "8", "from -8 to 7"),
        ("wheel[0].worn", "2", "true or false"),
        ("wheel[0]", "1", "parts"),
        ("wheel", "1", "parts"),
    ] {
        let leaf = layout.find(&path.parse().unwrap(), None).unwrap();
        let error = leaf.kind.parse(value, &[0; 64]).unwrap_err().to_string();
        assert!(error.contains(why) && error.starts_with("could not "), "{path}={value}: {error}");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let layout = layout();
    for (path, why) in [
        ("speed", "no field `speed`"),
        ("wheel[4].temp", "4 elements"),
        ("wheel.temp", "no field `temp`"),
        ("time[0]", "no such elements"),
        ("time.x", "no field `x`"),
        ("wheel[\"left\"]", "no such elements"),
    ] {
        let error = layout.find(&path.parse().unwrap(), None).unwrap_err().to_string();
        assert!(error.contains(why), "{path}: {error}");
    }
}

#[test]
fn bits_beside_a_bit_field_are_kept() {
    let layout = layout();
    let leaf = layout.find(&"high".parse().unwrap(), None).unwrap();
    let Kind::Bits { first: 3, width: 4, .. } = leaf.kind else { panic!("{leaf:?}") };

    assert_eq!(leaf.kind.parse("0", &[0xff, 0xff]).unwrap(), [0x87, 0xff]);
}

#[test]
fn a_number_that_is_too_large_is_not_infinity() {
    let layout = Layout::from_words("half:f32 whole:f64").unwrap();
    let parsed = |path: &str, text: &str| {
        let leaf = layout.find(&path.parse::<Path>().unwrap(), None).unwrap();
        leaf.kind.parse(text, &[])
    };

    for (path, text) in [("half", "1e39"), ("half", "-1e39"), ("whole", "1e309")] {
        let error = parsed(path, text).unwrap_err().to_string();
        assert!(error.contains("it is larger than any f"), "{error}");
    }
    for text in ["inf", "-inf", "Infinity", "NaN", "1e38", "1e-99"] {
        assert!(parsed("half", text).is_ok(), "{text}");
    }
}

#[test]
fn a_text_that_is_too_long_is_told_in_bytes_where_its_field_has_bytes() {
    let layout = Layout::from_words("name:char[4] wide:char16[2]").unwrap();
    for (path, told) in [("name", "of 6 bytes: there is room for 4"), ("wide", "of 3 characters")] {
        let leaf = layout.find(&path.parse::<Path>().unwrap(), None).unwrap();
        let error = leaf.kind.parse("éöü", &[]).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
