//! Layouts as TOML, written and read.

use filemap_layout::{Kind, Layout};

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

fn places(layout: &Layout) -> Vec<(String, u64, Option<u8>)> {
    let first = |kind: &Kind| match kind {
        Kind::Bits { first, .. } => Some(*first),
        _ => None,
    };
    layout.leaves().map(|leaf| (leaf.path.clone(), leaf.offset, first(leaf.kind))).collect()
}

#[test]
fn bit_fields_beside_each_other_share_a_number_while_it_has_bits_left() {
    let is = |all: &[(&str, u64, Option<u8>)]| {
        all.iter().map(|(path, at, bit)| ((*path).to_owned(), *at, *bit)).collect::<Vec<_>>()
    };
    let expected = is(&[
        ("a", 0, Some(0)),
        ("b", 0, Some(3)),
        ("c", 1, Some(0)),
        // Of another size, and after a field of another kind.
        ("d", 2, Some(0)),
        ("e", 4, None),
        ("f", 6, Some(0)),
        ("g", 6, Some(9)),
        ("h", 8, Some(0)),
    ]);
    let words = Layout::from_words("a:u8:3 b:i8:5 c:u8:8 d:u16:4 e:u8 f:u16:9 g:u16:7 h:u16:1");
    assert_eq!(places(&words.unwrap()), expected);
    let toml = Layout::from_toml(
        r#"
        [type.A]
        fields = [
            { name = "a", type = "u8:3" },
            { name = "b", type = "i8:5" },
            { name = "c", type = "u8:8" },
            { name = "d", type = "u16:4" },
            { name = "e", type = "u8" },
            { name = "f", type = "u16:9" },
            { name = "g", type = "u16:7" },
            { name = "h", type = "u16:1" },
        ]
        "#,
    )
    .unwrap();
    assert_eq!(places(&toml), expected);
    assert_eq!(Layout::from_toml(&toml.to_toml()).unwrap(), toml);
}

#[test]
fn a_bit_field_is_where_its_offset_and_its_bit_say() {
    let layout = Layout::from_toml(
        r#"
        [type.A]
        fields = [
            { name = "a", type = "u8:1" },
            { name = "b", type = "u8:1", bit = 4 },
            { name = "c", type = "u8:1", bit = 4 },
            { name = "d", type = "u8:1", at = 1 },
            { name = "e", type = "u8:1" },
            { name = "f", type = "u8:1", order = "big" },
            { type = "Both" },
        ]
        [type.Both]
        union = true
        fields = [{ name = "low", type = "u8:4" }, { name = "all", type = "u8:8" }]
        "#
        .replace("[type.A]", "root = \"A\"\n[type.A]")
        .as_str(),
    )
    .unwrap();

    let is = [
        ("a", 0, 0),
        ("b", 0, 4),
        ("c", 1, 4),
        ("d", 1, 0),
        ("e", 1, 1),
        ("f", 2, 0),
        ("low", 3, 0),
        ("all", 3, 0),
    ];
    let is: Vec<_> =
        is.iter().map(|(path, at, bit)| ((*path).to_owned(), *at, Some(*bit))).collect();
    assert_eq!(places(&layout), is);
    let text = "[type.A]\nfields = [{ name = \"a\", type = \"u32\", bit = 1 }]";
    let told = Layout::from_toml(text).unwrap_err().to_string();
    assert!(told.contains("could not use `bit` of `A.a`: it is u32"), "{told}");
}

#[test]
fn a_name_is_declared_once() {
    let all = [
        "[type.B]\nfields = []\n",
        "[enum.B]\ntype = \"u8\"\nvalues = {}\n",
        "[flags.B]\ntype = \"u8\"\nvalues = {}\n",
    ];
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let text = format!(
            "root = \"A\"\n[type.A]\nfields = [{{ name = \"b\", type = \"B\" }}]\n{}{}",
            all[one], all[other]
        );
        let told = Layout::from_toml(&text).unwrap_err().to_string();
        assert!(told.contains("`B` is declared twice"), "{told}");
    }
}
