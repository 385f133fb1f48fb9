use std::process::Stdio;

use crate::support::{Place, finish, wait};

pub(crate) const VERBS: [&str; 28] = [
    "demo",
    "create",
    "open",
    "ls",
    "info",
    "wait",
    "signal",
    "lock",
    "read",
    "write",
    "fill",
    "find",
    "cmp",
    "copy",
    "watch",
    "layout",
    "record",
    "replay",
    "export",
    "flush",
    "put",
    "get",
    "gc",
    "kernel32",
    "dotnet",
    "wine",
    "completions",
    "man",
];

#[test]
fn help_names_every_verb_and_teaches_with_examples() {
    let place = Place::new();

    let help = place.run(["--help"]).text();

    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}: {help}");
        let own = place.run([verb, "--help"]).text();
        assert!(own.contains(&format!("Examples:\n  filemap {verb}")), "{own}");
    }
    assert!(!help.contains("demo-partner"), "{help}");
}

#[test]
fn help_needs_no_names() {
    let place = Place::new();
    let mut command = place.command();
    command.arg("--help").env("FILEMAP_DIR", "/nowhere/at/all");

    assert_eq!(finish(command, b"").code, Some(0));
}

#[test]
fn the_version_is_told() {
    let place = Place::new();

    let version = format!("filemap {}\n", env!("CARGO_PKG_VERSION"));

    assert_eq!(place.run(["--version"]).text(), version);
}

#[test]
fn what_is_not_understood_ends_with_2_and_says_why() {
    let place = Place::new();

    for arguments in [
        &["unheard-of"][..],
        &["create"],
        &["create", "x", "--size", "large"],
        &["create", "x", "--size", "1.5"],
        &["create", "x", "--size", "1", "--protection", "writable"],
        &["create", "x", "--size", "1", "--attributes", "fast"],
        &["read"],
        &["read", "x", "--file", "y"],
        &["put", "x", "--offset", "0"],
        &["put", "x", "--offset", "0", "[1]", "[2]"],
        &["put", "x", "[1]"],
        &[],
    ] {
        let outcome = place.run(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:?}");
        assert!(!outcome.stderr.is_empty(), "{arguments:?}");
        assert!(outcome.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn json_holds_for_errors_of_usage_as_well() {
    let place = Place::new();

    for (arguments, what) in [
        (&["--json"][..], "requires a subcommand"),
        (&["unheard-of", "--json"], "'unheard-of'"),
        (&["create", "x", "--json", "--size", "large"], "'large' for '--size <SIZE>': expected a"),
        (&["put", "x", "--offset", "0", "--json"], "expected a name or a file, and an object"),
        (&["read", "x", "--file", "y", "--json"], "cannot be used with"),
    ] {
        let error = place.run(arguments).failed_with_json(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("could not understand the arguments: "), "{message}");
        assert!(message.contains(what), "{message}");
        assert_eq!(error["win32_code"], 87, "{message}");
    }
    let other = place.run(["create", "x", "--size", "large", "--", "jq", "--json"]);
    assert!(other.stderr.starts_with("error: "), "the option is another command's: {other:?}");
}

#[test]
fn the_code_of_an_error_is_told_where_more_is_asked_for() {
    let place = Place::new();

    let sentence = place.run(["read", "./nothing", "--verbose"]).failed(1);

    assert!(sentence.ends_with(" (NotFound, Win32 code 2)\n"), "{sentence}");
}

#[test]
fn a_registry_that_cannot_be_used_is_an_error() {
    let place = Place::new();
    let file = place.file("not-a-directory", b"");

    if cfg!(windows) {
        // Any path is a registry there: it only separates names.
        assert_eq!(place.run(["ls", "--registry", &file]).text(), "no names\n");
        return;
    }
    let sentence = place.run(["ls", "--registry", &file]).failed(2);

    assert!(sentence.contains("not-a-directory"), "{sentence}");

    // One that is missing as well, for whoever only looks. A file needs none.
    let gone = format!("{}/gone", place.registry().display());
    for line in ["ls", "gc", "open x", "read x", "info x", "copy x -", "create x --size 1"] {
        let words = line.split(' ').chain(["--registry", &gone]);
        let said = place.run(words).failed(2);
        assert!(said.contains("/gone/") && said.contains("does not exist"), "{line}: {said}");
    }
    for line in ["read ./not-a-directory", "info ./not-a-directory", "cmp ./x ./not-a-directory"] {
        place.file("x", b"");
        place.run(line.split(' ').chain(["--registry", &gone])).text();
    }
}

#[test]
#[cfg(windows)]
fn where_there_is_kernel32_nobody_needs_help_to_find_it() {
    let place = Place::new();

    let sentence = place.run(["kernel32", "--install", "app"]).failed(2);

    assert!(sentence.contains("Windows has kernel32"), "{sentence}");
}

#[test]
fn nobody_reading_the_output_is_no_failure() {
    let place = Place::new();
    let path = place.file("greeting", b"hello");

    for arguments in [&["--help"][..], &["info", &path], &["read", &path], &["ls", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command();
        command.args(arguments).stdout(writer).stderr(Stdio::piped());

        let outcome = wait(command);

        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
