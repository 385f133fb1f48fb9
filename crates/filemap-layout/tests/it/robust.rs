//! Whatever is read, nothing panics, and what was read is written and read again.

use filemap_layout::{Glob, Layout, Path, Snapshot};
use proptest::prelude::*;

/// Types, right ones and others.
fn spelled() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "u8",
            "i16",
            "u32",
            "f64",
            "bool",
            "char[8]",
            "char16[3]",
            "char32",
            "bytes[5]",
            "bytes",
            "u32:3",
            "u8:9",
            "bool:1",
            "A",
            "B[2]",
            "C[0]",
            "E",
            "F[3]",
            "u8[5000]",
            "A[99999999]",
            "u64[2][3]",
            "char[2][4]",
            "bytes[18446744073709551615]",
            "i64[-1]",
            "x[",
            "",
        ])
        .prop_map(str::to_owned),
        "[a-zA-F0-9:\\[\\]]{0,8}",
    ]
}

fn field() -> impl Strategy<Value = String> {
    let name = prop_oneof!["[a-f]", "[a-z_$1. ]{0,3}", Just(String::new())];
    let at = prop::option::of(prop_oneof![0..64_u64, any::<u64>()]);
    (name, spelled(), at, prop::option::of(0..70_u8), any::<bool>()).prop_map(
        |(name, spelled, at, bit, big)| {
            let mut text = format!("{{ name = {name:?}, type = {spelled:?}");
            if let Some(at) = at {
                text.push_str(&format!(", at = {at}"));
            }
            if let Some(bit) = bit {
                text.push_str(&format!(", bit = {bit}"));
            }
            if big {
                text.push_str(", order = \"big\"");
            }
            text + " }"
        },
    )
}

fn document() -> impl Strategy<Value = String> {
    let fields = prop::collection::vec(field(), 0..5);
    let ty = (fields, prop::option::of(0..200_u64), any::<bool>(), prop::option::of(0..9_u64));
    let types = prop::collection::vec(ty, 1..4);
    let section = prop::option::of((prop_oneof!["[a-f]", Just("9".to_owned())], any::<u32>()));
    (types, section, any::<i64>()).prop_map(|(types, section, value)| {
        let mut text = "root = \"A\"\n".to_owned();
        for (name, (fields, size, union, pack)) in ["A", "B", "C"].iter().zip(types) {
            text.push_str(&format!("[type.{name}]\nunion = {union}\n"));
            if let Some(size) = size {
                text.push_str(&format!("size = {size}\n"));
            }
            if let Some(pack) = pack {
                text.push_str(&format!("pack = {pack}\n"));
            }
            text.push_str(&format!("fields = [{}]\n", fields.join(", ")));
        }
        text.push_str(&format!(
            "[enum.E]\ntype = \"i64\"\nvalues = {{ One = {value}, Two = 2 }}\n"
        ));
        text.push_str("[flags.F]\ntype = \"u8\"\nvalues = { Low = 1, High = 128 }\n");
        if let Some((count, offset)) = section {
            let count = if count == "9" { count } else { format!("{count:?}") };
            text.push_str(&format!(
                "[[section]]\nname = \"rows\"\ntype = \"B\"\noffset = {offset}\ncount = {count}\n"
            ));
        }
        text
    })
}

/// Uses all of a layout over bytes.
fn used(layout: &Layout, bytes: &[u8]) {
    drop(layout.ros1());
    let leaves: Vec<_> = layout.leaves().take(1000).collect();
    for leaf in &leaves {
        assert!(leaf.offset + leaf.kind.size() <= layout.size(), "{leaf:?}");
        // Each is found by its path.
        let found = layout.find(&leaf.path.parse().unwrap(), None).unwrap();
        assert_eq!((found.offset, found.kind), (leaf.offset, leaf.kind));
    }
    let Ok(snapshot) = Snapshot::of(layout, bytes.to_vec()) else { return };
    for leaf in leaves {
        let value = leaf.value(snapshot.bytes()).unwrap();
        // What is printed can be written, and has the same bytes, unless no text has them.
        if let Ok(again) = leaf.kind.parse(&value.to_string(), leaf.bytes(bytes).unwrap()) {
            assert_eq!(again.len() as u64, leaf.kind.size());
        }
    }
    if let Ok(tree) = snapshot.tree() {
        serde_json::to_string(&tree).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_document_is_refused_or_a_layout_that_is_written_and_read_again(
        text in document(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(layout) = Layout::from_toml(&text) {
            used(&layout, &bytes);
            let again = Layout::from_toml(&layout.to_toml()).unwrap();
            let places = |layout: &Layout| -> Vec<_> {
                let of = layout.leaves().take(1000);
                of.map(|leaf| (leaf.path, leaf.offset, leaf.kind.size())).collect()
            };
            prop_assert_eq!(places(&again), places(&layout));
            prop_assert_eq!(again.size(), layout.size());
        }
    }

    #[test]
    fn words_are_refused_or_a_layout(
        words in "([a-c]{1,2}(@[0-9]{1,3})?:(u8|f32|char\\[3\\]|u16:3|[a-z\\[\\]0-9]{0,6})[ ,;]){0,5}",
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(layout) = Layout::from_words(&words) {
            used(&layout, &bytes);
        }
    }

    #[test]
    fn a_path_that_was_printed_is_the_one_that_was_read(text in "\\PC{0,12}|[a-b.\\[\\]\"\\\\0-9]{0,12}") {
        if let Ok(path) = text.parse::<Path>() {
            prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
        }
        prop_assert!(Glob::new("*").fits(&text));
    }

    #[test]
    fn characters_at_random_are_no_layout(text in "\\PC{0,200}") {
        drop(Layout::from_toml(&text));
        drop(Layout::from_words(&text));
    }
}
