//! `dotnet`: what the runtimes of a command are told, and what is said where they cannot be.
//!
//! `cargo xtask test --dotnet` runs programs this way, on each runtime.

use std::fs;

use crate::support::{Outcome, Place};

/// A file that the command takes for the library.
const LIBRARY: &[u8] = b"\x7fELF ... CreateFileMappingW ...";

/// A file that the command takes for the assembly.
const ASSEMBLY: &[u8] = b"MZ ... filemap_pin_view ...";

/// Runs a script as if `app.dll` were what it runs, with this configuration.
fn run(place: &Place, configuration: &str, script: &str) -> Outcome {
    let library = place.file("library.so", LIBRARY);
    let assembly = place.file("assembly.dll", ASSEMBLY);
    fs::write(place.path("app.runtimeconfig.json"), configuration).unwrap();
    let own = ["dotnet", "--run", "--library", &library, "--assembly", &assembly, "--"];
    place.run(own.into_iter().chain(["sh", "-c", script, "./app.dll"]))
}

const FRAMEWORK: &str = r#"{"runtimeOptions": {"tfm": "net8.0", "framework": {}}}"#;

#[test]
fn a_program_finds_the_assembly_in_a_store_for_its_framework_and_for_others() {
    let place = Place::new();
    let script = "for tfm in net8.0 netcoreapp3.1 net9.0; do cat \
        $DOTNET_SHARED_STORE/x64/$tfm/filemap.memorymappedfiles/99.0.0/lib/netstandard2.0/*.dll; done; \
        cat ${LD_LIBRARY_PATH%%:*}/libfilemap.so $DOTNET_ADDITIONAL_DEPS";

    let told = run(&place, FRAMEWORK, script).text();

    assert_eq!(told.matches("filemap_pin_view").count(), 3, "{told}");
    assert!(told.contains("CreateFileMappingW"), "{told}");
    assert!(told.contains(r#""assemblyVersion":"99.0.0.0""#), "{told}");
}

#[test]
fn the_folder_goes_with_the_program_whose_code_is_passed_on() {
    let place = Place::new();

    let ended = run(&place, FRAMEWORK, "echo $DOTNET_SHARED_STORE; exit 7");

    assert_eq!(ended.code, Some(7));
    let told = String::from_utf8(ended.stdout).unwrap();
    let folder = told.trim();
    assert!(folder.ends_with("/store") && !std::path::Path::new(folder).exists(), "{folder}");
}

#[test]
fn what_cannot_be_helped_is_started_as_it_is_with_a_sentence() {
    for (configuration, why) in [
        (
            r#"{"runtimeOptions": {"tfm": "net8.0", "includedFrameworks": []}}"#,
            "a runtime of its own",
        ),
        (r#"{"runtimeOptions": {}}"#, "names no framework"),
        (r#"{"runtimeOptions": {"tfm": "../x"}}"#, "names no framework"),
        ("{", "could not understand"),
    ] {
        let place = Place::new();

        let ended = run(&place, configuration, "echo store=$DOTNET_SHARED_STORE");

        assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), &b"store=\n"[..]));
        assert!(
            ended.stderr.contains("started as it is") && ended.stderr.contains(why),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_is_no_such_assembly_is_refused() {
    let place = Place::new();
    let library = place.file("library.so", LIBRARY);
    let other = place.file("other.dll", b"MZ of another kind");

    for (assembly, why) in
        [(other.as_str(), "no assembly with named mappings"), ("./nothing", "does not exist")]
    {
        let own = ["dotnet", "--run", "--library", &library, "--assembly", assembly, "--", "true"];
        let refused = place.run(own);

        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}
