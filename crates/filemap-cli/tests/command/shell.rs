use std::process::Command;

#[cfg(target_os = "linux")]
#[path = "../../../filemap-abi/tests/abi/publisher.rs"]
mod publisher;

use crate::support::{Outcome, Place, finish};

/// Runs a script in a shell, if that is installed, with the command on its path.
fn in_shell(place: &Place, shell: &[&str], script: &str) -> Option<Outcome> {
    let missing = Command::new(shell[0]).arg("--version").output().is_err();
    if missing || crate::support::emulated() {
        #[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
        {
            println!("skipped: no {} here that could start the command", shell[0]);
        }
        return None;
    }
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_filemap")).parent()?;
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths([own.to_owned()].into_iter().chain(std::env::split_paths(&others)));
    let mut command = place.other_command(shell[0]);
    command.args(&shell[1..]).arg(script).env("PATH", path.ok()?).env("HOME", place.path("."));
    Some(finish(command, b""))
}

#[test]
fn bash_completes_verbs_options_and_values() {
    let place = Place::new();
    let complete = |words: &str| {
        let mut backwards = words.rsplit(' ');
        let word = backwards.next().unwrap_or_default();
        let before = backwards.next().unwrap_or_default();
        let script = format!(
            "source <(filemap completions bash)
             COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             _filemap filemap '{word}' '{before}'
             echo \"${{COMPREPLY[@]}}\""
        );
        in_shell(&place, &["bash", "--norc", "-c"], &script).map(Outcome::text)
    };

    let Some(verbs) = complete("filemap fi") else { return };

    assert_eq!(verbs, "fill find\n");
    assert_eq!(complete("filemap cmp --q").as_deref(), Some("--quiet\n"));
    assert_eq!(complete("filemap read --as f").as_deref(), Some("f32 f64\n"));
    assert_eq!(complete("filemap demo-").as_deref(), Some("\n"));
}

#[test]
fn fish_completes_verbs_options_and_values() {
    let place = Place::new();
    let complete = |line: &str| {
        let script = format!("filemap completions fish | source; complete -C '{line}'");
        let told = in_shell(&place, &["fish", "--no-config", "-c"], &script)?.text();
        let first = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        Some(told.lines().map(first).collect::<Vec<_>>())
    };

    let Some(verbs) = complete("filemap fi") else { return };

    assert_eq!(verbs, ["fill", "find"]);
    assert_eq!(complete("filemap cmp --qui"), Some(vec!["--quiet".to_owned()]));
    assert_eq!(complete("filemap read --order b"), Some(vec!["big".to_owned()]));
}

#[test]
fn zsh_finds_its_completions_for_the_command() {
    let place = Place::new();
    let script = "
        filemap completions zsh > _filemap
        fpath=($PWD $fpath)
        autoload -U compinit && compinit -u -D
        autoload -U +X _filemap && print ${_comps[filemap]} $(whence -w _filemap)";

    let Some(told) = in_shell(&place, &["zsh", "-f", "-c"], script) else { return };

    assert_eq!(told.text(), "_filemap _filemap: function\n");
}

#[test]
fn every_shell_gets_its_completions() {
    let place = Place::new();

    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(["completions", shell]).text();
        assert!(script.contains("flush"), "{shell}: {script}");
        assert!(!script.contains("demo-partner"), "{shell}: {script}");
    }
    assert_eq!(place.run(["completions", "unheard-of"]).code, Some(2));
}

#[test]
fn every_verb_has_a_page_of_the_manual() {
    let place = Place::new();

    let written = place.run(["man", "--directory", "./pages", "--json"]).json();

    let files = written["files"].as_array().map_or(0, Vec::len);
    for verb in crate::usage::VERBS {
        let page = std::fs::read_to_string(place.path(&format!("pages/filemap-{verb}.1")));
        let page = page.expect(verb);
        assert!(page.contains("Examples:"), "{page}");
        let shown = place.run(["man", verb]).text();
        assert_eq!(shown, page);
    }
    assert!(place.path("pages/filemap.1").is_file());
    assert_eq!(files, crate::usage::VERBS.len() + 1);
    place.run(["man", "unheard-of"]).failed(2);
}

// `man` is installed on most systems.
#[cfg(target_os = "linux")]
#[test]
fn man_reads_the_pages_without_complaint() {
    let place = Place::new();
    place.run(["man", "--directory", "./pages"]).text();
    let script =
        "for page in pages/*; do man --warnings -l \"$page\" > read || exit; done; cat read";

    if Command::new("man").arg("--version").output().is_err() {
        println!("skipped: no man here");
        return;
    }
    let Some(read) = in_shell(&place, &["sh", "-c"], script) else { return };

    assert!(read.text().contains("filemap"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_in_the_shell_has_whole_samples_of_a_publisher_in_rust() {
    const LAST: u16 = 30;
    if crate::support::emulated() {
        println!("skipped: waits: an emulated system has no lists of robust locks");
        return;
    }
    let place = Place::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shell/telemetry.sh");

    let read = publisher::publish(place.registry(), "telemetry", LAST, || {
        in_shell(&place, &["sh", "-c"], &format!("sh '{script}' telemetry {LAST}"))
    });

    let read = read.unwrap().unwrap().text();
    let mut lines: Vec<&str> = read.lines().collect();
    assert_eq!(lines.remove(0), "`Local\\telemetry runs` was signalled");
    // One that is slow sees fewer of them: the latest of each time.
    assert_eq!(lines.pop().unwrap(), format!("saw {} samples", lines.len()));
    let frames = lines.iter().map(|line| {
        let frame: u16 = line.rsplit(' ').next().unwrap().parse().unwrap();
        let x = f32::from(frame);
        assert_eq!(*line, format!("at ({x}, {}, {}) in frame {frame}", -x, x / 2.0));
        frame
    });
    let frames: Vec<u16> = frames.collect();
    assert!(frames.is_sorted_by(|a, b| a < b), "{read}");
    assert_eq!(frames.last(), Some(&LAST));
}
