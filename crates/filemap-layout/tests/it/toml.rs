//! Layouts as TOML, written and read.

use filemap_layout::Layout;

const ALL: &str = r#"
    root = "Car"
    abi = "windows-x64"
    [versions]
    pair = ["begin", "end"]
    [type.Car]
    size = 200
    pack = 1
    fields = [
        { name = "begin", type = "u32" },
        { name = "end", type = "u32" },
        { name = "id", type = "u8" },
        { name = "time", type = "f64", unit = "s \"of the race\"" },
        { name = "wheel", type = "Wheel[4]" },
        { name = "name", type = "char[3][8]" },
        { name = "wide", type = "char16[4]", order = "big" },
        { type = "Either" },
        { name = "low", type = "u16:3" },
        { name = "count", type = "u32" },
        { name = "blob", type = "bytes[5]" },
        { name = "big", type = "u8[5000]", at = 60, unit = "a" },
    ]
    [type.Wheel]
    fields = [{ name = "temp", type = "f32" }, { name = "gear", type = "Gear" }]
    [type.Either]
    union = true
    fields = [{ name = "whole", type = "u32" }, { name = "half", type = "u16[2]" }]
    [enum.Gear]
    type = "i8"
    values = { Reverse = -1, "Neutral gear" = 0, First = 1 }
    [type.Row]
    fields = [{ name = "key", type = "char[4]" }, { name = "lights", type = "Lights" }]
    [flags.Lights]
    type = "u64"
    values = { Low = 1, High = 2, Fog = -9223372036854775808 }
    [[section]]
    name = "row"
    type = "Row"
    offset = 100
    count = "count"
    key = "key"
"#;

#[test]
fn a_layout_that_was_written_is_read_as_it_was() {
    let layout = Layout::from_toml(&ALL.replace("size = 200", "size = 6000")).unwrap();
    let again = Layout::from_toml(&layout.to_toml()).unwrap();

    assert_eq!(again, layout, "{}", layout.to_toml());
}

#[test]
fn types_of_one_name_keep_apart_when_they_are_written() {
    let layout = Layout::from_words("a:u8 b:char[4]").unwrap();
    let text = layout.to_toml();

    assert!(text.contains("[type.words]"), "{text}");
    assert_eq!(Layout::from_toml(&text).unwrap(), layout);
}

#[test]
fn the_layout_in_the_document_is_one() {
    let document = include_str!("../../../../docs/layouts.md");
    let (_, after) = document.split_once("```toml\n").unwrap();
    let layout = Layout::from_toml(after.split_once("```").unwrap().0).unwrap();

    assert_eq!((layout.size(), layout.sections().len()), (32, 1));
    let gear = layout.leaves().find(|leaf| leaf.path == "gear").unwrap();
    assert_eq!(gear.offset, 16);
    assert!(layout.versions().is_some());
}
