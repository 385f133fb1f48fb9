//! The transcripts in `docs/cli.md`, run and compared.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use snapbox::{Assert, Data, Redactions};

use crate::support::{Place, finish};

/// The separator between the outputs of two commands; no command writes it.
const MARK: &str = "\u{1}";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md")
}

/// Returns the patterns that differ from run to run. The differing part is a group, so that the text
/// around it stays.
fn differences(place: &Place) -> Redactions {
    let mut differences = Redactions::new();
    let directory = fs::canonicalize(place.path(".")).unwrap();
    differences.insert("[DIRECTORY]", directory).unwrap();
    differences.insert("[REGISTRY]", place.registry().to_owned()).unwrap();
    for (name, pattern) in [
        ("[PROCESS]", r"process (?<redacted>\d+)"),
        ("[PROCESS]", r"live (?<redacted> *\d+)"),
        ("[PROCESS]", r#""(?:process|creator)":(?<redacted>\d+)"#),
        // The column is as wide as its header, and numbers are aligned to the right.
        ("[PROCESS]", r"(?m)[KMG]?i?B (?<redacted> +\d+) +\d+[smh]$"),
        ("[USER]", r"/filemap-(?<redacted>\d+)/"),
        ("[TIME]", r"(?<redacted>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"),
        ("[AGE]", r", (?<redacted>\d+[smh]) ago"),
        ("[AGE]", r"(?m) (?<redacted> *\d+[smh])$"),
        ("[SECONDS]", r"(?m)(?: in|B\),) (?<redacted>\d+\.\d s)(?: to|$|;)"),
        ("[SIZE]", r"\.mcap`: (?<redacted>[0-9.]+ [KMG]?i?B)"),
        ("[RATE]", r"(?<redacted>, in \d+\.\d s \([0-9.]+ [KMGT]?i?B/s\))"),
    ] {
        differences.insert(name, Regex::new(pattern).unwrap()).unwrap();
    }
    differences
}

/// Runs the commands of one block in one shell, and returns the block with their outputs.
fn run(place: &Place, block: &str) -> String {
    let mut commands: Vec<String> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("> ")) {
            (Some(command), _) => commands.push(command.to_owned()),
            // A continued command. Output that begins like this would be lost.
            (None, Some(more)) => {
                let command = commands.last_mut().unwrap();
                command.push('\n');
                command.push_str(more);
            }
            (None, None) => {}
        }
    }
    // `$?` must be that of the command, and not of the mark.
    let mark = format!("s=$?; printf '{MARK}'; (exit $s)");
    let script = format!("exec 2>&1\n{}\n{mark}", commands.join(&format!("\n{mark}\n")));
    let mut shell = place.other_command("sh");
    let own = Path::new(env!("CARGO_BIN_EXE_filemap")).parent().unwrap();
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([own.to_owned()].into_iter().chain(env::split_paths(&others)));
    shell.arg("-c").arg(script).env("PATH", path.unwrap());
    // The document has Unicode, whatever the locale of the machine.
    shell.env("LC_ALL", "C.UTF-8").env("XDG_CONFIG_HOME", place.path("config"));
    let outcome = finish(shell, b"");
    let output = String::from_utf8(outcome.stdout).unwrap();
    let outputs = output.split(MARK);
    let lost = Regex::new(r"; \d+ of \d+ looks? lost").unwrap();
    let mut told = String::new();
    for (command, output) in commands.iter().zip(outputs) {
        told.push_str("$ ");
        told.push_str(&command.replace('\n', "\n> "));
        told.push('\n');
        // The number of processes that cannot be inspected depends on the machine.
        for line in output.lines().filter(|line| !line.contains(" cannot be looked into")) {
            // A busy machine loses looks at what is recorded.
            told.push_str(&lost.replace(line, ""));
            told.push('\n');
        }
    }
    told
}

#[test]
fn every_transcript_in_the_documentation_is_what_happens() {
    const OPEN: &str = "```console\n";
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    // In memory if possible, because disks report their holes differently.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { Place::within(memory) } else { Place::new() };
    let _holder = place.hold(["scores", "--size", "64KiB"]);
    let written = fs::read_to_string(document()).unwrap();

    let mut happened = String::new();
    let mut rest = written.as_str();
    while let Some(start) = rest.find(OPEN) {
        let (before, block) = rest.split_at(start + OPEN.len());
        let end = block.find("```\n").unwrap();
        if block[..end].contains("filemap gc\n") {
            place.hold(["crashed", "--size", "4KiB"]).kill();
        }
        if block[..end].contains("filemap dotnet") {
            // What the command takes for the two that it lays.
            place.file("libfilemap.so", b"\x7fELF ... CreateFileMappingW ...");
            place.file("System.IO.MemoryMappedFiles.dll", b"MZ ... filemap_pin_view ...");
        }
        happened.push_str(before);
        happened.push_str(&run(&place, &block[..end]));
        rest = &block[end..];
    }
    happened.push_str(rest);

    // An older system reports less, and the command then prints less than the page shows.
    let told = place.run(["info", "scores", "--json"]).json();
    let (unwritten, residency) = (&told["residency"]["unwritten"], &told["residency"]);
    if unwritten.is_null() || residency.is_null() {
        println!("skipped: this system does not tell where bytes are, which the page shows");
        return;
    }

    // The `\` in names is no separator of a path.
    let assert = Assert::new().normalize_paths(false).action_env("SNAPSHOTS");
    let assert = assert.redact_with(differences(&place));
    assert.eq(happened, Data::read_from(&document(), None));
}
