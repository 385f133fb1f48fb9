//! Layouts as messages of ROS 1.

use filemap_layout::Layout;

/// Returns the bytes that a definition describes.
fn size(definition: &str) -> u64 {
    let line = "=".repeat(80);
    let mut messages = definition.split(&line).map(str::trim);
    let root = messages.next().unwrap();
    let others: Vec<(&str, &str)> = messages
        .map(|message| message.strip_prefix("MSG: filemap/").unwrap().split_once('\n').unwrap())
        .collect();
    size_of(root, &others)
}

fn size_of(body: &str, others: &[(&str, &str)]) -> u64 {
    let field = |line: &str| {
        let (kind, _) = line.split_once(' ').unwrap();
        let (kind, count) = match kind.split_once('[') {
            Some((kind, count)) => (kind, count.trim_end_matches(']').parse().unwrap()),
            None => (kind, 1),
        };
        let size = match kind {
            "uint8" | "int8" | "bool" => 1,
            "uint16" | "int16" => 2,
            "uint32" | "int32" | "float32" => 4,
            "uint64" | "int64" | "float64" => 8,
            name => size_of(others.iter().find(|(its, _)| *its == name).unwrap().1, others),
        };
        size * count
    };
    body.lines().map(field).sum()
}

#[test]
fn a_message_has_the_bytes_of_the_struct() {
    let layout = Layout::from_toml(
        r#"
        root = "Car"
        [type.Car]
        size = 64
        fields = [
            { name = "_id", type = "u8" },
            { name = "time", type = "f64" },
            { name = "wheel", type = "Wheel[2]" },
            { type = "Either" },
            { name = "low", type = "u16:3" },
            { name = "high", type = "u16:3", bit = 3, at = 36 },
            { name = "far", type = "u32", order = "big" },
            { name = "größe", type = "char16[3]" },
        ]
        [type.Wheel]
        fields = [{ name = "temp", type = "f32" }, { name = "worn", type = "bool" }]
        [type.Either]
        union = true
        fields = [{ name = "half", type = "u16" }, { name = "whole", type = "u32" }]
        "#,
    )
    .unwrap();
    let definition = layout.ros1();

    assert_eq!(size(&definition), 64, "{definition}");
    assert!(definition.contains("uint8 id\nuint8[7] padding0\nfloat64 time\nWheel[2] wheel\n"));
    assert!(definition.contains("uint32 whole\nuint16 low\n") && !definition.contains("half"));
    assert!(definition.contains("uint16[3] gr__e"));
    assert!(definition.contains("MSG: filemap/Wheel\nfloat32 temp\nbool worn\nuint8[3] padding0"));
}

#[test]
fn fields_that_overlap_come_once() {
    let layout = Layout::from_words("a:u32 b@2:u32 c@8:u8").unwrap();

    assert_eq!(layout.ros1(), "uint32 a\nuint8[4] padding0\nuint8 c\nuint8[3] padding1\n");
}
