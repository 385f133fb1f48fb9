//! Headers that somebody made up.

use std::fs;
use std::path::Path;

use filemap_layout::{Abi, Header};

use crate::support::{can_read, layout_in, options};

fn refused(text: &str, why: &str) {
    let error = layout_in("bad.h", text, None, &options(Abi::WindowsX64)).unwrap_err();
    assert!(error.starts_with("could not ") && error.contains(why), "{error}");
}

fn refused_path(path: &Path, why: &str) {
    let error = Header::read(path, &options(Abi::WindowsX64)).unwrap_err().to_string();
    assert!(error.starts_with("could not read ") && error.contains(why), "{error}");
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    refused_path(directory.path(), "directory");
    refused_path(&directory.path().join("none.h"), "");
    let garbage = directory.path().join("garbage.h");
    fs::write(&garbage, [0, 1, 2, 0xff, 0xfe, 0]).unwrap();
    refused_path(&garbage, "no text");
    let huge = directory.path().join("huge.h");
    fs::File::create(&huge).unwrap().set_len(1 << 36).unwrap();
    refused_path(&huge, "larger");
    if Path::new("/dev/zero").exists() {
        refused_path(Path::new("/dev/zero"), "no regular file");
        let path = directory.path().join("outer.h");
        fs::write(&path, "#include \"/dev/zero\"\nstruct A { int a; };").unwrap();
        refused_path(&path, "/dev/zero");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(std::ffi::OsStr::from_bytes(b"\xff.h"));
    fs::write(&path, "struct A { int a; };").unwrap();
    refused_path(&path, "UTF-8");
}

#[cfg(unix)]
#[test]
fn nobody_waits_for_a_fifo() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo.h");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no mkfifo here");
        return;
    }
    refused_path(&fifo, "no regular file");
    let path = directory.path().join("outer.h");
    fs::write(&path, "  #  include   \"fifo.h\"\nstruct A { int a; };").unwrap();
    refused_path(&path, "no regular file");
}

#[test]
fn headers_that_include_themselves_have_an_end() {
    if !can_read() {
        return;
    }
    refused("#include \"bad.h\"\nstruct A { int a; };", "");
    refused("#include \"bad.h\"\n#include \"bad.h\"\n#include \"bad.h\"\nstruct A { int a; };", "");
}

#[test]
fn bytes_at_random_are_refused() {
    if !can_read() {
        return;
    }
    for seed in 1..12_u32 {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let words =
            ["struct A{", "};", "#include", "\"", "<", "union", "int a;", "[", "]", "#if 1\n"];
        let text: String = (0..400)
            .map(|_| match next() {
                byte @ 0..=99 => words[usize::from(byte) % words.len()].to_owned(),
                byte => char::from(byte.max(1)).to_string(),
            })
            .collect();
        // Whatever is said of it, it is said.
        drop(layout_in("bad.h", &text, None, &options(Abi::WindowsX64)));
    }
}

#[test]
fn more_fields_than_memory_has_room_for_are_refused() {
    if !can_read() {
        return;
    }
    refused("struct A { int a[2147483648u]; };", "is the most");
    refused("struct A { int a[65536][65536][65536]; };", "");
    refused("struct A { int a[0x7fffffffffffffff]; };", "");
    refused("struct A { int a[-1]; };", "negative");
    let mut text = "struct T0 { char c; };\n".to_owned();
    for depth in 1..12 {
        text.push_str(&format!("struct T{depth} {{ struct T{} x[100]; }};\n", depth - 1));
    }
    refused(&text, "");
    // Few fields, twice at each depth, without a byte among them.
    let mut text = "struct T0 {};\n".to_owned();
    for depth in 1..63 {
        text.push_str(&format!("struct T{depth} {{ T{0} x[0], y[0]; }};\n", depth - 1));
    }
    refused(&text, "");
}

#[test]
fn structs_deep_inside_each_other_are_refused() {
    if !can_read() {
        return;
    }
    let mut text = "struct T0 { int x; };\n".to_owned();
    for depth in 1..2000 {
        text.push_str(&format!("struct T{depth} {{ struct T{} x; }};\n", depth - 1));
    }
    refused(&text, "");
    let open = "struct { ".repeat(5000);
    let close = "int x; }; ".repeat(5000);
    refused(&format!("struct A {{ {open}{close} }};"), "");
}
