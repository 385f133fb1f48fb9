//! Copies that are whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{Access, FileMapping, PositionedIo, View};
use filemap_layout::{Layout, Versions};

fn view(layout: &Layout) -> View {
    let mapping = FileMapping::options().size(layout.size()).create().unwrap();
    mapping.map(Access::Write).unwrap()
}

fn put(view: &View, path: &str, layout: &Layout, value: u32) {
    let leaf = layout.find(&path.parse().unwrap(), None).unwrap();
    view.write_all_at(&value.to_le_bytes(), leaf.offset).unwrap();
}

/// Writes as a game does, again and again, while copies are taken.
fn taken_while_written(
    layout: &Layout,
    versions: &Versions,
    mut write: impl FnMut(&View, u32) + Send,
) {
    let view = view(layout);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                write(&view, number);
            }
        });
        let mut whole = 0;
        while whole < 2000 {
            let snapshot = layout.look(&view, Some(versions)).unwrap();
            if snapshot.is_whole() {
                let (a, b) = (snapshot.value("a").unwrap(), snapshot.value("b").unwrap());
                if a != b {
                    is_over.store(true, Ordering::Relaxed);
                    panic!("{a} and {b} are of two versions");
                }
                whole += 1;
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_copy_under_a_pair_of_counters_is_of_one_version() {
    let layout = Layout::from_words("begin:u32 end:u32 a:u32 x:bytes[4000] b:u32").unwrap();
    let versions = Versions::pair(layout.root(), "begin", "end").unwrap();
    taken_while_written(&layout, &versions, |view, number| {
        put(view, "begin", &layout, number);
        put(view, "a", &layout, number);
        put(view, "b", &layout, number);
        put(view, "end", &layout, number);
    });
}

#[test]
fn a_copy_under_an_odd_counter_is_of_one_version() {
    let layout = Layout::from_words("n:u32 a:u32 x:bytes[4000] b:u32").unwrap();
    let versions = Versions::odd(layout.root(), "n").unwrap();
    taken_while_written(&layout, &versions, |view, number| {
        put(view, "n", &layout, number.wrapping_mul(2).wrapping_sub(1));
        put(view, "a", &layout, number);
        put(view, "b", &layout, number);
        put(view, "n", &layout, number.wrapping_mul(2));
    });
}

#[test]
fn a_copy_of_what_is_being_written_is_torn_and_has_the_bytes() {
    let layout = Layout::from_words("mSequenceNumber:u32 busy:u8 a:u32").unwrap();
    let view = view(&layout);
    put(&view, "a", &layout, 7);
    let versions = Versions::known(layout.root()).unwrap();
    assert_eq!(versions, Versions::odd(layout.root(), "mSequenceNumber").unwrap());
    assert!(layout.look(&view, Some(&versions)).unwrap().is_whole());

    put(&view, "mSequenceNumber", &layout, 1);
    let snapshot = layout.look(&view, Some(&versions)).unwrap();
    assert!(!snapshot.is_whole());
    assert_eq!(snapshot.value("a").unwrap().to_string(), "7");

    let busy = Versions::busy(layout.root(), "busy").unwrap();
    assert!(layout.look(&view, Some(&busy)).unwrap().is_whole());
    view.write_all_at(&[1], 4).unwrap();
    assert!(!layout.look(&view, Some(&busy)).unwrap().is_whole());
}

#[test]
fn counters_that_public_headers_have_are_known() {
    for (words, told) in [
        ("mVersionUpdateBegin:u32 mVersionUpdateEnd:u32", "changed before"),
        ("mSequenceNumber:u32", "odd"),
        ("uiVersion:u32 uiTick:u32", "each version"),
        ("packetId:i32", "each version"),
        ("version:u32 busy:i32", "not zero"),
    ] {
        let layout = Layout::from_words(words).unwrap();
        assert!(Versions::known(layout.root()).unwrap().to_string().contains(told), "{words}");
    }
    assert!(Versions::known(Layout::from_words("time:f64").unwrap().root()).is_none());
}

#[test]
fn a_counter_that_is_none_is_refused() {
    let layout = Layout::from_words("time:f64 n:u32 m:u16").unwrap();

    assert!(Versions::tick(layout.root(), "time").is_err());
    assert!(Versions::tick(layout.root(), "gone").is_err());
    assert!(Versions::pair(layout.root(), "n", "m").is_err());
}

#[test]
fn a_view_that_is_too_short_is_refused() {
    let layout = Layout::from_words("a@100000:u64").unwrap();
    let view = view(&Layout::from_words("a:u8").unwrap());
    let error = layout.look(&view, None).unwrap_err().to_string();

    assert!(error.contains("100008"), "{error}");
}

#[test]
fn what_does_not_count_is_no_counter() {
    let layout = |versions: &str| {
        Layout::from_toml(&format!(
            r#"
            root = "A"
            versions = {{ {versions} }}
            [type.A]
            fields = [
                {{ name = "a", type = "u32" }},
                {{ name = "b", type = "bool" }},
                {{ name = "e", type = "E" }},
                {{ name = "l", type = "L" }},
                {{ name = "same", type = "u32", at = 0 }},
                {{ name = "c", type = "u32", at = 8 }},
            ]
            [enum.E]
            type = "u8"
            values = {{ Idle = 0 }}
            [flags.L]
            type = "u8"
            values = {{ Low = 1 }}
            "#
        ))
    };

    for (versions, why) in [
        (r#"odd = "b""#, "it is bool"),
        (r#"tick = "b""#, "it is bool"),
        (r#"odd = "e""#, "it is E"),
        (r#"tick = "l""#, "it is L"),
        (r#"pair = ["b", "b"]"#, "it is bool"),
        (r#"pair = ["a", "a"]"#, "share bytes"),
        (r#"pair = ["a", "same"]"#, "share bytes"),
    ] {
        let told = layout(versions).unwrap_err().to_string();
        assert!(told.contains(why), "{versions}: {told}");
    }
    // To say that somebody writes, they will do.
    for versions in [r#"busy = "b""#, r#"busy = "e""#, r#"pair = ["a", "c"]"#] {
        layout(versions).unwrap();
    }
}
