//! `cargo xtask soak`: the tests of what happens by chance, for as long as chance needs.
//!
//! They are tests of the library, and of its package for Python, which take their long form from their
//! environment.

mod hosts;

use crate::bindings;
use crate::process;
use crate::stop::{Done, Stop};

/// Runs what `arguments` ask for.
pub(crate) fn run(arguments: &[&str]) -> Done {
    let (cycles, with_hosts) = match arguments {
        [] => ("100000", false),
        ["--hosts"] => ("100000", true),
        ["--cycles", cycles] => (*cycles, false),
        ["--cycles", cycles, "--hosts"] => (*cycles, true),
        _ => return Err(Stop::Misused),
    };
    let Ok(count) = cycles.parse::<u64>() else { return Err(Stop::Misused) };
    if count > 0 {
        // About as long as one of the races.
        let seconds = (count / 1000).clamp(10, 300).to_string();
        // Of each lifetime of memory.
        let kills = (count / 20).to_string();
        let variables = [
            ("FILEMAP_SOAK_CYCLES", cycles),
            ("FILEMAP_SOAK_SECONDS", &seconds),
            ("FILEMAP_SOAK_KILLS", &kills),
        ];
        for (package, file, storms) in STORMS {
            // Optimised: a debugger's build would spend its time in comparing bytes.
            let tests = [
                "test",
                "--quiet",
                "--release",
                "--all-features",
                "--package",
                package,
                "--test",
                file,
            ];
            let mut command = process::cargo(tests);
            command.args(["--", "--nocapture", "--test-threads", "1"]).args(storms).envs(variables);
            process::run(&mut command)?;
        }
        // Killed workers with large blocks, files that are cut, maps that are closed under copies.
        bindings::run_with("python", "soak", &variables)?;
    }
    if !with_hosts {
        return Ok(());
    }
    hosts::run()?;
    bindings::run("dotnet", "soak")
}

/// The tests that have a long form, by the program that they are in.
const STORMS: [(&str, &str, &[&str]); 4] = [
    // Files that are cut under readers and writers, and ten times as often under plain pointers, whose
    // tests are in `zeros_races`.
    ("filemap", "faults", &["races::", "while_a_file_is_cut", "of_cuts_in_between"]),
    // Values that processes write at once, and names that come and go among killed ones.
    (
        "filemap",
        "it",
        &[
            "numbers::",
            "waiting::",
            "shared::",
            "appends::",
            "storm::in_a_storm",
            "kills::a_kill_leaves",
            "waits::storm",
        ],
    ),
    // All states of mutexes, events and semaphores, with more kills and with signals.
    ("filemap-waits", "waits", &[]),
    // Handles that are closed as descriptors, by eight threads.
    ("filemap-abi", "abi", &["handles_are_closed_by_all_means"]),
];
