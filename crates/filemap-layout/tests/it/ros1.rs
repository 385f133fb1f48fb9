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

#[test]
fn a_struct_named_as_a_type_of_ros_has_another_name() {
    let text = "root = \"time\"\n[type.time]\nfields = [{ name = \"a\", type = \"Header[2]\" }]\n\
                [type.Header]\nfields = [{ name = \"b\", type = \"duration\" }]\n\
                [type.duration]\nfields = [{ name = \"c\", type = \"u32\" }]";
    let definition = Layout::from_toml(text).unwrap().ros1();

    assert!(definition.starts_with("Header_2[2] a\n"), "{definition}");
    assert!(definition.contains("MSG: filemap/Header_2\nduration_2 b\n"), "{definition}");
    assert_eq!(size(&definition), 8);
}

#[test]
fn a_field_in_the_gap_at_the_end_of_a_base_is_there() {
    let text = "root = \"Derived\"\n[type.Derived]\nsize = 12\nfields = [\
                { type = \"Base\", at = 0 }, { name = \"hint\", type = \"u8\", at = 5 }]\n\
                [type.Base]\nsize = 8\nfields = [\
                { name = \"a\", type = \"u32\" }, { name = \"b\", type = \"u8\" }]";
    let definition = Layout::from_toml(text).unwrap().ros1();

    assert_eq!(definition, "uint32 a\nuint8 b\nuint8 hint\nuint8[6] padding0\n");
}
