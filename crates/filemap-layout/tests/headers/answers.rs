//! What is asked of a header, and what is said when there is no answer.

use std::fs;
use std::process::Command;

use filemap_layout::{Abi, Header, HeaderOptions};

use crate::support::{can_read, layout_in, layout_of, lines, options};

/// A struct that shows whom a layout was made for.
const LINKED: &str = "#include <windows.h>\n\
    struct LinkedMem { UINT32 uiVersion; DWORD uiTick; float avatar[9]; wchar_t name[256];\n\
    float camera[9]; wchar_t identity[256]; UINT32 context_len; unsigned char context[256];\n\
    wchar_t description[2048]; };";

#[test]
fn one_header_has_a_layout_for_each_compiler() {
    if !can_read() {
        return;
    }
    for (abi, size) in [(Abi::WindowsX64, 5460), (Abi::WindowsX86, 5460), (Abi::LinuxX64, 10580)] {
        let layout = layout_of(LINKED, None, abi).unwrap();

        assert_eq!((layout.size(), layout.abi()), (size, Some(abi.name())));
        assert_eq!(layout.versions().unwrap().counters()[0].path.to_string(), "uiTick");
        assert_eq!(abi.to_string().parse::<Abi>().unwrap(), abi);
    }
    let text = include_str!("../../../filemap-cli/layouts/mumble.toml");
    let shipped = filemap_layout::Layout::from_toml(text).unwrap();
    assert_eq!(layout_of(LINKED, None, Abi::WindowsX64).unwrap().size(), shipped.size());
    assert!("windows".parse::<Abi>().unwrap_err().to_string().contains("windows-x86"));
}

#[test]
fn without_a_name_the_struct_that_is_no_part_of_another_is_meant() {
    if !can_read() {
        return;
    }
    let text = "namespace a { struct Part { int x; }; enum { kNone }; struct Constants { enum { kMost }; };\n\
        struct Base { double b; }; struct Whole : Base { Part parts[2]; Part *more; }; }";
    assert_eq!(layout_of(text, None, Abi::LinuxX64).unwrap().name(), "a::Whole");
    // The end of a name will do, if only one has it.
    assert_eq!(layout_of(text, Some("Part"), Abi::LinuxX64).unwrap().name(), "a::Part");

    let error = layout_of("struct A { int a; }; struct B { int b; };", None, Abi::LinuxX64);
    let error = error.unwrap_err();
    assert!(error.contains("several structs") && error.contains("A, B"), "{error}");
    let error = layout_of(text, Some("Wheel"), Abi::LinuxX64).unwrap_err();
    assert!(error.contains("no struct `Wheel`") && error.contains("a::Whole"), "{error}");
    let error = layout_of("enum { kOne };", None, Abi::LinuxX64).unwrap_err();
    assert!(error.contains("no struct"), "{error}");
}

#[test]
fn a_struct_without_a_name_has_that_of_its_variable_or_its_type() {
    if !can_read() {
        return;
    }
    let text = "typedef struct { int x; } Named, *Pointer; struct { Named a[2]; } shared;";
    assert_eq!(layout_of(text, Some("Named"), Abi::LinuxX64).unwrap().size(), 4);
    assert_eq!(layout_of(text, Some("shared"), Abi::LinuxX64).unwrap().size(), 8);
    let text = "typedef volatile struct Tag { int x; } Other;";
    assert_eq!(layout_of(text, Some("Other"), Abi::LinuxX64).unwrap().size(), 4);
}

#[test]
fn fields_have_their_kinds() {
    if !can_read() {
        return;
    }
    let text = "enum Gear { Low = 1, High };\n\
        struct All { char name[4]; wchar_t wide[2]; unsigned char raw; Gear gear; unsigned a : 3, b : 5;\n\
        bool on; void *at; const int &ref; char16_t sixteen[3]; long double far; __int128 huge;\n\
        float m[2][2]; signed char s; };";
    let layout = layout_of(text, None, Abi::LinuxX64).unwrap();
    assert_eq!(
        lines(&layout),
        [
            "0 char[4] name",
            "4 char32[2] wide",
            "12 u8 raw",
            "16 Gear gear",
            "20 u32:3 a",
            "20 u32:5 b",
            "21 bool on",
            "24 u64 at",
            "32 u64 ref",
            "40 char16[3] sixteen",
            "48 bytes[16] far",
            "64 bytes[16] huge",
            "80 f32 m[0][0]",
            "84 f32 m[0][1]",
            "88 f32 m[1][0]",
            "92 f32 m[1][1]",
            "96 i8 s",
        ]
    );
    let layout = layout_of(text, None, Abi::WindowsX64).unwrap();
    let lines = lines(&layout);
    assert!(lines.contains(&"4 char16[2] wide".to_owned()), "{lines:?}");
    assert!(lines.contains(&"48 f64 far".to_owned()), "{lines:?}");
}

#[test]
fn a_header_of_a_newer_language_is_read() {
    if !can_read() {
        return;
    }
    let text = "#include <array>\n#include <atomic>\nenum class Unit : unsigned char { Metric };\n\
        template <typename T> concept Small = sizeof(T) <= 8;\n\
        template <Small T> struct Box { std::atomic<T> value; std::array<T, 2> last; };\n\
        struct Whole { Box<int> box; Unit unit; };";
    let mut options = options(Abi::WindowsX64);
    options.defines.push("UNUSED".to_owned());
    let layout = layout_in("a.hpp", text, Some("Whole"), &options).unwrap();

    assert_eq!(layout.size(), 16);
    assert_eq!(layout.find(&"box.last.elements[1]".parse().unwrap(), None).unwrap().offset, 8);
}

#[test]
fn a_base_whose_fields_are_hidden_has_its_name() {
    if !can_read() {
        return;
    }
    let text = "struct Base { int x, y; }; struct Derived : Base { int x; };";
    let layout = layout_in("a.hpp", text, Some("Derived"), &options(Abi::WindowsX64)).unwrap();

    assert_eq!(lines(&layout), ["0 i32 Base.x", "4 i32 Base.y", "8 i32 x"]);
}

#[test]
fn a_comment_that_is_a_unit_is_that_of_its_field() {
    if !can_read() {
        return;
    }
    let text = "struct V { float x, y; };\nstruct A {\n  float speed; // m/s\n  float t[2]; // (Kelvin)\n\
        V place; // position (meters)\n  int id; // the id of s\n char name[8]; // s\n};";
    let layout = layout_of(text, None, Abi::WindowsX64).unwrap();
    let units: Vec<_> = layout.leaves().map(|leaf| (leaf.path, leaf.unit)).collect();

    assert_eq!(units[0], ("speed".to_owned(), Some("m/s")));
    assert_eq!(units[2], ("t[1]".to_owned(), Some("K")));
    assert_eq!(units[3], ("place.x".to_owned(), Some("m")));
    assert_eq!((units[5].1, units[6].1), (None, None));
}

#[test]
fn what_is_defined_and_what_comes_before_decides_about_fields() {
    if !can_read() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("main.h");
    let text = "#include \"Other/Types.h\"\nstruct Main { Second s; Third t[COUNT]; };";
    fs::write(&path, text).unwrap();
    fs::create_dir_all(directory.path().join("inc/other")).unwrap();
    // Windows takes these names for the same.
    fs::write(directory.path().join("inc/other/types.h"), "typedef double Second;").unwrap();
    let before = directory.path().join("before.h");
    fs::write(&before, "#pragma once\ntypedef short Third;\n").unwrap();
    let options = HeaderOptions {
        defines: vec!["COUNT=3".to_owned()],
        includes: vec![directory.path().join("inc")],
        before: vec![before.to_str().unwrap().to_owned(), "struct Unused { int x; };".to_owned()],
        abi: Abi::WindowsX64,
    };
    let header = Header::read(&path, &options).unwrap();

    assert_eq!(header.layout(None).unwrap().size(), 16);
    assert!(header.warnings().is_empty(), "{:?}", header.warnings());
}

#[test]
fn a_header_that_is_missing_and_not_needed_is_told() {
    if !can_read() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("main.h");
    fs::write(&path, "#include <absent/one.h>\nstruct Main { DWORD a; };").unwrap();
    let header = Header::read(&path, &options(Abi::WindowsX64)).unwrap();
    let warnings = header.warnings().join("\n");

    assert_eq!(header.layout(None).unwrap().size(), 4);
    assert!(warnings.contains("absent/one.h") && warnings.contains("windows.h"), "{warnings}");

    let error = layout_of("#include \"absent.h\"\nstruct A { B b; };", None, Abi::LinuxX64);
    let error = error.unwrap_err();
    assert!(error.contains("test.h:2:12: unknown type name 'B'"), "{error}");
    assert!(error.contains("`absent.h`, not found"), "{error}");
}

#[test]
fn what_cannot_be_laid_out_is_named() {
    if !can_read() {
        return;
    }
    let error =
        |text: &str| layout_in("a.hpp", text, Some("A"), &options(Abi::WindowsX64)).unwrap_err();
    let told = error("struct B { int b; }; struct A : virtual B { int a; };");
    assert!(told.contains("base `B` is virtual"), "{told}");
    let told = error("struct A { int a; int b[2147483648u]; };");
    assert!(told.contains("is the most"), "{told}");
    let told = error("struct A { struct Other o; };");
    assert!(told.contains(":1:25:") && told.contains("incomplete"), "{told}");
    let told = error("struct A { A inner; };");
    assert!(told.contains("incomplete"), "{told}");
    let told = error("struct A { int x };");
    assert!(told.starts_with("could not read") && told.contains("expected ';'"), "{told}");
}

#[test]
fn a_library_that_cannot_be_loaded_is_named() {
    if std::env::var_os("FILEMAP_TEST_RUNNER").is_some() {
        println!("skipped: a test cannot start itself, as it is emulated");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let name = if cfg!(windows) { "libclang.dll" } else { "libclang.so" };
    // The beginning of a program of 64 bits, as far as it is looked at before it is loaded.
    fs::write(directory.path().join(name), [0x7f, b'E', b'L', b'F', 2, 1, 1, 0]).unwrap();
    let told = without(directory.path());

    assert!(told.contains("libclang1"), "{told}");
}

/// Reads a header where `LIBCLANG_PATH` leads to nothing; run by the test below.
#[test]
fn a_process_without_libclang() {
    if std::env::var_os("FILEMAP_TEST_WITHOUT").is_none() {
        return;
    }
    let error = layout_of("struct A { int a; };", None, Abi::WindowsX64).unwrap_err();
    println!("told: {error}");
    // The second time as well, from another thread.
    let again = std::thread::spawn(|| layout_of("struct A { int a; };", None, Abi::WindowsX64));
    assert!(again.join().unwrap().unwrap_err().contains("libclang1"));
}

/// Returns what a process says whose libclang should be in this directory.
fn without(directory: &std::path::Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "answers::a_process_without_libclang", "--nocapture"])
        .env("LIBCLANG_PATH", directory)
        .env("FILEMAP_TEST_WITHOUT", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();

    assert!(output.status.success(), "{told}");
    told.lines().find(|line| line.contains("told: ")).unwrap().to_owned()
}

#[test]
fn without_libclang_one_sentence_says_what_to_install() {
    if std::env::var_os("FILEMAP_TEST_RUNNER").is_some() {
        println!("skipped: a test cannot start itself, as it is emulated");
        return;
    }
    let line = without(tempfile::tempdir().unwrap().path());
    for word in ["libclang1", "clang-libs", "LLVM", "pip install libclang", "LIBCLANG_PATH"] {
        assert!(line.contains(word), "{line}");
    }
}

#[test]
fn threads_read_headers_at_once() {
    if !can_read() {
        return;
    }
    let threads: Vec<_> = (1..9)
        .map(|count| {
            std::thread::spawn(move || {
                let text = format!("struct A {{ int a[{count}]; }};");
                layout_of(&text, None, Abi::WindowsX64).unwrap().size()
            })
        })
        .collect();
    let sizes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();

    assert_eq!(sizes, [4, 8, 12, 16, 20, 24, 28, 32]);
}
