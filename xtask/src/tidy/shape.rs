//! The shape of the tree: short files, good names, folders that introduce themselves, nothing
//! unfinished, and no place that exists on one machine only.

use super::Violation;
use super::source::Source;
use super::tree::{File, Tree};

/// House style says 600; the rest is room for the change that will split the file.
const LONGEST: usize = 650;

/// Names that say nothing about what they hold.
const EMPTY_NAMES: [&str; 7] = ["common", "utils", "util", "helpers", "misc", "core", "basic"];

pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for file in &tree.files {
        check_places(file, violations);
        if file.path.ends_with(".rs") {
            check_length(file, violations);
            check_name(file, violations);
            check_introduction(tree, file, violations);
        }
    }
    for source in &tree.sources {
        check_unfinished(source, violations);
    }
}

fn check_length(file: &File, violations: &mut Vec<Violation>) {
    let length = file.text.lines().count();
    if length > LONGEST {
        violations.push(Violation {
            path: file.path.clone(),
            line: LONGEST + 1,
            rule: "rule length",
            what: format!("{length} lines; split it by what it holds before it passes {LONGEST}"),
        });
    }
}

fn check_name(file: &File, violations: &mut Vec<Violation>) {
    let name = file.path.trim_end_matches(".rs").split('/').find(|part| EMPTY_NAMES.contains(part));
    if let Some(name) = name {
        violations.push(Violation {
            path: file.path.clone(),
            line: 1,
            rule: "rule name",
            what: format!("`{name}` says nothing; name the file for the one thing it holds"),
        });
    }
}

/// A folder of sources has a `mod.rs`, and that begins with its documentation.
fn check_introduction(tree: &Tree, file: &File, violations: &mut Vec<Violation>) {
    let Some((folder, name)) = file.path.rsplit_once('/') else { return };
    let Some((_, below)) = folder.split_once("/src/") else {
        if matches!(name, "lib.rs" | "main.rs") && folder.ends_with("src") {
            check_opening(file, violations);
        }
        return;
    };
    if name == "mod.rs" {
        check_opening(file, violations);
    } else if !tree.holds(&format!("{folder}/mod.rs")) {
        // One message for the folder, at its first file.
        let first = tree.files.iter().find(|other| {
            other.path.rsplit_once('/').is_some_and(|(other, _)| other == folder)
                && other.path.ends_with(".rs")
        });
        if first.is_some_and(|first| first.path == file.path) {
            violations.push(Violation {
                path: file.path.clone(),
                line: 1,
                rule: "rule module",
                what: format!("`{below}/mod.rs` is missing: a folder says what it is for"),
            });
        }
    }
}

fn check_opening(file: &File, violations: &mut Vec<Violation>) {
    let documented = file.text.lines().map(str::trim_start).any(|line| line.starts_with("//!"));
    if !documented {
        violations.push(Violation {
            path: file.path.clone(),
            line: 1,
            rule: "rule module",
            what: "say in `//!` lines which part this is and what it must not know".to_owned(),
        });
    }
}

fn check_unfinished(source: &Source, violations: &mut Vec<Violation>) {
    for index in 0..source.tokens.len() {
        let what = match source.word(index) {
            Some(word @ ("todo" | "unimplemented")) if source.signs(index + 1, "!") => {
                format!("`{word}!` is a promise, not a program")
            }
            Some("ignore") if index >= 2 && source.signs(index - 2, "#[") => {
                "a test that does not run proves nothing".to_owned()
            }
            _ => continue,
        };
        violations.push(Violation {
            path: source.path.clone(),
            line: source.tokens[index].line,
            rule: "rule unfinished",
            what,
        });
    }
}

/// Paths that mean something on their author's machine only.
fn check_places(file: &File, violations: &mut Vec<Violation>) {
    // Written in halves, so that this file does not break its own rule.
    let homes = ["root", "work", "home", "Users", "tmp"].map(|folder| format!("/{folder}/"));
    let beside = concat!("../", "shared");
    for (line, text) in (1..).zip(file.text.lines()) {
        let mut found = homes.iter().find(|home| names_place(text, home)).cloned();
        if found.is_none() && text.contains(beside) && file.path != ".ci/run" {
            found = Some(beside.to_owned());
        }
        if let Some(place) = found {
            violations.push(Violation {
                path: file.path.clone(),
                line,
                rule: "rule place",
                what: format!("`{place}` is a place on one machine only; ask the system instead"),
            });
        }
    }
}

/// Returns whether `text` has the absolute path `place`, not merely a path that goes through
/// a folder of that name.
fn names_place(text: &str, place: &str) -> bool {
    text.match_indices(place).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + place.len()..].chars().next();
        !before.is_some_and(|sign| sign.is_alphanumeric() || "._-}>)$*".contains(sign))
            && after.is_some_and(char::is_alphanumeric)
    })
}
