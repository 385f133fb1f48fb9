//! Rules 2 and 4: what touches the operating system stays in `sys`, and its platforms apart.

use super::Violation;
use super::source::Source;
use super::tree::Tree;
use std::collections::BTreeSet;

const SYS: &str = "crates/filemap/src/sys/";
/// What the command asks of the system itself; `unsafe` has no place there either.
const SYS_OF_THE_COMMAND: &str = "crates/filemap-cli/src/sys/";
const PLATFORMS: [&str; 2] = ["linux", "windows"];

/// Crates that speak to an operating system.
const SYSTEM_CRATES: [&str; 5] = ["rustix", "libc", "nix", "windows_sys", "windows_targets"];

pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for source in &tree.sources {
        // Tests and benchmarks may ask the system itself what is true.
        let product = source.path.starts_with("crates/") && source.path.contains("/src/");
        if product && !source.path.starts_with(SYS) {
            check_fence(source, violations);
        }
        check_apart(source, violations);
    }
    check_alike(tree, violations);
}

/// Rule 2: neither `unsafe`, nor crates of the system, nor `cfg` of a platform above `sys`.
fn check_fence(source: &Source, violations: &mut Vec<Violation>) {
    // The C interface is unsafe by nature: pointers come in from C. `errno` is the C library's, and
    // of the systems there is one on which C has these functions already.
    let is_abi = source.path.starts_with("crates/filemap-abi/");
    let is_whole_abi = source.path == "crates/filemap-abi/src/lib.rs";
    let asks_the_system = source.path.starts_with(SYS_OF_THE_COMMAND);
    let mut found = |line, what| {
        violations.push(Violation { path: source.path.clone(), line, rule: "rule 2", what });
    };
    for index in 0..source.tokens.len() {
        let line = source.tokens[index].line;
        match source.word(index) {
            Some("unsafe") if !is_abi => {
                found(line, "`unsafe` belongs in `sys`".to_owned());
            }
            Some("libc") if is_abi => {}
            Some(word) if SYSTEM_CRATES.contains(&word) && !asks_the_system => {
                let is_path = source.signs(index + 1, "::");
                let is_use = index > 0 && source.word(index - 1) == Some("use");
                let is_member = index > 0 && source.signs(index - 1, ".");
                if (is_path || is_use) && !is_member {
                    found(line, format!("the crate `{word}` belongs in `sys`"));
                }
            }
            Some("cfg" | "cfg_attr") if !is_whole_abi && !asks_the_system => {
                let open = if source.signs(index + 1, "!") { index + 2 } else { index + 1 };
                if !source.signs(open, "(") {
                    continue;
                }
                let platform = source.words_inside(open).find(|(word, _)| {
                    matches!(*word, "unix" | "windows") || word.starts_with("target_")
                });
                if let Some((word, line)) = platform {
                    found(
                        line,
                        format!("`cfg({word})` tells platforms apart, which only `sys` does"),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Rule 4: the platforms never name each other, and nothing above `sys` names either.
fn check_apart(source: &Source, violations: &mut Vec<Violation>) {
    let Some(inside) = source.path.strip_prefix("crates/filemap/src/") else { return };
    let own = PLATFORMS.iter().find(|name| inside.starts_with(&format!("sys/{name}/")));
    for index in 0..source.tokens.len() {
        let Some(word) = source.word(index).filter(|word| PLATFORMS.contains(word)) else {
            continue;
        };
        let after_path = index >= 2 && source.signs(index - 2, "::");
        let is_path = after_path || source.signs(index + 1, "::");
        let from_std = index >= 3 && source.word(index - 3) == Some("os");
        let what = match own {
            Some(own) if *own != word && is_path && !from_std => {
                format!("`sys/{own}` names `{word}`; what both need belongs in `sys` itself")
            }
            None if !inside.starts_with("sys/")
                && index >= 3
                && after_path
                && source.word(index - 3) == Some("sys") =>
            {
                format!("`sys::{word}` is private to `sys`; use what `sys` itself offers")
            }
            _ => continue,
        };
        violations.push(Violation {
            path: source.path.clone(),
            line: source.tokens[index].line,
            rule: "rule 4",
            what,
        });
    }
}

/// Rule 4: once there are two platforms, a file of one has its twin in the other.
fn check_alike(tree: &Tree, violations: &mut Vec<Violation>) {
    let files = PLATFORMS.map(|name| {
        let folder = format!("{SYS}{name}/");
        let files = tree.sources.iter().filter_map(|source| source.path.strip_prefix(&folder));
        // A mechanism may be one file here and a folder there: only its name must agree.
        files
            .map(|file| file.split('/').next().unwrap_or(file).trim_end_matches(".rs").to_owned())
            .collect::<BTreeSet<_>>()
    });
    if files.iter().any(BTreeSet::is_empty) {
        return;
    }
    for (has, lacks) in [(0, 1), (1, 0)] {
        for name in files[has].difference(&files[lacks]) {
            violations.push(Violation {
                path: format!("{SYS}{}/{name}.rs", PLATFORMS[has]),
                line: 1,
                rule: "rule 4",
                what: format!("`{name}` has no twin in `sys/{}`", PLATFORMS[lacks]),
            });
        }
    }
}
