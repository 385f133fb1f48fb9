//! A tour of bad input: every option of every verb with a value that is wrong.
//!
//! What is said is kept in `tour.txt`; `SNAPSHOTS=overwrite cargo test -p filemap-cli` writes it.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;
use snapbox::{Data, assert_data_eq};

use crate::support::Place;
use crate::usage::VERBS;

/// What is allowed where a size or an offset is.
const BYTES: &str = "expected a number of bytes, such as 4096, 0x1000, 64KiB or 1.5G";
const WHOLE: &str = "expected a whole number of bytes";
const MOST: &str = "64 bits count 18446744073709551615 bytes at most";
const HEX: &str = "expected two hexadecimal digits for each byte";
const COUNTS: &str = "a number from 1 to 2147483647";
const NUMBERS: &str = "a number from 0 to 2147483647";
const ABIS: &str = "[possible values: auto, windows-x64, windows-x86, linux-x64]";
const TIME: &str = "expected a time, such as 500ms, 10s or 5min";
const TYPES: &str = "[possible values: u8, i8, u16, i16, u32, i32, u64, i64, f32, f64]";
const SIZES: [(&str, &str); 6] = [
    ("large", BYTES),
    ("1e3", BYTES),
    ("1.0001K", WHOLE),
    ("1.5", WHOLE),
    ("16E", MOST),
    ("-1K", BYTES),
];
const OFFSETS: [(&str, &str); 4] =
    [("far", BYTES), ("--1", "one minus at most"), ("1.0001K", WHOLE), ("-16E", MOST)];

/// A verb with what it needs, one of its options, wrong values of that, and what is allowed.
type Stop = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const STOPS: &[Stop] = &[
    ("create x", "--size", &SIZES),
    (
        "create x --size 1",
        "--protection",
        &[
            ("rw", "none of read-only, read-write, write-copy, execute-read, execute-read-write"),
            ("", "none of read-only"),
        ],
    ),
    (
        "create x --size 1",
        "--attributes",
        &[("foo", "none of commit, reserve, large-pages"), ("commit,fast", "none of commit")],
    ),
    ("create x --size 1", "--lifetime", &[("file", "none of entry, holders")]),
    (
        "create x --size 1",
        "--mode",
        &[
            ("rw", "three octal digits, as 600, 644 or 666 are"),
            ("0644", "three octal digits"),
            ("-1", "three octal digits"),
            ("777", "must have 6; the group and others 0, 4 (read) or 6 (read and write)"),
        ],
    ),
    ("create x", "--file", &[("./nothing", "--size makes one"), (".", "not a regular file")]),
    ("open x", "--wait", &[("soon", TIME), ("5", TIME), ("-1s", TIME)]),
    ("create x", "--semaphore", &[("0", COUNTS), ("2147483648", COUNTS), ("-1", COUNTS)]),
    ("create x --semaphore 2", "--count", &[("some", NUMBERS), ("-1", NUMBERS)]),
    ("wait x", "--timeout", &[("soon", TIME), ("5", TIME), ("-1s", TIME)]),
    ("signal x", "--count", &[("0", COUNTS), ("all", COUNTS), ("-1", COUNTS)]),
    ("lock x", "--timeout", &[("soon -- true", TIME)]),
    ("read ./f", "--offset", &OFFSETS),
    ("read ./f", "--offset", &[("-5", "it has 4"), ("5", "it ends at 4")]),
    ("read ./f", "--length", &SIZES),
    ("read ./f", "--as", &[("u7", TYPES)]),
    ("read ./f --as u8", "--order", &[("middle", "[possible values: little, big]")]),
    (
        "read ./f",
        "--columns",
        &[("0", "a number from 1 to 255"), ("300", "from 1 to 255"), ("-1", "1 to 255")],
    ),
    ("read", "--file", &[("./nothing", "there is no such file")]),
    ("read ./f", "--layout", &[("./nothing.toml", "it does not exist")]),
    ("read ./f --layout ./f", "--before", &[("./nothing", "it does not exist")]),
    ("read ./f --layout ./f", "--abi", &[("vax", ABIS)]),
    ("read ./f --as a:u32", "--fields", &[("b", "no path is like")]),
    ("read ./f --as a:u32", "--seq", &[("b", "no field `b`, but a")]),
    ("read ./f --as a:f32", "--seq", &[("a", "a whole number is right")]),
    ("read ./f --as a:u32", "--tick", &[("b", "no field `b`, but a")]),
    ("read ./f --as a:u32", "--lock", &[("gone", "under Wine stay there")]),
    ("write ./f --text x", "--offset", &OFFSETS),
    ("write ./f --text x", "--offset", &[("-5", "it has 4")]),
    ("write ./f --offset 0", "--hex", &[("zz", HEX), ("123", HEX), ("-1", HEX)]),
    ("write --offset 0 --text x", "--file", &[("./no/thing", "its folder does not exist")]),
    ("write ./f a=1", "--as", &[("a", "such as rpm:f32")]),
    ("write ./f a=1", "--layout", &[("./nothing.toml", "it does not exist")]),
    ("write ./f a=1 --layout ./f", "--before", &[("./nothing", "it does not exist")]),
    ("write ./f a=1 --layout ./f", "--abi", &[("vax", ABIS)]),
    ("write ./f a=1 --as a:u32", "--seq", &[("b", "no field `b`, but a")]),
    ("write ./f a=1 --as a:u32", "--tick", &[("b", "no field `b`, but a")]),
    ("write ./f a=1 --as a:u32", "--lock", &[("gone", "under Wine stay there")]),
    ("fill ./f", "--offset", &OFFSETS),
    ("fill ./f", "--offset", &[("-5", "it has 4")]),
    ("fill ./f", "--length", &SIZES),
    ("fill ./f", "--hex", &[("zz", HEX), ("f", HEX), ("-1", HEX)]),
    ("fill", "--file", &[("./no/thing", "its folder does not exist")]),
    ("find ./f x", "--offset", &OFFSETS),
    ("find ./f x", "--offset", &[("5", "it ends at 4")]),
    ("find ./f x", "--length", &SIZES),
    ("find ./f", "--hex", &[("zz", HEX), ("0x1", HEX), ("-1", HEX)]),
    ("find ./f x", "--max-count", &[("0", "a number from 1 to"), ("-1", "a number from 1 to")]),
    ("find x", "--file", &[("./nothing", "there is no such file")]),
    ("cmp ./f ./f", "--offset", &OFFSETS),
    ("cmp ./f ./f", "--offset", &[("5", "it ends at 4")]),
    ("cmp ./f ./f", "--length", &SIZES),
    ("cmp ./f ./f", "--other-offset", &OFFSETS),
    ("cmp ./f ./f", "--other-offset", &[("5", "it ends at 4")]),
    ("cmp ./f ./f", "--max-count", &[("-1", "a number from 0 to 18446744073709551615")]),
    ("copy ./f ./g", "--from", &OFFSETS),
    ("copy ./f ./g", "--from", &[("5", "it ends at 4")]),
    ("copy ./f ./g", "--to", &OFFSETS),
    ("copy ./f ./f", "--to", &[("-5", "it has 4")]),
    ("copy ./f ./g", "--length", &SIZES),
    ("watch ./f", "--offset", &OFFSETS),
    ("watch ./f --json", "--offset", &[("5", "it ends at 4")]),
    ("watch ./f", "--length", &SIZES),
    ("watch ./f", "--as", &[("text", TYPES)]),
    ("watch ./f --as u8", "--order", &[("middle", "[possible values: little, big]")]),
    ("watch ./f", "--columns", &[("0", "a number from 1 to 255"), ("-1", "1 to 255")]),
    ("watch ./f", "--interval", &[("0ms", "from 1ms to 1h"), ("-1s", "from 1ms to 1h")]),
    ("watch ./f", "--wait", &[("soon", TIME), ("-1s", TIME)]),
    ("watch ./f --json", "--max-count", &[("many", "a number from 0 to"), ("-1", "from 0 to")]),
    ("watch --json", "--file", &[("./nothing", "there is no such file")]),
    ("watch ./f --json", "--layout", &[("./nothing.toml", "it does not exist")]),
    ("watch ./f --json --layout ./f", "--before", &[("./nothing", "it does not exist")]),
    ("watch ./f --json --layout ./f", "--abi", &[("vax", ABIS)]),
    ("watch ./f --json --as a:u32", "--fields", &[("b", "no path is like")]),
    ("watch ./f --json --as a:u32", "--seq", &[("b", "no field `b`, but a")]),
    ("watch ./f --json --as a:u32", "--tick", &[("b", "no field `b`, but a")]),
    ("watch ./f --json --as a:u32", "--lock", &[("gone", "under Wine stay there")]),
    ("layout", "--as", &[("a", "such as rpm:f32")]),
    (
        "layout --as a:u64",
        "--check",
        &[("./f", "which has 4"), ("gone", "no mapping has this name")],
    ),
    ("layout --as a:u64", "--fields", &[("b", "no path is like")]),
    ("layout --as a:u64", "--to", &[("xml", "[possible values: toml, ros1]")]),
    ("layout ./f", "--before", &[("./nothing", "it does not exist")]),
    ("layout ./f", "--abi", &[("vax", ABIS)]),
    ("record x", "--output", &[("./x", "there is no such name")]),
    ("record x -o ./g", "--rate", &[("0", "from 0.01 to 1000"), ("-1", "from 0.01 to 1000")]),
    ("record x -o ./g", "--for", &[("soon", TIME), ("-1s", TIME)]),
    ("record x -o ./g", "--layout", &[("./nothing.toml", "it does not exist")]),
    ("record x -o ./g --layout ./f", "--before", &[("./nothing", "it does not exist")]),
    ("record x -o ./g --layout ./f", "--abi", &[("vax", ABIS)]),
    ("record x -o ./g --layout ./nothing.toml", "--seq", &[("nothing", "it does not exist")]),
    ("record x -o ./g --layout ./nothing.toml", "--tick", &[("nothing", "it does not exist")]),
    ("record x -o ./g", "--lock", &[("gone", "under Wine stay there")]),
    ("replay ./f", "--speed", &[("0", "from 0.01 to 1000"), ("-1", "from 0.01 to 1000")]),
    ("replay ./f", "--from", &[("soon", TIME), ("-1s", TIME)]),
    ("export ./f", "--to", &[("xml", "[possible values: csv, json]")]),
    ("export ./f --to csv", "--output", &[("./f", "no MCAP file")]),
    ("export ./f --to csv", "--fields", &[("f", "no MCAP file")]),
    ("flush ./f", "--offset", &OFFSETS),
    ("flush ./f", "--offset", &[("5", "it ends at 4")]),
    ("flush ./f", "--length", &SIZES),
    ("flush ./f", "--until", &[("now", "none of start, written, durable")]),
    ("flush", "--file", &[("./nothing", "there is no such file")]),
    ("put ./f 1", "--offset", &OFFSETS),
    ("put ./f 1", "--offset", &[("-5", "it has 4")]),
    ("put --offset 0 1", "--file", &[("./no/thing", "its folder does not exist")]),
    ("get ./f", "--offset", &OFFSETS),
    ("get ./f", "--offset", &[("-5", "it has 4")]),
    ("get", "--file", &[("./nothing", "there is no such file")]),
    ("info", "--file", &[("./nothing", "does not exist"), (".", "not a regular file")]),
    ("kernel32", "--uninstall", &[("./nothing", "nothing was installed")]),
    ("kernel32 --run", "--library", &[("./nothing -- true", "takes the path of libfilemap.so")]),
    ("dotnet --run", "--assembly", &[("./nothing -- true", "takes the path of System.IO")]),
    ("dotnet --run", "--library", &[("./nothing -- true", "takes the path of libfilemap.so")]),
    (
        "wine run",
        "--map",
        &[
            ("a -- wine g.exe", "such as acpmf_physics=4KiB"),
            ("a=0 -- wine g.exe", "at least a byte"),
        ],
    ),
    (
        "wine run --map a=1",
        "--helper",
        &[
            ("./nothing -- wine g.exe", "takes the path of filemap-wine.exe"),
            ("./f -- wine g.exe", "it is no helper"),
        ],
    ),
    ("wine mirror a", "--every", &[("0ms", "from 1ms to 1h"), ("-1s", "from 1ms to 1h")]),
    ("wine ls", "--prefix", &[("./nothing", "start the game first")]),
    ("man", "--directory", &[("./f", "takes a folder")]),
    ("ls", "--registry", &[("./f", "something that is not a directory is in its place")]),
];

/// What is wrong besides the values of options, and what the sentence has to have.
const WORDS: &[(&str, &[&str])] = &[
    ("create a\\b --size 1", &["`a\\b`", "`Local` or `Global`"]),
    ("create Local\\ --size 1", &["`Local\\`", "as in `Local\\scores`"]),
    ("create \\x --size 1", &["`\\x`", "begins with `Local\\`, with `Global\\`"]),
    ("create Local --size 1", &["`Local`", "as in `Local\\scores`"]),
    ("create x", &["--size <SIZE>"]),
    ("create x --mutex --event", &["--mutex", "--event", "cannot be used"]),
    ("create x --semaphore 1 --event", &["--semaphore", "--event", "cannot be used"]),
    ("create x --mutex --size 1", &["--mutex", "--size <SIZE>", "cannot be used"]),
    ("create x --event --file ./f", &["--event", "--file <PATH>", "cannot be used"]),
    ("create x --size 1 --manual", &["--manual and --set are for --event"]),
    ("create x --mutex --set", &["--manual and --set are for --event"]),
    ("create x --event --count 1", &["--count is for --semaphore"]),
    ("create x --semaphore 2 --count 3", &["`Local\\x`", "a count not above it", "3 of 2"]),
    ("create x --size 0", &["`Local\\x`", "a size above zero"]),
    ("create x --size 99999T", &["109950063265972224 bytes", "of memory and swap"]),
    ("create x --size 1 --attributes image", &["a program is in a file"]),
    ("create x --size 1 --attributes commit,reserve", &["commit and reserve exclude each other"]),
    ("create x --size 5 --file ./f --protection read-only", &["4 bytes", "read-only"]),
    ("open a\\b", &["`a\\b`", "`Local` or `Global`"]),
    ("open nobody", &["`Local\\nobody`", "there is no such name"]),
    ("wait", &["<NAME>..."]),
    ("wait a\\b", &["`a\\b`", "`Local` or `Global`"]),
    ("wait nobody", &["`nobody`", "there is no such name", "`filemap ls`"]),
    ("wait nobody --appears --gone", &["--appears", "--gone", "cannot be used"]),
    ("wait nobody --appears --timeout 0s", &["`Local\\nobody`", "the time is over"]),
    ("signal", &["<NAME>"]),
    ("signal nobody", &["`nobody`", "there is no such name", "`filemap ls`"]),
    ("signal x --reset --pulse", &["--reset", "--pulse", "cannot be used"]),
    ("signal x --count 1 --reset", &["--count <N>", "--reset", "cannot be used"]),
    ("lock x", &["<COMMAND>..."]),
    ("lock a\\b -- true", &["`a\\b`", "`Local` or `Global`"]),
    ("read a\\b", &["`a\\b`", "`Local` or `Global`"]),
    ("read ./f --file ./f", &["--file <PATH>", "cannot be used"]),
    ("read ./f --raw --json", &["--raw", "--json", "cannot be used"]),
    ("read ./f --order big", &["--as <TYPE|FIELDS>"]),
    ("write ./f --text x", &["--offset <N>"]),
    ("write ./f --offset 0 --text x --hex 00", &["--text", "--hex", "cannot be used"]),
    ("write . --offset 0 --text x", &[".", "a directory"]),
    ("copy ./f .", &[".", "a directory"]),
    ("fill ./f --text x --hex 00", &["--text", "--hex", "cannot be used"]),
    ("find ./f", &["expected a text, or --hex"]),
    ("find ./f x --utf16 --hex 00", &["--utf16", "--hex", "cannot be used"]),
    ("find ./f x --count --max-count 3", &["--count", "--max-count", "cannot be used"]),
    ("cmp - ./f", &["standard input can only be the second"]),
    ("cmp ./f ./f --quiet --json", &["--quiet", "--json", "cannot be used"]),
    ("copy - -", &["one of the two must be a name or a file"]),
    ("copy ./f ./f --to 1", &["`./f`", "do not overlap"]),
    ("watch ./f --max-count 1", &["--json"]),
    ("put ./f --offset 0 {x", &["as JSON", "at line 1 column 2"]),
    ("put ./f --offset 0", &["expected a name or a file, and an object"]),
    ("get ./f", &["./f", "at offset 0"]),
    ("kernel32", &["--install", "--uninstall", "--run"]),
    ("kernel32 --run", &["<COMMAND>"]),
    ("dotnet", &["--run", "<COMMAND>"]),
    ("wine run -- wine g.exe", &["--map NAME=SIZE", "--game PROFILE"]),
    ("wine run --map a=1 -- native", &["no game is in the command", "%command%"]),
    ("wine attach", &["<NAME>..."]),
    ("wine profiles ..", &["such as `assetto-corsa`", "a file"]),
    ("wine learn --force", &["--write <PROFILE>"]),
    ("completions tcsh", &["tcsh", "bash, elvish, fish, powershell, zsh"]),
    ("man nothing", &["`nothing`", "`filemap --help` lists them"]),
    ("gc --dry", &["'--dry'", "'--dry-run'"]),
    ("ls --logn", &["'--logn'", "'--long'"]),
    ("demo --size 3", &["'--size'"]),
    ("raed ./f", &["'raed'", "'read'"]),
];

/// Runs the command with these words, in a place with a file of four bytes, and returns what it said.
fn told(place: &Place, line: &str) -> String {
    let words: Vec<_> = line.split(' ').map(|word| if word == "''" { "" } else { word }).collect();
    let outcome = place.run(words);
    assert!(matches!(outcome.code, Some(1 | 2)), "{line}: {outcome:?}");
    assert_eq!(outcome.stdout, b"", "{line}");
    let said = outcome.stderr;
    // Once is enough, and the numbers of machines and users differ.
    let kept = said.lines().filter(|line| !line.is_empty() && !line.starts_with("For more"));
    kept.map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn what_is_wrong_is_told_with_what_was_given_and_what_is_allowed() {
    let place = Place::new();
    place.file("f", b"0123");
    let mut tour = String::new();
    for (verb, option, values) in STOPS {
        for (value, allowed) in *values {
            let given = if value.is_empty() { "''" } else { value };
            let line = format!("{verb} {option} {given}");
            let said = told(&place, &line);
            let value = value.trim_start_matches("./").split(' ').next().unwrap_or_default();
            // What was parsed is told as a number.
            let value =
                value.strip_prefix('-').filter(|_| !said.starts_with("error")).unwrap_or(value);
            assert!(said.contains(value), "{line}: {said}");
            assert!(said.contains(allowed), "{line}: {said}");
            // Where a value has been understood, its object is named instead.
            assert!(said.contains(option) || said.contains("could not "), "{line}: {said}");
            tour.push_str(&format!("$ filemap {line}\n{said}"));
        }
    }
    for (line, needed) in WORDS {
        let said = told(&place, line);
        for words in *needed {
            assert!(said.contains(words), "{line}: {words} is not in: {said}");
        }
        tour.push_str(&format!("$ filemap {line}\n{said}"));
    }
    assert_eq!(place.files(), [place.path("f")], "something was left behind");
    // What differs from machine to machine.
    let mut tour = tour.replace(place.path("").to_str().unwrap(), "[..]/");
    for (shape, kept) in [
        ("the [0-9]+ bytes of memory", "the [..] bytes of memory"),
        ("/filemap-[0-9]+", "/filemap-[..]"),
    ] {
        tour = Regex::new(shape).unwrap().replace_all(&tour, kept).into_owned();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command/tour.txt");
    let kept = Data::read_from(Path::new(path), None);
    assert_data_eq!(tour, kept.raw());
}

#[test]
fn no_option_that_takes_a_value_is_left_out() {
    let place = Place::new();
    let takes = Regex::new(r"--([a-z0-9-]+) <").unwrap();
    // Any text is right, and a folder may have nothing; the library must be there before anything is installed.
    let never_wrong = ["text", "install", "define", "include"];

    for verb in VERBS {
        let help = place.run([verb, "--help"]).text();
        let of_verb = help.lines().filter(|line| line.trim_start().starts_with('-'));
        let options: BTreeSet<_> =
            of_verb.filter_map(|line| Some(takes.captures(line)?.get(1)?.as_str())).collect();
        for option in options {
            let seen = STOPS.iter().any(|(words, tried, _)| {
                let same = words.split(' ').next() == Some(verb) || option == "registry";
                same && tried.strip_prefix("--") == Some(option)
            });
            assert!(seen || never_wrong.contains(&option), "{verb} --{option}");
        }
    }
}
