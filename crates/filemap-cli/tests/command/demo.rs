use std::ffi::OsStr;
use std::process::Command;

use serde_json::Value;

use crate::support::{self, NOTHING, Place, Running, TEMPORARY, finish};

/// Returns the report of a successful demonstration.
///
/// `None` under an emulator: the kernel cannot run the command again, and the demonstration reports
/// that its partner has ended.
fn told<S: AsRef<OsStr>>(place: &Place, arguments: impl IntoIterator<Item = S>) -> Option<String> {
    let outcome = place.run(arguments);
    if !support::emulated() {
        return Some(outcome.text());
    }
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("ended before it was done"), "{}", outcome.stderr);
    assert_eq!(place.files(), NOTHING);
    assert_eq!(place.entries(), NOTHING);
    None
}

#[test]
fn the_demonstration_holds_and_leaves_nothing_behind() {
    let place = Place::new();

    let Some(told) = told(&place, ["demo"]) else { return };

    assert!(told.contains("✓ It read \"A file, and a name for it\""), "{told}");
    assert!(told.contains("✓ This process sees those bytes at once"), "{told}");
    assert!(told.contains("✓ The name is gone"), "{told}");
    assert!(told.contains("✓ Its name went with it"), "{told}");
    assert!(!told.contains('✗') && !told.contains('\u{1b}'), "{told}");
    assert_eq!(place.files(), NOTHING);
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn the_demonstration_tells_a_program_which_steps_hold() {
    let place = Place::new();

    let Some(told) = told(&place, ["demo", "--json"]) else { return };

    let told: Value = serde_json::from_str(&told).unwrap();
    let steps = told["steps"].as_array().unwrap();
    assert!(steps.len() > 15);
    assert!(steps.iter().all(|step| step["holds"] == true && step["claim"].is_string()));
    assert_eq!(told["holds"], true);
}

#[test]
fn the_demonstration_takes_its_names_from_the_registry_it_is_given() {
    let place = Place::new();
    let other = Place::new();

    let arguments = ["demo".as_ref(), "--registry".as_ref(), other.registry().as_os_str()];
    let Some(told) = told(&place, arguments) else { return };

    assert!(told.contains("✓ The name is gone"), "{told}");
    assert_eq!(place.entries(), NOTHING);
    assert_eq!(other.entries(), NOTHING);
}

/// No file may grow past 2 MiB here, so the visitor cannot write past 4 GiB.
// Windows has no such limits.
#[cfg(target_os = "linux")]
#[test]
fn a_demonstration_that_is_refuted_says_so_and_leaves_nothing_behind() {
    let place = Place::new();
    let mut limited = place.other_command("sh");
    limited.args(["-c", "ulimit -f 4096; exec \"$@\" demo", "sh"]).args(support::filemap());

    let outcome = finish(limited, b"");

    let told = String::from_utf8(outcome.stdout).unwrap();
    assert_eq!(outcome.code, Some(1), "{told}{}", outcome.stderr);
    assert!(told.contains('✗'), "{told}");
    assert!(outcome.stderr.contains("could not finish the demonstration: "), "{}", outcome.stderr);
    assert_eq!(place.files(), NOTHING);
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_demonstration_without_a_temporary_directory_says_so() {
    let place = Place::new();
    let mut command: Command = place.command();
    command.arg("demo").env(TEMPORARY, place.path("nowhere"));

    let outcome = finish(command, b"");

    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("no temporary directory"), "{}", outcome.stderr);
}

#[test]
fn an_interrupted_demonstration_leaves_nothing_behind() {
    let place = Place::new();
    let mut demo = place.start(["demo"]);
    demo.next_line();

    demo.interrupt();

    let outcome = demo.wait();
    assert!(
        outcome.code == Some(0) || outcome.stderr.contains("it was interrupted"),
        "{outcome:?}"
    );
    assert_eq!(place.files(), NOTHING);
    assert_eq!(place.entries(), NOTHING);
}

/// A partner gets a name, and no path and no other argument.
#[test]
fn a_partner_whose_first_process_is_gone_ends() {
    let place = Place::new();
    let mut command = place.command();
    command.args(["demo-partner", "hold", "alone"]);
    let mut partner = Running::start(command);
    assert!(partner.next_line().contains("Holds"));

    partner.end_input();

    assert_eq!(partner.wait().code, Some(0));
    assert_eq!(place.entries(), NOTHING);
}
