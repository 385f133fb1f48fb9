//! Arguments about fields that do not belong together.

use super::place;
#[cfg(target_os = "linux")]
use crate::support::finish;

#[test]
fn what_counts_versions_is_not_written_by_its_value_as_well() {
    let (place, _, _holder) = place();
    let words = ["write", "car", "--as", "v:u32 w:u32 x:u32 b:bool low@0:u16:3", "x=1"];
    for (counters, value, why) in [
        (["--seq", "v,w"], "v=3", "`v` counts versions"),
        (["--seq", "v,w"], "w=3", "`w` counts versions"),
        (["--tick", "v"], "low=3", "`low` counts versions"),
        (["--seq", "b"], "x=2", "`b`: it is bool"),
        (["--tick", "b"], "x=2", "`b`: it is bool"),
        (["--seq", "v,v"], "x=2", "share bytes"),
    ] {
        let told = place.run(words.iter().chain(&counters).chain(&["--bump", value])).failed(2);
        assert!(told.contains(why), "{counters:?} {value}: {told}");
    }
    assert_eq!(place.run(["read", "car", "-n", "13", "--json"]).json()["hex"], "0".repeat(26));
    // Without --bump, they are fields as others are.
    place.run(words.iter().chain(&["--seq", "v,w", "v=3"])).text();
}

// Arguments that are no text.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_utf_8_is_refused_and_not_replaced() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let (place, layout, _holder) = place();
    let run = |words: &[&str], last: &[u8]| {
        let mut command = place.command();
        command.args(words).arg(OsStr::from_bytes(last));
        finish(command, b"")
    };
    let layout = ["car", "--layout", &layout];
    for (words, last) in [
        (&[&["write"], &layout[..], &["rpm=1"]].concat()[..], &b"name=\xff\xfe"[..]),
        (&["write", "car", "-s", "0"], b"name=\xff"),
        (&["write", "car", "n=1", "--as"], b"n:u32 \xff"),
        (&["read", "car", "--as"], b"n:u32 \xff"),
        (&[&["read"], &layout[..], &["--fields"]].concat(), b"rpm,\xff"),
    ] {
        let told = run(words, last);
        assert_eq!(told.code, Some(2), "{words:?}");
        assert!(told.stderr.contains("UTF-8"), "{words:?}: {}", told.stderr);
    }
    assert_eq!(place.run(["read", "car", "-n", "8", "--json"]).json()["hex"], "0".repeat(16));
}

#[test]
fn a_layout_is_shown_in_one_form() {
    let (place, layout, _holder) = place();
    for words in [
        &["--to", "toml", "--json"][..],
        &["--to", "ros1", "--fields", "rpm"],
        &["--check", "car", "--fields", "rpm"],
    ] {
        let told = place.run(["layout", &layout].iter().chain(words));
        assert_eq!((told.code, told.stdout.as_slice()), (Some(2), &b""[..]), "{words:?}");
        assert!(told.stderr.contains("cannot be used with"), "{words:?}: {}", told.stderr);
    }
}

#[test]
fn options_that_say_nothing_about_a_layout_are_refused() {
    let (place, layout, _holder) = place();
    let compiler: [&[&str]; 4] =
        [&["-D", "X"], &["-I", "."], &["--before", "a.h"], &["--abi", "linux-x64"]];
    for words in [
        &["read", "car", "--layout", &layout][..],
        &["read", "car", "--as", "n:u32"],
        &["write", "car", "--layout", &layout, "n=1"],
        &["layout", &layout],
        &["layout", "--as", "n:u32"],
        &["layout", &layout, "--check", "car"],
    ] {
        for option in compiler {
            let told = place.run(words.iter().chain(option)).failed(2);
            assert!(told.contains("is about a header"), "{words:?} {option:?}: {told}");
        }
    }
    let told = place.run(["read", "car", "--as", "n:u32", "--order", "big"]).failed(2);
    assert!(told.contains("`big` as a word"), "{told}");
    place.run(["read", "car", "--as", "n:u32", "--order", "little"]).text();
    place.run(["read", "car", "--as", "u32", "--order", "big"]).text();
}
