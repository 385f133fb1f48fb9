//! Fields: their layout, their values, and the table of them.

// Linux alone has terminals that are files.
#[cfg(target_os = "linux")]
mod table;

mod chosen;
mod misuse;

use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, Running, can_wait, filemap, finish};

const CAR: &str = r#"
root = "Car"
[type.Car]
fields = [
    { name = "n", type = "u32" },
    { name = "rpm", type = "f32", unit = "1/min" },
    { name = "time", type = "f64", unit = "s" },
    { name = "wheel", type = "Wheel[4]" },
    { name = "name", type = "char[8]" },
    { name = "gear", type = "Gear" },
]
[type.Wheel]
fields = [{ name = "temp", type = "f32", unit = "°C" }, { name = "worn", type = "bool" }]
[enum.Gear]
type = "i8"
values = { Reverse = -1, Neutral = 0, First = 1 }
"#;

fn place() -> (Place, String, Running) {
    let place = Place::new();
    let layout = place.file("car.toml", CAR.as_bytes());
    let holder = place.hold(["car", "--size", "4KiB"]);
    (place, layout, holder)
}

#[test]
fn a_layout_is_told_with_offsets_sizes_types_and_padding() {
    let (place, layout, _holder) = place();

    let told = place.run(["layout", &layout]).text();
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(lines[0], "Car 64 bytes");
    assert!(told.contains("16     4  f32       wheel[0].temp  °C"), "{told}");
    assert!(told.contains("57     7            (padding)"), "{told}");

    let json = place.run(["layout", &layout, "--json"]).json();
    assert_eq!((&json["type"], &json["size"]), (&json!("Car"), &json!(64)));
    let temp = &json["fields"][9];
    assert_eq!(
        *temp,
        json!({"path": "wheel[3].temp", "offset": 40, "size": 4, "type": "f32", "unit": "°C"})
    );
    let some = place.run(["layout", &layout, "--fields", "wheel[*].worn"]).text();
    assert_eq!(some.lines().count(), 5);
}

#[test]
fn a_layout_is_checked_against_a_name() {
    let (place, layout, _holder) = place();
    let _small = place.hold(["small", "--size", "63"]);

    assert!(place.run(["layout", &layout, "--check", "car"]).text().contains("fits `Local\\car`"));
    assert!(place.run(["layout", &layout, "--check", "small"]).failed(1).contains("which has 63"));
    assert!(place.run(["layout", &layout, "--check", "gone"]).failed(1).contains("gone"));
}

#[test]
fn what_is_written_into_fields_is_read_from_them() {
    let (place, layout, _holder) = place();
    let values = ["rpm=8500", "wheel[3].temp=80.5", "wheel[3].worn=true", "name=Zoë", "gear=-1"];
    let told = place.run(["write", "car", "--layout", &layout].iter().chain(&values)).text();
    assert!(told.contains("wheel[3].temp"), "{told}");

    let json = place.run(["read", "car", "--layout", &layout, "--json"]).json();
    assert_eq!(json["rpm"], 8500.0);
    assert_eq!(json["wheel"][3], json!({"temp": 80.5, "worn": true}));
    assert_eq!((&json["name"], &json["gear"]), (&json!("Zoë"), &json!("Reverse")));

    let text = place.run(["read", "car", "--layout", &layout]).text();
    assert!(text.contains("wheel[3].temp  80.5 °C\n"), "{text}");
    let some = ["--fields", "rpm,wheel[?].temp"];
    let csv = place.run(["read", "car", "--layout", &layout, "--csv"].iter().chain(&some)).text();
    assert_eq!(
        csv,
        "rpm,wheel[0].temp,wheel[1].temp,wheel[2].temp,wheel[3].temp\n8500,0,0,0,80.5\n"
    );
    let json = place.run(["read", "car", "--layout", &layout, "--json"].iter().chain(&some)).json();
    assert_eq!(json["wheel[3].temp"], 80.5);
    // The bytes are where the layout says.
    let json = place.run(["read", "car", "--as", "f32", "-s", "40", "-n", "4", "--json"]).json();
    assert_eq!(json["values"][0], 80.5);
}

#[test]
fn fields_may_be_words_and_may_begin_at_an_offset() {
    let (place, _, _holder) = place();
    let words = ["--as", "n:u16 rpm:f32", "--offset", "100"];
    place.run(["write", "car", "n=7", "rpm=1.5"].iter().chain(&words)).text();

    let json = place.run(["read", "car", "--json"].iter().chain(&words)).json();
    assert_eq!(json, json!({"n": 7, "rpm": 1.5}));
    let json = place.run(["read", "car", "-s", "104", "-n", "4", "--as", "f32", "--json"]).json();
    assert_eq!(json["values"][0], 1.5);
}

#[test]
fn nothing_is_written_unless_every_value_fits() {
    let (place, layout, _holder) = place();
    for (wrong, why) in [
        ("gear=Fifth", "Neutral"),
        ("wheel[4].temp=1", "4 elements"),
        ("speed=1", "no field `speed`"),
        ("name=too long a name", "room for 8"),
        ("wheel=1", "parts"),
        ("rpm", "FIELD=VALUE"),
    ] {
        let sentence =
            place.run(["write", "car", "--layout", &layout, "rpm=8500", wrong]).failed(2);
        assert!(sentence.contains(why), "{wrong}: {sentence}");
    }
    let json = place.run(["read", "car", "--layout", &layout, "--json"]).json();
    assert_eq!(json["rpm"], 0.0);
}

#[test]
fn fields_make_no_file_longer() {
    let place = Place::new();
    let file = place.file("short", b"1234567");
    let sentence = place.run(["write", &file, "--as", "n:u64", "n=1"]).failed(2);

    assert!(sentence.contains("has 7"), "{sentence}");
    assert_eq!(fs::read(&file).unwrap(), b"1234567");
}

#[test]
fn readers_are_told_of_a_new_version() {
    let (place, layout, _holder) = place();
    let bump = |counter: &[&str], value| {
        let words = ["write", "car", "--layout", &layout, "--bump", value];
        place.run(words.iter().chain(counter)).text();
        place.run(["read", "car", "--layout", &layout, "--json"]).json()["n"].clone()
    };

    assert_eq!(bump(&["--tick", "n"], "rpm=1"), 1);
    assert_eq!(bump(&["--tick", "n"], "rpm=2"), 2);
    assert_eq!(bump(&["--seq", "n"], "rpm=3"), 4);
    let words = ["--as", "begin:u32 end:u32 rpm:f32"];
    place.run(["write", "car", "begin=9", "end=9"].iter().chain(&words)).text();
    let pair = ["--seq", "begin,end", "--bump", "rpm=1"];
    place.run(["write", "car"].iter().chain(&words).chain(&pair)).text();
    let json = place.run(["read", "car", "--json"].iter().chain(&words)).json();
    assert_eq!(json, json!({"begin": 10, "end": 10, "rpm": 1.0}));
    let none = place.run(["write", "car", "--layout", &layout, "--bump", "rpm=1"]).failed(2);
    assert!(none.contains("--seq or --tick"), "{none}");
}

#[test]
fn a_version_that_a_program_left_half_done_is_whole_after_the_next_one() {
    let (place, _, _holder) = place();
    let words = ["--as", "begin:u32 end:u32 busy:u8"];
    let write = |words: &[&str]| place.run(["write", "car"].iter().chain(words)).text();
    // As bytes, since fields that are busy are told to be torn.
    let read = || place.run(["read", "car", "-n", "9", "--json"]).json()["hex"].clone();

    write(&[&words[..], &["begin=9", "end=8", "busy=255"]].concat());
    write(&[&words[..], &["--seq", "begin,end", "--bump", "busy=255"]].concat());
    assert_eq!(read(), "0a0000000a000000ff");
    write(&[&words[..], &["--bump", "end=1"]].concat());
    assert_eq!(read(), "0a0000000100000000");
    // It is odd while somebody writes, and even afterwards.
    write(&[&words[..], &["--seq", "end", "--bump", "begin=1"]].concat());
    assert_eq!(read(), "010000000400000000");
}

#[test]
fn a_torn_copy_is_told_and_a_counter_that_is_known_by_its_name_as_well() {
    let (place, _, _holder) = place();
    let words = "mSequenceNumber:u32 rpm:f32";
    let read = || place.run(["read", "car", "--as", words]);

    assert!(read().stderr.contains("whole by `mSequenceNumber`, odd"));
    place.run(["write", "car", "--as", words, "mSequenceNumber=1"]).text();
    assert!(read().stderr.contains("torn"));
    assert_eq!(read().code, Some(0));
}

#[test]
fn a_mutex_is_owned_while_fields_are_copied() {
    if !can_wait() {
        return;
    }
    let (place, layout, _holder) = place();
    let sentence = place.run(["read", "car", "--layout", &layout, "--lock", "turn"]).failed(1);
    assert!(sentence.contains("turn") && sentence.contains("under Wine stay there"), "{sentence}");

    let _mutex = place.hold(["turn", "--mutex"]);
    for _ in 0..2 {
        let json =
            place.run(["read", "car", "--layout", &layout, "--lock", "turn", "--json"]).json();
        assert_eq!(json["n"], 0);
    }
    place.run(["write", "car", "--layout", &layout, "--lock", "turn", "n=1"]).text();
    let mut words = vec!["lock", "turn", "--timeout", "0s", "--"];
    let command = filemap();
    words.extend(command.iter().map(String::as_str));
    words.push("ls");
    let free = place.run(words);
    assert_eq!(free.code, Some(0), "{}", free.stderr);
}

#[test]
fn a_mutex_that_another_thread_keeps_makes_nobody_wait_for_ever() {
    if !can_wait() {
        return;
    }
    let (place, layout, _holder) = place();
    let registry = filemap::Registry::at(place.registry());
    let turn = filemap::Mutex::options().registry(&registry).name("turn").create().unwrap();
    let _owned = turn.lock().unwrap();

    let waiting = [&["read", "car"][..], &["write", "car", "n=1"]].map(|words| {
        let mut command = place.command();
        command.args(words).args(["--layout", &layout, "--lock", "turn"]);
        Running::start(command)
    });

    for waiting in waiting {
        let ended = waiting.wait();
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let sentence = "could not own `Local\\turn` within 5s: another thread owns it";
        assert!(ended.stderr.contains(sentence), "{ended:?}");
    }
    assert_eq!(place.run(["read", "car", "--layout", &layout, "--json"]).json()["n"], 0);
}

#[test]
fn a_layout_is_kept_as_toml_and_as_a_message() {
    let (place, layout, _holder) = place();
    let toml = place.run(["layout", &layout, "--to", "toml"]).text();
    let again = place.file("again.toml", toml.as_bytes());

    let json = |file: &str| place.run(["layout", file, "--json"]).json();
    assert_eq!(json(&again), json(&layout));
    let message = place.run(["layout", &layout, "--to", "ros1"]).text();
    assert!(
        message.starts_with("uint32 n\nfloat32 rpm\nfloat64 time\nWheel[4] wheel\n"),
        "{message}"
    );
}

#[test]
fn what_is_no_layout_is_refused_with_its_place() {
    let (place, layout, _holder) = place();
    let wrong = place.file("wrong.toml", b"[type.A]\nfields = [{ name = \"a\", typ = \"u8\" }]\n");

    for (words, why) in [
        (&["read", "car", "--layout", &wrong][..], "line 2"),
        (&["read", "car", "--layout", "gone.toml"], "does not exist"),
        (&["read", "car", "--as", "rpm:f33"], "f33"),
        (&["read", "car", "--as", "f33"], "possible values"),
        (&["read", "car", "--layout", &layout, "--fields", "speed"], "no path is like"),
        (&["read", "car", "--layout", &layout, "--length", "4"], "about bytes"),
        (&["read", "car", "--fields", "rpm"], "--layout says which"),
        (&["read", "car", "--csv"], "--layout says which"),
        (&["watch", "car", "--json", "--seq", "n"], "--layout says which"),
        (&["write", "car", "--layout", &layout], "rpm=8500"),
        (&["write", "car", "rpm=1"], "--layout"),
        (&["layout"], "FILE"),
    ] {
        let outcome = place.run(words);
        assert!(matches!(outcome.code, Some(1 | 2)), "{words:?}");
        assert!(outcome.stderr.contains(why), "{words:?}: {}", outcome.stderr);
    }
}

#[test]
fn changes_of_fields_are_told_as_lines_of_json() {
    let (place, layout, _holder) = place();
    let mut command = place.command();
    command.args(["watch", "car", "--layout", &layout, "--json", "-i", "5ms"]);
    command.args(["--fields", "wheel"]);
    let mut watcher = Running::start(command);
    let write = |value: &str| {
        place.run(["write", "car", "--layout", &layout, "rpm=1", value]).text();
    };
    // The command does not report that it has begun: the first change shows it.
    let line: Value = loop {
        for value in ["wheel[1].temp=1", "wheel[1].temp=2"] {
            write(value);
        }
        if let Some(line) = watcher.line_within(std::time::Duration::from_millis(200)) {
            break serde_json::from_str(&line).unwrap();
        }
    };

    assert_eq!(line["path"], "wheel[1].temp");
    assert!(line["value"] == 1.0 || line["value"] == 2.0, "{line}");
    watcher.interrupt();
    assert_eq!(watcher.wait().code, Some(130));
}

// Profiles are of programs under Wine.
#[cfg(target_os = "linux")]
#[test]
fn each_name_of_a_profile_that_has_a_layout_is_as_long_as_its_fields() {
    let place = Place::new();
    let mut layouts = 0;
    let profiles = place.run(["wine", "profiles", "--json"]).json();
    let profiles = profiles["profiles"].as_array().unwrap();
    assert!(profiles.len() > 9);
    for profile in profiles {
        let name = profile["name"].as_str().unwrap();
        let profile = place.run(["wine", "profiles", name, "--json"]).json();
        for map in profile["map"].as_array().unwrap() {
            let Some(layout) = map["layout"].as_str() else { continue };
            let described = place.run(["layout", layout, "--json"]).json();
            assert!(described["size"].as_u64() <= map["size"].as_u64(), "{name}: {layout}");
            layouts += 1;
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/layouts");
    assert_eq!(layouts, fs::read_dir(folder).unwrap().count(), "each layout is of a profile");
}

#[test]
fn a_layout_of_the_user_is_found_by_its_name_and_comes_before_one_that_is_shipped() {
    let place = Place::new();
    let folder = place.path("config/filemap/layouts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mumble.toml"), CAR).unwrap();
    let told = |name: &str| {
        let mut command = place.command();
        command.args(["layout", name]).env("XDG_CONFIG_HOME", place.path("config"));
        finish(command, b"")
    };

    assert!(told("mumble.toml").text().starts_with("Car 64 bytes"));
    assert!(told("rtss.toml").text().contains("dwBusy"));
    let sentence = told("nothing.toml").failed(2);
    assert!(
        sentence.contains("this command has") && sentence.contains("hwinfo.toml"),
        "{sentence}"
    );
}

/// Returns the text of an answer, unless there is no libclang here.
fn with_clang(outcome: &crate::support::Outcome) -> bool {
    let is_there = !outcome.stderr.contains("headers are read by libclang");
    if !is_there {
        println!("skipped: no libclang here");
    }
    is_there
}

const STATE: &[u8] = b"#include <windows.h>\n\
    struct Wheel {\n    float temp; // m\n};\n\
    struct State { long lap; DWORD mSequenceNumber; Wheel wheel[2]; wchar_t name[4]; };\n";

#[test]
fn the_size_of_a_memory_tells_which_compiler_its_header_is_of() {
    let place = Place::new();
    let header = place.file("State.h", STATE);
    let state = format!("{header}:State");
    let (_windows, _linux) =
        (place.hold(["windows", "--size", "24"]), place.hold(["linux", "--size", "40"]));
    let _pages = place.hold(["pages", "--size", "4096"]);
    let outcome = place.run(["write", "windows", "--layout", &state, "lap=7", "name=Zo\u{eb}"]);
    if !with_clang(&outcome) {
        return;
    }
    outcome.text();

    let words = ["read", "windows", "--as", "lap:i32 n:u32 t:f32[2] name:char16[4]", "--json"];
    assert_eq!(place.run(words).json()["name"], "Zo\u{eb}");
    place.run(["write", "linux", "--layout", &state, "lap=-1"]).text();
    assert_eq!(place.run(["read", "linux", "--as", "lap:i64", "--json"]).json()["lap"], -1);
    let sentence = place.run(["read", "pages", "--layout", &state]).failed(2);
    assert!(sentence.contains("24 bytes with windows-x64"), "{sentence}");
    assert!(sentence.contains("--abi says"), "{sentence}");
    let named = place.run(["read", "pages", "--layout", &state, "--abi", "linux-x64", "--json"]);
    assert_eq!(named.json()["lap"], 0);
}

#[test]
fn a_header_that_fits_for_no_compiler_is_the_answer_no() {
    let place = Place::new();
    let header = place.file("State.h", STATE);
    let file = place.file("memory", &[0; 23]);
    let state = format!("{header}:State");
    let outcome = place.run(["layout", &state, "--check", &file]);
    if !with_clang(&outcome) {
        return;
    }

    let sentence = outcome.failed(1);
    assert!(sentence.contains("could not fit the layout: `State` has 24 bytes"), "{sentence}");
    // To read, it is an error.
    assert!(place.run(["read", &file, "--layout", &state]).failed(2).contains("--abi says"));
}

#[test]
fn a_header_that_differs_between_compilers_is_told_to_do_so() {
    let place = Place::new();
    let header = place.file("State.h", STATE);
    let outcome = place.run(["layout", &header]);
    if !with_clang(&outcome) {
        return;
    }

    let note = "`State` has other offsets or sizes for other compilers; these are for windows-x64";
    for form in [&[][..], &["--to", "toml"], &["--json"]] {
        let told = place.run(["layout", &header].iter().chain(form));
        assert_eq!(told.code, Some(0));
        assert!(told.stderr.contains(note), "{form:?}: {}", told.stderr);
        place.run(["layout", &header, "--abi", "linux-x64"].iter().chain(form)).text();
    }
    let same = place.file("same.h", b"struct Same { int a; float b; };\n");
    place.run(["layout", &same]).text();
}

#[test]
fn a_header_becomes_a_file_that_needs_no_libclang() {
    let place = Place::new();
    let header = place.file("State.h", STATE);
    let outcome = place.run(["layout", &header, "--to", "toml", "--abi", "windows-x64"]);
    if !with_clang(&outcome) {
        return;
    }
    let layout = place.file("state.toml", outcome.text().as_bytes());
    let mut command = place.command();
    command.args(["layout", &layout, "--json"]).env("LIBCLANG_PATH", place.path("."));

    let json = finish(command, b"").json();
    assert_eq!((&json["type"], &json["size"]), (&json!("State"), &json!(24)));
    assert_eq!(json["fields"][2]["unit"], "m");
    assert!(json["whole"].as_str().unwrap().contains("mSequenceNumber"));
}

#[test]
fn a_header_before_another_may_have_bytes_that_are_no_text() {
    let place = Place::new();
    let header = place.file("State.h", b"struct State { Count n; };\n");
    let before = place.file("types.h", b"// Gr\xf6\xdfe\ntypedef int Count;\n");

    let outcome = place.run(["layout", &header, "--before", &before]);
    if with_clang(&outcome) {
        assert!(outcome.text().starts_with("State 4 bytes"));
    }
    let missing = place.run(["layout", "./none.h"]).failed(2);
    assert!(missing.ends_with("could not read `./none.h`: it does not exist\n"), "{missing}");
}

#[test]
fn without_libclang_a_header_is_refused_and_says_what_to_install() {
    let place = Place::new();
    let header = place.file("State.h", STATE);
    let mut command = place.command();
    command.args(["layout", &header]).env("LIBCLANG_PATH", place.path("."));

    let sentence = finish(command, b"").failed(2);
    assert!(sentence.contains("libclang1") && sentence.lines().count() == 1, "{sentence}");
}

const ROWS: &str = r#"
root = "Head"
[type.Head]
fields = [{ name = "at", type = "u32" }, { name = "count", type = "u32" }]
[type.Row]
fields = [{ name = "label", type = "char[4]" }, { name = "value", type = "u32" }]
[[section]]
name = "sensor"
type = "Row"
offset = "at"
count = "count"
key = "label"
"#;

#[test]
fn lines_of_changes_outlive_a_section_that_is_wrong_for_a_moment() {
    let (place, _, _holder) = place();
    let layout = place.file("rows.toml", ROWS.as_bytes());
    let rows = ["write", "car", "--layout", &layout];
    let write = |words: &[&str]| place.run(rows.iter().chain(words)).text();
    write(&["at=64", "count=1", "sensor[0].value=7"]);
    let mut command = place.command();
    command.args(["watch", "car", "--layout", &layout, "--json", "-i", "5ms"]);
    let mut watcher = Running::start(command);
    let told = |watcher: &mut Running, path: &str, one: &[&str], other: &[&str]| loop {
        // The command does not report that it has looked: a change shows it.
        for words in [one, other] {
            write(words);
            while let Some(line) = watcher.line_within(std::time::Duration::from_millis(200)) {
                if line.contains(path) {
                    return;
                }
            }
        }
    };

    told(&mut watcher, "sensor[0].value", &["sensor[0].value=8"], &["sensor[0].value=9"]);
    write(&["count=2000000"]);
    // The note about it is on standard error; what follows shows that it goes on.
    told(&mut watcher, "\"count\"", &["count=1"], &["count=2"]);
    watcher.interrupt();
    assert_eq!(watcher.wait().code, Some(130));
}
