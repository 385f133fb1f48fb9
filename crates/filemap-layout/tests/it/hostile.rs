//! Layouts that somebody made up.

use filemap_layout::{Field, Fields, Kind, Layout, Number, Order, Snapshot};

fn refused(text: &str, why: &str) {
    let error = Layout::from_toml(text).unwrap_err().to_string();
    assert!(error.starts_with("could not ") && error.contains(why), "{error}");
}

#[test]
fn a_type_that_is_a_part_of_itself_is_refused() {
    refused("[type.A]\nfields = [{ name = \"a\", type = \"A\" }]", "part of itself");
    refused(
        "root = \"A\"\n[type.A]\nfields = [{ name = \"b\", type = \"B[2]\" }]\n\
         [type.B]\nfields = [{ name = \"a\", type = \"A\" }]",
        "part of itself",
    );
}

#[test]
fn more_fields_than_memory_has_room_for_are_refused_at_once() {
    refused("[type.A]\nfields = [{ name = \"a\", type = \"f32[2147483648]\" }]", "is the most");
    refused(
        "[type.A]\nfields = [{ name = \"a\", type = \"f32[4294967296][4294967296]\" }]",
        "memory",
    );
    refused(
        "[type.A]\nfields = [{ name = \"a\", type = \"char[18446744073709551615]\" }]",
        "memory",
    );
    // Ten elements of ten elements of ten elements, and so on: few lines, and many fields.
    let mut text = "root = \"T0\"\n".to_owned();
    for depth in 0..20 {
        text.push_str(&format!(
            "[type.T{depth}]\nfields = [{{ name = \"x\", type = \"T{}[10]\" }}]\n",
            depth + 1
        ));
    }
    text.push_str("[type.T20]\nfields = [{ name = \"x\", type = \"u8\" }]\n");
    refused(&text, "");
}

#[test]
fn types_deep_inside_each_other_are_refused() {
    let mut text = "root = \"T0\"\n".to_owned();
    for depth in 0..5000 {
        text.push_str(&format!(
            "[type.T{depth}]\nfields = [{{ name = \"x\", type = \"T{}\" }}]\n",
            depth + 1
        ));
    }
    text.push_str("[type.T5000]\nfields = [{ name = \"x\", type = \"u8\" }]\n");
    refused(&text, "deep");
    let brackets = "[1]".repeat(100_000);
    refused(&format!("[type.A]\nfields = [{{ name = \"a\", type = \"u8{brackets}\" }}]"), "deep");
}

#[test]
fn what_is_no_layout_is_refused_and_the_place_is_told() {
    refused("", "no `[type.NAME]`");
    refused("[type.A]\nfields = [{ name = \"a\", typ = \"u8\" }]", "line 2");
    refused("[type.A]\nfields = []\nsize = -1", "line 3");
    refused("[type.A]\nfields = [{ name = \"a\", type = \"u9\" }]", "`A.a`");
    refused("[type.A]\nfields = [{ name = \"a\", type = \"u8:9\" }]", "8 bits");
    refused("[type.A]\nfields = [{ name = \"a b\", type = \"u8\" }]", "usable name");
    refused(
        "[type.A]\nfields = [{ name = \"a\", type = \"u8\" }, { name = \"a\", type = \"u8\" }]",
        "two",
    );
    refused("[type.A]\nsize = 4\nfields = [{ name = \"a\", type = \"u32\", at = 1 }]", "outside");
    refused("[type.A]\nfields = [{ name = \"a\", type = \"u8\", at = 9223372036854775807 }]", "");
    refused("[type.A]\nfields = []\n[type.B]\nfields = []", "`root`");
    refused("root = \"C\"\n[type.A]\nfields = []", "has A");
}

#[test]
fn a_layout_is_not_used_on_a_memory_that_is_too_short() {
    let layout = Layout::from_words("a:u64").unwrap();
    let error = Snapshot::of(&layout, vec![0; 7]).unwrap_err().to_string();

    assert!(error.contains("8 bytes") && error.contains("has 7"), "{error}");
}

#[test]
fn words_that_are_no_fields_are_refused() {
    for words in
        ["", "rpm", "rpm:", ":f32", "rpm:f33", "rpm@x:f32", "a:u8[", "a:u8[-1]", "a:u8 a:u8"]
    {
        assert!(Layout::from_words(words).is_err(), "{words}");
    }
    assert!(Layout::from_words("a@18446744073709551615:u64").is_err());
}

#[test]
fn types_without_a_value_are_counted_as_well() {
    // Each has two of the next: to go through them would take for ever, though none has a byte.
    let mut text = "root = \"T0\"\n".to_owned();
    for depth in 0..60 {
        text.push_str(&format!(
            "[type.T{depth}]\nfields = [{{ name = \"x\", type = \"T{0}\" }}, \
             {{ name = \"y\", type = \"T{0}\" }}]\n",
            depth + 1
        ));
    }
    text.push_str("[type.T60]\nfields = []\n");
    refused(&text, "is the most");
    refused(
        "root = \"A\"\n[type.A]\nfields = [{ name = \"a\", type = \"B[4294967296]\" }]\n\
         [type.B]\nfields = []",
        "is the most",
    );
}

#[test]
fn a_name_that_a_struct_without_one_brings_is_there_once() {
    refused(
        "root = \"A\"\n[type.A]\nfields = [{ type = \"B\" }, { name = \"x\", type = \"u8\" }]\n\
         [type.B]\nfields = [{ name = \"x\", type = \"u8\" }]",
        "two fields `x`",
    );
}

#[test]
fn kinds_that_cannot_be_are_refused() {
    let bits = |first, width| Kind::Bits { number: Number::U8, order: Order::Little, first, width };
    let text = |unit| Kind::Text { unit, order: Order::Little, len: 1 };
    for kind in [bits(0, 0), bits(4, 5), bits(255, 255), text(0), text(3)] {
        assert_eq!(kind.value(&[0; 8]), None);
        assert!(kind.parse("1", &[0; 8]).is_err());
        let field = Field { name: "a".to_owned(), offset: 0, kind, unit: None };
        assert!(Fields::new("A", 8, 1, false, vec![field]).is_err());
    }
    let long = Kind::Text { unit: 1, order: Order::Little, len: 1 << 40 };
    assert!(long.parse("a", &[]).unwrap_err().to_string().contains("is the most"));
}

#[test]
fn an_enumeration_of_many_names_in_many_fields_is_read_at_once() {
    let mut text = "root = \"A\"\n[type.A]\nfields = [\n".to_owned();
    for index in 0..5000 {
        text.push_str(&format!("{{ name = \"f{index}\", type = \"Many\" }},\n"));
    }
    text.push_str("]\n[enum.Many]\ntype = \"u32\"\nvalues = {\n");
    for index in 0..20_000 {
        text.push_str(&format!("N{index} = {index},\n"));
    }
    text.push_str("}\n");

    assert_eq!(Layout::from_toml(&text).unwrap().size(), 20_000);
}
