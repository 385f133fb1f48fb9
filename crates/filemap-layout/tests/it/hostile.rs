//! Layouts that somebody made up.

use filemap_layout::{Layout, Snapshot};

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
