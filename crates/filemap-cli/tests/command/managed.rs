//! The C# example, run under Mono where that is installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "../../../filemap-abi/tests/abi/library.rs"]
mod library;

use crate::support::{NOTHING, Place, Running, emulated, finish};

/// Returns whether a Mono is installed that can load the library; prints why not.
fn is_there() -> bool {
    if emulated() || cfg!(not(target_env = "gnu")) {
        println!("skipped: Mono is of another processor, or of another C library");
        return false;
    }
    let there = ["mcs", "mono"].iter().all(|program| {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    });
    if !there {
        println!("skipped: no Mono; apt install --no-install-recommends mono-runtime mono-mcs");
    }
    there
}

/// Compiles the example into this folder.
fn example(folder: &Path) -> PathBuf {
    let program = folder.join("TwoProcesses.exe");
    let mut out = OsString::from("-out:");
    out.push(&program);
    let mut command = Command::new("mcs");
    command.arg("-nologo").arg(out);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/csharp/TwoProcesses.cs"));
    assert_eq!(finish(command, b"").code, Some(0));
    program
}

#[test]
fn a_program_in_mono_shares_memory_with_this_command_by_a_name() {
    if !is_there() {
        return;
    }
    let place = Place::new();
    let program = example(&place.path(""));
    let mut command = place.command();
    command
        .arg("kernel32")
        .arg("--library")
        .arg(library::folder().unwrap().join("libfilemap.so"))
        .args(["--run", "--", "mono"]);
    let mut holder = Running::start({
        command.arg(program);
        command
    });
    assert_eq!(holder.next_line(), "holding `scores`; Enter reads it");

    place.run(["write", "scores", "--offset", "0", "--hex", "05 00 00 00"]).text();
    place.run(["write", "scores", "--offset", "4", "--text", "hello"]).text();
    holder.say("");

    assert_eq!(holder.next_line(), "read `hello`");
    assert_eq!(holder.wait().code, Some(0));
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_program_in_mono_finds_what_was_installed_beside_it() {
    if !is_there() {
        return;
    }
    let place = Place::new();
    let app = place.path("app");
    std::fs::create_dir(&app).unwrap();
    let program = example(&app);
    let library = library::folder().unwrap().join("libfilemap.so");
    place
        .run([
            "kernel32".as_ref(),
            "--install".as_ref(),
            app.as_os_str(),
            "--library".as_ref(),
            library.as_os_str(),
        ])
        .text();
    let mut command = place.other_command("mono");
    command.arg(&program);
    let mut holder = Running::start(command);
    assert_eq!(holder.next_line(), "holding `scores`; Enter reads it");
    assert_eq!(place.run(["info", "scores", "--json"]).json()["live"], true);

    // A killed holder releases its name.
    holder.signal("KILL");

    assert_eq!(holder.wait().code, None);
    let error = place.run(["read", "scores", "--json"]).failed_with_json(1);
    assert_eq!(error["kind"], "NotFound");
}
